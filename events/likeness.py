"""What is said of a person's likeness across process boundaries: challenges, capture checks, sightings, receipts.

It holds no threshold and decides nothing: `volary.likeness` and `volary.sightings` do. Biometrics travel sealed.
"""

from itertools import accumulate
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from events.shapes import Shape

Turn = Literal["left", "right", "up", "down"]
Custody = Literal["device", "server"]
Outcome = Literal["pass", "review", "fail", "unavailable"]
# Every capture is judged by all of these; one that is missing from an answer counts as unavailable.
CheckName = Literal[
    "readable", "length", "one_face", "poses", "digits", "rhythm", "lips", "one_speaker", "sharp", "light", "no_replay",
    "adult", "same_person", "new_face",
]  # fmt: skip
CHECKS: tuple[CheckName, ...] = CheckName.__args__  # type: ignore[attr-defined]
Purpose = Literal["personal", "entertainment", "education", "satire", "commercial", "political"]
PURPOSES: tuple[Purpose, ...] = Purpose.__args__  # type: ignore[attr-defined]


class Challenge(Shape):
    """What must be done before the camera: digits to read aloud, and head turns in this order. Times in seconds.

    The digits are shown in `groups` of these sizes ("47 2 913" for 2, 1, 3) and read with a pause of about a second
    between groups. A challenge of before there were groups has none.
    """

    digits: str = Field(pattern=r"^[0-9]{4,8}$")
    groups: tuple[Annotated[int, Field(ge=1, le=4)], ...] = Field(default=(), max_length=4)
    turns: tuple[Turn, ...] = Field(min_length=2, max_length=5)
    language: Literal["en", "fr"] = "en"
    issued_at: int
    expires_at: int

    @model_validator(mode="after")
    def _groups_hold_the_digits(self) -> Self:
        if self.groups and sum(self.groups) != len(self.digits):
            raise ValueError(f"groups {self.groups} hold {sum(self.groups)} digits, not {len(self.digits)}")
        return self

    @property
    def shown(self) -> str:
        """The digits as a person reads them, a space between groups; without groups, all of them together."""
        ends = list(accumulate(self.groups)) or [len(self.digits)]
        return " ".join(self.digits[start:end] for start, end in zip([0, *ends], ends, strict=False))


class CaptureFinding(Shape):
    """One check of a capture. `reason` says what was seen, `advice` what to do better; both plain English.

    `score` and `threshold` are on the check's own scale, written so that a pass is `score >= threshold`.
    """

    check: CheckName
    outcome: Outcome
    score: float
    threshold: float
    reason: str
    advice: str = ""
    model: str = ""


class SealedIndex(Shape):
    """The templates of everybody enrolled or on the block list, sealed with a key for this one request.

    `get` is a link to the ciphertext and `key` one to its key, which erasure destroys; `index_id` names this very
    state of the index and is said back, so that an answer that matched against another one, or none, is noticed.
    """

    index_id: str
    get: str
    key: str


class Sighting(Shape):
    """A face or voice that resembles somebody in the index: `subject` is a likeness id, or an id of the block list.

    `score` is a similarity in [0, 1], the best over `start` to `end` (seconds).
    """

    subject: str
    listed: Literal["likeness", "blocked"]
    sense: Literal["face", "voice"]
    score: float = Field(ge=0, le=1)
    start: float = 0
    end: float = 0


class Matched(Shape):
    """What matching against `index_id` came to: `faces` different faces were seen, `strangers` of them nobody's."""

    index_id: str
    faces: int = 0
    strangers: int = 0
    sightings: tuple[Sighting, ...] = ()
    model: str = ""


class Receipt(Shape):
    """The payload of a likeness receipt: who consented to what, in which words, and where to ask whether it stands.

    That of an erasure says what was destroyed (`counts`, `key_id`) and where it stands in the likeness' audit book: the
    entry's number and its digest, which holds everything before it.
    """

    receipt_id: str
    kind: Literal["granted", "changed", "withdrawn", "erased"]
    likeness_id: str
    person_id: str
    consent_version: int
    text_version: str
    text_sha256: str
    scope: str
    purposes: tuple[Purpose, ...] = ()
    issued_at: int
    status_url: str
    counts: dict[str, int] = {}
    key_id: str | None = None
    audit_number: int | None = None
    audit_head: str | None = None
