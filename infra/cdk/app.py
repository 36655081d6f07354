"""Puts the stacks of one environment together: `python -m infra.cdk.app --out DIR` writes all three environments'.

`cdk deploy --app "python -m infra.cdk.app --stage dev"` builds the bundles too; plain synth needs neither Docker nor a
network.
"""

import argparse
from pathlib import Path
from typing import get_args

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.cdk.acknowledged import acknowledge
from infra.cdk.environments import ENVIRONMENTS, Environment, StageName
from infra.cdk.stacks.api import Api
from infra.cdk.stacks.data import Data
from infra.cdk.stacks.foundation import Foundation
from infra.cdk.stacks.identity import Identity
from infra.cdk.stacks.inference import Inference
from infra.cdk.stacks.media_edge import MediaEdge
from infra.cdk.stacks.observability import Observability
from infra.cdk.stacks.workflow import Workflow

UNBUNDLED = {"aws:cdk:bundling-stacks": [], "aws:cdk:disable-asset-staging": True}
# In the order in which they are deployed: a stack reads parameters that an earlier one wrote.
STACKS = (Foundation, Data, Identity, MediaEdge, Workflow, Inference, Api, Observability)


def build(app: cdk.App, environment: Environment) -> list[cdk.Stack]:
    """Every stack of one environment, each after those whose parameters it reads."""
    built: list[cdk.Stack] = []
    for stack in STACKS:
        made = stack(app, environment)
        for earlier in built:
            if not isinstance(earlier, Inference):  # nothing reads what it makes, so it may be left out
                made.add_stack_dependency(earlier)
        built.append(made)
    return built


def synthesise(stage: StageName, out: Path) -> Path:
    """Write one environment's templates, without bundles, and return their folder; RuntimeError for a new finding."""
    app = cdk.App(outdir=str(out / stage), context=UNBUNDLED, analytics_reporting=False)
    acknowledge(build(app, ENVIRONMENTS[stage]), ENVIRONMENTS[stage])
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    return Path(app.synth().directory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--stage", choices=get_args(StageName))
    wanted = parser.parse_args()
    if wanted.out is None:
        app = cdk.App(analytics_reporting=False)
        build(app, ENVIRONMENTS[wanted.stage or "dev"])
        app.synth()
        return
    for stage in [wanted.stage] if wanted.stage else get_args(StageName):
        folder = synthesise(stage, wanted.out)
        print(f"{stage}: {len(list(folder.glob('*.template.json')))} templates in {folder}")


if __name__ == "__main__":
    main()
