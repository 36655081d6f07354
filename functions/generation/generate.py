"""Send an accepted job to the generator, with the likenesses lent for it; the answer comes to `answer`.

Lending is a condition of the transaction that notes the call: a consent that moved since it was judged fails it, and
the workflow asks anew. What is lent is taken back by `functions.events.return_loans`, however the job goes on.
"""

from volary import vault
from volary.consent import Cast, recast
from volary.entrypoint import entrypoint
from volary.errors import ConsentWithdrawn, PersonBlocked
from volary.generation import progress
from volary.likeness import PERSON_BLOCKED, Refusal
from volary.ports import Services
from volary.stores.videos import Call
from volary.vault_loans import Loan, loan_write
from volary.videos import Video, enter

from events.inference import Generate, LikenessReference
from events.workflow import GenerationState, WaitingTask
from functions.generation.calls import note, outputs, source_link
from functions.generation.steps import seconds, videos_of
from functions.videos.progress import fraction_of


def generate(task: WaitingTask, services: Services) -> GenerationState:
    """Raises ConsentWithdrawn, PersonBlocked or KeyNotReleased where somebody may not be drawn now: the job ends so."""
    video = videos_of(services).get(task.state.video_id)
    shown = _shown(video, services)
    call = Call(call_id=services.ids.new("call"), video_id=video.id, token=task.token, state=task.state)
    # A second attempt starts over, but what the person was shown must not go back.
    floor = progress(video, fraction_of(video, services))
    fresh = enter(video, "generating").model_copy(update={"call_id": call.call_id, "progress_floor": floor})
    loans = [Loan(likeness_id=each, video_id=video.id, call_id=call.call_id, at=seconds(services))
             for each in video.drawn]  # fmt: skip
    note(call, "generate", fresh, services, [*map(loan_write, loans), *shown.checks])
    lent = tuple(vault.lend(loan, services) for loan in loans)
    services.models.submit(request(fresh, lent, services), call_id=call.call_id, token=task.token)
    return task.state


def request(video: Video, lent: tuple[LikenessReference, ...], services: Services) -> Generate:
    return Generate(
        job_id=video.id,
        prompt=video.prompt,
        negative_prompt=video.negative_prompt,
        style=video.style,
        seconds=video.seconds,
        width=video.width,
        height=video.height,
        seed=video.seed,
        record=video.record,
        source=source_link(video.source, services) if video.source else None,
        likenesses=lent,
        outputs=outputs(video.id, video.call_id or "", services),
    )


def _shown(video: Video, services: Services) -> Cast:
    shown = recast(video, services)
    if isinstance(shown, Refusal):
        fault = PersonBlocked if shown.code == PERSON_BLOCKED else ConsentWithdrawn
        raise fault(f"video {video.id}: {shown.message}")
    return shown


lambda_handler = entrypoint(generate)
