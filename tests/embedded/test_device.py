"""`volary device` against a whole home: the key stays on this machine, and no clip is made before it is released.

Every command is a process of its own, as people start it, and whoever types does so into its standard input or, where
a passphrase is asked for, into its terminal.
"""

import json
import logging
import os
import pty
import select
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from volary import boxes
from volary.accounts import Role
from volary.embedded import Home, Options, open_home
from volary.errors import Absent, Conflict, Forbidden, Invalid
from volary.stores.likenesses import Likenesses
from volary.stores.videos import Videos
from volary.vault_openings import openings

from functions.api.app import create_app
from functions.api.limits import EMBEDDED
from functions.events.subscriptions import SUBSCRIPTIONS
from local import devices
from local.capturing import Terms, Wish, challenged, recorded
from local.commands.device import plain, shown
from local.handlers import beater, caller
from local.homes import Ports, origin, remember_ports
from local.media import create_media_app
from local.people import add_person, token_for
from local.remote import Remote
from local.running import three_free_ports
from local.worker import Worker
from tests.sdk import model_server
from tests.sdk.conftest import listening

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # of two busy cores; a quiet machine needs a hundredth of it
CAPTURE = b"\x00\x00\x00\x18ftypisom" + b"canary capture " * 40


@dataclass
class Person:
    """Somebody at a terminal: their commands, their keys, and their files."""

    home: Home
    folder: Path
    handle: str

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    def command(self, *arguments: str) -> list[str]:
        where = ("--home", str(self.home.folder), "--as", self.handle)
        return [sys.executable, "-m", "local", *arguments, *where]

    def runs(self, *arguments: str, typing: str = "") -> tuple[int, str, str]:
        """`volary device`, what it printed and what it said beside."""
        command = self.command("device", *arguments, "--keys", str(self.keys))
        ended = subprocess.run(command, input=typing, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE)
        return ended.returncode, ended.stdout, ended.stderr

    def moderates(self, *arguments: str) -> tuple[int, str]:
        ended = subprocess.run(self.command("capture", *arguments), capture_output=True, text=True, cwd=ROOT)
        return ended.returncode, ended.stdout + ended.stderr

    def enrols(self, *more: str, capture: bytes = CAPTURE, typing: str = "y\n") -> tuple[int, str, str]:
        filmed = self.folder / "filmed.mp4"
        filmed.write_bytes(capture)
        target = str(self.folder / "capture.mp4")
        return self.runs("enrol", target, "--record", f"cp {filmed} {{file}}", "--json", *more, typing=typing)

    def call(self, method: str, path: str, **body: object) -> dict:
        ports = origin(json.loads((self.home.folder / "running.json").read_text())["api"])
        bearer = {"authorization": f"Bearer {token_for(self.home, self.handle)}"}
        answer = httpx.request(method, f"{ports}/v1{path}", json=body or None, headers=bearer, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()

    def asks(self, prompt: str) -> str:
        """A clip of this person that has come as far as it may without their device."""
        video_id = self.call("POST", "/videos", prompt=prompt)["id"]
        self.waits(video_id, "awaiting_key")
        return video_id

    def waits(self, video_id: str, stage: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while (video := Videos(self.home.items).get(video_id)).stage != stage and not video.has_ended:
            assert time.monotonic() < deadline, f"{video_id} is {video.stage}, not {stage}"
            time.sleep(0.05)

    def likeness_id(self) -> str:
        return Likenesses(self.home.items).named(self.call("GET", "/me")["id"]) or ""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Home]:
    """One on loopback, with its worker, but for its models."""
    logging.disable(logging.WARNING)
    api = three_free_ports()
    with model_server.serving() as models:
        options = Options(
            public=origin(api), media=origin(api + 2), text_model=models, media_model=models,
            subscriptions=SUBSCRIPTIONS,
        )  # fmt: skip
        home = open_home(tmp_path_factory.mktemp("home"), options)
        for handle in ("ada", "bea", "cleo", "dora", "elin", "fay", "gus"):
            add_person(home.services, handle, date(1990, 12, 10))
        add_person(home.services, "moira", date(1990, 12, 10), role=Role.MODERATOR)
        remember_ports(home.folder, Ports(api, api, api))
        worker = Worker(home, caller(home.services), beater(home.services))
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        media = create_media_app(home, origin(api))
        with listening(create_app(home.services, EMBEDDED), api), listening(media, api + 2):
            yield home
        worker.stop.set()
        thread.join(10)
    logging.disable(logging.NOTSET)


@pytest.fixture
def person(home, tmp_path):
    def person(handle: str) -> Person:
        return Person(home, tmp_path, handle)

    return person


def test_no_clip_is_made_before_this_device_releases_its_half(person):
    ada = person("ada")
    status, out, told = ada.enrols()
    enrolled = json.loads(out)
    assert (status, enrolled["state"], enrolled["opens"]) == (0, "active", True)
    assert "one of them only your device can open" in told and "I am the person in the capture." in told

    key = Path(enrolled["key"])
    record = Likenesses(ada.home.items).get(enrolled["id"])
    private = load_pem_private_key(key.read_bytes(), None).private_bytes_raw()
    assert (record.custody, record.device_key) == ("device", boxes.text(boxes.public_of(private)))
    assert (stat.S_IMODE(key.stat().st_mode), stat.S_IMODE(key.parent.stat().st_mode)) == (0o600, 0o700)
    assert json.loads(ada.runs("status", "--json")[1])["opens"] is True

    clip, other = ada.asks("@ada rides a red horse"), ada.asks("@ada sings")
    time.sleep(4)  # longer than the workflow pauses before it asks again
    assert Videos(ada.home.items).get(clip).stage == "awaiting_key"
    listed = ada.runs("waiting")[1]
    assert f"{clip}: you ask for a clip of you" in listed and "@ada rides a red horse" in listed
    status, out, told = ada.runs("release", clip, typing="n\n")
    assert (status, out) == (1, f"{clip}: not released\n") and "Let this one clip be made? [y/N]" in told
    assert ada.runs("release", clip, typing="")[0] == 1  # nobody is there

    assert ada.runs("release", clip, typing="y\n")[:2] == (0, f"{clip}: released\n")
    ada.waits(clip, "done")

    assert Videos(ada.home.items).get(clip).status == "completed"
    assert Videos(ada.home.items).get(other).stage == "awaiting_key"
    opened = [entry.detail for entry in openings(enrolled["id"], ada.home.services)]
    assert opened[1:] == [f"generation of {clip}"]
    # Of the device's key nothing but its public half ever came to the home.
    stored = every_byte(ada.home.folder)
    assert boxes.public_of(private) in stored or record.device_key.encode() in stored
    assert private not in stored and boxes.text(private).encode() not in stored

    assert json.loads(ada.runs("refuse", other, "--json")[1]) == {"refused": other}
    ada.waits(other, "done")
    assert Videos(ada.home.items).get(other).failure.code == "consent_withdrawn"
    assert ada.runs("waiting")[1] == "nothing waits for you\n"


def every_byte(folder: Path) -> bytes:
    """Of a folder in use, so that a file may go while it is read; whatever else hinders the reading fails.

    Another process reads: closing a file here would drop the locks that SQLite holds on it in this process.
    """
    command = ["find", folder, "-type", "f", "-exec", "cat", "{}", "+"]
    read = subprocess.run(command, capture_output=True, env={**os.environ, "LC_ALL": "C"})
    hindered = [line for line in read.stderr.decode().splitlines() if not line.endswith("No such file or directory")]
    assert not hindered
    return read.stdout


def test_a_lost_key_releases_nothing_and_it_is_said_what_to_do(person):
    bea = person("bea")
    first = json.loads(bea.enrols()[1])
    clip = bea.asks("@bea waves")
    Path(first["key"]).unlink()

    status, out, _ = bea.runs("status")
    assert status == 1 and "is not in" in out and "volary device enrol --renew" in out
    assert bea.runs("release", clip, "--yes")[0] == 1
    devices.made(Path(first["key"]), str, locked=False)  # another device of hers
    assert "does not open with this key" in bea.runs("status")[1]
    status, _, said = bea.runs("release", clip, "--yes")
    assert (status, Videos(bea.home.items).get(clip).stage) == (1, "awaiting_key")
    assert "does not open with this key" in said

    assert bea.enrols()[0] == 1  # it has to be said that the old one goes
    renewed = json.loads(bea.enrols("--renew")[1])

    assert (renewed["state"], renewed["opens"]) == ("active", True)
    assert bea.runs("status")[0] == 0
    assert Likenesses(bea.home.items).get(first["id"]).state == "erased"


def test_who_does_not_agree_sends_nothing(person):
    cleo = person("cleo")

    status, _, told = cleo.enrols(typing="perhaps\n")

    assert status == 1 and "without your agreement nothing is recorded or sent" in told
    assert not (cleo.folder / "capture.mp4").exists()
    assert cleo.call("GET", "/likenesses")["data"] == []


def test_a_refused_capture_says_what_to_do_better(person):
    cleo = person("cleo")

    status, out, _ = cleo.enrols("--yes", capture=CAPTURE + model_server.NOBODYS)
    said = cleo.runs("status")[1]

    assert (status, json.loads(out)["state"]) == (1, "refused")
    assert "looked at. Try again." in said


def test_a_capture_in_doubt_waits_for_a_moderator(person):
    cleo = person("cleo")
    likeness_id = json.loads(cleo.enrols("--yes", capture=CAPTURE + model_server.DOUBTED)[1])["id"]
    assert "a person looks at your capture" in cleo.runs("status")[1]

    moira, ada = person("moira"), person("ada")
    asked = Likenesses(cleo.home.items).get(likeness_id).challenge
    assert f"digits {asked.shown}, turns {', '.join(asked.turns)}" in moira.moderates("list")[1]
    link = moira.moderates("link", likeness_id)[1].strip()
    assert httpx.get(link, trust_env=False).content == CAPTURE + model_server.DOUBTED
    assert ada.moderates("accept", likeness_id) == (
        1, "volary: @ada is no moderator: volary user add NAME --role moderator adds one\n",
    )  # fmt: skip
    assert moira.moderates("accept", likeness_id) == (0, f"{likeness_id}: keeping\n")

    deadline = time.monotonic() + PATIENCE
    while (said := json.loads(cleo.runs("status", "--json")[1]))["state"] != "active":
        assert time.monotonic() < deadline, said
        time.sleep(0.1)
    assert said["opens"] is True
    assert moira.moderates("list") == (0, "nothing waits\n")


def test_the_server_holds_the_key_only_for_who_chooses_that(person):
    dora = person("dora")

    status, out, told = dora.enrols("--custody", "server")

    assert (status, json.loads(out)["key"]) == (0, None)
    assert "whoever takes over this server and its keys can open your capture" in told
    assert not dora.keys.exists()
    assert Likenesses(dora.home.items).get(dora.likeness_id()).custody == "server"
    assert "the home holds the whole key" in dora.runs("waiting")[2]
    assert dora.runs("erase", "--yes")[0] == 0
    assert Likenesses(dora.home.items).get(json.loads(out)["id"]).state == "erased"


def test_several_clips_are_never_released_by_one_yes(person):
    status, _, said = person("ada").runs("release", "--yes")

    assert status == 1 and "needs the one clip that you mean" in said


def test_a_distant_home_is_reached_with_a_token_only(home, person, tmp_path):
    """As a program of its own, on a machine that has no home."""
    assert person("elin").enrols()[0] == 0
    address = origin(json.loads((home.folder / "running.json").read_text())["api"])
    environment = {k: v for k, v in os.environ.items() if k != "VOLARY_TOKEN"} | {"HOME": str(tmp_path)}
    command = ["python3", "-m", "local", "device", "status", "--server", address]
    python = [os.sys.executable, *command[1:]]

    without = subprocess.run(python, env=environment, capture_output=True, text=True)
    token = environment | {"VOLARY_TOKEN": token_for(home, "elin")}
    found = subprocess.run(python, env=token, capture_output=True, text=True)

    assert (without.returncode, "wants a token" in without.stderr) == (1, True)
    assert "custody device" in found.stdout and f"{tmp_path}/.config/volary/keys" in found.stdout


class Terminal:
    """A process with a terminal of its own, which asks, is answered, and shows whether what is typed is echoed."""

    def __init__(self, command: list[str]) -> None:
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execv(command[0], command)
        self.seen = ""

    def waits_for(self, asked: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while asked not in self.seen:
            ready, _, _ = select.select([self.end], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{asked!r} was not asked: {self.seen}"
            self.seen += os.read(self.end, 4096).decode()

    def answers(self, asked: str, typed: str) -> None:
        self.waits_for(asked)
        self.seen = self.seen.partition(asked)[2]
        os.write(self.end, f"{typed}\n".encode())

    def ended(self) -> tuple[int, str]:
        try:
            while more := os.read(self.end, 4096):
                self.seen += more.decode()
        except OSError:  # how Linux says that the process has closed the other end
            pass
        os.close(self.end)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), self.seen


def test_a_person_at_a_terminal_agrees_films_themselves_and_locks_their_key(person):
    fay = person("fay")
    film = fay.folder / "filmed.mp4"
    terminal = Terminal(fay.command("device", "enrol", str(film), "--passphrase", "--keys", str(fay.keys)))

    terminal.answers("Passphrase of this device's key: ", "a long walk")
    terminal.answers("Again: ", "a long walk")
    terminal.waits_for("I am the person in the capture.")
    terminal.answers("twelve seconds? [y/N] ", "y")
    terminal.waits_for("then press Enter.")
    film.write_bytes(CAPTURE)
    terminal.answers("then press Enter.", "")
    status, said = terminal.ended()

    assert (status, "is active, custody device" in said) == (0, True), said
    assert "a long walk" not in said
    (key,) = fay.keys.rglob("*.pem")
    assert b"ENCRYPTED PRIVATE KEY" in key.read_bytes()
    status, _, told = fay.runs("release", fay.asks("@fay sails"), "--yes")
    assert (status, "nobody is here to ask: --passphrase-file" in told) == (1, True)


def test_a_passphrase_that_is_mistyped_leaves_no_key_that_nobody_can_open(person):
    gus = person("gus")
    terminal = Terminal(gus.command("device", "enrol", str(gus.folder / "c.mp4"), "--passphrase",
                                    "--keys", str(gus.keys)))  # fmt: skip

    terminal.answers("Passphrase of this device's key: ", "a long walk")
    terminal.answers("Again: ", "a long wlak")
    status, said = terminal.ended()

    assert (status, "not the same" in said) == (1, True), said
    assert list(gus.keys.rglob("*.pem")) == []


class TestKeys:
    def test_a_locked_key_opens_with_its_passphrase_alone(self, tmp_path):
        path = tmp_path / "keys" / "key.pem"
        made = devices.made(path, lambda: "a long walk", locked=True)

        assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
        assert devices.opened(path, lambda: "a long walk").private == made.private
        with pytest.raises(Forbidden):
            devices.opened(path, lambda: "a short walk")
        with pytest.raises(TypeError):  # as other programs find it without
            load_pem_private_key(path.read_bytes(), None)

    def test_a_key_that_others_may_read_is_not_used(self, tmp_path):
        path = tmp_path / "key.pem"
        devices.made(path, str, locked=False)
        path.chmod(0o644)

        with pytest.raises(Forbidden, match="may be read by others"):
            devices.opened(path, str)

    def test_a_key_is_made_once_and_its_private_half_is_not_shown(self, tmp_path):
        path = tmp_path / "key.pem"
        first = devices.made(path, str, locked=False)

        assert devices.made(path, str, locked=False).public == first.public
        assert repr(first.private) not in repr(first) and first.private.hex() not in repr(first)
        with pytest.raises(Absent):
            devices.opened(tmp_path / "none.pem", str)

    @pytest.mark.parametrize("name", ["../../else", "", "a/b", "user_1\n", "x" * 101])
    def test_a_home_cannot_name_another_place_for_the_key(self, tmp_path, name):
        with pytest.raises(Invalid):
            devices.key_path(tmp_path, "host-443", name)


class TestRemote:
    @pytest.mark.parametrize(
        "address", ["http://volary.example", "volary.example", "ftp://127.0.0.1", "https://", "http://10.0.0.1:8080"]
    )
    def test_no_token_travels_in_the_clear(self, address):
        with pytest.raises(Invalid):
            Remote.at(address, "secret")

    @pytest.mark.parametrize("address", ["https://volary.example", "http://127.0.0.1:8080", "http://[::1]:8080/"])
    def test_https_and_this_very_machine_are_homes(self, address):
        assert Remote.at(address, "secret").origin == address.rstrip("/")


class TestTerms:
    def home(self, *consents: str, custody: str = "device") -> Remote:
        """A home of another version, whose terms are these, one after another."""
        told = iter(consents)

        def answer(_environment, start):
            start("200 OK", [("content-type", "application/json")])
            return [json.dumps({"custody": custody, "custody_text": "c", "consent": {"text": next(told)}}).encode()]

        return Remote("http://localhost", httpx.Client(transport=httpx.WSGITransport(app=answer)))

    def test_what_is_agreed_to_is_what_the_home_says(self, tmp_path):
        shown: list[Terms] = []

        begun = challenged(
            Wish(tmp_path / "c.mp4"), "key", self.home("theirs", "theirs"), lambda terms: not shown.append(terms)
        )

        assert begun["consent"]["text"] == "theirs"
        assert shown[1:] == [Terms("c", "theirs")] and "I am the person in the capture." in shown[0].consent

    def test_a_home_that_changes_its_terms_each_time_is_given_up(self, tmp_path):
        with pytest.raises(Conflict, match="changes what you are to agree to"):
            challenged(Wish(tmp_path / "c.mp4"), "key", self.home("a", "b", "c"), lambda _: True)

    def test_a_home_that_takes_the_key_for_itself_gets_nothing(self, tmp_path):
        with pytest.raises(Conflict, match="answered server"):
            challenged(Wish(tmp_path / "c.mp4"), "key", self.home("a", custody="server"), lambda _: True)

    def test_a_recording_of_before_the_challenge_is_not_sent(self, tmp_path):
        old = tmp_path / "c.mp4"
        old.write_bytes(CAPTURE)

        with pytest.raises(Conflict, match="was not written since"):
            recorded(Wish(old), lambda: None)
        with pytest.raises(Conflict, match="ended with status"):
            recorded(Wish(old, recorder="false"), lambda: None)


def test_what_others_wrote_moves_no_cursor():
    asked = {
        "video_id": "video_1", "asked_by": "bob", "is_mine": False, "prompt": "x\x1b[2K\x1b[1A\u202egnp\r@ada agreed",
        "style": None, "seconds": "4", "purpose": "personal", "visibility": "public", "made_from": None, "others": 1,
    }  # fmt: skip

    said = "\n".join(shown(asked))

    assert said.startswith("video_1: @bob asks for a clip of you (4 s, personal, public, with 1 more in it)")
    assert not {"\x1b", "\r", "\u202e"} & set(said)
    assert plain("Été 🦊") == "Été 🦊"
