"""A clip of the generator's own, whose voice or face is somebody's: it passes where they agreed, and not otherwise."""

from dataclasses import replace

import pytest
from volary import embedded
from volary.accounts import Viewer
from volary.generation import Ask
from volary.stores.accounts import Accounts
from volary.stores.videos import Act, Videos
from volary.vault_index import block_person

from events.bus import ModelAnswered
from events.inference import MarkReading, MediaScreened
from events.likeness import Matched, Sighting
from events.workflow import GenerationState, WaitingTask
from functions.generation.answer import answer
from functions.generation.screen_media import screen_media
from functions.videos.create import create
from local.bench.likeness import _account
from tests.api.people import enrolled
from tests.functions.test_worlds import CALM, FACTS, Questions, Waiting

ADA, BEN = "user_ada", "user_ben"


class Asked(Questions):
    """Remembers the whole request, too."""

    def submit(self, request, call_id, token):
        super().submit(request, call_id, token)
        self.request = request


@pytest.fixture
def home():
    """Ada lets everybody, Cem nobody; the index that clips are compared with is not empty."""
    home = embedded.open_home(":memory:")
    for user_id in (ADA, BEN, "user_cem"):
        Accounts(home.items).add(_account(user_id))
    enrolled(home, ADA, audience="everyone")
    enrolled(home, "user_cem")
    block_person("block_1", [[0.25] * 128], None, home.services)
    return home


@pytest.fixture
def services(home):
    return replace(home.services, workflows=Waiting(), models=Asked())


def judged(services, prompt: str, *sightings: Sighting, index_id: str | None = None) -> tuple[GenerationState, str]:
    """The state after a clip for this prompt was made and those were recognised in it; and the clip's id."""
    video = create(Ask(prompt=prompt), Viewer(user_id=BEN), services)
    made = Videos(services.items).get(video.id).model_copy(update={"made": FACTS, "model": "volary-1"})
    Videos(services.items).change(made, Act(action="made", actor="test", at=1))
    state = GenerationState(video_id=video.id)
    screen_media(WaitingTask(state=state, token=video.id), services)
    known = index_id or services.models.request.index.index_id
    said = MediaScreened(
        media=FACTS, mark=MarkReading(payload=video.record, p_value=0, confidence=1), signals=CALM, frames_seen=4,
        matched=Matched(index_id=known, faces=1, sightings=sightings),
    )  # fmt: skip
    answer(ModelAnswered(call_id=services.models.last, output=said.model_dump(mode="json")), services)
    return services.workflows.answers[video.id], video.id


def like(whom: str, score: float, sense: str = "voice", listed: str = "likeness") -> Sighting:
    return Sighting(subject=whom, listed=listed, sense=sense, score=score, start=0.5, end=3)


@pytest.mark.parametrize("sense", ["voice", "face"])
class TestRecognised:
    def test_it_passes_where_the_person_agreed(self, services, sense):
        """Declared by its prompt, so that it is made with what was lent of them and comes out like them."""
        state, video_id = judged(services, "@u_ada sings", like("like_user_ada", 1.0, sense))

        assert (state.gate, state.failure) == ("pass", None)
        assert [each.how for each in Videos(services.items).get(video_id).people] == ["handle"]

    def test_it_is_held_or_ends_where_they_did_not(self, services, sense):
        held, _ = judged(services, "somebody sings", like("like_user_cem", 0.55, sense))
        ended, _ = judged(services, "somebody sings", like("like_user_cem", 0.9, sense))

        assert (held.gate, held.failure) == ("hold", None)
        assert (ended.gate, ended.failure) == ("block", "likeness_unconsented")

    def test_who_agreed_covers_nobody_beside_them(self, services, sense):
        state, _ = judged(services, "@u_ada sings", like("like_user_ada", 1.0), like("like_user_cem", 0.9, sense))

        assert state.failure == "likeness_unconsented"

    def test_who_would_have_agreed_becomes_one_of_its_people(self, services, sense):
        state, video_id = judged(services, "somebody sings", like("like_user_ada", 0.9, sense))

        assert (state.gate, state.failure) == ("pass", None)
        assert [each.how for each in Videos(services.items).get(video_id).people] == ["sighted"]

    def test_somebody_of_the_block_list_ends_it_even_beside_one_who_agreed(self, services, sense):
        blocked = like("blocked:block_1", 0.9, sense, "blocked")

        assert judged(services, "@u_ada sings", blocked)[0].failure == "likeness_unconsented"


def test_an_answer_that_did_not_compare_with_todays_index_is_held(services):
    assert judged(services, "@u_ada sings", index_id="index_of_yesterday")[0].gate == "hold"
