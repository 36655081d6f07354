"""Writing in pictures: it is found, spelt out and judged as a prompt is; drawn here, and never an unsafe text."""

from pathlib import Path

import font_lato
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from volary.moderation import Decision, decide, is_complete, shipped_policy

from events.inference import MarkReading
from events.moderation import ALWAYS_BLOCKED_TEXT, ALWAYS_HELD_TEXT, Category
from inference.media import Decoded
from inference.safety import writing
from inference.safety.clips import ClipScreen
from inference.safety.packaged import WeightsChanged
from inference.safety.prompts import PromptScreen
from inference.train.prompt_data import own_rows

WEIGHTS = Path(__file__).parents[2] / "inference" / "weights" / "safety"
FONT = Path(font_lato.__file__).parent / "files" / "Lato-Regular.ttf"
POLICY = shipped_policy()
RATE = 4.0


@pytest.fixture(scope="module")
def screen() -> ClipScreen:
    return ClipScreen.load(WEIGHTS)


@pytest.fixture(scope="module")
def reader(screen: ClipScreen) -> writing.Reader:
    return screen.reader


@pytest.fixture(scope="module")
def prompts(screen: ClipScreen) -> PromptScreen:
    return screen.prompts


def frame(text: str, size: int = 40, angle: float = 0, width: int = 512, height: int = 320) -> np.ndarray:
    """White letters turned by `angle` degrees in the middle of a blue picture."""
    ink = Image.new("L", (width, height))
    pen = ImageDraw.Draw(ink)
    middle = (width / 2, height / 2)
    pen.multiline_text(middle, text, 255, ImageFont.truetype(str(FONT), size), anchor="mm", align="center")
    picture = Image.new("RGB", (width, height), (40, 90, 140))
    picture.paste((255, 255, 255), mask=ink.rotate(angle, Image.Resampling.BICUBIC))
    return np.asarray(picture)


def decided(pages: list[writing.Page], prompts: PromptScreen) -> Decision:
    """What the shipped policy makes of the writing alone."""
    return decide(writing.judged(pages, prompts), POLICY, complete=True, world="closed")


@pytest.mark.parametrize(
    ("text", "size", "angle"),
    [
        ("Un été à la mer", 40, 0),
        ("closed on monday", 40, 18),
        ("closed on monday", 40, -30),
        ("closed on monday", 40, 90),
        ("closed on monday", 40, 180),
        ("small print of a long line", 13, 0),
        ("BIG", 160, 0),
    ],
)
def test_a_line_is_read_whatever_its_size_and_slope(reader: writing.Reader, text: str, size: int, angle: float):
    assert reader.read(frame(text, size, angle))[0] == (text,)


def test_lines_are_read_from_the_top_down(reader: writing.Reader):
    assert reader.read(frame("first line\nsecond line\nthird line"))[0] == ("first line", "second line", "third line")


def test_noise_stripes_and_plain_colour_hold_no_writing(reader: writing.Reader):
    noise = np.random.default_rng(3).integers(0, 255, (360, 640, 3), dtype=np.uint8)
    stripes = np.repeat(np.arange(640) // 20 % 2 * 200, 3).reshape(1, 640, 3).repeat(360, axis=0).astype(np.uint8)

    for picture in (noise, stripes, np.full((360, 640, 3), 90, np.uint8), np.zeros((1, 1, 3), np.uint8)):
        assert reader.read(picture) == ((), False)


def test_a_frame_that_stands_still_is_read_once_and_a_new_word_is_seen(reader: writing.Reader):
    clip = np.stack([frame("hello there"), frame("hello there"), frame("hello again")])

    pages = reader.pages(clip, [0, 1, 2], RATE)

    assert [page.lines for page in pages] == [("hello there",), ("hello there",), ("hello again",)]
    assert [page.second for page in pages] == [0, 0.25, 0.5]
    assert pages[0].lines is pages[1].lines


@pytest.mark.parametrize(("text", "action"), [(ALWAYS_BLOCKED_TEXT, "block"), (ALWAYS_HELD_TEXT, "hold")])
def test_a_planted_sentence_is_judged_as_a_prompt_is(
    reader: writing.Reader, prompts: PromptScreen, text: str, action: str
):
    clip = np.stack([frame("Happy birthday Anna"), frame(text, 16)])

    found = decided(reader.pages(clip, [0, 1], 1.0), prompts)

    read = next(reason for reason in found.reasons if reason.category is Category.TEST_STRING)
    assert (found.action, read.action, read.stage) == (action, action, "writing")
    assert "ppocr" in read.model


def test_a_harmless_sign_passes(reader: writing.Reader, prompts: PromptScreen):
    for text in ("Happy birthday Anna", "Café de la Gare", "OPEN", "Sortie", "24"):
        found = decided(reader.pages(frame(text)[None], [0], 1.0), prompts)
        assert found.action == "pass", (text, found.reasons)


def test_no_writing_scores_every_category_and_completes_the_policy(prompts: PromptScreen):
    signals = writing.judged([writing.Page(0, (), False)], prompts)

    assert is_complete(signals, POLICY, ["writing"])
    assert all(signal.score == 0 and signal.spans == () for signal in signals)


def test_a_sentence_over_several_frames_is_judged_as_one(prompts: PromptScreen):
    harm = next(row.text for row in own_rows() if row.group == "core" and row.part == "train" and row.lang == "en")
    words = harm.split()
    pages = [writing.Page(float(at), (word,), False) for at, word in enumerate(words)]
    whole = {signal.category: signal.score for signal in prompts.judge(harm, "writing")}

    found = {signal.category: signal.score for signal in writing.judged(pages, prompts)}

    assert max(whole.values()) >= 0.5
    assert all(found[category] >= score - 1e-6 for category, score in whole.items())


def test_one_bad_line_among_many_is_found(prompts: PromptScreen):
    lines = [f"line {number} of a quiet letter" for number in range(20)]
    pages = [writing.Page(0, (*lines[:9], ALWAYS_BLOCKED_TEXT, *lines[9:]), False)]

    assert decided(pages, prompts).action == "block"


@pytest.mark.parametrize("text", ["закрыто сегодня", "今日は休み", "Heute bleibt der Laden leider geschlossen"])
def test_writing_that_we_do_not_judge_is_held(prompts: PromptScreen, text: str):
    found = decided([writing.Page(0, (text,), False)], prompts)

    assert found.action != "pass"
    assert Category.UNSUPPORTED_LANGUAGE in {reason.category for reason in found.reasons}


def test_more_lines_than_are_read_are_held(prompts: PromptScreen):
    found = decided([writing.Page(0, ("good day",), True)], prompts)

    assert (found.action, found.category) == ("hold", Category.UNREADABLE)


def test_where_the_writing_is_comes_with_the_signal(prompts: PromptScreen):
    pages = [writing.Page(float(at), ("x y", ALWAYS_HELD_TEXT) if at == 3 else (), False) for at in range(6)]

    found = next(each for each in writing.judged(pages, prompts) if each.category is Category.TEST_STRING)

    assert [(span.start, span.end) for span in found.spans] == [(2.5, 3.5)]


def test_a_reader_that_is_not_the_measured_one_fails_the_screening(tmp_path: Path):
    manifest = (WEIGHTS / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(manifest.replace('ppocrv6_det.onnx": "', 'ppocrv6_det.onnx": "0'))

    with pytest.raises(WeightsChanged, match=r"ppocrv6_det.onnx has sha256"):
        writing.Reader(tmp_path)


@pytest.mark.parametrize("origin", ["generated", "upload"])
def test_a_clip_with_a_planted_sentence_is_blocked_whoever_made_it(screen: ClipScreen, origin: str):
    shown = np.stack([frame(""), frame(""), frame(ALWAYS_BLOCKED_TEXT, 16), frame("")]).repeat(4, axis=0)
    clip = Decoded(shown, RATE, np.zeros(16_000, np.float32), 16_000, facts=None)
    nothing = MarkReading(payload=None, p_value=1, confidence=0)

    signals = screen.judge(clip, origin, nothing).signals

    assert is_complete(signals, POLICY, ["frames", "writing", "sound"])
    found = decide(signals, POLICY, complete=True, world="closed")
    assert found.action == "block"
    assert Category.TEST_STRING in {reason.category for reason in found.reasons if reason.action == "block"}
