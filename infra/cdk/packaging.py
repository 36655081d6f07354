"""How CDK gets at the bundles: their recipe is infra/bundles.py, which needs no Docker; synth alone runs none of it."""

from pathlib import Path
from typing import Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import bundles


@jsii.implements(ILocalBundling)
class LocalBundling:
    """Fills CDK's output folder on this machine; answering True keeps CDK from asking for Docker."""

    def __init__(self, name: bundles.Name) -> None:
        self._name = name

    def try_bundle(self, output_dir: str, *, image: DockerImage | None = None, **options: Any) -> bool:
        bundles.fill(self._name, Path(output_dir))
        return True


def code(name: bundles.Name) -> lambda_.Code:
    """The bundle as an asset whose hash follows its sources and lock, so that the template is the same unbundled."""
    return lambda_.Code.from_asset(
        str(bundles.source(name)),
        asset_hash=bundles.fingerprint(name),
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(image=DockerImage.from_registry("unused"), local=LocalBundling(name)),
    )


def layer(scope: Construct, name: bundles.Layer) -> lambda_.LayerVersion:
    return lambda_.LayerVersion(
        scope,
        f"{name.capitalize()}Layer",
        code=code(name),
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        compatible_architectures=[lambda_.Architecture.ARM_64],
    )
