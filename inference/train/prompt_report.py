"""Reports on a trained prompt classifier: `python -m inference.train.prompt_report FILE…`; it tunes nothing.

The same lines as `volary eval moderation --harm-only --disguised`, with the encoder that training uses in the place of
the serving one: a tenth of the time on few cores. Latency is not what serving takes.
"""

import argparse
import json
from pathlib import Path

import torch

from inference.encoder import FILE, PACKAGE, unpacked
from inference.safety import evaluation
from inference.safety.packaged import package_file
from inference.safety.prompts import PromptScreen
from inference.train.prompt_encoder import TextEncoder


def screen_of(weights: Path) -> PromptScreen:
    """The prompt stage with training's encoder. Raises WeightsChanged where a digest is another."""
    screen = PromptScreen.load(weights)
    packed = unpacked(package_file(weights, PACKAGE, FILE))
    screen.classifier.encoder = TextEncoder(packed, screen.classifier.weights.changes)
    return screen


def main() -> None:
    """Print one JSON line per slice and per disguise, then the data's hash."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--weights", type=Path, default=Path("inference/weights/safety"))
    parser.add_argument("--disguised", action="store_true", help="judge every short prompt in each disguise too")
    parser.add_argument("--beside", action="store_true", help="judge the same prompts with packaged classifiers too")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    screen = screen_of(asked.weights)
    judge = evaluation.harm_only(evaluation.shipped)
    for line in evaluation.summary(evaluation.moderation(asked.paths, screen, judge)):
        print(json.dumps(line), flush=True)
    if asked.disguised:
        for line in evaluation.disguised(evaluation.read(asked.paths), screen, judge):
            print(json.dumps(line), flush=True)
    for line in evaluation.told_beside(evaluation.read(asked.paths), asked.disguised) if asked.beside else ():
        print(json.dumps(line), flush=True)
    print(json.dumps({"data_sha256": evaluation.data_hash(asked.paths)}))


if __name__ == "__main__":
    main()
