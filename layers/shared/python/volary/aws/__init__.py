"""The cloud home's adapters: every port on an AWS service. The only place of the product that talks to AWS's SDK.

Nothing is opened and no credential is read before the first call that needs it.
"""

from volary.aws.blobs import S3Blobs
from volary.aws.bus import EventBridgeBus
from volary.aws.clients import Clients
from volary.aws.edge import CloudFrontEdge, Distribution
from volary.aws.identity import CognitoIdentity
from volary.aws.items import DynamoItems
from volary.aws.keyring import DynamoKeyring
from volary.aws.keys import KmsKeys, SigningKey
from volary.aws.models import CloudModels
from volary.aws.vectors import S3Vectors
from volary.aws.workflows import StepFunctions
from volary.clock import RandomIds, SystemClock
from volary.edgeless import Edgeless
from volary.ports import Clock, Edge, Services
from volary.settings import Settings


def services(settings: Settings) -> Services:
    """Every port on the resources that `settings` names; region and credentials are the process's own."""
    clients, clock = Clients(), SystemClock()
    blobs = S3Blobs(
        clients,
        {
            "uploads": settings.UPLOADS_BUCKET,
            "work": settings.WORK_BUCKET,
            "videos": settings.VIDEOS_BUCKET,
            "likenesses": settings.LIKENESSES_BUCKET,
        },
    )
    signing = {
        "c2pa": SigningKey(settings.SIGNING_KEY, settings.SIGNING_CERTIFICATES),
        "transparency": SigningKey(settings.TRANSPARENCY_KEY),
        "receipts": SigningKey(settings.RECEIPTS_KEY),
    }
    return Services(
        items=DynamoItems(clients, settings.TABLE),
        blobs=blobs,
        edge=_edge(settings, clients, blobs, clock),
        bus=EventBridgeBus(clients, settings.BUS),
        workflows=StepFunctions(clients, {"generation": settings.GENERATION_WORKFLOW}),
        models=CloudModels(clients, blobs, settings.TEXT_MODEL_FUNCTION, settings.MEDIA_ENDPOINT, settings.WORK_BUCKET),
        vectors=S3Vectors(clients, settings.VECTOR_INDEX),
        keys=KmsKeys(clients, settings.ENVELOPE_KEY, signing),
        keyring=DynamoKeyring(clients, settings.KEYRING_TABLE, settings.BIOMETRIC_KEY),
        identity=CognitoIdentity(settings.ISSUER, settings.AUDIENCE, clock),
        clock=clock,
        ids=RandomIds(),
        public_url=settings.PUBLIC_URL,
    )


def _edge(settings: Settings, clients: Clients, blobs: S3Blobs, clock: Clock) -> Edge:
    if not settings.MEDIA_DOMAIN:
        return Edgeless(blobs)
    where = (settings.MEDIA_DOMAIN, settings.MEDIA_KEY_ID, settings.MEDIA_PRIVATE_KEY, settings.DENY_LIST)
    return CloudFrontEdge(clients, Distribution(*where), clock)
