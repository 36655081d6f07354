"""What the checks of a capture say of poses, lips, voices and faces, from measures made by hand."""

import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from events.inference import CheckCapture
from events.likeness import CHECKS, Challenge, SealedIndex
from events.moderation import Span
from inference.likeness import judging, listening, matching, watching
from inference.likeness.capture import CaptureChecks, Judged
from inference.likeness.faces import Face, Found
from inference.likeness.geometry import inverse, moved, pose, similarity
from inference.likeness.judging import Known, Taken
from inference.likeness.listening import Heard, synchrony
from inference.likeness.matching import Index, Person
from inference.likeness.thresholds import FACE_SAME, face_alike
from inference.likeness.verification import Pair, told
from inference.likeness.voices import RATE, joins, mel
from inference.likeness.watching import Look, Watched

MEDIA = Path(os.environ.get("VOLARY_DATA") or Path(__file__).parents[3] / "shared" / "data") / "media"
CHALLENGE = Challenge(digits="123456", groups=(2, 4), turns=("left", "up", "right"), issued_at=0, expires_at=60)
NOBODY = Known(None, (), claims_adult=False)
VOICE = np.eye(256)[0]


def face_of(mesh=None):
    points = np.random.default_rng(0).normal(size=(468, 3)) if mesh is None else mesh
    return Face(Found(np.array([0, 0, 100, 100.0]), np.zeros((6, 2)), 0.9), points, 0.99)


def looks_at(poses):
    """Ten looks a second, three for every (yaw, pitch), with straight looks between."""
    angles = [(0.0, 0.0)] * 10 + [angle for each in poses for angle in [each] * 3 + [(0.0, 0.0)] * 4]
    return [
        Look(at / 10, 1, face_of(), yaw, pitch, 0.03 * (at % 2), 120.0, 40.0, 0.3)
        for at, (yaw, pitch) in enumerate(angles)
    ]


def taken(looks, **changes):
    frames = np.full((len(looks), 8, 8, 3), 120, np.uint8)
    heard = Heard(0.7, 0.9, 3.0, VOICE)
    seconds, sound = len(looks) / 10, np.zeros(RATE * 4, np.float32)
    whole = Taken(seconds, seconds, Watched(tuple(looks), frames), heard, sound, np.zeros((3, 128)))
    return replace(whole, **changes)


def test_similarity_finds_the_turn_and_its_way_back():
    points = np.array([[0, 0], [10, 0], [3, 7.0]])
    map_ = np.array([[0.0, -2.0, 5.0], [2.0, 0.0, -1.0]])

    found = similarity(points, moved(points, map_))

    assert np.allclose(found, map_)
    assert np.allclose(moved(moved(points, map_), inverse(found)), points)


@pytest.mark.parametrize(("yaw", "pitch"), [(20, 0), (-20, 0), (0, 15), (0, -15)])
def test_pose_reads_the_angles_of_a_turned_head(yaw, pitch):
    """A head of four points, turned as MediaPipe sees it: x right, y down, z away from the camera."""
    mesh = np.zeros((468, 3))
    mesh[[33, 263, 10, 152]] = [[-30, 0, 0], [30, 0, 0], [0, -40, 0], [0, 40, 0]]
    a, b = np.radians(-yaw), np.radians(pitch)
    turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    nod = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])

    found = pose(mesh @ (turn @ nod).T)

    assert abs(abs(found[0]) - abs(yaw)) < 1
    assert abs(abs(found[1]) - abs(pitch)) < 1


def test_turns_are_told_in_their_order():
    assert watching.turns(looks_at([(20, 0), (0, -12), (-18, 3)])) == ["left", "up", "right"]
    assert watching.turns(looks_at([])) == []


@pytest.mark.parametrize(
    "poses", [[(20, 0), (-20, 0), (0, -12)], [(20, 0), (0, -12)], [(20, 0), (0, -12), (-20, 0), (20, 0)]]
)
def test_other_turns_than_asked_fail(poses):
    finding = judging.poses(taken(looks_at(poses)).watched, CHALLENGE)

    assert finding.outcome == "fail"
    assert "asked for left, up, right" in finding.reason
    assert finding.advice


def test_turns_as_asked_pass():
    finding = judging.poses(taken(looks_at([(20, 0), (0, -12), (-20, 0)])).watched, CHALLENGE)

    assert finding.outcome == "pass"


def test_second_face_in_one_frame_fails():
    looks = looks_at([(20, 0)])
    looks[3] = Look(0.3, 2)

    assert judging.one_face(taken(looks).watched).outcome == "fail"


def test_plane_that_is_tilted_is_flat_and_a_head_is_not():
    rng = np.random.default_rng(1)
    head = np.column_stack([rng.uniform(-50, 50, 468), rng.uniform(-60, 60, 468), rng.uniform(-40, 0, 468)])
    looks = [Look(at / 10, 1, face_of(head)) for at in range(20)]
    squeezed = head * [0.8, 1.0, 1.0]
    deep = head + np.column_stack([head[:, 2] * 0.35, np.zeros(468), np.zeros(468)])

    print_ = watching.flatness([*looks, *(Look(2.0, 1, face_of(squeezed), yaw=20.0) for _ in range(3))])
    person = watching.flatness([*looks, *(Look(2.0, 1, face_of(deep), yaw=20.0) for _ in range(3))])

    assert print_ < 1e-6
    assert person > judging.least.FLAT


def test_lines_of_a_screen_stand_out_of_a_faces_spectrum():
    rng = np.random.default_rng(2)
    smooth = np.clip(rng.normal(120, 10, (150, 150)), 0, 255)
    lines = smooth + 12 * np.sin(2 * np.pi * np.arange(150) / 4.1)[None]

    assert watching._peak(lines) > judging.least.PATTERN > watching._peak(smooth)


def test_brightness_that_beats_is_told_from_light_that_drifts():
    steady = np.full((40, 16, 16, 3), 120.0) + np.linspace(0, 20, 40)[:, None, None, None]
    beating = steady + 5 * np.sin(np.arange(40) * 2.2)[:, None, None, None]

    assert watching.beat(beating.astype(np.uint8)) > judging.least.BEAT > watching.beat(steady.astype(np.uint8))


def test_lips_that_rest_have_no_synchrony():
    seconds = np.arange(40) / 10

    assert synchrony(np.zeros(40), seconds, np.random.default_rng(3).normal(0, 0.1, RATE * 4).astype(np.float32)) == 0


def test_french_digits_go_to_a_person():
    french = CHALLENGE.model_copy(update={"language": "fr"})

    assert judging.digits(Heard(0.9, 0.9, 3, VOICE), french).outcome == "review"
    assert judging.digits(Heard(0.05, 0.9, 3, VOICE), CHALLENGE).outcome == "fail"
    assert judging.digits(None, CHALLENGE).outcome == "fail"


def test_adult_is_confirmed_by_a_person_once():
    known = replace(NOBODY, claims_adult=True)
    looks = looks_at([(20, 0)])
    first = judging.adult(judging.same_person(taken(looks), known), known)
    own = replace(known, index=Index("i", (Person("like_1", np.zeros((1, 128)), VOICE),)), own=("like_1",))
    later = judging.adult(judging.same_person(taken(looks), own), own)

    assert (first.outcome, later.outcome) == ("review", "pass")


def test_somebody_else_is_not_the_same_person():
    index = Index("i", (Person("like_1", np.full((1, 128), 0.1), VOICE),))
    finding = judging.same_person(taken(looks_at([])), Known(index, ("like_1",), claims_adult=False))

    assert finding.outcome == "fail"


def test_other_voice_is_not_the_same_person():
    index = Index("i", (Person("like_1", np.zeros((1, 128)), np.eye(256)[1]),))
    finding = judging.same_person(taken(looks_at([])), Known(index, ("like_1",), claims_adult=False))

    assert finding.outcome == "fail"


def test_earlier_capture_that_is_not_in_the_index_is_unavailable():
    finding = judging.same_person(taken(looks_at([])), Known(None, ("like_1",), claims_adult=False))

    assert finding.outcome == "unavailable"


@pytest.mark.parametrize(("subject", "outcome"), [("like_2", "review"), ("blocked:q1", "fail"), ("like_1", "pass")])
def test_face_that_is_known_is_looked_at(subject, outcome):
    index = Index("i", (Person(subject, np.zeros((1, 128)), None),))
    finding = judging.new_face(taken(looks_at([])), Known(index, ("like_1",), claims_adult=False))

    assert finding.outcome == outcome


def test_every_check_is_found_exactly_once():
    found = judging.judge(taken(looks_at([(20, 0)])), CHALLENGE, NOBODY)

    assert sorted(["readable", *(each.check for each in found)]) == sorted(CHECKS)


def test_review_may_enrol_and_failure_may_not():
    found = judging.judge(taken(looks_at([(20, 0)])), CHALLENGE, NOBODY)
    passed = tuple(each.model_copy(update={"outcome": "review"}) for each in found)

    assert not Judged(found, None, {}).may_enrol
    assert Judged(passed, None, {}).may_enrol


def test_similarity_of_a_distance_is_half_where_two_faces_are_taken_for_one():
    assert face_alike(0) == 1
    assert face_alike(FACE_SAME) == 0.5
    assert face_alike(3) == 0


def test_mel_bands_of_a_tone_peak_where_it_sounds():
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)

    bands = mel(tone).mean(axis=0)

    assert mel(tone).shape == (101, 40)
    assert 12 <= int(bands.argmax()) <= 16


def test_rates_of_pairs_that_are_told_apart_are_perfect():
    pairs = [Pair("a", "b", same=True, score=0.9)] * 30 + [Pair("a", "c", same=False, score=0.2)] * 3000

    found = told(pairs, 0.5, 0.1)

    assert (found.eer, found.tpr_at_fpr_1e3.rate, found.false_at_stock.rate) == (0, 1, 1)
    with pytest.raises(ValueError, match="0 pairs of one person"):
        told(pairs[30:], 0.5, 0.1)


class Shelf:
    """Links whose files lie in memory."""

    def __init__(self, files):
        self.files, self.written = files, {}

    def read(self, url, max_bytes):
        return self.files[url]

    def write(self, url, data, content_type):
        self.written[url] = data


@pytest.fixture(scope="module")
def checks(weights):
    return CaptureChecks.load(weights)


def test_file_that_is_no_video_fails_closed_and_leaves_nothing(checks):
    shelf = Shelf({"get": b"\x89PNG\r\n\x1a\n" + bytes(100)})
    request = CheckCapture(likeness_id="like_1", get="get", challenge=CHALLENGE, claims_adult=True,
                           recipient=base64.b64encode(bytes(range(32))).decode(), put="put")  # fmt: skip

    answer = checks.answer(request, shelf)

    assert {each.check: each.outcome for each in answer.findings} == {
        check: "fail" if check == "readable" else "unavailable" for check in CHECKS
    }
    assert (answer.sealed_sha256, shelf.written) == (None, {})


def test_picture_without_faces_has_no_sightings(checks):
    from inference.likeness.sealing import AESGCM, NONCE_BYTES, VERSION

    key, entries = bytes(32), [{"subject": "like_1", "face": [[0.0] * 128], "voice": None}]
    boxed = VERSION + bytes(NONCE_BYTES) + AESGCM(key).encrypt(bytes(NONCE_BYTES), json.dumps(entries).encode(), b"i")
    index = matching.opened(SealedIndex(index_id="i", get="get", key="key"), Shelf({"get": boxed, "key": key}))
    noise = np.random.default_rng(4).integers(0, 255, (2, 120, 160, 3), np.uint8)

    found = matching.match(noise, [0.0, 1.0], checks.faces, index)

    assert (found.index_id, found.faces, found.strangers, found.sightings) == ("i", 0, 0, ())


SPLICED = np.stack(
    [
        *[np.eye(256, dtype=np.float32)[0]] * 10,
        *[np.eye(256, dtype=np.float32)[:2].T @ (1 - share, share) for share in (0.2, 0.4, 0.6, 0.8)],
        *[np.eye(256, dtype=np.float32)[1]] * 10,
    ]
)  # ten pieces a speaker, fifth of a second apart, with four between that hold both
SAME = np.stack([np.eye(256)[0] + 0.1 * np.eye(256)[2 + at] for at in range(24)])


def test_a_second_voice_after_a_silence_is_not_hidden_by_pieces_that_hold_both():
    assert listening.unity(SPLICED, (1.0, 2.8, 3.6)) < 0.05
    assert listening.unity(SAME, (1.0, 2.8, 3.6)) > 0.95


def test_second_voice_is_found_where_no_silence_leaves_enough_on_either_side():
    assert listening.unity(SPLICED, ()) < 0.05
    assert listening.unity(SPLICED, (0.6, 5.9)) < 0.05
    assert listening.unity(SAME, ()) > 0.95
    assert listening.unity(SAME[:3], ()) > 0.95


def test_whoever_nods_as_they_turn_has_turned():
    assert watching.turns(looks_at([(19, 17), (0, -14), (-12, 11)])) == ["left", "up", "right"]


def test_turn_of_somebody_who_holds_the_head_back_is_no_nod():
    assert watching.turns(looks_at([(17, 19), (0, -14), (-18, 19)])) == ["left", "up", "right"]
    assert watching.turns(looks_at([(5, 17), (5, -14)])) == ["down", "up"]


def test_looks_at_which_the_face_is_half_lost_neither_make_nor_end_a_turn():
    """A mesh that hardly sees the far side of a turn reads a straight face there, or any other."""
    looks = looks_at([(20, 0)])
    lost = replace(face_of(), presence=0.35)
    looks[11] = replace(looks[11], yaw=2.0, face=lost)
    noise = [replace(look, yaw=-30.0, face=lost) for look in looks_at([])[:4]]

    assert watching.turns([*looks, *noise]) == ["left"]


def test_silences_keep_their_place_when_speech_is_all_that_is_left():
    spans = (Span(start=1.0, end=1.5), Span(start=2.5, end=3.0), Span(start=3.1, end=3.6))

    assert joins(spans, RATE * 4) == pytest.approx((0.7, 1.35), abs=0.01)
