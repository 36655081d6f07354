"""Consent in a storm: real use cases and handlers on ports in memory, with other work between any two effects.

`python -m tests.simulation.consent --schedules N --seed S` runs seeds S to S+N-1, see tests/simulation/long_run.py.
Real: asking, remixing, checking, waiting for a device, lending and taking back, recognising, publishing, failing,
posting, deleting, withdrawing in all forms, granting, listing a name, the cascade, the clean-up, the read gate and the
feed. Stand-ins: the generator, signing, the interpreter of the workflow (tests/simulation/world.py runs that one, and
tests/likeness/test_lending.py lends through it) and the ports.
"""

import hashlib
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from importlib import import_module
from typing import Any, Literal

from volary import feed, vault
from volary.accounts import ANYONE, Account, Viewer
from volary.blocked import BlockedPerson
from volary.enrolment import Likeness, challenge, consent_texts
from volary.errors import Conflict, ConsentWithdrawn, KeyNotReleased, PersonBlocked, VolaryError
from volary.generation import Ask, failure_of
from volary.likeness import Consent, Grant
from volary.moderation import shipped_policy
from volary.ports import Put, Range, Services
from volary.stores import published as signed_files
from volary.stores.accounts import Accounts
from volary.stores.blocked import KEY as LIST
from volary.stores.blocked import Blocked
from volary.stores.likenesses import Likenesses, standing_of
from volary.stores.videos import Act, Call, Videos
from volary.vault_loans import SETTLED
from volary.videos import Signature, SourceClip, Video, enter, may_serve, published_key

from events.bus import EVENT, ModelAnswered, Tick
from events.inference import Generate, Generated, MarkReading, MediaFacts, MediaScreened
from events.likeness import PURPOSES, Matched, Sighting
from events.moderation import Signal
from events.workflow import GenerationState, WaitingTask
from functions.events.subscriptions import SUBSCRIPTIONS
from functions.events.sweep_files import sweep_files
from functions.events.sweep_loans import sweep_loans
from functions.generation import answer, check_consent, fail, generate, publish
from functions.likenesses import grant, withdraw
from functions.videos import create, delete
from tests.simulation.faults import Crash
from tests.simulation.lending import CUSTODY, files_lent, is_whole, vaulted
from tests.simulation.memory import MemoryBlobs, MemoryItems, MemoryKeyring, MemoryWorkflows
from tests.simulation.truth import Clip, Truth

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
PEOPLE = ("user_ada", "user_ben", "user_cem")
OWNERS = {"like_ada": "user_ada", "like_ben": "user_ben"}
VIEWERS = (*(Viewer(user_id=user_id) for user_id in PEOPLE), ANYONE)
FACTS = MediaFacts(
    sha256="0" * 64, size_bytes=9, width=720, height=1280, frames=96, frame_rate=24, seconds=4, audio_seconds=4
)
SIGNED = Signature(manifest_id="urn:c2pa:1", sha256="1" * 64, size_bytes=10, signed_at=1)
# Exactly what the policy asks of the three stages, all harmless.
CALM = tuple(
    Signal(stage=stage, category=each, score=0.0, model="sim")
    for stage in ("frames", "writing", "sound")
    for each in sorted(shipped_policy().required[stage])
)
# Receipts are signed and webhooks sent elsewhere; both only follow what is simulated here.
HANDLED = {
    event: tuple(each for each in handlers if each.endswith((".withdraw_uses", ".clean_up", ".return_loans")))
    for event, handlers in SUBSCRIPTIONS.items()
}
STEPS = 16
NORMA = "Norma Listed"


class World:
    """One home in memory, driven by one seed."""

    def __init__(self, seed: int, opening: "World | None" = None) -> None:
        self.number, self.dice = seed, random.Random(seed)
        self.fate = random.Random(~seed)  # of signers; apart, so that older seeds mean what they meant
        self.time, self.made_ids, self.depth, self.rate = START, 0, 0, 0.0
        self.truth = Truth(dict(OWNERS))
        self.asking: set[str] = set()
        self.expected: list[
            Callable[[], None] | None
        ] = []  # what each nested act changes for the truth, once it commits
        self.published: set[str] = set()
        self.drawn: dict[str, str] = {}  # whom the screening sees in each clip
        self.jobs: dict[str, tuple[int, GenerationState]] = {}
        self.queue: list[tuple[str, dict[str, Any]]] = []
        self.violations: list[str] = []
        self.trace = hashlib.sha256()
        self.sent: dict[str, Generate] = {}  # by call, what the model server was asked for
        self.tries: dict[str, int] = {}  # of jobs that wait for a device
        self.late: set[str] = set()  # clips whose signer died before it had looked, and deleted, in the end
        self.overtaken: set[str] = set()  # clips that ended, or whose process died, while somebody was lent to them
        items = MemoryItems(self.pause, self.committed, base())
        self.items, self.workflows = items, MemoryWorkflows()
        self.blobs, self.keyring = MemoryBlobs(self.pause, vaulted().files), MemoryKeyring(self.pause, vaulted().keys)
        none: Any = None
        self.services = Services(
            items=items, blobs=self.blobs, edge=none, bus=none, workflows=self.workflows, models=self, keys=none,  # type: ignore[arg-type]
            identity=none, clock=self, ids=self, keyring=self.keyring, vectors=none,  # type: ignore[arg-type]
        )  # fmt: skip
        self.videos = Videos(items)
        if opening is not None:
            items.start(opening.items.rows)
            self.truth, self.made_ids = opening.truth.copy(), opening.made_ids
            self.published, self.blobs.files = set(opening.published), dict(opening.blobs.files)
            self.keyring.rows = dict(opening.keyring.rows)

    # The clock and the ids.
    def now(self) -> datetime:
        return self.time

    def seconds(self) -> int:
        return int(self.time.timestamp())

    def new(self, prefix: str) -> str:
        self.made_ids += 1
        return f"{prefix}_{self.made_ids:06d}"

    def record(self) -> str:
        self.made_ids += 1
        return f"{self.made_ids:016x}"

    def seed(self) -> int:
        return 7

    # The model server's queue.
    def submit(self, request: Generate, *, call_id: str, token: str) -> None:
        self.sent[call_id] = request

    def run(self) -> list[str]:
        """A storm, the calm after it, and what must hold then."""
        self.rate = 0.02
        for _ in range(STEPS):
            self.attempt(self.dice.choice(ACTS))
        self.rate = 0.0
        self.settle()
        self.look()
        self.account()
        self.account_for_loans()
        self.account_for_files()
        return self.violations

    def attempt(self, act: "Callable[[World], None]") -> None:
        """One act, which may be refused, meet a newer record, or die; nothing of that is a violation."""
        self.expected.append(None)
        try:
            act(self)
        except (VolaryError, Crash) as fault:
            self.note(f"{act.__name__}: {type(fault).__name__}")
        else:
            self.note(act.__name__)
        finally:
            self.expected.pop()

    def note(self, text: str) -> None:
        self.trace.update(f"{text}@{self.seconds()}\n".encode())

    def pause(self, effect: str) -> None:
        """Between any two effects: nothing, a crash, or somebody else's whole act."""
        if self.rate == 0.0:
            return
        drawn = self.dice.random()
        if effect in ("write", "written") and drawn < self.rate:
            raise Crash
        if self.depth == 0 and drawn > 1 - 3 * self.rate:
            self.depth += 1
            self.attempt(self.dice.choice(BETWEEN))
            self.depth -= 1

    def committed(self, item: dict[str, Any]) -> None:
        """Every write in the order in which it took hold."""
        pk, sk = item["pk"], item["sk"]
        if sk == "RECORD" and pk.startswith("VIDEO#"):
            self.seen(item)
        elif sk == "CONSENT" and self.expected and (effect := self.expected[-1]):
            self.expected[-1] = None
            effect()
        elif sk.startswith("USE#") and (clip := self.truth.clips.get(item["video_id"])):
            clip.people[pk.removeprefix("LIKENESS#")] = self.truth.next()  # they came into it at this very moment
        elif pk.startswith("LOANS#"):
            self.lent(item)
        elif pk == LIST.pk:
            self.truth.is_listed = bool(item["people"])
        elif pk == "OUTBOX":
            self.queue += [(handler, item["event"]) for handler in HANDLED[item["event"]["type"]]]

    def seen(self, item: dict[str, Any]) -> None:
        """A clip was accepted, or changed; the truth's own rules say whether it might have been."""
        clip = self.truth.clips.get(item["id"])
        if clip is None:
            clip = self.accepted(item)
        clip.says_name = NORMA in item["prompt"]
        if item["status"] == "completed" and clip.video_id not in self.published:
            self.published.add(clip.video_id)
            unasked = [each for each in clip.people if self.truth.may_not_ask(each, clip.maker, self.seconds())]
            if unasked or self.truth.is_covered(clip, self.seconds()):
                self.violate(f"{clip.video_id} was published against {unasked or 'a withdrawal'}")
            if self.truth.is_barred(clip):
                self.violate(f"{clip.video_id} was published, and its words name somebody of the block list")

    def lent(self, item: dict[str, Any]) -> None:
        """A likeness is lent at this very moment; nobody in the clip may have taken anything back."""
        clip = self.truth.clips[item["video_id"]]
        if self.truth.is_covered(clip, self.seconds()):
            self.violate(f"{item['likeness_id']} was lent for {clip.video_id}, from which somebody withdrew")
        if self.truth.is_barred(clip):
            self.violate(f"{item['likeness_id']} was lent for {clip.video_id}, whose words name a listed person")

    def accepted(self, item: dict[str, Any]) -> Clip:
        parent_id = item["source"]["video_id"] if item["source"] else None
        parent = self.truth.clips[parent_id] if parent_id else None
        serial = self.truth.next()
        people = dict.fromkeys(sorted(self.asking | set(parent.people if parent else ())), serial)
        says = NORMA in item["prompt"]
        clip = Clip(item["id"], item["owner_id"], item["purpose"], item["created_at"], parent, people, says)
        self.truth.clips[clip.video_id] = clip
        if self.truth.is_barred(clip):
            self.violate(f"{clip.video_id} was accepted, and its words name somebody of the block list")
        for likeness_id in sorted(people):
            if self.truth.may_not_ask(likeness_id, clip.maker, self.seconds()):
                self.violate(f"{clip.video_id} was accepted with {likeness_id}, who does not let {clip.maker}")
        if parent is not None and self.truth.is_covered(parent, self.seconds()):
            self.violate(f"{clip.video_id} was accepted as a remix of {parent.video_id}, which is withdrawn")
        self.jobs[clip.video_id] = (0, GenerationState(video_id=clip.video_id))
        return clip

    def violate(self, text: str) -> None:
        self.violations.append(f"seed {self.number}: {text}")
        self.note(text)

    def ask(self, names: set[str], **fields: Any) -> None:
        outer, self.asking = self.asking, names
        maker = Viewer(user_id=self.dice.choice(PEOPLE))
        try:
            create.create(Ask(visibility="public", **fields), maker, self.services)
        finally:
            self.asking = outer

    def finished(self) -> list[Clip]:
        return [clip for clip in self.truth.clips.values() if clip.video_id not in self.jobs]

    def settle(self) -> None:
        """Everything that is under way comes to its end."""
        for _ in range(400):
            if self.queue:
                self.attempt(deliver)
            elif self.jobs:
                self.attempt(advance)
            else:
                return
        self.violate(f"still moving: {self.queue[:2]} {list(self.jobs)}")

    def look(self) -> None:
        """Nobody sees what was taken back, by any way of looking; a look is one moment."""
        rate, self.rate = self.rate, 0.0
        try:
            self.judge()
        finally:
            self.rate = rate

    def judge(self) -> None:
        covered = [clip for clip in self.truth.clips.values() if self.truth.is_covered(clip, self.seconds())]
        listed = self.videos.public(Range()) if covered else []
        shown = {
            video.id
            for viewer in VIEWERS
            for video in feed.page(listed, viewer, standing_of(listed, self.services), 99)
        }
        videos = [self.videos.get(clip.video_id) for clip in covered]
        standing = standing_of(videos, self.services)
        for video in videos:
            if video.id in shown or any(may_serve(video, viewer, standing) for viewer in VIEWERS):
                self.violate(f"{video.id} is served after a withdrawal")

    def account(self) -> None:
        """At rest: what was taken back is down on its own record, its files are gone, the counts and books agree."""
        withdrawn = 0
        for clip in self.truth.clips.values():
            video = self.videos.get(clip.video_id)
            withdrawn += video.withdrawn_at is not None
            is_left = video.status == "completed" and video.deleted_at is None and video.withdrawn_at is None
            if is_left and self.truth.was_taken(clip):
                self.violate(f"{video.id} was not taken down")
            if len(self.items.rows.get(f"AUDIT#video:{video.id}", ())) != video.version:
                self.violate(f"{video.id} has version {video.version} and another number of audit entries")
            if self.items.rows.get(f"CREDITS#hold:{video.id}", {}).get("BALANCE", {}).get("amount") != 0:
                self.violate(f"{video.id} still holds credits")
        counted = [item["taken_down"] for rows in self.items.rows.values() for item in rows.values()
                   if item["sk"].startswith("CASCADE#")]  # fmt: skip
        if sum(counted) != withdrawn:
            self.violate(f"cascades counted {sum(counted)}, and {withdrawn} clips are down")

    def account_for_files(self) -> None:
        """At rest no file lies there whose clip nobody may see, but where a signer died; after the sweep, not there."""
        self.find_files(self.late)
        sweep_files(Tick(), self.services)
        self.find_files(set())

    def find_files(self, expected: set[str]) -> None:
        for clip in self.truth.clips.values():
            video = self.videos.get(clip.video_id)
            is_left = video.status == "completed" and video.deleted_at is None and video.withdrawn_at is None
            is_there = ("videos", published_key(video, "video")) in self.blobs.files
            if is_there and not is_left and video.id not in expected:
                self.violate(f"{video.id} may not be shown, and its file is there")

    def account_for_loans(self) -> None:
        """What was lent went with its generation, and the sweep finds the rest; every loan is in the vault's book."""
        for likeness_id, video_id in files_lent(self.blobs):
            if video_id not in self.overtaken:
                self.violate(f"{likeness_id} is still lent for {video_id}, which is over")
        for request in self.sent.values():
            for each in request.likenesses:
                book = self.items.rows[f"AUDIT#opening:{each.likeness_id}"].values()
                if not any(entry.get("detail") == f"generation of {request.job_id}" for entry in book):
                    self.violate(f"{each.likeness_id} was opened for {request.job_id} without an entry")
        self.time += timedelta(seconds=max(SETTLED, signed_files.AGAIN_SECONDS))
        sweep_loans(Tick(), self.services)
        rows = [pk for pk, found in self.items.rows.items() if pk.startswith("LOANS#") and found]
        if rows or files_lent(self.blobs):
            self.violate(f"after the sweep {rows} and {files_lent(self.blobs)} are lent")


def request(world: World) -> None:
    name = world.dice.choice(("like_ada", "like_ada", "like_ben", "@ada", "both", ""))
    names = {"both": set(OWNERS), "@ada": {"like_ada"}, "": set()}.get(name, {name})
    prompt = ("@ada rides" if name == "@ada" else "a red balloon") + world.dice.choice(("", "", f" with {NORMA}"))
    purpose = world.dice.choice(("personal", "education"))
    named = tuple(sorted(names)) if name != "@ada" else ()
    world.ask(names, prompt=prompt, likenesses=named, purpose=purpose)


def remix(world: World) -> None:
    parents = world.finished()
    if parents:
        source = SourceClip(use="remix", media="video", video_id=world.dice.choice(parents).video_id)
        world.ask(set(), prompt="at night", source=source)


def advance(world: World) -> None:
    """One job does its next step, as the workflow would call it."""
    if not world.jobs:
        return
    video_id = world.dice.choice(list(world.jobs))
    stage, state = world.jobs[video_id]
    if world.videos.get(video_id).has_ended:
        world.jobs.pop(video_id, None)
        return
    try:
        state = (asked, generated, screened, published)[stage](state, world)
    except (ConsentWithdrawn, KeyNotReleased, PersonBlocked) as fault:  # as the workflow's Catch does, in the end
        if isinstance(fault, KeyNotReleased) and world.tries.setdefault(video_id, 0) < PATIENCE:
            world.tries[video_id] += 1
            raise
        state = state.model_copy(update={"failure": failure_of(None, type(fault).__name__).code})
    if state.failure:
        fail.fail(state, world.services)
        world.jobs.pop(video_id, None)
        return
    if stage == 3:
        world.jobs.pop(video_id, None)
    else:
        world.jobs[video_id] = (stage + 1, state)


def asked(state: GenerationState, world: World) -> GenerationState:
    return check_consent.check_consent(state, world.services)


def generated(state: GenerationState, world: World) -> GenerationState:
    """The likenesses are lent and the request goes out; the answer comes with the next step."""
    try:
        generate.generate(WaitingTask(state=state, token=state.video_id), world.services)
    except BaseException:
        world.overtaken.add(state.video_id)
        raise
    video = world.videos.get(state.video_id)
    sent = world.sent.get(video.call_id or "")
    if not video.may_be_lent_to:  # ended, or a duplicate of this step is generated already and its loan taken back
        world.overtaken.add(video.id)
    elif sent is not None and not all(is_whole(world.blobs, each.key) for each in sent.likenesses):
        world.violate(f"{video.id} was sent to the generator without what was lent to it")
    return state


def published(state: GenerationState, world: World) -> GenerationState:
    return publish.publish(state, world.services)


def screened(state: GenerationState, world: World) -> GenerationState:
    """The generator and the signer stand in; the answer of the screening is real, and sees somebody now and then."""
    video = world.videos.get(state.video_id)
    if video.made is None:
        said = Generated(media=FACTS, model="volary-1@sim", mark_algorithm="sim").model_dump(mode="json")
        answer.answer(ModelAnswered(call_id=video.call_id or "", output=said), world.services)
        video = world.videos.get(state.video_id)
    made = enter(video, "screening_media").model_copy(update={"signature": SIGNED})
    video = world.videos.change(made, Act(action="made", actor="sim", at=world.seconds()))
    signed(video, world)
    seen = world.drawn.setdefault(video.id, world.dice.choice(("like_ben", "", "")))
    call = Call(call_id=f"call_{video.id}", video_id=video.id, token=video.id, state=state, index_id="index_1")
    world.items.write(world.videos.call_write(call, world.seconds()))
    sense: Literal["face", "voice"] = "voice" if world.made_ids % 2 else "face"
    sightings = (Sighting(subject=seen, listed="likeness", sense=sense, score=1.0),) if seen else ()
    said = MediaScreened(
        media=FACTS, mark=MarkReading(payload=video.record, p_value=0, confidence=1), signals=CALM, frames_seen=4,
        matched=Matched(index_id="index_1", faces=1, sightings=sightings),
    )  # fmt: skip
    if seen:
        world.truth.clips[video.id].people.setdefault(seen, world.truth.next())
    answer.answer(ModelAnswered(call_id=call.call_id, output=said.model_dump(mode="json")), world.services)
    if video.id not in world.workflows.answers:
        raise Conflict(f"{video.id} ended while it was screened")
    return GenerationState.model_validate(world.workflows.answers.pop(video.id))


def signed(video: Video, world: World) -> None:
    """As `sign` does. It may take so long that its clip is deleted and cleaned up meanwhile, and die once its last file
    is stored.
    """
    fate = world.fate.random() if world.rate else 1.0
    if fate < SLOW:
        world.attempt(lambda _: delete.delete(video.id, Viewer(user_id=video.owner_id), world.services))
        for waiting in [each for each in world.queue if each[1].get("video_id") == video.id]:
            world.attempt(lambda _, each=waiting: [handled(*each, world), settled(*each, world)])
        world.attempt(sweep)
    try:
        world.blobs.put("videos", published_key(video, "video"), b"", "video/mp4")
        if fate < SLOW / 2 or fate > 1 - SLOW / 2 and world.rate:
            raise Crash
        signed_files.forget_if_over(video.id, world.services)
    except Crash:
        world.late.add(video.id)
        raise


def deliver(world: World) -> None:
    """Any waiting event to its handler, out of order; sometimes twice, and again if its handler died."""
    if not world.queue:
        return
    place = world.dice.randrange(len(world.queue))
    handler, event = world.queue[place]
    handled(handler, event, world)
    is_repeated = world.rate > 0 and world.dice.random() < 0.2
    if not is_repeated:
        settled(handler, event, world)


def handled(handler: str, event: dict[str, Any], world: World) -> None:
    use_case = getattr(import_module(handler), handler.rpartition(".")[2])
    use_case(EVENT.validate_python(event), world.services)


def settled(handler: str, event: dict[str, Any], world: World) -> None:
    if (handler, event) in world.queue:  # nested work may have delivered it, too
        world.queue.remove((handler, event))


def release(world: World) -> None:
    """Ben's device gives its half of the key for a clip that shows him, as the route does."""
    clips = [clip.video_id for clip in world.truth.clips.values() if "like_ben" in clip.people]
    if clips:
        video = withdraw.shown_in(world.dice.choice(clips), "like_ben", world.services)
        if video.may_be_lent_to:
            vault.release("like_ben", video.id, vaulted().half, world.services)


def sweep(world: World) -> None:
    sweep_loans(Tick(), world.services)
    sweep_files(Tick(), world.services)


def revoke(world: World) -> None:
    likeness_id = world.dice.choice(tuple(OWNERS))
    scope = world.dice.choice(("all", "all", "person", "clip", "purpose", "since"))
    clips = [clip.video_id for clip in world.truth.clips.values() if likeness_id in clip.people]
    value = {
        "all": "", "person": world.dice.choice(PEOPLE), "purpose": "education",
        "since": str(world.seconds() - world.dice.choice((0, 60))), "clip": world.dice.choice(clips or ["none"]),
    }[scope]  # fmt: skip
    world.expected[-1] = partial(world.truth.take, likeness_id, scope, value)
    withdraw.withdraw(likeness_id, scope, value, _owner(likeness_id), world.services)
    world.look()


def allow(world: World) -> None:
    likeness_id = world.dice.choice(tuple(OWNERS))
    end = world.dice.choice((None, None, world.seconds() + 30))
    world.expected[-1] = lambda: world.truth.grant(likeness_id, end, world.seconds())
    grant.change(likeness_id, Grant(audience="everyone", expires_at=end), _owner(likeness_id), world.services)


def allow_again(world: World) -> None:
    likeness_id = world.dice.choice(tuple(OWNERS))
    world.expected[-1] = partial(world.truth.reopen, likeness_id)
    grant.grant_again(likeness_id, TEXT, _owner(likeness_id), world.services)


def take_down(world: World) -> None:
    for clip in world.finished():
        if "like_ada" in clip.people:
            world.expected[-1] = partial(world.truth.take, "like_ada", "clip", clip.video_id)
            withdraw.take_down("like_ada", clip.video_id, _owner("like_ada"), world.services)
            return


def remove(world: World) -> None:
    if world.truth.clips:
        clip = world.dice.choice(list(world.truth.clips.values()))
        delete.delete(clip.video_id, Viewer(user_id=clip.maker), world.services)


def list_or_not(world: World) -> None:
    """Norma comes on the block list, or off it."""
    listed = Blocked(world.items)
    norma = [person.id for person in listed.people() if NORMA in person.names]  # beside those whom every home lists
    if norma:
        listed.remove(norma[0], "user_root", world.seconds())
    else:
        new = world.new("block")
        listed.add(BlockedPerson(id=new, names=(NORMA,), kind="on_request", added_by="user_root", at=world.seconds()))


def watch(world: World) -> None:
    world.look()


def wait(world: World) -> None:
    world.time += timedelta(seconds=world.dice.choice((1, 20, 60)))


ACTS = (request, request, request, remix, remix, *(advance,) * 7, deliver, deliver, revoke, allow, allow_again,
        take_down, remove, watch, watch, wait, release, release, sweep, list_or_not)  # fmt: skip
BETWEEN = (revoke, revoke, revoke, allow, allow_again, deliver, remove, advance, sweep, list_or_not)
SLOW = 0.06  # how often a signer is overtaken, and how often one dies; both happen to half as many
PATIENCE = 4  # tries of a job that waits for a device, before the workflow gives up
TEXT = (consent_texts()["en"].version, consent_texts()["en"].sha256)


def _owner(likeness_id: str) -> Viewer:
    return Viewer(user_id=OWNERS[likeness_id])


@cache
def base() -> dict[str, dict[str, Any]]:
    """Three people with today's credits, of whom two have a likeness that everybody may use; every seed starts so."""
    items = MemoryItems(lambda effect: None, lambda item: None, vaulted().rows)
    store, now = Likenesses(items), int(START.timestamp())
    for user_id in PEOPLE:
        handle = user_id.removeprefix("user_")
        Accounts(items).add(Account(user_id=user_id, handle=handle, birth_date=date(1990, 1, 1), created_at=1))
        items.write(Put({"pk": f"CREDITS#free:{user_id}:{START.date()}", "sk": "BALANCE", "amount": 1_000}))
    for likeness_id, user_id in OWNERS.items():
        record = Likeness(
            id=likeness_id, owner_id=user_id, state="active", challenge=challenge(7, "en", now), upload_key="x",
            created_at=now, custody=CUSTODY[likeness_id],
        )  # fmt: skip
        store.add(record, Act(action="enrolled", actor=user_id, at=now))
        consent = Consent(
            likeness_id=likeness_id, person_id=user_id, grant=Grant(audience="everyone", purposes=PURPOSES),
            adult_at=0, text_version="1", text_sha256="0", receipt_id="rcpt_0",
        )  # fmt: skip
        items.transact([store.consent_write(consent, None), store.name_write(user_id, likeness_id)])
    return items.rows


OPENINGS = 8


@cache
def opening(number: int) -> World:
    """A quiet beginning with a few clips and remixes of each other, shared by many seeds."""
    world = World(-number)
    steps = (release, advance) * 4
    for act in (request, *steps, remix, *steps) * (number % 3):
        world.attempt(act)
    world.settle()
    return world


@dataclass(frozen=True)
class Result:
    """`trace` is a digest of everything that happened, in order and with its time."""

    violations: tuple[str, ...]
    clips: int
    trace: str


def run(seed: int) -> Result:
    world = World(seed, opening(seed % OPENINGS))
    found = world.run()
    return Result(tuple(found), len(world.truth.clips), world.trace.hexdigest())


if __name__ == "__main__":
    from tests.simulation.long_run import main

    sys.exit(main())
