"""What we say about a clip's origin: the C2PA manifest definition, built from the clip's record. Pure, no c2pa here.

Follows C2PA 2.4 with the conformance programme 0.2. An original is `c2pa.created` by a trained model; a remix, edit or
extension opens its parent and edits it; a reference goes into what is created. What is said of people stays out: no
owner, and no prompt unless the clip is public. The mark's `alg` is our own name: it is NOT on C2PA's list of soft
binding algorithms yet. c2pa-rs stores a soft binding's value as text where the specification asks for bytes.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from volary.errors import Conflict
from volary.likeness import Standing
from volary.videos import FILES, Rendition, SourceClip, Video

AI_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
MARK = "org.volary.mark.1"
GENERATION = "org.volary.generation"
CONSENT = "org.volary.consent"
SPECIFICATION = "2.4.0"
GENERATOR = {"name": "Volary", "version": "0.1.0", "specVersion": SPECIFICATION}
SOURCE = "source"  # the name by which an action points at the one ingredient
_DONE = {
    "remix": "A model made the picture and sound anew from the opened clip and a prompt",
    "edit": "A model changed the opened clip as a prompt asked",
    "extend": "A model continued the opened clip as a prompt asked",
}
_TRAINING = ("cawg.ai_training", "cawg.ai_generative_training", "cawg.ai_inference", "cawg.data_mining")

Definition = dict[str, Any]  # JSON, as c2pa's Builder takes it


class Statement(NamedTuple):
    """What is said beyond the record: which file it is, whether a person approved it, and whose consent stands."""

    rendition: Rendition = "video"
    human_validated: bool = False
    consent: Mapping[str, Any] | None = None


def definition(video: Video, statement: Statement = Statement()) -> Definition:
    """The manifest of one finished file; raises Conflict for a clip that was not made yet."""
    if video.made is None or video.model is None:
        raise Conflict(f"video {video.id} was not made yet: there is nothing to state about it")
    name, content_type = FILES[statement.rendition]
    return {
        "claim_version": 2,
        "title": f"{video.id}/{name}",
        "format": content_type,
        "claim_generator_info": [GENERATOR],
        "assertions": [_created(label, data) for label, data in _assertions(video, statement).items()],
    }


def consent_statement(video: Video, standing: Standing, public_url: str) -> Definition | None:
    """Whose consent the clip rests on, by receipt, and where to ask whether it stands; None where it shows nobody.

    It names likenesses and receipts, which are random ids, and no person. `public_url` is the home's origin.
    """
    if not video.people:
        return None
    found = [standing.consents[each.likeness_id] for each in video.people if each.likeness_id in standing.consents]
    return {
        "likenesses": [
            {
                "likeness": consent.likeness_id,
                "receipt": consent.receipt_id,
                "consent_version": consent.version,
                "text_sha256": consent.text_sha256,
                "status": f"{public_url}/v1/receipts/{consent.receipt_id}",
            }
            for consent in found
        ]
    }


def ingredient(source: SourceClip) -> Definition:
    """The ingredient that a clip's source is: the parent it opens, or an input to what it creates."""
    opened = source.use != "reference"
    return {
        "title": source.video_id or f"uploaded {source.media}",
        "relationship": "parentOf" if opened else "inputTo",
        "instance_id": SOURCE,
        "label": SOURCE,
    }


def _created(label: str, data: Definition) -> Definition:
    # `created` puts it under the signer's own responsibility; without it the claim lists it as merely gathered.
    return {"label": label, "created": True, "data": data}


def _assertions(video: Video, statement: Statement) -> dict[str, Definition]:
    assertions = {
        "c2pa.actions.v2": {"actions": _actions(video, statement.rendition), "allActionsIncluded": True},
        "c2pa.ai-disclosure": _disclosure(video, statement.human_validated),
        "cawg.training-mining": {"entries": {use: {"use": "notAllowed"} for use in _TRAINING}},
        GENERATION: _generation(video, statement.rendition),
    }
    if statement.rendition == "video":
        assertions["c2pa.soft-binding"] = _soft_binding(video)
    if statement.consent is not None:
        assertions[CONSENT] = dict(statement.consent)
    return assertions


def _actions(video: Video, rendition: Rendition) -> list[Definition]:
    # A still carries no readable mark, and it is a new picture rather than an edit of the parent.
    if rendition != "video":
        return [_creation(video)]
    marked = {"action": "c2pa.watermarked.bound", "description": f"Invisible mark {MARK} in picture and sound"}
    if video.source is None:
        return [_creation(video), marked]
    used = {"parameters": {"ingredientIds": [SOURCE]}}
    if video.source.use == "reference":
        return [_creation(video) | used, marked]
    edited = {
        "action": "c2pa.edited",
        "digitalSourceType": AI_MEDIA,
        "description": _DONE[video.source.use],
        "softwareAgent": {"name": video.model},
    }
    return [{"action": "c2pa.opened"} | used, edited, marked]


def _creation(video: Video) -> Definition:
    return {"action": "c2pa.created", "digitalSourceType": AI_MEDIA, "softwareAgent": {"name": video.model}}


def _soft_binding(video: Video) -> Definition:
    whole = {"timespan": {"start": 0, "end": round(video.made.seconds * 1000) if video.made else 0}}
    return {"alg": MARK, "pad": [], "blocks": [{"scope": whole, "value": video.record}]}


def _disclosure(video: Video, human_validated: bool) -> Definition:
    oversight = "human_validated" if human_validated else "prompt_guided"
    return {
        "modelType": "c2pa.types.model",
        "modelName": video.model,
        "contentProfile": {"humanOversightLevel": oversight},
    }


def _generation(video: Video, rendition: Rendition) -> Definition:
    """Our own assertion: binds the job, and the very bytes that were screened before they were signed."""
    facts = {
        "video_id": video.id,
        "rendition": rendition,
        "model": video.model,
        "mark": video.mark_algorithm,
        "record": video.record,
        "screened_sha256": video.made.sha256 if video.made else None,
    }
    return facts | ({"prompt": video.prompt} if video.visibility == "public" else {})
