"""Judge a job's words before anything is made from them; what was seen is kept for reviewers."""

from volary.entrypoint import entrypoint
from volary.moderation import decide, is_complete, limits, shipped_policy
from volary.ports import Services
from volary.remix import prompts_above
from volary.videos import Video, limited

from events.inference import PromptScreened, ScreenPrompt
from events.workflow import GenerationState
from functions.generation.steps import audience, failed, judged, moved, screening_of, seconds, videos_of


def screen_prompt(state: GenerationState, services: Services) -> GenerationState:
    video = videos_of(services).get(state.video_id)
    if video.has_ended:
        return failed(state, "internal_error")
    answer = PromptScreened.model_validate(services.models.ask(question(video, services)))
    policy = shipped_policy()
    complete = is_complete(answer.signals, policy, ["prompt"])
    decision = decide(answer.signals, policy, complete=complete, audience=audience(video, services))
    screening = screening_of("prompt", decision, seconds(services)).model_copy(update={"signals": answer.signals})
    kept = limited(video, limits(answer.signals, policy))
    moved(kept, "screening_prompt", services, [videos_of(services).screening_write(video.id, screening)])
    return judged(state, decision)


def question(video: Video, services: Services) -> ScreenPrompt:
    """The words with those of the clips they build on: meaning may be split over remixes."""
    words = "\n".join(filter(None, [video.prompt, video.negative_prompt]))
    return ScreenPrompt(text=words, context=prompts_above(video, videos_of(services)))


lambda_handler = entrypoint(screen_prompt)
