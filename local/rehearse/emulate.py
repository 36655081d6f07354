"""Starts the AWS emulator with five changes; it runs under the emulator's own interpreter, in .rehearse/venv.

The changes: requests count as having come by TLS, because our policies refuse plain HTTP; policies may ask for KMS's
own conditions, which the emulator's evaluator does not know; aws:PrincipalArn of a role's session is the role, as on
AWS; small writes leave at once; and the emulator does not wait 50 ms for log lines after every function call.
"""

import json
import re
import socketserver
from collections.abc import Awaitable, Callable
from typing import Any

import ministack.app as emulator
from ministack.core import iam_actions, iam_evaluator, lambda_runtime

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
LOG_WAITS = (0.002, 0.001, 0.05)  # first line, silence that ends them, all: in seconds
SESSION = re.compile(r"^arn:aws:sts::(\d+):assumed-role/([^/]+)/.*$")
SECURE = (b"x-forwarded-proto", b"https")


def by_tls(app: App) -> App:
    """The application as it sits behind something that ends TLS in front of it."""

    async def behind(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], SECURE]}
        await app(scope, receive, send)

    return behind


def with_kms_conditions(of_request: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The conditions of a request, with those of KMS that our statements ask for."""

    def conditions(service: str, action: str, body: bytes, *rest: Any) -> dict[str, Any]:
        found = of_request(service, action, body, *rest)
        if service != "kms":
            return found
        asked = json.loads(body or b"{}")
        names = {"kms:messagetype": "MessageType", "kms:signingalgorithm": "SigningAlgorithm"}
        found = {**found, **{key: asked[name] for key, name in names.items() if name in asked}}
        context = asked.get("EncryptionContext") or {}
        if context:
            found["kms:encryptioncontextkeys"] = sorted(context)
        return {**found, **{f"kms:encryptioncontext:{name}".lower(): value for name, value in context.items()}}

    return conditions


def with_roles(resolve: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """The value of a condition key; a session goes by the name of its role."""

    def resolved(key: str, context: Any) -> Any:
        found = resolve(key, context)
        return SESSION.sub(r"arn:aws:iam::\1:role/\2", found) if key.lower() == "aws:principalarn" else found

    return resolved


if __name__ == "__main__":
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = LOG_WAITS
    iam_actions.request_tag_context = with_kms_conditions(iam_actions.request_tag_context)
    iam_evaluator._resolve_condition_key = with_roles(iam_evaluator._resolve_condition_key)
    emulator.app = by_tls(emulator.app)
    emulator.main()
