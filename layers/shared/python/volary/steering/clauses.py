"""A clause, and how the clauses of one text bear on each other: exceptions, repetitions, what takes back what.

Pure.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from events.shapes import Shape
from volary.steering.composition import Op
from volary.steering.lexicon import folded
from volary.steering.targets import Target


class Clause(Shape):
    """One wish: `op` on `targets` with `strength`, for as long as `scope` says."""

    op: Op
    targets: tuple[Target, ...] = ()
    strength: Literal["slight", "normal", "strong", "absolute"] = "normal"
    scope: str = Field(
        default="default", pattern=r"^(default|session|tonight|today|week|weekend|forever|hours:[\d.]+|until:[a-z]+)$"
    )
    words: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label for target in self.targets for label in target.labels))


STRONGER = {"more": "only", "less": "block"}
WHOLES = {"keep": ("block", "less"), "block": ("only", "more")}  # what an exception is taken out of
# What takes back an earlier wish of the same text on the same subject: "more cats, no wait, fewer cats".
TAKEN_BACK = {"less": {"more"}, "more": {"less"}}


def excepted(clauses: Sequence[Clause]) -> list[Clause]:
    """What is left out of a topic under the same topic is meant by its own words: "no music apart from lullabies"."""
    found: list[Clause] = []
    for clause in clauses:
        wholes = [each for one in found if one.op in WHOLES.get(clause.op, ()) for each in one.targets]
        targets = tuple(_by_words(each) if _is_part(each, wholes) else each for each in clause.targets)
        found.append(clause.model_copy(update={"targets": targets}))
    return found


def _is_part(target: Target, wholes: Sequence[Target]) -> bool:
    said = folded(target.words)
    return any(set(target.topics) & set(each.topics) and folded(each.words) != said for each in wholes)


def _by_words(target: Target) -> Target:
    return target.model_copy(update={"topics": ()}) if target.vector else target


def told_apart(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """Without repetitions: "forests and forests alone" asks once, and "allergic to cats, no cats" blocks once."""
    kept: list[Clause] = []
    for clause in clauses:
        taken_back = TAKEN_BACK.get(clause.op, set())
        kept = [one for one in kept if one.op not in taken_back or not one.labels or one.labels != clause.labels]
        kept = [one for one in kept if not _is_softened(one, clause)]
        ops = {clause.op, *(weak for weak, strong in STRONGER.items() if strong == clause.op)}
        same = [at for at, one in enumerate(kept) if one.labels == clause.labels and one.op in ops]
        if same and clause.labels:
            old = kept[same[0]]
            kept[same[0]] = clause if clause.strength != "normal" or clause.op != old.op else old
        else:
            kept.append(clause)
    return tuple(kept)


def _is_softened(one: Clause, later: Clause) -> bool:
    """ "Block the trains, no, that's harsh, fewer trains": less of the very thing that was to go altogether."""
    same = [folded(each.words) for each in one.targets] == [folded(each.words) for each in later.targets]
    return bool(one.targets) and same and (one.op, later.op) == ("block", "less")
