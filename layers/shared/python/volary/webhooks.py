"""Webhooks as Standard Webhooks defines them: signatures, the retry schedule, which addresses may be called. Pure.

Covered: every address that a name resolves to is judged, and the caller connects to a judged address, so that a
name cannot change between check and use. Not covered: what a public address does with what it gets.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import re
import secrets
from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

from events.shapes import Shape
from volary.errors import Forbidden, Invalid

EventType = Literal["video.completed", "video.failed", "video.withdrawn"]
EVENT_TYPES: tuple[EventType, ...] = ("video.completed", "video.failed", "video.withdrawn")
# The only block of IPv6 that is given out; what lies outside wraps IPv4 (::/96, 64:ff9b::/96) or stays at home.
UNICAST = ipaddress.IPv6Network("2000::/3")
SECRET_BYTES = 32
SECRET_OVERLAP_SECONDS = 86_400
# Seconds between attempts: at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
SCHEDULE = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
LONGEST_DELAY = 86_400
GIVE_UP_AFTER = 5  # deliveries in a row that used up their schedule


class Endpoint(Shape):
    """Where somebody wants to be told of what. Secrets are sealed; `old_secret` still signs until its time."""

    id: str
    owner_id: str
    name: str
    url: str
    event_types: tuple[EventType, ...]
    secret: str
    hint: str
    old_secret: str | None = None
    old_secret_until: int = 0
    may_be_private: bool = False
    status: Literal["enabled", "disabled"] = "enabled"
    disabled_because: str | None = None
    failures: int = 0
    created_at: int
    updated_at: int | None = None
    version: int = 1


class Target(Shape):
    """Where a URL leads: `path` holds the query, `host` has no brackets."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def key_of(secret: str) -> bytes:
    """The signing key in a `whsec_` secret; raises Invalid unless it is base64 of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise Invalid("the webhook secret is not base64") from error
    if not 24 <= len(key) <= 64:
        raise Invalid(f"the webhook secret has {len(key)} bytes, not 24 to 64")
    return key


def signature(secret: str, message_id: str, at: int, body: bytes) -> str:
    """`v1,` and the base64 HMAC-SHA256 of "id.time.body"."""
    signed = f"{message_id}.{at}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()}"


def headers(secrets_in_use: Sequence[str], message_id: str, at: int, body: bytes) -> dict[str, str]:
    """What a delivery carries; after a rotation both secrets sign, and a receiver needs only one to match."""
    return {
        "content-type": "application/json",
        "user-agent": "Volary-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signature(secret, message_id, at, body) for secret in secrets_in_use),
    }


def payload(event_id: str, at: int, event_type: EventType, video_id: str) -> bytes:
    """The thin event: it names the video, and whoever may see it asks for it."""
    event = {"id": event_id, "object": "event", "created_at": at, "type": event_type, "data": {"id": video_id}}
    return json.dumps(event, separators=(",", ":")).encode()


def delay(attempt: int, chance: float, retry_after: int | None = None) -> int | None:
    """Seconds until attempt number `attempt`, counted from 0, or None when the schedule is used up.

    `chance` in [0, 1) spreads the attempts by up to a fifth; a receiver that asks for more time gets it, up to a day.
    """
    if attempt >= len(SCHEDULE):
        return None
    planned = round(SCHEDULE[attempt] * (1 + 0.2 * chance))
    return max(planned, min(retry_after or 0, LONGEST_DELAY))


def checked_url(url: str, may_be_private: bool) -> Target:
    """Where the URL leads; raises Invalid for one that no webhook may have, whatever its name resolves to."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid(f"url {url[:200]!r} is not a URL: {error}", param="url") from error
    if len(url) > 2000 or not re.fullmatch(r"[!-~]+", url):
        raise Invalid(f"url {url[:200]!r} is too long or has characters that no URL has", param="url")
    if parts.scheme != "https" and not (parts.scheme == "http" and may_be_private):
        raise Invalid(f"url {url!r} does not start with https://", param="url")
    if not parts.hostname or parts.username is not None or parts.password is not None or "\\" in url:
        raise Invalid(f"url {url!r} has no host, or a password in it", param="url")
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    target = Target(scheme=scheme, host=parts.hostname, port=port or (443 if scheme == "https" else 80), path=path)
    if not may_be_private:
        _refuse_literal(target, url)
    return target


def demand_public(address: str) -> None:
    """Raises Forbidden for an address that is not on the public internet: ours, a neighbour's, a cloud's metadata."""
    if not is_public(address):
        raise Forbidden(f"webhooks do not go to the address {address}", code="address_not_public")


def is_public(address: str) -> bool:
    """Whether an IP address is globally reachable, also looking into IPv4 addresses wrapped in IPv6 ones."""
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if any(wrapped) or ip not in UNICAST:
            return False
    return ip.is_global and not ip.is_multicast


def _refuse_literal(target: Target, url: str) -> None:
    # Names are judged when they are resolved. Spellings of an address (127.1, 0x7f000001, 2130706433) never are names.
    host = target.host.rstrip(".")
    looks_numeric = re.fullmatch(r"(0x[0-9a-f]*|\d+)", host.rpartition(".")[2], re.IGNORECASE) is not None
    if ":" in host or looks_numeric:
        if not is_public(host):
            raise Invalid(f"url {url!r} does not lead to a public address", param="url", code="address_not_public")
    elif "." not in host or host.endswith((".localhost", ".local", ".internal", ".arpa")):
        raise Invalid(f"url {url!r} does not lead to a public host", param="url", code="address_not_public")
