"""Protects a payload for a noisy channel: checksum, convolutional code, list decoding; knows nothing of media.

A payload of `bits` bits gets a keyed-independent CRC and ten zero bits, then the rate 1/4, constraint length 11
code with Larsen's generators (IEEE Trans. Inf. Theory 19, 1973; free distance 29). `recover` keeps the best
paths of a Viterbi search and returns the first whose checksum holds.
"""

from dataclasses import dataclass

import numpy as np

MEMORY = 10
GENERATORS = (0o2327, 0o2353, 0o2671, 0o3175)
RATE = len(GENERATORS)
CRC_POLYNOMIALS = {16: 0x1021, 24: 0x864CFB}


@dataclass(frozen=True)
class Format:
    """How many payload and checksum bits a mark carries, and how many best paths its decoder looks at."""

    bits: int
    checksum: int
    paths: int

    @property
    def coded(self) -> int:
        """The number of coded bits."""
        return RATE * (self.bits + self.checksum + MEMORY)


def checksum(bits: np.ndarray, width: int) -> np.ndarray:
    """CRC of a bit array (0/1) as a bit array of `width`, most significant first; starts from all ones."""
    register, top, mask = (1 << width) - 1, 1 << (width - 1), (1 << width) - 1
    for bit in bits.tolist():
        feedback = bool(register & top) ^ bool(bit)
        register = (register << 1) & mask
        if feedback:
            register ^= CRC_POLYNOMIALS[width]
    return unpack(register, width)


def unpack(value: int, width: int) -> np.ndarray:
    """The bits of `value`, most significant first, as uint8 0/1."""
    return np.array([value >> shift & 1 for shift in range(width - 1, -1, -1)], np.uint8)


def pack(bits: np.ndarray) -> int:
    """The inverse of `unpack`."""
    return int("".join(map(str, bits.tolist())), 2)


def protect(value: int, form: Format) -> np.ndarray:
    """Coded bits of a payload as float32 +1/-1, length `form.coded`. Raises ValueError if it does not fit."""
    if not 0 <= value < 1 << form.bits:
        raise ValueError(f"payload {value:#x} does not fit in {form.bits} bits")
    plain = unpack(value, form.bits)
    message = np.concatenate([plain, checksum(plain, form.checksum), np.zeros(MEMORY, np.uint8)])
    state, coded = 0, []
    for bit in message.tolist():
        window = bit << MEMORY | state
        coded += [(window & generator).bit_count() & 1 for generator in GENERATORS]
        state = window >> 1
    return 1.0 - 2.0 * np.array(coded, np.float32)


def recover(soft: np.ndarray, form: Format) -> int | None:
    """The payload whose coded bits agree best with `soft` (length `form.coded`, + means 0), or None.

    Only paths whose checksum holds count; None means that none of the `form.paths` best did.
    """
    for message in _best_paths(np.asarray(soft, np.float64).reshape(-1, RATE), form.paths):
        plain, check = message[: form.bits], message[form.bits : form.bits + form.checksum]
        if np.array_equal(checksum(plain, form.checksum), check):
            return pack(plain)
    return None


def _branches() -> tuple[np.ndarray, np.ndarray]:
    """For every state, its two predecessors (S, 2) and the +1/-1 outputs of those branches (S, 2, RATE)."""
    states = np.arange(1 << MEMORY)
    newest = states >> (MEMORY - 1)
    before = ((states << 1) & ((1 << MEMORY) - 1))[:, None] | np.array([0, 1])
    windows = (newest[:, None] << MEMORY) | before
    parities = np.stack([np.bitwise_count(windows & generator) & 1 for generator in GENERATORS], axis=-1)
    return before, 1.0 - 2.0 * parities


def _best_paths(soft: np.ndarray, paths: int) -> list[np.ndarray]:
    """The most likely bit sequences that start and end in state 0, best first (parallel list Viterbi)."""
    before, outputs = _branches()
    states = np.arange(len(before))[:, None]
    score = np.full((len(before), paths), -np.inf)
    score[0, 0] = 0.0
    origins = []
    for symbol in soft:
        gain = outputs @ symbol
        candidates = (score[before] + gain[:, :, None]).reshape(len(before), -1)
        kept = np.argsort(-candidates, axis=1, kind="stable")[:, :paths]
        score = candidates[states, kept]
        origins.append(kept)
    return [_trace(before, origins, rank, paths) for rank in range(paths) if np.isfinite(score[0, rank])]


def _trace(before: np.ndarray, origins: list[np.ndarray], rank: int, paths: int) -> np.ndarray:
    """Walk back from state 0 along the path that ended there with `rank`."""
    state, bits = 0, []
    for kept in reversed(origins):
        bits.append(state >> (MEMORY - 1))
        branch, rank = divmod(int(kept[state, rank]), paths)
        state = int(before[state, branch])
    return np.array(bits[::-1], np.uint8)
