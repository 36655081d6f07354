"""The two ways a workflow goes wrong: a definition that we cannot run, and a state that fails while running."""

from volary.errors import Invalid


class Unrunnable(Invalid):
    """The definition holds something that this interpreter does not know; nothing of it was run."""

    code = "workflow_invalid"


class StateFailed(Exception):
    """A state failed with an error name of the States Language, which Retry and Catch match on."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
