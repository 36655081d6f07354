"""The outside world as the product sees it: narrow ports, and `Services`, which holds one of each.

Two adapter sets exist, `volary.embedded` and `volary.aws`, and one contract suite (tests/contracts) that both pass.
Where an adapter may differ, the port's docstring says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from events.bus import Event
from events.inference import Late, Request

Item = dict[str, Any]  # JSON values only (str, int, float, bool, None, list, dict); "pk" and "sk" are its key
Index = Literal["gsi1", "gsi2"]  # an item is in an index when it has "<index>pk" and "<index>sk"
# quarantine, a day · unsigned, a month · signed and published · sealed captures of people, until they are erased
Bucket = Literal["uploads", "work", "videos", "likenesses"]
EXPIRES = "expires_at_s"  # epoch seconds after which a reader must ignore the item; deleted some time later


class Key(NamedTuple):
    pk: str
    sk: str


@dataclass(frozen=True)
class When:
    """A condition on the stored item: each listed attribute equals, or is at least, the given value.

    `exists=False` demands that there is no item; `exists=True` that there is one; None asks neither.
    """

    exists: bool | None = None
    equals: Mapping[str, Any] = field(default_factory=dict)
    at_least: Mapping[str, int] = field(default_factory=dict)


ALWAYS = When()
NEW = When(exists=False)


@dataclass(frozen=True)
class Put:
    item: Item
    when: When = ALWAYS


@dataclass(frozen=True)
class Add:
    """Add integers to attributes, counting an absent item or attribute as 0."""

    key: Key
    amounts: Mapping[str, int]
    when: When = ALWAYS


@dataclass(frozen=True)
class Delete:
    key: Key
    when: When = ALWAYS


@dataclass(frozen=True)
class Check:
    key: Key
    when: When


Write = Put | Add | Delete | Check


@dataclass(frozen=True)
class Range:
    """Which items of one partition: sort keys that start with `prefix`, strictly after `after` in reading order."""

    prefix: str = ""
    after: str | None = None
    limit: int = 100
    newest_first: bool = False


class Items(Protocol):
    """The storage port: the intersection of DynamoDB and SQLite.

    Reads by key are strongly consistent; index reads may lag by a moment on AWS. A batch has at most 100 writes,
    no two on one key.
    """

    def get(self, key: Key) -> Item | None: ...

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """The items that there are, each as strongly consistent as `get`, at most 1,000; together no snapshot.

        One call here; AWS takes a hundred keys a request.
        """
        ...

    def query(self, pk: str, span: Range = ...) -> list[Item]:
        """Items of partition `pk`, ordered by "sk"; `after` is an "sk"."""
        ...

    def query_index(self, index: Index, pk: str, span: Range = ...) -> list[Item]:
        """Items whose "<index>pk" is `pk`, ordered by "<index>sk"; `after` is an "<index>sk"."""
        ...

    def write(self, write: Write) -> None:
        """One conditional write; raises ConditionFailed.

        At home, an item that expires by itself may be lost with the machine's power, but not its process, until
        anything else is written; on AWS nothing is lost.
        """
        ...

    def transact(self, writes: Sequence[Write], *, token: str | None = None) -> None:
        """All or nothing; raises ConditionFailed with the index of the first write that failed.

        A second call with the same `token` within ten minutes does nothing.
        """
        ...


class BlobFacts(NamedTuple):
    size: int
    content_type: str


class PostForm(NamedTuple):
    """A form that a browser may post until it expires: `url` and hidden `fields`; the file field is named "file"."""

    url: str
    fields: dict[str, str]


class Blobs(Protocol):
    """Files under (bucket, key). Signed links expire, work for one method and one key only, and need no account."""

    def put(self, bucket: Bucket, key: str, data: bytes, content_type: str) -> None: ...
    def get(self, bucket: Bucket, key: str) -> bytes:
        """Raises Absent."""
        ...

    def facts(self, bucket: Bucket, key: str) -> BlobFacts | None: ...
    def delete(self, bucket: Bucket, key: str) -> None:
        """Deleting what is not there is no error."""
        ...

    def download(self, bucket: Bucket, key: str, path: Path) -> None: ...
    def upload(self, bucket: Bucket, key: str, path: Path, content_type: str) -> None: ...
    def get_link(self, bucket: Bucket, key: str, *, seconds: int) -> str: ...
    def put_link(self, bucket: Bucket, key: str, *, content_type: str, seconds: int) -> str: ...
    def post_form(self, bucket: Bucket, key: str, *, content_type: str, max_bytes: int, seconds: int) -> PostForm: ...


class Edge(Protocol):
    """Where people get published files: by links that name what the read gate judged, each by its version then.

    A link ends after `seconds`, and before that once something that it names is barred under a later version.
    """

    def link(self, key: str, judged: Mapping[str, int], *, seconds: int) -> str:
        """To one file of bucket videos. Raises Unavailable where links cannot be signed."""
        ...

    def bar(self, name: str, version: int) -> None:
        """Refuse, within seconds, links that name `name` under a version before this one; it never lets more."""
        ...


class Bus(Protocol):
    """Delivers committed events to their handlers, at least once, in any order. Only the outbox relay calls it."""

    def publish(self, events: Sequence[Event]) -> None: ...


class Workflows(Protocol):
    """Runs the state machines of infra/cdk/workflows. `name` is unique per workflow: starting it again does nothing."""

    def start(self, workflow: str, name: str, state: Mapping[str, Any]) -> None: ...
    def stop(self, workflow: str, name: str, cause: str) -> None:
        """Stopping what has ended is no error."""
        ...

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        """Answer a waiting task; raises Absent when nothing waits for the token (late, duplicate, stopped)."""
        ...

    def fail(self, token: str, error: str, cause: str) -> None:
        """Raises Absent like `succeed`."""
        ...

    def heartbeat(self, token: str) -> None:
        """Raises Absent like `succeed`."""
        ...


class Models(Protocol):
    """The model servers. Small models answer at once, the generator and media screening later."""

    def ask(self, request: Request) -> dict[str, Any]:
        """Answer of the text server as JSON; raises ModelFault, also when it takes longer than its limit."""
        ...

    def submit(self, request: Late, *, call_id: str, token: str = "") -> None:
        """Queue for the media server; `functions.generation.answer` gets a ModelAnswered, at least once.

        `token` is the waiting workflow's: in the cloud the server itself sends its heartbeats with it, at home the
        worker that makes the call does.
        """
        ...


class Keys(Protocol):
    """Keys that never leave their keeper: an envelope key (by context), and ECDSA P-256 signing keys by name."""

    def wrap(self, plaintext: bytes, context: Mapping[str, str]) -> bytes: ...
    def unwrap(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """Raises Forbidden when the context differs or the key is gone."""
        ...

    def sign_digest(self, name: str, digest: bytes) -> bytes:
        """DER ECDSA signature over a 32-byte SHA-256 digest."""
        ...

    def certificates(self, name: str) -> str:
        """The PEM chain of the signing key, leaf first."""
        ...

    def public_key(self, name: str) -> bytes:
        """The signing key's public half: SubjectPublicKeyInfo in DER."""
        ...


class Keyring(Protocol):
    """Keys to biometrics, apart from every other record: no stream, no copy, no backup, and a wrapping key of its own.

    A record is a few texts under (owner, name). What is destroyed is gone, and with it whatever only it could open;
    the loss of the whole keyring means that people enrol again.
    """

    def wrap(self, plaintext: bytes, context: Mapping[str, str]) -> bytes: ...
    def unwrap(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """Raises Forbidden when the context differs or the key is gone."""
        ...

    def add(self, owner: str, name: str, record: Mapping[str, str]) -> bool:
        """Whether it was stored; what is there already stays."""
        ...

    def replace(self, owner: str, name: str, record: Mapping[str, str]) -> None:
        """Raises ConditionFailed where there is none: a key that was destroyed does not come back."""
        ...

    def get(self, owner: str, name: str) -> dict[str, str] | None: ...
    def destroy(self, owner: str, name: str | None = None) -> int:
        """One record, or everything of the owner; how many there were."""
        ...


@dataclass(frozen=True)
class Point:
    """A clip in the space of meanings: `vector` are 512 half floats in base64, `people` the likenesses it shows.

    The rest is what ranking knows of it; `topics` are cosines by label, `remakers` the people who built on it, `form`
    is portrait, landscape or square, `depth` counts the clips that it descends from.
    """

    id: str
    vector: str
    owner_id: str
    root_id: str
    at: int
    people: tuple[str, ...] = ()
    seconds: int = 4
    is_remix: bool = False
    language: str = ""
    remakers: int = 0
    topics: Mapping[str, float] = field(default_factory=dict)
    form: str = ""
    has_sound: bool = True
    depth: int = 0


@dataclass(frozen=True)
class Near:
    """Which points: the `count` nearest to `vector`, or nearly so; among those of `owners` or of `roots` if any.

    With `since` the newest ones, or, where an index keeps no such order, any from that moment on.
    """

    vector: str
    count: int = 100
    owners: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    since: int = 0


class Hit(NamedTuple):
    id: str
    people: tuple[str, ...]


class Known(NamedTuple):
    """A clip's point without its vector, and its cosines to what was asked about."""

    point: Point
    likeness: tuple[float, ...]


class Vectors(Protocol):
    """The clips by what they are about. It may lag by two seconds and says nothing of who may see a clip.

    Ask the read gate about everything that it finds.
    """

    def put(self, points: Sequence[Point]) -> None:
        """Add points, or replace those with the same id. Raises Invalid for vectors that are none."""
        ...

    def remove(self, ids: Sequence[str]) -> None:
        """Removing what is not there is no error."""
        ...

    def near(self, asked: Sequence[Near]) -> list[list[Hit]]:
        """An answer for each question, nearest first where there are neither owners nor roots."""
        ...

    def known(self, ids: Sequence[str], targets: Sequence[str]) -> dict[str, Known]:
        """What the index keeps of these clips, their vectors left out, with a cosine to each vector of `targets`."""
        ...


class Claims(NamedTuple):
    user_id: str
    expires_at: datetime
    session: str


class Identity(Protocol):
    """Checks access tokens of the home's OIDC issuer."""

    def verify(self, token: str) -> Claims:
        """Raises Unauthenticated for any token that is not ours, not for us, expired, or not an access token."""
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """The time in UTC, with its zone."""
        ...


class Ids(Protocol):
    def new(self, prefix: str) -> str:
        """`prefix_` and at least 122 random bits, unguessable, URL-safe."""
        ...

    def record(self) -> str:
        """A random 64-bit id in 16 hex digits, for the invisible mark."""
        ...

    def seed(self) -> int:
        """A random 32-bit seed."""
        ...


@dataclass(frozen=True)
class Services:
    """One of each port: everything a use case may touch. `public_url` is the API's origin as people reach it."""

    items: Items
    blobs: Blobs
    edge: Edge
    bus: Bus
    workflows: Workflows
    models: Models
    vectors: Vectors
    keys: Keys
    keyring: Keyring
    identity: Identity
    clock: Clock
    ids: Ids
    public_url: str = ""
