"""What every `Keys` adapter promises: envelopes bound to a context, and signatures that the certificate checks."""

import hashlib

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key
from volary.errors import Forbidden, Invalid

CONTEXT = {"user": "usr_1", "purpose": "likeness"}
SIGNER = "c2pa"
SIGNERS = ("c2pa", "transparency")  # the signing keys that both homes have


@pytest.mark.parametrize("secret", [b"", b"\x00", b"a data key of 32 bytes, or so it is"])
def test_an_envelope_opens_in_its_context(services, secret):
    if secret == b"" and type(services.keys).__module__.startswith("volary.aws"):
        pytest.skip("KMS encrypts one byte or more")
    assert services.keys.unwrap(services.keys.wrap(secret, CONTEXT), CONTEXT) == secret


def test_the_order_of_a_context_does_not_matter(services):
    sealed = services.keys.wrap(b"secret", CONTEXT)

    assert services.keys.unwrap(sealed, dict(reversed(CONTEXT.items()))) == b"secret"


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"user": "usr_1"},
        {**CONTEXT, "more": "x"},
        {**CONTEXT, "user": "usr_2"},
        {"user": "likeness", "purpose": "usr_1"},
    ],
    ids=str,
)
def test_an_envelope_stays_shut_in_another_context(services, other):
    sealed = services.keys.wrap(b"secret", CONTEXT)

    with pytest.raises(Forbidden):
        services.keys.unwrap(sealed, other)


def test_an_envelope_hides_what_it_holds_and_never_looks_the_same(services):
    secret = b"biometric bytes of a person"
    first, second = services.keys.wrap(secret, CONTEXT), services.keys.wrap(secret, CONTEXT)

    assert first != second
    assert secret not in first


@pytest.mark.parametrize("place", [0, 5, -1])
def test_a_changed_envelope_stays_shut(services, place):
    sealed = bytearray(services.keys.wrap(b"secret", CONTEXT))
    sealed[place] ^= 1

    with pytest.raises(Forbidden):
        services.keys.unwrap(bytes(sealed), CONTEXT)


@pytest.mark.parametrize("rubbish", [b"x", b"not an envelope", bytes(200)])
def test_what_is_no_envelope_stays_shut(services, rubbish):
    with pytest.raises(Forbidden):
        services.keys.unwrap(rubbish, CONTEXT)


def public_key(services):
    return x509.load_pem_x509_certificates(services.keys.certificates(SIGNER).encode())[0].public_key()


def test_a_signature_holds_under_the_certificate(timed):
    digest = hashlib.sha256(b"a claim").digest()
    signature = timed.services.keys.sign_digest(SIGNER, digest)
    key = public_key(timed.services)

    key.verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    with pytest.raises(InvalidSignature):
        key.verify(signature, hashlib.sha256(b"another").digest(), ec.ECDSA(Prehashed(hashes.SHA256())))


@pytest.mark.parametrize("name", SIGNERS)
def test_a_signature_holds_under_the_public_key(services, name):
    digest = hashlib.sha256(b"a head").digest()
    key = load_der_public_key(services.keys.public_key(name))

    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(services.keys.sign_digest(name, digest), digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def test_each_signing_key_is_another(services):
    assert len({services.keys.public_key(name) for name in SIGNERS}) == len(SIGNERS)


def test_a_signature_is_der_of_a_p256_key(services):
    signature = services.keys.sign_digest(SIGNER, hashlib.sha256(b"a claim").digest())

    assert signature[0] == 0x30
    assert 64 < len(signature) <= 72


@pytest.mark.parametrize("length", [0, 20, 31, 33, 64])
def test_only_a_sha256_digest_is_signed(services, length):
    with pytest.raises(Invalid):
        services.keys.sign_digest(SIGNER, bytes(length))


def test_the_chain_is_leaf_first_and_each_is_issued_by_the_next(timed):
    chain = x509.load_pem_x509_certificates(timed.services.keys.certificates(SIGNER).encode())

    assert len(chain) >= 2
    for subject, issuer in zip(chain, chain[1:], strict=False):
        subject.verify_directly_issued_by(issuer)
    assert not chain[0].extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_chain_stays_the_same(services):
    assert services.keys.certificates(SIGNER) == services.keys.certificates(SIGNER)


def test_a_chain_is_issued_anew_before_it_ends_for_the_same_key(timed):
    before = timed.services.keys.certificates("shortlived")
    timed.clock.move(810 * 86_400)
    after = timed.services.keys.certificates("shortlived")
    timed.clock.move(-810 * 86_400)

    def leaf_key(pem):
        return x509.load_pem_x509_certificate(pem.encode()).public_key().public_numbers()

    assert before != after
    assert leaf_key(before) == leaf_key(after)


@pytest.mark.parametrize("name", ["", "../root", "Provenance", "a/b", "authority", "envelope"])
def test_a_name_that_could_be_a_path_names_no_key(timed, name):
    with pytest.raises(Invalid):
        timed.services.keys.sign_digest(name, bytes(32))
