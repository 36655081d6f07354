"""`volary user add`, `token` and `status`: what they print, and how they say that something is wrong."""

import json
import subprocess
import sys

import pytest
from volary.embedded import open_home
from volary.stores.accounts import Accounts

from local import cli


@pytest.fixture
def run(tmp_path, capsys):
    """Runs one command on a home of the test's own; returns its status and what it printed."""

    def run(*arguments):
        status = cli.main([*arguments, "--home", str(tmp_path)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def add(run, handle="ada", *more):
    return run("user", "add", handle, "--birth-date", "1990-12-10", *more)


def test_a_person_is_added_with_a_token_that_holds(run, tmp_path):
    status, out, _ = add(run, "ada", "--region", "FR", "--role", "moderator")

    said = json.loads(out)
    home = open_home(tmp_path)
    account = Accounts(home.items).by_handle("ada")
    assert status == 0
    assert set(said) == {"handle", "user_id", "token"}
    assert home.identity.verify(said["token"]).user_id == said["user_id"] == account.user_id
    assert (account.region, account.role, str(account.birth_date)) == ("FR", "moderator", "1990-12-10")


def test_a_token_is_printed_bare_or_as_json(run, tmp_path):
    add(run)
    identity = open_home(tmp_path).identity

    _, bare, _ = run("token", "ada")
    _, as_json, _ = run("token", "ada", "--json")

    assert identity.verify(bare.strip()).user_id == identity.verify(json.loads(as_json)["token"]).user_id


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("user", "add", "Ada", "--birth-date", "1990-12-10"), "handle 'Ada'"),
        (("user", "add", "ada", "--birth-date", "2020-12-10"), "age"),
        (("user", "add", "ada", "--birth-date", "1990-12-10", "--region", "france"), "'france'"),
        (("token", "nobody"), "there is no home"),
        (("status",), "there is no home"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run, arguments, said):
    status, out, err = run(*arguments)

    assert (status, out, err.count("\n")) == (1, "", 1)
    assert said in err


def test_a_handle_that_is_taken_and_one_that_is_nobodys_are_named(run):
    add(run)

    assert "'ada' is taken" in add(run)[2]
    assert "@bo" in run("token", "bo")[2]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("fly",),
        ("token",),
        ("user", "add", "ada"),
        ("user", "add", "ada", "--birth-date", "soon"),
        ("up", "--port", "x"),
    ],
)
def test_wrong_use_is_status_two(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)

    assert ended.value.code == 2
    assert "usage: volary" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["80", "65534", "-1"])
def test_a_port_that_cannot_be_used_is_refused(run, port):
    status, _, err = run("up", f"--port={port}")

    assert status == 1
    assert f"'{port}'" in err


def test_status_tells_what_waits_and_what_was_given_up(run, tmp_path):
    add(run)

    status, out, _ = run("status", "--json")

    found = json.loads(out)
    assert status == 0
    assert set(found["answers"].values()) == {False}
    assert (found["workflows"], found["model_calls"], found["dead_letters"], found["redriven"]) == ({}, {}, [], 0)
    assert "events given up: 0" in run("status")[1]


def test_every_command_explains_itself():
    top = subprocess.run([sys.executable, "-m", "local", "--help"], capture_output=True, text=True, check=True)
    assert all(name in top.stdout for name in ("up", "user", "token", "status"))


def test_a_wrong_choice_is_answered_with_those_that_there_are(capsys):
    for arguments, said in [
        (("user", "add", "ada", "--birth-date", "1990-12-10", "--role", "king"), "'moderator'"),
        (("user", "add", "ada", "--birth-date", "soon"), "'soon' is no date like 1990-12-09"),
        (("bank", "add", "known", "--category", "rude"), "'sexual_minors'"),
    ]:
        with pytest.raises(SystemExit):
            cli.main(arguments)
        assert said in capsys.readouterr().err


def test_each_measure_offers_the_options_that_it_has(capsys):
    for kind, has, lacks in [
        ("steering", {"--rows"}, {"--people", "--disguised"}),
        ("moderation", {"--rows", "--harm-only", "--beside", "--disguised"}, {"--people", "--seed"}),
        ("likeness", {"--rows", "--people", "--attempts", "--attacks", "--seed", "--staged-only"}, {"--harm-only"}),
        ("enrolments", set(), {"--rows", "--people"}),
    ]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["eval", kind, "--help"])
        told = capsys.readouterr().out
        assert ended.value.code == 0
        assert {option for option in has | lacks if option in told} == has
