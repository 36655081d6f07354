"""A home reached over HTTP by one person, as their own client: its calls, its errors, and the upload of one file.

It keeps nothing and tries nothing again. A token and what a person's device releases travel only encrypted, or to
this very machine.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
from volary.errors import Absent, Conflict, Forbidden, Invalid, Unauthenticated, Unavailable, VolaryError

TIMEOUT = httpx.Timeout(30, connect=10)
MEANINGS: Mapping[int, type[VolaryError]] = {
    400: Invalid, 401: Unauthenticated, 403: Forbidden, 404: Absent, 409: Conflict, 422: Invalid,
}  # fmt: skip


@dataclass(frozen=True)
class Remote:
    """`origin` is scheme, host and port of the home's API."""

    origin: str
    client: httpx.Client

    @classmethod
    def at(cls, address: str, token: str) -> "Remote":
        """Raises Invalid for an address that is none, or that would carry the token in the clear."""
        url = _checked(address)
        bearer = {"authorization": f"Bearer {token}"}
        # No proxy stands between two programs of one machine, whatever the environment names.
        client = httpx.Client(headers=bearer, timeout=TIMEOUT, trust_env=not _is_here(url))
        return cls(str(url).rstrip("/"), client)

    @property
    def name(self) -> str:
        """Host and port, fit for a folder's name."""
        url = httpx.URL(self.origin)
        return f"{url.host.replace(':', '.')}-{url.port or {'https': 443}.get(url.scheme, 80)}"

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Raises the product's error of the same meaning where the home refuses, Unavailable where none answers."""
        return self._called("GET", path, params=query)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        once = {"idempotency-key": secrets.token_hex(16)}
        return self._called("POST", path, json=dict(body), headers=once)

    def delete(self, path: str) -> dict[str, Any]:
        return self._called("DELETE", path)

    def upload(self, form: Mapping[str, Any], path: Path, content_type: str) -> None:
        """Send a file with a form that the home handed out. The token does not go with it: S3 may be the receiver."""
        url = _checked(form["url"])
        with path.open("rb") as file:
            sent = {"file": (path.name, file, content_type)}
            try:
                answer = httpx.post(
                    url, data=dict(form["fields"]), files=sent, timeout=TIMEOUT, trust_env=not _is_here(url)
                )
            except httpx.HTTPError as problem:
                raise Unavailable(f"{url.host} did not take {path}: {problem}") from problem
        if not answer.is_success:
            raise Conflict(f"{url.host} did not take {path}: {_status(answer)}")

    def _called(self, method: str, path: str, **rest: Any) -> dict[str, Any]:
        try:
            answer = self.client.request(method, f"{self.origin}/v1{path}", **rest)
        except httpx.HTTPError as problem:
            raise Unavailable(f"{self.origin} does not answer: {problem}") from problem
        told = _told(answer)
        if answer.is_success and told is not None:
            return told
        error = (told or {}).get("error") or {}
        message = f"{self.origin}: {error.get('message') or _status(answer)}"
        raise MEANINGS.get(answer.status_code, Unavailable)(message, code=error.get("code"))


def _told(answer: httpx.Response) -> dict[str, Any] | None:
    """The JSON object of an answer; None where it holds none."""
    try:
        told = answer.json()
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _checked(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as fault:
        raise Invalid(f"{address!r} is no address: {fault}", param="server") from fault
    if not url.host or not (url.scheme == "https" or (url.scheme == "http" and _is_here(url))):
        raise Invalid(f"{address!r} is not https://HOST, or http on this machine itself", param="server")
    return url


def _is_here(url: httpx.URL) -> bool:
    try:
        return ip_address(url.host).is_loopback
    except ValueError:
        return url.host == "localhost"


def _status(answer: httpx.Response) -> str:
    known = {each.value: each.phrase for each in HTTPStatus}
    return f"{answer.status_code} {known.get(answer.status_code, '')}".strip()
