"""What differs between dev, staging and prod, as typed values; a deployer edits this file and nothing else."""

from dataclasses import dataclass
from typing import Literal

from events.engines import LARGE, LIMITS, SMALL

StageName = Literal["dev", "staging", "prod"]
PRODUCT = "volary"


@dataclass(frozen=True)
class Gpu:
    """The asynchronous endpoint. It costs nothing while idle, because its least number of instances is 0."""

    enabled: bool
    instance_type: str = "ml.g6.xlarge"
    max_instances: int = 1
    idle_seconds: int = 600  # how long an instance stays after its last job
    engine: str = SMALL
    engine_digest: str = ""  # sha256 of the manifest of a large engine's weights: they lie under engines/DIGEST
    engine_options: str = ""  # JSON of inference/engines/options.py

    def __post_init__(self) -> None:
        if self.engine not in LIMITS:
            raise ValueError(f"engine {self.engine!r} is not one of {', '.join(LIMITS)}")
        if (self.engine == SMALL) == bool(self.engine_digest):
            raise ValueError(f"engine {self.engine!r} with digest {self.engine_digest!r}: {LARGE} alone needs one")


# One L40S with 48 GB and 128 GiB of host memory, which model offload of bf16 weights needs; never tried.
LARGE_INSTANCE = "ml.g6e.4xlarge"


def large_gpu(digest: str, options: str = "", max_instances: int = 1) -> Gpu:
    """The endpoint with LTX-2 on it, from weights that `python -m inference.engines.folder` pinned at `digest`."""
    return Gpu(True, LARGE_INSTANCE, max_instances, engine=LARGE, engine_digest=digest, engine_options=options)


@dataclass(frozen=True)
class Environment:
    stage: StageName
    account: str
    region: str
    zones: tuple[str, str]  # availability zones of the inference network
    public_url: str
    owner: str  # the tag by which a bill finds its person
    keeps_data: bool  # RETAIN and deletion protection, or DESTROY
    has_edge: bool  # CloudFront in front of the published files
    gpu: Gpu
    s3_prefix_list: str = "pl-63a5400a"  # S3 in us-east-1; another region has another
    requests_per_second: int = 50
    burst: int = 100
    log_days: Literal[7, 30, 90] = 7
    budget_usd: int = 50
    alarm_email: str | None = None

    def name(self, thing: str) -> str:
        """The fixed name of a resource that a policy, another stack or a person must know beforehand."""
        return f"{PRODUCT}-{self.stage}-{thing}"

    def parameter(self, thing: str) -> str:
        """The SSM parameter by which one stack tells the others of `thing`."""
        return f"/{PRODUCT}/{self.stage}/{thing}"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


# Twelve zeros are no account: CDK refuses to deploy to it, and the rehearsal's emulator answers to it.
DEV = Environment(
    stage="dev",
    account="000000000000",
    region="us-east-1",
    zones=("us-east-1a", "us-east-1b"),
    public_url="https://dev.volary.example",
    owner="platform",
    keeps_data=False,
    has_edge=False,
    gpu=Gpu(enabled=False),
)
STAGING = Environment(
    stage="staging",
    account="000000000000",
    region="us-east-1",
    zones=("us-east-1a", "us-east-1b"),
    public_url="https://staging.volary.example",
    owner="platform",
    keeps_data=False,
    has_edge=True,
    gpu=Gpu(enabled=True),
    log_days=30,
    budget_usd=200,
)
PROD = Environment(
    stage="prod",
    account="000000000000",
    region="us-east-1",
    zones=("us-east-1a", "us-east-1b"),
    public_url="https://volary.example",
    owner="platform",
    keeps_data=True,
    has_edge=True,
    gpu=Gpu(enabled=True, max_instances=4),
    requests_per_second=500,
    burst=1000,
    log_days=90,
    budget_usd=2000,
)
ENVIRONMENTS: dict[StageName, Environment] = {"dev": DEV, "staging": STAGING, "prod": PROD}
