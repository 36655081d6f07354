"""Model calls over real HTTP: what a server says, does not say, or says too late."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from volary.embedded import Options, open_home
from volary.embedded.dispatch import beat_all, hand_over, make_call
from volary.embedded.models import ModelServer, QueuedModels
from volary.errors import ModelFault

from events.inference import Generate, Outputs, ScreenPrompt
from tests.contracts.embedded_home import MovedClock

ASK = ScreenPrompt(text="a kite over a lake")
MAKE = Generate(
    job_id="v", prompt="a kite", seconds=4, width=8, height=8, seed=1, record="0" * 16,
    outputs=Outputs(video="http://x/v", thumbnail="http://x/t", spritesheet="http://x/s"),
)  # fmt: skip


class ScriptedServer:
    """A real HTTP server whose next answers a test writes: a status and bytes, or a function of the handler."""

    def __init__(self):
        outer = self
        self.answers, self.asked = [], []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()

            def do_POST(self):
                outer.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                answer = outer.answers.pop(0)
                if callable(answer):
                    answer(self)
                else:
                    self.send_response(answer[0])
                    self.end_headers()
                    self.wfile.write(answer[1])

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server():
    made = ScriptedServer()
    yield made
    made.close()


@pytest.fixture
def home(server):
    return open_home(":memory:", Options(text_model=server.origin, media_model=server.origin, clock=MovedClock()))


class Answers(list):
    """The function that takes answers; `failing` makes it raise."""

    failing = False

    def __call__(self, function, payload):
        assert function == "functions.generation.answer"
        if self.failing:
            raise ConnectionError("not now")
        self.append(payload)
        return {}


@pytest.fixture
def answers():
    return Answers()


def settle(home, answers, rounds=30):
    """Make calls and hand answers over until nothing changes, with time passing between."""
    for _ in range(rounds):
        while make_call(home.models.calls, home.media_model, lambda call_id: True) or hand_over(
            home.models.calls, answers
        ):
            pass
        home.clock.move(60)


def drip(handler):
    """Sends a byte now and then, so that no single wait is ever long."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.02)


def hang_up(handler):
    handler.connection.close()


def test_an_answer_is_given_at_once(home, server):
    server.answers = [(200, b'{"language": "en", "signals": []}')]

    assert home.services.models.ask(ASK) == {"language": "en", "signals": []}
    assert server.asked == [{"task": "screen_prompt", "text": "a kite over a lake", "context": []}]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((400, b'{"code": "invalid_request", "message": "no"}'), "invalid_request"),
        ((500, b'{"code": "model_fault", "message": "no"}'), "model_fault"),
        ((500, b"<html>"), "model_fault"),
        ((503, b""), "model_fault"),
        ((302, b"{}"), "model_fault"),
        ((200, b"not JSON"), "model_answer_invalid"),
        ((200, b""), "model_answer_invalid"),
        ((200, b"[1]"), "model_answer_invalid"),
        ((200, b"null"), "model_answer_invalid"),
        ((200, b"\xff"), "model_answer_invalid"),
    ],
)
def test_whatever_is_no_answer_is_a_fault(home, server, answer, code):
    server.answers = [answer]

    with pytest.raises(ModelFault) as caught:
        home.services.models.ask(ASK)
    assert caught.value.code == code


def test_the_time_limit_holds_for_the_whole_answer(server):
    server.answers = [drip]
    started = time.monotonic()

    with pytest.raises(ModelFault) as caught:
        ModelServer(server.origin).invoke(ASK, 0.5)

    assert caught.value.code == "model_timeout"
    assert time.monotonic() - started < 2


def test_an_answer_that_is_too_long_is_cut(server):
    server.answers = [(200, b"x" * 10_000)]

    with pytest.raises(ModelFault):
        ModelServer(server.origin, max_answer_bytes=1000).invoke(ASK, 5)


def test_asking_outlasts_a_server_that_is_just_starting_again(home, server):
    server.answers = [hang_up, hang_up, (200, b"{}")]

    assert home.services.models.ask(ASK) == {}


def test_a_server_that_stays_away_is_a_fault(home):
    nobody = QueuedModels(ModelServer("http://127.0.0.1:9"), home.models.calls, ask_seconds=0.6)

    with pytest.raises(ModelFault) as caught:
        nobody.ask(ASK)
    assert caught.value.code == "model_unreachable"


def test_a_proxy_of_the_environment_is_never_asked(home, server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.answers = [(200, b"{}")]

    assert home.services.models.ask(ASK) == {}


def test_a_submitted_call_is_made_once_and_its_answer_handed_over(home, server, answers):
    server.answers = [(200, b'{"task": "generate"}')]
    for _ in range(3):
        home.services.models.submit(MAKE, call_id="call_1")
    settle(home, answers)

    assert answers == [{"call_id": "call_1", "output": {"task": "generate"}, "error_code": None, "error_message": None}]
    assert len(server.asked) == 1


def test_calls_are_made_in_the_order_they_came(home, server, answers):
    server.answers = [(200, b"{}")] * 3
    for name in ("c", "a", "b"):
        home.services.models.submit(MAKE.model_copy(update={"job_id": name}), call_id=name)
    settle(home, answers)

    assert [asked["job_id"] for asked in server.asked] == ["c", "a", "b"]


def test_a_refusal_is_an_answer(home, server, answers):
    server.answers = [(400, b'{"code": "media_too_large", "message": "12 GB"}')]
    home.services.models.submit(MAKE, call_id="call_1")
    settle(home, answers)

    assert [(each["error_code"], each["error_message"]) for each in answers] == [("media_too_large", "12 GB")]


def test_a_call_whose_server_died_is_made_again(home, server, answers):
    server.answers = [hang_up, hang_up, (200, b"{}")]
    home.services.models.submit(MAKE, call_id="call_1")
    settle(home, answers)

    assert len(server.asked) == 3
    assert [each["output"] for each in answers] == [{}]


def test_a_server_that_dies_of_a_call_is_spared_in_the_end(home, server, answers):
    server.answers = [hang_up] * 9
    home.services.models.submit(MAKE, call_id="call_1")
    settle(home, answers)

    assert len(server.asked) == 5
    assert [each["error_code"] for each in answers] == ["model_unreachable"]


def test_an_answer_that_cannot_be_handed_over_is_kept(home, server, answers):
    server.answers = [(200, b"{}")]
    home.services.models.submit(MAKE, call_id="call_1")
    answers.failing = True
    settle(home, answers, rounds=3)
    answers.failing = False
    settle(home, answers)

    assert len(answers) == 1
    assert len(server.asked) == 1


def test_a_call_in_hand_when_the_worker_died_is_made_again(home, server, answers):
    home.services.models.submit(MAKE, call_id="call_1")
    assert home.models.calls.take().call_id == "call_1"
    settle(home, answers)
    assert server.asked == []

    server.answers = [(200, b"{}")]
    home.models.calls.recover()
    settle(home, answers)

    assert len(answers) == 1


def test_a_prompt_is_not_kept_once_the_answer_is_handed_over(home, server, answers):
    server.answers = [(200, b"{}")]
    home.services.models.submit(MAKE, call_id="call_1")
    settle(home, answers)

    with home.database.reading() as connection:
        assert "kite" not in str([tuple(row) for row in connection.execute("SELECT * FROM model_calls")])


def test_waiting_workflows_are_told_that_work_goes_on(home):
    for name in ("one", "two"):
        home.services.models.submit(MAKE, call_id=name)
    home.models.calls.take()
    told = []

    beat_all(home.models.calls, home.media_model, lambda call_id: told.append(call_id) or call_id != "two")

    assert told == ["one", "two"]
    assert home.models.calls.waiting() == ["one"]


def test_a_call_that_nobody_waits_for_costs_the_model_nothing(home, server, answers):
    home.services.models.submit(MAKE, call_id="one")

    assert make_call(home.models.calls, home.media_model, lambda call_id: False)
    settle(home, answers)

    assert (server.asked, answers, home.models.calls.waiting()) == ([], [], [])


def test_nobody_is_told_anything_while_the_server_is_away(home):
    home.services.models.submit(MAKE, call_id="one")
    told = []

    beat_all(home.models.calls, ModelServer("http://127.0.0.1:9"), lambda call_id: told.append(call_id) or True)

    assert told == []
    assert home.models.calls.waiting() == ["one"]
