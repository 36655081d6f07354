"""`volary verify`: every witness heard, every contradiction named, nothing told of who made a clip."""

import json
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from volary.accounts import Account, Viewer
from volary.certificates import anchor
from volary.embedded import Home, open_home
from volary.errors import Invalid
from volary.likeness import Appearance
from volary.manifests import NONE, Signer, bind, read
from volary.provenance import definition
from volary.stores.accounts import Accounts
from volary.stores.likenesses import standing_of
from volary.stores.videos import Act, Videos
from volary.videos import FILES, Rendition, Video, complete, delete, published_key, work_key

from events.inference import MarkReading
from events.workflow import GenerationState
from functions.generation.sign import sign
from functions.likenesses.withdraw import withdraw
from inference import watermark
from inference.media import MediaRefused, decode, encode_mp4
from local import witnesses
from local.cli import main
from local.verification import Report, Witnesses, verify
from tests.api.people import enrolled
from tests.provenance import clips
from tests.provenance.boxes import box

NOTHING = MarkReading(payload=None, p_value=1.0, confidence=0.0)


def marked(payload: str | None, sound: str | None = None) -> MarkReading:
    return MarkReading(payload=payload, p_value=1e-12, confidence=0.9, sound_payload=sound)


class Place:
    """A home with one published clip, and a folder for what becomes of its file."""

    def __init__(self, home: Home, video: Video, file: Path) -> None:
        self.home, self.video, self.file = home, video, file
        self.anchors = anchor(home.keys.certificates("c2pa"))

    @property
    def videos(self) -> Videos:
        return Videos(self.home.items)

    def ask(self, path: Path, mark: MarkReading, *, has_home: bool = True) -> Report:
        manifest = partial(read, anchors=self.anchors)
        return verify(path, Witnesses(manifest, lambda _: mark, self.videos if has_home else None))


def publish(home: Home, files: dict[Rendition, Path], video_id: str, folder: Path) -> Place:
    video = clips.record(video_id, files["video"])
    for rendition in get_args(Rendition):
        path = files[rendition]
        home.blobs.upload("work", work_key(video, rendition), path, FILES[rendition][1])
    videos = Videos(home.items)
    videos.add(video, Act(action="made", actor="test", at=0), [])
    sign(GenerationState(video_id=video.id, gate="pass"), home.services)
    done = videos.change(complete(videos.get(video.id), 1_790_000_100), Act(action="published", actor="test", at=0))
    file = folder / f"{video_id}.mp4"
    home.blobs.download("videos", published_key(done, "video"), file)
    return Place(home, done, file)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Rendition, Path]:
    folder = tmp_path_factory.mktemp("made")
    return {
        "video": clips.write_clip(folder / "clip.mp4", 11),
        "thumbnail": clips.write_still(folder / "thumbnail.webp", 12),
        "spritesheet": clips.write_still(folder / "spritesheet.webp", 13),
    }


@pytest.fixture
def place(files: dict[Rendition, Path], tmp_path: Path) -> Place:
    return publish(open_home(tmp_path / "home"), files, "video_here", tmp_path)


def test_all_witnesses_of_a_published_clip_agree(place: Place) -> None:
    report = place.ask(place.file, marked(place.video.record, place.video.record[:8]))

    assert (report.agreement, report.contradictions) == ("agrees", ())
    assert report.manifest.state == "trusted"
    assert report.manifest.actions == ("c2pa.created", "c2pa.watermarked.bound")
    assert report.manifest.source_types == ("trainedAlgorithmicMedia",)
    assert report.record is not None
    assert (report.record.video_id, report.record.found_by) == (place.video.id, "manifest")
    assert report.record.same_bytes is True
    assert report.consent.standing == "stands"


def test_neither_the_owner_nor_the_prompt_is_told(place: Place) -> None:
    text = place.ask(place.file, marked(place.video.record)).model_dump_json()

    assert place.video.owner_id not in text
    assert place.video.prompt not in text


def test_a_clip_without_its_manifest_is_found_by_its_mark(place: Place, files: dict[Rendition, Path]) -> None:
    report = place.ask(files["video"], marked(place.video.record))

    assert report.manifest.state == "none"
    assert report.record is not None
    assert (report.record.found_by, report.record.video_id) == ("watermark", place.video.id)
    assert report.record.same_bytes is False
    assert report.agreement == "agrees"


def test_a_strangers_file_is_unknown(place: Place, files: dict[Rendition, Path]) -> None:
    report = place.ask(files["video"], NOTHING)

    assert (report.agreement, report.record) == ("unknown", None)
    assert report.consent.standing == "unknown"


def test_a_mark_of_another_clip_contradicts(place: Place) -> None:
    report = place.ask(place.file, marked("00000000deadbeef"))

    assert report.agreement == "contradicts"
    assert report.contradictions == (
        f"the manifest binds mark {place.video.record}, the picture carries 00000000deadbeef",
    )


def test_sound_of_another_clip_contradicts(place: Place) -> None:
    report = place.ask(place.file, marked(place.video.record, "deadbeef"))

    assert [each for each in report.contradictions if "sound carries deadbeef" in each]


def test_a_damaged_file_contradicts(place: Place, tmp_path: Path) -> None:
    data = bytearray(place.file.read_bytes())
    data[box(bytes(data), "mdat").end - 100] ^= 1
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)

    report = place.ask(path, marked(place.video.record))

    assert report.agreement == "contradicts"
    assert report.contradictions[0].startswith("the manifest does not hold: assertion.bmffHash.mismatch")


def test_a_bit_that_c2pa_leaves_out_of_its_hash_is_found_by_the_record(place: Place, tmp_path: Path) -> None:
    """The brand box and the manifest's padding are not hashed; the record's SHA-256 covers every byte."""
    data = bytearray(place.file.read_bytes())
    data[box(bytes(data), "ftyp").end - 1] ^= 1
    path = tmp_path / "brand.mp4"
    path.write_bytes(data)

    report = place.ask(path, marked(place.video.record))

    assert report.manifest.state == "trusted"
    assert report.contradictions == (
        f"the manifest is that of {place.video.id}, but the file is not byte for byte the published one",
    )


def test_a_manifest_of_a_clip_this_home_never_made_contradicts(place: Place, tmp_path: Path) -> None:
    """Signed with the home's key, yet no record: the key was used behind the gate's back."""
    other = clips.write_clip(tmp_path / "other.mp4", 14)
    keys = place.home.keys
    signer = Signer(keys.certificates("c2pa"), lambda digest: keys.sign_digest("c2pa", digest))
    forged = tmp_path / "forged.mp4"
    bind(definition(clips.record("video_never", other)), other, forged, signer)

    report = place.ask(forged, NOTHING)

    assert report.contradictions == ("the manifest names clip video_never, of which this home has no record",)


def test_a_second_signature_on_the_same_clip_contradicts(
    place: Place, files: dict[Rendition, Path], tmp_path: Path
) -> None:
    keys = place.home.keys
    signer = Signer(keys.certificates("c2pa"), lambda digest: keys.sign_digest("c2pa", digest))
    again = tmp_path / "again.mp4"
    bind(definition(place.video), files["video"], again, signer)

    report = place.ask(again, marked(place.video.record))

    assert any(f"the record of {place.video.id} names manifest" in each for each in report.contradictions)


def test_our_mark_under_a_strangers_manifest_contradicts(
    place: Place, files: dict[Rendition, Path], tmp_path: Path
) -> None:
    """Somebody strips our manifest and signs the clip as their own."""
    theirs = tmp_path / "theirs.mp4"
    bind(
        definition(clips.record("video_theirs", files["video"])),
        files["video"],
        theirs,
        clips.signer(tmp_path / "keys"),
    )
    report = place.ask(theirs, marked(place.video.record))

    assert report.manifest.state == "valid"
    assert report.record is not None and report.record.found_by == "watermark"
    assert report.agreement == "contradicts"
    assert f"the mark is of clip {place.video.id}, but the manifest is signed by a stranger" in report.contradictions[0]


def test_a_withdrawn_clip_says_so(place: Place) -> None:
    videos = place.videos
    videos.change(delete(videos.get(place.video.id), 1_790_000_200), Act(action="deleted", actor="test", at=0))

    report = place.ask(place.file, marked(place.video.record))

    assert report.record is not None and report.record.deleted
    assert report.consent.standing == "withdrawn"


@pytest.mark.parametrize("file", ["whole", "stripped"])
@pytest.mark.parametrize("scope", ["all", "purpose"])
def test_a_clip_whose_person_took_their_consent_back_says_so_by_manifest_and_by_mark(place, tmp_path, scope, file):
    """The look-up by the mark alone, which a stripped copy leaves, answers as the manifest's does."""
    Accounts(place.home.items).add(Account(user_id="user_ann", handle="ann", birth_date=date(1990, 1, 1), created_at=1))
    enrolled(place.home, "user_ann", audience="everyone")
    seen = Appearance(likeness_id="like_user_ann", person_id="user_ann", version=1, at=1, how="declared")
    place.videos.change(place.video.model_copy(update={"people": (seen,)}), Act(action="shown", actor="test", at=0))
    stripped = clips.write_clip(tmp_path / "stripped.mp4", 21)
    path, mark = (place.file if file == "whole" else stripped), marked(place.video.record)

    def standing() -> str:
        witnesses = Witnesses(
            partial(read, anchors=place.anchors), lambda _: mark, place.videos,
            lambda video: standing_of([video], place.home.services),
        )  # fmt: skip
        return verify(path, witnesses).consent.standing

    assert standing() == "stands"
    value = {"all": "", "purpose": "personal"}[scope]
    withdraw("like_user_ann", scope, value, Viewer(user_id="user_ann"), place.home.services)
    assert standing() == "withdrawn"


def test_without_a_home_only_the_file_speaks(place: Place) -> None:
    report = place.ask(place.file, NOTHING, has_home=False)

    assert (report.manifest.state, report.record, report.agreement) == ("trusted", None, "agrees")


def test_a_file_that_cannot_be_decoded_still_gets_its_manifest_read(place: Place) -> None:
    def refuse(path: Path) -> MarkReading:
        raise MediaRefused("invalid_media", "no picture in it")

    report = verify(place.file, Witnesses(partial(read, anchors=place.anchors), refuse, place.videos))

    assert report.watermark.problem == "no picture in it"
    assert report.agreement == "agrees"


@pytest.fixture
def odd(tmp_path: Path, place: Place) -> dict[str, Path]:
    """A file of another kind, and one whose first box claims to be larger than the file."""
    data = place.file.read_bytes()
    contents = {
        "text.mp4": b"no clip at all " * 50,
        "huge-box.mp4": data[:32] + b"\xff\xff\xff\xf0" + data[36:],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in contents}


def test_the_jailed_reader_reads_what_the_plain_one_reads(place: Place, odd: dict[str, Path]) -> None:
    assert witnesses.manifest(place.file, place.anchors) == read(place.file, place.anchors)
    assert witnesses.manifest(odd["huge-box.mp4"], place.anchors).state == "invalid"
    with pytest.raises(Invalid, match="text.mp4 is no kind of file"):
        witnesses.manifest(odd["text.mp4"], place.anchors)


def test_broken_anchors_do_not_pass_as_a_verdict(
    place: Place, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pem = tmp_path / "broken.pem"
    pem.write_text("not a certificate")

    assert main(["verify", str(place.file), "--anchors", str(pem), "--home", str(place.home.folder)]) == 1
    assert "broken.pem holds no PEM certificates" in capsys.readouterr().err


def scene(seconds: float, rate: int, width: int, height: int) -> np.ndarray:
    """A moving, textured scene (T, H, W, 3) uint8: a mark needs something to hide in."""
    dice = np.random.default_rng(4)
    texture = dice.normal(0, 18, (height * 2, width * 2, 1))
    y, x = np.mgrid[0:height, 0:width]
    frames = []
    for index in range(round(seconds * rate)):
        light = 120 + 60 * np.sin(x / 37 + index / 9) + 30 * np.cos(y / 23 - index / 13)
        moved = texture[index : index + height, 2 * index % width : 2 * index % width + width]
        frames.append(np.clip(light[..., None] * (1.0, 0.9, 0.8) + moved, 0, 255).astype(np.uint8))
    return np.stack(frames)


def hum(seconds: float, rate: int) -> np.ndarray:
    """Coloured noise with a slow swell, mono float32."""
    noise = np.random.default_rng(5).normal(0, 0.1, round(seconds * rate))
    swell = 1 + 0.5 * np.sin(np.arange(len(noise)) / rate * 2)
    return (np.convolve(noise, np.ones(4) / 4, "same") * swell).astype(np.float32)


def test_a_really_marked_clip_agrees_and_survives_losing_its_manifest(
    files: dict[Rendition, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole way: mark, encode, sign, publish, verify by command; then re-encode, which drops the manifest."""
    home = open_home(tmp_path / "home")
    key, record = home.keys.secret("mark"), clips.mark_of("video_marked")
    frames = watermark.mark_picture(scene(3, 24, 160, 288), 24, int(record, 16), key)
    sound = watermark.mark_sound(hum(3, 48_000), 48_000, int(record[:8], 16), key)
    made = tmp_path / "made.mp4"
    made.write_bytes(encode_mp4(frames, 24, sound, 48_000))
    published = publish(home, {**files, "video": made}, "video_marked", tmp_path)

    status, report = told(published.file, home, capsys)

    assert status == 0, report["contradictions"]
    assert report["watermark"]["payload"] == record, report["watermark"]
    assert report["record"]["same_bytes"] is True

    again = decode(published.file)
    stripped = tmp_path / "stripped.mp4"
    stripped.write_bytes(encode_mp4(again.frames, again.frame_rate, again.sound, again.sample_rate))
    assert witnesses.manifest(stripped, published.anchors) == NONE
    status, report = told(stripped, home, capsys)

    assert status == 0, report["contradictions"]
    assert report["manifest"]["state"] == "none"
    assert report["record"]["found_by"] == "watermark"
    assert report["record"]["video_id"] == "video_marked"


def told(path: Path, home: Home, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    status = main(["verify", str(path), "--json", "--home", str(home.folder)])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, report
