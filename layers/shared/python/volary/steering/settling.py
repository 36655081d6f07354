"""Puts together the clauses that were read by words of asking and what was heard of the whole text.

Pure but for `Places`, which places words by meaning. What is taken out is handed back to be told, never dropped.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import pairwise

from volary.steering.clauses import Clause
from volary.steering.composition import scope_of
from volary.steering.hearing import ABOUT, MEANT, UNMEANT, Hearing, Stretch
from volary.steering.lexicon import Word, tokens
from volary.steering.targets import Target, exact
from volary.steering.ways import LISTING, STEERING, Said, Subject, strength_of

Places = Callable[[Sequence[str]], list[Target]]
Opinions = Callable[[Sequence[str]], Sequence[Mapping[str, float]]]  # what the model of ways says of frames
WHOLE = frozenset({"noop", "undo", "reset", "query"})
FRAMED = frozenset({"FACET", "LENGTH", "SCOPE", "EMOJI"})
TOLD_APART = 0.9  # share of a refusal, or of a wish, from which it stands against what the grammar read
PRAISED = 0.75  # share of small talk and the like from which the grammar's refusal is none
READ, ASKED = 0.1, 0.2  # what it counts for a kind, and for a way, that the grammar read it, beside what was heard
SHOWN = 0.75  # what it counts for either that the frames look like it
FOREIGN = 0.1  # share under which a word surely is no part of a subject
NEVER = 0.03  # share of a request to defeat safety up to which a wish that is heard as one is not refused
LEAD = 0.2  # by which the way of a subject that the grammar overlooked must lead


@dataclass(frozen=True)
class Wish:
    """A target, which way it goes, where it stands in the text (-1: nowhere), and the clause that it is from."""

    op: str
    target: Target
    start: int
    end: int
    clause: Clause | None


@dataclass(frozen=True)
class Readers:
    """A text as it was heard and tagged, and whom to ask about it."""

    hearing: Hearing
    words: Sequence[Word]
    places: Places
    opinions: Opinions


def settled(readers: Readers, clauses: Sequence[Clause]) -> tuple[list[Clause], tuple[str, ...]]:
    """The clauses of a text, and what stands in it beside them."""
    hearing, ops = readers.hearing, {clause.op for clause in clauses}
    if _agree(hearing, clauses):
        alone = [_weighed(each, {}) for each in hearing.stretches]
        return _wished(readers, alone, clauses) if ops & STEERING else (list(clauses), ())
    stretches = hearing.stretches
    scores = list(readers.opinions(hearing.frames()))
    kind = _kind(hearing, scores, ops)
    least = PRAISED if "reject" in ops else 0.0
    if kind == "reject" and hearing.share(kind) >= TOLD_APART:
        return [Clause(op="reject", words=hearing.text)], ()
    if kind in WHOLE and "facet" not in ops and hearing.share(kind) >= least:
        return _whole(readers, kind, clauses), ()
    if kind != "steer" or ("reject" in ops and not is_surely_harmless(hearing)):
        return list(clauses), ()
    asked = [_weighed(each, score) for each, score in zip(stretches, [*scores, *[{}] * len(stretches)], strict=False)]
    return _wished(readers, asked, clauses)


def is_surely_harmless(hearing: Hearing) -> bool:
    """Whether it surely asks for clips and not against the protections."""
    return hearing.share("steer") >= TOLD_APART and hearing.share("reject") <= NEVER


def _agree(hearing: Hearing, clauses: Sequence[Clause]) -> bool:
    """Whether the grammar read just what was heard."""
    read = [wish for clause in clauses if clause.op in STEERING for wish in _wishes(hearing, clause)]
    if hearing.kind != "steer" or not read or any(clause.op in WHOLE | {"reject"} for clause in clauses):
        return len(clauses) == 1 and not hearing.stretches and clauses[0].op == hearing.kind
    heard = [(each.start, each.end, _first(each.ways)) for each in hearing.stretches]
    return heard == [(wish.start, wish.end, wish.op) for wish in read]


def _kind(hearing: Hearing, scores: Sequence[Mapping[str, float]], ops: AbstractSet[str]) -> str:
    """What the text is by what was heard, by the mean of what the frames look like, and by the grammar."""
    shown = (
        {kind: sum(score.get(kind, 0.0) for score in scores) / len(scores) for kind in (*WHOLE, "reject")}
        if scores
        else {}
    )
    steers = [max((score.get(way, 0.0) for way in STEERING), default=0.0) for score in scores]
    shown["steer"] = sum(steers) / len(steers) if steers else 0.0
    read = "steer" if ops & (STEERING | {"facet"}) else next(iter(sorted(ops)), "noop")
    weighed = {
        kind: share + SHOWN * shown[kind] + (READ if kind == read else 0.0)
        for kind, share in hearing.heard.kinds.items()
    }
    return _first(weighed)


def _weighed(stretch: Stretch, score: Mapping[str, float]) -> Stretch:
    """A stretch with what its frame looks like counted in."""
    ways = {way: share + SHOWN * max(0.0, score.get(way, 0.0)) for way, share in stretch.ways.items() if way != ABOUT}
    return stretch._replace(ways=ways)


def _first(shares: Mapping[str, float]) -> str:
    return max(sorted(shares), key=lambda each: shares[each])


def _lead(ways: Mapping[str, float]) -> float:
    first, second = sorted(ways.values(), reverse=True)[:2]
    return first - second


def _wished(
    readers: Readers, stretches: Sequence[Stretch], clauses: Sequence[Clause]
) -> tuple[list[Clause], tuple[str, ...]]:
    hearing = readers.hearing
    others = [_framed(hearing, clause) for clause in clauses if clause.op == "facet"]
    others += [clause for clause in clauses if clause.op in STEERING and not clause.targets]
    read = [wish for clause in clauses if clause.op in STEERING for wish in _wishes(hearing, clause)]
    meant = [wish for wish in read if not _is_unmeant(hearing, wish)]
    listed, is_plain = _in_lists(readers, meant, stretches), _is_plain(readers, read)
    heard = [_heard(readers, wish, listed) for wish in meant]
    kept = _told_once([replace(new, op=old.op) if is_plain else new for old, new in zip(meant, heard, strict=True)])
    aside = [wish.target.words for wish in read if _is_unmeant(hearing, wish)]
    found, unsure = _overlooked(readers, stretches, kept)
    if not kept and not found and not others:  # what falls under a topic is likelier a wish than nothing is
        sure = read if hearing.share("steer") >= TOLD_APART else []
        kept, aside = [wish for wish in read if wish.target.topics] or sure, []
    return [*_joined(readers, [*kept, *found]), *others], (*dict.fromkeys(aside), *unsure)


def _whole(readers: Readers, kind: str, clauses: Sequence[Clause]) -> list[Clause]:
    """The text as small talk, a question, or the taking back of wishes."""
    same = [clause for clause in clauses if clause.op == kind]
    if same:
        return same
    text = readers.hearing.text
    named = [each for each in readers.hearing.stretches if each.meant >= MEANT]
    targets = readers.places([text[each.start : each.end] for each in named]) if kind in ("query", "reset") else []
    targets = [each for each in targets if each.topics or kind == "reset"]
    return [Clause.model_validate({"op": kind, "targets": tuple(targets), "words": text})]


def _wishes(hearing: Hearing, clause: Clause) -> list[Wish]:
    found = [(target, hearing.place(target.words) or (-1, -1)) for target in clause.targets]
    return [Wish(clause.op, target, *place, clause) for target, place in found]


def _is_plain(readers: Readers, read: Sequence[Wish]) -> bool:
    """Whether one undisturbed word asks, which nothing that was heard turns round: "fewer cities, please"."""
    subjects = tuple(Subject("", wish.target.words, wish.start, wish.end) for wish in read)
    return Said(readers.hearing.text, tuple(readers.words), subjects, is_named=True).is_simple


def _is_unmeant(hearing: Hearing, wish: Wish) -> bool:
    return wish.start >= 0 and hearing.named(wish.start, wish.end) < UNMEANT


def _heard(readers: Readers, wish: Wish, stretches: Sequence[Stretch]) -> Wish:
    """The wish the way that most speaks for, about the words that are meant."""
    inside = [each for each in stretches if each.start < wish.end and wish.start < each.end and each.meant >= MEANT]
    best = max(inside, key=lambda each: each.meant, default=None)
    if wish.start < 0 or best is None:
        return wish
    hearing = readers.hearing
    ways = {way: share + (ASKED if way == wish.op else 0.0) for way, share in best.ways.items()}
    if len(inside) == 1 and not _is_example(wish.target) and _adds_or_cuts(hearing, wish, best):
        target = readers.places([hearing.text[best.start : best.end]])[0]
        wish = replace(wish, target=target, start=best.start, end=best.end)
    return replace(wish, op=_first(ways))


def _in_lists(readers: Readers, wishes: Sequence[Wish], stretches: Sequence[Stretch]) -> list[Stretch]:
    """The stretches, those that the grammar read as a list with what speaks for the ways of all of them together."""
    found = list(stretches)
    for at, (one, other) in enumerate(pairwise(stretches)):
        owners = [next((wish for wish in wishes if _holds(wish, each)), None) for each in (one, other)]
        listed = _is_listed(readers.words, one.start, one.end, other.start)
        if listed and owners[0] and owners[1] and owners[0].clause is owners[1].clause:
            both = {way: found[at].ways[way] + other.ways[way] for way in other.ways}
            found[at], found[at + 1] = found[at]._replace(ways=both), other._replace(ways=both)
    return found


def _holds(wish: Wish, stretch: Stretch) -> bool:
    return wish.start < stretch.end and stretch.start < wish.end


def _adds_or_cuts(hearing: Hearing, wish: Wish, best: Stretch) -> bool:
    """Whether more words are meant than the wish has, or some of its own surely are not."""
    edges = [place for place in ((wish.start, best.start), (best.end, wish.end)) if place[0] < place[1]]
    cut = all(hearing.named(*place) < FOREIGN for place in edges)
    return (best.start < wish.start or wish.end < best.end) or (bool(edges) and cut)


def _framed(hearing: Hearing, clause: Clause) -> Clause:
    """A wish about a clip's frame without words of the text that nobody meant."""
    spots = [(target, hearing.place(target.words)) for target in clause.targets]
    kept = [target for target, spot in spots if not spot or hearing.named(*spot) >= UNMEANT]
    return clause.model_copy(update={"targets": tuple(kept)}) if kept else clause


def _is_example(target: Target) -> bool:
    return " ".join(token for token, _, _ in tokens(target.words)) in exact()


def _told_once(wishes: Sequence[Wish]) -> list[Wish]:
    """Without wishes about words that another wish has already."""
    kept: list[Wish] = []
    for wish in sorted(wishes, key=lambda one: one.start - one.end):  # the longest first
        if wish.start < 0 or not any(one.start <= wish.start and wish.end <= one.end for one in kept):
            kept.append(wish)
    return [wish for wish in wishes if any(wish is one for one in kept)]


def _overlooked(
    readers: Readers, stretches: Sequence[Stretch], kept: Sequence[Wish]
) -> tuple[list[Wish], tuple[str, ...]]:
    """Subjects that were surely meant and that no clause has, and those of them whose way is not sure."""
    text = readers.hearing.text
    taken = [(wish.start, wish.end) for wish in kept]
    taken += [(word.start, word.end) for word in readers.words if word.kind in FRAMED]
    meant = [each for each in stretches if each.meant >= MEANT]
    # Others are words of asking, which name nothing where something else is named.
    named = [(word.start, word.end) for word in readers.words if word.kind == "CONTENT" or not kept]
    left = [each for each in meant if _touches(each, named) and not _touches(each, taken)]
    sure = [each for each in left if _lead(each.ways) >= LEAD]
    found = readers.places([text[each.start : each.end] for each in sure])
    wishes = [
        Wish(_first(each.ways), target, each.start, each.end, None) for each, target in zip(sure, found, strict=True)
    ]
    return wishes, tuple(text[each.start : each.end] for each in left if each not in sure)


def _touches(stretch: Stretch, places: Sequence[tuple[int, int]]) -> bool:
    return any(start < stretch.end and stretch.start < end for start, end in places)


def _joined(readers: Readers, wishes: Sequence[Wish]) -> list[Clause]:
    """A clause for wishes that go the same way with nothing but an "and" or a comma between them."""
    groups: list[list[Wish]] = []
    for wish in sorted(wishes, key=lambda one: one.start):
        last = groups[-1][-1] if groups else None
        if (
            last
            and last.op == wish.op
            and (_is_one(last, wish) or _is_listed(readers.words, last.start, last.end, wish.start))
        ):
            groups[-1].append(wish)
        else:
            groups.append([wish])
    starts = [group[0].start for group in groups]
    return [_clause(readers, group, starts) for group in groups]


def _is_one(last: Wish, wish: Wish) -> bool:
    return last.clause is not None and last.clause is wish.clause


def _is_listed(words: Sequence[Word], start: int, end: int, after: int) -> bool:
    """Whether nothing but an "and", a comma and the like stands between two stretches of the text."""
    return 0 <= start < after and all(word.kind in LISTING for word in words if end <= word.start < after)


def _clause(readers: Readers, group: Sequence[Wish], starts: Sequence[int]) -> Clause:
    """The clause of some wishes; how strongly and for how long they hold is the grammar's to say where it read them."""
    targets = tuple(dict.fromkeys(wish.target for wish in group))
    old = next((wish.clause for wish in group if wish.clause), None)
    if old and old.op == group[0].op:
        return old.model_copy(update={"targets": targets})
    text, words = readers.hearing.text, readers.words
    after = min((start for start in starts if start > group[0].start), default=len(text))
    before = max((start for start in starts if 0 <= start < group[0].start), default=0)
    near = [word for word in words if before <= word.start < after]
    scope = old.scope if old else scope_of(near)
    fields = {
        "op": group[0].op, "targets": targets, "strength": strength_of(group[0].op, near), "scope": scope,
        "words": text[group[0].start : group[-1].end],
    }  # fmt: skip
    return Clause.model_validate(fields)
