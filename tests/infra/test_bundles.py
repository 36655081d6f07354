"""What runs in Lambda and the model containers: it holds all that its code imports, and is always the same bytes."""

import ast
import hashlib
import re
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from infra import bench_imports, bundles
from infra.cdk.functions import FUNCTIONS
from tests.test_architecture import OURS, imports, module, product_files, reached_from, tree

pytestmark = pytest.mark.infra

ROOT = Path(__file__).parents[2]
RUNTIME = {"boto3", "botocore"}  # what the Python runtime of Lambda brings
MOST_MODULES = {"functions.api.handler": 700}
MOST_MODULES_OF_A_STEP = 450


def locked(*locks: str) -> set[str]:
    text = "\n".join((ROOT / "requirements" / lock).read_text() for lock in locks)
    return set(re.findall(r"^([a-z0-9.-]+)==", text, re.MULTILINE))


def distributions(roots: set[str]) -> set[str]:
    """The packages that provide these import roots, the standard library left out."""
    known = packages_distributions()
    foreign = roots - set(sys.stdlib_module_names) - OURS
    return {re.sub(r"[-_.]+", "-", known[root][0]).lower() for root in foreign}


def roots_of(modules: set[str]) -> set[str]:
    paths = {module(path): path for path in product_files()}
    return {name.split(".")[0] for each in modules if each in paths for name in imports(paths[each])}


@pytest.mark.parametrize("name", sorted(f"functions.{each.name}" for each in FUNCTIONS))
def test_layers_hold_what_a_handler_imports(name):
    """Lambda has no development packages: an import that no lock covers would fail at the first call."""
    reached = {each for each in reached_from(name) if not each.startswith("volary.embedded")}
    needed = distributions(roots_of(reached)) - RUNTIME - {"torch"}
    locks = ("layer.lock", "c2pa.lock") if name.endswith(".sign") else ("layer.lock",)
    lazy = set() if name.endswith(".sign") else {"c2pa-python"}

    assert sorted(needed - locked(*locks) - lazy) == []


def test_the_function_that_writes_to_the_edge_has_the_signatures_that_it_asks_for():
    """No import of ours names it: botocore looks for it when CloudFront's store wants a signature for every region."""
    holders = [each.name for each in FUNCTIONS if "edge" in each.layers]

    assert holders == [each.name for each in FUNCTIONS if "edge.bar" in each.needs] == ["events.bar_links"]
    assert locked("edge.lock") == {"awscrt"}


@pytest.mark.parametrize("target", ["text", "media", "large"])
def test_model_images_hold_what_the_server_imports(target):
    """Only `large` starts the large engine; the text image has no torch, which only the media role asks for."""
    left_out = frozenset() if target == "large" else frozenset({"inference.engines.large"})
    needed = distributions(roots_of(reached_from("inference.serve", left_out)))
    if target == "text":
        needed -= {"torch"}

    assert sorted(needed - installed_in(target)) == []
    assert ("diffusers" in needed) == (target == "large")


def installed_in(target: str) -> set[str]:
    """The packages that a target of the model images' Dockerfile installs, with those of the targets below it."""
    text = (ROOT / "inference" / "Dockerfile").read_text()
    parts = {
        found[2]: found for found in re.finditer(r"^FROM (\S+) AS (\S+)\n((?:(?!FROM ).*\n?)*)", text, re.MULTILINE)
    }
    if target not in parts:
        return set()
    steps = parts[target][3]
    named = set(re.findall(r"pip install ([a-z0-9-]+)==", steps))
    return installed_in(parts[target][1]) | locked(*re.findall(r"-r requirements/(\S+\.lock)", steps)) | named


@pytest.mark.parametrize("name", sorted(f"functions.{each.name}" for each in FUNCTIONS))
def test_handler_imports_nothing_heavy(name):
    found = bench_imports.load(f"import {name}")

    assert found.heavy == []
    assert len(found.modules) <= MOST_MODULES.get(name, MOST_MODULES_OF_A_STEP)


def test_fingerprint_follows_every_byte(tmp_path):
    (tmp_path / "functions").mkdir()
    step = tmp_path / "functions" / "step.py"
    found = []
    for text in ("one", "two", "one"):
        step.write_text(text)
        found.append(bundles.fingerprint("functions", tmp_path))

    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize("name", ["shared", "functions"])
def test_own_code_is_bundled_alike_twice(name, tmp_path):
    first, second = (bundles.build(name, tmp_path / each).read_bytes() for each in "ab")

    assert hashlib.sha256(first).hexdigest() == hashlib.sha256(second).hexdigest()


def test_functions_bundle_holds_every_handler(tmp_path):
    with zipfile.ZipFile(bundles.build("functions", tmp_path)) as archive:
        held = set(archive.namelist())

    assert {f"functions/{each.name.replace('.', '/')}.py" for each in FUNCTIONS} <= held
    assert not any(name.startswith(("inference", "tests", "infra")) for name in held)


def test_shared_layer_holds_the_product_and_its_declarations(tmp_path):
    with zipfile.ZipFile(bundles.build("shared", tmp_path)) as archive:
        held = set(archive.namelist())

    assert {"python/volary/ports.py", "python/volary/policy.json", "python/events/bus.py"} <= held


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deps", "c2pa"])
def test_wheels_are_bundled_alike_twice_and_stay_small(name, tmp_path):
    try:
        first = bundles.build(name, tmp_path / "a")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the wheels for Lambda cannot be had here, perhaps there is no network: {error.returncode}")
    second = bundles.build(name, tmp_path / "b")

    assert first.read_bytes() == second.read_bytes()
    assert bundles.unzipped_bytes(first) < 100e6


def test_steps_of_the_recipe_name_their_locks():
    """Every layer that is made from wheels has a lock, and every lock of a layer makes one."""
    made = {Path(lock).name for lock in bundles.LOCKS.values()}

    assert made == {"layer.lock", "c2pa.lock", "edge.lock"}
    assert all((ROOT / lock).exists() for lock in bundles.LOCKS.values())


def test_no_module_of_a_handler_uses_what_a_lambda_lacks():
    """The embedded home's own parts (SQLite, processes) stay out of what the cloud home reaches."""
    for each in FUNCTIONS:
        reached = reached_from(f"functions.{each.name}")
        assert not any(name.startswith(("volary.embedded", "local", "inference")) for name in reached), each.name
        assert ast.get_docstring(tree(f"functions/{each.name.replace('.', '/')}.py"))
