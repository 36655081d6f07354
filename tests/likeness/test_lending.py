"""A likeness is lent for one generation: its device is waited for, its parts reach the model server, nothing stays."""

import io
import logging

import numpy as np
import pytest
from PIL import Image
from volary import boxes, vault
from volary.accounts import Viewer
from volary.generation import Ask
from volary.stores.accounts import Accounts
from volary.stores.credits import Credits
from volary.vault_loans import SETTLED, all_loans
from volary.vault_openings import openings

from events.bus import ModelAnswered, Tick
from events.inference import Generate
from events.likeness import Matched
from functions.events.sweep_loans import sweep_loans
from functions.likenesses.withdraw import withdraw
from functions.videos.create import create
from functions.videos.delete import delete
from inference.generator.asking import Reference
from inference.likeness import references
from inference.refusal import Refused, SourceUnreadable
from local.bench.likeness import _account
from tests.api.people import enrolled
from tests.likeness.material import Device, taken
from tests.simulation.schedule import make_clip
from tests.simulation.world import Odds, World

BEN = Viewer(user_id="user_ben")
ADA = Viewer(user_id="user_ada")
CALM = Odds(hold=0, block=0, fault=0, silent=0, unmarked=0, twice=0)


class Lending(World):
    """A home whose Ada may be shown by everybody; the model server opens what is lent to it, like the real one."""

    def __init__(self, clip, custody: str) -> None:
        super().__init__(1, clip, CALM)
        self.seen: list[Reference] = []
        for viewer in (ADA, BEN):
            Accounts(self.home.items).add(_account(viewer.user_id))
        self.likeness = enrolled(self.home, "user_ada", audience="everyone")
        self.device = Device(boxes.new_key())
        self.lend_from(_png(), custody)

    def lend_from(self, picture: bytes, custody: str) -> None:
        parts = {"picture": picture, "voice": np.full(16000, 0.25, "<f4").tobytes(), "capture": b"the capture"}
        made = taken(self.likeness, self.services, parts=parts)
        vault.keep(self.likeness, "user_ada", custody, self.device.key, made.checked, self.services)

    def asked(self, prompt: str = "@u_ada rides") -> str:
        return create(Ask(prompt=prompt, visibility="public"), BEN, self.services).id

    def go_on(self) -> None:
        """All that is due at this moment, and nothing later."""
        while any([self.relay(), self.deliver(), self.task(), self.answer()]):
            pass

    def release(self, video_id: str) -> None:
        half = self.device.opened(vault.device_box(self.likeness, self.services), self.likeness)
        vault.release(self.likeness, video_id, half, self.services)

    def ready(self, video_id: str) -> str:
        """A job whose generation is waiting for the model server, everything lent."""
        self.go_on()
        assert self.videos.get(video_id).stage == "generating"
        assert len(self.lent()) == 3
        return video_id

    def lent(self) -> list[str]:
        with self.home.database.reading() as connection:
            rows = connection.execute("SELECT key FROM blobs WHERE bucket = 'likenesses' AND key LIKE 'lent/%'")
            return [row["key"] for row in rows]

    def swept(self) -> tuple[list[str], list[object]]:
        """What is lent, and noted as lent, once the home's clock has come by."""
        self.clock.pass_seconds(SETTLED)
        sweep_loans(Tick(), self.services)
        return self.lent(), list(all_loans(self.services))

    def read(self, url: str, most: int) -> bytes:
        """A link, as the model server follows it."""
        place = url.split("?")[0].split("/likenesses/", 1)[1]
        if self.home.blobs.facts("likenesses", place) is None:
            raise SourceUnreadable("404")
        return self.home.blobs.get("likenesses", place)

    def _media_answer(self, call_id, request):
        if isinstance(request, Generate):
            try:
                self.seen += [references.opened(each, self) for each in request.likenesses]
            except Refused as refusal:
                return ModelAnswered(call_id=call_id, error_code=refusal.code, error_message=str(refusal))
        return super()._media_answer(call_id, request)

    def _screened(self, request):
        """Nobody is recognised."""
        matched = Matched(index_id=request.index.index_id) if request.index else None
        return super()._screened(request).model_copy(update={"matched": matched})


def _png(pixels: np.ndarray | None = None) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((64, 64, 3), 9, np.uint8) if pixels is None else pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def on_device(clip):
    return Lending(clip, "device")


@pytest.fixture
def on_server(clip):
    return Lending(clip, "server")


def test_a_job_waits_for_the_device_and_runs_once_it_releases(on_device):
    world, video_id = on_device, on_device.asked()
    world.go_on()
    world.pass_time()
    world.go_on()
    waiting = world.videos.get(video_id)
    assert (waiting.stage, waiting.status, world.home.models.calls.next_due()) == ("awaiting_key", "in_progress", None)
    assert world.lent() == []

    world.release(video_id)
    world.settle()

    assert world.videos.get(video_id).status == "completed"
    (reference,) = world.seen
    assert reference.portrait.shape == (64, 64, 3) and reference.sample_rate == 16000
    assert float(reference.voice[0]) == 0.25
    assert not vault.is_released(world.likeness, video_id, world.services)
    assert [entry.detail for entry in openings(world.likeness, world.services)][1:] == [f"generation of {video_id}"]
    assert world.swept() == ([], [])


def test_a_key_that_is_never_released_ends_the_job_after_an_hour_with_its_credits_back(on_device):
    world, began = on_device, on_device.clock.now()
    video_id = world.asked()
    world.settle()

    video = world.videos.get(video_id)
    assert (video.status, video.failure.code) == ("failed", "likeness_key_missing")
    assert 3_500 < (world.clock.now() - began).total_seconds() < 4_000
    assert [each.target for each in Credits(world.home.items).movements(video_id)][-1] != "house"
    assert Credits(world.home.items).balance(f"hold:{video_id}") == 0
    assert world.seen == [] and openings(world.likeness, world.services)[1:] == []


def test_a_release_for_another_clip_starts_nothing(on_device):
    world, first, second = on_device, on_device.asked(), on_device.asked()
    world.release(first)
    world.settle()

    assert [world.videos.get(each).status for each in (first, second)] == ["completed", "failed"]
    assert len(world.seen) == 1


def test_a_key_that_the_server_holds_is_lent_without_waiting(on_server):
    video_id = on_server.asked()
    on_server.settle()

    assert on_server.videos.get(video_id).status == "completed"
    assert len(on_server.seen) == 1
    assert on_server.swept() == ([], [])


def test_what_was_lent_goes_when_the_generation_is_over_and_not_only_the_job(on_server):
    """A clip that is held may wait a month for a person; the likeness does not."""
    video_id = on_server.ready(on_server.asked())
    on_server.odds = Odds(hold=1, block=0, fault=0, silent=0, unmarked=0, twice=0)
    for _ in range(3):
        on_server.model()
        on_server.go_on()

    assert on_server.videos.get(video_id).stage == "held"
    assert on_server.lent() == []


@pytest.mark.parametrize("answers", [True, False])
def test_a_likeness_that_is_revoked_while_it_is_lent_never_publishes(on_server, answers):
    world, video_id = on_server, on_server.ready(on_server.asked())
    withdraw(world.likeness, "all", "", ADA, world.services)
    world.odds = CALM if answers else Odds(hold=0, block=0, fault=0, silent=1, unmarked=0, twice=0)
    world.go_on()
    assert world.lent() == []
    world.settle()

    video = world.videos.get(video_id)
    assert (video.status, video.failure.code) == ("failed", "consent_withdrawn")
    assert world.seen == []  # what it would have read was gone
    assert Credits(world.home.items).balance(f"hold:{video_id}") == 0
    assert world.swept() == ([], [])


def test_a_consent_that_goes_after_the_check_is_not_lent(on_device):
    """Between the check and the generation the person withdraws: nothing is opened."""
    world, video_id = on_device, on_device.asked()
    world.release(video_id)
    while not _is_at_generate(world):
        assert world.relay() or world.deliver() or world.task()
    withdraw(world.likeness, "all", "", ADA, world.services)
    world.task()

    assert openings(world.likeness, world.services)[1:] == []
    world.settle()
    assert world.videos.get(video_id).failure.code == "consent_withdrawn"


def test_deleting_the_job_takes_back_what_was_lent(on_server):
    video_id = on_server.ready(on_server.asked())
    delete(video_id, BEN, on_server.services)
    on_server.go_on()

    assert on_server.lent() == []


def test_a_model_server_that_never_answers_keeps_nothing(clip):
    world = Lending(clip, "server")
    video_id = world.ready(world.asked())
    tries = 0
    while not world.videos.get(video_id).has_ended:
        tries += world.home.models.calls.take() is not None  # it takes the call, and is silent
        assert world._jump()
        world.go_on()
    assert tries > 1

    assert world.videos.get(video_id).failure.code == "timeout"
    assert world.lent() == []
    assert Credits(world.home.items).balance(f"hold:{video_id}") == 0


def test_media_that_are_no_portrait_end_the_job_by_name_with_its_credits_back(clip):
    world = Lending(clip, "server")
    world.likeness = enrolled(world.home, "user_cem", audience="everyone")
    Accounts(world.home.items).add(_account("user_cem"))
    world.lend_from(b"not a picture", "server")
    video_id = create(Ask(prompt="a ride", likenesses=(world.likeness,)), BEN, world.services).id
    world.settle()

    video = world.videos.get(video_id)
    assert (video.status, video.failure.code) == ("failed", "likeness_unreadable")
    assert Credits(world.home.items).balance(f"hold:{video_id}") == 0
    assert world.swept() == ([], [])


def test_nothing_that_is_lent_lies_unsealed_anywhere(clip, tmp_path):
    """In no record, queue, workflow or file of the home, while it is lent."""
    world = Lending(clip, "server")
    world.ready(world.asked())
    canaries = [_png()[20:60], np.full(16, 0.25, "<f4").tobytes()]
    with world.home.database.reading() as connection:
        dump = "\n".join(connection.iterdump()).encode()
    files = [world.home.blobs.get("likenesses", key) for key in world.lent()]

    assert len(dump) > 10_000 and len(files) == 3
    spelt = [form for each in canaries for form in (each, each.hex().encode(), boxes.text(each)[:-4].encode())]
    assert [form for form in spelt for each in (dump, *files) if form in each] == []


def _is_at_generate(world: World) -> bool:
    """Whether the workflow's next task is to generate."""
    with world.home.database.reading() as connection:
        due = connection.execute("SELECT function FROM tasks WHERE claimed = 0").fetchall()
    return any(row["function"].endswith("generate") for row in due)
