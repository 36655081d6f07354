"""`volary bench likeness`: what consent costs: enrolling, revoking, taking ten thousand clips down, asking at a read.

On a home of its own, with records as the pipeline leaves them. The peer of the reads is the same work on the same clips
without reading any consent, turn by turn in the same run.
"""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from volary import feed
from volary.accounts import Account, Viewer
from volary.embedded import Home, Options, open_home
from volary.embedded.calls import Outcome
from volary.enrolment import Likeness, challenge
from volary.likeness import Appearance, Consent, Grant, Made, Standing
from volary.ports import Put, Range
from volary.stores.accounts import Accounts
from volary.stores.likenesses import Likenesses, standing_of, use_write
from volary.stores.videos import Act, Videos, changing, item_of
from volary.videos import Signature, SourceClip, Video, is_withdrawn, published_key

from events.inference import MediaFacts
from functions.api.videos import told
from functions.events.subscriptions import SUBSCRIPTIONS
from functions.likenesses.withdraw import withdraw
from functions.videos.progress import Line
from local.enrolling import enrolling
from local.handlers import caller

DERIVATIVES, DEPTH = 10_000, 5
GOAL_SECONDS, GOAL_RATIO = 60.0, 1.1
REVOKES, READS, CAPTURES = 50, 400, 12
WEIGHTS = Path(__file__).parents[2] / "inference" / "weights"
PERSON, MAKER, LIKENESS = "user_person", "user_maker", "like_bench"
FACTS = MediaFacts(
    sha256="0" * 64, size_bytes=9, width=720, height=1280, frames=96, frame_rate=24, seconds=4, audio_seconds=4
)
SIGNED = Signature(manifest_id="urn:c2pa:1", sha256="1" * 64, size_bytes=10, signed_at=1)


@dataclass(frozen=True)
class Shown:
    """Which clips a home is filled with: how many, and whether they have files."""

    count: int
    with_files: bool = False


def bench(media: Path | None = None, captures: int = CAPTURES) -> Iterator[dict[str, Any]]:
    """`media` is the media folder of the evaluation data; without it enrolling is not timed."""
    if media:
        yield from enrolling(media, WEIGHTS, captures)
    yield from reads()
    yield revoking()
    yield cascade()


def reads() -> Iterator[dict[str, Any]]:
    """Pages of the feed per second, twenty clips with their links and somebody in each: asking, and not asking."""
    with TemporaryDirectory(prefix="bench-likeness-") as name:
        home = _home(Path(name))
        fill(home, Shown(40))
        known = standing_of(Videos(home.items).public(Range(limit=1)), home.services)
        spent: dict[str, list[float]] = {"off": [], "on": []}
        for _ in range(READS):  # turn by turn, so that whatever else the machine does falls on both
            spent["off"].append(_worked(lambda: _page(home, known)))
            spent["on"].append(_worked(lambda: _page(home, None)))
        off, on = (1 / statistics.median(spent[part]) for part in ("off", "on"))
    yield {
        "bench": "likeness", "figure": "feed pages per second of CPU, consent asked", "value": round(on, 1),
        "peer": "the same pages, no consent read", "peer_value": round(off, 1), "ratio": round(off / on, 3),
        "goal": GOAL_RATIO,
    }  # fmt: skip


def revoking() -> dict[str, Any]:
    """Milliseconds from the call to its answer, from which nothing covered is served."""
    with TemporaryDirectory(prefix="bench-likeness-") as name:
        home = _home(Path(name))
        spent = []
        for number in range(REVOKES):
            likeness_id = _enrolled(home, f"user_{number}", f"like_{number}")
            viewer = Viewer(user_id=f"user_{number}")
            spent.append(_timed(lambda: withdraw(likeness_id, "all", "", viewer, home.services)))  # noqa: B023
    milliseconds = sorted(1000 * each for each in spent)
    return {
        "bench": "likeness", "figure": "revoke, milliseconds", "median": round(statistics.median(milliseconds), 2),
        "p99": round(milliseconds[-1], 2), "n": REVOKES,
    }  # fmt: skip


def cascade(count: int = DERIVATIVES) -> dict[str, Any]:
    """Seconds until every one of `count` derivatives is down and its files are gone, compared with a full scan."""
    with TemporaryDirectory(prefix="bench-likeness-") as name:
        home = _home(Path(name))
        fill(home, Shown(count, with_files=True))
        started, worked = time.perf_counter(), time.process_time()
        withdraw(LIKENESS, "all", "", Viewer(user_id=PERSON), home.services)
        answered = time.perf_counter() - started
        deliver(home)
        seconds, cpu = time.perf_counter() - started, time.process_time() - worked
        done = Likenesses(home.items).cascades(LIKENESS)[0]
        found = scanned(home)
    return {
        "bench": "likeness", "figure": f"cascade over {count} derivatives of depth {DEPTH}, seconds",
        "value": round(seconds, 1), "cpu_seconds": round(cpu, 1), "answered_after": round(answered, 4),
        "taken_down": done.taken_down,
        "full_scan": found, "agree": done.taken_down == found == count, "goal": GOAL_SECONDS,
    }  # fmt: skip


def fill(home: Home, shown: Shown) -> None:
    """A tree of published clips: one, its remix, and so on down to the fifth, then the next one."""
    _enrolled(home, PERSON, LIKENESS)
    line: list[Video] = []
    for number in range(shown.count):
        line = [*line, _clip(home, number, line, shown)] if number % DEPTH else [_clip(home, number, [], shown)]


def deliver(home: Home) -> None:
    """Everything that events lead to, as the worker does it, one handler after the other."""
    call = caller(home.services)
    while home.bus.relay(home.items) + len(claimed := home.bus.claim(limit=100)):
        for delivery in claimed:
            home.bus.settle(delivery, Outcome(call(delivery.handler, delivery.event)))


def scanned(home: Home) -> int:
    """Clips with the person that nobody may see, counted from the records alone, past every index."""
    with home.database.reading() as connection:
        rows = connection.execute("SELECT pk FROM items WHERE sk = 'RECORD' AND pk LIKE 'VIDEO#%'").fetchall()
    store, count = Videos(home.items), 0
    for row in rows:
        video = store.get(row["pk"].removeprefix("VIDEO#"))
        is_gone = home.blobs.facts("videos", published_key(video, "video")) is None
        is_down = video.withdrawn_at is not None and is_withdrawn(video, standing_of([video], home.services))
        count += is_down and is_gone and any(each.likeness_id == LIKENESS for each in video.people)
    return count


def _home(folder: Path) -> Home:
    folder.mkdir(exist_ok=True)
    home = open_home(folder, Options(subscriptions=SUBSCRIPTIONS))
    Accounts(home.items).add(_account(MAKER))
    return home


def _account(user_id: str) -> Account:
    handle = user_id.replace("user_", "u_")
    return Account(user_id=user_id, handle=handle, birth_date=date(1990, 1, 1), created_at=1)


def _enrolled(home: Home, user_id: str, likeness_id: str) -> str:
    store, now = Likenesses(home.items), int(home.clock.now().timestamp())
    Accounts(home.items).add(_account(user_id))
    drawn = challenge(home.ids.seed(), "en", now)
    record = Likeness(
        id=likeness_id, owner_id=user_id, state="active", challenge=drawn, upload_key=f"{user_id}/x", created_at=now
    )
    store.add(record, Act(action="enrolled", actor=user_id, at=now))
    consent = Consent(
        likeness_id=likeness_id, person_id=user_id, grant=Grant(audience="everyone"), adult_at=0, text_version="1",
        text_sha256="0", receipt_id=home.ids.new("rcpt"),
    )  # fmt: skip
    home.items.transact([store.consent_write(consent, None), store.name_write(user_id, likeness_id)])
    return likeness_id


def _clip(home: Home, number: int, line: list[Video], shown: Shown) -> Video:
    """One finished clip, stored with its use as `create` and `publish` would."""
    video_id, now = f"video_{number:06d}", int(home.clock.now().timestamp())
    through = tuple(Made(video_id=each.id, maker_id=each.owner_id, purpose=each.purpose) for each in line)
    appearance = Appearance(
        likeness_id=LIKENESS, person_id=PERSON, version=1, at=now, how="inherited" if line else "declared",
        through=through,
    )  # fmt: skip
    source = SourceClip(use="remix", media="video", video_id=line[-1].id) if line else None
    video = Video(
        id=video_id, owner_id=MAKER, prompt="a red balloon", asked_model="volary-1", seconds=4, width=720, height=1280,
        seed=1, record=f"{number:016x}", visibility="public" if number % 2 else "private", source=source,
        people=(appearance,), status="completed", stage="done", gate="pass", made=FACTS,
        model="volary-1", signature=SIGNED, created_at=now, completed_at=now, posted_at=now if number % 2 else None,
        version=0,
    )  # fmt: skip
    fresh, writes = changing(video, Act(action="published", actor="bench", at=now))
    uses = [use_write(each, video_id) for each in video.people]
    home.items.transact([Put(item_of(fresh)), writes[1], *uses])
    if shown.with_files:
        home.blobs.put("videos", published_key(fresh, "video"), video_id.encode(), "video/mp4")
    return fresh


def _page(home: Home, known: Standing | None) -> None:
    """What the feed's route does for a page, less HTTP; with `known` consents none is read."""
    viewer, line = Viewer(user_id=MAKER), Line()
    listed = Videos(home.items).public(Range(limit=20, newest_first=True))
    standing = known or standing_of(listed, home.services)
    for video in feed.page(listed, viewer, standing, 20):
        told(video, viewer, home.services, line, standing).model_dump_json()


def _worked(work: Any) -> float:
    """CPU seconds: what else the machine does is not counted."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
