"""Voices in a clip are compared with everybody's: two lines, second speakers, silence, and what becomes of a match."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from volary import boxes
from volary.moderation import shipped_policy
from volary.sightings import weight

from events.likeness import SealedIndex
from inference.likeness import hearing
from inference.likeness.capture import LIMITS, CaptureChecks
from inference.likeness.matching import Index, Person
from inference.likeness.overheard import our_own, strangers_in
from inference.likeness.thresholds import VOICE_BLOCK, VOICE_HOLD
from inference.likeness.verification import opened_sound
from inference.likeness.voices import RATE, Voices
from inference.media import decode, encode_mp4
from tests.likeness.test_checks import Shelf

NO_FACE = np.zeros((0, 128), np.float32)
ADA, BEN, CEM = np.eye(256, dtype=np.float32)[:3]
VOICES = Path(os.environ.get("VOLARY_DATA") or Path(__file__).parents[3] / "shared" / "data") / "media" / "voices"
needs_voices = pytest.mark.skipif(not VOICES.is_dir(), reason="the evaluation data is not here: set $VOLARY_DATA")


def near(voice: np.ndarray, cosine: float) -> np.ndarray:
    """A voice of exactly this cosine with another, its rest along an axis that nobody has."""
    return np.asarray(cosine * voice + np.sqrt(1 - cosine**2) * np.eye(256, dtype=np.float32)[200])


def index(**people: np.ndarray | None) -> Index:
    return Index("i", tuple(Person(name, NO_FACE, voice) for name, voice in people.items()))


@pytest.mark.parametrize(
    ("cosine", "outcome"), [(VOICE_HOLD + 0.01, "hold"), (VOICE_BLOCK + 0.01, "block"), (0.99, "block")]
)
def test_a_voice_like_somebodys_is_held_or_blocked(cosine, outcome):
    (found,) = hearing.resembled([np.stack([near(ADA, cosine)] * 9)], index(like_ada=ADA, like_ben=BEN), (0.5, 3.0))

    assert (found.subject, found.sense, found.listed, found.start, found.end) == (
        "like_ada", "voice", "likeness", 0.5, 3.0,
    )  # fmt: skip
    assert weight(found, shipped_policy()) == outcome


def test_a_voice_that_is_nobodys_passes():
    pieces = np.stack([near(ADA, VOICE_HOLD - 0.01)] * 9)

    assert hearing.resembled([pieces], index(like_ada=ADA, like_cem=None), (0.0, 2.0)) == ()


def test_two_who_speak_after_one_another_are_both_found():
    found = hearing.resembled(
        [np.stack([ADA] * 6 + [BEN] * 6)], index(like_ada=ADA, like_ben=BEN, like_cem=CEM), (0, 5)
    )

    assert {each.subject for each in found} == {"like_ada", "like_ben"}


def test_the_voice_of_the_block_list_is_told_as_such():
    (found,) = hearing.resembled([np.stack([ADA] * 3)], index(**{"blocked:b1": ADA}), (0, 2))

    assert (found.listed, found.subject) == ("blocked", "blocked:b1")


def test_steady_noise_is_taken_away_and_what_changes_stays():
    rng, seconds = np.random.default_rng(3), np.arange(2 * RATE) / RATE
    tone = np.where(seconds % 0.5 < 0.25, np.sin(2 * np.pi * 440 * seconds), 0).astype(np.float32)
    noise = 0.1 * rng.standard_normal(len(tone)).astype(np.float32)

    left = hearing.quieted(tone + noise)

    assert left.shape == tone.shape
    assert float(np.std(left - tone)) < 0.6 * float(np.std(noise))
    assert float(np.std(left)) > 0.9 * float(np.std(tone))


def test_silence_and_noise_are_nobodys(weights):
    voices = Voices(weights / "likeness")
    noise = 0.1 * np.random.default_rng(1).standard_normal(4 * RATE).astype(np.float32)

    assert hearing.heard(np.zeros(4 * RATE, np.float32), voices, index(like_ada=ADA)) == ()
    assert hearing.heard(noise, voices, index(like_ada=ADA)) == ()


def test_the_sounds_of_our_own_world_are_whole_and_nobodys(weights):
    """A small instance: `volary eval likeness` counts 120 scenes against 68 people."""
    voices, people = Voices(weights / "likeness"), [Person("like_ada", NO_FACE, ADA)]
    sounds = [*our_own(True, 1), *our_own(False, 1)]

    assert [(each.dtype, len(each) / RATE) for each in sounds] == [(np.float32, 4.0)] * 2
    found = strangers_in(sounds, voices, people)
    assert [(each["hits"], each["of"]) for each in found.values()] == [(0, 2), (0, 2)]


@needs_voices
def test_a_stranger_who_is_like_somebody_is_counted(weights):
    path = next(each for each in sorted(VOICES.glob("*_a.flac")) if each.stat().st_size)
    voices, spoken = Voices(weights / "likeness"), opened_sound(path)[: 4 * RATE]

    found = strangers_in([spoken], voices, [Person("like_ada", NO_FACE, voices.describe(spoken))])

    assert [each["hits"] for each in found.values()] == [1, 1]


@needs_voices
def test_a_clip_is_answered_with_the_voices_of_the_sealed_index(weights):
    """As a model server answers: the index is opened with its key, nobody is seen, one of three is heard."""
    checks = CaptureChecks.load(weights)
    *others, path = sorted(each for each in VOICES.glob("*_a.flac") if each.stat().st_size)[1:6:2]
    described = {each: checks.listener.voices.describe(opened_sound(each)).tolist() for each in (path, *others)}
    entries = [{"subject": f"like_{at}", "face": [[0.0] * 128], "voice": described[each]}
               for at, each in enumerate(described)]  # fmt: skip
    boxed = boxes.box(bytes(32), json.dumps(entries).encode(), b"i")
    frames = np.full((12, 120, 160, 3), 90, np.uint8)
    said = opened_sound(path.with_name(path.name.replace("_a.", "_b.")))[: 4 * RATE]
    clip = decode(encode_mp4(frames, 3.0, said, RATE), LIMITS)

    shelf = Shelf({"get": boxed, "key": bytes(32)})
    found = checks.matched(clip, SealedIndex(index_id="i", get="get", key="key"), shelf)

    assert (found.index_id, found.faces, found.strangers) == ("i", 0, 0)
    assert [(each.subject, each.sense) for each in found.sightings] == [("like_0", "voice")]
