"""What a screening stage says it saw, and the two test texts it must recognise.

It holds no threshold and decides nothing: `volary.moderation.decide` does.
"""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from events.shapes import Shape

Stage = Literal["prompt", "frames", "writing", "sound"]  # writing: text that is read in the frames


class Category(StrEnum):
    """The harms we screen for. One taxonomy for text, pictures and sound."""

    SEXUAL = "sexual"
    SEXUAL_MINORS = "sexual_minors"
    VIOLENCE = "violence"
    GORE = "gore"
    SELF_HARM = "self_harm"
    HATE = "hate"
    HARASSMENT = "harassment"
    EXTREMISM = "extremism"
    ILLICIT = "illicit"
    WEAPONS = "weapons"
    DECEPTION = "deception"
    PUBLIC_FIGURE = "public_figure"
    REAL_FACE = "real_face"
    LIKENESS = "likeness"
    OUR_MARK = "our_mark"
    UNSUPPORTED_LANGUAGE = "unsupported_language"
    UNREADABLE = "unreadable"
    UNSEEN = "unseen"  # what no model looks for: never scored, the policy alone names it
    TEST_STRING = "test_string"


# Like GTUBE for mail filters: texts with no other meaning, so that anybody can prove that a deployed pipeline
# screens. They are honoured in production. The prompt, writing and sound stages report them as TEST_STRING, at score 1
# for the first and 0.5 for the second.
ALWAYS_BLOCKED_TEXT = "VOLARY*SCREENING-TEST*ALWAYS-BLOCK*6E1F0B47*NO-CLIP"
ALWAYS_HELD_TEXT = "VOLARY*SCREENING-TEST*ALWAYS-HOLD*B29C75D3*REVIEW"


class Span(Shape):
    """A stretch of a clip, in seconds from its start."""

    start: float
    end: float


class Line(Span):
    """What somebody says in one stretch of a clip, as it was heard."""

    text: str


class Signal(Shape):
    """One model's score for one category in one stage.

    `score` is in [0, 1]; `model` names the weights with their version; `reason` says in plain words what was
    seen, without repeating the text that was judged; `spans` is where, empty for a prompt.
    """

    stage: Stage
    category: Category
    score: float = Field(ge=0, le=1)
    model: str
    reason: str = ""
    spans: tuple[Span, ...] = ()
