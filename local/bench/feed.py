"""`volary bench feed`: pages of a feed over many clips, beside exact numpy and a plain SQL ORDER BY in the same run.

Vectors are resampled from real captions: each is a caption's own, moved by noise about as far as its tenth neighbour
is, so that the clusters stay. The home grows from size to size; every page is the product's own code and storage.
"""

import base64
import gc
import json
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy
from volary.accounts import Account
from volary.embedded import Home, open_home
from volary.embedded.vectors import DiskVectors
from volary.errors import Invalid
from volary.ports import Item, Near, Point, Services
from volary.steering import Clause, Target
from volary.steering.parameters import Entry, Parameters
from volary.steering.targets import anchors, topics_of
from volary.stores.feeds import Facts, Feeds, State
from volary.stores.videos import item_of
from volary.videos import Signature, Video

from events.inference import Embed, Embedded, MediaFacts
from functions.feed.read import read
from local.texts import asker

SIZES = (10_000, 100_000, 1_000_000)
PEOPLE = 100_000
CAPTIONS = 2_000
PAGES, QUESTIONS, UPDATES, AT_ONCE = 150, 100, 20, 10_000
PAGE, RECALLED = 20, 100
GOALS = {"page_p99_ms": 60, "recall_at_100": 0.95, "storage_calls": 2, "visible_s": 2}
FACTS = MediaFacts(
    sha256="0" * 64, size_bytes=9, width=720, height=1280, frames=96, frame_rate=24, seconds=4, audio_seconds=4
)
SIGNED = Signature(manifest_id="urn:c2pa:1", sha256="1" * 64, size_bytes=10, signed_at=1)


@dataclass
class Corpus:
    """Captions with their topics and vectors; `drawn` are the clips' vectors so far, as float32 rows of length one."""

    captions: list[str]
    topics: list[dict[str, float]]
    vectors: numpy.ndarray
    spread: numpy.ndarray
    drawn: numpy.ndarray
    count: int = 0


class Counting:
    """The home's items, counting calls."""

    def __init__(self, items: Any) -> None:
        self._items, self.reads, self.writes = items, 0, 0

    def __getattr__(self, name: str) -> Any:
        if name in ("write", "transact"):
            self.writes += 1
        else:
            self.reads += 1
        return getattr(self._items, name)


def bench(clips: int = SIZES[0], captions: Path | None = None) -> Iterator[dict[str, Any]]:
    """Figures at each size up to `clips`. `captions` is JSON lines with "text" or "caption"."""
    corpus = _corpus(_captions(captions), clips)
    with TemporaryDirectory(prefix="bench-feed-") as name:
        home = open_home(Path(name))
        for size in sorted({*(each for each in SIZES if each < clips), clips}):
            started = time.perf_counter()
            _grow(home, corpus, size)
            filled, started = time.perf_counter() - started, time.perf_counter()
            DiskVectors(home.folder / "vectors", threads=2).rebuild()
            yield {
                "bench": "feed", "clips": size, "people": PEOPLE, "filled_s": round(filled, 1),
                "graph_built_s": round(time.perf_counter() - started, 1),
                **_pages(home, corpus), **_recall(home, corpus), **_update(home, corpus), **_memory(home),
                "goals": GOALS,
            }  # fmt: skip


def _captions(path: Path | None) -> list[str]:
    if path is None:
        return [phrase for phrase, _ in anchors()]
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    found = [row.get("text") or row.get("caption") for row in rows]
    if not all(found) or not found:
        raise Invalid(f"{path} holds no captions: every line needs a text or a caption")
    return list(found[:: max(1, len(found) // CAPTIONS)])[:CAPTIONS]


def _corpus(captions: list[str], clips: int) -> Corpus:
    ask, names = asker(), tuple(phrase for phrase, _ in anchors())
    topics, rows = [], []
    for start in range(0, len(captions), 64):
        asked = Embed(texts=tuple(captions[start : start + 64]), anchors=names)
        meant = Embedded.model_validate(ask(asked))
        topics += [topics_of(row) for row in meant.likeness]
        rows += [numpy.frombuffer(base64.b64decode(vector), "<f2") for vector in meant.vectors]
    vectors = numpy.stack(rows).astype(numpy.float32)
    tenth = numpy.sort(1 - vectors @ vectors.T, axis=1)[:, min(10, len(rows) - 1)]
    spread = numpy.sqrt(2 * numpy.maximum(tenth, 0.02))  # the distance of two such vectors of length one
    return Corpus(captions, topics, vectors, spread, numpy.empty((clips, vectors.shape[1]), numpy.float32))


def _grow(home: Home, corpus: Corpus, size: int) -> None:
    """Clips up to `size`: vectors, records and facts as the pipeline leaves them, many in one transaction."""
    dice = numpy.random.default_rng(corpus.count)
    store = home.vectors
    for start in range(corpus.count, size, AT_ONCE):
        stop = min(size, start + AT_ONCE)
        chosen = dice.integers(len(corpus.captions), size=stop - start)
        noise = dice.standard_normal((stop - start, corpus.vectors.shape[1]), dtype=numpy.float32)
        noise *= (corpus.spread[chosen] / numpy.sqrt(corpus.vectors.shape[1]))[:, None]
        moved = corpus.vectors[chosen] + noise
        moved /= numpy.linalg.norm(moved, axis=1, keepdims=True)
        corpus.drawn[start:stop] = moved.astype("<f2")  # what is compared exactly is what is stored
        packed = [base64.b64encode(row.tobytes()).decode() for row in moved.astype("<f2")]
        owners = dice.integers(PEOPLE, size=stop - start)
        store.load(
            [
                Point(
                    _id(start + place),
                    vector,
                    f"user_{owners[place]}",
                    _id(start + place),
                    start + place,
                    language="en",
                    topics=corpus.topics[chosen[place]],
                )
                for place, vector in enumerate(packed)
            ]
        )
        made = enumerate(zip(chosen.tolist(), owners.tolist(), packed, strict=True), start)
        _store(home, [row for number, (caption, *rest) in made for row in _rows(corpus, caption, number, tuple(rest))])
    corpus.count = size


def _id(number: int) -> str:
    return f"video_{number:08d}"


def _rows(corpus: Corpus, caption: int, number: int, rest: tuple[int, str]) -> list[Item]:
    owner, vector = f"user_{rest[0]}", rest[1]
    video = _TEMPLATE.model_copy(
        update={"id": _id(number), "owner_id": owner, "prompt": corpus.captions[caption], "posted_at": number}
    )
    facts = Facts.model_construct(
        video_id=video.id, owner_id=owner, root_id=video.id, seconds=4, is_remix=False, completed_at=number,
        topics=corpus.topics[caption], vector=vector,
    )  # fmt: skip
    key = {"pk": f"VIDEO#{video.id}", "sk": "FEEDFACTS", "gsi1pk": "FEEDFACTS", "gsi1sk": f"{number:012d}#{video.id}"}
    return [item_of(video), {**key, **facts.model_dump(mode="json")}]


_TEMPLATE = Video(
    id="video", owner_id="user", prompt="x", asked_model="volary-1", seconds=4, width=720, height=1280, seed=1,
    record="0" * 16, visibility="public", status="completed", stage="done", gate="pass", made=FACTS, model="volary-1",
    signature=SIGNED, created_at=1, completed_at=1, posted_at=1, version=1,
)  # fmt: skip


def _store(home: Home, items: Sequence[Item]) -> None:
    """Past the port, because a million transactions of two writes would measure nothing but themselves."""
    names = ("pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")
    sql = f"INSERT INTO items ({', '.join(names)}, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
    with home.database.transaction(is_durable=False) as connection:
        connection.executemany(sql, ([*(each.get(name) for name in names), json.dumps(each)] for each in items))


def _pages(home: Home, corpus: Corpus) -> dict[str, Any]:
    """First pages and those after a cursor, by people who asked for more of some caption's kind; and SQL's newest."""
    items = Counting(home.items)
    services = replace(home.services, items=items)  # type: ignore[arg-type]
    first, later, newest, calls = [], [], [], {"first": set(), "later": set()}
    burnt, before = [], os.getloadavg()[0]
    read(_person(services, corpus, PAGES), services, PAGE, None)  # what a process loads at its first page
    gc.collect()
    gc.freeze()  # as the API server does
    for number in range(PAGES):
        account = _person(services, corpus, number)
        cpu = time.process_time()
        spent, after = _counted(items, lambda: read(account, services, PAGE, None))  # noqa: B023
        first.append(spent)
        burnt.append(time.process_time() - cpu)
        calls["first"].add((items.reads, items.writes))
        spent, _ = _counted(items, lambda: read(account, services, PAGE, after))  # noqa: B023
        later.append(spent)
        calls["later"].add((items.reads, items.writes))
        newest.append(_timed(lambda: _newest(home)))
    return {
        "load_before": round(before, 1), "first_page_cpu_ms": _spread(burnt),
        "first_page_ms": _spread(first), "later_page_ms": _spread(later), "sql_newest_ms": _spread(newest),
        "calls_first": sorted(calls["first"]), "calls_later": sorted(calls["later"]),
    }  # fmt: skip


def _person(services: Services, corpus: Corpus, number: int) -> Account:
    place = number * 37 % len(corpus.captions)
    vector = base64.b64encode(corpus.vectors[place].astype("<f2").tobytes()).decode()
    clause = Clause(op="more", targets=(Target(words=corpus.captions[place], vector=vector),))
    person = f"user_{number}"
    parameters = Parameters(entries=(Entry(clause=clause, since=0),))
    known = Feeds(services.items).state(person)
    if known == State():
        Feeds(services.items).change(person, known, parameters, "bench", 1)
    return Account(user_id=person, handle=f"u_{number}", birth_date=date(1990, 1, 1), created_at=1)


def _counted(items: Counting, page: Callable[[], Any]) -> tuple[float, str]:
    items.reads = items.writes = 0
    started = time.perf_counter()
    found = page()
    spent = time.perf_counter() - started
    if len(found.shown) != PAGE:
        raise Invalid(f"a page has {len(found.shown)} clips, not {PAGE}")
    return spent, found.after


def _newest(home: Home) -> list[Video]:
    sql = "SELECT body FROM items WHERE gsi2pk = 'PUBLIC' ORDER BY gsi2sk DESC LIMIT 20"
    with home.database.reading() as connection:
        return [Video.model_validate(json.loads(row["body"])) for row in connection.execute(sql)]


def _recall(home: Home, corpus: Corpus) -> dict[str, Any]:
    dice = numpy.random.default_rng(7)
    shares, ours, exact = [], [], []
    for _ in range(QUESTIONS):
        base = int(dice.integers(len(corpus.captions)))
        asked = Near(base64.b64encode(corpus.vectors[base].astype("<f2").tobytes()).decode(), RECALLED)
        started = time.perf_counter()
        found = {int(hit.id.removeprefix("video_")) for hit in home.vectors.near([asked])[0]}
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        scores = corpus.drawn[: corpus.count] @ corpus.vectors[base]
        best = numpy.argpartition(-scores, RECALLED)[:RECALLED]
        exact.append(time.perf_counter() - started)
        shares.append(len(found & set(best.tolist())) / RECALLED)
    return {"recall_at_100": round(statistics.mean(shares), 4), "recall_worst": min(shares),
            "index_ms": _spread(ours), "exact_numpy_ms": _spread(exact)}  # fmt: skip


def _update(home: Home, corpus: Corpus) -> dict[str, Any]:
    """From the call that places a clip, or takes it away, until another process's view would find it so."""
    writer, spent = DiskVectors(home.folder / "vectors"), []
    for number in range(UPDATES):
        vector = base64.b64encode(corpus.vectors[number].astype("<f2").tobytes()).decode()
        started = time.perf_counter()
        writer.put([Point("video_fresh", vector, "user_0", "video_fresh", 1)])
        while "video_fresh" not in {hit.id for hit in home.vectors.near([Near(vector, 10)])[0]}:
            continue
        writer.remove(["video_fresh"])
        while "video_fresh" in {hit.id for hit in home.vectors.near([Near(vector, 10)])[0]}:
            continue
        spent.append(time.perf_counter() - started)
    return {"placed_and_gone_ms": _spread(spent)}


def _memory(home: Home) -> dict[str, Any]:
    """Peak of this process, which also holds the vectors for the exact comparison, and what lies on disk."""
    graph = sum(path.stat().st_size for path in (home.folder / "vectors").glob("*.usearch"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak_mb": peak // 1024, "graph_mb": graph // 2**20}


def _timed(act: Callable[[], Any]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(1000 * each for each in seconds)
    return {"median": round(statistics.median(ordered), 2), "p99": round(ordered[int(0.99 * (len(ordered) - 1))], 2)}
