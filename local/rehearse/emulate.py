"""Starts the AWS emulator with three changes; it runs under the emulator's own interpreter, in .rehearse/venv.

The changes: requests count as having come by TLS, because our policies refuse plain HTTP; small writes leave at once;
and the emulator does not wait 50 ms for log lines after every function call.
"""

import socketserver
from collections.abc import Awaitable, Callable
from typing import Any

import ministack.app as emulator
from ministack.core import lambda_runtime

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
LOG_WAITS = (0.002, 0.001, 0.05)  # first line, silence that ends them, all: in seconds
SECURE = (b"x-forwarded-proto", b"https")


def by_tls(app: App) -> App:
    """The application as it sits behind something that ends TLS in front of it."""

    async def behind(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], SECURE]}
        await app(scope, receive, send)

    return behind


if __name__ == "__main__":
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = LOG_WAITS
    emulator.app = by_tls(emulator.app)
    emulator.main()
