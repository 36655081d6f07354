"""What may import what, what files may be called, and what a lock may hold, read from the tree itself."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHARED = "layers/shared/python/"
OURS = {"events", "volary", "functions", "inference", "infra", "local"}

# package → which of ours it may import; whatever is absent is forbidden.
MAY_IMPORT = {
    "events": {"events"},
    "volary": {"volary", "events"},
    "functions": {"functions", "volary", "events"},
    "inference": {"inference", "events"},
    "infra": {"infra", "volary", "events", "functions"},
    "local": OURS,
}
# third-party package → the places (path prefixes) that may import it.
PLACES = {
    "boto3": ("layers/shared/python/volary/aws/", "inference/cloud.py"),
    "botocore": ("layers/shared/python/volary/aws/", "inference/cloud.py"),
    "fastapi": ("functions/api/", "inference/serve", "local/bench/"),  # it is the peer of a benchmark
    "mangum": ("functions/api/handler.py",),
    "starlette": ("functions/api/", "inference/serve", "local/"),
    "torch": ("inference/",),
    "aws_lambda_powertools": ("layers/shared/python/volary/entrypoint.py", "functions/api/handler.py"),
    "aws_cdk": ("infra/",),
    "c2pa": ("layers/shared/python/volary/", "local/"),
    "sqlite3": ("layers/shared/python/volary/embedded/", "local/"),
}
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "service", "base", "constants"}
LOCKS = ("*.lock", "requirements*", "package-lock.json", "pylock*", ".npmrc", "pip.conf")


@cache
def product_files() -> tuple[str, ...]:
    """Every Python file of the product, tests left out, relative to the root."""
    roots = ("events", "layers", "functions", "inference", "infra", "local")
    found = (path for name in roots for path in (ROOT / name).rglob("*.py"))
    return tuple(sorted(path.relative_to(ROOT).as_posix() for path in found if "node_modules" not in path.parts))


@cache
def tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), path)


def module(path: str) -> str:
    return path.removeprefix(SHARED).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def imports(path: str) -> frozenset[str]:
    """Dotted names that a file imports anywhere, also inside functions; `from a import b` counts as a and a.b."""
    names: set[str] = set()
    package = module(path).split(".") if path.endswith("__init__.py") else module(path).split(".")[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*start, *([node.module] if node.module else [])])
            names |= {source, *(f"{source}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def reached_from(start: str, without: frozenset[str] = frozenset()) -> set[str]:
    """Modules of ours that importing module `start` can lead to but through `without`, packages' files included."""
    files = {module(path): path for path in product_files()}
    seen = set(without)
    todo = [start]
    while todo:
        name = todo.pop()
        parents = [name.rsplit(".", count)[0] for count in range(name.count(".") + 1)]
        for known in (each for each in parents if each in files and each not in seen):
            seen.add(known)
            todo += imports(files[known])
    return seen - without


def breaches(allowed: dict[str, set[str]]) -> Iterator[str]:
    for path in product_files():
        owner = module(path).split(".")[0]
        reached = {name.split(".")[0] for name in imports(path)} & OURS
        yield from (f"{path} imports {name}" for name in sorted(reached - allowed[owner]))


def test_each_package_imports_only_what_it_may():
    assert list(breaches(MAY_IMPORT)) == []


@pytest.mark.parametrize("package", sorted(PLACES))
def test_package_is_imported_only_in_its_place(package):
    users = [path for path in product_files() if package in {name.split(".")[0] for name in imports(path)}]

    assert [path for path in users if not path.startswith(PLACES[package])] == []


@pytest.mark.skipif(not (ROOT / "inference/serve.py").exists(), reason="inference/serve.py is not written yet")
def test_model_server_cannot_reach_the_training_code():
    """The renderer that draws the corpus lives in inference/train, and must never pose as the model."""
    reached = reached_from("inference.serve")

    assert "inference.serve" in reached
    assert sorted(name for name in reached if name.startswith(("inference.train", "volary", "functions"))) == []


def test_no_file_or_folder_has_a_vague_name():
    words = {path: set(re.split(r"[/_.]", path.removesuffix(".py"))) for path in product_files()}

    assert [path for path, parts in words.items() if parts & VAGUE] == []


def test_no_product_file_is_longer_than_400_lines():
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in product_files()}

    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_no_function_is_longer_than_60_lines():
    found = [
        f"{path}:{node.lineno} {node.name} has {length} lines"
        for path in product_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > 60
    ]

    assert found == []


def test_every_module_says_what_it_is_for():
    silent = [path for path in product_files() if tree(path).body and not ast.get_docstring(tree(path))]

    assert silent == []


def test_only_the_entrypoints_swallow_every_exception():
    def swallows_all(node: ast.ExceptHandler) -> bool:
        if any(isinstance(each, ast.Raise) and each.exc is None for each in node.body):
            return False
        names = {each.id for each in ast.walk(node.type) if isinstance(each, ast.Name)} if node.type else {"Exception"}
        return bool(names & {"Exception", "BaseException"})

    handlers = [
        f"{path}:{node.lineno}"
        for path in product_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and swallows_all(node)
    ]

    entrypoints = (f"{SHARED}volary/entrypoint.py", f"{SHARED}volary/embedded/calls.py", "inference/serve.py")
    assert [each for each in handlers if not each.startswith(entrypoints)] == []


def test_environment_is_read_only_by_settings():
    def reads(path: str) -> bool:
        return any(
            isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} for node in ast.walk(tree(path))
        )

    product = [path for path in product_files() if path.startswith(("layers/", "events/", "functions/"))]

    assert [path for path in product if reads(path)] == [f"{SHARED}volary/settings.py"]


def test_every_route_is_async():
    """A `def` route runs in a thread pool, which cost six times as much per request when it was measured."""
    verbs = {"get", "post", "put", "patch", "delete", "head", "options", "api_route", "route"}

    def is_route(decorator: ast.expr) -> bool:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        return isinstance(call, ast.Attribute) and call.attr in verbs

    slow = [
        f"{path}:{node.lineno} {node.name}"
        for path in product_files()
        if path.startswith("functions/api/")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and any(is_route(each) for each in node.decorator_list)
    ]

    assert slow == []


def test_nothing_loads_pickles():
    calls = {
        f"{path}:{node.lineno}": ast.unparse(node.func)
        for path in product_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
    }

    assert {place: call for place, call in calls.items() if call in {"torch.load", "pickle.load", "pickle.loads"}} == {}


def test_locks_hold_no_address():
    listed = subprocess.run(["git", "ls-files", "-z", *LOCKS, *(f"**/{each}" for each in LOCKS)],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout  # fmt: skip
    locks = sorted(set(filter(None, listed.split("\0"))))

    assert "requirements/dev.lock" in locks
    assert [path for path in locks if "://" in (ROOT / path).read_text()] == []


def test_every_locked_package_has_a_hash():
    for lock in sorted((ROOT / "requirements").glob("*.lock")):
        blocks = re.split(r"\n(?=\S)", lock.read_text().strip())
        assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == [], lock.name


def test_lock_holds_every_named_dependency():
    """`make lock` was run after pyproject.toml last named a package."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    named = [*project["project"]["dependencies"], *groups["dev"], *groups["infra"], *groups["inference"]]
    wanted = {re.split(r"[\[<>=~! ]", each)[0] for each in named if isinstance(each, str)}
    locked = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements/dev.lock").read_text(), re.MULTILINE))

    assert sorted(wanted - locked) == []
