"""The large engine on LTX-2's real file layout and sampling code, at a tiny size with random weights."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from events.engines import LARGE, LIMITS, SMALL
from events.inference import Generated
from inference.engines.cost import calls, operations, table
from inference.engines.folder import MANIFEST, checked, digest_of, fetched, pin
from inference.engines.large import STYLE_WORDS, LargeEngine
from inference.engines.options import EngineOptions, OptionsError, options_of
from inference.engines.sampling import Reading, Sampler, Start
from inference.engines.step_cache import StepCache
from inference.engines.windows import Grid, continued, plan
from inference.generator import frames, reading
from inference.generator.asking import Ask, AskError, Clip, SourceClip
from inference.generator.engine import Engine, EngineError
from inference.generator.enlarger import SCALE
from inference.generator.pipeline import Generator
from inference.manifest import WeightsError
from tests.inference.test_media_role import Home, home
from tests.inference.tiny_ltx import write

__all__ = ["home"]

ASK = Ask("a fox runs over snow", seconds=1, width=64, height=64, seed=7)
FAST = EngineOptions(
    device="cpu", offload="none", precision="fp32", steps=1, prompt_tokens=64, window_seconds=2, guidance=1,
    sound_guidance=1, skip_guidance=0, modality_guidance=1,
)  # fmt: skip
GUIDED = FAST.model_copy(update={"guidance": 3.0, "skip_guidance": 1.0, "skip_block": 1, "modality_guidance": 3.0})
GRID = Grid(time=8, space=32, rate=24)


def silent(share: float) -> None:
    """A progress callback that nobody watches."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = write(tmp_path_factory.mktemp("large"))
    pin(place, "tiny-ltx")
    return place


@pytest.fixture(scope="module")
def engine(folder: Path) -> LargeEngine:
    return LargeEngine.load(folder, digest_of(folder / MANIFEST), FAST)


@pytest.fixture(scope="module")
def plain(engine: LargeEngine) -> Clip:
    return engine.generate(ASK, silent)


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Iterator[Path]:
    yield Path(shutil.copytree(folder, tmp_path / "copy"))


def variant(engine: LargeEngine, options: EngineOptions) -> LargeEngine:
    """The same networks run with other options."""
    return LargeEngine(engine.sampler.pipeline, options, "tiny")


def test_a_clip_has_the_size_rate_and_sound_asked_for(engine: LargeEngine, plain: Clip):
    clip = engine.generate(replace(ASK, width=90, height=70), silent)

    assert plain.frames.shape == (24, 64, 64, 3)
    assert clip.frames.shape == (24, 70, 90, 3)
    assert (clip.frame_rate, clip.sample_rate, clip.sound.shape) == (24, 24_000, (24_000,))
    assert 0.01 < np.abs(clip.sound).max() <= 1
    assert clip.frames.std() > 1
    assert set(clip.timings) == {"text", "denoise", "decode"}
    assert clip.warnings == ()
    assert engine.model.startswith("tiny-ltx@")


def test_the_same_ask_gives_the_same_clip_and_seed_style_and_prompt_each_change_it(engine: LargeEngine, plain: Clip):
    again = engine.generate(ASK, silent)

    assert np.array_equal(plain.frames, again.frames)
    assert np.array_equal(plain.sound, again.sound)
    for change in ({"seed": 8}, {"style": "animation"}, {"prompt": "rain"}):
        assert not np.array_equal(plain.frames, engine.generate(replace(ASK, **change), silent).frames), change


def test_guidance_changes_the_clip_and_hears_the_negative_prompt(engine: LargeEngine, plain: Clip):
    guided = variant(engine, GUIDED)
    one, other = (guided.generate(replace(ASK, negative_prompt=words), silent) for words in ("", "fog"))

    assert not np.array_equal(one.frames, plain.frames)
    assert not np.array_equal(one.frames, other.frames)
    assert one.warnings == other.warnings == ()


def test_a_negative_prompt_without_guidance_is_warned_of(engine: LargeEngine, plain: Clip):
    clip = engine.generate(replace(ASK, negative_prompt="fog"), silent)

    assert np.array_equal(clip.frames, plain.frames)
    assert "no effect" in clip.warnings[0]


def test_a_prompt_beyond_the_encoder_is_cut_at_a_clause_with_a_warning(engine: LargeEngine):
    clip = engine.generate(replace(ASK, prompt=f"{ASK.prompt}, {'and then it sleeps ' * 20}"), silent)

    assert "64 tokens" in clip.warnings[0]
    assert "then it sleeps" in clip.warnings[0]
    assert engine.sampler.reads("x" * 60)
    assert not engine.sampler.reads("x" * 70)


def test_progress_rises_to_one(engine: LargeEngine):
    heard: list[float] = []
    engine.generate(replace(ASK, seconds=3), heard.append)

    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert len(heard) == 2 + 1


def test_an_extension_keeps_its_source_and_follows_it(engine: LargeEngine, plain: Clip):
    source = SourceClip(plain.frames, 24, "extend", plain.sound)
    one = engine.generate(replace(ASK, seconds=2, source=source), silent)
    two = engine.generate(replace(ASK, seconds=2, source=replace(source, frames=255 - plain.frames)), silent)

    assert (len(one.frames), len(one.sound)) == (48, 48_000)
    assert np.array_equal(one.frames[:24], plain.frames)
    assert not np.array_equal(one.frames[24:], two.frames[24:])


def test_a_remix_keeps_its_source_at_strength_zero_and_leaves_it_at_one(engine: LargeEngine, plain: Clip):
    source = SourceClip(plain.frames, 24, "remix", plain.sound)
    kept, half, new = (
        engine.generate(replace(ASK, prompt="a car", source=replace(source, strength=strength)), silent)
        for strength in (0.0, 0.4, 1.0)
    )

    assert np.array_equal(kept.frames, plain.frames)
    assert np.abs(kept.sound - plain.sound).max() < 0.01
    assert np.abs(half.sound - plain.sound).max() < 0.01
    assert not np.array_equal(half.frames, plain.frames)
    assert np.array_equal(new.frames, engine.generate(replace(ASK, prompt="a car"), silent).frames)


def test_a_silent_source_gets_sound_made_for_its_picture(engine: LargeEngine, plain: Clip):
    clip = engine.generate(replace(ASK, source=SourceClip(plain.frames, 24, "edit", strength=0.0)), silent)

    assert np.array_equal(clip.frames, plain.frames)
    assert np.abs(clip.sound).max() > 0.01


def test_a_reference_picture_is_what_the_clip_begins_with(engine: LargeEngine, plain: Clip):
    picture = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    clip = engine.generate(replace(ASK, source=SourceClip(picture, 24, "reference")), silent)

    assert len(clip.frames) == 24
    assert not np.array_equal(clip.frames, plain.frames)


def test_a_step_cache_skips_as_its_threshold_lets_it(engine: LargeEngine):
    cached = variant(engine, FAST.model_copy(update={"steps": 6, "step_cache": 1.0}))
    exact = variant(engine, FAST.model_copy(update={"steps": 6, "step_cache": 1e-12}))
    clips = [each.generate(ASK, silent) for each in (cached, exact)]

    assert 0 < cached.sampler.skipped < 5
    assert exact.sampler.skipped == 0
    assert not np.array_equal(clips[0].frames, clips[1].frames)


def test_a_step_cache_keeps_one_memory_for_each_kind_of_call():
    made: list[float] = []

    def forward(hidden_states: torch.Tensor, isolate_modalities: bool) -> tuple[torch.Tensor, torch.Tensor]:
        made.append(float(hidden_states.sum()))
        return hidden_states * (2 if isolate_modalities else 1), hidden_states

    cache = StepCache(forward, 0.5)
    for value in (1.0, 1.1, 1.2, 1.3):
        for apart in (False, True):
            answer = cache(hidden_states=torch.full((1, 1, 1), value), isolate_modalities=apart)[0]
            assert float(answer) == pytest.approx(min(value, 1.1) * (2 if apart else 1))

    assert (len(made), cache.calls, cache.skipped) == (4, 8, 4)


def test_half_precision_and_compiled_blocks_are_what_the_options_say(folder: Path):
    options = FAST.model_copy(update={"precision": "bf16", "compile": "eager"})
    pipeline = LargeEngine.load(folder, digest_of(folder / MANIFEST), options).sampler.pipeline

    assert {parameter.dtype for parameter in pipeline.transformer.parameters()} == {torch.bfloat16}
    assert pipeline.text_encoder.dtype == pipeline.vae.dtype == torch.bfloat16
    assert pipeline.transformer.transformer_blocks[0]._compiled_call_impl is not None
    assert pipeline.vae.use_tiling


class Starved(Sampler):
    """A sampler on a device without memory."""

    def sample(self, start: Start, reading: Reading) -> tuple[np.ndarray, np.ndarray, int, dict[str, float]]:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")


def test_out_of_memory_is_an_error_that_names_the_size_and_the_next_clip_is_made(engine: LargeEngine, plain: Clip):
    starved = variant(engine, FAST)
    healthy, starved.sampler = starved.sampler, Starved(engine.sampler.pipeline, FAST)

    with pytest.raises(EngineError, match="out of memory making 64x64, 1 s"):
        starved.generate(ASK, silent)

    starved.sampler = healthy
    assert np.array_equal(starved.generate(ASK, silent).frames, plain.frames)


def test_numbers_that_are_not_finite_make_no_clip(folder: Path):
    engine = LargeEngine.load(folder, digest_of(folder / MANIFEST), FAST)
    next(engine.sampler.pipeline.transformer.parameters()).data.fill_(float("nan"))

    with pytest.raises(EngineError, match="not finite"):
        engine.generate(ASK, silent)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"style": "cubist"}, "'cubist' is not one of cinematic"),
        ({"prompt": " "}, "empty"),
        ({"source": SourceClip(np.zeros((48, 64, 64, 3), np.uint8), 24, "extend")}, "2.00 s"),
    ],
)
def test_what_no_clip_can_be_made_of_is_refused(engine: LargeEngine, change: dict[str, object], says: str):
    with pytest.raises(AskError, match=says):
        engine.generate(replace(ASK, **change), silent)


def test_a_changed_byte_a_stray_file_and_another_digest_are_refused(copied: Path):
    digest = digest_of(copied / MANIFEST)
    assert checked(copied, digest) == "tiny-ltx"

    with pytest.raises(WeightsError, match="was asked for"):
        checked(copied, "0" * 64)
    (copied / "transformer" / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(WeightsError, match="pytorch_model.bin is not listed"):
        checked(copied, digest)
    with pytest.raises(WeightsError, match="no kind of file"):
        pin(copied, "tiny")
    (copied / "transformer" / "pytorch_model.bin").unlink()
    weights = sorted((copied / "vae").glob("*.safetensors"))[0]
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(WeightsError, match=r"vae.*the manifest pins"):
        checked(copied, digest)


def test_a_manifest_that_leads_out_of_its_folder_is_refused(copied: Path):
    manifest = json.loads((copied / MANIFEST).read_text())
    manifest["files"]["../secret.json"] = {"sha256": "0" * 64}
    (copied / MANIFEST).write_text(json.dumps(manifest))

    with pytest.raises(WeightsError, match=r"\.\./secret\.json"):
        checked(copied, digest_of(copied / MANIFEST))


def _rewritten(folder: Path, part: str, change: object) -> str:
    path = sorted((folder / part).glob("*.safetensors"))[0]
    tensors = load_file(path)
    name = sorted(tensors)[0]
    if change == "gone":
        del tensors[name]
    elif change == "more":
        tensors["stray.weight"] = torch.zeros(2)
    elif change == "shape":
        tensors[name] = torch.zeros(3, 5, 7)
    else:
        tensors[name] = torch.full_like(tensors[name], float(str(change)))
    save_file(tensors, path, {"format": "pt"})
    return pin(folder, "tiny")


@pytest.mark.parametrize(
    ("part", "change", "says"),
    [
        ("vae", "nan", "not finite"),
        ("vocoder", "inf", "not finite"),
        ("audio_vae", "gone", "missing keys"),
        ("connectors", "more", "unexpected keys"),
        ("vocoder", "shape", "vocoder"),
    ],
)
def test_weights_that_do_not_fit_are_refused(copied: Path, part: str, change: str, says: str):
    """Pinned well, but broken before they were pinned: the libraries would fill a gap with random numbers."""
    digest = _rewritten(copied, part, change)

    with pytest.raises(WeightsError, match=says):
        LargeEngine.load(copied, digest, FAST)


@pytest.mark.parametrize(
    ("part", "entry", "says"),
    [
        ("transformer", ["os", "system"], "'system' as transformer"),
        ("vae", ["diffusers", "AutoencoderKLWan"], "'AutoencoderKLWan' as vae"),
        ("_class_name", "WanPipeline", "describes 'WanPipeline'"),
    ],
)
def test_a_folder_cannot_choose_other_classes(copied: Path, part: str, entry: object, says: str):
    index = json.loads((copied / "model_index.json").read_text())
    (copied / "model_index.json").write_text(json.dumps(index | {part: entry}))

    with pytest.raises(WeightsError, match=says):
        LargeEngine.load(copied, pin(copied, "tiny"), FAST)


def test_a_folder_is_fetched_whole_once_and_only_if_its_digests_hold(folder: Path, tmp_path: Path):
    asked: list[str] = []

    def fetch(name: str, path: Path) -> None:
        asked.append(name)
        shutil.copyfile(folder / name, path)

    def spoilt(name: str, path: Path) -> None:
        path.write_bytes((folder / name).read_bytes() + (b"x" if name.startswith("vocoder") else b""))

    digest = digest_of(folder / MANIFEST)
    with pytest.raises(WeightsError, match="vocoder"):
        fetched(spoilt, tmp_path / "bad", digest)
    fetched(fetch, tmp_path / "good", digest)
    first = len(asked)
    fetched(fetch, tmp_path / "good", digest)

    assert not list((tmp_path / "bad").rglob("*.part"))
    assert checked(tmp_path / "good", digest) == "tiny-ltx"
    assert first > 10
    assert asked[first:] == [MANIFEST]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ('{"steps": 0}', "steps"),
        ('{"colour": 1}', "colour"),
        ("[1]", "options"),
        ('{"device": "cpu", "offload": "model"}', "moves weights to a GPU"),
        ('{"schedule": "distilled"}', "no guidance"),
        ('{"offload": "layer", "compile": "inductor"}', "compile 'inductor'"),
    ],
)
def test_options_that_cannot_be_used_are_named(given: str, says: str):
    with pytest.raises(OptionsError, match=says):
        options_of(given)


@pytest.mark.parametrize(
    ("change", "says"),
    [({"prompt_tokens": 60}, "a multiple of 16"), ({"skip_guidance": 1.0, "skip_block": 29}, "have 2 blocks")],
)
def test_options_that_do_not_go_with_the_weights_are_refused(folder: Path, change: dict[str, object], says: str):
    with pytest.raises(OptionsError, match=says):
        LargeEngine.load(folder, digest_of(folder / MANIFEST), FAST.model_copy(update=change))


def test_the_media_role_marks_encodes_and_writes_what_the_large_engine_makes(engine: LargeEngine, home: Home):
    role = replace(home.role, generator=engine)
    answer = role.answer(
        home.request(prompt=f"{ASK.prompt}, {'and then it sleeps ' * 20}", seconds=1, width=64, height=64)
    )

    assert isinstance(answer, Generated)
    assert (answer.media.frames, answer.media.frame_rate, answer.media.width) == (24, 24, 64)
    assert answer.media.audio_seconds == pytest.approx(1, abs=0.1)
    assert answer.model == engine.model
    assert "64 tokens" in answer.warnings[0]
    assert [path for path, _, _ in home.store.writes if path != "/progress"] == ["/thumbnail", "/spritesheet", "/video"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_an_engine_for_a_gpu_refuses_to_start_without_one(folder: Path):
    with pytest.raises(OptionsError, match="no CUDA device"):
        LargeEngine.load(folder, digest_of(folder / MANIFEST), options_of(""))


@pytest.mark.parametrize(("total", "known"), [(24, 0), (481, 0), (2880, 0), (48, 24), (97, 96), (2880, 2400), (40, 3)])
def test_windows_cover_a_clip_and_are_of_lengths_that_can_be_drawn(total: int, known: int):
    windows = list(plan(GRID, total, known, 481))

    assert known + sum(each.frames - each.keep for each in windows) >= total
    assert all(each.frames % 8 == 1 and each.frames <= 489 and each.keep < each.frames for each in windows)
    assert all(each.keep == 0 or each.keep % 8 == 1 for each in windows)


@pytest.mark.parametrize(("asked", "most"), [((720, 1280), 10**7), ((1792, 1024), 500_000), ((64, 64), 10**7)])
def test_what_is_drawn_covers_the_shape_asked_for(asked: tuple[int, int], most: int):
    wide, high = GRID.drawn(*asked, most)

    assert wide % 32 == high % 32 == 0
    assert abs(wide / high / (asked[0] / asked[1]) - 1) < 0.08
    assert wide * high <= 1.2 * most


def test_sound_goes_on_without_a_step_at_the_seam():
    before, after = np.full(2400, 0.5, np.float32), np.full(4800, -0.5, np.float32)
    joined = continued(before, after, 1200, 24_000)

    assert len(joined) == 2400 + 4800 - 1200
    assert np.abs(np.diff(joined)).max() < 0.01
    assert (joined[0], joined[-1]) == (0.5, -0.5)


def test_both_engines_report_the_limits_that_the_product_shows(engine: LargeEngine):
    engines: list[Engine] = [engine, Generator.__new__(Generator)]
    assert [each.limits.styles for each in engines] == [tuple(STYLE_WORDS)] * 2
    assert variant(engine, EngineOptions(device="cpu", offload="none")).limits == LIMITS[LARGE]
    assert Generator.limits == LIMITS[SMALL]
    assert Generator.limits.prompt_length == reading.LONGEST
    assert Generator.limits.frame_rate == frames.RATE
    assert Generator.limits.native_size == tuple(side * SCALE for side in frames.WIDE[::-1])


def test_cost_grows_with_length_and_falls_with_the_distilled_recipe():
    full, short = (
        EngineOptions(),
        EngineOptions(schedule="distilled", guidance=1, sound_guidance=1, skip_guidance=0, modality_guidance=1),
    )

    assert (calls(full), calls(short)) == (30 * 4, 8)
    assert operations(720, 1280, 12, full) > 3 * operations(720, 1280, 4, full)
    assert operations(720, 1280, 4, full) == pytest.approx(15 * operations(720, 1280, 4, short))
    assert all(row.count("|") == 7 for row in table())


def test_the_cost_table_in_the_docs_is_what_the_command_prints():
    page = (Path(__file__).parents[2] / "docs/engines.md").read_text()

    assert "\n".join(table()) in page
