"""Fifty people who enrolled over the API are erased: no word, number or picture of theirs is anywhere in the home."""

import json
import logging
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from volary import boxes, embedded
from volary.stores.accounts import Accounts
from volary.stores.likenesses import Likenesses
from volary.vault_index import index

from events.bus import ModelAnswered
from events.inference import CaptureChecked
from events.likeness import CHECKS, CaptureFinding
from functions.api.app import create_app
from functions.events.subscriptions import SUBSCRIPTIONS
from functions.generation.answer import answer
from local.bench.likeness import _account
from local.handlers import beater, caller
from local.worker import Worker
from tests.api.people import deliver
from tests.api.test_likenesses import MP4, texts
from tests.likeness.material import taken

PEOPLE = 50


class Town:
    """A home on disk and the API over it; everybody goes the whole way from challenge to erasure."""

    def __init__(self, folder) -> None:
        self.home = embedded.open_home(folder, embedded.Options(subscriptions=SUBSCRIPTIONS))
        self.client = TestClient(create_app(self.home.services))
        self.worker = Worker(self.home, caller(self.home.services), beater(self.home.services))
        self.canaries: dict[str, list[bytes]] = {}
        self.stolen: dict[tuple[str, str], bytes] = {}

    def call(self, method: str, path: str, who: str, **rest) -> dict:
        bearer = {"authorization": f"Bearer {self.home.identity.issue(who, timedelta(hours=1))}"}
        answered = self.client.request(method, f"/v1{path}", headers=bearer, **rest)
        assert answered.is_success, answered.text
        return answered.json()

    def enrolled(self, number: int) -> str:
        """Somebody with words, a face, a voice and a capture of their own, used, copied and withdrawn from once."""
        who = f"user_{number:03d}"
        Accounts(self.home.items).add(_account(who))
        device = boxes.text(boxes.public_of(bytes([number]) * 32))
        likeness_id = self.call("POST", "/likenesses", who, json={"device_key": device})["id"]
        capture = f"canary capture of {who} ".encode() * 20
        key = Likenesses(self.home.items).get(likeness_id).upload_key
        self.home.blobs.put("uploads", key, MP4 + capture, "video/mp4")
        self.call("POST", f"/likenesses/{likeness_id}/capture", who, json=texts())
        deliver(self.home)
        call = self.home.models.calls.take()
        made = taken(likeness_id, self.home.services, face=number / 100)
        reason = f"canary finding {number:03d}"
        found = [CaptureFinding(check=name, outcome="pass", score=1, threshold=1, reason=reason) for name in CHECKS]
        said = CaptureChecked(likeness_id=likeness_id, findings=tuple(found), sealed_sha256=made.checked.sealed_sha256)
        told = ModelAnswered(call_id=call.call_id, output=said.model_dump(mode="json"))
        self.home.models.calls.answered(told)
        answer(told, self.home.services)
        self.home.models.calls.finish(call.call_id)
        deliver(self.home)
        words = f"canaryword{number:03d}"
        self.call("PATCH", f"/likenesses/{likeness_id}", who, json={"restrictions": [f"never with {words}"]})
        self.call("POST", f"/likenesses/{likeness_id}/revoke", who, json={"scope": "purpose", "value": "education"})
        parts = [part[:40] for part in made.parts.values()]
        self.canaries[likeness_id] = [capture[:40], *parts, reason.encode(), words.encode(), device.encode()]
        return likeness_id

    def everything(self) -> dict[str, bytes]:
        """Every byte of every file: records, outbox, queues, kept answers, blobs, keyring, journals."""
        files = self.home.folder.rglob("*")
        return {str(path.relative_to(self.home.folder)): path.read_bytes() for path in files if path.is_file()}

    def rows(self) -> str:
        """Every row of every table, as text."""
        with self.home.database.reading() as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return "\n".join(
                f"{name}: {[bytes(v) if isinstance(v, memoryview) else v for v in tuple(row)]}"
                for name in names
                for row in connection.execute(f"SELECT * FROM {name}")
            )


@pytest.fixture(scope="module")
def erased(tmp_path_factory):
    town = Town(tmp_path_factory.mktemp("whole") / "home")
    written: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(record.getMessage() + json.dumps(record.__dict__, default=str))

    kept, root = Kept(level=logging.DEBUG), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    people = [town.enrolled(number) for number in range(PEOPLE)]
    index(town.home.services)
    before = (town.everything(), town.rows())
    for likeness_id in people:
        town.call("DELETE", f"/likenesses/{likeness_id}", Likenesses(town.home.items).get(likeness_id).owner_id)
    deliver(town.home)
    town.worker._sweep()  # as it does every hour
    root.removeHandler(kept)
    root.setLevel(level)
    yield town, people, before, "\n".join(written)
    town.home.database.close()


def canaries(town: Town) -> list[bytes]:
    return [canary for each in town.canaries.values() for canary in each]


def test_no_row_of_any_table_says_anything_of_them(erased):
    town, _, (_, before), _ = erased
    found = [canary for canary in canaries(town) if canary.decode() in before]
    assert len(found) >= 3 * PEOPLE  # what is looked for could be found: findings, words, keys of devices

    after = town.rows()

    assert [canary for canary in canaries(town) if canary.decode() in after] == []


def test_no_byte_of_any_file_says_anything_of_them(erased):
    town, _, _, _ = erased

    files = town.everything()

    hits = {(path, canary) for path, data in files.items() for canary in canaries(town) if canary in data}
    assert hits == set()


def test_no_log_line_ever_did(erased):
    town, _, _, written = erased

    assert len(written) > 0
    assert [canary for canary in canaries(town) if canary.decode() in written] == []
