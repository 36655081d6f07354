"""The state that travels through `generation.asl.json`: each task takes it whole and returns the next one whole."""

from typing import Literal

from pydantic import Field

from events.shapes import Shape

Verdict = Literal["pass", "hold", "block"]


class TaskError(Shape):
    """What a Catch writes: the error's name and its cause, spelt as Step Functions spells them."""

    error: str = Field(default="", alias="Error")
    cause: str = Field(default="", alias="Cause")


class GenerationState(Shape):
    """Ids and verdicts only; records, prompts and media stay in the stores.

    `gate` is the most severe decision of all screenings so far, `review` a moderator's answer to a held clip,
    `failure` the code with which the job must end, `error` what the last Catch saw.
    """

    video_id: str
    has_upload: bool = False
    gate: Verdict | None = None
    review: Literal["release", "reject"] | None = None
    failure: str | None = None
    error: TaskError | None = None


class WaitingTask(Shape):
    """What a `.waitForTaskToken` task gets: the state, and the token that its answer must carry."""

    state: GenerationState
    token: str
