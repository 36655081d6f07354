"""The order of a feed: a sum of terms that anybody can read, and a draw that the same seed repeats.

Pure: it takes candidates and parameters and returns an order. No term knows how long or how often a clip was watched,
and no field exists that could carry it.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from events.shapes import Shape
from volary.steering import Clause, Target

FIT = {"slight": 1.0, "normal": 2.4, "strong": 3.2, "absolute": 3.2}
AGAINST = {"slight": 1.2, "normal": 3.0, "strong": 4.2, "absolute": 4.2}
# Cosines that count as nothing and as everything, in between as a share; fitted to the labelled development catalogue.
FAR, NEAR = 0.15, 0.45
# Shares from which "block" hits a clip, and "only" lets it in: both rather show too little than what is not wanted.
BLOCKS, BELONGS = 0.3, 0.7
INVITING = 0.35
FRESH, FRESH_DAYS = 0.5, 3.0
COMPANION, LINEAGE = 0.5, 0.4
GENTLER = 0.6  # what a scary clip loses before a teenager
CHANCE = 0.55  # scale of the draw: 0 would show everybody with the same words the same
REPEATED = {"creator": 0.5, "lineage": 0.5, "topic": 0.12}
DEEP = 3  # steps of remixing from which a clip counts as deep
EVERY = 6  # every sixth place explores: 16.7 %


@dataclass(frozen=True)
class Candidate:
    """What ranking may know of a clip. `topics` are its cosines by label, `likeness` those to open targets by words.

    `remakers` counts distinct people who made something from it, `depth` the clips that it descends from.
    """

    id: str
    owner_id: str
    root_id: str
    posted_at: int
    seconds: int = 4
    is_remix: bool = False
    topics: Mapping[str, float] = field(default_factory=dict)
    likeness: Mapping[str, float] = field(default_factory=dict)
    words: str = ""
    remakers: int = 0
    language: str = ""
    shows_people: bool = False
    form: str = ""
    has_sound: bool = True
    depth: int = 0


class Ties(Shape):
    """Whom somebody makes things with or follows, and the lineages they took part in."""

    companions: frozenset[str] = frozenset()
    lineages: frozenset[str] = frozenset()
    following: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Circumstances:
    """Everything that the order depends on beside the candidates."""

    now: int
    seed: int
    clauses: tuple[Clause, ...] = ()
    ties: Ties = Ties()
    is_teen: bool = False


class Term(NamedTuple):
    """One addend of a score; `about` names what it stands for."""

    term: str
    value: float
    about: str = ""


class Ranked(NamedTuple):
    """A place in the order: `score` is the sum of `why`."""

    id: str
    score: float
    why: tuple[Term, ...]
    explores: bool = False


def rank(candidates: Iterable[Candidate], given: Circumstances) -> list[Ranked]:
    """Every candidate that may be shown, best first, each sixth place by chance among all that is wanted at all."""
    wanted = [candidate for candidate in unique(candidates) if not is_excluded(candidate, given.clauses)]
    fitted = {each.id: fits(each, given.clauses) for each in wanted}
    steered = _spread(wanted, {each.id: _terms(each, fitted[each.id], given) for each in wanted}, given.clauses)
    explored = [(each.id, _exploring(each, fitted[each.id], given)) for each in wanted]
    explored.sort(key=lambda one: (-_score(one[1]), one[0]))
    return _interleaved(steered, explored)


def unique(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each clip once, in an order that does not depend on where it was found."""
    return sorted({candidate.id: candidate for candidate in candidates}.values(), key=lambda one: one.id)


def is_excluded(candidate: Candidate, clauses: Sequence[Clause]) -> bool:
    """Whether a "block" hits the clip, an "only" misses it, or a facet of length leaves it out."""
    onlys = [clause for clause in clauses if clause.op == "only"]
    if onlys and not any(match(candidate, clause) >= BELONGS for clause in onlys):
        return True
    blocks = (clause for clause in clauses if clause.op == "block" and match(candidate, clause) >= BLOCKS)
    if any(not _is_kept(candidate, clause, clauses) for clause in blocks):
        return True
    return any(_misses_length(candidate, target.words) for c in clauses if c.op == "facet" for target in c.targets)


def _misses_length(candidate: Candidate, facet: str) -> bool:
    name, _, number = facet.rpartition("_")
    if name == "duration_lt":
        return candidate.seconds >= int(number)
    return name == "duration_gt" and candidate.seconds <= int(number)


def _is_kept(candidate: Candidate, against: Clause, clauses: Sequence[Clause]) -> bool:
    """Whether a clip that a wish turns away is rather about an exception to it: a lullaby, of music.

    Both count by their words: a topic's cosine is the best of many examples, and no lone word comes near to that.
    """
    kept = max((_nearness(candidate, each) for one in clauses if one.op == "keep" for each in one.targets), default=0.0)
    turned_away = max(candidate.likeness.get(each.words, 0.0) for each in against.targets)
    return _share(kept) >= BELONGS and kept > turned_away


def match(candidate: Candidate, clause: Clause) -> float:
    """How much the clip is about any of the clause's targets, 0 to 1."""
    return _share(max((_nearness(candidate, target) for target in clause.targets), default=0.0))


def _nearness(candidate: Candidate, target: Target) -> float:
    """A cosine; of somebody's clips, 1 or 0."""
    if target.words.startswith("@"):
        return 1.0 if candidate.owner_id == target.words[1:] else 0.0
    cosine = max((candidate.topics.get(topic, 0.0) for topic in target.topics), default=0.0)
    return max(cosine, candidate.likeness.get(target.words, 0.0))


def _share(cosine: float) -> float:
    return min(max((cosine - FAR) / (NEAR - FAR), 0.0), 1.0)


def fits(candidate: Candidate, clauses: Sequence[Clause]) -> list[Term]:
    """One term for each wish that touches the clip."""
    found = []
    for clause in clauses:
        about = ", ".join(clause.labels)
        if clause.op in ("more", "only"):
            found.append(Term(term="fit", value=FIT[clause.strength] * match(candidate, clause), about=about))
        elif clause.op == "less" and not _is_kept(candidate, clause, clauses):
            found.append(Term(term="fit", value=-AGAINST[clause.strength] * match(candidate, clause), about=about))
    return [term for term in found if term.value]


def _terms(candidate: Candidate, fitting: list[Term], given: Circumstances) -> list[Term]:
    return [*fitting, *_facets(candidate, given), *_merits(candidate, given), _chance(candidate, given.seed, "draw")]


def _merits(candidate: Candidate, given: Circumstances) -> list[Term]:
    """What speaks for a clip whoever asks: it invites to create, it is fresh, it comes from people one makes with."""
    days = max(0, given.now - candidate.posted_at) / 86_400
    connection = COMPANION * _is_close(candidate, given.ties) + LINEAGE * (candidate.root_id in given.ties.lineages)
    gentler = -GENTLER * _share(candidate.topics.get("scary", 0.0)) if given.is_teen else 0.0
    return [
        Term("invitation", INVITING * math.log1p(candidate.remakers), str(candidate.remakers)),
        Term("freshness", FRESH * math.exp(-days / FRESH_DAYS)),
        Term("connection", connection),
        Term("wellbeing", gentler),
    ]


def _is_close(candidate: Candidate, ties: Ties) -> bool:
    return candidate.owner_id in ties.companions or candidate.owner_id in ties.following


def _facets(candidate: Candidate, given: Circumstances) -> list[Term]:
    if not any(clause.op == "facet" for clause in given.clauses):
        return []
    days = max(0, given.now - candidate.posted_at) / 86_400
    touches = {
        "following": float(_is_close(candidate, given.ties)),
        "recency": math.exp(-days / FRESH_DAYS),
        "remix": float(candidate.is_remix),
        "likeness": float(candidate.shows_people),
        "sound": float(candidate.has_sound),
        "depth": min(candidate.depth, DEEP) / DEEP,
    }
    kinds = {"language": candidate.language, "format": candidate.form}
    found = []
    for clause in given.clauses:
        for target in clause.targets if clause.op == "facet" else ():
            name, _, turned = target.words.rpartition("_")
            if name in kinds and turned == kinds[name]:
                found.append(Term(term="fit", value=FIT[clause.strength], about=target.words))
            elif turned == "less" and name in {f"{kind}_{value}" for kind, value in kinds.items()}:
                found.append(Term(term="fit", value=-AGAINST[clause.strength], about=target.words))
            elif name in touches and turned in ("more", "less"):
                sign = FIT[clause.strength] if turned == "more" else -AGAINST[clause.strength]
                found.append(Term(term="fit", value=sign * touches[name], about=target.words))
    return found


def _exploring(candidate: Candidate, fitting: list[Term], given: Circumstances) -> list[Term]:
    """A place that explores: what one asked less of still counts, what one asked more of does not."""
    against = [term for term in fitting if term.value < 0]
    return [*against, _chance(candidate, given.seed, "explore")]


def _chance(candidate: Candidate, seed: int, purpose: str) -> Term:
    """A Gumbel draw: the best of such sums is a weighted lottery in which untouched topics keep their proportions."""
    digest = hashlib.blake2b(f"{seed}/{purpose}/{candidate.id}".encode(), digest_size=8).digest()
    uniform = (int.from_bytes(digest) + 0.5) / 2**64
    return Term("chance", -CHANCE * math.log(-math.log(uniform)))


Scored = tuple[str, list[Term]]  # a clip's id and the terms of its score


def _spread(candidates: Sequence[Candidate], terms: dict[str, list[Term]], clauses: Sequence[Clause]) -> list[Scored]:
    """Lower the second, third … clip of one creator, lineage or topic by its place within that group.

    By place and not by what was picked before: so raising a topic never lowers one of its own clips.
    """
    praised = _praised(clauses)
    sums = {each.id: _sum(terms[each.id]) for each in candidates}
    order = sorted(candidates, key=lambda each: (-sums[each.id], each.id))
    seen: Counter[tuple[str, str]] = Counter()
    scored = []
    for each in order:
        lost = 0.0
        for group in _groups(each, praised):
            lost += REPEATED[group[0]] * math.log2(1 + seen[group])
            seen[group] += 1
        scored.append((each.id, [*terms[each.id], Term("diversity", -lost)]))
    return sorted(scored, key=lambda one: (-_score(one[1]), one[0]))


def _groups(candidate: Candidate, praised: frozenset[str]) -> list[tuple[str, str]]:
    groups = [("creator", candidate.owner_id), ("lineage", candidate.root_id)]
    topic = max(candidate.topics, key=candidate.topics.__getitem__, default=None)
    return [*groups, ("topic", topic)] if topic is not None and topic not in praised else groups


def _praised(clauses: Sequence[Clause]) -> frozenset[str]:
    return frozenset(t for c in clauses if c.op in ("more", "only") for target in c.targets for t in target.topics)


def _interleaved(steered: Sequence[Scored], explored: Sequence[Scored]) -> list[Ranked]:
    queues: tuple[list[Scored], list[Scored]] = (list(reversed(steered)), list(reversed(explored)))
    shown: set[str] = set()
    order: list[Ranked] = []
    while queues[0]:
        queue = queues[(len(order) + 1) % EVERY == 0]
        while queue and queue[-1][0] in shown:
            queue.pop()
        if queue:
            order.append(_ranked(*queue.pop(), explores=queue is queues[1] and queue is not queues[0]))
            shown.add(order[-1].id)
        elif queue is queues[0]:
            break
        else:
            queues = (queues[0], queues[0])
    return order


def _ranked(candidate_id: str, terms: list[Term], explores: bool) -> Ranked:
    why = tuple(Term(term.term, round(term.value, 6), term.about) for term in terms if term.value)
    return Ranked(candidate_id, round(_sum(why), 6), why, explores)


def _score(terms: Iterable[Term]) -> float:
    """As it is told: the sum of the terms as they are told."""
    return round(math.fsum(round(term.value, 6) for term in terms), 6)


def _sum(terms: Iterable[Term]) -> float:
    return math.fsum(term.value for term in terms)
