"""The edge's list against an emulator that others wrote: it reads, writes, lists and refuses as tests/edge assumes."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session
from volary.aws.edge import KEPT_SECONDS, CloudFrontEdge, Distribution

from local.rehearse.emulator import Emulator, account_environment, is_set_up, running
from tests.api.conftest import MovableClock

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    if not is_set_up():
        pytest.skip("make rehearse makes the emulator's own environment")
    with running(enforce_iam=False) as started:
        yield started


def client(service: str, emulator: Emulator, **more: Any) -> Any:
    settings = account_environment()
    keys = {name.lower(): settings[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return get_session().create_client(service, region_name=settings["AWS_REGION"], **keys, **more)


@pytest.fixture
def store(emulator, request) -> tuple[Any, str]:
    """The store's client and its ARN. Its host's name begins with the account, so it is asked by address instead."""

    def to_the_emulator(request: Any, **rest: Any) -> None:
        host = urlsplit(request.url).netloc
        request.headers["Host"] = host
        request.url = request.url.replace(f"https://{host}", emulator.url)

    made = client("cloudfront", emulator, endpoint_url=emulator.url)
    arn = made.create_key_value_store(Name=request.node.name, Comment="a test's")["KeyValueStore"]["ARN"]
    # The rehearsal names an endpoint for all services, before which botocore would put the account.
    config = Config(signature_version=botocore.UNSIGNED, ignore_configured_endpoint_urls=True)
    asked = client("cloudfront-keyvaluestore", emulator, config=config)
    asked.meta.events.register("before-send", to_the_emulator)
    return asked, arn


def entries(store: tuple[Any, str]) -> dict[str, str]:
    asked, arn = store
    return {item["Key"]: item["Value"] for item in asked.list_keys(KvsARN=arn, MaxResults=50).get("Items", [])}


def test_entries_are_written_never_lowered_and_swept(store):
    clock = MovableClock()
    edge = CloudFrontEdge({"cloudfront-keyvaluestore": store[0]}, Distribution("d", "k", "p", store[1]), clock)
    now = int(clock.now().timestamp())

    for name, version in (("like_a", 8), ("like_b", 3), ("like_a", 5)):
        edge.bar(name, version)
    assert entries(store) == {"like_a": f"8 {now}", "like_b": f"3 {now}"}

    clock.pass_seconds(KEPT_SECONDS + 1)
    edge.bar("like_c", 1)
    assert list(entries(store)) == ["like_c"]


def test_a_list_of_several_pages_is_read_whole(store):
    edge = CloudFrontEdge({"cloudfront-keyvaluestore": store[0]}, Distribution("d", "k", "p", store[1]), MovableClock())

    for number in range(55):
        edge.bar(f"like_{number:02}", 2)

    assert len(edge._entries()) == 55


def test_a_write_over_somebody_elses_is_refused(store):
    asked, arn = store

    with pytest.raises(ClientError) as caught:
        asked.update_keys(KvsARN=arn, IfMatch="an old one", Puts=[{"Key": "like_a", "Value": "1 1"}])

    assert caught.value.response["Error"]["Code"] == "ConflictException"
