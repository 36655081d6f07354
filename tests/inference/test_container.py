"""What the media container owes whoever runs it: it refuses weights that are not right, says so in one line, answers
an engine's faults with one shape, and leaves nothing half-written behind."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from events.engines import LIMITS, SMALL
from events.inference import Generate
from inference.cloud import downloads
from inference.engines.choice import EngineChoice, load_engine, weights_folder
from inference.engines.folder import pin
from inference.generator.asking import Ask, Clip
from inference.generator.engine import EngineError
from inference.refusal import ModelFault
from inference.serve import application, options_from
from tests.inference.test_media_role import Home, home
from tests.inference.test_serve import ROOT, Desk, TestClient

__all__ = ["home"]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "mark.key"
    path.write_bytes(bytes(32))
    return path


def refused(key: Path, *arguments: str) -> str:
    """What a media server says that would not start, after checking that it said it in one line of JSON."""
    command = [sys.executable, "-m", "inference.serve", "--role", "media", "--mark-key-file", str(key), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOLARY_")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stderr.strip())
    assert (said["task"], said["status"]) == ("load", 500)
    return str(said["fault"])


def test_a_server_with_changed_weights_does_not_start(key: Path, tmp_path: Path):
    """In the large engine; the same check of our own weights is tests/inference/test_generator.py's."""
    weights = tmp_path / "large"
    (weights / "vae").mkdir(parents=True)
    (weights / "vae" / "model.safetensors").write_bytes(b"weights")
    digest = pin(weights, "x")
    (weights / "vae" / "model.safetensors").write_bytes(b"Weights")
    options = json.dumps({"device": "cpu", "offload": "none"})

    said = refused(
        key, "--engine", "ltx-2", "--engine-weights", str(weights), "--engine-digest", digest,
        "--engine-options", options,
    )  # fmt: skip
    assert re.search(r"vae/model.safetensors has sha256 \w{64}, the manifest pins", said)


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        (EngineChoice("sora"), "'sora' is not one of volary-1, ltx-2"),
        (EngineChoice("ltx-2"), "needs its weights and the digest"),
        (EngineChoice("volary-1", "s3://bucket/x"), "takes none"),
        (EngineChoice("ltx-2", "s3://bucket/x", "../../etc"), "no sha256"),
    ],
)
def test_a_choice_of_engine_that_makes_no_sense_is_refused(choice: EngineChoice, says: str, tmp_path: Path):
    with pytest.raises(ValueError, match=says):
        weights_folder(choice) if choice.digest else load_engine(choice, tmp_path)


def test_the_engine_is_chosen_by_arguments_or_by_sagemakers_environment():
    environment = {"VOLARY_ENGINE": "ltx-2", "VOLARY_ENGINE_WEIGHTS": "s3://b/p", "VOLARY_ENGINE_DIGEST": "f" * 64}

    assert options_from(["serve"], environment).engine == EngineChoice("ltx-2", "s3://b/p", "f" * 64)
    assert options_from([], {}).engine.name == "volary-1"


class Bucket:
    """S3 as boto3's client shows it, holding files by key."""

    def __init__(self, files: dict[tuple[str, str], bytes]) -> None:
        self.files = files

    def download_file(self, bucket: str, key: str, path: str) -> None:
        from botocore.exceptions import ClientError

        if (bucket, key) not in self.files:
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")
        Path(path).write_bytes(self.files[bucket, key])


def test_weights_are_read_under_their_prefix_and_a_refusal_names_the_key(tmp_path: Path):
    fetch = downloads("s3://models/engines/abc/", Bucket({("models", "engines/abc/vae/config.json"): b"{}"}))
    fetch("vae/config.json", tmp_path / "config.json")

    assert (tmp_path / "config.json").read_bytes() == b"{}"
    with pytest.raises(OSError, match=r"s3://models/engines/abc/gone\.json"):
        fetch("gone.json", tmp_path / "gone.json")


class Failing:
    """An engine that fails as its `fault` says, in the middle of a clip."""

    model = "failing@1"
    limits = LIMITS[SMALL]

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    def generate(self, ask: Ask, on_progress: object) -> Clip:
        raise self.fault


@pytest.mark.parametrize(
    "fault",
    [
        EngineError("out of memory making 720x1280, 12 s"),
        EngineError("the networks made a picture that is not finite"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory, prompt 'my secret'"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_an_engine_that_fails_is_one_clean_answer_and_nothing_is_written(home: Home, fault: Exception):
    role = type(home.role)(Failing(fault), None, home.role.links, home.role.mark_key)  # type: ignore[arg-type]
    face = TestClient(application(Desk(role, 1, 1)), raise_server_exceptions=False)
    answer = face.post("/invocations", content=home.request().model_dump_json())

    assert (answer.status_code, answer.json()["code"]) == (500, "model_fault")
    assert "secret" not in answer.text
    assert not isinstance(fault, EngineError) or str(fault) in answer.json()["message"]
    assert [path for path, _, _ in home.store.writes if path != "/progress"] == []
    assert face.get("/ping").status_code == 200


def test_an_engines_fault_is_the_models_and_keeps_its_words(home: Home):
    role = type(home.role)(Failing(EngineError("out of memory")), None, home.role.links, home.role.mark_key)  # type: ignore[arg-type]

    with pytest.raises(ModelFault, match="out of memory"):
        role.answer(home.request())


SLOW = """
import sys, time
from pathlib import Path
import numpy as np, uvicorn
from events.engines import LIMITS, SMALL
from inference.engines.folder import pin
from inference.generator.asking import Clip
from inference.links import Links
from inference.media_role import MediaRole
from inference.serve import Desk, application
class Slow:
    model = "slow@1"
    limits = LIMITS[SMALL]
    def generate(self, ask, on_progress):
        on_progress(0.5); print("half", flush=True); time.sleep(600)
role = MediaRole(Slow(), None, Links(frozenset({sys.argv[1]})), bytes(32))
uvicorn.run(application(Desk(role, 1, 1)), port=int(sys.argv[2]), log_level="error")
"""


def test_a_server_killed_in_the_middle_of_a_clip_leaves_nothing_but_its_progress(home: Home):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-c", SLOW, home.origin, str(port)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    faults: list[Exception] = []

    def ask(request: Generate) -> None:
        for _ in range(2400):
            try:
                httpx.post(f"http://127.0.0.1:{port}/invocations", content=request.model_dump_json(), timeout=240)
                return
            except httpx.ConnectError:
                time.sleep(0.1)
            except httpx.TransportError as fault:
                faults.append(fault)
                return

    asking = threading.Thread(target=ask, args=[home.request()])
    asking.start()
    assert server.stdout is not None
    assert server.stdout.readline() == "half\n"
    server.kill()
    server.wait()
    asking.join(60)

    assert len(faults) == 1
    assert {path for path, _, _ in home.store.writes} <= {"/progress"}
