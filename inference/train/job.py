"""The whole training of the generator as one job: its stages in order, each skipped where it was finished before.

`python -m inference.train.job --run FOLDER --out FOLDER`. It is what a machine of one's own runs and what a SageMaker
training job runs. What a stage does and how it resumes inside is the stage's own; this module starts them, several
processes at once where a stage splits its work, and remembers what is done in `RUN/done`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

SMALLEST = 2  # shards; a run of this size proves the chain and teaches nothing


@dataclass(frozen=True)
class Stage:
    """One script of inference/train with its arguments; `split` names the options by which it shares its work."""

    name: str
    module: str
    arguments: tuple[str, ...]
    split: tuple[str, str] | None = None

    def commands(self, processes: int) -> list[list[str]]:
        """What to start at the same time."""
        command = [sys.executable, "-m", f"inference.train.{self.module}", *self.arguments]
        if self.split is None:
            return [command]
        first, count = self.split
        return [[*command, first, str(place), count, str(processes)] for place in range(processes)]


@dataclass(frozen=True)
class Size:
    """How much is rendered and how long each network learns, in minutes of wall clock."""

    shards: int = 400
    autoencoder: float = 57
    sound: float = 12
    levels: float = 12
    transformer: float = 70
    decoder: float = 32
    tracker: float = 20
    planner: float = 15
    reader: float = 8
    enlarger: float = 25
    still: float = 15
    backdrop: float = 33
    people: float = 17
    likeness: float = 22

    @classmethod
    def within(cls, minutes: float) -> Size:
        """The default shares stretched or shrunk to `minutes` of learning in all."""
        whole = cls()
        learning = {name: value for name, value in asdict(whole).items() if name != "shards"}
        share = minutes / sum(learning.values())
        shards = max(SMALLEST, min(4000, round(whole.shards * share)))
        return cls(shards, **{name: value * share for name, value in learning.items()})


def stages(run: Path, out: Path, size: Size) -> list[Stage]:
    """What is done, in order; every file lies under `run` until the weights are written to `out`."""
    names = ("clips", "mels", "prepared", "windows", "sharp", "worlds", "crowds", "drawn", "sayings")
    clips, mels, ready, windows, sharp, worlds, crowds, drawn, sayings = (str(run / name) for name in names)
    shards = ("--shards", str(size.shards))

    def minutes(of: float) -> tuple[str, str]:
        return "--minutes", f"{of:.1f}"

    return [
        Stage("corpus", "corpus", (clips, *shards), ("--first", "--stride")),
        Stage("mels", "hearing", ("mels", mels, *shards), ("--first", "--stride")),
        Stage("autoencoder", "autoencoding", (clips, str(run), *minutes(size.autoencoder))),
        Stage("sound", "hearing", ("train", mels, str(run), *minutes(size.sound))),
        Stage("levels", "hearing", ("spectrum", str(run), *shards, *minutes(size.levels))),
        Stage("texts", "latents", ("texts", f"{ready}/texts", *shards)),
        Stage("pictures", "latents", ("pictures", clips, f"{ready}/pictures", "--run", str(run))),
        Stage("sounds", "latents", ("sounds", mels, f"{ready}/sounds", "--run", str(run))),
        Stage("transformer", "flow", (ready, str(run), *minutes(size.transformer)), ("--rank", "--ranks")),
        Stage("windows", "decoding", ("windows", ready, str(run), windows, "--shards", str(max(2, size.shards // 10)))),
        Stage("decoder", "decoding", ("train", windows, str(run), *minutes(size.decoder))),
        Stage("tracker", "tracking", ("train", clips, str(run), *minutes(size.tracker)), ("--rank", "--ranks")),
        Stage("planner", "planning", (str(run), *minutes(size.planner))),
        Stage("sayings", "reading", ("draw", sayings, "--parts", str(max(2, size.shards // 16)))),
        Stage("reader", "reading", ("fit", sayings, str(run), *minutes(size.reader))),
        Stage("pairs", "enlarging", ("pairs", ready, str(run), sharp, "--shards", str(max(2, size.shards // 4)))),
        Stage("enlarger", "enlarging", ("train", sharp, str(run), *minutes(size.enlarger))),
        Stage("worlds", "backdrops", ("pairs", ready, str(run), worlds, "--shards", str(max(2, size.shards // 3)))),
        Stage("still", "backdrops", ("autoencoder", worlds, str(run), *minutes(size.still))),
        Stage("backdrop", "backdrops", ("train", worlds, str(run), *minutes(size.backdrop)), ("--rank", "--ranks")),
        Stage("crowds", "painting", ("people", crowds, "--files", str(max(2, size.shards // 10)))),
        Stage("people", "painting", ("train", crowds, str(run), *minutes(size.people))),
        Stage("drawn", "likeness", ("draw", drawn, "--people", str(10 * size.shards))),
        Stage("likeness", "likeness", ("train", drawn, str(run), *minutes(size.likeness))),
        Stage("weights", "publish", (str(run), str(out))),
    ]


def done(run: Path) -> set[str]:
    """The names of finished stages."""
    path = run / "done"
    return set(path.read_text().split()) if path.exists() else set()


def carry_out(stage: Stage, run: Path, processes: int) -> None:
    """Run a stage to its end and note it. Raises SystemExit with the stage's own status where it fails."""
    print(f"stage {stage.name}", flush=True)
    started = [subprocess.Popen(command) for command in stage.commands(processes)]
    statuses = [process.wait() for process in started]
    if any(statuses):
        raise SystemExit(next(status for status in statuses if status))
    with (run / "done").open("a") as file:
        file.write(stage.name + "\n")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="inference.train.job", description=__doc__)
    parser.add_argument("train", nargs="?", choices=["train"], help="the argument SageMaker starts containers with")
    parser.add_argument("--run", type=Path, default=Path("/opt/ml/checkpoints"), help="kept if the job is cut off")
    parser.add_argument("--out", type=Path, default=Path("/opt/ml/model"), help="where the weights go")
    parser.add_argument("--minutes", type=float, help="of learning in all; the default is what shipped")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args(arguments)
    args.run.mkdir(parents=True, exist_ok=True)
    finished = done(args.run)
    size = Size() if args.minutes is None else Size.within(args.minutes)
    for stage in stages(args.run, args.out, size):
        if stage.name not in finished:
            carry_out(stage, args.run, args.processes)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
