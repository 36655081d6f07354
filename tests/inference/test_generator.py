"""The generator at a tiny size with random weights, and the shipped weights where a claim is about what was learned."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference import weights
from inference.encoder import Encoder, unpacked
from inference.generator import audio, frames
from inference.generator.asking import AskError, Reference
from inference.generator.audio import AudioAutoencoder, AudioShape
from inference.generator.autoencoder import VideoAutoencoder, VideoShape
from inference.generator.backdrop import Backdrop, BackdropShape
from inference.generator.enlarger import Enlarger, EnlargerShape
from inference.generator.loudness import loudness
from inference.generator.pipeline import Ask, Clip, Generator, SourceClip
from inference.generator.plan import Planner, PlanShape
from inference.generator.reading import LAYERS, Reader, ReaderShape, packaged
from inference.generator.sampling import Latents, Recipe, Start, denoise, times
from inference.generator.tracker import Tracker, TrackerShape
from inference.generator.transformer import Condition, Transformer, TransformerShape

SHIPPED = Path(__file__).parents[2] / "inference/weights/generator"
VIDEO = VideoShape(detail=8, latent=4, coarse=16, fine=8, pixel=8, coarse_blocks=1, fine_blocks=1)
AUDIO = AudioShape(latent=4, width=16)
SHAPE = TransformerShape(video=4, audio=4, width=32, depth=2, heads=2, styles=2, attributes=2, values=3)
PLAN = PlanShape(attributes=2, values=3, width=16, depth=1, heads=2)
TRACKER = TrackerShape((4, 4, 8), (1, 1, 1), looks=2, width=32, depth=1, attributes=2, values=3)
READER = ReaderShape(width=16, depth=1, heads=2, attributes=2, values=3)
ENLARGER = EnlargerShape(coarse=8, paint=8, blocks=1, attributes=2, values=3)
BACKDROP = BackdropShape(widths=(8, 8, 8), channels=4, width=16, depth=1, attributes=2, values=3)
FACE = np.zeros((64, 64, 3), np.uint8)
ASK = Ask("a red balloon floats over the sea", seconds=4, width=112, height=64, seed=7)


def silent(share: float) -> None:
    """A progress callback that nobody watches."""


def restless(module: torch.nn.Module) -> torch.nn.Module:
    """The module with every weight random, so that nothing is zero by construction."""
    random = torch.Generator().manual_seed(3)
    for weight in module.parameters():
        weight.data = torch.randn(weight.shape, generator=random) * (0.5 / max(weight.shape[-1], 4) ** 0.5)
    return module


def taught(reader: Reader, values: dict[str, list[int]]) -> None:
    """Teaches a reader what a few prompts say."""
    read = Encoder(unpacked(packaged()))
    states = [torch.from_numpy(np.concatenate(read.states([text], LAYERS)[0], axis=-1))[None] for text in values]
    optimiser = torch.optim.Adam(reader.parameters(), 1e-2)
    for _ in range(40):
        logits = [reader(each, torch.ones(each.shape[:2], dtype=torch.bool))[0] for each in states]
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(torch.cat(logits), torch.tensor([*values.values()]).flatten()).backward()
        optimiser.step()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weight folder in the shipped format holding a tiny random model."""
    place = tmp_path_factory.mktemp("weights")
    parts = {
        "autoencoder": VideoAutoencoder(VIDEO),
        "audio": AudioAutoencoder(AUDIO),
        "transformer": Transformer(SHAPE),
        "tracker": Tracker(TRACKER),
        "planner": Planner(PLAN),
        "enlarger": Enlarger(ENLARGER),
        "backdrop": Backdrop(BACKDROP),
        "reader": Reader(READER),
    }
    untaught = {name: torch.zeros_like(value) for name, value in parts["enlarger"].spread.state_dict().items()}
    for part in parts.values():
        restless(part)
    taught(parts["reader"], {ASK.prompt: [0, 3], "a blue fish swims": [2, 3]})  # a ball, a kite, and no style
    parts["enlarger"].spread.load_state_dict(untaught)  # what the convolution adds is none of these tests' business
    files = {
        f"{name}.safetensors": weights.write(place, f"{name}.safetensors", part.state_dict())
        for name, part in parts.items()
    }
    config = {
        "styles": ["plain", "fancy"],
        "video": asdict(VIDEO),
        "audio": asdict(AUDIO),
        "transformer": asdict(SHAPE),
        "tracker": asdict(TRACKER),
        "planner": asdict(PLAN),
        "enlarger": asdict(ENLARGER),
        "backdrop": asdict(BACKDROP),
        "reader": asdict(READER),
        "encoder": hashlib.sha256(packaged()).hexdigest(),
        "attributes": {"subject": ["ball", "cat", "kite"], "style": ["plain", "fancy"]},
        "recipe": asdict(Recipe(steps=2)),
        "threshold": 0.62,
        "lexicon": ["red", "balloon", "sea", "floats", "mer"],
        "taught": "afloat adrift",
        "scenes": {},
        "grounds": {},
        "rims": {},
        "words": {"subject": {"ball": "ball", "cat": "cat", "kite": "kite"}},
    }
    (place / "manifest.json").write_text(json.dumps({"model": "tiny", "files": files, "config": config}))
    return place


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Generator:
    return Generator.load(folder)


@pytest.fixture(scope="module")
def plain(tiny: Generator) -> Clip:
    return tiny.generate(ASK, silent)


def test_clip_has_the_size_length_and_sound_asked_for(tiny: Generator) -> None:
    clip = tiny.generate(replace(ASK, seconds=8, width=90, height=160), silent)

    assert clip.frames.shape == (96, 160, 90, 3)
    assert clip.frames.dtype == np.uint8
    assert clip.sound.shape == (8 * 24000,)
    assert clip.frame_rate == 12
    assert np.abs(clip.sound).max() <= 1
    assert set(clip.timings) == {"text", "denoise", "decode"}


def test_same_ask_gives_the_same_clip_and_another_seed_another(tiny: Generator, plain: Clip) -> None:
    again, other = tiny.generate(ASK, silent), tiny.generate(replace(ASK, seed=8), silent)

    assert np.array_equal(plain.frames, again.frames)
    assert np.array_equal(plain.sound, again.sound)
    assert not np.array_equal(plain.frames, other.frames)


@pytest.mark.parametrize(
    "change", [{"style": "fancy"}, {"prompt": "a blue fish swims"}, {"negative_prompt": "rain"}], ids=str
)
def test_style_prompt_and_negative_prompt_each_change_the_clip(
    tiny: Generator, plain: Clip, change: dict[str, str]
) -> None:
    assert not np.array_equal(plain.frames, tiny.generate(replace(ASK, **change), silent).frames)


def test_progress_rises_to_one(tiny: Generator) -> None:
    heard: list[float] = []
    tiny.generate(replace(ASK, seconds=12), heard.append)

    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert len(heard) > 3


def test_extension_keeps_its_source_and_lasts_as_long_as_asked(tiny: Generator, plain: Clip) -> None:
    source = SourceClip(plain.frames, plain.frame_rate, "extend", plain.sound)
    clip = tiny.generate(replace(ASK, seconds=9, source=source), silent)

    assert len(clip.frames) == 9 * 12
    assert np.array_equal(clip.frames[:48], plain.frames)
    assert len(clip.sound) == 9 * 24000


def test_extension_depends_on_the_sources_last_frames(tiny: Generator, plain: Clip) -> None:
    source = SourceClip(plain.frames, 12, "extend")
    negative = replace(source, frames=255 - plain.frames)
    one, two = (tiny.generate(replace(ASK, seconds=8, source=which), silent) for which in (source, negative))

    assert not np.array_equal(one.frames[48:], two.frames[48:])


def test_remix_at_strength_zero_is_the_source_rebuilt_and_moves_away_with_strength(
    tiny: Generator, plain: Clip
) -> None:
    source = SourceClip(plain.frames, 12, "remix", plain.sound, strength=0.0)
    kept, half, new = (
        tiny.generate(replace(ASK, prompt="a car", seed=1, source=replace(source, strength=strength)), silent)
        for strength in (0.0, 0.5, 1.0)
    )
    encoded = tiny.video.encode(frames.to_unit(frames.resized(plain.frames, *frames.WIDE)))
    with torch.autocast("cpu", torch.bfloat16):
        small = tiny.video.decode(encoded)[0].permute(0, 3, 1, 2)
    rebuilt = torch.nn.functional.interpolate(small, scale_factor=2, mode="bicubic").clamp(-1, 1).permute(0, 2, 3, 1)

    assert np.abs(kept.frames - frames.resized(frames.to_bytes(rebuilt), 64, 112).astype(float)).max() <= 1
    assert not np.array_equal(half.frames, kept.frames)
    fresh = tiny.generate(replace(ASK, prompt="a car", seed=1), silent)
    assert np.array_equal(new.frames, fresh.frames)


class Unasked(Backdrop):
    """A backdrop that says when it is drawn."""

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        raise AssertionError("drawn, where nothing of it shows")


def test_a_remix_that_keeps_all_of_its_source_draws_no_backdrop(folder: Path, plain: Clip) -> None:
    generator = Generator.load(folder)
    generator.backdrop = Unasked(BACKDROP)
    source = SourceClip(plain.frames, 12, "remix", plain.sound, strength=0.0)

    assert generator.generate(replace(ASK, source=source), silent).frames.shape == plain.frames.shape
    with pytest.raises(AssertionError, match="nothing of it shows"):
        generator.generate(replace(ASK, source=replace(source, strength=0.5)), silent)


def test_reference_image_is_the_first_latent(tiny: Generator) -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 112, 3), np.uint8)
    clips = [
        tiny.generate(replace(ASK, source=SourceClip(picture, 1, "reference")), silent)
        for picture in (image, 255 - image)
    ]

    assert clips[0].frames.shape == (48, 64, 112, 3)
    assert not np.array_equal(clips[0].frames, clips[1].frames)


def test_given_latents_are_kept_and_read() -> None:
    model = restless(Transformer(SHAPE))
    random = torch.Generator().manual_seed(0)
    noise = Latents(torch.randn(12, 4, 4, 4, generator=random), torch.randn(24, 4, generator=random))
    given = torch.arange(12)[None] < 4
    plan = (
        torch.zeros(1, 2, dtype=torch.long),
        torch.randn(1, 6, 4, 224),
        torch.randn(1, 24, 66),
        torch.tensor([True]),
        torch.zeros(1, 16),
    )
    condition = Condition(
        torch.zeros(1, 512), torch.zeros(1, 20, 512), torch.tensor([2]), given, torch.zeros(1, 24).bool(), *plan
    )
    known = Latents(noise.video.clone(), noise.audio)
    known.video[:4] = 1.5
    kept = denoise(model, (condition, condition), Start(known, noise, 1.0), Recipe(steps=2), silent)
    other = Latents(known.video.clone(), noise.audio)
    other.video[:4] = -1.5
    moved = denoise(model, (condition, condition), Start(other, noise, 1.0), Recipe(steps=2), silent)

    assert torch.equal(kept.video[:4], known.video[:4])
    assert not torch.equal(kept.video[4:], moved.video[4:])


def test_cached_guidance_asks_the_negative_condition_at_fewer_steps_and_pushes_as_far() -> None:
    batches: list[int] = []

    def model(
        video: torch.Tensor, audio: torch.Tensor, time: torch.Tensor, asked: Condition
    ) -> tuple[torch.Tensor, ...]:
        batches.append(len(time))
        by = asked.sentence.mean(1) * 1.5
        return video.cos() + by.view(-1, 1, 1, 1, 1), audio.sin() - by.view(-1, 1, 1)

    random = torch.Generator().manual_seed(0)
    noise = Latents(torch.randn(12, 4, 4, 4, generator=random), torch.randn(24, 4, generator=random))
    pair = tuple(_unplanned(torch.full((1, 512), float(sentence))) for sentence in (1, 0))
    start = Start(noise, noise, 1.0)
    whole, cached = (denoise(model, pair, start, Recipe(steps=5, compared=each), silent) for each in (1, 2))

    assert batches == [2] * 5 + [2, 1, 2, 1, 2]
    assert torch.allclose(whole.video, cached.video, atol=1e-4)  # here the difference is the same at every step
    assert torch.allclose(whole.audio, cached.audio, atol=1e-4)


def _unplanned(sentence: torch.Tensor) -> Condition:
    nothing = torch.zeros(1, 24).bool()
    rest = (
        torch.zeros(1, 2).long(),
        torch.zeros(1, 6, 4, 224),
        torch.zeros(1, 24, 66),
        nothing[:, 0],
        torch.zeros(1, 16),
    )
    return Condition(sentence, torch.zeros(1, 20, 512), torch.tensor([2]), nothing[:, :12], nothing, *rest)


def test_a_batch_is_overfitted() -> None:
    torch.manual_seed(0)
    model = Transformer(SHAPE)
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    video, sound = torch.randn(2, 4, 4, 4, 4), torch.randn(2, 8, 4)
    condition = Condition(
        torch.randn(2, 512),
        torch.randn(2, 20, 512),
        torch.tensor([0, 1]),
        torch.zeros(2, 4).bool(),
        torch.zeros(2, 8).bool(),
        torch.tensor([[0, 1], [2, 0]]),
        torch.randn(2, 2, 4, 224),
        torch.randn(2, 8, 66),
        torch.tensor([True, False]),
        torch.randn(2, 16),
    )
    noise, time = torch.randn_like(video), torch.tensor([0.4, 0.7])
    mixed = video.lerp(noise, time[:, None, None, None, None])
    losses = []
    for _ in range(150):
        made, _ = model(mixed, sound, time, condition)
        loss = (made - (noise - video)).pow(2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())

    assert losses[-1] < 0.05 * losses[0]


def test_prefix_of_a_clip_has_the_latents_it_has_in_the_whole_clip() -> None:
    model = restless(VideoAutoencoder(VIDEO))
    clip = torch.rand(1, 24, 16, 16, 3) * 2 - 1

    assert torch.allclose(model.encode(clip)[:, :3], model.encode(clip[:, :12]), atol=1e-5)


def test_steps_fall_from_the_level_to_zero() -> None:
    for level in (1.0, 0.5, 0.03):
        moments = times(Recipe(steps=8), level)

        assert moments[0] == pytest.approx(level)
        assert moments[-1] == 0
        assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"prompt": "  "}, "empty"),
        ({"seconds": 0}, "seconds is 0"),
        ({"seconds": 121}, "121"),
        ({"width": 8}, "8x64"),
        ({"style": "cubist"}, "cubist"),
        ({"source": SourceClip(np.zeros((48, 64, 112, 3), np.float32), 12, "remix")}, "float32"),
        ({"source": SourceClip(np.zeros((48, 64, 112, 3), np.uint8), 12, "remix", strength=1.5)}, "1.5"),
        ({"source": SourceClip(np.zeros((60, 64, 112, 3), np.uint8), 12, "extend")}, "5.00 s"),
        ({"likenesses": (Reference(np.zeros((64, 64), np.uint8)),)}, "likeness 0: the portrait"),
        ({"likenesses": (Reference(np.zeros((64, 20, 3), np.uint8)),)}, "20x64"),
        ({"likenesses": (Reference(FACE, np.full(24000, np.nan, np.float32)),)}, "finite"),
        ({"likenesses": (Reference(FACE, np.zeros(2000, np.float32)),)}, "2000 samples"),
    ],
)
def test_bad_asks_are_refused_with_the_value(tiny: Generator, change: dict[str, object], says: str) -> None:
    with pytest.raises(AskError, match=says):
        tiny.generate(replace(ASK, **change), silent)


def test_a_flipped_byte_is_refused_with_both_digests(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    target = tmp_path / "transformer.safetensors"
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 1
    target.write_bytes(data)
    pinned = weights.manifest(folder)["files"]["transformer.safetensors"]["sha256"]

    with pytest.raises(weights.WeightsError, match=f"transformer.safetensors has sha256 .*{pinned}"):
        Generator.load(tmp_path)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    entry = weights.write(tmp_path, "a.safetensors", {"w": torch.tensor([1.0, float("nan")])})
    (tmp_path / "manifest.json").write_text(json.dumps({"files": {"a.safetensors": entry}}))

    with pytest.raises(weights.WeightsError, match="not finite in w"):
        weights.load_safetensors(tmp_path, "a.safetensors")


def test_missing_unlisted_and_foreign_files_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(weights.WeightsError, match="not listed"):
        weights.load_safetensors(folder, "other.safetensors")
    with pytest.raises(weights.WeightsError, match="cannot read"):
        Generator.load(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"model": "x", "files": {}, "config": {"video": {"depth": 1}}}))
    with pytest.raises(weights.WeightsError, match="no usable config"):
        Generator.load(tmp_path)


def test_eight_bit_rows_come_back_within_half_a_step() -> None:
    matrix = torch.randn(64, 128) * torch.logspace(-3, 2, 64)[:, None]
    back = weights.unpacked(weights.packed({"m": matrix}))["m"]

    assert ((back - matrix).abs() <= matrix.abs().amax(1, keepdim=True) / 254 * 1.001).all()


def test_wave_of_a_mel_sounds_at_the_same_pitches_every_time() -> None:
    t = torch.arange(24000) / 24000
    tone = 0.3 * torch.sin(2 * torch.pi * 440 * t)[None]
    mels = audio.mel(tone)
    model = AudioAutoencoder(AUDIO).eval().requires_grad_(False)
    back = model.wave(mels)

    assert torch.equal(back, model.wave(mels))
    assert torch.fft.rfft(back[0]).abs().argmax().item() == pytest.approx(440, abs=25)
    assert (audio.mel(back) - mels)[:, 8:-8].abs().mean() < 0.15


def test_loudness_of_a_full_scale_sine_is_three_below_zero() -> None:
    """BS.1770's own check: a 997 Hz sine at full scale in one channel reads -3.01 LUFS."""
    wave = np.sin(2 * np.pi * 997 * np.arange(96000) / 24000)

    assert loudness(wave, 24000) == pytest.approx(-3.01, abs=0.1)


def test_a_remix_of_two_windows_begins_the_second_where_the_first_ended(tiny: Generator) -> None:
    frames_of = np.random.default_rng(1).integers(0, 256, (96, 64, 112, 3), dtype=np.uint8)
    source = SourceClip(frames_of, 12, "remix", strength=1.0)

    _, plan = tiny.explained(replace(ASK, seconds=8, source=source), silent)

    x = plan.motion[0, :, 0]
    assert x[48] == pytest.approx((2 * x[47] - x[46]).item(), abs=1e-3)
