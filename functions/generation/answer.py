"""Take a media server's late answer, note what it says of the clip, and wake the workflow that waits for it.

Answers come at least once and in any order: the call's own record says whether it was answered before, and an
answer to a call that a retry has replaced wakes nobody.
"""

from volary.banks import signals as bank_signals
from volary.entrypoint import entrypoint
from volary.errors import Absent
from volary.moderation import decide, is_complete, limits, shipped_policy
from volary.ports import Services, Write
from volary.remix import world
from volary.stores.banks import Banks
from volary.stores.likenesses import Likenesses
from volary.stores.pace import Pace
from volary.stores.reviews import Reviews
from volary.stores.videos import Call, Screening, outbox
from volary.vault_index import forget_snapshot
from volary.videos import Video, limited

from events.bus import Done, ModelAnswered, VideoGenerated
from events.inference import Generated, MediaScreened
from events.moderation import Category, Stage
from events.workflow import GenerationState
from functions.generation.recognised import recognised
from functions.generation.steps import (
    audience,
    changed,
    failed,
    is_refusal,
    judged,
    screening_of,
    seconds,
    videos_of,
)
from functions.likenesses.judge import judge

AUDIO_TOLERANCE = 0.5  # a clip whose sound is shorter than its picture by more than this has lost it


def answer(event: ModelAnswered, services: Services) -> Done:
    call = videos_of(services).call(event.call_id)
    if call is None:
        return _captured(event, services)
    if call.index_id:
        forget_snapshot(call.index_id, services)
    if event.error_code and not is_refusal(event.error_code):
        _wake_to_fail(call, event, services)
        return Done()
    state = call.answered or _note(call, event, services)
    if state:
        _wake(call, state, services)
    return Done()


def _captured(event: ModelAnswered, services: Services) -> Done:
    """The answer may be that to a capture, which no workflow waits for."""
    likeness_id = Likenesses(services.items).captured(event.call_id)
    if likeness_id is not None:
        judge(event, likeness_id, services)
    return Done()


def _note(call: Call, event: ModelAnswered, services: Services) -> GenerationState | None:
    """Write the answer on the clip's record; None when the clip has ended meanwhile."""
    video = videos_of(services).get(call.video_id)
    replaced = (event.output or {}).get("task") == "generate" and video.call_id != call.call_id
    if video.has_ended or replaced:
        return None
    after, state, screening, more = _read(video, call, event, services)
    store, now = videos_of(services), seconds(services)
    answered = call.model_copy(update={"answered": state})
    more.append(store.call_write(answered, now))
    if screening:
        more.append(store.screening_write(video.id, screening))
    if (event.output or {}).get("task") == "generate" and video.drawn:
        more.append(_generation_ended(call, services))
    changed(after, f"answered {call.call_id}", services, more=more)
    return state


def _generation_ended(call: Call, services: Services) -> Write:
    told = f"{call.call_id}.generated"
    return outbox(VideoGenerated(event_id=told, at=services.clock.now(), video_id=call.video_id))


def _read(
    video: Video, call: Call, event: ModelAnswered, services: Services
) -> tuple[Video, GenerationState, Screening | None, list[Write]]:
    """What the answer means: the clip and the state after it, a screening where it was one, and what else to write."""
    if event.error_code:
        return video, failed(call.state, event.error_code), None, []
    output = event.output or {}
    if output.get("task") == "generate":
        made = Generated.model_validate(output)
        return _generated(video, made, call, services), _generated_state(made, call.state), None, []
    screened = MediaScreened.model_validate(output)
    return _screened(video, screened, call, services)


def _generated(video: Video, made: Generated, call: Call, services: Services) -> Video:
    spent = made.timings
    work = spent.text + spent.denoise + spent.decode + spent.mark + spent.encode
    Pace(services.items).note(work, made.media.seconds)
    return video.model_copy(
        update={
            "made": made.media,
            "model": made.model,
            "mark_algorithm": made.mark_algorithm,
            "not_rendered": made.not_rendered,
            "warnings": made.warnings,
        }
    )


def _generated_state(made: Generated, state: GenerationState) -> GenerationState:
    """A clip without its sound is no success."""
    silent = made.media.audio_seconds < made.media.seconds - AUDIO_TOLERANCE
    return failed(state, "silent") if silent else state


def _screened(
    video: Video, screened: MediaScreened, call: Call, services: Services
) -> tuple[Video, GenerationState, Screening, list[Write]]:
    policy = shipped_policy()
    is_upload = video.made is None
    stages: tuple[Stage, ...] = ("frames", "writing", "sound")
    seen = recognised(video, screened, call.index_id, services)
    complete = screened.frames_seen > 0 and seen.is_complete and is_complete(screened.signals, policy, stages)
    known = bank_signals(screened.frame_hashes, Banks(services.items).entries()) if screened.frame_hashes else ()
    origin = world(video, videos_of(services), policy)
    told = (*seen.signals, *known)
    decision = decide(told, policy, complete=complete, audience=audience(video, services), world=origin)
    state = judged(call.state, decision)
    if state.failure == "moderation_blocked" and decision.category is Category.LIKENESS:
        state = failed(state, "likeness_unconsented")
    if video.made and screened.media.sha256 != video.made.sha256:
        state = failed(state, "internal_error")  # other bytes were judged than those that would be signed
    elif video.made and screened.mark.payload != video.record:
        state = failed(state, "unmarked")
    screening = screening_of("upload" if is_upload else "media", decision, seconds(services))
    signals = (*screened.signals, *seen.strange, *known)
    heard = {"transcript": screened.transcript, "lines": screened.lines}
    detail = {"signals": signals, "frame_hashes": screened.frame_hashes, **heard}
    after = video.model_copy(update={"gate": state.gate, "people": (*video.people, *seen.joined)})
    after = limited(after, limits(told, policy))
    writes = seen.writes(video.id)
    if is_upload:  # so that a takedown finds what was made from a copy of the clip
        writes += Reviews(services.items).copy_writes(video.id, screened.media.sha256, screened.mark.payload)
    return after, state, screening.model_copy(update=detail), writes


def _wake(call: Call, state: GenerationState, services: Services) -> None:
    try:
        services.workflows.succeed(call.token, state.model_dump(mode="json", by_alias=True))
    except Absent:
        return  # a duplicate, or the workflow gave up on this call


def _wake_to_fail(call: Call, event: ModelAnswered, services: Services) -> None:
    try:
        services.workflows.fail(call.token, "ModelFault", f"{event.error_code}: {event.error_message}"[:256])
    except Absent:
        return


lambda_handler = entrypoint(answer)
