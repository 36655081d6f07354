"""What a deployed function reads from its environment; CDK fills the same class, so a missing name fails at synth."""

import os

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Names of the cloud home's resources. All are strings, because CDK tokens are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    STAGE: str
    TABLE: str
    UPLOADS_BUCKET: str
    WORK_BUCKET: str
    VIDEOS_BUCKET: str
    LIKENESSES_BUCKET: str
    KEYRING_TABLE: str  # keys to biometrics: no stream, no point-in-time recovery
    VECTOR_INDEX: str  # ARN of the S3 Vectors index of clips by meaning
    BIOMETRIC_KEY: str  # KMS key id that wraps them, and nothing else
    BUS: str
    GENERATION_WORKFLOW: str  # ARN of the state machine
    TEXT_MODEL_FUNCTION: str  # name of the container-image Lambda with the small models
    MEDIA_ENDPOINT: str  # name of the SageMaker asynchronous endpoint
    ENGINE: str = "volary-1"  # the engine that the endpoint runs, a name of events/engines.py
    ENVELOPE_KEY: str  # KMS key id
    SIGNING_KEY: str  # KMS key id, ECC_NIST_P256
    SIGNING_CERTIFICATES: str  # SSM parameter with the PEM chain
    TRANSPARENCY_KEY: str  # KMS key id, ECC_NIST_P256: it signs the heads of the public log and nothing else
    RECEIPTS_KEY: str  # KMS key id, ECC_NIST_P256: it signs likeness receipts and nothing else
    ISSUER: str  # Cognito issuer URL
    AUDIENCE: str  # Cognito app client id
    PUBLIC_URL: str
    # The edge that serves published files; all four are empty where an environment has none.
    MEDIA_DOMAIN: str = ""
    MEDIA_KEY_ID: str = ""  # CloudFront's id of the public half of the key that signs links
    MEDIA_PRIVATE_KEY: str = ""  # SSM parameter (SecureString) with that key
    DENY_LIST: str = ""  # ARN of the key value store that the edge asks

    @classmethod
    def from_environment(cls) -> "Settings":
        """Raises pydantic.ValidationError naming every variable that is missing."""
        return cls.model_validate({name: os.environ[name] for name in cls.model_fields if name in os.environ})
