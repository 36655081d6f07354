"""The `Edge` port on CloudFront: signed links, and a key value store that a function at the edge reads at each request.

The function is infra/cdk/edge/barred.js; it refuses a link that names somebody or something under an earlier version
than the store says. Bytes that were downloaded cannot be called back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote

from volary.aws import faults
from volary.aws.clients import Client, Clients
from volary.errors import ConditionFailed, Invalid, Unavailable
from volary.judged import spelt, spelt_name
from volary.ports import Clock

LONGEST_LINK = 300  # seconds
# When no link is left that an entry could end: also not one that a slow request signs after it judged long ago.
KEPT_SECONDS = 3 * LONGEST_LINK
MOST_SWEPT = 40  # entries in one update, which may have fifty
ATTEMPTS = 8
ENTRY = re.compile(r"([0-9]{1,9}) ([0-9]{1,12})")
# The store's own words for "somebody else wrote meanwhile"; the documentation names both.
_MOVED = {"ConflictException": ConditionFailed, "ValidationException": ConditionFailed}


@dataclass(frozen=True)
class Distribution:
    """Where files are served: `domain`, the ids of the links' key and of the store, the SSM parameter with the key."""

    domain: str
    key_id: str
    private_key: str
    deny_list: str


class CloudFrontEdge:
    """Entries are `version moment` by name. They go fifteen minutes later, in the update that brings another."""

    def __init__(self, clients: Clients, distribution: Distribution, clock: Clock) -> None:
        self._clients = clients
        self._at = distribution
        self._clock = clock

    def link(self, key: str, judged: Mapping[str, int], *, seconds: int) -> str:
        if not 0 < seconds <= LONGEST_LINK:
            raise Invalid(f"a link to the edge lives from 1 to {LONGEST_LINK} seconds, not {seconds}")
        url = f"https://{self._at.domain}/{quote(key)}?judged={spelt(judged)}"
        expires = self._clock.now() + timedelta(seconds=seconds)
        return f"{self._signer.generate_presigned_url(url, date_less_than=expires)}&Hash-Algorithm=SHA256"

    def bar(self, name: str, version: int) -> None:
        for attempt in range(ATTEMPTS):
            try:
                return self._bar(name, version)
            except ConditionFailed:
                if attempt == ATTEMPTS - 1:
                    raise
        return None

    @property
    def _store(self) -> Client:
        return self._clients["cloudfront-keyvaluestore"]

    @cached_property
    def _signer(self) -> Any:
        """Kept for the life of the process: another key comes with another deployment."""
        # Only here, since most functions give out no link and start without either.
        from botocore.signers import CloudFrontSigner
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        with faults.translated(f"reading {self._at.private_key}", {"ParameterNotFound": Unavailable}):
            answer = self._clients["ssm"].get_parameter(Name=self._at.private_key, WithDecryption=True)
        key = load_pem_private_key(answer["Parameter"]["Value"].encode(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise Unavailable(f"{self._at.private_key} holds no P-256 key")
        return CloudFrontSigner(self._at.key_id, lambda policy: key.sign(policy, ec.ECDSA(hashes.SHA256())))

    def _bar(self, name: str, version: int) -> None:
        """One update on the condition that nobody wrote since the entries were read; ConditionFailed otherwise."""
        now = int(self._clock.now().timestamp())
        with faults.translated("reading the deny-list"):
            tag = self._store.describe_key_value_store(KvsARN=self._at.deny_list)["ETag"]
        entries = self._entries()
        known = entries.get(name, (0, 0))[0]
        old = [each for each, (_, at) in entries.items() if at < now - KEPT_SECONDS and each != name][:MOST_SWEPT]
        put = {"Key": spelt_name(name), "Value": f"{max(known, version)} {now}"}
        with faults.translated(f"barring links that name {name}", _MOVED):
            self._store.update_keys(
                KvsARN=self._at.deny_list, IfMatch=tag, Puts=[put], Deletes=[{"Key": each} for each in old]
            )

    def _entries(self) -> dict[str, tuple[int, int]]:
        """By name: the version and when it was written. What is no entry counts as an old one, and so it goes."""
        found: dict[str, tuple[int, int]] = {}
        start: dict[str, str] = {}
        while True:
            with faults.translated("listing the deny-list", {"ValidationException": ConditionFailed}):
                page = self._store.list_keys(KvsARN=self._at.deny_list, MaxResults=50, **start)
            for item in page.get("Items", ()):
                entry = ENTRY.fullmatch(item["Value"])
                found[item["Key"]] = (int(entry[1]), int(entry[2])) if entry else (0, 0)
            if not page.get("NextToken"):
                return found
            start = {"NextToken": page["NextToken"]}
