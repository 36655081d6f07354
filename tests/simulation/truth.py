"""What people asked for, kept apart from the product's code: who is in which clip, and what was taken back when.

It hears of every commit in order and decides by its own simple rules what may be served; it reads no consent version.
"""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Taken:
    """One withdrawal: everything that was made before `serial` and fits."""

    serial: int
    likeness_id: str
    scope: str
    value: str


@dataclass
class Clip:
    video_id: str
    maker: str
    purpose: str
    at: int
    parent: "Clip | None"
    people: dict[str, int]  # and the serial at which each came into it
    says_name: bool = False  # whether its own words name the person of the block list; gone once it is deleted

    def line(self, likeness_id: str) -> "list[Clip]":
        """The clip and what it descends from, as far as the person is in it without a gap."""
        found: list[Clip] = []
        clip: Clip | None = self
        while clip is not None and likeness_id in clip.people:
            found.append(clip)
            clip = clip.parent
        return found


@dataclass
class Truth:
    owners: dict[str, str]
    clips: dict[str, Clip] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    ends: dict[str, int | None] = field(default_factory=dict)
    denied: dict[str, set[str]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    is_listed: bool = False  # somebody is on the block list now
    serial: int = 0

    def copy(self) -> "Truth":
        """The same, to go another way from here; nobody changes a clip's parent or maker."""
        clips: dict[str, Clip] = {}
        for video_id, clip in self.clips.items():  # parents were accepted before their children
            parent = clips[clip.parent.video_id] if clip.parent else None
            clips[video_id] = replace(clip, parent=parent, people=dict(clip.people))
        denied = {likeness_id: set(people) for likeness_id, people in self.denied.items()}
        return replace(
            self, clips=clips, taken=list(self.taken), ends=dict(self.ends), denied=denied, closed=set(self.closed)
        )

    def next(self) -> int:
        self.serial += 1
        return self.serial

    def take(self, likeness_id: str, scope: str, value: str) -> None:
        self.taken.append(Taken(self.next(), likeness_id, scope, value))
        if scope == "all":
            self.closed.add(likeness_id)
        if scope == "person":
            self.denied.setdefault(likeness_id, set()).add(value)

    def grant(self, likeness_id: str, expires_at: int | None, now: int) -> None:
        """A grant to everybody; an end that had come takes back what was made before it."""
        end = self.ends.get(likeness_id)
        if end is not None and now >= end:
            self.taken.append(Taken(self.next(), likeness_id, "all", ""))
        self.ends[likeness_id] = expires_at
        self.denied[likeness_id] = set()

    def reopen(self, likeness_id: str) -> None:
        self.closed.discard(likeness_id)
        self.ends[likeness_id] = None
        self.denied[likeness_id] = set()

    def may_not_ask(self, likeness_id: str, maker: str, now: int) -> bool:
        """Whether a job of this maker must not be accepted at this moment."""
        end = self.ends.get(likeness_id)
        is_over = likeness_id in self.closed or (end is not None and now >= end)
        return is_over or (maker != self.owners[likeness_id] and maker in self.denied.get(likeness_id, ()))

    def is_barred(self, clip: Clip) -> bool:
        """Whether the clip must not be accepted, drawn or published for what it, or what it builds on, says."""
        above: Clip | None = clip
        while above is not None and not above.says_name:
            above = above.parent
        return above is not None and self.is_listed

    def is_covered(self, clip: Clip, now: int) -> bool:
        """Whether the clip must be served to nobody."""
        return any(self._covers(likeness_id, clip, now) for likeness_id in clip.people)

    def was_taken(self, clip: Clip) -> bool:
        """The same without the ends of consents, which no cascade follows."""
        return any(self._is_taken(likeness_id, clip) for likeness_id in clip.people)

    def _covers(self, likeness_id: str, clip: Clip, now: int) -> bool:
        end = self.ends.get(likeness_id)
        return likeness_id in self.closed or (end is not None and now >= end) or self._is_taken(likeness_id, clip)

    def _is_taken(self, likeness_id: str, clip: Clip) -> bool:
        line = clip.line(likeness_id)
        return any(
            _fits(taken, each, likeness_id) for taken in self.taken if taken.likeness_id == likeness_id for each in line
        )


def _fits(taken: Taken, clip: Clip, likeness_id: str) -> bool:
    if clip.people[likeness_id] > taken.serial:
        return False
    if taken.scope == "since":
        return clip.at >= int(taken.value)
    named = {"all": "", "person": clip.maker, "clip": clip.video_id, "purpose": clip.purpose}
    return named[taken.scope] == taken.value
