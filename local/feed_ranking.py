"""`volary eval ranking`: what steering does to the order of a labelled catalogue, beside peers in the same run.

Relevant is a clip whose labels hold one that the instruction is meant to be about. The peers are BM25 and bare cosine
with the instruction's own words, no steering at all, and our ranking with a perfect parse.
"""

import hashlib
import json
import math
import re
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from volary import ranking
from volary.errors import Invalid
from volary.meanings import Vector, cosine, unpacked
from volary.ranking import Candidate, Circumstances
from volary.steering import Ask, Clause, Target, compile_text
from volary.steering.targets import anchors, topics_of

from events.inference import Embed, Embedded
from local.feed_steering import rows_of

SEEDS = range(8)
AT, SHARE = 10, 30
NOW = 1_800_000_000


@dataclass(frozen=True)
class Clip:
    id: str
    caption: str
    labels: frozenset[str]
    vector: Vector
    topics: dict[str, float]


def catalogue(path: Path, ask: Ask) -> list[Clip]:
    """Clips of JSON lines `{"id","caption","topics","attributes"}`, placed as the event's handler places them."""
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        captions = [row["caption"] for row in rows]
    except (ValueError, KeyError) as problem:
        raise Invalid(f"{path} is not a catalogue: {problem}") from problem
    names = tuple(phrase for phrase, _ in anchors())
    clips: list[Clip] = []
    for start in range(0, len(rows), 64):
        meant = Embedded.model_validate(ask(Embed(texts=tuple(captions[start : start + 64]), anchors=names)))
        for row, vector, likeness in zip(rows[start:], meant.vectors, meant.likeness, strict=False):
            labels = frozenset([*row["topics"], *row.get("attributes", [])])
            clips.append(Clip(row["id"], row["caption"], labels, unpacked(vector), topics_of(likeness)))
    return clips


def order(clips: Sequence[Clip], clauses: tuple[Clause, ...], seed: int) -> list[str]:
    """The product's own order."""
    given = Circumstances(clauses=clauses, now=NOW, seed=seed)
    return [one.id for one in ranking.rank(candidates(clips, clauses), given)]


def candidates(clips: Sequence[Clip], clauses: Sequence[Clause]) -> list[Candidate]:
    """Each of another maker and lineage, and all equally fresh: only words tell them apart."""
    targets = {t.words: unpacked(t.vector) for c in clauses for t in c.targets if t.vector}
    return [
        Candidate(
            id=clip.id, owner_id=clip.id, root_id=clip.id, posted_at=NOW, topics=clip.topics,
            likeness={words: cosine(clip.vector, vector) for words, vector in targets.items()},
        )
        for clip in clips
    ]  # fmt: skip


def fit_order(clips: Sequence[Clip], clauses: Sequence[Clause]) -> dict[str, float]:
    """What the words alone say of each clip, without the draw."""
    return {
        each.id: -99.0 if ranking.is_excluded(each, clauses) else sum(t.value for t in ranking.fits(each, clauses))
        for each in candidates(clips, clauses)
    }


def perfect(row: dict[str, Any], ask: Ask) -> tuple[Clause, ...]:
    """Clauses as they were meant, over the same vectors."""
    clauses = []
    for said in row["expect"]["clauses"]:
        words = tuple(label.replace("_", " ") for label in said["targets"])
        vectors = Embedded.model_validate(ask(Embed(texts=words))).vectors if words else ()
        targets = tuple(
            Target(words=w, topics=(label,), vector=v)
            for w, label, v in zip(words, said["targets"], vectors, strict=True)
        )
        clauses.append(Clause(op=said["op"], targets=targets, strength=said["strength"]))
    return tuple(clauses)


def bm25(clips: Sequence[Clip], text: str) -> dict[str, float]:
    """Okapi BM25 of the instruction's words over the captions; k1 1.2, b 0.75."""
    bags = {clip.id: Counter(re.findall(r"\w+", clip.caption.lower())) for clip in clips}
    mean = statistics.mean(sum(bag.values()) for bag in bags.values())
    scores = dict.fromkeys(bags, 0.0)
    for word in set(re.findall(r"\w+", text.lower())):
        holds = sum(word in bag for bag in bags.values())
        weight = math.log(1 + (len(bags) - holds + 0.5) / (holds + 0.5))
        for clip, bag in bags.items():
            count = bag[word]
            scores[clip] += weight * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * sum(bag.values()) / mean))
    return scores


def ndcg(ranked: Sequence[str], relevant: frozenset[str]) -> float:
    gains = sum(1 / math.log2(place + 2) for place, clip in enumerate(ranked[:AT]) if clip in relevant)
    return gains / sum(1 / math.log2(place + 2) for place in range(min(AT, len(relevant))))


def auc(scores: dict[str, float], above: frozenset[str]) -> float:
    """The chance that a clip of `above` scores over another; a tie counts half."""
    high = [scores[clip] for clip in scores if clip in above]
    low = [scores[clip] for clip in scores if clip not in above]
    won = sum((a > b) + 0.5 * (a == b) for a in high for b in low)
    return won / (len(high) * len(low))


def evaluate(paths: Sequence[Path], ask: Ask, out: Path | None, say: Callable[[dict[str, Any]], None]) -> None:
    """Print nDCG@10 and AUC beside the peers, what "less" leaves, and what "block" lets through."""
    clips = catalogue(paths[0], ask)
    rows = [row for row in rows_of(paths[1]) if row.get("expect", {}).get("kind", "steer") == "steer"]
    figures: dict[tuple[str, str], list[float]] = {}
    orders = []
    for row in rows:
        clauses = compile_text(row["text"], ask, row["lang"]).clauses
        orders.append({"id": row["id"], "order": order(clips, clauses, 0)})
        if "expect" in row and len(row["expect"]["clauses"]) == 1:
            _measure(clips, row, clauses, ask, figures)
    if out:
        out.write_text("".join(json.dumps(each) + "\n" for each in orders), "utf-8")
    for (what, who), values in sorted(figures.items()):
        say({"what": what, "of": who, "mean": round(statistics.mean(values), 4), "rows": len(values)})
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    say({"clips": len(clips), "instructions": len(rows), "data_sha256": digest})


def _measure(
    clips: Sequence[Clip],
    row: dict[str, Any],
    clauses: tuple[Clause, ...],
    ask: Ask,
    figures: dict[tuple[str, str], list[float]],
) -> None:
    said = row["expect"]["clauses"][0]
    relevant = frozenset(clip.id for clip in clips if clip.labels & set(said["targets"]))
    if not relevant or said["op"] not in ("more", "only", "less", "block"):
        return
    raw = unpacked(Embedded.model_validate(ask(Embed(texts=(row["text"],)))).vectors[0])
    scores = {
        "ours": fit_order(clips, clauses),
        "perfect parse": fit_order(clips, perfect(row, ask)),
        "embedding only": {clip.id: cosine(clip.vector, raw) for clip in clips},
        "bm25": bm25(clips, row["text"]),
        "no steering": {clip.id: 0.0 for clip in clips},
    }
    wanted = said["op"] in ("more", "only")
    above = relevant if wanted else frozenset(clip.id for clip in clips) - relevant
    for who, found in scores.items():
        figures.setdefault(("directional AUC", who), []).append(auc(found, above))
        if wanted:
            figures.setdefault(("nDCG@10, words alone", who), []).append(ndcg(_by(found), relevant))
    drawn = [order(clips, clauses, seed) for seed in SEEDS]
    plain = [order(clips, (), seed) for seed in SEEDS]
    if wanted:
        figures.setdefault(("nDCG@10, page with draw and exploration", "ours"), []).extend(
            ndcg(o, relevant) for o in drawn
        )
    share, before = _share(drawn, relevant), _share(plain, relevant)
    figures.setdefault((f"share in {SHARE}, {said['op']}", "ours"), []).append(share)
    figures.setdefault((f"share in {SHARE}, {said['op']}", "no steering"), []).append(before)
    if said["op"] == "block":
        figures.setdefault(("blocked in the top 50", "ours"), []).append(len(set(drawn[0][:50]) & relevant))


def _by(scores: dict[str, float]) -> list[str]:
    return sorted(scores, key=lambda clip: (-scores[clip], hashlib.sha256(clip.encode()).digest()))


def _share(orders: Sequence[Sequence[str]], relevant: frozenset[str]) -> float:
    return statistics.mean(len(set(each[:SHARE]) & relevant) / SHARE for each in orders)
