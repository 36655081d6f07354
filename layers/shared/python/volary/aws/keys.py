"""The `Keys` port on KMS, whose keys never leave it; certificates are public and come from an SSM parameter."""

from collections.abc import Mapping
from dataclasses import dataclass

from volary.aws import faults
from volary.aws.clients import Client, Clients
from volary.errors import Absent, Forbidden, Invalid

MOST_BYTES = 4096  # that KMS encrypts; we wrap data keys and secrets, never files
DIGEST_BYTES = 32
# A key that is disabled, scheduled for deletion or gone opens nothing any more, and that is its point.
_SHUT = {
    "AccessDeniedException": Forbidden,
    "DisabledException": Forbidden,
    "IncorrectKeyException": Forbidden,
    "InvalidCiphertextException": Forbidden,
    "KMSInvalidStateException": Forbidden,
    "NotFoundException": Forbidden,
}


@dataclass(frozen=True)
class SigningKey:
    """A KMS key of type ECC_NIST_P256 and the SSM parameter with its PEM chain; None where nobody certifies it."""

    key_id: str
    certificates: str | None = None


class KmsKeys:
    """`envelope` is the KMS key that wraps; `signing` the signing keys by the names that the product gives them."""

    def __init__(self, clients: Clients, envelope: str, signing: Mapping[str, SigningKey]) -> None:
        self._clients = clients
        self._envelope = envelope
        self._signing = signing
        self._chains: dict[str, str] = {}
        self._public: dict[str, bytes] = {}

    @property
    def _client(self) -> Client:
        return self._clients["kms"]

    def wrap(self, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        if len(plaintext) > MOST_BYTES:
            raise Invalid(f"{len(plaintext)} bytes are too many to wrap; KMS takes {MOST_BYTES}")
        with faults.translated("wrapping", _SHUT):
            answer = self._client.encrypt(KeyId=self._envelope, Plaintext=plaintext, EncryptionContext=dict(context))
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        with faults.translated("unwrapping", _SHUT):
            answer = self._client.decrypt(
                KeyId=self._envelope, CiphertextBlob=ciphertext, EncryptionContext=dict(context)
            )
        return bytes(answer["Plaintext"])

    def sign_digest(self, name: str, digest: bytes) -> bytes:
        if len(digest) != DIGEST_BYTES:
            raise Invalid(f"a digest of {len(digest)} bytes is not SHA-256's {DIGEST_BYTES}")
        with faults.translated(f"signing with {name}", _SHUT):
            answer = self._client.sign(
                KeyId=self._named(name).key_id,
                Message=digest,
                MessageType="DIGEST",
                SigningAlgorithm="ECDSA_SHA_256",
            )
        return bytes(answer["Signature"])

    def certificates(self, name: str) -> str:
        """Kept for the life of the process: a new certificate comes with a new deployment."""
        if name not in self._chains:
            parameter = self._named(name).certificates
            if parameter is None:
                raise Absent(f"the signing key {name!r} has no certificates")
            with faults.translated(f"reading {parameter}", {"ParameterNotFound": Absent}):
                answer = self._clients["ssm"].get_parameter(Name=parameter)
            self._chains[name] = answer["Parameter"]["Value"]
        return self._chains[name]

    def public_key(self, name: str) -> bytes:
        """Kept for the life of the process: another key would be another deployment."""
        if name not in self._public:
            with faults.translated(f"reading the public key of {name}", _SHUT):
                answer = self._client.get_public_key(KeyId=self._named(name).key_id)
            self._public[name] = bytes(answer["PublicKey"])
        return self._public[name]

    def _named(self, name: str) -> SigningKey:
        if name not in self._signing:
            raise Absent(f"there is no signing key {name!r}, only {sorted(self._signing)}")
        return self._signing[name]
