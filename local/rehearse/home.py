"""The cloud home on this machine: the emulator with our stacks, the model server behind its endpoint, and one person.

It does by program what the README tells an operator to do by hand: certify the signing key, and open an account.
"""

import http.client
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from volary import certificates
from volary.accounts import Account, register
from volary.aws.clients import Clients
from volary.aws.items import DynamoItems
from volary.stores.accounts import Accounts

from events.inference import ScreenPrompt
from local.rehearse import deployment, emulator, endpoint, issuer

STAGE = "volary-dev"
PARAMETERS = "/volary/dev"
LOAD_SECONDS = 180


class Person(NamedTuple):
    """Somebody with an account; `token` is a fresh access token of the user pool."""

    user_id: str
    token: str


@dataclass
class CloudHome:
    """A deployed home; `address` is where API Gateway answers and `host` the host name that it must be asked by."""

    emulator: emulator.Emulator
    clients: Clients
    address: str
    host: str
    mark_key: bytes

    def parameter(self, thing: str) -> str:
        """What a stack shared under that name."""
        found = self.clients["ssm"].get_parameter(Name=f"{PARAMETERS}/{thing}")
        return str(found["Parameter"]["Value"])

    def items(self) -> DynamoItems:
        """The table, as the account's administrator sees it."""
        return DynamoItems(self.clients, self.parameter("table"))

    def newcomer(self, handle: str) -> Person:
        """Open an account for somebody new, and sign them in."""
        cognito, pool = self.clients["cognito-idp"], self.parameter("user-pool")
        name, password = f"{handle}@volary.example", f"Aa1-{secrets.token_urlsafe(18)}"
        made = cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")["User"]
        cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=password, Permanent=True)
        user_id = next(each["Value"] for each in made["Attributes"] if each["Name"] == "sub")
        born, now = date(1990, 1, 1), datetime.now(UTC)
        account = Account(user_id=user_id, handle=handle, birth_date=born, created_at=int(now.timestamp()))
        Accounts(self.items()).add(register(account, now.date()))
        return Person(user_id, self._signed_in(pool, name, password))

    def _signed_in(self, pool: str, name: str, password: str) -> str:
        answer = self.clients["cognito-idp"].admin_initiate_auth(
            UserPoolId=pool,
            ClientId=self.parameter("audience"),
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        return str(answer["AuthenticationResult"]["AccessToken"])


# Starts a model server that may use the origin's links and marks with the key; yields its port.
Models = Callable[[str, bytes], AbstractContextManager[int]]


@contextmanager
def deployed(assembly: Path, models: Models, *, enforce_iam: bool) -> Iterator[CloudHome]:
    """Start everything, deploy the assembly's stacks, and end it all when the block ends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearse-home-")))
        port, shim_port = emulator.free_port(), emulator.free_port()
        keys = issuer.prepared(folder, port)
        more = {**keys.environment(), "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": f"http://127.0.0.1:{shim_port}"}
        running = stack.enter_context(emulator.running(enforce_iam=enforce_iam, port=port, more=more))
        stack.enter_context(_variables(running.environment()))
        stack.enter_context(issuer.answering(keys))
        clients = Clients(deployment.PATIENCE)
        outputs = deployment.deploy(assembly, clients)
        address = outputs[f"{STAGE}-api"]["Address"]
        home = CloudHome(running, clients, running.url, address.removeprefix("http://"), secrets.token_bytes(32))
        certify(home)
        wake(home)
        model_port = stack.enter_context(models(running.url, home.mark_key))
        topic = f"arn:aws:sns:{emulator.REGION}:{emulator.ACCOUNT}:{STAGE}-answers"
        shim = endpoint.Endpoint(clients, model_port, home.parameter("work-bucket"), topic, shim_port)
        stack.enter_context(endpoint.answering(shim))
        yield home


def certify(home: CloudHome) -> None:
    """Put the signing key's certificates where functions look for them."""
    chain = chain_for(home.clients, home.parameter("signing-key"))
    home.clients["ssm"].put_parameter(Name=f"{PARAMETERS}/signing-certificates", Value=chain, Type="String")


def wake(home: CloudHome) -> None:
    """Have the text models loaded before anybody waits for them; raises RuntimeError when they answer otherwise."""
    request = ScreenPrompt(text="a red ball").model_dump_json().encode()
    answer = home.clients["lambda"].invoke(FunctionName=f"{STAGE}-text-models", Payload=request)
    said = answer["Payload"].read()
    if "FunctionError" in answer or b'"signals"' not in said:
        raise RuntimeError(f"the text models do not answer: {said[:2000]!r}")


def chain_for(clients: Clients, key_id: str) -> str:
    """Certificates for a KMS signing key, whose private half nobody sees, under an authority made for it."""
    der = clients["kms"].get_public_key(KeyId=key_id)["PublicKey"]
    public_key = serialization.load_der_public_key(der)
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise TypeError(f"the signing key is a {type(public_key).__name__}, not on an elliptic curve")
    now = datetime.now(UTC)
    authority = certificates.authority("Rehearsal", now)
    return certificates.chain(certificates.issue(authority, public_key, "Rehearsal signer", now), authority)


@contextmanager
def container(origin: str, mark_key: bytes) -> Iterator[int]:
    """The endpoint's container by its own entry point, as a process; it reads and writes by links of `origin` only."""
    with tempfile.TemporaryDirectory(prefix="rehearse-media-") as folder:
        key, log, port = Path(folder) / "mark.key", Path(folder) / "media.log", emulator.free_port()
        key.write_bytes(mark_key)
        arguments = ["--role", "media", "--port", str(port), "--mark-key-file", str(key), "--media-origin", origin]
        with log.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "inference.serve", *arguments],
                cwd=emulator.ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            _await_ping(port, process, log)
            yield port
        finally:
            _end(process)


@contextmanager
def nothing(origin: str, mark_key: bytes) -> Iterator[int]:
    """An endpoint behind which nothing listens, as when its instance is lost."""
    yield emulator.free_port()


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


def _await_ping(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + LOAD_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/ping")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
        finally:
            connection.close()
    raise RuntimeError(f"the media models did not come up:\n{log.read_text(errors='replace')[-2000:]}")


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    """Process variables by which the SDK finds the emulator; what was there comes back."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
