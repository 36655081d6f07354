"""Describes who speaks: speech is found, and 256 numbers tell voices apart. It does not know what was said.

The encoder is Resemblyzer's (Apache-2.0), three LSTM layers over 40 mel bands, from weights with pinned digests that
were turned from its pickle into safetensors once (docs/model-card-likeness.md). Speech is found by Silero's detector.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from scipy.signal import resample_poly
from torch import Tensor, nn

from events.moderation import Span
from inference.weights import load_safetensors

RATE = 16_000
BANDS, WINDOW, STEP = 40, 400, 160
PIECE = 160  # spectrogram frames that the encoder was trained on, 1.6 s
STRIDE = 40
LOUDNESS = 10 ** (-30 / 20)
SHORT_SILENCE = 0.2


class Voices:
    """The loaded encoder."""

    def __init__(self, folder: Path) -> None:
        """Reads `folder`/voice.safetensors. Raises WeightsError."""
        weights = load_safetensors(folder, "voice.safetensors")
        self.lstm = nn.LSTM(BANDS, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)
        self.lstm.load_state_dict(_part(weights, "lstm."))
        self.linear.load_state_dict(_part(weights, "linear."))

    def describe(self, sound: np.ndarray) -> np.ndarray:
        """One direction of 256 numbers for mono sound at RATE; raises ValueError where nobody speaks."""
        return _unit(self.pieces(sound).mean(axis=0))

    @torch.inference_mode()
    def pieces(self, sound: np.ndarray, stride: int = STRIDE) -> np.ndarray:
        """The same (N, 256) for every 1.6 s of speech, `stride` spectrogram frames of 10 ms apart."""
        spoken = speech_only(sound)
        if len(spoken) < RATE // 2:
            raise ValueError(f"{len(spoken) / RATE:.2f} s of speech are too few to tell a voice by")
        mels = mel(_levelled(spoken))
        starts = range(0, max(1, len(mels) - PIECE + 1), stride)
        batch = np.stack([_padded(mels[start : start + PIECE]) for start in starts])
        _, (hidden, _) = self.lstm(torch.from_numpy(batch))
        found = torch.relu(self.linear(hidden[-1]))
        return torch.nn.functional.normalize(found, dim=1).numpy()


def at_rate(sound: np.ndarray, sample_rate: int) -> np.ndarray:
    """Mono float32 sound at RATE."""
    if sample_rate == RATE:
        return sound.astype(np.float32)
    ratio = Fraction(RATE, sample_rate)
    return np.asarray(resample_poly(sound, ratio.numerator, ratio.denominator), np.float32)


def speech(sound: np.ndarray) -> tuple[Span, ...]:
    """Where somebody speaks, in seconds, for sound at RATE."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(min_silence_duration_ms=100, speech_pad_ms=30, min_speech_duration_ms=60, threshold=0.4)
    found = get_speech_timestamps(sound, options)
    return tuple(Span(start=part["start"] / RATE, end=part["end"] / RATE) for part in found)


def speech_only(sound: np.ndarray) -> np.ndarray:
    """The sound without its silences, but for SHORT_SILENCE around each stretch of speech."""
    return sound[_kept(speech(sound), len(sound))]


def joins(spans: Sequence[Span], samples: int) -> tuple[float, ...]:
    """Where in `speech_only`'s sound the middles of the silences between stretches of speech lie, in seconds."""
    passed = np.cumsum(_kept(spans, samples)) / RATE
    middles = ((before.end + after.start) / 2 for before, after in pairwise(spans))
    return tuple(float(passed[min(samples - 1, int(middle * RATE))]) for middle in middles)


def _kept(spans: Sequence[Span], samples: int) -> np.ndarray:
    reach, kept = SHORT_SILENCE / 2, np.zeros(samples, bool)
    for span in spans:
        kept[max(0, int((span.start - reach) * RATE)) : int((span.end + reach) * RATE)] = True
    return kept


def mel(sound: np.ndarray) -> np.ndarray:
    """Mel energies (frames, BANDS) of sound at RATE: 25 ms windows 10 ms apart, not logarithmic."""
    padded = np.pad(sound, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    return np.asarray(power @ _filters().T, np.float32)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of two voices: 1 for the same, about 0.5 for two strangers."""
    return float(_unit(one) @ _unit(other))


@cache
def _filters() -> np.ndarray:
    """Triangles (BANDS, WINDOW // 2 + 1) of equal area on Slaney's mel scale, which the encoder was trained on."""
    edges = _hertz(np.linspace(0, _mels(RATE / 2), BANDS + 2))
    bins = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(rising, falling), 0, None) * (2 / (edges[2:] - edges[:-2]))[:, None]


def _mels(hertz: float) -> float:
    """Slaney's scale: even up to 1 kHz, logarithmic above; here for frequencies above it."""
    return 15 + 27 * float(np.log(hertz / 1000) / np.log(6.4))


def _hertz(mels: np.ndarray) -> np.ndarray:
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))


def _levelled(sound: np.ndarray) -> np.ndarray:
    """Quiet speech made louder; loud speech is left alone, as in the encoder's training."""
    level = float(np.sqrt(np.mean(sound**2)))
    return sound * max(1.0, LOUDNESS / max(level, 1e-9))


def _padded(mels: np.ndarray) -> np.ndarray:
    return np.pad(mels, ((0, PIECE - len(mels)), (0, 0))).astype(np.float32)


def _unit(values: np.ndarray) -> np.ndarray:
    return np.asarray(values / max(1e-9, float(np.linalg.norm(values))))


def _part(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
