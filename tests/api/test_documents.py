"""What docs/ says of the API is what the code does: the error codes, and the OpenAPI document."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import volary.errors
import volary.stores.idempotency
from volary.generation import FAILURES, REFUSALS

import functions.api.errors
from functions.api.app import BODIES, description
from functions.api.errors import FRAMEWORK_CODES, STATUSES

ROOT = Path(__file__).parents[2]
# Codes that are not written as `code=…`: what the body reader and the framework's errors are given.
COMPUTED = {
    "missing_required_parameter": {400},
    "invalid_type": {400},
    "invalid_request": {400},
    "internal_error": {500},
    "model_unreachable": {503},
    # A Refusal of volary.likeness is raised as Forbidden under its own code.
    **dict.fromkeys(
        (
            "likeness_expired",
            "likeness_not_allowed",
            "likeness_purpose",
            "likeness_restricted",
            "likeness_too_new",
            "teen_style",
        ),
        {403},
    ),  # fmt: skip
    "likeness_withdrawn": {403, 409},
    **{code: {status} for status, code in FRAMEWORK_CODES.items()},
}


@cache
def codes() -> dict[str, set[str]]:
    """Every code in the product's source, with the names of the error classes that carry it."""
    found: dict[str, set[str]] = {}
    for folder in ("functions", "layers/shared/python/volary"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                for code, name in _carried(node):
                    found.setdefault(code, set()).add(name)
    return found


def _carried(node: ast.AST):
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg == "code" and isinstance(keyword.value, ast.Constant) and keyword.value.value is not None:
                yield keyword.value.value, ast.unparse(node.func).rpartition(".")[2]
    if isinstance(node, ast.ClassDef):
        for line in node.body:
            if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
                yield ast.literal_eval(line.value), node.name


def tables() -> list[dict[str, list[str]]]:
    """The rows of each table in docs/errors.md, by their code."""
    parts = (ROOT / "docs" / "errors.md").read_text().split("\n## ")[1:]
    return [dict(_row(line) for line in part.splitlines() if line.startswith("| `")) for part in parts]


def _row(line: str) -> tuple[str, list[str]]:
    code, *cells = re.split(r"\s*\|\s*", line.strip("| \n"))
    return code.strip("`"), cells


def status_of(name: str) -> int | None:
    for module in (volary.errors, volary.stores.idempotency, functions.api.errors):
        if kind := getattr(module, name, None):
            return next((status for each, status, _ in STATUSES if issubclass(kind, each)), None)
    return None


def test_every_code_is_documented_and_every_documented_code_exists():
    answers, failures, elsewhere = tables()
    known = set(codes()) | set(COMPUTED)

    assert known - set(answers) - set(failures) - set(elsewhere) == set()
    assert (set(answers) | set(elsewhere)) - known == set()
    assert set(answers) & set(elsewhere) == set()


def test_documented_statuses_are_those_of_the_errors_that_carry_the_code():
    answers, _, _ = tables()
    wrong = {}
    for code, (status, _) in answers.items():
        carried = {found for name in codes().get(code, ()) if (found := status_of(name))} | COMPUTED.get(code, set())
        if carried != {int(each) for each in status.split(", ")}:
            wrong[code] = (status, carried)

    assert wrong == {}


def test_every_failure_of_a_video_is_documented():
    _, failures, _ = tables()

    assert set(failures) == set(FAILURES) | set(REFUSALS)


def test_the_committed_openapi_document_is_that_of_the_code(application):
    """Write it anew with `python -m functions.api.openapi > docs/openapi.json`."""
    committed = json.loads((ROOT / "docs" / "openapi.json").read_text())

    assert committed == json.loads(json.dumps(description(application)))


def test_the_openapi_document_refers_only_to_what_it_holds(application):
    text = json.dumps(description(application))
    document = json.loads(text)
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))

    assert document["openapi"].startswith("3.1")
    assert names <= set(document["components"]["schemas"])
    assert {body.__name__ for body in BODIES} <= names


def test_every_operation_has_a_name_and_says_what_errors_look_like(application):
    operations = [each for methods in description(application)["paths"].values() for each in methods.values()]

    assert len({each["operationId"] for each in operations}) == len(operations)
    assert all("default" in each["responses"] and "422" not in each["responses"] for each in operations)
