"""How far clips are what their captions say, read by readers trained on renders alone, beside renders and baselines.

`volary eval adherence` runs it. Scenes are of combinations that were never trained on, neither by generator nor probe.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from inference.evaluation import ear, identity, picture, proxies, sync
from inference.evaluation.clips import (
    WORDINGS,
    Say,
    Take,
    ask,
    from_reference,
    generated,
    is_audible,
    rendered,
    retrieved,
    wordless,
)
from inference.evaluation.distance import frechet
from inference.evaluation.observation import seen
from inference.evaluation.rates import Rate, plain, rate, recovered, spread
from inference.generator.loudness import TARGET, loudness
from inference.generator.pipeline import Generator
from inference.train.probe import held_out, impacts, is_heavy
from inference.train.sound import RATE
from inference.train.world import Scene

REFERENCE_SEEDS = 11_000_000  # renders that Fréchet distances are taken to


@dataclass(frozen=True)
class Wanted:
    """What to measure: how many scenes, which wordings of "en", "fr" and "paraphrase", the weight folders, how many
    training scenes retrieval may choose from (0 leaves out both baselines), and how many reference images (0: none)."""

    count: int
    wordings: tuple[str, ...]
    weights: Path
    probe: Path
    library: int = 3000
    references: int = 20
    threads: int = 2


@dataclass(frozen=True)
class Judged:
    """A set of clips as the readers see it."""

    reading: picture.Reading
    hearing: ear.Hearing
    sounds: list[np.ndarray] = field(repr=False)
    smooth: dict[str, dict[str, float]]


class Bench:
    """The readers, and what they say of one set of clips after another."""

    def __init__(self, probe: Path, say: Say) -> None:
        self.eye, self.ear, self.say = picture.load(probe), ear.load(probe), say

    def judge(self, takes: Sequence[Take]) -> Judged:
        clips, sounds = [take.frames for take in takes], [take.sound for take in takes]
        shades = [proxies.grey(seen(clip).numpy()) for clip in clips]
        smooth = {
            "temporal_consistency": spread([proxies.consistency(each) for each in shades]),
            "flow_jerk_px": spread([proxies.jerk(each) for each in shades]),
        }
        return Judged(picture.read(self.eye, clips), ear.hear(self.ear, sounds), sounds, smooth)

    def rates(self, name: str, found: Judged, kin: Sequence[Scene]) -> dict[str, Any]:
        """The recovered rates of a set, said as a line of a table."""
        rates = recovered(found.reading.values(self.eye.classes), kin)
        heard = recovered(found.hearing.values(self.ear.classes), kin)
        self.say(row(name, rates))
        return {"picture": plain(rates), "sound": plain(heard)}


def row(name: str, rates: dict[str, Rate]) -> str:
    return f"{name:<12}" + "".join(f" {each.rate:.2f} {each.low:.2f}-{each.high:.2f}" for each in rates.values())


def run(wanted: Wanted, say: Say) -> dict[str, Any]:
    """All figures of a weight folder; raises WeightsError if it or the probe's is not as its manifest says."""
    torch.set_num_threads(wanted.threads)
    return measure(wanted, Generator.load(wanted.weights), say)


def measure(wanted: Wanted, generator: Generator, say: Say) -> dict[str, Any]:
    """All figures as one document of plain values; `say` hears lines of progress."""
    bench = Bench(wanted.probe, say)
    kin = held_out(wanted.count)
    say(f"rendering {2 * wanted.count} scenes of unseen combinations")
    real = bench.judge([rendered(scene) for scene in kin])
    reference = bench.judge([rendered(scene) for scene in held_out(wanted.count, REFERENCE_SEEDS)])
    say(f"{'':<12}" + "".join(f" {name:>14}" for name in bench.eye.classes))
    sets, out = {"renders": real}, {"renders": bench.rates("renders", real, kin)}
    for name in wanted.wordings:
        prompts = [WORDINGS[name](scene) for scene in kin]
        takes = list(generated(generator, [ask(s, p) for s, p in zip(kin, prompts, strict=True)], say))
        sets[name] = bench.judge(takes)
        out[name] = bench.rates(name, sets[name], kin)
    first = wanted.wordings[0]
    out["shuffled"] = bench.rates("shuffled", sets[first], [*kin[1:], kin[0]])
    if wanted.library:
        for name, takes in _baselines(generator, kin, wanted.library, say):
            sets[name] = bench.judge(takes)
            out[name] = bench.rates(name, sets[name], kin)
    return {
        "versions": _versions(wanted, generator),
        "count": wanted.count,
        "recovered": out,
        "frechet": {name: _distances(each, reference) for name, each in sets.items()},
        "proxies": {name: each.smooth for name, each in sets.items()},
        "sound": {name: soundness(each.sounds) for name, each in sets.items()},
        "sync": {name: synchrony(each, kin) for name, each in sets.items() if name != "retrieved"},
        "readers": _own(real, kin),
        "identity": likeness(bench, generator, (kin, real), wanted.references),
    }


def _baselines(generator: Generator, kin: list[Scene], library: int, say: Say) -> list[tuple[str, list[Take]]]:
    """The nearest training clip by caption, and the model without text."""
    near = [rendered(scene) for scene in retrieved(generator.text, kin, library)]
    asks = [ask(scene, WORDINGS["en"](scene)) for scene in kin]
    return [("retrieved", near), ("wordless", list(wordless(generator, asks, say)))]


def _distances(one: Judged, reference: Judged) -> dict[str, float]:
    return {
        "picture": frechet(one.reading.vectors, reference.reading.vectors),
        "sound": frechet(one.hearing.vectors, reference.hearing.vectors),
    }


def soundness(sounds: Sequence[np.ndarray]) -> dict[str, Any]:
    """How many sounds are audible, do not clip, and are within 2 LU of the target, and their loudness."""
    levels = [loudness(wave, RATE) for wave in sounds]
    rates = {
        "audible": rate(is_audible(wave) for wave in sounds),
        "unclipped": rate(float(np.abs(wave).max(initial=0.0)) < 1.0 for wave in sounds),
        "loudness": rate(abs(level - TARGET) <= 2 for level in levels),
    }
    return {**plain(rates), "lufs": spread([level for level in levels if np.isfinite(level)])}


def synchrony(found: Judged, kin: Sequence[Scene]) -> dict[str, Any]:
    """Impacts (bounces, falls, jumps) and steps apart; beside each, chance: the sounds of the next such scene."""
    out = {}
    for name, is_kind in (("impacts", is_heavy), ("steps", lambda s: bool(impacts(s)) and not is_heavy(s))):
        places = [place for place, scene in enumerate(kin) if is_kind(scene)]
        if not places:
            continue
        causes = [sync.moments(found.reading.impacts[p], picture.RATE, sync.SEEN) for p in places]
        sounds = [sync.moments(found.hearing.impacts[p], ear.FRAME_RATE, sync.HEARD) for p in places]
        out[name] = {
            **asdict(sync.compare(causes, sounds)),
            "chance": asdict(
                sync.compare(causes, [*sounds[1:], sounds[0]]) if len(places) > 1 else sync.compare([], [])
            ),
        }
    return out


def _own(real: Judged, kin: Sequence[Scene]) -> dict[str, Any]:
    """What the two readers of impacts find of those in real renders."""
    wanted = [impacts(scene) for scene in kin]
    eye = [sync.moments(each, picture.RATE, sync.SEEN) for each in real.reading.impacts]
    ears = [sync.moments(each, ear.FRAME_RATE, sync.HEARD) for each in real.hearing.impacts]
    out = {}
    for name, is_kind in (("impacts", is_heavy), ("steps", lambda s: bool(impacts(s)) and not is_heavy(s))):
        picks = [place for place, scene in enumerate(kin) if is_kind(scene)]
        out[name] = {
            who: plain(sync.shares_found([wanted[p] for p in picks], [found[p] for p in picks]))
            for who, found in (("eye", eye), ("ear", ears))
        }
    return out


def likeness(bench: Bench, generator: Generator, known: tuple[list[Scene], Judged], amount: int) -> dict[str, Any]:
    """Cosines of pairs of renders, and of clips made from a render's middle frame with that render's own figure."""
    kin, real = known
    centre = real.reading.subjects.mean(0)
    kinds = [np.array(each) for each in identity.pairs(kin)]
    if not all(len(each) for each in kinds):
        return {"skipped": f"{len(kin)} scenes hold no two of the same subject and colour"}
    figures = real.reading.subjects
    same, different = (identity.cosines(figures[each[:, 0]], figures[each[:, 1]], centre) for each in kinds)
    out: dict[str, Any] = {"renders": asdict(identity.compare(same, different))}
    if amount:
        some = kin[:amount]
        asks = [from_reference(scene, WORDINGS["en"](scene), rendered(scene)) for scene in some]
        made = picture.read(bench.eye, [take.frames for take in generated(generator, asks, bench.say)])
        out["from_image"] = spread(list(identity.cosines(made.subjects, figures[: len(some)], centre)))
    return out


def _versions(wanted: Wanted, generator: Generator) -> dict[str, Any]:
    manifest = (wanted.probe / "manifest.json").read_bytes()
    return {
        "generator": generator.model,
        "probe_sha256": hashlib.sha256(manifest).hexdigest(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "threads": torch.get_num_threads(),
        "recipe": asdict(generator.recipe),
    }


def summary(found: dict[str, Any]) -> str:
    """The figures that are no table of attributes, a line each."""
    lines = [f"picture {found['versions']['generator']}, {found['count']} scenes"]
    for name, each in found["frechet"].items():
        smooth, heard = found["proxies"][name], found["sound"][name]
        lines.append(
            f"{name:<12} Frechet picture {each['picture']:.1f} sound {each['sound']:.1f};"
            f" proxies: consistency {smooth['temporal_consistency']['median']:.3f},"
            f" flow jerk {smooth['flow_jerk_px']['median']:.2f} px;"
            f" audible {heard['audible']['rate']:.2f}, unclipped {heard['unclipped']['rate']:.2f},"
            f" -16+-2 LUFS {heard['loudness']['rate']:.2f}"
        )
    for name, kinds in found["sync"].items():
        for kind, each in kinds.items():
            on_time, chance = each["on_time"], each["chance"]["on_time"]
            lines.append(
                f"{name:<12} {kind} seen in {each['seen']['hits']} of {each['seen']['of']}; sound on time in"
                f" {on_time['hits']} of {on_time['of']}, by chance {chance['hits']} of {chance['of']};"
                f" median lag {each['lag_ms']['median']:.0f} ms"
            )
    for kind, who in found["readers"].items():
        parts = (f"{n} recall {e['recall']['rate']:.2f} precision {e['precision']['rate']:.2f}" for n, e in who.items())
        lines.append(f"readers of {kind} on renders: {'; '.join(parts)}")
    return "\n".join([*lines, f"identity: {json.dumps(found['identity'])}"])


def write(found: dict[str, Any], path: Path) -> None:
    """The document as JSON; numbers that are not finite become null."""
    path.write_text(json.dumps(_finite(found), indent=1) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
