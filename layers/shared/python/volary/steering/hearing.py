"""What a model that learned from whole texts heard: what a text is, and which of its words name what a wish is about.

The grammar finds wishes by words of asking and takes for a subject what stands beside them; who speaks, why, and what
somebody else wants look alike to it. Here what nobody meant is taken out and told, and what was overlooked is added.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from events.inference import Embed, Embedded, Heard, HeardWord, Request
from volary.steering.ways import BESIDE, MASKED

Ask = Callable[[Request], dict[str, Any]]
MEANT, UNMEANT = 0.85, 0.5  # shares from which words surely name a subject, and under which they surely name none
ABOUT = "about"
MOST_FRAMES = 16


class Stretch(NamedTuple):
    """Words that stand together and name a subject, by how much they do, and how much speaks for each way."""

    start: int
    end: int
    meant: float
    ways: dict[str, float]


@dataclass(frozen=True)
class Hearing:
    """A text that was heard."""

    text: str
    heard: Heard

    @property
    def kind(self) -> str:
        """What the text most likely is."""
        return max(self.heard.kinds, key=lambda each: self.heard.kinds[each], default="")

    def share(self, kind: str) -> float:
        return self.heard.kinds.get(kind, 0.0)

    @property
    def stretches(self) -> list[Stretch]:
        """Subjects in reading order: words that likelier name one than none, and go the same way."""
        runs = groupby(self.heard.words, key=_leading)
        return [_stretch(list(run)) for way, run in runs if way]

    def frames(self) -> list[str]:
        """The text with each of its subjects masked as asked about and the others as beside it; as it is without."""
        named = self.stretches[:MOST_FRAMES]
        return [self._frame(each) for each in named] or [self.text]

    def _frame(self, asked: Stretch) -> str:
        found, at = "", 0
        for each in self.stretches:
            found += self.text[at : each.start] + (MASKED if each.start == asked.start else BESIDE)
            at = each.end
        return found + self.text[at:]

    def ways(self, start: int, end: int) -> Mapping[str, float]:
        """Of the words of a stretch the one that most likely names a subject."""
        inside = [word.ways for word in self.heard.words if word.start < end and start < word.end]
        return max(inside, key=lambda ways: sum(ways.values()), default={})

    def named(self, start: int, end: int) -> float:
        """How much speaks for a stretch's naming a subject."""
        return sum(self.ways(start, end).values())

    def place(self, words: str) -> tuple[int, int] | None:
        """Where some words of the text stand; of several places the one where they are meant most."""
        found, at = [], self.text.find(words) if words else -1
        while at >= 0:
            found.append((at, at + len(words)))
            at = self.text.find(words, at + 1)
        return max(found, key=lambda place: self.named(*place), default=None)


def hear(text: str, ask: Ask) -> Hearing | None:
    """None where the model server cannot tell."""
    found = Embedded.model_validate(ask(Embed(talk=text))).heard
    return Hearing(text, found) if found and found.words else None


def both(written: Hearing, mended: Hearing) -> Hearing:
    """A text as it was mended, with the kind that it is as it was written and as it was mended."""
    kinds = {kind: (share + mended.share(kind)) / 2 for kind, share in written.heard.kinds.items()}
    return Hearing(mended.text, mended.heard.model_copy(update={"kinds": kinds}))


def _leading(word: HeardWord) -> str:
    """The way of a word that likelier names a subject than none."""
    way = max(word.ways, key=lambda each: word.ways[each])
    return way if sum(word.ways.values()) >= 0.5 else ""


def _stretch(run: Sequence[HeardWord]) -> Stretch:
    ways = {way: sum(word.ways[way] for word in run) / len(run) for way in run[0].ways}
    return Stretch(run[0].start, run[-1].end, sum(ways.values()), ways)
