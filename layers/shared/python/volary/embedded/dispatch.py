"""Makes the queued calls to the media server and hands their answers over, at least once.

A call outlives the model server and the worker: one that got no answer because either died is made again.
"""

from collections.abc import Callable

from events.bus import ModelAnswered
from volary.embedded.calls import Call, attempt
from volary.embedded.modelcalls import ModelCall, ModelCalls
from volary.embedded.models import UNREACHABLE, ModelServer
from volary.errors import ModelFault

ANSWER = "functions.generation.answer"
CALL_SECONDS = 3_600.0  # as long as a generation may take in generation.asl.json
# The media server was away for a moment, or the link was refused: worth another look, but not for long.
LINK_FAULTS = ("source_unreadable", "output_refused")
MAX_TRIES = {UNREACHABLE: 5} | dict.fromkeys(LINK_FAULTS, 3)
MAX_HAND_OVERS = 8
Beat = Callable[[str], bool]  # tells the workflow behind a call id that work goes on; False: nobody waits any more


def make_call(calls: ModelCalls, server: ModelServer, beat: Beat) -> bool:
    """Make the next call and keep its answer; returns whether there was one. It takes as long as the model does.

    A call that nobody waits for any more is dropped: a model's minutes are dear.
    """
    call = calls.take()
    if call is None:
        return False
    if not beat(call.call_id):
        calls.finish(call.call_id)
        return True
    try:
        output = server.invoke(call.request, CALL_SECONDS)
    except ModelFault as fault:
        _note_fault(calls, call, fault)
    else:
        calls.answered(ModelAnswered(call_id=call.call_id, output=output))
    return True


def _note_fault(calls: ModelCalls, call: ModelCall, fault: ModelFault) -> None:
    if call.tries < MAX_TRIES.get(fault.code, 0):
        calls.postpone(call.call_id, 2.0 ** (call.tries - 1))
    else:
        calls.answered(ModelAnswered(call_id=call.call_id, error_code=fault.code, error_message=fault.message))


def hand_over(calls: ModelCalls, call: Call) -> bool:
    """Give the next answer to its function; returns whether there was one.

    One that cannot be handed over is given up after eight tries: the workflow behind it ends by its time limit.
    """
    taken = calls.take_answer()
    if taken is None:
        return False
    call_id = taken.answer.call_id
    outcome = attempt(call, ANSWER, taken.answer.model_dump(mode="json"))
    if outcome.output is not None or taken.tries >= MAX_HAND_OVERS:
        calls.finish(call_id)
    else:
        calls.retry_answer(call_id, 2.0 ** (taken.tries - 1))
    return True


def beat_all(calls: ModelCalls, server: ModelServer, beat: Beat) -> None:
    """While the server lives, tell every waiting workflow so, and drop the calls that nobody waits for."""
    if not server.is_alive():
        return
    for call_id in calls.waiting():
        if not beat(call_id):
            calls.finish(call_id)
