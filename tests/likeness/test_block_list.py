"""The block list by face and voice: loaded by a command, matched like everybody, and taken off with its templates."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from volary.blocked import named
from volary.embedded import open_home
from volary.stores.blocked import Blocked
from volary.vault_index import blocked_entries, index

from inference.likeness import matching, sealing
from inference.likeness.faces import Faces
from local.cli import main

DATA = Path(os.environ.get("VOLARY_DATA") or Path(__file__).parents[3] / "shared" / "data")
FIGURES = DATA / "media" / "faces" / "public_figures"
PUBLIC_FIGURES = Path(__file__).parents[2] / "inference" / "safety" / "public_figures.txt"
needs_faces = pytest.mark.skipif(not FIGURES.is_dir(), reason="the evaluation data is not here: set $VOLARY_DATA")


@pytest.fixture
def folder(tmp_path):
    open_home(tmp_path / "home")
    return tmp_path / "home"


def said(capsys, *arguments):
    code = main(["block", *map(str, arguments), "--json"])
    printed = capsys.readouterr()
    return code, json.loads(printed.out) if printed.out else printed.err


def test_nobody_is_listed_at_first(folder, capsys):
    assert said(capsys, "list", "--home", folder) == (0, [])


def test_a_picture_without_a_face_lists_nobody(folder, tmp_path, capsys):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)).save(tmp_path / "noise.png")

    photo = tmp_path / "noise.png"
    code, error = said(capsys, "add", "Jane Eclair", "--kind", "estate", "--photo", photo, "--home", folder)

    assert code != 0 and "noise.png: 0 faces" in error
    assert Blocked(open_home(folder).items).people() == []


def test_a_list_of_names_is_loaded_once_however_often(folder, tmp_path, capsys):
    names = tmp_path / "names.txt"
    names.write_text("# people\nJane Éclair\n\nRobert Crumble  # a baker\nJane Éclair\nAl\n")

    assert said(capsys, "load", names, "--kind", "public_figure", "--home", folder) == (
        0,
        {"added": 2, "left_out": ["Al"]},
    )
    assert said(capsys, "load", names, "--kind", "public_figure", "--home", folder) == (
        0,
        {"added": 0, "left_out": ["Al"]},
    )
    assert [row["names"] for row in said(capsys, "list", "--home", folder)[1]] == [["Jane Éclair"], ["Robert Crumble"]]


def test_the_names_that_prompts_are_held_for_can_be_refused(folder, capsys):
    """The short list of public figures in the prompt screen is one that this command takes."""
    code, told = said(capsys, "load", PUBLIC_FIGURES, "--kind", "public_figure", "--home", folder)

    assert code == 0, told
    people = Blocked(open_home(folder).items).people()
    assert told["added"] == len(people) > 100
    assert len(told["left_out"]) < 10
    assert named("a portrait of D0nald Trump at sea", people).names == ("Donald Trump",)
    assert named("a trumpet player at sea", people) is None


@needs_faces
def test_a_listed_face_is_found_in_another_photograph_until_it_is_taken_off(folder, capsys, weights):
    first, second = sorted(FIGURES.glob("obama*.jpg"))[:2]
    _, added = said(capsys, "add", "Somebody Known", "--kind", "public_figure", "--photo", first, "--home", folder)
    services = open_home(folder).services
    copy = index(services)
    boxed, key = (services.blobs.get("work", f"index/{copy.index_id}{end}") for end in ("", ".key"))
    (entry,) = json.loads(sealing.unbox(key, boxed, copy.index_id.encode()))
    with Image.open(second) as image:
        picture = np.asarray(image.convert("RGB"))

    people = matching.Index(copy.index_id, (matching._person(entry),))
    (sighting,) = matching.match(picture[None], [0.0], Faces(weights), people).sightings

    assert (sighting.subject, sighting.listed) == (f"blocked:{added['id']}", "blocked")
    assert said(capsys, "list", "--home", folder)[1][0]["is_matched"] is True
    assert said(capsys, "remove", added["id"], "--home", folder)[0] == 0
    assert blocked_entries(services) == set() and Blocked(services.items).people() == []
    assert index(services) is None
    assert services.keyring.get(f"blocked:{added['id']}", "key") is None
