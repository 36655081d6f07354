"""Synthesises each environment once per session, without bundles and without a network."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

Resource = dict[str, Any]


@dataclass(frozen=True)
class Cloud:
    """One environment's templates by stack, and what CDK's validation plugins found."""

    folder: Path

    @cached_property
    def templates(self) -> dict[str, dict[str, Any]]:
        found = sorted(self.folder.glob("*.template.json"))
        return {path.name.removesuffix(".template.json"): json.loads(path.read_text()) for path in found}

    @cached_property
    def findings(self) -> set[tuple[str, str]]:
        """(stack, rule) of every finding that was not acknowledged."""
        report = json.loads((self.folder / "validation-report.json").read_text())
        return {
            (construct["constructPath"].split("/")[0], violation["ruleName"])
            for plugin in report["pluginReports"]
            for violation in plugin["violations"]
            for construct in violation["violatingConstructs"]
        }

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Stack settings that no template holds: tags, termination protection, dependencies."""
        artifacts = json.loads((self.folder / "manifest.json").read_text())["artifacts"]
        return {name: each for name, each in artifacts.items() if each["type"] == "aws:cloudformation:stack"}

    def resources(self, kind: str, stack: str | None = None) -> dict[str, Resource]:
        """Resources of one CloudFormation type, by "Stack/LogicalId"."""
        return {
            f"{name}/{logical}": resource
            for name, template in self.templates.items()
            if stack in (None, name)
            for logical, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    def only(self, kind: str, stack: str | None = None) -> Resource:
        (resource,) = self.resources(kind, stack).values()
        return resource


@pytest.fixture(scope="session")
def dev(tmp_path_factory) -> Cloud:
    from infra.cdk.app import synthesise

    return Cloud(synthesise("dev", tmp_path_factory.mktemp("dev")))


@pytest.fixture(scope="session")
def staging(tmp_path_factory) -> Cloud:
    from infra.cdk.app import synthesise

    return Cloud(synthesise("staging", tmp_path_factory.mktemp("staging")))


@pytest.fixture(scope="session")
def prod(tmp_path_factory) -> Cloud:
    """Synthesised with every check and no acknowledgement, so that tests can compare the two."""
    import aws_cdk as cdk
    from cdk_nag import AwsSolutionsChecks, ServerlessChecks

    import infra.cdk.app as application
    from infra.cdk.environments import PROD

    folder = tmp_path_factory.mktemp("prod")
    app = cdk.App(outdir=str(folder), context=application.UNBUNDLED, analytics_reporting=False)
    application.build(app, PROD)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    return Cloud(folder)
