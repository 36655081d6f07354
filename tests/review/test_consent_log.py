"""Changes of consent in the public log: once each, and without details after an erasure."""

import json
from datetime import UTC, datetime

import pytest
from volary.embedded import open_home
from volary.ports import Range
from volary.stores.transparency import Transparency

from events.bus import ConsentChanged, LikenessErased, Tick
from events.likeness import Receipt
from functions.events.log_consent import log_consent
from functions.events.sequence_transparency import sequence_transparency
from local.commands.transparency import key_of, source
from local.transparency_verifier import verify

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def changed(version: int, kind: str) -> ConsentChanged:
    receipt = Receipt(
        receipt_id=f"rcpt_{version}", kind=kind, likeness_id="lik_1", person_id="user_ann", consent_version=version,
        text_version="1", text_sha256="0" * 64, scope="everyone", issued_at=1, status_url="/v1/receipts/x",
    )  # fmt: skip
    return ConsentChanged(event_id=f"lik_1.consent.{version}", at=AT, receipt=receipt)


@pytest.fixture
def home():
    return open_home(":memory:")


def test_each_change_is_logged_once_however_often_it_is_told(home):
    for event in (changed(1, "granted"), changed(1, "granted"), changed(2, "withdrawn")):
        log_consent(event, home.services)
    sequence_transparency(Tick(), home.services)

    entries = [json.loads(entry) for entry in Transparency(home.items).entries(0, 2)]
    assert sorted(entry["kind"] for entry in entries) == ["consent.granted", "consent.withdrawn"]
    assert "lik_1" not in str(entries) and "user_ann" not in str(entries)
    assert verify(source(home), key_of(home))[0].size == 2


def test_an_erased_likeness_leaves_no_detail_behind(home):
    log_consent(changed(1, "granted"), home.services)
    log_consent(LikenessErased(event_id="lik_1.erased", at=AT, likeness_id="lik_1"), home.services)
    log_consent(changed(2, "erased"), home.services)  # events come in any order
    sequence_transparency(Tick(), home.services)

    openings = [item for item in home.items.query_index("gsi1", "OPENINGS#likeness:lik_1", Range())]
    assert [item["details"] for item in openings] == [{}]
    assert verify(source(home), key_of(home))[0].size == 2
