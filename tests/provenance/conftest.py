"""One original, one remix of it and one stranger's clip, signed once for all provenance tests."""

from pathlib import Path
from typing import NamedTuple

import pytest
from volary import provenance
from volary.certificates import anchor
from volary.manifests import Bound, Ingredient, Signer, bind
from volary.videos import Video

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


def _sign(signer: Signer, folder: Path, video_id: str, seed: int) -> Signed:
    unsigned = clips.write_clip(folder / "unsigned.mp4", seed)
    return _bound(signer, clips.record(video_id, unsigned), unsigned)


def _bound(signer: Signer, video: Video, unsigned: Path, ingredients: tuple[Ingredient, ...] = ()) -> Signed:
    path = unsigned.with_name("signed.mp4")
    bound = bind(provenance.definition(video), unsigned, path, signer, ingredients)
    return Signed(video, unsigned, path, bound)
