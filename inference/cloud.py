"""The model server's calls to AWS: heartbeats to Step Functions, opening a wrapped key with KMS, weights from S3.

The only module of `inference` that imports boto3, and only when one of them is used. It has never run on AWS.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

INTERVAL_SECONDS = 30.0


class Heartbeat:
    """While entered, tells Step Functions every `INTERVAL_SECONDS` that the task behind a token is alive."""

    def __init__(self, token: str, client: Any = None, interval: float = INTERVAL_SECONDS) -> None:
        self.token = token
        self.client = client
        self.interval = interval
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Heartbeat":
        self.client = self.client or _client("stepfunctions")
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self.thread.join(timeout=5)

    def _beat(self) -> None:
        """Ends at the first refusal: the task has timed out or was stopped, and its answer will be ignored."""
        from botocore.exceptions import ClientError

        while not self.stopped.wait(self.interval):
            try:
                self.client.send_task_heartbeat(taskToken=self.token)
            except ClientError:
                return


def unwrapped(ciphertext: bytes) -> bytes:
    """The key in a blob that `kms:Encrypt` made with the context {"purpose": "mark"}."""
    answer = _client("kms").decrypt(CiphertextBlob=ciphertext, EncryptionContext={"purpose": "mark"})
    plaintext: bytes = answer["Plaintext"]
    return plaintext


def downloads(prefix: str, client: Any = None) -> Callable[[str, Path], None]:
    """A function that brings `name` under `s3://bucket/prefix` into a file. It raises OSError where S3 refuses."""
    bucket, _, start = prefix.removeprefix("s3://").partition("/")
    client = client or _client("s3")

    def download(name: str, path: Path) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        key = f"{start.rstrip('/')}/{name}".lstrip("/")
        try:
            client.download_file(bucket, key, str(path))
        except (ClientError, BotoCoreError) as error:
            raise OSError(f"cannot fetch s3://{bucket}/{key}: {error}") from error

    return download


def _client(service: str) -> Any:
    import boto3

    return boto3.client(service)
