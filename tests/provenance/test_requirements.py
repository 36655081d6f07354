"""What C2PA 2.4 and its conformance programme demand, asserted on real signed files with no outside file."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from volary.certificates import anchor
from volary.errors import Invalid, SigningFailed, Unavailable
from volary.manifests import NONE, Signer, bind, crjson, read
from volary.provenance import AI_MEDIA, MARK, definition

from tests.provenance import clips
from tests.provenance.boxes import box, boxes
from tests.provenance.conftest import Signed

PLACES = 200
# Boxes that C2PA leaves out of the hash on purpose, and the manifest's own, which is tested by its contents.
UNHASHED = {"ftyp", "free", "skip", "mfra", "uuid"}


@pytest.fixture(params=["original", "remix"])
def signed(request: pytest.FixtureRequest) -> Signed:
    found: Signed = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def active(signed: Signed, anchors: str) -> dict[str, Any]:
    found: dict[str, Any] = crjson(signed.path, anchors)["manifests"][0]
    return found


def actions(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = manifest["assertions"]["c2pa.actions.v2"]["actions"]
    return listed


def state_of(data: bytes, folder: Path, anchors: str) -> str:
    path = folder / "damaged.mp4"
    path.write_bytes(data)
    return read(path, anchors).state


def test_is_trusted_with_our_anchor_and_no_failure(signed: Signed, anchors: str) -> None:
    reading = read(signed.path, anchors)

    assert (reading.state, reading.failures) == ("trusted", ())
    assert reading.active == signed.bound.manifest_id


def test_is_only_valid_to_those_who_trust_another_home(signed: Signed, tmp_path: Path) -> None:
    reading = read(signed.path, anchor(clips.signer(tmp_path).certificates))

    assert reading.state == "valid"
    assert "signingCredential.untrusted" in reading.failures


def test_the_manifest_is_named_and_versioned_as_c2pa_2_4(active: dict[str, Any]) -> None:
    assert active["label"].startswith("urn:c2pa:")
    assert active["claim.v2"]["claim_generator_info"]["specVersion"] == "2.4.0"
    assert "specVersion" not in active["claim.v2"]


def test_the_first_created_assertion_is_the_actions_and_begins_with_inception(active: dict[str, Any]) -> None:
    created = [each["url"] for each in active["claim.v2"]["created_assertions"]]

    assert [url for url in created if "c2pa.actions" in url][0].endswith("c2pa.actions.v2")
    assert actions(active)[0]["action"] in ("c2pa.created", "c2pa.opened")
    assert active["assertions"]["c2pa.actions.v2"]["allActionsIncluded"] is True
    gathered = [each["url"] for each in active["claim.v2"]["gathered_assertions"]]
    assert all(url.endswith("c2pa.ingredient.v3") for url in gathered)  # c2pa-rs puts ingredients there


def test_a_created_or_perceptible_action_names_its_source_and_opening_does_not(active: dict[str, Any]) -> None:
    types = {each["action"]: each.get("digitalSourceType") for each in actions(active)}

    expected = {"c2pa.created": AI_MEDIA, "c2pa.edited": AI_MEDIA, "c2pa.opened": None, "c2pa.watermarked.bound": None}
    assert types == {action: expected[action] for action in types}


def test_a_bound_mark_comes_with_its_soft_binding(signed: Signed, active: dict[str, Any]) -> None:
    assert "c2pa.watermarked.bound" in [each["action"] for each in actions(active)]

    binding = active["assertions"]["c2pa.soft-binding"]
    assert (binding["alg"], binding["blocks"][0]["value"]) == (MARK, signed.video.record)


def test_custom_names_have_a_name_space(active: dict[str, Any]) -> None:
    parameters = [name for each in actions(active) for name in each.get("parameters", {})]

    assert all("." in label for label in active["assertions"])
    assert set(parameters) <= {"ingredients"}


def test_the_hard_binding_is_bmff_v3_without_a_url(active: dict[str, Any]) -> None:
    hard = [label for label in active["assertions"] if label.startswith("c2pa.hash")]

    assert hard == ["c2pa.hash.bmff.v3"]
    assert "url" not in active["assertions"]["c2pa.hash.bmff.v3"]


def test_a_remix_opens_exactly_its_parent_and_carries_the_whole_history(
    remix: Signed, original: Signed, anchors: str
) -> None:
    document = crjson(remix.path, anchors)
    child, parent = document["manifests"]
    ingredient = child["assertions"]["c2pa.ingredient.v3"]
    opened = actions(child)[0]

    assert parent["label"] == original.bound.manifest_id
    assert ingredient["relationship"] == "parentOf"
    assert ingredient["dc:title"] == original.video.id
    assert ingredient["activeManifest"]["url"].endswith(original.bound.manifest_id)
    assert ingredient["validationResults"]["activeManifest"]["failure"] == []
    assert len(opened["parameters"]["ingredients"]) == 1
    assert opened["parameters"]["ingredients"][0]["url"].endswith("c2pa.ingredient.v3")


def test_a_flipped_bit_is_found_in_200_of_200_places(signed: Signed, anchors: str, tmp_path: Path) -> None:
    data = signed.path.read_bytes()
    hashed = [place for each in boxes(data) if each.kind not in UNHASHED for place in range(each.start, each.end)]
    dice = random.Random(20261122)
    missed = []
    for place in dice.sample(hashed, PLACES):
        damaged = bytearray(data)
        damaged[place] ^= 1 << dice.randrange(8)
        if state_of(bytes(damaged), tmp_path, anchors) != "invalid":
            missed.append(place)

    assert len(hashed) > 0.5 * len(data)
    assert missed == []


def test_a_changed_statement_is_found(original: Signed, anchors: str, tmp_path: Path) -> None:
    """Every word of ours in the manifest, each changed by one bit in turn."""
    data = original.path.read_bytes()
    words = [
        b"trainedAlgorithmicMedia",
        original.video.record.encode(),
        b"video_original",
        b"notAllowed",
        b"volary-1",
        b"2.4.0",
    ]
    for word in words:
        place = data.index(word, box(data, "uuid").start)
        damaged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]

        assert state_of(damaged, tmp_path, anchors) == "invalid", word


def test_a_manifest_moved_to_another_file_fails(
    original: Signed, another: Signed, anchors: str, tmp_path: Path
) -> None:
    """The two clips' manifests have the same length, so the move leaves every offset as it was."""
    theirs, ours = another.path.read_bytes(), original.path.read_bytes()
    place, taken = box(theirs, "uuid"), box(ours, "uuid")
    assert place.end - place.start == taken.end - taken.start
    moved = theirs[: place.start] + ours[taken.start : taken.end] + theirs[place.end :]
    path = tmp_path / "moved.mp4"
    path.write_bytes(moved)

    reading = read(path, anchors)

    assert reading.state == "invalid"
    assert "assertion.bmffHash.mismatch" in reading.failures


def test_a_file_without_a_manifest_says_nothing(original: Signed, anchors: str) -> None:
    assert read(original.unsigned, anchors) == NONE


def test_a_file_of_another_kind_is_refused_by_name(anchors: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no clip at all, only words " * 40)

    with pytest.raises(Invalid, match="notes.txt is no kind of file"):
        read(path, anchors)


def test_a_truncated_file_is_invalid(original: Signed, anchors: str, tmp_path: Path) -> None:
    data = original.path.read_bytes()

    assert [state_of(data[:end], tmp_path, anchors) for end in (2_000, 9_000, len(data) // 2)] == ["invalid"] * 3


def test_the_key_signs_32_byte_digests_only(original: Signed, signer: Signer, tmp_path: Path) -> None:
    """KMS refuses raw messages above 4,096 bytes; a claim of many assertions is longer, its digest is not."""
    seen: list[int] = []

    def watch(digest: bytes) -> bytes:
        seen.append(len(digest))
        return signer.sign_digest(digest)

    manifest = definition(original.video)
    manifest["assertions"] += [{"label": f"org.volary.extra{n}", "created": True, "data": {"n": n}} for n in range(60)]
    bound = bind(manifest, original.unsigned, tmp_path / "big.mp4", Signer(signer.certificates, watch))

    assert seen == [32]
    assert len(bound.store) > 20_000


def test_a_keys_own_error_reaches_the_caller(original: Signed, signer: Signer, tmp_path: Path) -> None:
    def refuse(digest: bytes) -> bytes:
        raise Unavailable("the key store is away")

    with pytest.raises(Unavailable, match="the key store is away"):
        bind(
            definition(original.video),
            original.unsigned,
            tmp_path / "never.mp4",
            Signer(signer.certificates, refuse),
        )


def test_a_signature_by_another_key_never_leaves(original: Signed, signer: Signer, tmp_path: Path) -> None:
    stranger = clips.signer(tmp_path / "keys")
    mixed = Signer(signer.certificates, stranger.sign_digest)

    with pytest.raises(SigningFailed, match="reads back as invalid: claimSignature.mismatch"):
        bind(definition(original.video), original.unsigned, tmp_path / "never.mp4", mixed)

    assert not (tmp_path / "never.mp4").exists()


def test_what_is_no_clip_cannot_be_signed(original: Signed, signer: Signer, tmp_path: Path) -> None:
    path = tmp_path / "disguised.mp4"
    path.write_bytes(json.dumps({"not": "a clip"}).encode() * 50)

    with pytest.raises(SigningFailed, match="could not be signed"):
        bind(definition(original.video), path, tmp_path / "never.mp4", signer)
