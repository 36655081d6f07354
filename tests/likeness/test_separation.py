"""Training code cannot open biometrics: it knows no path to them, and no right exists that would let it."""

from pathlib import Path

import pytest
from volary.embedded import open_home
from volary.errors import Forbidden

from tests.test_architecture import imports, module, product_files, reached_from

ROOT = Path(__file__).parents[2]
OPENERS = {"inference.likeness.sealing", "inference.likeness.references", "inference.likeness.matching",
           "inference.likeness.capture", "inference.cloud"}  # fmt: skip


def test_training_code_reaches_nothing_that_opens():
    trainers = [module(path) for path in product_files() if path.startswith("inference/train/")]
    reached = {name: reached_from(name) for name in trainers}

    assert len(trainers) > 10
    assert {name: sorted(found & OPENERS) for name, found in reached.items() if found & OPENERS} == {}
    assert [name for name, found in reached.items() if any(each.startswith("volary") for each in found)] == []


def test_training_code_opens_no_box_by_itself():
    users = [path for path in product_files() if path.startswith("inference/train/")
             if any(name.split(".")[0] in {"cryptography", "boto3", "sqlite3"} for name in imports(path))]  # fmt: skip

    assert users == []


def test_only_the_vault_and_the_adapters_know_the_keyring():
    known = [path for path in product_files() if "keyring" in (ROOT / path).read_text().lower()]

    assert [path for path in known if path.startswith(("inference/", "functions/api/", "events/"))] == []


def test_keyring_is_its_owners_alone(tmp_path):
    home = open_home(tmp_path / "home")
    home.keyring.wrap(b"k", {"likeness": "l", "purpose": "p"})
    folder = home.folder / "keyring"

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "keyring.sqlite": 0o600,
        "wrapping.key": 0o600,
    }
    (folder / "wrapping.key").chmod(0o644)
    with pytest.raises(Forbidden):
        home.keyring.wrap(b"k", {})
