"""Known pictures are found again after scaling and re-encoding, and others are not."""

import io

import numpy as np
import pytest
from PIL import Image
from volary.banks import Known, signals
from volary.embedded import open_home
from volary.errors import Invalid
from volary.stores.banks import Banks

from inference.likenings import frame_hashes


def scene(seed: int, size: tuple[int, int] = (160, 284)) -> np.ndarray:
    """A smooth picture of its own: colours at a few random places, blended."""
    dice = np.random.default_rng(seed)
    small = Image.fromarray(dice.integers(0, 256, (6, 5, 3), np.uint8))
    return np.asarray(small.resize(size, Image.Resampling.BICUBIC))


def reencoded(picture: np.ndarray, size: tuple[int, int], quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).resize(size).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def bank(*seeds: int) -> list[Known]:
    hashes = [each for seed in seeds for each in frame_hashes(scene(seed)[None], 24)]
    return [Known(bank="own", category="gore", bits=each.bits) for each in hashes]


@pytest.mark.parametrize("seed", range(8))
def test_a_known_frame_is_found_after_reencoding_with_its_second(seed):
    other, known = scene(100 + seed, (90, 160)), reencoded(scene(seed), (90, 160), 40)
    clip = np.stack([other] * 24 + [known] * 24)

    [signal] = signals(frame_hashes(clip, 24), bank(seed))

    assert (signal.category, signal.score, signal.stage) == ("gore", 1.0, "frames")
    assert all(span.start >= 0.9 for span in signal.spans)


def test_unknown_frames_are_not_found():
    clip = np.stack([scene(seed) for seed in range(40, 60)])

    assert signals(frame_hashes(clip, 1), bank(*range(20))) == ()


def test_flat_frames_are_left_out():
    assert frame_hashes(np.full((24, 40, 40, 3), 7, np.uint8), 24) == ()


@pytest.mark.parametrize("bits", ["", "zz", "00", "0" * 35])
def test_what_is_no_hash_is_refused(bits):
    with pytest.raises(Invalid):
        Banks(open_home(":memory:").items).add([Known(bank="own", category="gore", bits=bits)])


def test_a_bank_is_kept_and_forgotten_whole():
    banks = Banks(open_home(":memory:").items)
    entries = bank(1, 2)
    banks.add(entries)
    banks.add(entries)

    assert len(banks.entries()) == 2
    assert banks.remove("own") == 2
    assert banks.entries() == []
