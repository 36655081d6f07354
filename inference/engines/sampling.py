"""One window out of the LTX-2 pipeline: its weights placed in memory, its prompts encoded, its steps run.

Everything here calls `diffusers`; what is asked of which window is decided in large.py.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import LTX2ConditionPipeline
from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition, calculate_shift
from diffusers.pipelines.ltx2.utils import DISTILLED_SIGMA_VALUES
from torch import Tensor

from events.engines import LARGE, LIMITS
from inference.engines.options import EngineOptions
from inference.engines.step_cache import StepCache
from inference.generator.engine import EngineError

CHUNK = 16  # frames turned into bytes at a time


@dataclass(frozen=True)
class Reading:
    """Encoded prompts, (1, tokens, width) with masks (1, tokens), the size to draw (width, height) and the seed."""

    prompt: Tensor
    mask: Tensor
    unwanted: Tensor | None
    unwanted_mask: Tensor | None
    size: tuple[int, int] = (0, 0)
    seed: int = 0


@dataclass(frozen=True)
class Start:
    """What a window of `frames` begins with: `given` frames that stay as they are, from the first on, and for a remix
    the frames `base` (all of them), drawn anew as far as `strength` says."""

    frames: int
    given: np.ndarray | None = None
    base: np.ndarray | None = None
    strength: float = 1.0


class Sampler:
    """The pipeline, placed as the options say. `on_step` is called after every denoising step."""

    def __init__(self, pipeline: LTX2ConditionPipeline, options: EngineOptions) -> None:
        self.pipeline, self.options = pipeline, options
        self.time: int = pipeline.vae_temporal_compression_ratio
        # The pipeline itself insists on multiples of 32, whatever its autoencoder would do.
        self.space: int = max(32, pipeline.vae_spatial_compression_ratio)
        self.on_step: Callable[[], None] = lambda: None
        self.skipped = 0
        _place(pipeline, options)

    @property
    def sigmas(self) -> list[float]:
        """Noise levels before the scheduler shifts them by the length of the window, from 1 down."""
        if self.options.schedule == "distilled":
            return list(DISTILLED_SIGMA_VALUES)
        return np.linspace(1.0, 1 / self.options.steps, self.options.steps).tolist()

    @property
    def steps(self) -> int:
        return len(self.sigmas)

    def reads(self, text: str) -> bool:
        """Whether the text encoder takes all of it."""
        return len(self.pipeline.tokenizer(text.strip()).input_ids) <= self.options.prompt_tokens

    @torch.no_grad()
    def read(self, prompt: str, unwanted: str) -> Reading:
        found = self.pipeline.encode_prompt(
            prompt,
            unwanted,
            do_classifier_free_guidance=self.options.hears_negative_prompts,
            max_sequence_length=self.options.prompt_tokens,
        )
        return Reading(*found)

    def sample(self, start: Start, reading: Reading) -> tuple[np.ndarray, np.ndarray, int, dict[str, float]]:
        """Frames uint8 (T,H,W,3), sound (channels, S) with its rate, and the seconds of denoising and of decoding.

        Raises EngineError for numbers that are not finite.
        """
        marks = [time.perf_counter()] * 2

        def stepped(*_: Any) -> dict[str, Any]:
            marks[1] = time.perf_counter()
            self.on_step()
            return {}

        with self._skipping():
            picture, sound = self.pipeline(
                **self._recipe(), **self._asked(start, reading), callback_on_step_end=stepped, output_type="np",
                return_dict=False,
            )  # fmt: skip
        ended = time.perf_counter()
        heard = sound[0].float().cpu().numpy()
        if not np.isfinite(heard).all():
            raise EngineError("the networks made sound that is not finite")
        spent = {"denoise": marks[1] - marks[0], "decode": ended - marks[1]}
        return _bytes(picture[0]), heard, int(self.pipeline.vocoder.config.output_sampling_rate), spent

    def _asked(self, start: Start, reading: Reading) -> dict[str, Any]:
        """The pipeline's arguments that differ from window to window."""
        width, height = reading.size
        asked: dict[str, Any] = {
            "prompt_embeds": reading.prompt,
            "prompt_attention_mask": reading.mask,
            "negative_prompt_embeds": reading.unwanted,
            "negative_prompt_attention_mask": reading.unwanted_mask,
            "width": width,
            "height": height,
            "num_frames": start.frames,
            "generator": torch.Generator("cpu").manual_seed(reading.seed),
            "sigmas": self.sigmas,
        }
        if start.given is not None:
            asked["conditions"] = [LTX2VideoCondition(start.given, index=0, strength=1.0)]
        if start.base is not None:
            asked |= self._noised(start)
        return asked

    def _recipe(self) -> dict[str, Any]:
        options = self.options
        return {
            "frame_rate": float(LIMITS[LARGE].frame_rate),
            "num_inference_steps": self.steps,
            "guidance_scale": options.guidance,
            "audio_guidance_scale": options.sound_guidance,
            "stg_scale": options.skip_guidance,
            "audio_stg_scale": options.skip_guidance,
            "spatio_temporal_guidance_blocks": [options.skip_block],
            "modality_scale": options.modality_guidance,
            "audio_modality_scale": options.modality_guidance,
            "guidance_rescale": options.rescale,
            "audio_guidance_rescale": options.rescale,
            "max_sequence_length": options.prompt_tokens,
        }

    def _noised(self, start: Start) -> dict[str, Any]:
        """The last share of the steps, begun from the base's own latents under the noise of the first of them."""
        assert start.base is not None
        sigmas = self.sigmas[-max(1, round(start.strength * self.steps)) :]
        latents = self._latents(start.base)
        tokens = latents[0, 0].numel() // self.pipeline.transformer_spatial_patch_size**2
        return {"latents": latents, "sigmas": sigmas, "noise_scale": self._level(sigmas, tokens)}

    @torch.no_grad()
    def _latents(self, base: np.ndarray) -> Tensor:
        """Frames uint8 (T,H,W,3) as latents (1,C,t,h,w), float32."""
        vae = self.pipeline.vae
        pixels = torch.from_numpy(base).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
        pixels = pixels.to(self.pipeline._execution_device, vae.dtype)
        latents: Tensor = vae.encode(pixels).latent_dist.mode()
        return latents.float()

    def _level(self, sigmas: list[float], tokens: int) -> float:
        """The noise of the first step as the scheduler will shift it for a window of so many tokens."""
        scheduler = copy.deepcopy(self.pipeline.scheduler)
        config = scheduler.config
        shift = calculate_shift(
            tokens,
            config.get("base_image_seq_len", 1024),
            config.get("max_image_seq_len", 4096),
            config.get("base_shift", 0.95),
            config.get("max_shift", 2.05),
        )
        scheduler.set_timesteps(sigmas=sigmas, mu=shift)
        return float(scheduler.sigmas[0])

    @contextmanager
    def _skipping(self) -> Iterator[None]:
        """While entered, the transformer's calls go through a step cache, if there is to be one.

        For one window only: offloading takes its own hooks off after each, and ours would go with them.
        """
        if not self.options.step_cache:
            yield
            return
        transformer = self.pipeline.transformer
        own = transformer.forward
        cache = StepCache(own, self.options.step_cache)
        transformer.forward = cache
        try:
            yield
        finally:
            self.skipped = cache.skipped
            if transformer.forward is cache:
                transformer.forward = own


def _place(pipeline: LTX2ConditionPipeline, options: EngineOptions) -> None:
    """Compiles, tiles and moves the networks. Compiling comes first: offloading wraps what is there."""
    if options.compile != "off":
        pipeline.transformer.compile_repeated_blocks(backend=options.compile)
    if options.vae_tiling:
        pipeline.vae.enable_tiling()
    match options.offload:
        case "none":
            pipeline.to(options.device)
        case "model":
            pipeline.enable_model_cpu_offload(device=options.device)
        case "layer":
            pipeline.enable_sequential_cpu_offload(device=options.device)


def _bytes(picture: np.ndarray) -> np.ndarray:
    """Float (T,H,W,3) in 0..1 as uint8. Raises EngineError for numbers that are not finite."""
    out = np.empty(picture.shape, np.uint8)
    for start in range(0, len(picture), CHUNK):
        part = picture[start : start + CHUNK]
        if not np.isfinite(part).all():
            raise EngineError("the networks made a picture that is not finite")
        out[start : start + CHUNK] = (part * 255).round().clip(0, 255)
    return out
