"""The text models inside this process, for commands that need no server; it answers as the model server's text role."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from events.inference import Request

WEIGHTS = Path(__file__).parent.parent / "inference" / "weights"


def asker(weights: Path = WEIGHTS) -> Callable[[Request], dict[str, Any]]:
    """Loads the models, which takes some seconds."""
    from inference.links import Links
    from inference.text_role import TextRole

    role = TextRole.load(weights, Links(frozenset()), None)

    def ask(request: Request) -> dict[str, Any]:
        return role.answer(request).model_dump(mode="json")

    return ask
