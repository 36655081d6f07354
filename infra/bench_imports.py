"""How long each Lambda handler takes to import and what it drags in: the part of a cold start that is our own doing.

`python -m infra.bench_imports` prints one JSON line per handler: medians of `--runs` fresh processes, beside what
pydantic alone, and FastAPI with Mangum, take in the same run. Compare processor time: waiting for a busy machine is
in the wall time only. A test asserts the lists of modules, which do not vary.
"""

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass

from infra.cdk.functions import FUNCTIONS

# Roots of what no handler may load at import; the signer loads c2pa when it signs.
HEAVY = ("aws_xray_sdk", "boto3", "numpy", "av", "c2pa", "torch", "onnxruntime", "PIL", "scipy", "usearch")
PEERS = {"pydantic": "import pydantic", "fastapi+mangum": "import fastapi, mangum"}
PROBE = """
import sys, time
wall, processor = time.perf_counter(), time.process_time()
{statement}
wall, processor = time.perf_counter() - wall, time.process_time() - processor
import json
print(json.dumps([processor * 1000, wall * 1000, sorted(sys.modules)]))
"""


@dataclass(frozen=True)
class Load:
    """One import in a fresh process."""

    processor_ms: float
    wall_ms: float
    modules: tuple[str, ...]

    @property
    def heavy(self) -> list[str]:
        """Forbidden packages that were loaded."""
        return sorted({module.split(".")[0] for module in self.modules} & set(HEAVY))


def load(statement: str) -> Load:
    """Run an import statement in a process of its own; raises CalledProcessError when it fails."""
    probe = PROBE.format(statement=statement)
    ran = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    processor_ms, wall_ms, modules = json.loads(ran.stdout)
    return Load(processor_ms, wall_ms, tuple(modules))


def measure(statements: dict[str, str], runs: int) -> dict[str, list[Load]]:
    """Every statement `runs` times, in turn, so that a busy moment hits all of them alike."""
    loads: dict[str, list[Load]] = {name: [] for name in statements}
    for _ in range(runs):
        for name, statement in statements.items():
            loads[name].append(load(statement))
    return loads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    handlers = {f"functions.{each.name}": f"import functions.{each.name}" for each in FUNCTIONS}
    loads = measure({**PEERS, **handlers}, parser.parse_args().runs)
    took = {name: statistics.median(each.processor_ms for each in found) for name, found in loads.items()}
    for name in handlers:
        peer = "fastapi+mangum" if name == "functions.api.handler" else "pydantic"
        row = {
            "handler": name,
            "processor_ms": round(took[name]),
            "wall_ms": round(statistics.median(each.wall_ms for each in loads[name])),
            "peer": peer,
            "peer_processor_ms": round(took[peer]),
            "ratio": round(took[name] / took[peer], 2),
            "modules": len(loads[name][0].modules),
            "heavy": loads[name][0].heavy,
        }
        print(json.dumps(row))


if __name__ == "__main__":
    main()
