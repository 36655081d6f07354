"""What one stack knows of the others: fixed names from the environment, the rest from their SSM parameters."""

from functools import cached_property

from constructs import Construct
from volary.settings import Settings

from infra.cdk.environments import Environment
from infra.cdk.sharing import shared


class Resources:
    """Names and ARNs as seen from `scope`'s stack; only what is asked for becomes a parameter of its template."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        self._scope = scope
        self.environment = environment

    def of(self, thing: str) -> str:
        """What the stack that made `thing` shared of it."""
        return shared(self._scope, self.environment, thing)

    def bucket(self, thing: str) -> str:
        return f"arn:aws:s3:::{self.of(f'{thing}-bucket')}"

    @property
    def table(self) -> str:
        return self.environment.arn("dynamodb", f"table/{self.of('table')}")

    @property
    def keyring(self) -> str:
        return self.environment.arn("dynamodb", f"table/{self.of('keyring-table')}")

    @property
    def vector_index(self) -> str:
        return self.environment.arn("s3vectors", f"bucket/{self.environment.name('vectors')}/index/clips")

    @property
    def generation(self) -> str:
        """By name and not by reference: the state machine names its functions, and they name it."""
        return self.environment.arn("states", f"stateMachine:{self.environment.name('generation')}")

    @property
    def text_models(self) -> str:
        return self.environment.name("text-models")

    @property
    def media_models(self) -> str:
        return self.environment.name("media-models")

    @property
    def certificates(self) -> str:
        """A person puts the signing key's certificate chain there; until then nothing is signed."""
        return self.environment.parameter("signing-certificates")

    @property
    def media_private_key(self) -> str:
        """A person puts the key that signs links to the edge there; until then no link is given out."""
        return self.environment.parameter("media-private-key")

    @cached_property
    def settings(self) -> Settings:
        """The very class that the functions read: a name that is missing here fails at synth."""
        return Settings(
            STAGE=self.environment.stage,
            TABLE=self.of("table"),
            UPLOADS_BUCKET=self.of("uploads-bucket"),
            WORK_BUCKET=self.of("work-bucket"),
            VIDEOS_BUCKET=self.of("videos-bucket"),
            LIKENESSES_BUCKET=self.of("likenesses-bucket"),
            KEYRING_TABLE=self.of("keyring-table"),
            BIOMETRIC_KEY=self.of("biometric-key"),
            VECTOR_INDEX=self.vector_index,
            BUS=self.environment.name("events"),
            GENERATION_WORKFLOW=self.generation,
            TEXT_MODEL_FUNCTION=self.text_models,
            MEDIA_ENDPOINT=self.media_models,
            ENGINE=self.environment.gpu.engine,
            ENVELOPE_KEY=self.of("envelope-key"),
            SIGNING_KEY=self.of("signing-key"),
            SIGNING_CERTIFICATES=self.certificates,
            TRANSPARENCY_KEY=self.of("transparency-key"),
            RECEIPTS_KEY=self.of("receipts-key"),
            ISSUER=self.of("issuer"),
            AUDIENCE=self.of("audience"),
            PUBLIC_URL=self.environment.public_url,
            MEDIA_DOMAIN=self._of_edge("media-domain"),
            MEDIA_KEY_ID=self._of_edge("media-key-id"),
            MEDIA_PRIVATE_KEY=self.media_private_key if self.environment.has_edge else "",
            DENY_LIST=self._of_edge("deny-list"),
        )

    def _of_edge(self, thing: str) -> str:
        return self.of(thing) if self.environment.has_edge else ""
