"""`volary bench feed`: pages of a feed over many clips, beside exact numpy and a plain SQL ORDER BY in the same run.

Vectors are resampled from real captions: each is a caption's own, moved by noise about as far as its tenth neighbour
is, so that the clusters stay. The home grows from size to size and may be kept, so that a run that is cut goes on
where it stopped; every page is the product's own code and storage.
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
from volary.meanings import WIDTH
from volary.ports import Item, Near, Point, Services
from volary.steering import Clause, Target
from volary.steering.parameters import Entry, Parameters
from volary.steering.targets import anchors, topics_of
from volary.stores.accounts import account_key, account_of
from volary.stores.feeds import Facts, Opening, State, opening_keys
from volary.stores.videos import item_of
from volary.videos import Signature, Video

from events.inference import Embed, Embedded, MediaFacts
from functions.feed.read import Page, read, view_named
from local.feed_growth import SIZES, drawn_plot
from local.texts import asker

PEOPLE = 100_000
CAPTIONS = 2_000
PAGES, QUESTIONS, UPDATES, AT_ONCE = 500, 100, 20, 10_000
PAGE, RECALLED = 20, 100
FOLLOWED = 12  # people whom each of the hundred thousand follows
GOALS = {"page_p99_ms": 60, "recall_at_100": 0.95, "storage_calls": 2, "visible_s": 2}
FACTS = MediaFacts(
    sha256="0" * 64, size_bytes=9, width=720, height=1280, frames=96, frame_rate=24, seconds=4, audio_seconds=4
)
SIGNED = Signature(manifest_id="urn:c2pa:1", sha256="1" * 64, size_bytes=10, signed_at=1)


@dataclass
class Corpus:
    """Captions with their topics and vectors; `file` keeps the clips' vectors so far, rows of half floats."""

    captions: list[str]
    topics: list[dict[str, float]]
    vectors: numpy.ndarray
    spread: numpy.ndarray
    file: Path

    @property
    def count(self) -> int:
        return self.file.stat().st_size // (2 * WIDTH) if self.file.exists() else 0

    def drawn(self) -> numpy.ndarray:
        """[count, 512] float32, as exact numpy compares them."""
        return numpy.fromfile(self.file, "<f2").reshape(-1, WIDTH).astype(numpy.float32)


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


def bench(
    clips: int = SIZES[0],
    captions: Path | None = None,
    home: Path | None = None,
    seconds: float = 1e9,
    plot: Path | None = None,
) -> Iterator[dict[str, Any]]:
    """Figures at each size up to `clips`. `captions` is JSON lines with "text" or "caption".

    In `home` the clips are kept; after `seconds` of filling it stops, and the next run goes on. `plot` is an SVG that
    is drawn anew, from the lines of the file beside it with the ending .jsonl, to which the figures are added.
    """
    with TemporaryDirectory(prefix="bench-feed-") as name:
        folder, until = home or Path(name), time.monotonic() + seconds
        folder.mkdir(parents=True, exist_ok=True)
        corpus, opened = _corpus(captions, folder), open_home(folder / "home")
        _meet(opened, corpus)
        for size in sorted({*(each for each in SIZES if each < clips), clips}):
            if corpus.count > size:
                continue  # measured when the home was that small
            spent = _filled(opened, corpus, size, until)
            if opened.vectors.late() or corpus.count < size:
                yield {"bench": "feed", "clips": corpus.count, "of": size, "not_in_the_graph": opened.vectors.late()}
                return
            row = {
                "bench": "feed", "clips": size, "people": PEOPLE, **spent, **_pages(opened, corpus),
                **_memory(opened), **_update(opened, corpus), **_recall(opened, corpus), "goals": GOALS,
            }  # fmt: skip
            yield row
            if plot:
                drawn_plot(plot, row)


def _filled(home: Home, corpus: Corpus, size: int, until: float) -> dict[str, float]:
    """Clips and the graph up to `size`, or as far as the time goes; the seconds of this run alone."""
    started = time.perf_counter()
    while corpus.count < size and time.monotonic() < until:
        _grow(home, corpus, min(size, corpus.count + AT_ONCE))
    filled, started = time.perf_counter() - started, time.perf_counter()
    builder = DiskVectors(home.folder / "vectors", threads=2)
    while corpus.count == size and builder.late() and time.monotonic() < until:
        builder.rebuild(most=5 * AT_ONCE)
    return {"filled_s": round(filled, 1), "graph_built_s": round(time.perf_counter() - started, 1)}


def _captions(path: Path | None) -> list[str]:
    if path is None:
        return [phrase for phrase, _ in anchors()]
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    found = [row.get("text") or row.get("caption") for row in rows]
    if not all(found) or not found:
        raise Invalid(f"{path} holds no captions: every line needs a text or a caption")
    return list(found[:: max(1, len(found) // CAPTIONS)])[:CAPTIONS]


def _corpus(path: Path | None, folder: Path) -> Corpus:
    """Captions with their meanings, asked for once a home."""
    kept = folder / "corpus.json"
    if not kept.exists():
        kept.write_text(json.dumps(_meant(_captions(path))), "utf-8")
    captions, topics, packed = json.loads(kept.read_text("utf-8"))
    vectors = numpy.stack([numpy.frombuffer(base64.b64decode(each), "<f2") for each in packed]).astype(numpy.float32)
    tenth = numpy.sort(1 - vectors @ vectors.T, axis=1)[:, min(10, len(captions) - 1)]
    spread = numpy.sqrt(2 * numpy.maximum(tenth, 0.02))  # the distance of two such vectors of length one
    return Corpus(captions, topics, vectors, spread, folder / "drawn.f16")


def _meant(captions: list[str]) -> tuple[list[str], list[dict[str, float]], list[str]]:
    ask, names = asker(), tuple(phrase for phrase, _ in anchors())
    topics: list[dict[str, float]] = []
    vectors: list[str] = []
    for start in range(0, len(captions), 64):
        asked = Embed(texts=tuple(captions[start : start + 64]), anchors=names)
        meant = Embedded.model_validate(ask(asked))
        topics += [topics_of(row) for row in meant.likeness]
        vectors += meant.vectors
    return captions, topics, vectors


def _meet(home: Home, corpus: Corpus) -> None:
    """A hundred thousand people: each asked for more of some caption's kind and follows a dozen others."""
    if home.items.get(account_key(f"user_{PEOPLE - 1}")):
        return
    dice = numpy.random.default_rng(5)
    packed = [base64.b64encode(row.astype("<f2").tobytes()).decode() for row in corpus.vectors]
    chosen, followed = dice.integers(len(packed), size=PEOPLE), dice.integers(PEOPLE, size=(PEOPLE, FOLLOWED))
    for start in range(0, PEOPLE, AT_ONCE):
        rows: list[Item] = []
        for number in range(start, start + AT_ONCE):
            place = int(chosen[number])
            target = Target(words=corpus.captions[place], vector=packed[place])
            entry = Entry(clause=Clause(op="more", targets=(target,)), since=0)
            state = State(parameters=Parameters(entries=(entry,)), version=1)
            pk, following = f"USER#user_{number}", [f"user_{other}" for other in followed[number].tolist()]
            rows.append({"pk": pk, "sk": "FEED", **state.model_dump(mode="json")})
            account = Account(user_id=f"user_{number}", handle=f"u_{number}", birth_date=date(1990, 1, 1), created_at=1)
            rows.append({"pk": pk, "sk": "ACCOUNT", **account.model_dump(mode="json")})
            rows.append({"pk": pk, "sk": "FEEDTIES", "companions": [], "lineages": [], "following": following})
        _store(home, rows)


def _grow(home: Home, corpus: Corpus, size: int) -> None:
    """Clips up to `size`: vectors, records and facts as the pipeline leaves them, many in one transaction."""
    start = corpus.count
    dice = numpy.random.default_rng(start)
    chosen, owners = dice.integers(len(corpus.captions), size=size - start), dice.integers(PEOPLE, size=size - start)
    noise = dice.standard_normal((size - start, WIDTH), dtype=numpy.float32)
    noise *= (corpus.spread[chosen] / numpy.sqrt(WIDTH))[:, None]
    moved = corpus.vectors[chosen] + noise
    moved = (moved / numpy.linalg.norm(moved, axis=1, keepdims=True)).astype("<f2")
    packed = [base64.b64encode(row.tobytes()).decode() for row in moved]
    made = list(enumerate(zip(chosen.tolist(), owners.tolist(), packed, strict=True), start))
    home.vectors.load(
        [
            Point(
                _id(number), vector, f"user_{owner}", _id(number), number, language="en", topics=corpus.topics[caption]
            )
            for number, (caption, owner, vector) in made
        ]
    )
    _store(home, [row for number, (caption, *rest) in made for row in _rows(corpus, caption, number, tuple(rest))])
    with corpus.file.open("ab") as file:
        file.write(moved.tobytes())  # last: a batch that was cut is made again, and replaces itself


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
    sql = f"REPLACE INTO items ({', '.join(names)}, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
    with home.database.transaction(is_durable=False) as connection:
        connection.executemany(sql, ([*(each.get(name) for name in names), json.dumps(each)] for each in items))


def _pages(home: Home, corpus: Corpus) -> dict[str, Any]:
    """First pages and those after a cursor, by people who asked for more of some caption's kind; and SQL's newest."""
    items = Counting(home.items)
    services = replace(home.services, items=items)  # type: ignore[arg-type]
    spent: dict[str, list[float]] = {
        name: [] for name in ("first", "cpu", "later", "later_cpu", "newest", "newest_cpu", "thawed")
    }
    calls: dict[str, set[tuple[int, int]]] = {"first": set(), "later": set()}
    load = os.getloadavg()[0]
    started = time.perf_counter()
    _page(services, PAGES, None)  # what a process loads at its first page
    cold = time.perf_counter() - started
    for number in range(PAGES, PAGES + PAGES // 5):  # as it would be without the freeze below
        spent["thawed"].append(_counted(items, lambda: _page(services, number, None))[0])  # noqa: B023
    gc.collect()
    gc.freeze()  # as the API server does
    for number in range(PAGES):
        burnt = time.process_time()
        took, after = _counted(items, lambda: _page(services, number, None))  # noqa: B023
        spent["first"].append(took)
        spent["cpu"].append(time.process_time() - burnt)
        calls["first"].add((items.reads, items.writes))
        burnt = time.process_time()
        took, _ = _counted(items, lambda: _page(services, number, after))  # noqa: B023
        spent["later"].append(took)
        spent["later_cpu"].append(time.process_time() - burnt)
        calls["later"].add((items.reads, items.writes))
        burnt = time.process_time()
        spent["newest"].append(_timed(lambda: _newest(home)))
        spent["newest_cpu"].append(time.process_time() - burnt)
    return {
        "load_before": round(load, 1), "load_after": round(os.getloadavg()[0], 1),
        "coldest_page_ms": round(1000 * cold), "pages": PAGES,
        "first_page_ms": _spread(spent["first"]), "first_page_cpu_ms": _spread(spent["cpu"]),
        "first_page_before_freeze_ms": _spread(spent["thawed"]), "later_page_ms": _spread(spent["later"]),
        "later_page_cpu_ms": _spread(spent["later_cpu"]),
        "sql_newest_ms": _spread(spent["newest"]), "sql_newest_cpu_ms": _spread(spent["newest_cpu"]),
        "calls_first": sorted(calls["first"]), "calls_later": sorted(calls["later"]),
    }  # fmt: skip


def _page(services: Services, number: int, after: str | None) -> Page:
    """A page as the route reads it, the account with it, of one of the hundred thousand, far from the last."""
    user_id, ordered = f"user_{number * 197 % PEOPLE}", view_named(after)
    found = services.items.get_many([account_key(user_id), *opening_keys(user_id, ordered)])
    person = account_of(found.get(account_key(user_id)), user_id)
    return read(person, services, PAGE, after, Opening.told(found, user_id, ordered))


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
    burnt: tuple[list[float], list[float]] = ([], [])
    drawn = corpus.drawn()
    for _ in range(QUESTIONS):
        base = int(dice.integers(len(corpus.captions)))
        asked = Near(base64.b64encode(corpus.vectors[base].astype("<f2").tobytes()).decode(), RECALLED)
        started, cpu = time.perf_counter(), time.process_time()
        found = {int(hit.id.removeprefix("video_")) for hit in home.vectors.near([asked])[0]}
        ours.append(time.perf_counter() - started)
        burnt[0].append(time.process_time() - cpu)
        started, cpu = time.perf_counter(), time.process_time()
        best = numpy.argpartition(-(drawn @ corpus.vectors[base]), RECALLED)[:RECALLED]
        exact.append(time.perf_counter() - started)
        burnt[1].append(time.process_time() - cpu)
        shares.append(len(found & set(best.tolist())) / RECALLED)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"recall_at_100": round(statistics.mean(shares), 4), "recall_worst": min(shares), "index_ms": _spread(ours),
            "exact_numpy_ms": _spread(exact), "index_cpu_ms": _spread(burnt[0]),
            "exact_numpy_cpu_ms": _spread(burnt[1]), "peak_with_exact_mb": peak // 1024}  # fmt: skip


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
    """What this process holds after its pages, its own and mapped from files; and what lies on disk."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    held = {name: int(status[name].split()[0]) // 1024 for name in ("RssAnon", "RssFile") if name in status}
    folder = home.folder / "vectors"
    sizes = {
        "graph": folder.glob("*.usearch"),
        "points": folder.glob("points.sqlite*"),
        "items": home.folder.glob("*.sqlite*"),
    }
    disk = {f"{name}_mb": sum(each.stat().st_size for each in found) // 2**20 for name, found in sizes.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"own_mb": held.get("RssAnon"), "mapped_mb": held.get("RssFile"), "peak_mb": peak // 1024, **disk}


def _timed(act: Callable[[], Any]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(1000 * each for each in seconds)
    return {"median": round(statistics.median(ordered), 2), "p99": round(ordered[int(0.99 * (len(ordered) - 1))], 2)}
