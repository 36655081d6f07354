"""How a large engine is run: what a deployer may set, checked before any weight is read; nothing here acts on it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

LONGEST_WINDOW = 20  # seconds; beyond them LTX-2's positions in time were never trained


class OptionsError(ValueError):
    """Options that no engine can run with; the message names the option and the value."""


class EngineOptions(BaseModel):
    """Precision, memory, speed and recipe of a large engine.

    `offload` keeps weights in host memory: `model` brings one network at a time to the device, `layer` one layer at a
    time, which is slowest and needs least. `max_pixels` bounds what the network draws; larger sizes are enlarged from
    it. `step_cache` 0 is off; a step whose expected change is below it reuses the one before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str = Field(default="cuda", pattern=r"^(cpu|cuda(:\d+)?)$")
    precision: Literal["bf16", "fp32"] = "bf16"
    offload: Literal["none", "model", "layer"] = "model"
    vae_tiling: bool = True
    compile: Literal["off", "inductor", "cudagraphs", "eager"] = "off"
    step_cache: float = Field(default=0.0, ge=0, le=1)
    max_pixels: int = Field(default=1280 * 736, ge=32 * 32, le=4096 * 4096)
    window_seconds: int = Field(default=LONGEST_WINDOW, ge=2, le=LONGEST_WINDOW)
    prompt_tokens: int = Field(default=1024, ge=16, le=4096)

    schedule: Literal["full", "distilled"] = "full"
    steps: int = Field(default=30, ge=1, le=100)
    guidance: float = Field(default=3.0, ge=1, le=20)
    sound_guidance: float = Field(default=7.0, ge=1, le=20)
    skip_guidance: float = Field(default=1.0, ge=0, le=10)
    skip_block: int = Field(default=29, ge=0)
    modality_guidance: float = Field(default=3.0, ge=1, le=20)
    rescale: float = Field(default=0.7, ge=0, le=1)

    @model_validator(mode="after")
    def _fits_together(self) -> EngineOptions:
        if self.offload != "none" and self.device == "cpu":
            raise ValueError(f"offload {self.offload!r} moves weights to a GPU, and device is 'cpu'")
        if self.offload == "layer" and self.compile != "off":
            raise ValueError(f"offload 'layer' replaces the layers that compile {self.compile!r} has compiled")
        if self.schedule == "distilled" and self.is_guided:
            raise ValueError(
                "schedule 'distilled' is for weights trained to need no guidance: set guidance, sound_guidance and "
                "modality_guidance to 1 and skip_guidance to 0"
            )
        return self

    @property
    def is_guided(self) -> bool:
        """Whether any step asks the network more than once."""
        return max(self.guidance, self.sound_guidance, self.modality_guidance) > 1 or self.skip_guidance > 0

    @property
    def hears_negative_prompts(self) -> bool:
        return max(self.guidance, self.sound_guidance) > 1


def options_of(text: str) -> EngineOptions:
    """The options in a JSON object, "" meaning the defaults. Raises OptionsError naming what is wrong."""
    try:
        return EngineOptions.model_validate_json(text or "{}")
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'options'}: {each['msg']}" for each in error.errors())
        raise OptionsError(f"engine options cannot be used: {found}") from error
