"""The step `sign` on the embedded home in memory: what it refuses, what it writes, and that it may run twice."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from volary.certificates import anchor
from volary.embedded import open_home
from volary.embedded import services as embedded
from volary.errors import Conflict, Forbidden, VolaryError
from volary.generation import failure_of
from volary.likeness import Appearance
from volary.manifests import crjson, read
from volary.ports import Bucket, Services
from volary.provenance import CONSENT, GENERATION
from volary.stores.likenesses import Likenesses
from volary.stores.videos import Act, Videos
from volary.videos import FILES, Rendition, SourceClip, Video, complete, delete, published_key, withdraw, work_key

from events.bus import VideoDeleted
from events.workflow import GenerationState, Verdict
from functions.events.clean_up import clean_up
from functions.generation.sign import manifest_key, sign
from tests.api.people import enrolled
from tests.provenance import clips

RENDITIONS: tuple[Rendition, ...] = get_args(Rendition)


@pytest.fixture
def services() -> Services:
    return embedded(":memory:")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Rendition, Path]:
    folder = tmp_path_factory.mktemp("made")
    return {
        "video": clips.write_clip(folder / "clip.mp4", 5),
        "thumbnail": clips.write_still(folder / "thumbnail.webp", 6),
        "spritesheet": clips.write_still(folder / "spritesheet.webp", 7),
    }


def made(services: Services, files: dict[Rendition, Path], video_id: str = "video_1", **changes: Any) -> Video:
    """A clip whose files lie in the work bucket and whose record is stored."""
    video = clips.record(video_id, files["video"], **changes)
    for rendition, path in files.items():
        services.blobs.upload("work", work_key(video, rendition), path, FILES[rendition][1])
    return Videos(services.items).add(video, Act(action="made", actor="test", at=0), [])


def state(video: Video, **changes: Any) -> GenerationState:
    return GenerationState(video_id=video.id, gate="pass").model_copy(update=changes)


def published(services: Services, video: Video, rendition: Rendition, folder: Path) -> Path:
    path = folder / FILES[rendition][0]
    services.blobs.download("videos", published_key(video, rendition), path)
    return path


def test_a_clip_with_people_points_to_their_receipts(services, files, tmp_path):
    home = open_home(":memory:")
    likeness_id = enrolled(home, "user_person", audience="everyone")
    shown = Appearance(likeness_id=likeness_id, person_id="user_person", version=1, at=0, how="declared")
    video = made(home.services, files, people=(shown,), gate="pass")

    sign(state(video), home.services)

    path = published(home.services, video, "video", tmp_path)
    said = read(path, anchor(home.keys.certificates("c2pa"))).assertion(CONSENT)["likenesses"][0]
    consent = Likenesses(home.items).consent(likeness_id)
    assert (said["likeness"], said["receipt"]) == (likeness_id, consent.receipt_id)
    assert said["status"] == f"{home.options.public}/v1/receipts/{consent.receipt_id}"
    assert set(said) == {"likeness", "receipt", "consent_version", "text_sha256", "status"}  # and no person


def nothing_published(services: Services, video: Video) -> bool:
    keys = [published_key(video, rendition) for rendition in RENDITIONS] + [manifest_key(video.id)]
    return all(services.blobs.facts("videos", key) is None for key in keys)


class Late:
    """The blob store of a busy day: before the first signed file is stored, what was asked for meanwhile is done."""

    def __init__(self, services: Services, meanwhile: Callable[[], None]) -> None:
        self._blobs, self._meanwhile = services.blobs, [meanwhile]

    def upload(self, bucket: Bucket, key: str, path: Path, content_type: str) -> None:
        while self._meanwhile:
            self._meanwhile.pop()()
        self._blobs.upload(bucket, key, path, content_type)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)


@pytest.mark.parametrize("end", ["deleted", "withdrawn"])
def test_a_clip_that_ends_while_it_is_signed_leaves_no_file(services: Services, files, end: str) -> None:
    """Its clean-up comes by before the files do: a million schedules found the one that was left."""
    video = made(services, files)
    store = Videos(services.items)

    def ended() -> None:
        now = store.get(video.id)
        gone = delete(now, 5) if end == "deleted" else withdraw(now, failure_of("likeness_withdrawn"), 5)
        store.change(gone, Act(action=end, actor="test", at=5))
        at = services.clock.now()
        clean_up(VideoDeleted(event_id="e", at=at, video_id=video.id, owner_id=video.owner_id), services)

    with pytest.raises(VolaryError):
        sign(state(video), replace(services, blobs=Late(services, ended)))

    assert nothing_published(services, video)


def home_anchor(services: Services) -> str:
    return anchor(services.keys.certificates("c2pa"))


def test_every_rendition_is_published_trusted(services: Services, files: dict[Rendition, Path], tmp_path: Path) -> None:
    video = made(services, files)

    assert sign(state(video), services) == state(video)

    for rendition in RENDITIONS:
        path = published(services, video, rendition, tmp_path)
        reading = read(path, home_anchor(services))
        assert (reading.state, reading.failures) == ("trusted", ())
        stated = reading.assertion(GENERATION)
        assert stated is not None
        assert (stated["video_id"], stated["rendition"]) == (video.id, rendition)


def test_the_record_names_the_manifest_and_the_signed_bytes(
    services: Services, files: dict[Rendition, Path], tmp_path: Path
) -> None:
    video = made(services, files)
    sign(state(video), services)

    after = Videos(services.items).get(video.id)
    path = published(services, video, "video", tmp_path)

    assert after.signature is not None
    assert after.stage == "signing"
    assert after.signature.manifest_id == read(path, home_anchor(services)).active
    assert after.signature.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert after.signature.size_bytes == path.stat().st_size
    assert [entry.action for entry in Videos(services.items).audit(video.id)][-2:] == ["entered signing", "signed"]


def test_the_manifest_store_lies_aside(services: Services, files: dict[Rendition, Path], tmp_path: Path) -> None:
    video = made(services, files)
    sign(state(video), services)

    aside = services.blobs.get("videos", manifest_key(video.id))
    facts = services.blobs.facts("videos", manifest_key(video.id))

    assert facts is not None and facts.content_type == "application/c2pa"
    assert aside in published(services, video, "video", tmp_path).read_bytes()


@pytest.mark.parametrize("gate", [None, "hold", "block"])
def test_an_ungated_job_is_refused_whatever_the_state_says(
    services: Services, files: dict[Rendition, Path], gate: Verdict | None
) -> None:
    video = made(services, files, gate=gate)

    with pytest.raises(Forbidden, match=f"gate {gate}, not pass") as refusal:
        sign(state(video, gate="pass", review="release"), services)

    assert refusal.value.code == "ungated"
    assert nothing_published(services, video)
    assert Videos(services.items).get(video.id) == video


def test_bytes_other_than_the_screened_ones_are_refused(services: Services, files: dict[Rendition, Path]) -> None:
    video = made(services, files)
    swapped = files["video"].read_bytes()[:-1] + b"?"
    services.blobs.put("work", work_key(video, "video"), swapped, "video/mp4")

    with pytest.raises(Conflict, match="screened was") as refusal:
        sign(state(video), services)

    assert refusal.value.code == "not_screened"
    assert services.blobs.facts("videos", published_key(video, "video")) is None


@pytest.mark.parametrize("changes", [{"deleted_at": 1}, {"status": "failed"}, {"made": None}])
def test_a_clip_that_ended_or_was_never_made_is_refused(
    services: Services, files: dict[Rendition, Path], changes: dict[str, Any]
) -> None:
    video = made(services, files, **changes)

    with pytest.raises(Conflict, match="nothing to sign"):
        sign(state(video), services)

    assert nothing_published(services, video)


def test_running_again_changes_nothing(services: Services, files: dict[Rendition, Path], tmp_path: Path) -> None:
    video = made(services, files)
    sign(state(video), services)
    first = published(services, video, "video", tmp_path).read_bytes()
    record = Videos(services.items).get(video.id)

    sign(state(video), services)

    assert published(services, video, "video", tmp_path).read_bytes() == first
    assert Videos(services.items).get(video.id) == record


def test_a_run_that_died_before_its_record_is_made_good(
    services: Services, files: dict[Rendition, Path], tmp_path: Path
) -> None:
    """Only some files were written and the record says nothing of a signature yet."""
    video = made(services, files)
    services.blobs.put("videos", published_key(video, "thumbnail"), b"half", "image/webp")
    services.blobs.put("videos", published_key(video, "video"), b"half", "video/mp4")

    sign(state(video), services)

    for rendition in RENDITIONS:
        assert read(published(services, video, rendition, tmp_path), home_anchor(services)).state == "trusted"


def test_a_remix_carries_its_parents_manifest(services: Services, files: dict[Rendition, Path], tmp_path: Path) -> None:
    parent = made(services, files, "video_parent")
    sign(state(parent), services)
    child = made(services, files, "video_child", source=clips.remix_of(parent.id))
    sign(state(child), services)

    document = crjson(published(services, child, "video", tmp_path), home_anchor(services))
    signature = Videos(services.items).get(parent.id).signature

    assert signature is not None
    assert [each["label"] for each in document["manifests"]][1:] == [signature.manifest_id]
    assert document["manifests"][0]["validationResults"]["failure"] == []


def test_a_remix_of_a_clip_whose_file_is_gone_is_not_signed(services: Services, files: dict[Rendition, Path]) -> None:
    parent = made(services, files, "video_parent")
    child = made(services, files, "video_child", source=clips.remix_of(parent.id))

    assert sign(state(child), services).failure == "source_withdrawn"

    assert services.blobs.facts("videos", published_key(child, "video")) is None
    assert Videos(services.items).get(child.id).signature is None
    with pytest.raises(Conflict, match="cannot be published"):
        complete(Videos(services.items).get(child.id), 0)


@pytest.mark.parametrize(("use", "relationship"), [("edit", "parentOf"), ("reference", "inputTo")])
def test_an_upload_is_named_but_never_parsed(
    services: Services, files: dict[Rendition, Path], tmp_path: Path, use: Any, relationship: str
) -> None:
    """The upload's bytes do not exist here at all: signing must not ask for them."""
    source = SourceClip(use=use, media="video", upload_key="uploads/none")
    video = made(services, files, source=source)
    sign(state(video), services)

    active = crjson(published(services, video, "video", tmp_path), home_anchor(services))["manifests"][0]
    ingredient = active["assertions"]["c2pa.ingredient.v3"]

    assert ingredient["relationship"] == relationship
    assert "activeManifest" not in ingredient
    assert active["validationResults"]["failure"] == []


def test_a_released_clip_says_that_a_person_approved_it(
    services: Services, files: dict[Rendition, Path], tmp_path: Path
) -> None:
    video = made(services, files)
    sign(state(video, review="release"), services)

    reading = read(published(services, video, "video", tmp_path), home_anchor(services))
    disclosure = reading.assertion("c2pa.ai-disclosure")

    assert disclosure is not None
    assert disclosure["contentProfile"]["humanOversightLevel"] == "human_validated"


def test_the_c2pa_library_is_loaded_only_when_something_is_signed() -> None:
    """Its 53 MB would slow the start of every function that shares a module with this one."""
    code = "import sys, functions.generation.sign, local.verification; sys.exit('c2pa' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
