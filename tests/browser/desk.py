"""A console with its API and media server on free ports of this process, and cases for it: no models, no workflow."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import uvicorn
from volary.accounts import Account, Role
from volary.embedded import Home, Options, open_home
from volary.generation import Ask, Identity, request
from volary.ports import NEW, Put
from volary.review.cases import Case, Decision, Note
from volary.review.clocks import law_for
from volary.review.notices import Takedown
from volary.stores.accounts import Accounts
from volary.stores.reviews import Reviews
from volary.stores.videos import Act, Screening, Videos, item_of
from volary.videos import SourceClip, Video, work_key

from events.bus import Tick
from events.inference import MediaFacts
from events.moderation import Category, Line, Signal, Span
from functions.events.enact_reviews import enact_reviews
from functions.review.cases import opened
from local.console import create_console_app
from local.media import create_media_app

MADE = MediaFacts(sha256="0" * 64, size_bytes=9, width=90, height=160, frames=96, frame_rate=24, seconds=4,
                  audio_seconds=4)  # fmt: skip
STAFF = {"mo": Role.MODERATOR, "max": Role.MODERATOR, "sue": Role.SENIOR}


@dataclass
class Desk:
    home: Home
    address: str
    tokens: dict[str, str] = field(default_factory=dict)
    parent_id: str = ""

    @property
    def reviews(self) -> Reviews:
        return Reviews(self.home.items)

    @property
    def now(self) -> int:
        return int(self.home.clock.now().timestamp())

    def hold(self, prompt: str = "a fox in the snow", clip: bytes = b"", sheet: bytes = b"", words: str = "") -> str:
        """A held clip with findings in time; `words` go wherever a user, or a model quoting one, may put words."""
        ids = self.home.services.ids
        identity = Identity(id=ids.new("video"), owner_id="user_ann", record=ids.record(), seed=1, now=self.now)
        parent = SourceClip(use="remix", media="video", video_id=self.parent(words)) if words else None
        video = request(Ask(prompt=prompt, source=parent), identity)
        store, act = Videos(self.home.items), Act(action="made", actor="test", at=self.now)
        store.add(video, act, [])
        held = {"status": "in_progress", "stage": "held", "gate": "hold", "made": MADE, "call_id": "call_1"}
        video = store.change(video.model_copy(update=held), act)
        if clip:
            self.home.blobs.put("work", work_key(video, "video"), clip, "video/mp4")
            self.home.blobs.put("work", work_key(video, "spritesheet"), sheet, "image/png")
        self.home.items.write(store.screening_write(video.id, screening(words)))
        self._open(opened(video, store.screenings(video.id), self.now), words)
        return video.id

    def parent(self, prompt: str) -> str:
        """The one clip that all hostile ones are made from; its words are hostile, too."""
        if not self.parent_id:
            ids = self.home.services.ids
            identity = Identity(id=ids.new("video"), owner_id="user_ann", record=ids.record(), seed=1, now=self.now)
            made = request(Ask(prompt=prompt), identity)
            Videos(self.home.items).add(made, Act(action="made", actor="test", at=self.now), [])
            self.parent_id = made.id
        return self.parent_id

    def _open(self, case: Case, words: str) -> None:
        act = Act(action="held for review", actor="test", at=self.now)
        writes = self.reviews.opening_writes(self._worded(case, words) if words else case, act)
        if words:
            asked = Takedown(
                content=case.subject, ground="other", statement=words, contact=words, signature=words, good_faith=True
            )
            writes.append(self.reviews.takedown_write(case.id, asked))
        self.home.items.transact(writes)

    def _worded(self, case: Case, words: str) -> Case:
        """An appeal with an author's text, a reviewer's note, and the decision that it is against."""
        notes = (Note(by="user_ann", at=self.now, text=words), Note(by="user_max", at=self.now, text=words))
        before = Decision(action="reject", explanation=words, by="user_max", at=self.now)
        return case.model_copy(update={"kind": "appeal", "notes": notes, "before": before, "of": case.id})

    def pass_time(self) -> None:
        """Let every decision take effect whose half minute is over."""
        enact_reviews(Tick(), self.home.services)

    def video(self, video_id: str) -> Video:
        return Videos(self.home.items).get(video_id)


def screening(words: str = "") -> Screening:
    gore = Signal(stage="frames", category=Category.GORE, score=0.81, model="m@1", reason=words or "red",
                  spans=(Span(start=1, end=2),))  # fmt: skip
    hate = Signal(stage="sound", category=Category.HATE, score=0.44, model="m@1", reason=words,
                  spans=(Span(start=3, end=3.5),))  # fmt: skip
    return Screening(
        what="media", verdict="hold", category="gore", policy_version="1",
        reasons=(words or "frames/gore 0.81 by m@1: bare skin as in adult pictures",),
        unseen=("no model looks for weapons: hold for review",),
        signals=(gore, hate), transcript=words or "somebody speaks loudly", at=1,
        lines=(
            Line(start=0.4, end=1.2, text=words or "somebody speaks"), Line(start=3, end=3.5, text=words or "loudly"),
        ),
    )  # fmt: skip


def many(desk: Desk, count: int) -> None:
    """Open reports of as many clips, as fast as they can be written."""
    law, ids = law_for("report", "other"), desk.home.services.ids
    for number in range(count):
        identity = Identity(id=ids.new("video"), owner_id="user_ann", record=ids.record(), seed=1, now=desk.now)
        video = request(Ask(prompt=f"a fox, number {number}"), identity)
        case = Case(
            id=ids.new("report"),
            kind="report",
            subject=video.id,
            author_id="user_ann",
            category=tuple(Category)[number % 12],
            severity=1 + number % 5,
            law=law.basis,
            opened_at=desk.now - number,
            due_at=desk.now - number + law.seconds,
        )
        act = Act(action="reported", actor="test", at=desk.now)
        seen = Videos(desk.home.items).screening_write(video.id, screening())
        desk.home.items.transact([Put(item_of(video), NEW), seen, *desk.reviews.opening_writes(case, act)])


@contextmanager
def running(folder: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        console, media = (stack.enter_context(listening()) for _ in range(2))
        port, files = console.getsockname()[1], media.getsockname()[1]
        options = Options(public=f"http://127.0.0.1:{port}", media=f"http://127.0.0.1:{files}")
        home = open_home(folder, options)
        desk = Desk(home, f"http://127.0.0.1:{port}")
        for handle, role in {"ann": Role.USER, **STAFF}.items():
            Accounts(home.items).add(
                Account(user_id=f"user_{handle}", handle=handle, birth_date=date(1990, 1, 1), role=role, created_at=1)
            )
            desk.tokens[handle] = home.identity.issue(f"user_{handle}", timedelta(hours=1))
        stack.enter_context(serving(create_console_app(home, port), console))
        stack.enter_context(serving(create_media_app(home, desk.address), media))
        yield desk


def listening() -> socket.socket:
    """A free port of loopback."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


@contextmanager
def serving(app, listener: socket.socket) -> Iterator[None]:
    """Answers there until the end."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join(10)
