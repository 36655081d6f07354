"""How much a reviewer may see in one shift, and when they must rest. Pure: a shift in, a shift or a refusal out.

Looking at a case costs its severity, 1 to 5, in points. It measures what was opened, not what somebody feels.
"""

from events.shapes import Shape
from volary.errors import TooMany

SHIFT_SECONDS = 8 * 3_600  # a shift ends after eight hours, or once somebody was away that long
BREAK_SECONDS = 600
MOST_POINTS = 200  # in a shift
MOST_GRAVE = 20  # cases of severity 4 and 5 in a shift
POINTS_BETWEEN_BREAKS = 40
LONGEST_STRETCH = 55 * 60


class Shift(Shape):
    """What one reviewer has seen since `started_at`; the stretch is what came since the last break."""

    started_at: int
    points: int = 0
    grave: int = 0
    stretch_points: int = 0
    stretch_started_at: int
    rest_until: int = 0
    looked_at: int = 0


def begun(now: int) -> Shift:
    return Shift(started_at=now, stretch_started_at=now, looked_at=now)


def current(shift: Shift | None, now: int) -> Shift:
    """The shift as it stands: a new one after eight hours, a new stretch after any ten minutes away."""
    if shift is None or now - shift.started_at >= SHIFT_SECONDS:
        return begun(now)
    if now - shift.looked_at >= BREAK_SECONDS:
        return shift.model_copy(update={"stretch_points": 0, "stretch_started_at": now, "rest_until": 0})
    return shift


def look(shift: Shift, severity: int, now: int) -> Shift:
    """The shift after one more case. Raises TooMany with the seconds until it is allowed."""
    if now < shift.rest_until:
        raise TooMany("it is time for a break", retry_after=shift.rest_until - now, code="break_due")
    if shift.points + severity > MOST_POINTS or (severity >= 4 and shift.grave >= MOST_GRAVE):
        left = shift.started_at + SHIFT_SECONDS - now
        said = f"{shift.points} of {MOST_POINTS} points and {shift.grave} of {MOST_GRAVE} grave cases are used up"
        raise TooMany(f"that was enough for this shift: {said}", retry_after=max(left, 1), code="exposure_used_up")
    points = shift.stretch_points + severity
    is_tired = points >= POINTS_BETWEEN_BREAKS or now - shift.stretch_started_at >= LONGEST_STRETCH
    return shift.model_copy(
        update={
            "points": shift.points + severity,
            "grave": shift.grave + (severity >= 4),
            "stretch_points": points,
            "rest_until": now + BREAK_SECONDS if is_tired else 0,
            "looked_at": now,
        }
    )


def may_look(shift: Shift, severity: int, now: int) -> bool:
    try:
        look(shift, severity, now)
    except TooMany:
        return False
    return True
