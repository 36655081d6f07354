"""Sends one webhook to an address that was judged, within one deadline; it follows no redirect and keeps no answer.

The name is resolved once and the connection goes to the address that was judged, so a name that changes its mind
between check and use gains nothing. Plain sockets, because a client library would resolve again and wait for ever on
a server that answers a byte at a time.
"""

import re
import socket
import ssl
import time
from collections.abc import Mapping
from typing import NamedTuple

from volary.errors import Forbidden, Unavailable
from volary.webhooks import Target, demand_public

SECONDS = 10.0
LONGEST_HEAD = 16_384
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
RETRY_AFTER = re.compile(rb"\r\nretry-after:[ \t]*(\d{1,6})[ \t]*\r", re.IGNORECASE)


class Reply(NamedTuple):
    """What a receiver said: its status, and for how many seconds it wants to be left alone."""

    status: int
    retry_after: int | None = None


def post(target: Target, headers: Mapping[str, str], body: bytes, *, may_be_private: bool) -> Reply:
    """Raises Forbidden for a name that leads into a private network, Unavailable when no HTTP answer came in time."""
    deadline = time.monotonic() + SECONDS
    address = judged_address(target, may_be_private)
    try:
        with _connected(target, address, deadline) as connection:
            connection.sendall(_request(target, headers, body))
            return _reply(_head(connection, deadline))
    except (OSError, ValueError) as error:
        raise Unavailable(f"{target.host}:{target.port} did not answer: {error}", code="delivery_failed") from error


def judged_address(target: Target, may_be_private: bool) -> str:
    """The first address of the target's name, after every one of them was found public."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"{target.host} cannot be resolved: {error}", code="delivery_failed") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise Forbidden(f"{target.host} has no address", code="address_not_public")
    if not may_be_private:
        for address in addresses:
            demand_public(address)
    return addresses[0]


def _connected(target: Target, address: str, deadline: float) -> socket.socket:
    plain = socket.create_connection((address, target.port), timeout=_left(deadline))
    if target.scheme == "http":
        return plain
    try:
        plain.settimeout(_left(deadline))
        return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
    except BaseException:
        plain.close()
        raise


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    host = f"[{target.host}]" if ":" in target.host else target.host
    usual = {"http": 80, "https": 443}[target.scheme]
    named = host if target.port == usual else f"{host}:{target.port}"
    lines = [f"POST {target.path} HTTP/1.1", f"host: {named}", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _head(connection: socket.socket, deadline: float) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < LONGEST_HEAD:
        connection.settimeout(_left(deadline))
        part = connection.recv(4096)
        if not part:
            break
        head += part
    return head


def _reply(head: bytes) -> Reply:
    status = STATUS.match(head)
    if status is None:
        raise ValueError(f"no HTTP answer but {head[:40]!r}")
    wanted = RETRY_AFTER.search(head)
    return Reply(int(status[1]), int(wanted[1]) if wanted else None)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    return left
