"""By when a case must be decided, and which law or promise says so. Pure; it reads no law by itself and advises nobody.

The table holds the strictest clock that the design page found for each kind of case and region, as of its date.
"""

from typing import Literal

from events.moderation import Category
from events.shapes import Shape

Kind = Literal["held", "notice", "report", "appeal", "sample", "match", "strikes"]
Ground = Literal["intimate", "minors", "likeness", "illegal", "copyright", "harassment", "other"]
HOUR = 3_600
MARGIN = HOUR // 2  # an undecided notice is hidden this long before its clock runs out


class Law(Shape):
    """Why there is a clock, and how long it runs."""

    basis: str
    seconds: int
    hides: bool = False  # whether an undecided clip must be hidden before the clock runs out


TAKE_IT_DOWN = Law(basis="TAKE IT DOWN Act (US), 48 hours", seconds=48 * HOUR, hides=True)
INDIA_INTIMATE = Law(basis="IT Rules 2026 (IN), intimate deepfakes, 2 hours", seconds=2 * HOUR, hides=True)
INDIA_ORDER = Law(basis="IT Rules 2026 (IN), orders, 3 hours", seconds=3 * HOUR, hides=True)
MINORS = Law(basis="house rule: sexual content with minors, 1 hour", seconds=HOUR, hides=True)
NOTICE = Law(basis="DSA Art. 16(6), timely; house promise 24 hours", seconds=24 * HOUR)
APPEAL = Law(basis="DSA Art. 20(4), timely; house promise 7 days", seconds=7 * 24 * HOUR)
HELD = Law(basis="house promise: a held clip within 24 hours", seconds=24 * HOUR)
STRIKES = Law(basis="house rule: an account with too many strikes within 7 days", seconds=7 * 24 * HOUR)
SAMPLE = Law(basis="house rule: quality samples within 7 days", seconds=7 * 24 * HOUR)


def law_for(kind: Kind, ground: Ground | None = None, region: str = "US") -> Law:
    """The strictest clock of those that apply."""
    if kind == "appeal":
        return APPEAL
    if kind == "sample":
        return SAMPLE
    if kind == "strikes":
        return STRIKES
    if kind == "held":
        return HELD
    found = [NOTICE]
    if ground == "minors":
        found.append(MINORS)
    if ground in ("intimate", "likeness"):
        found.append(INDIA_INTIMATE if region == "IN" else TAKE_IT_DOWN)
    if ground == "illegal" and region == "IN":
        found.append(INDIA_ORDER)
    hiding = [law for law in found if law.hides]
    return min(hiding or found, key=lambda law: law.seconds)


# How hard each harm is on who looks at it, 1 to 5; what is not listed is a 2.
SEVERITY: dict[Category, int] = {
    Category.SEXUAL_MINORS: 5,
    Category.GORE: 5,
    Category.SELF_HARM: 4,
    Category.EXTREMISM: 4,
    Category.VIOLENCE: 4,
    Category.SEXUAL: 3,
    Category.HATE: 3,
    Category.TEST_STRING: 1,
    Category.OUR_MARK: 1,
    Category.UNSUPPORTED_LANGUAGE: 1,
}
OF_GROUND: dict[Ground, Category] = {
    "intimate": Category.SEXUAL,
    "minors": Category.SEXUAL_MINORS,
    "likeness": Category.REAL_FACE,
    "harassment": Category.HARASSMENT,
    "illegal": Category.ILLICIT,
}


def severity(category: Category | None) -> int:
    return SEVERITY.get(category, 2) if category else 2


def rank(due_at: int, harm: int, confidence: float) -> int:
    """Where a case stands in its queue, in epoch seconds: the smaller, the sooner.

    Graver harms go up to eight hours ahead, uncertain ones up to one. All of it is time, so nothing starves: whatever
    waits is overtaken only by what came at most nine hours later.
    """
    return due_at - 2 * HOUR * (harm - 1) - round(HOUR * (1 - min(max(confidence, 0.0), 1.0)))
