"""A staged person enrols, the same file for another challenge does not; a small instance of `volary eval likeness`."""

import os
from pathlib import Path

import numpy as np
import pytest
from volary import boxes, vault

from events.inference import CheckCapture
from inference.likeness.capture import CaptureChecks
from inference.likeness.enrolments import Studio
from tests.likeness.test_checks import Shelf

MEDIA = Path(os.environ.get("VOLARY_DATA") or Path(__file__).parents[3] / "shared" / "data") / "media"
SEED = 36

pytestmark = pytest.mark.skipif(not MEDIA.exists(), reason="the evaluation data is not here: set $VOLARY_DATA")


def test_person_enrols_and_their_capture_for_another_challenge_does_not(weights):
    studio = Studio(MEDIA, CaptureChecks.load(weights), np.random.default_rng(SEED))
    take = studio.take(studio.actor()[0], studio.challenge())
    private = boxes.new_key()
    shelf = Shelf({"get": take.file()})
    request = CheckCapture(likeness_id="like_1", get="get", challenge=take.challenge, claims_adult=False,
                           recipient=boxes.text(boxes.public_of(private)), put="put")  # fmt: skip

    accepted = studio.checks.answer(request, shelf)
    header, parts = vault.unpacked(boxes.unseal(private, shelf.written.pop("put"), b"like_1"))
    refused = studio.checks.answer(request.model_copy(update={"challenge": studio.challenge()}), shelf)

    assert {each.check: each.outcome for each in accepted.findings if each.outcome != "pass"} == {}
    assert np.array(header["face"]).shape == (5, 128)
    assert parts["capture"] == shelf.files["get"]
    assert {each.check for each in refused.findings if each.outcome == "fail"} >= {"digits", "poses"}
    assert (refused.sealed_sha256, shelf.written) == (None, {})
