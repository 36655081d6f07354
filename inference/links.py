"""Reads and writes media through signed links; it never follows a link to an origin it was not told about.

The allow-list is what keeps a request from making this server call other machines: scheme, host and port must all
match, redirects are not followed, proxies of the environment are not used.
"""

import httpx

from inference.refusal import MediaTooLarge, OutputRefused, SourceUnreadable

DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """`scheme://host:port` of an http(s) URL. Raises ValueError for anything else or for a URL with a user name."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as fault:
        raise ValueError(f"not a URL: {fault}") from fault
    if parsed.scheme not in DEFAULT_PORTS or not parsed.host:
        raise ValueError(f"{parsed.scheme or 'no'} scheme and host {parsed.host!r}, not an http(s) URL")
    if parsed.userinfo:
        raise ValueError("a link with a user name in it")
    return f"{parsed.scheme}://{parsed.host.lower()}:{parsed.port or DEFAULT_PORTS[parsed.scheme]}"


class Links:
    """One HTTP client for the origins that hold our media. Safe to use from several threads."""

    def __init__(self, origins: frozenset[str], *, timeout_seconds: float = 60) -> None:
        self.origins = frozenset(origin_of(origin) for origin in origins)
        self.client = httpx.Client(
            follow_redirects=False, trust_env=False, timeout=httpx.Timeout(timeout_seconds, connect=5)
        )

    def read(self, url: str, max_bytes: int) -> bytes:
        """The file behind a `get` link. Raises SourceUnreadable, or MediaTooLarge as soon as it is known."""
        self._check(url, SourceUnreadable)
        try:
            with self.client.stream("GET", url) as answer:
                if answer.status_code != 200:
                    raise SourceUnreadable(f"{origin_of(url)} answered {answer.status_code} to GET")
                return _bounded(answer, max_bytes)
        except httpx.HTTPError as fault:
            raise SourceUnreadable(f"{origin_of(url)} could not be read: {type(fault).__name__}") from fault

    def write(self, url: str, data: bytes, content_type: str) -> None:
        """PUT a file to a `put` link; anything but a 2xx answer raises OutputRefused."""
        self._check(url, OutputRefused)
        try:
            answer = self.client.put(url, content=data, headers={"content-type": content_type})
        except httpx.HTTPError as fault:
            raise OutputRefused(f"{origin_of(url)} could not be written: {type(fault).__name__}") from fault
        if not answer.is_success:
            raise OutputRefused(f"{origin_of(url)} answered {answer.status_code} to PUT of {len(data)} bytes")

    def close(self) -> None:
        """Drop the open connections."""
        self.client.close()

    def _check(self, url: str, refusal: type[SourceUnreadable] | type[OutputRefused]) -> None:
        try:
            origin = origin_of(url)
        except ValueError as fault:
            raise refusal(f"refused a link: {fault}") from fault
        if origin not in self.origins:
            raise refusal(f"{origin} is not an origin of our media")


def _bounded(answer: httpx.Response, max_bytes: int) -> bytes:
    declared = answer.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        raise MediaTooLarge(f"the file has {declared} bytes, more than {max_bytes}")
    found = bytearray()
    for part in answer.iter_bytes(1 << 16):
        found += part
        if len(found) > max_bytes:
            raise MediaTooLarge(f"the file has more than {max_bytes} bytes")
    return bytes(found)
