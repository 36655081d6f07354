"""Which way a wish goes, by a model that learned it from examples, where the grammar alone is no safe guide.

The grammar says what a text is about, for how long and how many wishes it holds. A text about one subject, or one
wish of several, is shown to the model with that subject masked. Where words were left that the grammar does not know,
the model decides; where it read every word, only a sure model overrules it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, cast

from events.inference import Embed, Embedded, Request
from volary.steering.composition import ASKS, Op, scope_of, sized
from volary.steering.grammar import tag
from volary.steering.lexicon import Word, spans, tokens
from volary.steering.targets import Target, exact, protected

Ask = Callable[[Request], dict[str, Any]]
SURE = 0.3  # by which the first way must lead to overrule a grammar that read every word
LIKELY = 0.2  # and for one wish among several
MASKED = "{}"
STEERING = frozenset({"more", "less", "block", "only", "unblock", "keep"})
ABSOLUTE = frozenset({"block", "only"})
ASKING = frozenset({"MORE", "LESS", "BLOCK", "ONLY", "UNBLOCK", "PLUS"})
TURNING = (ASKS | {"NE", "BUT", "EXCEPT", "INSTEAD", "QUERY"}) - ASKING - {"WANT", "YES"}
APART = frozenset({"STOPMARK", "AND", "BUT"})
TOGETHER = frozenset({"EXCEPT", "INSTEAD", "THAN", "SWAP", "RATHER", "NOTHING", "ALL"})
Strength = Literal["slight", "normal", "strong", "absolute"]


class Subject(NamedTuple):
    """A stretch of the text and the topic, handle or words that it stands for."""

    label: str
    words: str
    start: int
    end: int


class Verdict(NamedTuple):
    """The way that leads, and by how much."""

    way: str
    lead: float


@dataclass(frozen=True)
class Said:
    """A text as the grammar tagged it, with the subjects that it names."""

    text: str
    words: tuple[Word, ...]
    subjects: tuple[Subject, ...]
    is_named: bool  # by an example of a topic or a handle, not by what the grammar took for a subject

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.label for each in self.subjects))

    @property
    def is_plain(self) -> bool:
        """Whether it has neither pictures nor wishes about a clip's frame, which the grammar alone reads."""
        return not any(word.kind in ("EMOJI", "FACET", "LENGTH") for word in self.words)

    @property
    def is_read(self) -> bool:
        """Whether the grammar knows every word outside the subjects."""
        outside = (word for word in self.words if word.kind == "CONTENT")
        return all(any(each.start <= word.start < each.end for each in self.subjects) for word in outside)

    @property
    def is_simple(self) -> bool:
        """Whether every word is known and a single word asks, undisturbed: "fewer cities, please"."""
        kinds = {word.kind for word in self.words}
        return self.is_read and len(kinds & ASKING) == 1 and not kinds & TURNING

    def masked(self) -> str:
        """The stretch of the words with its subjects masked."""
        found, at, end = "", self.words[0].start if self.words else 0, self.words[-1].end if self.words else 0
        for each in self.subjects:
            if at <= each.start:
                found += self.text[at : each.start] + MASKED
                at = each.end
        return (found + self.text[at:end]).strip()

    def scope(self) -> str:
        return scope_of(self.words)

    def strength(self, way: str) -> Strength:
        if way in ABSOLUTE:
            return "absolute"
        return cast(Strength, sized("normal", self.words)) if way in ("more", "less") else "normal"


def said(text: str, language: str, wishes: Sequence[Sequence[Target]]) -> Said:
    """The text with its subjects: examples of topics, handles, and, of several `wishes`, the targets under a topic.

    Where there is none of these, whatever the grammar took for a target is one.
    """
    words = tag(text, language, protected())
    taken = [found for targets in wishes for target in dict.fromkeys(targets) if (found := _found(text, target))]
    exactly = _named(text, words)
    named = [*exactly, *(each for each in taken if each.label != each.words and (len(wishes) > 1 or not exactly))]
    apart: list[Subject] = []
    for each in sorted(named or taken, key=lambda one: one.start):
        if not apart or each.start >= apart[-1].end:
            apart.append(each)
    return Said(text, tuple(words), tuple(apart), bool(exactly))


def _named(text: str, words: Sequence[Word]) -> list[Subject]:
    found = tokens(text)
    content = [word for word in words if word.kind == "CONTENT"]
    plain = [token for token, _, _ in found]
    named = []
    for first, last in spans(plain, (tuple(form.split()) for form in exact())):
        start, end = found[first][1], found[last - 1][2]
        if any(word.start < end and start < word.end for word in content):
            named.append(Subject(exact()[" ".join(plain[first:last])][0], text[start:end], start, end))
    handles = [Subject(token, text[start:end], start, end) for token, start, end in found if token.startswith("@")]
    return [*named, *handles]


def _found(text: str, target: Target) -> Subject | None:
    start = text.find(target.words)
    if start < 0 or not target.words:
        return None
    return Subject(target.labels[0], target.words, start, start + len(target.words))


def groups(whole: Said) -> list[Said]:
    """A text about several subjects cut where commas, "and" and "but" stand, a piece for each wish; none where unsure.

    What names no subject goes with the piece before it, a bare subject with the wish beside it. Contrasts within a
    sentence ("rather than", "instead of", "except") need the grammar.
    """
    if any(word.kind in TOGETHER for word in whole.words):
        return []
    pieces: list[list[Word]] = [[]]
    for word in whole.words:
        if word.kind in APART:
            pieces.append([])
        else:
            pieces[-1].append(word)
    told: list[Said] = []
    bare: list[Subject] = []
    for words in filter(None, pieces):
        start, end = words[0].start, words[-1].end
        mine = [each for each in whole.subjects if start <= each.start and each.end <= end]
        if mine and len(told) and whole.text[start:end].strip() == mine[0].words:
            told[-1] = _joined(told[-1], words, mine, whole)
        elif mine and whole.text[start:end].strip() == mine[0].words:
            bare += mine
        elif mine:
            told.append(Said(whole.text, tuple(words), (*bare, *mine), whole.is_named))
            bare = []
        elif told:
            told[-1] = _joined(told[-1], words, mine, whole)
    return told if not bare and len(told) > 1 else []


def _joined(before: Said, words: Sequence[Word], subjects: Sequence[Subject], whole: Said) -> Said:
    return Said(whole.text, (*before.words, *words), (*before.subjects, *subjects), whole.is_named)


def judged(frames: Sequence[str], ask: Ask) -> list[Verdict]:
    """The leading way of each frame; none where the model server cannot tell."""
    if not frames:
        return []
    found = Embedded.model_validate(ask(Embed(frames=tuple(frames[:16])))).ways
    return [_leading(scores) for scores in found]


def _leading(scores: dict[str, float]) -> Verdict:
    order = sorted(scores, key=lambda way: (-scores[way], way))
    return Verdict(order[0], round(scores[order[0]] - scores[order[1]], 3))


def judged_whole(said: Said, ask: Ask) -> Verdict | None:
    """The leading way of a text about one subject or none.

    What no example of a topic names may be no subject at all ("lol same"), so that the text is also asked about as it
    is: small talk, questions and the like count where they lead clearly.
    """
    if said.is_named or not said.subjects:
        return next(iter(judged([said.masked()], ask)), None)
    found = judged([said.text, said.masked()], ask)
    if not found:
        return None
    plain, masked = found
    return plain if plain.way not in STEERING and plain.lead >= LIKELY else masked


def decides(verdict: Verdict, way: Op | str, said: Said) -> bool:
    """Whether the model's word counts more than the grammar's."""
    doubtful = not said.is_read and (verdict.way != "reject" or not said.is_named)
    return verdict.way != way and not said.is_simple and (verdict.lead >= SURE or doubtful)
