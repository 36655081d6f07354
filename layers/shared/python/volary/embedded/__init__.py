"""The embedded home: every port of `volary.ports` on one SQLite file, plain files and local keys.

`services` is all that use cases and tests need. `open_home` also hands out the parts that a worker drives: the
outbox, the workflow runner and the queue of model calls. It starts no thread and no process.
"""

import shutil
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from volary.clock import RandomIds, SystemClock
from volary.embedded.blobs import FileBlobs
from volary.embedded.bus import SqlBus, Subscriptions
from volary.embedded.database import Database
from volary.embedded.edge import HomeEdge
from volary.embedded.identity import LocalIdentity
from volary.embedded.items import SqlItems
from volary.embedded.keyfiles import private_folder
from volary.embedded.keyring import SqlKeyring
from volary.embedded.keys import FileKeys
from volary.embedded.links import Links
from volary.embedded.modelcalls import ModelCalls
from volary.embedded.models import ModelServer, QueuedModels
from volary.embedded.vectors import DiskVectors
from volary.embedded.workflow.runner import SqlWorkflows
from volary.ports import Clock, Ids, Services

# The embedded home runs from a checkout: its workflows are the very files that CDK deploys.
WORKFLOWS = Path(__file__).parents[5] / "infra" / "cdk" / "workflows"


@dataclass(frozen=True)
class Options:
    """Where a home's parts answer and what it runs; the defaults are those of `volary up` on port 8080.

    `public` and `media` are the origins of the API and of the media server, `text_model` and `media_model` those
    of the two model servers. `subscriptions` maps event types to dotted handler names.
    """

    public: str = "http://127.0.0.1:8080"
    media: str = "http://127.0.0.1:8082"
    text_model: str = "http://127.0.0.1:8083"
    media_model: str = "http://127.0.0.1:8084"
    workflows: Path = WORKFLOWS
    subscriptions: Subscriptions = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=RandomIds)


@dataclass(frozen=True)
class Home:
    """The adapters of one home by their own types. `folder` holds its files; `services` is what use cases get."""

    folder: Path
    options: Options
    database: Database
    items: SqlItems
    blobs: FileBlobs
    bus: SqlBus
    workflows: SqlWorkflows
    models: QueuedModels
    media_model: ModelServer
    vectors: DiskVectors
    keys: FileKeys
    keyring: SqlKeyring
    identity: LocalIdentity
    clock: Clock
    ids: Ids

    @property
    def edge(self) -> HomeEdge:
        return HomeEdge(self.blobs, self.items, self.clock)

    @property
    def services(self) -> Services:
        return Services(
            items=self.items,
            blobs=self.blobs,
            edge=self.edge,
            bus=self.bus,
            workflows=self.workflows,
            models=self.models,
            vectors=self.vectors,
            keys=self.keys,
            keyring=self.keyring,
            identity=self.identity,
            clock=self.clock,
            ids=self.ids,
            public_url=self.options.public,
        )


def open_home(home: Path | Literal[":memory:"], options: Options | None = None) -> Home:
    """Open or create the home in folder `home`; ":memory:" is a private one that goes when nobody holds it."""
    options = options or Options()
    folder = Path(tempfile.mkdtemp(prefix="volary-")) if home == ":memory:" else private_folder(Path(home))
    database = Database(":memory:" if home == ":memory:" else folder / "volary.sqlite")
    if home == ":memory:":
        weakref.finalize(database, shutil.rmtree, folder, ignore_errors=True)
    clock = options.clock
    keys = FileKeys(folder / "keys", clock)
    return Home(
        folder=folder,
        options=options,
        database=database,
        items=SqlItems(database, clock),
        blobs=FileBlobs(private_folder(folder / "blobs"), database, Links(keys.secret("links"), options.media), clock),
        bus=SqlBus(database, clock, options.subscriptions),
        workflows=SqlWorkflows(database, clock, options.workflows),
        models=QueuedModels(ModelServer(options.text_model), ModelCalls(database, clock)),
        media_model=ModelServer(options.media_model),
        vectors=DiskVectors(folder / "vectors"),
        keys=keys,
        keyring=SqlKeyring(private_folder(folder / "keyring")),
        identity=LocalIdentity(keys.signing_key("tokens"), options.public, clock),
        clock=clock,
        ids=options.ids,
    )


def services(home: Path | Literal[":memory:"], options: Options | None = None) -> Services:
    """The services of `home`, for use cases and their tests."""
    return open_home(home, options).services
