"""The model server's two calls to AWS: heartbeats to Step Functions and opening a wrapped key with KMS.

The only module of `inference` that imports boto3, and only when one of the two is used. It has never run on AWS.
"""

import threading
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


def _client(service: str) -> Any:
    import boto3

    return boto3.client(service)
