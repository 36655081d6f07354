"""Whom a clip is for: age bands and regions, and what it is kept from; it knows no score and no record.

What is not known of somebody counts as every band and every region, so that no limit is missed for want of a fact: a
visitor who is not signed in sees nothing that is kept from anybody.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, TypeAdapter

from events.shapes import Shape

AgeBand = Literal["13-15", "16-17", "18+"]
AGE_BAND: TypeAdapter[AgeBand] = TypeAdapter(AgeBand)


@dataclass(frozen=True)
class Audience:
    """An age band and an ISO 3166-1 region, None where it is not known."""

    age: AgeBand | None = None
    region: str | None = None


EVERYBODY = Audience("18+", "ZZ")  # adults somewhere no regional rule names: the rules for everybody and no more
UNKNOWN = Audience()


class Limit(Shape):
    """Whom a clip is kept from: people of these `ages` in these `regions`, None for all of them. `law` says why."""

    ages: tuple[AgeBand, ...] | None = Field(default=None, min_length=1)
    regions: tuple[str, ...] | None = Field(default=None, min_length=1)
    law: str = ""

    def applies(self, audience: Audience) -> bool:
        return concerns(self.ages, self.regions, audience)


def concerns(ages: Collection[AgeBand] | None, regions: Collection[str] | None, audience: Audience) -> bool:
    """Whether a rule for these ages in these regions counts for this audience."""
    by_age = ages is None or audience.age is None or audience.age in ages
    return by_age and (regions is None or audience.region is None or audience.region in regions)


def audience_of(years: int | None, region: str | None) -> Audience:
    """The audience that a person of that age and region is; what is not known stays unknown."""
    band: AgeBand | None = None if years is None else "13-15" if years < 16 else "16-17" if years < 18 else "18+"
    return Audience(band, region)
