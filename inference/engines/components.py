"""Reads the networks of a diffusers-format LTX-2 folder, each by a class named here and never by what the folder says.

`model_index.json` may choose among the classes below; it cannot make anything else be imported. Weights come from
safetensors alone, and a tensor that is missing, left over, of another shape or not finite stops the load: the
libraries would start a missing one at random and only warn.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    FlowMatchEulerDiscreteScheduler,
    LTX2ConditionPipeline,
    LTX2VideoTransformer3DModel,
)
from diffusers.pipelines.ltx2 import LTX2TextConnectors
from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder, LTX2VocoderWithBWE
from diffusers.utils import logging as diffusers_logging
from transformers import Gemma3ForConditionalGeneration, GemmaTokenizerFast
from transformers.utils import logging as transformers_logging

from inference.engines.options import EngineOptions, OptionsError
from inference.manifest import WeightsError

INDEX = "model_index.json"
PIPELINES = ("LTX2Pipeline", "LTX2ConditionPipeline", "LTX2ImageToVideoPipeline")
NETWORKS: dict[str, tuple[type, ...]] = {
    "text_encoder": (Gemma3ForConditionalGeneration,),
    "connectors": (LTX2TextConnectors,),
    "transformer": (LTX2VideoTransformer3DModel,),
    "vae": (AutoencoderKLLTX2Video,),
    "audio_vae": (AutoencoderKLLTX2Audio,),
    "vocoder": (LTX2Vocoder, LTX2VocoderWithBWE),
}
TABLES: dict[str, tuple[type, ...]] = {
    "tokenizer": (GemmaTokenizerFast,),
    "scheduler": (FlowMatchEulerDiscreteScheduler,),
}
ALIASES = {"GemmaTokenizer": "GemmaTokenizerFast"}
DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


def load_pipeline(folder: Path, options: EngineOptions) -> LTX2ConditionPipeline:
    """The pipeline of a checked folder, its weights in host memory. Raises WeightsError naming the part at fault, and
    OptionsError for options that do not go with these weights."""
    # They draw bars and print whole configurations; the server logs one JSON line for each thing that happened.
    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    index = _index(folder)
    parts: dict[str, Any] = {name: _table(folder, name, _chosen(index, name, TABLES)) for name in TABLES}
    for name in NETWORKS:
        parts[name] = _network(folder, name, _chosen(index, name, NETWORKS), DTYPES[options.precision])
    _check_options(parts, options)
    pipeline = LTX2ConditionPipeline(**parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _check_options(parts: dict[str, Any], options: EngineOptions) -> None:
    """Raises OptionsError for a recipe that these networks would ignore or fail at in the middle of a clip."""
    layers = parts["transformer"].config.num_layers
    if options.skip_guidance > 0 and options.skip_block >= layers:
        raise OptionsError(f"skip_block is {options.skip_block}, and these weights have {layers} blocks")
    registers = parts["connectors"].config.video_connector_num_learnable_registers
    if registers and options.prompt_tokens % registers:
        raise OptionsError(
            f"prompt_tokens is {options.prompt_tokens}, and these weights need a multiple of {registers}"
        )


def _index(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / INDEX).read_text())
    except (OSError, ValueError) as error:
        raise WeightsError(f"cannot read {folder / INDEX}: {error}") from error
    kind = found.get("_class_name") if isinstance(found, dict) else None
    if kind not in PIPELINES:
        raise WeightsError(f"{folder / INDEX} describes {kind!r}, not one of {', '.join(PIPELINES)}")
    return found


def _chosen(index: dict[str, Any], name: str, known: dict[str, tuple[type, ...]]) -> Any:
    """The class that the index names for a part, out of ours."""
    entry = index.get(name)
    said = entry[1] if isinstance(entry, list) and len(entry) == 2 else None
    for choice in known[name]:
        if ALIASES.get(said, said) in (choice.__name__, ALIASES.get(choice.__name__, choice.__name__)):
            return choice
    raise WeightsError(f"{INDEX} names {said!r} as {name}, not {' or '.join(each.__name__ for each in known[name])}")


def _table(folder: Path, name: str, kind: Any) -> Any:
    try:
        return kind.from_pretrained(folder / name, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{folder / name} cannot be read: {_first_line(error)}") from error


def _network(folder: Path, name: str, kind: Any, dtype: torch.dtype) -> torch.nn.Module:
    precision = {"dtype": dtype} if kind is Gemma3ForConditionalGeneration else {"torch_dtype": dtype}
    try:
        network, found = kind.from_pretrained(
            folder / name, local_files_only=True, use_safetensors=True, output_loading_info=True, **precision
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise WeightsError(f"{folder / name} cannot be read: {_first_line(error)}") from error
    for trouble in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if found.get(trouble):
            first = sorted(map(str, found[trouble]))[0]
            raise WeightsError(f"{folder / name} does not fit its config: {trouble.replace('_', ' ')}, first {first}")
    broken = next((key for key, value in network.state_dict().items() if not torch.isfinite(value).all()), None)
    if broken:
        raise WeightsError(f"{folder / name} holds numbers that are not finite in {broken}")
    return network.eval().requires_grad_(False)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]
