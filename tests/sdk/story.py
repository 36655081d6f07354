"""Drives the API with one official Python client, unchanged, and prints what it was told as one line of JSON.

It runs in a process of its own whose path begins with that client's folder; it imports nothing of ours. Where an old
client lacks a method it makes the same call with the client's own generic `post`, as its users do.
"""

import hashlib
import json
import sys
import time
import urllib.request
from base64 import b64decode, b64encode
from pathlib import Path

import openai
from openai.types import Video

task = json.loads(sys.argv[1])
media, out = Path(task["media"]), Path(task["out"])
client = openai.OpenAI(api_key=task["token"], base_url=task["base_url"])
stranger = openai.OpenAI(api_key=task["stranger"], base_url=task["base_url"])
told: dict = {}


def dumped(resource) -> dict:
    return json.loads(resource.model_dump_json())


def queued(video: Video) -> dict:
    """The answer to a request whose clip nobody waits for: it is deleted again, so that the queue stays short."""
    answer = dumped(video)
    answer["deleted"] = client.videos.delete(video.id).deleted
    return answer


def refused(act) -> dict:
    try:
        answer = act()
    except openai.APIStatusError as error:
        body = error.body if isinstance(error.body, dict) else {}
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "param": error.param,
            "type": error.type,
            "message": body.get("message"),
            "request_id": error.request_id,
            "retries": int(error.response.request.headers.get("x-stainless-retry-count", "0")),
        }
    return {"class": None, "answer": str(answer)[:200]}


def post(path: str, body: dict) -> Video:
    return client.post(path, cast_to=Video, body=body)


def making() -> None:
    asked = client.videos.create(prompt="a fox in the snow", seconds="8", size="1280x720", extra_body={"seed": 7})
    told["created"] = dumped(asked)
    raw = client.videos.with_raw_response.retrieve(asked.id)
    told["poll_after_ms"] = raw.headers.get("openai-poll-after-ms")
    told["made"] = dumped(client.videos.poll(asked.id))
    told["retrieved"] = dumped(client.videos.retrieve(asked.id))


def downloading(video_id: str) -> None:
    for variant in ("video", "thumbnail", "spritesheet"):
        content = client.videos.download_content(video_id, variant=variant)
        data = content.read()
        told[f"download_{variant}"] = {
            "content_type": content.response.headers["content-type"],
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": len(data),
            "head": data[:12].hex(),
            "redirects": [each.status_code for each in content.response.history],
            "sent_authorization": "authorization" in content.response.request.headers,
            "other_origin": content.response.url.port != client.base_url.port,
        }
        content.write_to_file(out / variant)
        if variant == "video":
            (out / "ours.mp4").write_bytes(data)


def building_on(video_id: str) -> None:
    told["remixed"] = queued(client.videos.remix(video_id, prompt="at night"))
    told["edited"] = queued(post("/videos/edits", {"prompt": "in rain", "video": {"id": video_id}}))
    extension = {"prompt": "it sleeps", "seconds": "4", "video": {"id": video_id}}
    told["extended"] = queued(post("/videos/extensions", extension))
    if hasattr(client.videos, "edit"):
        bracketed = {"video": {"id": video_id}}
        told["edited_form"] = queued(client.videos.edit(prompt="fog", video=openai.omit, extra_body=bracketed))
        with (media / "clip.mp4").open("rb") as clip:
            told["edited_file"] = queued(client.videos.edit(prompt="in rain", video=clip))
        with (media / "clip.mp4").open("rb") as clip:
            told["extended_file"] = queued(client.videos.extend(prompt="more", seconds="8", video=clip))
        with (media / "clip.mp4").open("rb") as clip:
            character = client.videos.create_character(name="Mossy", video=clip)
        told["character"] = dumped(character)
        told["character_again"] = dumped(client.videos.get_character(character.id))


def referring() -> None:
    picture = (media / "picture.png").read_bytes()
    with (media / "picture.png").open("rb") as file:
        told["from_file"] = dumped(client.videos.create_and_poll(prompt="it moves", input_reference=file))
    url = f"data:image/png;base64,{b64encode(picture).decode()}"
    told["from_url"] = queued(post("/videos", {"prompt": "it moves", "input_reference": {"image_url": url}}))
    stored = client.files.create(file=("picture.png", picture), purpose="vision")
    told["file"] = dumped(stored)
    told["file_again"] = dumped(client.files.retrieve(stored.id))
    told["files"] = [each.id for each in client.files.list()]
    reference = {"input_reference": {"file_id": stored.id}}
    told["from_id"] = queued(client.videos.create(prompt="it moves", extra_body=reference))
    told["file_deleted"] = dumped(client.files.delete(stored.id))


def uploading() -> None:
    clip = (media / "clip.mp4").read_bytes()
    half = len(clip) // 2
    asked = {"bytes": len(clip), "filename": "clip.mp4", "mime_type": "video/mp4", "purpose": "user_data"}
    upload = client.uploads.create(**asked)
    parts = [client.uploads.parts.create(upload.id, data=data).id for data in (clip[:half], clip[half:])]
    whole = client.uploads.complete(upload.id, part_ids=parts, md5=hashlib.md5(clip).hexdigest())
    told["upload"] = {"pending": dumped(upload), "done": dumped(whole)}
    told["upload_used"] = queued(
        post("/videos", {"prompt": "it goes on", "input_reference": {"file_id": whole.file.id}})
    )
    told["upload_cancelled"] = dumped(client.uploads.cancel(client.uploads.create(**asked).id))


def listing() -> None:
    more = [client.videos.create(prompt=f"number {number}").id for number in range(3)]
    page = client.videos.list(limit=2)
    told["page"] = {"ids": [each.id for each in page.data], "has_more": page.has_next_page()}
    told["newest_first"] = [each.id for each in client.videos.list(limit=2)]
    told["oldest_first"] = [each.id for each in client.videos.list(limit=3, order="asc")]
    for each in more:
        client.videos.delete(each)


def deleting() -> None:
    seen = client.videos.create(prompt="never seen")
    told["deleted"] = {"id": seen.id, "answer": dumped(client.videos.delete(seen.id))}
    told["deleted_again"] = refused(lambda: client.videos.retrieve(seen.id))


def failing(video_id: str) -> None:
    videos = client.videos
    told["blocked"] = dumped(videos.create_and_poll(prompt=task["blocked_text"]))
    told["errors"] = {
        "empty": refused(lambda: videos.create(prompt="")),
        "long": refused(lambda: videos.create(prompt="x" * 32_001)),
        "model": refused(lambda: videos.create(prompt="x", model="dall-e-9")),
        "size": refused(lambda: videos.create(prompt="x", size="1920x1080")),
        "seconds": refused(lambda: videos.create(prompt="x", seconds=7)),
        "unknown": refused(lambda: videos.retrieve("video_unknown")),
        "foreign": refused(lambda: stranger.videos.retrieve(video_id)),
        "foreign_source": refused(lambda: stranger.videos.remix(video_id, prompt="x")),
        "foreign_delete": refused(lambda: stranger.videos.delete(video_id)),
        "token": refused(lambda: client.with_options(api_key="wrong").videos.list()),
        "variant": refused(lambda: videos.download_content(video_id, variant="gif")),
        "cut": refused(lambda: sent("cut.mp4")),
        "disguised": refused(lambda: sent("disguised.png")),
        "large": refused(lambda: sent("large.mp4")),
        "url": refused(
            lambda: post("/videos", {"prompt": "x", "input_reference": {"image_url": "https://example.com/a.png"}})
        ),
    }
    waiting = videos.create(prompt="not ready")
    told["errors"]["not_ready"] = refused(lambda: videos.download_content(waiting.id))
    videos.delete(waiting.id)


def sent(name: str) -> Video:
    with (media / name).open("rb") as file:
        return client.videos.create(prompt="x", input_reference=file)


def retrying() -> None:
    def mine() -> set[str]:
        return {each.id for each in client.videos.list(limit=100)}

    before = mine()
    lost = {"x-lose-first-answer": "1"}
    once = client.videos.create(prompt="sent twice, made once", extra_headers=lost)
    told["retried"] = {"id": once.id, "made": sorted(mine() - before)}
    client.videos.delete(once.id)
    keyed = {"Idempotency-Key": "story-1"}
    one = client.videos.create(prompt="by key", extra_headers=keyed)
    other = client.videos.create(prompt="by key", extra_headers=keyed)
    told["keyed"] = [one.id, other.id]
    client.videos.delete(one.id)
    told["key_reused"] = refused(lambda: client.videos.create(prompt="another", extra_headers=keyed))


def neighbours() -> None:
    told["models"] = [each.id for each in client.models.list()]
    told["model"] = dumped(client.models.retrieve("sora-2"))
    told["model_unknown"] = refused(lambda: client.models.retrieve("dall-e-9"))
    told["moderation"] = dumped(client.moderations.create(input=["a fox", task["blocked_text"]]))


def hearing() -> None:
    asked = {"name": "story", "url": task["receiver"], "event_types": ["video.completed", "video.failed"]}
    if hasattr(client.webhooks, "create"):
        endpoint = dumped(client.webhooks.create(**asked))
        # The client keeps the secret out of what it prints, not out of what it holds.
        told["tested"] = dumped(client.webhooks.test(endpoint["id"], event_type="video.completed"))
        rotated = client.webhooks.rotate_secret(endpoint["id"], keep_old_secret_active_for_24_hours=True)
        told["rotated"] = rotated.signing_secret != endpoint["signing_secret"]
        told["endpoint_renamed"] = dumped(client.webhooks.update(endpoint["id"], name="renamed"))
        told["endpoints"] = [each.id for each in client.webhooks.list()]
        told["event_types"] = dumped(client.webhooks.event_types.list())
    else:
        endpoint = client.post("/webhook_endpoints", cast_to=object, body=asked)
    told["endpoint"] = {name: value for name, value in endpoint.items() if name != "signing_secret"}
    video = client.videos.create_and_poll(prompt="tell me")
    told["heard_of"] = video.id
    told["heard"] = []
    for delivery in received(video.id):
        body = b64decode(delivery["body"])
        event = client.webhooks.unwrap(body, delivery["headers"], secret=endpoint["signing_secret"])
        told["heard"].append({"type": event.type, "id": event.data.id, "object": event.object, "event": event.id})
        told["forged"] = unwraps(body + b" ", delivery["headers"], endpoint["signing_secret"])


def received(video_id: str) -> list:
    for _ in range(100):
        with urllib.request.urlopen(task["receiver"]) as answer:
            found = [each for each in json.load(answer) if video_id in b64decode(each["body"]).decode()]
        if found:
            return found
        time.sleep(0.1)
    return []


def unwraps(body: bytes, headers: dict, secret: str) -> bool:
    try:
        client.webhooks.unwrap(body, headers, secret=secret)
    except openai.InvalidWebhookSignatureError:
        return False
    return True


making()
downloading(told["made"]["id"])
building_on(told["made"]["id"])
referring()
uploading()
listing()
deleting()
failing(told["made"]["id"])
retrying()
neighbours()
hearing()
print(json.dumps(told))
