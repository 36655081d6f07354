"""Writes LTX-2 in its real on-disk format at a size that a CPU samples in a second, every weight random."""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    FlowMatchEulerDiscreteScheduler,
    LTX2Pipeline,
    LTX2VideoTransformer3DModel,
)
from diffusers.pipelines.ltx2 import LTX2TextConnectors
from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder
from transformers import Gemma3Config, Gemma3ForConditionalGeneration, GemmaTokenizerFast

HIDDEN, LAYERS = 16, 2
SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<image>", "<boi>", "<eoi>")


def write(folder: Path) -> Path:
    """The folder, with `model_index.json`, safetensors, some of them in shards, and a tokenizer, as published."""
    torch.manual_seed(5)
    parts = {"transformer": transformer(), "connectors": connectors(), "vae": vae(), "audio_vae": audio_vae()}
    parts |= {"vocoder": vocoder(), "text_encoder": text_encoder()}
    for part in parts.values():
        restless(part)
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, base_shift=0.95, max_shift=2.05)
    LTX2Pipeline(**parts, tokenizer=tokenizer(), scheduler=scheduler).save_pretrained(folder, max_shard_size="150KB")
    return folder


def restless(part: torch.nn.Module) -> None:
    """Every weight random, so that nothing is zero by construction."""
    random = torch.Generator().manual_seed(3)
    for weight in part.parameters():
        scale = 0.7 / max(weight[0].numel(), 1) ** 0.5 if weight.dim() > 1 else 0.1
        weight.data = torch.randn(weight.shape, generator=random) * scale


def tokenizer() -> GemmaTokenizerFast:
    letters = [chr(code) for code in range(33, 127)] + ["▁"]
    pieces = [*SPECIAL, *(f"<0x{code:02X}>" for code in range(256)), *letters]
    return GemmaTokenizerFast(
        vocab={piece: place for place, piece in enumerate(pieces)}, merges=[], model_max_length=1024
    )


def text_encoder() -> Gemma3ForConditionalGeneration:
    text = {"vocab_size": 400, "hidden_size": HIDDEN, "intermediate_size": 32, "num_hidden_layers": LAYERS}
    text |= {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "sliding_window": 64}
    vision = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1}
    vision |= {"image_size": 28, "patch_size": 14}
    config = Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4, image_token_index=5)
    return Gemma3ForConditionalGeneration(config)


def connectors() -> LTX2TextConnectors:
    sizes = {f"{kind}_connector_{name}": size for kind in ("video", "audio") for name, size in CONNECTOR.items()}
    return LTX2TextConnectors(
        caption_channels=HIDDEN, text_proj_in_factor=LAYERS + 1, connector_rope_base_seq_len=32,
        rope_double_precision=False, causal_temporal_positioning=False, rope_type="split", **sizes,
    )  # fmt: skip


CONNECTOR = {"num_attention_heads": 2, "attention_head_dim": 8, "num_layers": 1, "num_learnable_registers": 16}


def transformer() -> LTX2VideoTransformer3DModel:
    return LTX2VideoTransformer3DModel(
        in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=8, cross_attention_dim=16,
        audio_in_channels=4, audio_out_channels=4, audio_num_attention_heads=2, audio_attention_head_dim=4,
        audio_cross_attention_dim=8, num_layers=2, caption_channels=HIDDEN, rope_double_precision=False,
        rope_type="split",
    )  # fmt: skip


def vae() -> AutoencoderKLLTX2Video:
    """Narrow, but with the published one's 8-fold time and 32-fold space."""
    return AutoencoderKLLTX2Video(
        latent_channels=4, block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1), spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )  # fmt: skip


def audio_vae() -> AutoencoderKLLTX2Audio:
    return AutoencoderKLLTX2Audio(
        base_channels=4, output_channels=2, ch_mult=(1,), num_res_blocks=1, attn_resolutions=None, in_channels=2,
        resolution=32, latent_channels=2, norm_type="pixel", causality_axis="height", mid_block_add_attention=False,
        sample_rate=16000, mel_hop_length=160, is_causal=True, mel_bins=8,
    )  # fmt: skip


def vocoder() -> LTX2Vocoder:
    """16 mel bins at 100 a second in, 240 times as many samples out, as published."""
    return LTX2Vocoder(
        in_channels=16, hidden_channels=32, upsample_kernel_sizes=[16, 12, 8], upsample_factors=[10, 6, 4],
        resnet_kernel_sizes=[3], resnet_dilations=[[1]], output_sampling_rate=24000,
    )  # fmt: skip
