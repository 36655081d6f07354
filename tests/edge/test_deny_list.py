"""The `Edge` port on CloudFront: links that only this edge honours, and a list that never lets more than it did."""

import hashlib
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from volary.aws.edge import ATTEMPTS, KEPT_SECONDS, CloudFrontEdge
from volary.errors import ConditionFailed, Invalid, Unavailable

from tests.edge.emulated import AT, ROOT, SPREAD_SECONDS, Parameters, pem

KEY = "video_1/clip.mp4"
JUDGED = {"video_1": 4, "like_ann": 7}


def test_a_link_opens_its_file_until_it_ends(edge, clock):
    link = edge.port.link(KEY, JUDGED, seconds=300)

    assert edge.get(link) == 200
    clock.pass_seconds(299)
    assert edge.get(link) == 200
    clock.pass_seconds(1)
    assert edge.get(link) == 403


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("like_ann.7", "like_ann.8"),
        ("video_1.4~like_ann.7", "video_1.4"),
        ("video_1/clip.mp4", "video_2/clip.mp4"),
        ("Expires=", "Expires=9"),
        ("Key-Pair-Id=K", "Key-Pair-Id=L"),
        ("&Hash-Algorithm=SHA256", ""),
    ],
)
def test_a_link_that_was_changed_opens_nothing(edge, part, other):
    link = edge.port.link(KEY, JUDGED, seconds=300)

    assert part in link
    assert edge.get(link.replace(part, other)) == 403


def test_a_link_of_another_key_opens_nothing(edge, clock):
    other: Any = {"ssm": Parameters(pem(ec.generate_private_key(ec.SECP256R1())))}

    assert edge.get(CloudFrontEdge(other, AT, clock).link(KEY, JUDGED, seconds=300)) == 403


@pytest.mark.parametrize("seconds", [0, -1, 301])
def test_no_link_to_the_edge_outlives_five_minutes(edge, seconds):
    with pytest.raises(Invalid, match="1 to 300"):
        edge.port.link(KEY, JUDGED, seconds=seconds)


@pytest.mark.parametrize("name", ["", "a b", "a~b", "a.b", "é", "x" * 81])
def test_what_the_edge_could_not_read_is_named_nowhere(edge, name):
    with pytest.raises(Invalid, match="cannot be named"):
        edge.port.link(KEY, {name: 1}, seconds=300)
    with pytest.raises(Invalid, match="cannot be named"):
        edge.port.bar(name, 1)


@pytest.mark.parametrize("kept", ["rsa", "p384"])
def test_a_key_of_another_kind_signs_nothing(clock, kept):
    key = rsa.generate_private_key(65537, 2048) if kept == "rsa" else ec.generate_private_key(ec.SECP384R1())
    clients: Any = {"ssm": Parameters(pem(key))}

    with pytest.raises(Unavailable, match="no P-256 key"):
        CloudFrontEdge(clients, AT, clock).link(KEY, JUDGED, seconds=300)


def test_an_entry_ends_earlier_links_once_it_has_spread(edge, clock):
    link, other = edge.port.link(KEY, JUDGED, seconds=300), edge.port.link(KEY, {"video_1": 4}, seconds=300)

    edge.port.bar("like_ann", 8)
    clock.pass_seconds(SPREAD_SECONDS)

    assert (edge.get(link), edge.get(other)) == (403, 200)
    assert edge.get(edge.port.link(KEY, {**JUDGED, "like_ann": 8}, seconds=300)) == 200


def test_an_entry_never_lets_more_than_before(edge):
    """Events come late and twice."""
    for version in (8, 9, 8, 3):
        edge.port.bar("like_ann", version)

    assert edge.store.entries["like_ann"].split()[0] == "9"


@pytest.mark.parametrize("conflict", ["ConflictException", "ValidationException"])
def test_writers_at_the_same_moment_both_succeed(edge, clock, conflict):
    now = int(clock.now().timestamp())
    others = (("like_bob", 5), ("like_ann", 12))
    edge.store.conflict = conflict
    edge.store.meanwhile = [partial(edge.store.put, name, f"{version} {now}") for name, version in others]

    edge.port.bar("like_ann", 8)

    assert {name: entry.split()[0] for name, entry in edge.store.entries.items()} == {"like_bob": "5", "like_ann": "12"}


def test_a_writer_that_is_never_alone_gives_up_loudly(edge):
    edge.store.meanwhile = [lambda: edge.store.put("like_bob", "5 1")] * ATTEMPTS

    with pytest.raises(ConditionFailed):
        edge.port.bar("like_ann", 8)


def test_a_list_that_is_down_is_a_fault_that_the_bus_tries_again(edge):
    edge.store.is_down = True

    with pytest.raises(Unavailable):
        edge.port.bar("like_ann", 8)


def test_entries_go_when_no_link_is_left_that_they_could_end(edge, clock):
    now = int(clock.now().timestamp())
    edge.store.page = 7
    for number in range(60):
        edge.store.put(f"like_{number:02}", f"2 {now}")
    edge.store.put("like_odd", "what is this")

    edge.port.bar("like_new", 1)
    assert "like_odd" not in edge.store.entries
    assert len(edge.store.entries) == 61

    clock.pass_seconds(KEPT_SECONDS + 1)
    for version in (2, 3):
        edge.port.bar("like_new", version)
    assert list(edge.store.entries) == ["like_new"]


def test_the_list_is_written_with_a_signature_for_every_region(tmp_path: Path):
    """CloudFront takes no other kind, and botocore alone has none: the function's own layer brings it."""
    layer = installed()
    asked = (
        "from botocore.session import get_session\n"
        "def sent(request, **rest):\n"
        "    raise SystemExit(str(request.headers['Authorization']) + str(request.headers['X-Amz-Region-Set']))\n"
        "made = get_session().create_client('cloudfront-keyvaluestore')\n"
        "made.meta.events.register('before-send', sent)\n"
        f"made.describe_key_value_store(KvsARN={AT.deny_list!r})\n"
    )
    variables = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {**os.environ, **variables, "PYTHONPATH": str(layer), "HOME": str(tmp_path)}

    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=False)

    assert done.stderr.startswith("b'AWS4-ECDSA-P256-SHA256 Credential=x/"), done.stderr[-500:]
    assert "cloudfront-keyvaluestore/aws4_request" in done.stderr
    assert done.stderr.strip().endswith("b'*'")


def installed() -> Path:
    """The layer's packages for this machine, at the digests of its lock; skips where the registry is silent."""
    lock = ROOT / "requirements" / "edge.lock"
    folder = ROOT / ".cache" / "edge" / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if not (folder / "done").exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "-r", str(lock)]
        done = subprocess.run(
            [*command, "--target", str(folder)], capture_output=True, text=True, check=False, timeout=300
        )
        if done.returncode:
            pytest.skip(f"the package registry did not give what {lock.name} names: {done.stderr.strip()[-200:]}")
        (folder / "done").touch()
    return folder
