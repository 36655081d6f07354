"""The public log: what it proves, what it hides after an erasure, and that no tampering stays unseen."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from volary.embedded import open_home
from volary.errors import Absent, ConditionFailed
from volary.merkle import consistency, inclusion, leaf_hash, root, tile_path
from volary.stores.transparency import Transparency
from volary.transparency import Act

from events.bus import Tick
from functions.events.sequence_transparency import sequence_transparency
from local.commands.transparency import key_of, proof, source
from local.transparency_verifier import Tampered, check_proof, consistent, included, is_signed, opened, verify
from tests.transparency.logs import KINDS, files_of, made, tampered

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def log():
    return made(600)


@pytest.fixture(scope="module")
def honest(log):
    return log.copied()


def act(number: int, **details) -> Act:
    return Act(id=f"act_{number}", kind="consent.given", at=number, salt=f"salt_{number}", subject="u", details=details)


def test_what_the_sequencer_wrote_is_what_the_entries_come_to(log, honest):
    assert {path: data for path, data in honest.items() if path != "checkpoint"} == files_of(log.entries)
    assert verify(honest.__getitem__, log.key)[0].size == 600


@pytest.mark.parametrize("kind", KINDS)
def test_a_tampering_is_found_at_its_index(log, honest, kind):
    """A small instance of `python -m tests.transparency --tampers 1000 --entries 10000`."""
    _, seen = verify(honest.__getitem__, log.key)
    for seed in range(12):
        files, index = tampered(log, honest, kind, random.Random(seed))
        with pytest.raises(Tampered) as found:
            verify(files.__getitem__, log.key, seen)
        assert found.value.index == index


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "fork"])
def test_whoever_never_looked_before_finds_it_too(log, honest, kind):
    for seed in range(6):
        files, _ = tampered(log, honest, kind, random.Random(seed))
        with pytest.raises(Tampered):
            verify(files.__getitem__, log.key)


def test_a_head_of_another_key_is_refused(log, honest):
    other = made(3)

    with pytest.raises(ValueError, match="not signed by this key"):
        verify({**honest, "checkpoint": other.copied()["checkpoint"]}.__getitem__, log.key)


def test_proofs_hold_for_every_size():
    """All pairs of sizes up to 40: the proofs lead from the leaf and from the old head to the new one."""
    leaves = [leaf_hash(bytes([number])) for number in range(40)]
    for size in range(1, 41):
        head = root(leaves[:size])
        for index in range(size):
            path = inclusion(index, leaves[:size])
            assert included(leaves[index], index, size, path) == head
            assert included(leaves[index], (index + 1) % size, size, path) != head or size == 1
        for old in range(1, size + 1):
            path = consistency(old, leaves[:size])
            assert consistent(old, root(leaves[:old]), size, path) == head
            assert consistent(old, leaf_hash(b"other"), size, path) != head


def test_a_proof_holds_alone_and_a_changed_one_does_not(log, tmp_path):
    told = proof(log.home, "act_00000123")
    assert check_proof(told, log.key).size == 600
    entry = json.loads(str(told["entry"]))
    for change in (
        {"index": 124},
        {"entry": json.dumps({**entry, "at": 5})},
        {"opening": {"salt": "x", "details": {}}},
    ):
        with pytest.raises(ValueError):
            check_proof({**told, **change}, log.key)
    with pytest.raises(Absent):
        proof(log.home, "act_none")


def test_a_log_that_grows_proves_that_it_continues_the_old_one(tmp_path):
    log = made(5)
    early = tmp_path / "early"
    early.write_text(Transparency(log.home.items).published().note)
    log.home.items.transact(Transparency(log.home.items).writes(act(9)))
    sequence_transparency(Tick(), log.home.services)

    told = proof(log.home, "act_9", early)

    assert check_proof(told, log.key).size == 6
    told["earlier"]["checkpoint"] = made(5).copied()["checkpoint"].decode()  # type: ignore[index]
    with pytest.raises(ValueError):
        check_proof(told, log.key)


def test_an_erased_person_leaves_a_log_that_holds_and_says_nothing():
    home = open_home(":memory:")
    store = Transparency(home.items)
    home.items.transact(store.writes(act(1, handle="grace")))
    sequence_transparency(Tick(), home.services)

    assert store.erase("u") == 1

    assert store.opening("act_1") is None
    assert verify(source(home), key_of(home))[0].size == 1
    assert check_proof(proof(home, "act_1"), key_of(home)).size == 1
    with home.database.reading() as connection:
        assert not any("grace" in row["body"] for row in connection.execute("SELECT body FROM items"))


def test_sequencing_again_and_after_a_crash_changes_nothing():
    home = open_home(":memory:")
    store = Transparency(home.items)
    for number in range(3):
        home.items.transact(store.writes(act(number)))
    store.integrate()  # and the process dies before the tiles are written

    sequence_transparency(Tick(), home.services)
    note = store.published().note
    sequence_transparency(Tick(), home.services)

    assert (store.published().note, store.published().size) == (note, 3)
    assert verify(source(home), key_of(home))[0].size == 3


def test_an_action_of_a_failed_transaction_is_not_in_the_log():
    home = open_home(":memory:")
    store = Transparency(home.items)
    home.items.transact(store.writes(act(1)))
    with pytest.raises(ConditionFailed):
        home.items.transact([*store.writes(act(2)), *store.writes(act(1))])
    sequence_transparency(Tick(), home.services)

    assert store.head().size == 1


def test_the_verifier_and_cryptography_agree_on_signatures():
    """The verifier does its own curve arithmetic, so that it needs no package; here it meets the real one."""
    key = ec.generate_private_key(ec.SECP256R1())
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for number in range(8):
        message = bytes([number]) * 9
        signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
        assert is_signed(message, signature, spki)
        assert not is_signed(message + b"x", signature, spki)
        assert not is_signed(message, signature[:-1] + bytes([signature[-1] ^ 1]), spki)
        assert not is_signed(message, b"\x30\x00", spki)


def test_tiles_lie_where_the_specification_says():
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(1, 5, 8) == "tile/1/005.p/8"
    assert tile_path("entries", 1000, 3) == "tile/entries/x001/000.p/3"


def test_the_verifier_runs_alone(log, honest, tmp_path):
    """One file, no package of ours or anybody's: -I keeps this checkout off its path, -S every installed package."""
    for path, data in honest.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    program = [sys.executable, "-I", "-S", str(ROOT / "local" / "transparency_verifier.py")]
    asked = [str(tmp_path), "--key", log.key, "--witness", str(tmp_path / "seen")]

    fine = subprocess.run([*program, *asked], capture_output=True, text=True, check=False)
    (tmp_path / "tile/entries/001").write_bytes(honest["tile/entries/001"].replace(b"act_00000300", b"act_00000x00"))
    bad = subprocess.run([*program, *asked], capture_output=True, text=True, check=False)

    assert (fine.returncode, "600 entries hold" in fine.stdout) == (0, True), fine.stderr
    assert (bad.returncode, "entry 300" in bad.stderr) == (1, True), bad.stderr


def test_the_head_and_the_tiles_are_served_to_everybody(world):
    store = Transparency(world.home.items)
    for number in range(3):
        world.home.items.transact(store.writes(act(number)))
    assert world.client.get("/v1/transparency/checkpoint").status_code == 404
    sequence_transparency(Tick(), world.home.services)

    def read(path: str) -> bytes:
        answer = world.client.get(f"/v1/transparency/{path}")
        assert answer.status_code == 200, path
        return answer.content

    key = read("key").decode()
    assert verify(read, key)[0].size == 3
    assert opened(read("checkpoint").decode(), key).size == 3
    for path in ("../x", "0/../../x", "0/000.p/300", "64/000", "0/00", "work/000"):
        assert world.client.get(f"/v1/transparency/tile/{path}").status_code == 404
