"""What must hold after any storm, read from the stores and not from the code that wrote them."""

from volary.accounts import ANYONE
from volary.audit import first_break
from volary.ports import Range
from volary.stores.credits import Credits
from volary.videos import Video, may_serve, published_key

from tests.simulation.world import PEOPLE, World

Violation = str


def violations(world: World) -> list[Violation]:
    """Empty when all invariants hold; each line names the video and what is wrong with it."""
    found: list[Violation] = []
    for video in world.every_video():
        found += [
            f"{video.id}: {what}" for what in (*_ended(world, video), *_served(world, video), *_books(world, video))
        ]
    return found + _feed(world) + _money(world) + [f"dead letter {d}" for d in world.home.bus.dead_letters()]


def _ended(world: World, video: Video) -> list[str]:
    wrong = []
    if not video.has_ended:
        wrong.append(f"accepted but still {video.status}/{video.stage}")
    if video.status == "failed" and video.failure is None:
        wrong.append("failed without a reason")
    return wrong


def _served(world: World, video: Video) -> list[str]:
    """What anybody may see was made, marked, passed, signed, and is the very file that was signed."""
    if not any(may_serve(video, viewer) for viewer in (*PEOPLE, ANYONE)):
        return _gone(world, video)
    wrong = []
    if video.gate != "pass" or video.signature is None or video.made is None:
        wrong.append(f"served with gate {video.gate}, signature {video.signature}")
    if world.home.blobs.facts("videos", published_key(video, "video")) is None:
        wrong.append("served without a file")
    screened = {s.what: s.verdict for s in world.videos.screenings(video.id)}
    reviewed = any(e.action == "review: release" for e in world.videos.audit(video.id))
    if "block" in screened.values() or ("hold" in screened.values() and not reviewed):
        wrong.append(f"served although screened {screened}")
    return wrong


def _gone(world: World, video: Video) -> list[str]:
    left = world.home.blobs.facts("videos", published_key(video, "video"))
    return ["deleted but its file is still there"] if video.deleted_at is not None and left else []


def _books(world: World, video: Video) -> list[str]:
    """One charge at most, one audit entry for every change, and the chain unbroken."""
    wrong = []
    movements = Credits(world.home.items).movements(video.id)
    settled = [m.target for m in movements if m.id.startswith("settle:")]
    if len(movements) != 2 or len(settled) != 1:
        wrong.append(f"{len(movements)} movements, {len(settled)} of them final")
    elif (settled == ["house"]) != (video.status == "completed"):
        wrong.append(f"{video.status} but credits went to {settled[0]}")
    entries = world.videos.audit(video.id)
    broken = first_break(entries, video.audit_head)
    if len(entries) != video.version or broken is not None:
        wrong.append(f"version {video.version}, {len(entries)} audit entries, break at {broken}")
    return wrong


def _feed(world: World) -> list[Violation]:
    return [f"{v.id}: in the feed but not public" for v in world.videos.public(Range(limit=100)) if not v.is_public]


def _money(world: World) -> list[Violation]:
    """No hold is left over: what is not free was spent."""
    book = Credits(world.home.items)
    left = {v.id: book.balance(f"hold:{v.id}") for v in world.every_video()}
    return [f"{video_id}: {amount} credits still held" for video_id, amount in left.items() if amount]
