"""The training job as a chain of stages, and as what SageMaker is asked for; nothing here trains or asks AWS."""

import ast
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import boto3
import pytest
from botocore.validate import ParamValidator

from inference.train.job import SMALLEST, Size, Stage, carry_out, done, main, stages
from inference.train.sagemaker_job import Plan, PlanError, description, snake_case

ROOT = Path(__file__).parents[2]
PLAN = Plan(
    image="123456789012.dkr.ecr.us-east-1.amazonaws.com/volary-train:1",
    role="arn:aws:iam::123456789012:role/volary-prod-training",
    bucket="volary-dev-models",
)
CHAIN = stages(Path("run"), Path("out"), Size())


def options(module: str) -> tuple[set[str], int, list[str]]:
    """A script's options, the fewest positional arguments it takes and its verbs, read from its source."""
    names: set[str] = set()
    positional, verbs = 0, []
    for node in ast.walk(ast.parse((ROOT / f"inference/train/{module}.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            name = ast.literal_eval(node.args[0])
            more = {word.arg: word.value for word in node.keywords}
            names |= {name} if name.startswith("--") else set()
            positional += not name.startswith("--") and "nargs" not in more
            verbs += list(ast.literal_eval(more["choices"])) if "choices" in more and name == "verb" else []
    return names, positional, verbs


@pytest.mark.parametrize("stage", CHAIN, ids=lambda stage: stage.name)
def test_every_stage_is_called_as_its_script_is_written(stage: Stage):
    """The scripts are changed often, and the chain would only fail hours later."""
    names, positional, verbs = options(stage.module)
    given = {word for word in stage.arguments if word.startswith("--")} | set(stage.split or ())
    values = [
        word
        for place, word in enumerate(stage.arguments)
        if not word.startswith("--") and not (place and stage.arguments[place - 1].startswith("--"))
    ]

    assert given <= names
    assert len(values) >= positional
    assert not verbs or values[0] in verbs


def test_work_that_splits_is_started_in_every_process():
    corpus = next(stage for stage in CHAIN if stage.name == "corpus")
    commands = corpus.commands(3)

    assert [command[-4:] for command in commands] == [["--first", str(n), "--stride", "3"] for n in range(3)]
    assert len(next(stage for stage in CHAIN if stage.split is None).commands(3)) == 1


def test_minutes_are_shared_as_they_were_for_what_shipped():
    whole, half = Size(), Size.within(sum((57, 12, 12, 70, 32, 20, 15, 8, 25, 15, 33, 17, 22)) / 2)

    assert half.transformer == pytest.approx(whole.transformer / 2)
    assert half.shards == whole.shards / 2
    assert Size.within(0.01).shards == SMALLEST


def test_a_finished_stage_is_not_done_again_and_a_failed_one_is(tmp_path: Path):
    class Scripted(Stage):
        def commands(self, processes: int) -> list[list[str]]:
            return [[sys.executable, "-c", self.arguments[0]]] * processes

    carry_out(Scripted("one", "none", ("pass",)), tmp_path, 2)
    with pytest.raises(SystemExit, match="7"):
        carry_out(Scripted("two", "none", ("raise SystemExit(7)",)), tmp_path, 1)

    assert done(tmp_path) == {"one"}


def test_a_job_with_every_stage_done_ends_at_once(tmp_path: Path):
    (tmp_path / "done").write_text("\n".join(stage.name for stage in CHAIN))

    assert main(["train", "--run", str(tmp_path), "--out", str(tmp_path / "out")]) == 0


@pytest.mark.parametrize("spot", [True, False])
def test_the_request_is_one_that_sagemaker_takes(spot: bool):
    """Checked against the service's own model, which boto3 brings; no request is sent."""
    asked = description(replace(PLAN, spot=spot), "volary-1")
    shape = boto3.client("sagemaker", region_name="us-east-1").meta.service_model.shape_for("CreateTrainingJobRequest")
    report = ParamValidator().validate(asked, shape)

    assert report.generate_report() == ""
    assert asked["EnableManagedSpotTraining"] is spot
    assert ("MaxWaitTimeInSeconds" in asked["StoppingCondition"]) is spot
    assert asked["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"
    assert "GPU" not in json.dumps(asked)


def test_the_container_is_started_with_arguments_that_the_job_reads():
    asked = description(PLAN, "volary-1")["AlgorithmSpecification"]
    command = [*asked["ContainerEntrypoint"], *asked["ContainerArguments"], "--help"]
    done = subprocess.run([sys.executable, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)

    assert command[0] == "python"
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"image": "docker.io/volary"}, "image 'docker.io/volary'"),
        ({"role": "admin"}, "role 'admin'"),
        ({"role": "arn:aws:iam::123456789012:role/admin"}, "role 'arn"),  # one that might open what people entrusted
        ({"bucket": "Not A Bucket"}, "bucket"),
        ({"instance_type": "m7i.large"}, "m7i.large"),
        ({"minutes": 0}, "0 minutes"),
        ({"minutes": 600, "hours": 2}, "do not fit in 2 hours"),
        ({"hours": 500}, "at most 120"),
        ({"name": "-x-"}, "'-x-'"),
    ],
)
def test_a_plan_that_would_be_refused_or_never_end_is_not_described(change: dict[str, object], says: str):
    with pytest.raises(PlanError, match=says):
        description(replace(PLAN, **change), "volary-1")


def test_names_are_written_as_the_sdk_writes_them():
    asked = snake_case(description(PLAN, "volary-1"))

    assert asked["resource_config"] == {
        "instance_type": "ml.m7i.8xlarge", "instance_count": 1, "volume_size_in_gb": 100,
    }  # fmt: skip
    assert asked["output_data_config"]["s3_output_path"].startswith("s3://volary-dev-models/")
    assert asked["checkpoint_config"]["s3_uri"].endswith("/checkpoints")
    assert asked["enable_managed_spot_training"] is True


SENT = """
import http.server, json, os, sys, threading
seen = []
ANSWER = {"TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/volary-1",
          "TrainingJobName": "volary-1", "TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting",
          "AlgorithmSpecification": {"TrainingInputMode": "File"}, "CreationTime": 1.0,
          "ModelArtifacts": {"S3ModelArtifacts": "s3://x/y"}, "StoppingCondition": {}}
class Service(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        seen.append((self.headers["x-amz-target"], json.loads(self.rfile.read(int(self.headers["content-length"])))))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["AWS_ENDPOINT_URL_SAGEMAKER"] = f"http://127.0.0.1:{server.server_port}"
from inference.train.sagemaker_job import Plan, submit
submit(Plan(**json.loads(sys.argv[1])), "volary-1")
print(json.dumps(seen[0]))
"""
SDK = ROOT / ".train/venv/bin/python"


@pytest.mark.skipif(not SDK.exists(), reason="the sagemaker SDK is not set up: `make .train/.ready` does it")
def test_the_sdk_sends_what_is_described():
    """The real SDK against a service of ours on loopback, with keys that are none."""
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    done = subprocess.run(
        [SDK, "-c", SENT, json.dumps(asdict(PLAN))], cwd=ROOT, env={**os.environ, **environment},
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["SageMaker.CreateTrainingJob", description(PLAN, "volary-1")]


def test_latents_lie_where_the_transformer_looks_for_them():
    given = {stage.name: stage.arguments for stage in CHAIN}
    ready = given["transformer"][0]

    assert given["texts"][1] == f"{ready}/texts"
    assert given["pictures"][2] == f"{ready}/pictures"
    assert given["sounds"][2] == f"{ready}/sounds"
