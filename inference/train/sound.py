"""Makes a scene's sound from the same events that move its picture: ambience, weather, the subject, and music."""

from __future__ import annotations

import numpy as np

from inference.generator.loudness import normalised
from inference.train import speech
from inference.train.motion import FRAME_RATE, FRAMES, Motion, move
from inference.train.world import Scene, person

RATE = 24000
SECONDS = FRAMES // FRAME_RATE
SAMPLES = RATE * SECONDS
Wave = np.ndarray


def _noise(rng: np.random.Generator, low: float, high: float) -> Wave:
    """Noise between two frequencies in Hz with soft shoulders, at unit level."""
    spectrum = np.fft.rfft(rng.standard_normal(SAMPLES).astype(np.float32))
    hertz = np.fft.rfftfreq(SAMPLES, 1 / RATE)
    shape = 1 / (1 + (hertz / high) ** 4) / (1 + (low / np.maximum(hertz, 1)) ** 4)
    wave = np.fft.irfft(spectrum * shape, SAMPLES)
    return wave / (wave.std() + 1e-9)


def _time() -> Wave:
    return np.arange(SAMPLES) / RATE


def _swell(rng: np.random.Generator, period: float, depth: float) -> Wave:
    return 1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * (_time() / period + rng.random())))


def _tone(hertz: Wave | float, harmonics: tuple[float, ...]) -> Wave:
    """A sum of harmonics on a pitch that may move."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hertz, (SAMPLES,))) / RATE
    return sum(level * np.sin((place + 1) * phase) for place, level in enumerate(harmonics) if level)


def _hit(wave: Wave, at: float, sound: Wave, level: float) -> None:
    """Adds a short sound starting at a second."""
    start = int(at * RATE)
    if 0 <= start < SAMPLES:
        piece = sound[: SAMPLES - start]
        wave[start : start + len(piece)] += level * piece


def _thump(rng: np.random.Generator, hertz: float, decay: float, click: float) -> Wave:
    t = np.arange(int(RATE * decay * 5)) / RATE
    body = np.sin(2 * np.pi * (hertz * t + 0.4 * hertz * decay * (1 - np.exp(-t / decay)))) * np.exp(-t / decay)
    return body + click * rng.standard_normal(len(t)) * np.exp(-t / 0.006)


def _chirp(start: float, end: float, seconds: float, harmonics: tuple[float, ...] = (1.0,)) -> Wave:
    t = np.arange(int(RATE * seconds)) / RATE
    phase = 2 * np.pi * (start * t + (end - start) * t * t / (2 * seconds))
    wave = sum(level * np.sin((place + 1) * phase) for place, level in enumerate(harmonics))
    return wave * np.sin(np.pi * t / seconds) ** 0.6


def _sea(scene: Scene, rng: np.random.Generator) -> Wave:
    return 0.30 * _noise(rng, 150, 2500) * _swell(rng, 2.4, 0.85) ** 2


def _deep(scene: Scene, rng: np.random.Generator) -> Wave:
    wave = 0.30 * _noise(rng, 40, 220)
    for at in rng.uniform(0, 3.8, 12):
        _hit(wave, at, _chirp(280, 900 * rng.uniform(0.8, 1.3), 0.09), 0.35)
    return wave


def _wind(scene: Scene, rng: np.random.Generator) -> Wave:
    low, high = (250, 700) if scene.setting == "desert" else (500, 1500)
    return 0.20 * _noise(rng, low, high) * _swell(rng, 3.1, 0.7)


def _nature(scene: Scene, rng: np.random.Generator) -> Wave:
    """Birds by day, crickets by night."""
    if scene.time == "night":
        t = _time()
        return 0.12 * _tone(4300.0, (1.0,)) * (np.sin(2 * np.pi * 26 * t) > 0) * (np.sin(2 * np.pi * 1.6 * t) > -0.2)
    wave = 0.04 * _noise(rng, 300, 2500)
    for at in rng.uniform(0, 3.6, 7):
        pitch = rng.uniform(2600, 4200)
        for k in range(int(rng.integers(1, 4))):
            _hit(wave, at + 0.13 * k, _chirp(pitch, pitch * rng.uniform(0.75, 1.25), 0.09), 0.16)
    return wave


def _traffic(scene: Scene, rng: np.random.Generator) -> Wave:
    wave = 0.24 * _noise(rng, 50, 320)
    if rng.random() < 0.5:
        _hit(wave, rng.uniform(0.2, 3), _chirp(440, 438, 0.35, (1.0, 0.5, 0.4)), 0.12)
    return wave


def _drone(scene: Scene, rng: np.random.Generator) -> Wave:
    base = rng.choice((55.0, 65.4, 73.4))
    return 0.20 * (_tone(base, (1, 0.5, 0.35, 0.2)) + _tone(base * 1.502, (0.8, 0.3))) * _swell(rng, 4, 0.4)


def _clock(scene: Scene, rng: np.random.Generator) -> Wave:
    wave = 0.015 * _noise(rng, 100, 900)
    for beat in range(8):
        _hit(wave, 0.1 + beat * 0.5, _thump(rng, 1900, 0.012, 0.4), 0.12)
    return wave


_AMBIENCE = {
    "sea": _sea,
    "underwater": _deep,
    "desert": _wind,
    "mountain": _wind,
    "forest": _nature,
    "meadow": _nature,
    "city": _traffic,
    "space": _drone,
    "room": _clock,
}


def _weather(scene: Scene, rng: np.random.Generator) -> Wave:
    if scene.weather == "rain":
        wave = 0.22 * _noise(rng, 1800, 8000)
        for at in rng.uniform(0, 3.95, 60):
            _hit(wave, at, _thump(rng, rng.uniform(900, 2500), 0.008, 0.5), 0.14)
        return wave
    if scene.weather == "snow":
        return 0.10 * _noise(rng, 350, 1100) * _swell(rng, 2.7, 0.8)
    return np.zeros(SAMPLES)


def _engine(scene: Scene, motion: Motion, rng: np.random.Generator) -> Wave:
    place = np.interp(_time() * FRAME_RATE, np.arange(FRAMES), motion.x.numpy())
    near = 1 / (0.5 + np.abs(place))
    if scene.subject == "car":
        moving = scene.action == "drives"
        return 0.16 * _tone((95.0 if moving else 48.0) * (1 - 0.08 * place), (1, 0.8, 0.6, 0.5, 0.35, 0.2)) * near * 0.6
    if scene.subject == "train":
        puffs = 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * (3.4 if scene.action == "drives" else 1.0) * _time()))
        wave = 0.30 * _noise(rng, 200, 1400) * puffs * near * 0.6
        _hit(wave, rng.uniform(0.3, 2.2), _chirp(620, 640, 0.7, (1.0, 0.6, 0.4)), 0.30)
        return wave
    if scene.setting == "space":
        return 0.12 * _noise(rng, 40, 200)
    return 0.34 * _noise(rng, 60, 600) * (1.0 if scene.action in ("rises", "flies") else 0.6)


def _voice(scene: Scene, rng: np.random.Generator) -> Wave:
    """The subject's own calls, placed at random moments."""
    wave = np.zeros(SAMPLES)
    calls = {
        "cat": lambda: _chirp(620, 430, 0.5, (1.0, 0.7, 0.5, 0.2)),
        "dog": lambda: _chirp(360, 240, 0.13, (1.0, 0.9, 0.8, 0.6, 0.4)),
        "bird": lambda: _chirp(1900, 2500, 0.16, (1.0, 0.3)),
        "robot": lambda: _chirp(*rng.choice([(880, 880), (1320, 1320), (660, 990)]), 0.14, (1.0, 0, 0.4, 0, 0.25)),
        "butterfly": lambda: _chirp(2093 * rng.choice((1, 1.25, 1.5)), 2093, 0.25, (1.0,)),
        "fish": lambda: _chirp(200, 520, 0.08),
    }
    if scene.subject not in calls:
        return wave
    count, level = {"dog": (4, 0.40), "cat": (2, 0.34)}.get(scene.subject, (5, 0.24))
    for at in np.sort(rng.uniform(0.1, 3.5, count)):
        _hit(wave, at, calls[scene.subject](), level)
    return wave


def _talk(scene: Scene, rng: np.random.Generator) -> Wave:
    """What a person says, a few syllables at a time; of a couple each in turn."""
    wave, traits = np.zeros(SAMPLES), person(scene)
    if traits is None:
        return wave
    at, turn = rng.uniform(0.1, 0.4), 0
    while at < SECONDS - 0.4:
        speaker = speech.MIDDLING if scene.subject == "couple" and turn % 2 else traits
        for _ in range(rng.integers(3, 6)):
            _hit(wave, at, speech.syllable(speaker, rng), 0.22)
            at += 1.2 * speech.syllable_seconds(speaker)
        at, turn = at + rng.uniform(0.3, 0.7), turn + 1
    return wave


def _impacts(scene: Scene, motion: Motion, rng: np.random.Generator) -> Wave:
    """Steps, bounces and landings, exactly at the motion's events."""
    wave = np.zeros(SAMPLES)
    if scene.setting in ("space", "underwater"):
        return wave
    heavy = scene.action in ("bounces", "falls", "jumps")
    hertz = (
        {"ball": 95, "robot": 210, "car": 60}.get(scene.subject, 75)
        if heavy
        else {"robot": 260}.get(scene.subject, 130)
    )
    for at in motion.events:
        if scene.subject == "bird":
            _hit(wave, at, rng.standard_normal(1500) * np.hanning(1500), 0.10)
        else:
            _hit(wave, at, _thump(rng, hertz, 0.06 if heavy else 0.022, 0.9), 0.85 if heavy else 0.34)
    return wave


_SCALES = {
    "animation": (523, 587, 659, 784, 880),
    "illustration": (262, 294, 349, 392, 523),
    "cinematic": (131, 156, 175, 196, 233),
}


def _music(scene: Scene, rng: np.random.Generator) -> Wave:
    """Bright plucks for animation, slow strings for cinema, soft piano for illustration, none for photographs."""
    wave = np.zeros(SAMPLES)
    if scene.style == "photographic":
        return wave
    scale = _SCALES[scene.style]
    if scene.style == "cinematic":
        for root, start in zip(rng.choice(scale, 2), (0.0, 2.0), strict=True):
            for ratio in (1, 1.5, 2):
                _hit(wave, start, _chirp(root * ratio, root * ratio, 2.0, (1.0, 0.5, 0.3)), 0.10)
        return wave
    step = 0.25 if scene.style == "animation" else 0.5
    for beat in range(int(SECONDS / step)):
        t = np.arange(int(RATE * 0.7)) / RATE
        note = np.sin(2 * np.pi * rng.choice(scale) * t) * np.exp(-t / (0.10 if step < 0.4 else 0.25))
        _hit(wave, beat * step, note, 0.14)
    return wave


def sound(scene: Scene) -> Wave:
    """Mono float32 (96000,) at 24 kHz, at -16 LUFS without clipping."""
    rng = np.random.default_rng(scene.seed * 11 + 7)
    motion = move(scene)
    wave = (
        _AMBIENCE[scene.setting](scene, rng) + _weather(scene, rng) + _voice(scene, rng) + _impacts(scene, motion, rng)
    )
    wave = wave + 0.8 * _music(scene, rng)
    wave = wave + _talk(scene, np.random.default_rng(scene.seed * 11 + 8))
    if scene.subject in ("car", "train", "rocket"):
        wave = wave + _engine(scene, motion, rng)
    return normalised(wave.astype(np.float32), RATE)
