"""What the shipped weights have learned, read from clips of fourteen prompts by plain arithmetic."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inference.generator.loudness import loudness
from inference.generator.pipeline import Ask, Clip, Generator

SHIPPED = Path(__file__).parents[2] / "inference/weights/generator"
pytestmark = pytest.mark.skipif(not SHIPPED.exists(), reason="the generator's weights are not in this checkout")

PROMPTS = {
    "red": ("a large red balloon floats in a meadow by day, still camera", "photographic"),
    "blue": ("a large blue balloon floats in a meadow by day, still camera", "photographic"),
    "rouge": ("un grand ballon rouge flotte dans un pré en plein jour, plan fixe", "photographic"),
    "bleu": ("un grand ballon bleu flotte dans un pré en plein jour, plan fixe", "photographic"),
    "night": ("a large red balloon floats in a meadow at night, still camera", "photographic"),
    "space": ("a white rocket flies in space among the stars", "photographic"),
    "sea": ("a white boat sails on the sea by day", "photographic"),
    "desert": ("a green ball rolls in the desert by day", "photographic"),
    "red desert": ("a red ball rolls in the desert by day", "photographic"),
    "forest": ("a black bird flies in the forest by day", "photographic"),
    "deep": ("a yellow fish swims underwater, still camera", "photographic"),
    "paper": ("a yellow car drives in the city by day", "illustration"),
    "film": ("a yellow car drives in the city by day", "cinematic"),
    "rain": ("a black car rests in the city in the rain by day, still camera", "photographic"),
    "clear": ("a black car rests in the city by day, still camera", "photographic"),
    "still": ("a white cat rests in the forest by day, still camera", "photographic"),
    "right": ("a white cat rests in the forest by day, the camera pans right", "photographic"),
    "left": (
        "un chat blanc se repose dans la forêt en plein jour, la caméra panoramique vers la gauche",
        "photographic",
    ),
}


@pytest.fixture(scope="module")
def generator() -> Generator:
    return Generator.load(SHIPPED)


@pytest.fixture(scope="module")
def clips(generator: Generator) -> dict[str, Clip]:
    return {
        name: generator.generate(Ask(prompt, 4, 112, 64, 5, style=style), lambda share: None)
        for name, (prompt, style) in PROMPTS.items()
    }


def pixels(clip: Clip) -> np.ndarray:
    """Frames as floats in 0..1."""
    return clip.frames.astype(np.float32) / 255


def brightness(clip: Clip) -> float:
    return float(pixels(clip).mean())


def redness(clip: Clip) -> float:
    """How red the reddest fiftieth of the picture is."""
    x = pixels(clip)
    return float(np.quantile(x[..., 0] - x[..., 1:].max(-1), 0.98))


def blueness_below(clip: Clip) -> float:
    x = pixels(clip)[:, 44:]
    return float((x[..., 2] - x[..., 0]).mean())


def greenness(clip: Clip) -> float:
    x = pixels(clip)
    return float((x[..., 1] - (x[..., 0] + x[..., 2]) / 2).mean())


def rim(clip: Clip) -> float:
    """How bright the picture's outer two rows and columns are against its middle."""
    x = pixels(clip)
    edge = np.concatenate([x[:, :2].ravel(), x[:, -2:].ravel(), x[:, :, :2].ravel(), x[:, :, -2:].ravel()])
    return float(edge.mean() - x[:, 16:48, 28:84].mean())


def hiss(clip: Clip) -> float:
    """Share of the sound's energy above 2 kHz."""
    power = np.abs(np.fft.rfft(clip.sound)) ** 2
    hertz = np.fft.rfftfreq(len(clip.sound), 1 / clip.sample_rate)
    return float(power[hertz > 2000].sum() / power.sum())


def flicker(clip: Clip) -> float:
    """How much the upper third changes from frame to frame."""
    return float(np.abs(np.diff(pixels(clip)[:, :20], axis=0)).mean())


def drift(clip: Clip) -> int:
    """Pixels by which the background goes left within two seconds, where its upright edges fit best."""
    edges = np.diff(pixels(clip)[:, 8:40].mean(-1), axis=2)
    first, last = edges[12], edges[36]
    wide = first.shape[1]
    shifts = range(-24, 25)
    fits = [
        np.corrcoef(first[:, max(0, d) : wide + min(0, d)].ravel(), last[:, max(0, -d) : wide + min(0, -d)].ravel())
        for d in shifts
    ]
    return shifts[int(np.argmax([fit[0, 1] for fit in fits]))]


@pytest.mark.parametrize(
    ("more", "less", "reading"),
    [
        ("red", "blue", redness),
        ("rouge", "bleu", redness),
        ("red", "night", brightness),
        ("sea", "space", brightness),
        ("sea", "desert", blueness_below),
        ("deep", "desert", blueness_below),
        ("forest", "film", greenness),
        ("desert", "red desert", greenness),  # only the ball differs
        ("paper", "film", rim),
        ("rain", "film", hiss),
        ("rain", "deep", hiss),
        ("rain", "clear", flicker),
        ("right", "still", drift),
        ("still", "left", drift),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_clips_differ_as_their_prompts_do(
    clips: dict[str, Clip], more: str, less: str, reading: Callable[[Clip], float]
) -> None:
    high, low = reading(clips[more]), reading(clips[less])

    assert high > low, f"{reading.__name__} of {more} is {high:.3f}, of {less} {low:.3f}"


def test_sound_is_at_the_loudness_players_expect_and_never_clips(clips: dict[str, Clip]) -> None:
    for name, clip in clips.items():
        assert loudness(clip.sound, clip.sample_rate) == pytest.approx(-16, abs=2), name
        assert np.abs(clip.sound).max() < 1, name


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("a red balloon floats over the sea at sunset", ()),
        ("un ballon rouge flotte au-dessus de la mer", ()),
        ("a red dinosaur plays the piano at the sea", ("dinosaur", "piano")),
        ("un éléphant bleu mange du fromage dans la forêt", ("éléphant", "fromage")),
    ],
)
def test_words_outside_the_world_are_named(generator: Generator, prompt: str, unknown: tuple[str, ...]) -> None:
    found = generator.lexicon.unknown(prompt, generator.text)

    assert set(unknown) <= set(found)
    assert unknown or not found
