"""One signed file of each kind that we publish, made once for all provenance tests."""

from pathlib import Path
from typing import NamedTuple

import pytest
from volary import provenance
from volary.certificates import anchor
from volary.manifests import Bound, Ingredient, Signer, bind
from volary.provenance import Statement
from volary.videos import SourceClip, Video

from events.inference import SourceUse
from tests.provenance import clips


class Signed(NamedTuple):
    video: Video
    unsigned: Path
    path: Path
    bound: Bound


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return clips.signer(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def anchors(signer: Signer) -> str:
    return anchor(signer.certificates)


@pytest.fixture(scope="session")
def original(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    return _sign(signer, tmp_path_factory.mktemp("original"), "video_original", 1)


@pytest.fixture(scope="session")
def another(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    return _sign(signer, tmp_path_factory.mktemp("another"), "video_another0", 2)


@pytest.fixture(scope="session")
def remix(original: Signed, signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    folder = tmp_path_factory.mktemp("remix")
    source = clips.remix_of(original.video.id)
    unsigned = clips.write_clip(folder / "unsigned.mp4", 3)
    video = clips.record("video_remix", unsigned, source=source)
    ingredient = Ingredient(provenance.ingredient(source), original.path)
    return _bound(signer, video, unsigned, (ingredient,))


@pytest.fixture(scope="session")
def uploaded_edit(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    return _from_upload(signer, tmp_path_factory.mktemp("edit"), "edit")


@pytest.fixture(scope="session")
def uploaded_reference(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    return _from_upload(signer, tmp_path_factory.mktemp("reference"), "reference")


@pytest.fixture(scope="session")
def thumbnail(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    unsigned = clips.write_still(tmp_path_factory.mktemp("still") / "unsigned.webp", 8)
    video, path = clips.record("video_still", unsigned), unsigned.with_name("signed.webp")
    bound = bind(provenance.definition(video, Statement("thumbnail")), unsigned, path, signer)
    return Signed(video, unsigned, path, bound)


def _from_upload(signer: Signer, folder: Path, use: SourceUse) -> Signed:
    source = SourceClip(use=use, media="video", upload_key="upload/1")
    unsigned = clips.write_clip(folder / "unsigned.mp4", 9)
    video = clips.record("video_upload", unsigned, source=source)
    return _bound(signer, video, unsigned, (Ingredient(provenance.ingredient(source)),))


def _sign(signer: Signer, folder: Path, video_id: str, seed: int) -> Signed:
    unsigned = clips.write_clip(folder / "unsigned.mp4", seed)
    return _bound(signer, clips.record(video_id, unsigned), unsigned)


def _bound(signer: Signer, video: Video, unsigned: Path, ingredients: tuple[Ingredient, ...] = ()) -> Signed:
    path = unsigned.with_name("signed.mp4")
    bound = bind(provenance.definition(video), unsigned, path, signer, ingredients)
    return Signed(video, unsigned, path, bound)
