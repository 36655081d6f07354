"""One deployed cloud home for the whole session, with IAM enforced, from templates that CDK writes now."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session

from local.rehearse import emulator
from local.rehearse.emulator import REGION
from local.rehearse.home import CloudHome, Person, container, deployed, nothing

WEIGHTS = emulator.ROOT / "inference" / "weights" / "generator"
ENDED = ("completed", "failed")
LONGEST_JOB = 900  # seconds, on a machine that does other things too


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Caller:
    """Somebody at the door of API Gateway; `person` None sends no token."""

    home: CloudHome
    person: Person | None

    def __call__(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Host": self.home.host, "Content-Type": "application/json"}
        if self.person:
            headers["Authorization"] = f"Bearer {self.person.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.home.emulator.port, timeout=150)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def credits(self) -> int:
        return int(self("GET", "/v1/me").json()["credits"])

    def ended(self, video_id: str) -> tuple[dict[str, Any], list[str]]:
        """The video once it has ended, and the stages that were seen on the way."""
        stages: list[str] = []
        deadline = time.monotonic() + LONGEST_JOB
        while time.monotonic() < deadline:
            video = self("GET", f"/v1/videos/{video_id}").json()
            if video["stage"] not in stages:
                stages.append(video["stage"])
            if video["status"] in ENDED or video["stage"] == "held":
                return video, stages
            time.sleep(0.5)
        raise TimeoutError(f"{video_id} is {video['status']} after {LONGEST_JOB} s; seen: {stages}")


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stage dev's cloud assembly, as `make synth` writes it. Minutes of work, so `make test` leaves it out."""
    if "VOLARY_REHEARSE" not in os.environ:
        pytest.skip("only make rehearse starts an emulator and deploys to it")
    out = tmp_path_factory.mktemp("cdk")
    command = [sys.executable, "-m", "infra.cdk.app", "--stage", "dev", "--out", str(out)]
    subprocess.run(command, cwd=emulator.ROOT, check=True, stdout=subprocess.DEVNULL)
    return out / "dev"


@pytest.fixture(scope="session")
def home(assembly: Path) -> Iterator[CloudHome]:
    models = container if WEIGHTS.exists() else nothing
    with deployed(assembly, models, enforce_iam=True) as made:
        yield made


@pytest.fixture(scope="session")
def ada(home: CloudHome) -> Caller:
    return Caller(home, home.newcomer("ada"))


@pytest.fixture
def client_as(home):
    """A client of a service with the rights of the one role whose name holds these words."""

    def client(words, service):
        roles = home.clients["iam"].get_paginator("list_roles").paginate().search("Roles[]")
        (arn,) = [role["Arn"] for role in roles if words in role["RoleName"]]
        found = home.clients["sts"].assume_role(RoleArn=arn, RoleSessionName="rehearsal")["Credentials"]
        return get_session().create_client(
            service,
            region_name=REGION,
            endpoint_url=home.emulator.url,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )

    return client
