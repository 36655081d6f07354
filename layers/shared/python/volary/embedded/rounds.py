"""Taking over a home's work, and doing all that is due in this thread, one thing after the other.

The worker of `volary up` does the same things at once, in several threads; tests and `volary generate` do them here.
"""

from volary.embedded import Home
from volary.embedded.calls import Call, attempt
from volary.embedded.dispatch import hand_over, make_call


def take_over(home: Home) -> None:
    """Before the only worker of a home begins: make everything that its predecessor had in hand due again."""
    home.bus.release()
    home.workflows.recover()
    home.models.calls.recover()


def run_due(home: Home, call: Call) -> int:
    """Relay, deliver, run tasks, pass time and hand answers over until nothing more is due now; returns the steps.

    It makes no call to the media server: see `run_models`.
    """
    steps = 0
    while True:
        moved = home.bus.relay(home.items) + home.workflows.tick() + _deliver(home, call) + _run_tasks(home, call)
        while hand_over(home.models.calls, call):
            moved += 1
        if not moved:
            return steps
        steps += moved


def run_models(home: Home, call: Call) -> int:
    """As `run_due`, with the media server's calls made, too, and waited for."""
    steps = run_due(home, call)
    while make_call(home.models.calls, home.media_model, lambda call_id: True):
        steps += 1 + run_due(home, call)
    return steps


def _deliver(home: Home, call: Call) -> int:
    deliveries = home.bus.claim()
    for delivery in deliveries:
        home.bus.settle(delivery, attempt(call, delivery.handler, delivery.event))
    return len(deliveries)


def _run_tasks(home: Home, call: Call) -> int:
    tasks = home.workflows.claim()
    for task in tasks:
        home.workflows.settle(task, attempt(call, task.function, task.payload))
    return len(tasks)
