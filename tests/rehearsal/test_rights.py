"""Roles may do in the emulated account what their templates say, and not more: the story means something."""

import hashlib

import pytest
from botocore.exceptions import ClientError

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow]
DIGEST = hashlib.sha256(b"a claim").digest()


def sign(kms, key_id, kind="DIGEST"):
    return kms.sign(KeyId=key_id, Message=DIGEST, MessageType=kind, SigningAlgorithm="ECDSA_SHA_256")["Signature"]


def denied(act, *arguments, **more):
    with pytest.raises(ClientError) as caught:
        act(*arguments, **more)
    return caught.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403")


def test_the_sign_function_signs_digests_with_the_signing_key(home, client_as):
    assert sign(client_as("volary-dev-sign", "kms"), home.parameter("signing-key"))


@pytest.mark.parametrize("words", ["GenerationGenerateRole", "GenerationPublishRole", "ApiHandlerRole", "RelayRole"])
def test_no_other_function_signs(home, client_as, words):
    assert denied(sign, client_as(words, "kms"), home.parameter("signing-key"))


def test_the_api_function_changes_no_published_file(home, client_as):
    s3 = client_as("ApiHandlerRole", "s3")

    assert denied(s3.put_object, Bucket=home.parameter("videos-bucket"), Key="x", Body=b"x")


def test_the_relay_reads_no_clip(home, client_as):
    s3 = client_as("RelayRole", "s3")

    assert denied(s3.get_object, Bucket=home.parameter("videos-bucket"), Key="x")
