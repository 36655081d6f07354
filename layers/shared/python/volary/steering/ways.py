"""Which way a wish goes, by a model that learned it from examples, where the grammar alone is no safe guide.

The grammar says what a text is about, for how long and how many wishes it holds. A text about one subject, or one
wish of several, is shown to the model with that subject masked. Where words were left that the grammar does not know,
the model decides; where it read every word, only a sure model overrules it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, cast

from events.inference import Embed, Embedded, Request
from volary.steering.composition import ASKS, Op, scope_of, sized
from volary.steering.grammar import tag
from volary.steering.lexicon import Word, folded, spans, tokens
from volary.steering.targets import Target, exact, protected

Ask = Callable[[Request], dict[str, Any]]
SURE = 0.25  # by which the first way must lead to overrule a grammar that read every word
SURER = 0.5  # and for one wish among several
LIKELY = 0.2  # where words were left unread
UNSURE = 0.1  # under which it decides nothing against a wish that the grammar read
MOST_UNKNOWN = 12
NOTHING: Mapping[str, str] = MappingProxyType({})
MASKED, BESIDE = "{}", "[]"  # the subject that is asked about, and the others
STEERING = frozenset({"more", "less", "block", "only", "unblock", "keep"})
ABSOLUTE = frozenset({"block", "only"})
ASKING = frozenset({"MORE", "LESS", "BLOCK", "ONLY", "UNBLOCK", "PLUS"})
SAYING = ASKING | {"WANT", "NEG", "STRONG", "SLIGHT", "NOTHING"}
TURNING = (ASKS | {"NE", "BUT", "EXCEPT", "INSTEAD", "QUERY"}) - ASKING - {"WANT", "YES"}
APART = frozenset({"STOPMARK", "AND", "BUT"})
CONTRASTS = frozenset({"EXCEPT", "INSTEAD", "THAN", "SWAP", "RATHER"})
LISTING = frozenset({"STOPMARK", "AND", "FILLER", "JOIN", "GENERIC"})
ENDS = frozenset(".;…!?")
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
        """Whether every word is known and a single word asks, undisturbed and in one go: "fewer cities, please".

        French "plus" from now on is as likely no more as more.
        """
        kinds = {word.kind for word in self.words}
        said = max((at for at, word in enumerate(self.words) if word.kind != "STOPMARK"), default=0)
        goes_on = any(word.folded in ENDS for word in self.words[:said])
        is_unclear = "PLUS" in kinds and self.scope() == "forever"
        return self.is_read and len(kinds & ASKING) == 1 and not kinds & TURNING and not goes_on and not is_unclear

    @property
    def is_bare(self) -> bool:
        """Whether it only names what no example of a topic names, and no word asks for anything."""
        return not self.is_named and not {word.kind for word in self.words} & (ASKS | TURNING | ASKING)

    @property
    def contrasts(self) -> bool:
        """Whether a word that sets subjects against each other stands in it."""
        return any(word.kind in CONTRASTS for word in self.words)

    def masked(self, asked: str = "") -> str:
        """The stretch of the words with its subjects masked, those of another label than `asked` as beside it."""
        found, at, end = "", self.words[0].start if self.words else 0, self.words[-1].end if self.words else 0
        for each in self.subjects:
            if at <= each.start:
                found += self.text[at : each.start] + (MASKED if asked in ("", each.label) else BESIDE)
                at = each.end
        return (found + self.text[at:end]).strip()

    @property
    def stretch(self) -> str:
        """The part of the text that its words and subjects cover."""
        places = [(word.start, word.end) for word in self.words] + [(each.start, each.end) for each in self.subjects]
        return self.text[min(start for start, _ in places) : max(end for _, end in places)].strip() if places else ""

    def scope(self) -> str:
        return scope_of(self.words)

    def strength(self, way: str) -> Strength:
        return strength_of(way, self.words)


def strength_of(way: str, words: Sequence[Word]) -> Strength:
    """How strongly a wish is meant by the words around it."""
    if way in ABSOLUTE:
        return "absolute"
    return cast(Strength, sized("normal", words)) if way in ("more", "less") else "normal"


def unknown(text: str, language: str) -> list[str]:
    """Up to MOST_UNKNOWN stretches of one or two words that neither the grammar nor the examples of topics know."""
    words = tag(text, language, protected())
    runs = [[word for word in run if word.kind == "CONTENT"] for _, run in groupby(words, key=lambda word: word.kind)]
    places = [(run, size, at) for run in runs for size in (2, 1) for at in range(len(run) - size + 1)]
    found = [text[run[at].start : run[at + size - 1].end] for run, size, at in places]
    return [each for each in dict.fromkeys(found) if folded(each) not in exact()][:MOST_UNKNOWN]


def said(text: str, language: str, wishes: Sequence[Sequence[Target]], known: Mapping[str, str] = NOTHING) -> Said:
    """The text with its subjects: examples of topics or handles, else `known` names with their topics, and, of several
    `wishes`, the targets under a topic.

    Where there is none of these, whatever the grammar took for a target is one.
    """
    words = tag(text, language, protected())
    taken = [found for targets in wishes for target in dict.fromkeys(targets) if (found := _found(text, target))]
    exactly = _named(text, words, {form: labels[0] for form, labels in exact().items()})
    surely = exactly or _named(text, words, {folded(name): label for name, label in known.items()})
    # What falls under no topic counts beside what does only where each is asked for in words.
    is_several = len(wishes) > 1
    asks = is_several and sum(word.kind in SAYING for word in words) > 1
    named = [*surely, *(each for each in taken if asks or (each.label != each.words and (is_several or not surely)))]
    apart: list[Subject] = []
    for each in sorted(named or taken, key=lambda one: one.start):
        if not apart or each.start >= apart[-1].end:
            apart.append(each)
    return Said(text, tuple(words), tuple(apart), bool(exactly))


def asks(said: Said, stretch: str) -> bool:
    """Whether a word of a stretch of the text asks for something."""
    start = said.text.find(stretch)
    inside = [word for word in said.words if start <= word.start < start + len(stretch)]
    return any(word.kind in ASKS | ASKING | {"STRONG", "SLIGHT"} for word in inside)


def accounted(said: Said, wishes: Sequence[Sequence[Target]]) -> bool:
    """Whether every word that the grammar does not know stands in the target of a wish, and each wish has its own."""
    places = [[_found(said.text, target) for target in targets] for targets in wishes]
    spans_of = [(each.start, each.end) for targets in places for each in targets if each]
    outside = (word for word in said.words if word.kind == "CONTENT")
    apart = len(set(spans_of)) == len(spans_of) and all(any(targets) for targets in places)
    return len(wishes) > 1 and apart and all(any(a <= word.start < b for a, b in spans_of) for word in outside)


def _named(text: str, words: Sequence[Word], labels: Mapping[str, str]) -> list[Subject]:
    found = tokens(text)
    content = [word for word in words if word.kind == "CONTENT"]
    plain = [token for token, _, _ in found]
    named = []
    for first, last in spans(plain, (tuple(form.split()) for form in labels)):
        start, end = found[first][1], found[last - 1][2]
        if any(word.start < end and start < word.end for word in content):
            named.append(Subject(labels[" ".join(plain[first:last])], text[start:end], start, end))
    handles = [Subject(token, text[start:end], start, end) for token, start, end in found if token.startswith("@")]
    return [*named, *handles]


def _found(text: str, target: Target) -> Subject | None:
    start = text.find(target.words)
    if start < 0 or not target.words:
        return None
    return Subject(target.labels[0], target.words, start, start + len(target.words))


def parted(whole: Said, read: Mapping[str, str]) -> list[Said]:
    """A text about several subjects as a piece for each wish, `read` being the way of each label.

    Subjects that go the same way and have nothing but an "and" or a comma between them are one wish.
    """
    wishes: list[list[Subject]] = []
    for each in whole.subjects:
        last = wishes[-1][-1] if wishes else None
        if last and (last.label == each.label or (read[last.label] == read[each.label] and _listed(whole, last, each))):
            wishes[-1].append(each)
        elif all(each.label != one.label for wish in wishes for one in wish):
            wishes.append([each])
    starts = [0, *(_cut(whole, before[-1].end, wish[0].start) for before, wish in pairwise(wishes)), len(whole.text)]
    return [
        Said(whole.text, tuple(w for w in whole.words if start <= w.start < end), tuple(wish), whole.is_named)
        for (start, end), wish in zip(pairwise(starts), wishes, strict=True)
    ]


def _listed(whole: Said, one: Subject, other: Subject) -> bool:
    return all(word.kind in LISTING for word in whole.words if one.end <= word.start < other.start)


def _cut(whole: Said, end: int, start: int) -> int:
    """Where the wish after `end` begins: at the last comma, "and" or "but" before its subject, or else there."""
    return max((word.start for word in whole.words if end <= word.start < start and word.kind in APART), default=end)


def judged(frames: Sequence[str], ask: Ask) -> list[Verdict]:
    """The leading way of each frame; none where the model server cannot tell."""
    if not frames:
        return []
    found = Embedded.model_validate(ask(Embed(frames=tuple(frames[:16])))).ways
    return [_leading(scores) for scores in found]


def _leading(scores: dict[str, float]) -> Verdict:
    order = sorted(scores, key=lambda way: (-scores[way], way))
    return Verdict(order[0], round(scores[order[0]] - scores[order[1]], 3))


def means_nothing(said: Said, ask: Ask) -> bool:
    """Whether words that ask for nothing name nothing either: keys hit at random, words in no order."""
    return any(each.way == "noop" and each.lead >= LIKELY for each in judged([said.text], ask))


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
    return plain if plain.way not in STEERING and plain.lead >= max(LIKELY, masked.lead) else masked


def judged_plain(said: Said, ask: Ask) -> Verdict | None:
    """What a text that names nothing for sure is about, if it surely is no wish: "oops, take that back"."""
    found = [] if said.is_named else judged([said.text], ask)
    return next((each for each in found if each.way not in STEERING and each.lead >= SURE), None)


def decides(verdict: Verdict, way: Op | str, said: Said) -> bool:
    """Whether the model's word counts more than the grammar's.

    A wish that reads like a question and has no question mark stays a wish: "who asked for all these".
    """
    if verdict.way == "query" and way in STEERING and "?" not in said.text:
        return False
    doubtful = not said.is_read and (verdict.way != "reject" or not said.is_named)
    doubtful = doubtful and (way not in STEERING or verdict.lead >= UNSURE)
    return verdict.way != way and not said.is_simple and (verdict.lead >= SURE or doubtful)
