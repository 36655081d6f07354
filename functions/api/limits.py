"""How much one request may carry in each home, and which engine answers it; values only."""

from dataclasses import dataclass

from events.engines import SMALL

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """`body_bytes` bounds any body, `file_bytes` an assembled upload; `private_hooks` lets webhooks reach loopback.

    `engine` is the name that the home's model server was started with.
    """

    body_bytes: int
    file_bytes: int = 100 * MEGABYTE
    private_hooks: bool = False
    engine: str = SMALL


EMBEDDED = Limits(body_bytes=100 * MEGABYTE)
CLOUD = Limits(body_bytes=4 * MEGABYTE)  # API Gateway and Lambda take 6 MB with base64 around a binary body
