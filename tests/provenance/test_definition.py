"""What the manifest definition says and, as much, what it keeps to itself."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from volary.errors import Conflict
from volary.provenance import AI_MEDIA, CONSENT, GENERATION, Statement, definition, ingredient
from volary.videos import Rendition, SourceClip, Video

from events.inference import SourceUse
from tests.provenance import clips


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    still: Path = clips.write_still(tmp_path_factory.mktemp("any") / "any.webp", 1)
    return clips.record("video_1", still)


def data(manifest: dict[str, Any], label: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [a["data"] for a in manifest["assertions"] if a["label"] == label]
    assert len(found) == 1, f"{label} stands {len(found)} times"
    return found[0]


def actions(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = data(manifest, "c2pa.actions.v2")["actions"]
    return listed


def names(manifest: dict[str, Any]) -> list[str]:
    return [each["action"] for each in actions(manifest)]


def test_an_original_is_created_by_a_trained_model_and_then_marked(video: Video) -> None:
    made = definition(video)

    assert names(made) == ["c2pa.created", "c2pa.watermarked.bound"]
    assert actions(made)[0]["digitalSourceType"] == AI_MEDIA


@pytest.mark.parametrize("use", [use for use in get_args(SourceUse) if use != "reference"])
def test_what_builds_on_a_clip_opens_it_as_its_one_parent(video: Video, use: SourceUse) -> None:
    source = SourceClip(use=use, media="video", video_id="video_parent")
    made = definition(video.model_copy(update={"source": source}))
    opened, edited, marked = actions(made)

    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert marked["action"] == "c2pa.watermarked.bound"
    assert "digitalSourceType" not in opened
    assert edited["digitalSourceType"] == AI_MEDIA
    assert ingredient(source)["relationship"] == "parentOf"
    assert opened["parameters"]["ingredientIds"] == [ingredient(source)["instance_id"]]


def test_a_reference_goes_into_what_is_created(video: Video) -> None:
    source = SourceClip(use="reference", media="image", upload_key="upload_1/cat.png")
    made = definition(video.model_copy(update={"source": source}))

    assert names(made) == ["c2pa.created", "c2pa.watermarked.bound"]
    assert ingredient(source)["relationship"] == "inputTo"
    assert "cat" not in json.dumps(ingredient(source)), "an upload's file name is its owner's affair"


@pytest.mark.parametrize("rendition", ["thumbnail", "spritesheet"])
def test_a_still_claims_no_mark(video: Video, rendition: Rendition) -> None:
    made = definition(video, Statement(rendition))

    assert names(made) == ["c2pa.created"]
    assert "c2pa.soft-binding" not in [each["label"] for each in made["assertions"]]
    assert made["format"] == "image/webp"


def test_the_soft_binding_carries_the_record_over_the_whole_clip(video: Video) -> None:
    binding = data(definition(video), "c2pa.soft-binding")

    assert binding["alg"] == "org.volary.mark.1"
    assert binding["blocks"] == [{"scope": {"timespan": {"start": 0, "end": 500}}, "value": video.record}]


def test_no_kind_of_training_is_allowed(video: Video) -> None:
    entries = data(definition(video), "cawg.training-mining")["entries"]

    assert set(entries) == {
        "cawg.ai_training", "cawg.ai_generative_training", "cawg.ai_inference", "cawg.data_mining",
    }  # fmt: skip
    assert {each["use"] for each in entries.values()} == {"notAllowed"}


def test_a_private_prompt_and_the_owner_stay_out(video: Video) -> None:
    for visibility in ("private", "unlisted"):
        text = json.dumps(definition(video.model_copy(update={"visibility": visibility})))

        assert video.prompt not in text
        assert video.owner_id not in text


def test_a_public_prompt_is_stated(video: Video) -> None:
    made = definition(video.model_copy(update={"visibility": "public"}))

    assert data(made, GENERATION)["prompt"] == video.prompt
    assert video.owner_id not in json.dumps(made)


def test_the_job_and_the_screened_bytes_are_named(video: Video) -> None:
    stated = data(definition(video), GENERATION)

    assert video.made is not None
    assert stated["video_id"] == "video_1"
    assert stated["screened_sha256"] == video.made.sha256


def test_oversight_is_by_prompt_unless_a_person_released_the_clip(video: Video) -> None:
    def level(statement: Statement) -> str:
        profile = data(definition(video, statement), "c2pa.ai-disclosure")["contentProfile"]
        return str(profile["humanOversightLevel"])

    assert level(Statement()) == "prompt_guided"
    assert level(Statement(human_validated=True)) == "human_validated"


def test_consent_has_a_place_that_is_empty_by_itself(video: Video) -> None:
    assert CONSENT not in [each["label"] for each in definition(video)["assertions"]]

    assert data(definition(video, Statement(consent={"grants": ["grant_1"]})), CONSENT) == {"grants": ["grant_1"]}


def test_every_assertion_is_the_signers_own(video: Video) -> None:
    assert all(each["created"] is True for each in definition(video)["assertions"])


def test_nothing_is_stated_about_what_was_not_made(video: Video) -> None:
    with pytest.raises(Conflict, match="video_1 was not made yet"):
        definition(video.model_copy(update={"made": None}))
