"""The `Vectors` port at home: a memory-mapped usearch graph on disk, and a SQLite table that says what counts.

The table is the truth. The graph is rebuilt from it now and then; points since then are compared one by one, and what
the graph finds counts only while it is in the table. So a change is seen by every process as soon as it is committed.
"""

import base64
import binascii
import fcntl
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from volary.errors import Invalid
from volary.meanings import WIDTH
from volary.ports import Hit, Known, Near, Point

LEAST_LATE, LATE_SHARE = 2_000, 0.02  # points outside the graph from which it is rebuilt, and as a share of those in it
CONNECTIVITY, WHILE_ADDING, WHILE_SEARCHING = 16, 64, 384
SPARE = 1.2  # asked of the graph beyond what is wanted: some may be gone, and bytes order only nearly
EIGHTS = 700.0  # numbers of a vector of length one are spread like 1 / sqrt(512): four and more deviations fit a byte
KIND = "graph8-"  # an earlier version's graph held half floats; its file counts as lost
BUSY_SECONDS = 30.0
AT_ONCE, ENDLESS = 20_000, 2**62
TRIES = 3
BYTES = 2 * WIDTH
SCHEMA = """
CREATE TABLE IF NOT EXISTS points (
    key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner_id TEXT NOT NULL, root_id TEXT NOT NULL,
    at INTEGER NOT NULL, people TEXT NOT NULL, vector BLOB NOT NULL, facts TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS points_owner ON points (owner_id, at);
CREATE INDEX IF NOT EXISTS points_at ON points (at);
CREATE INDEX IF NOT EXISTS points_root ON points (root_id, at);
CREATE TABLE IF NOT EXISTS graphs (file TEXT PRIMARY KEY, upto INTEGER NOT NULL);
"""
Numbers = Any  # a numpy array or a usearch index: neither is imported before the first question


class DiskVectors:
    """In `folder`, for any number of threads and processes. Nothing is opened before the first use."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._folder = folder
        self._threads = threads
        self._lock = threading.RLock()
        self._opened: sqlite3.Connection | None = None
        self._graph: tuple[str, Numbers] = ("", None)
        self._late_keys: list[int] = []
        self._late: Numbers = None

    def put(self, points: Sequence[Point]) -> None:
        self.load(points)
        if self._is_late():
            self.rebuild()

    def load(self, points: Sequence[Point]) -> None:
        """`put` without a look at the graph: many points first, one `rebuild` then."""
        rows = {each.id: _row(each) for each in points}
        with self._writing() as connection:
            found = connection.execute(
                "SELECT id, vector FROM points WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(rows)),)
            )
            # A point that has not moved keeps its key, and with it its place in the graph.
            kept = {clip for clip, vector in found if vector == rows[clip][-1]}
            connection.executemany(
                "UPDATE points SET owner_id = ?, root_id = ?, at = ?, people = ?, facts = ? WHERE id = ?",
                [(*rows[clip][1:-1], clip) for clip in kept],
            )
            fresh = [row for clip, row in rows.items() if clip not in kept]
            connection.executemany("DELETE FROM points WHERE id = ?", [(row[0],) for row in fresh])
            # Keys only grow, so that one who has read up to a key has read everything before it.
            connection.executemany(
                "INSERT INTO points (id, owner_id, root_id, at, people, facts, vector) VALUES (?, ?, ?, ?, ?, ?, ?)",
                fresh,
            )

    def remove(self, ids: Sequence[str]) -> None:
        with self._writing() as connection:
            connection.executemany("DELETE FROM points WHERE id = ?", [(each,) for each in ids])

    def near(self, asked: Sequence[Near]) -> list[list[Hit]]:
        with self._lock:
            self._refresh()
            return [self._answer(each) for each in asked]

    def known(self, ids: Sequence[str], targets: Sequence[str]) -> dict[str, Known]:
        import numpy

        with self._lock:
            rows = self._connection.execute(
                "SELECT id, owner_id, root_id, at, people, facts, vector FROM points "
                "WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),),
            ).fetchall()  # fmt: skip
        if not rows:
            return {}
        wanted = [numpy.frombuffer(_decoded(each, "what is asked about"), "<f2") for each in targets]
        stored = _numbers([(0, row[-1]) for row in rows]).astype(numpy.float32)
        cosines = stored @ numpy.stack(wanted).astype(numpy.float32).T if wanted else numpy.empty((len(rows), 0))
        facts = json.loads(f"[{','.join(row[5] for row in rows)}]")  # one text at once takes half the time
        return {row[0]: _known(row, *rest) for row, *rest in zip(rows, facts, cosines.tolist(), strict=True)}

    def _answer(self, asked: Near) -> list[Hit]:
        if asked.since:
            return self._newest(asked)
        return self._listed(asked) if asked.owners or asked.roots else self._nearest(asked)

    def rebuild(self, most: int | None = None) -> bool:
        """Take the late points into the graph and drop what is gone; False where another process is at it.

        Needs the whole graph in memory for a moment, about 0.7 KB a point. With `most` only so many points, the
        oldest first: the rest stays late.
        """
        with _alone(self._folder / "rebuild.lock") as is_mine:
            if is_mine:
                self._rebuild(most)
            return is_mine

    def late(self) -> int:
        """How many keys were given since the graph was built."""
        with self._lock:
            newest = self._connection.execute("SELECT max(key) FROM points").fetchone()[0] or 0
            return max(0, newest - self._current()[1])

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = sqlite3.connect(
                self._folder / "points.sqlite", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("PRAGMA synchronous = NORMAL")
            _bring_up(made)
            self._opened = made
        return self._opened

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _current(self) -> tuple[str, int]:
        """The graph that counts and the last key in it; none where its file is lost: then the table alone answers."""
        for _ in range(TRIES):  # it may be replaced between the two looks
            found = self._connection.execute("SELECT file, upto FROM graphs").fetchone()
            if found and found[0].startswith(KIND) and (self._folder / found[0]).exists():
                return found[0], found[1]
        return "", 0

    def _is_late(self) -> bool:
        with self._lock:
            upto = self._current()[1]
        return self.late() > max(LEAST_LATE, LATE_SHARE * upto)

    def _refresh(self) -> None:
        """Map the graph that counts now, and read the points that came since."""
        import numpy

        file, upto = self._current()
        if not file:
            if self._graph[0]:
                self._graph, self._late_keys, self._late = ("", None), [], None
        elif file != self._graph[0]:
            from usearch.index import Index

            graph: Numbers = Index.restore(self._folder / file, view=True)
            graph.expansion_search = WHILE_SEARCHING
            self._graph, self._late_keys, self._late = (file, graph), [], None
        last = self._late_keys[-1] if self._late_keys else upto
        rows = self._connection.execute("SELECT key, vector FROM points WHERE key > ? ORDER BY key", (last,)).fetchall()
        if rows:
            fresh = _numbers(rows).astype(numpy.float32)
            self._late = fresh if self._late is None else numpy.concatenate([self._late, fresh])
            self._late_keys += [row[0] for row in rows]

    def _nearest(self, asked: Near) -> list[Hit]:
        """What the graph finds is compared again with the vectors as they were given, beside the late points."""
        import numpy

        wanted = numpy.frombuffer(_decoded(asked.vector, "what is asked for"), "<f2").astype(numpy.float32)
        count = int(asked.count * SPARE) + 1
        keys: list[int] = []
        if self._graph[1] is not None:
            keys = self._graph[1].search(_eights(wanted), count, threads=1).keys.tolist()
        if self._late is not None:
            best = numpy.argsort(-(self._late @ wanted), kind="stable")[:count]
            keys += [self._late_keys[place] for place in best]
        marks = ",".join("?" * len(keys))
        rows = self._connection.execute(f"SELECT key, vector, id, people FROM points WHERE key IN ({marks})", keys)
        found = rows.fetchall()
        if not found:
            return []
        near = _numbers(found).astype(numpy.float32) @ wanted
        order = sorted(zip((-near).tolist(), found, strict=True), key=lambda one: (one[0], one[1][0]))
        return [Hit(clip, _people(people)) for _, (_, _, clip, people) in order[: asked.count]]

    def _listed(self, asked: Near) -> list[Hit]:
        """The newest by those people or in those lineages."""
        owners, roots = json.dumps(asked.owners), json.dumps(asked.roots)
        rows = self._connection.execute(
            "SELECT id, people FROM points WHERE owner_id IN (SELECT value FROM json_each(?)) "
            "OR root_id IN (SELECT value FROM json_each(?)) ORDER BY at DESC, id LIMIT ?",
            (owners, roots, asked.count),
        )
        return [Hit(clip, _people(people)) for clip, people in rows]

    def _newest(self, asked: Near) -> list[Hit]:
        rows = self._connection.execute("SELECT id, people FROM points ORDER BY at DESC, id LIMIT ?", (asked.count,))
        return [Hit(clip, _people(people)) for clip, people in rows]

    def _rebuild(self, most: int | None) -> None:
        from usearch.index import Index

        # A connection of its own, so that readers of this process do not wait.
        with closing(sqlite3.connect(self._folder / "points.sqlite", timeout=BUSY_SECONDS)) as connection:
            before, upto = self._current()
            graph: Numbers = Index.restore(self._folder / before) if before else _empty(Index)
            graph.expansion_add = WHILE_ADDING  # a file does not keep it
            newest, left = upto, most if most is not None else ENDLESS
            while rows := connection.execute(
                "SELECT key, vector FROM points WHERE key > ? ORDER BY key LIMIT ?", (newest, min(AT_ONCE, left))
            ).fetchall():
                graph.add([row[0] for row in rows], _eights(_numbers(rows)), threads=self._threads)
                newest, left = rows[-1][0], left - len(rows)
            _forget(graph, upto, connection, self._threads)
            file = f"{KIND}{newest}-{os.urandom(4).hex()}.usearch"
            graph.save(self._folder / file)
            with connection:
                connection.execute("DELETE FROM graphs")
                connection.execute("INSERT INTO graphs VALUES (?, ?)", (file, newest))
        for other in self._folder.glob("*.usearch"):
            if other.name != file:
                other.unlink(missing_ok=True)  # who has it mapped keeps it


def _bring_up(connection: sqlite3.Connection) -> None:
    """Create the tables, or add to those of an earlier version what came since."""
    columns = [row[1] for row in connection.execute("PRAGMA table_info(points)")]
    if columns and "facts" not in columns:
        connection.execute("ALTER TABLE points ADD COLUMN facts TEXT NOT NULL DEFAULT '{}'")
    connection.executescript(SCHEMA)


def _row(point: Point) -> tuple[Any, ...]:
    facts = {
        "seconds": point.seconds, "is_remix": point.is_remix, "language": point.language,
        "remakers": point.remakers, "topics": dict(point.topics), "form": point.form,
        "has_sound": point.has_sound, "depth": point.depth,
    }  # fmt: skip
    people = json.dumps(point.people)
    return point.id, point.owner_id, point.root_id, point.at, people, json.dumps(facts), _bytes(point)


def _known(row: tuple[Any, ...], facts: dict[str, Any], near: list[float]) -> Known:
    clip, owner, root, at, people = row[:5]
    return Known(Point(clip, "", owner, root, at, _people(people), **facts), tuple(near))


def _people(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored)) if stored != "[]" else ()


def _empty(index: Any) -> Numbers:
    return index(
        ndim=WIDTH, metric="cos", dtype="i8", connectivity=CONNECTIVITY, expansion_add=WHILE_ADDING,
        expansion_search=WHILE_SEARCHING,
    )  # fmt: skip


def _forget(graph: Numbers, upto: int, connection: sqlite3.Connection, threads: int) -> None:
    """Take those out of the graph that were in the last one and are in the table no more."""
    if not upto:
        return
    import numpy

    there = numpy.fromiter((row[0] for row in connection.execute("SELECT key FROM points")), numpy.uint64)
    gone = numpy.setdiff1d(numpy.asarray(graph.keys), there)
    if len(gone):
        graph.remove(gone, threads=threads)


def _numbers(rows: Sequence[tuple[int, bytes]]) -> Numbers:
    import numpy

    return numpy.frombuffer(b"".join(row[1] for row in rows), "<f2").reshape(len(rows), WIDTH)


def _eights(vectors: Numbers) -> Numbers:
    """Whole numbers of a byte, which the graph compares in half the memory and time of half floats."""
    import numpy

    return numpy.clip(numpy.rint(vectors.astype(numpy.float32) * EIGHTS), -127, 127).astype(numpy.int8)


def _bytes(point: Point) -> bytes:
    return _decoded(point.vector, f"the point {point.id}")


def _decoded(vector: str, what: str) -> bytes:
    try:
        plain = base64.b64decode(vector, validate=True)
    except binascii.Error as problem:
        raise Invalid(f"the vector of {what} is not base64: {problem}") from problem
    if len(plain) != BYTES:
        raise Invalid(f"the vector of {what} has {len(plain)} bytes, not {BYTES}")
    return plain


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Whether nobody else is inside; freed by the system if its holder dies."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
