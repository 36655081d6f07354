"""A long run of storms goes on where it ended, counts only storms of this code, and says so when it is not done."""

import json

from tests.simulation import long_run


def _lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_run_goes_on_where_an_earlier_one_ended(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(long_run, "BLOCK", 3)
    asked = ["--schedules", "8", "--seed", "5", "--ledger", str(tmp_path / "rows")]

    assert long_run.main([*asked, "--seconds", "0.0001"]) == long_run.UNFINISHED
    assert long_run.main(asked) == 0

    done = _lines(tmp_path / "rows")
    assert [(row["first"], row["schedules"]) for row in done] == [(5, 3), (8, 3), (11, 2)]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["schedules"] == 8


def test_storms_of_other_code_are_not_counted(tmp_path):
    old = {"first": 1, "schedules": 4, "clips": 9, "violations": [], "cpu_seconds": 1, "code": "0" * 64}
    (tmp_path / "rows").write_text(json.dumps(old) + "\n", "utf-8")

    assert long_run.held(tmp_path / "rows", [(1, 4)]) == {}


def test_a_violation_ends_the_run_and_names_its_seed(tmp_path, monkeypatch, capsys):
    broken = long_run.run(2)
    monkeypatch.setattr(
        long_run, "run", lambda seed: type(broken)(("planted",) if seed == 2 else (), broken.clips, broken.trace)
    )

    assert long_run.main(["--schedules", "4", "--ledger", str(tmp_path / "rows")]) == 1
    assert _lines(tmp_path / "rows")[0]["violations"] == [{"seed": 2, "what": ["planted"], "trace": broken.trace}]
    assert "planted" in capsys.readouterr().err


def test_a_seed_is_replayed_to_the_byte(capsys):
    assert long_run.main(["--replay", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["same"] is True
