"""The machine's time and randomness as ports, so that everything above can be run with others."""

import secrets
from datetime import UTC, datetime


class SystemClock:
    """The operating system's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomIds:
    """Ids from the operating system's randomness."""

    def new(self, prefix: str) -> str:
        """`prefix_` and 128 random bits in 22 URL-safe characters."""
        return f"{prefix}_{secrets.token_urlsafe(16)}"

    def record(self) -> str:
        return secrets.token_hex(8)

    def seed(self) -> int:
        return secrets.randbits(32)
