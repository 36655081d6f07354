"""Files that people bring, the uploads they arrive by, and the characters made from them, above `Items`.

The bytes lie in bucket uploads, undecoded; these are the records of what was claimed about them.
"""

from typing import Literal

from events.shapes import Shape
from volary.errors import Absent, Conflict, Invalid
from volary.ports import EXPIRES, NEW, Delete, Items, Key, Put, Range, When

UPLOAD_SECONDS = 3_600
MOST_PARTS = 100


class StoredFile(Shape):
    """A whole file; `content_type` is what its signature says, or what a direct upload declared."""

    id: str
    owner_id: str
    filename: str
    purpose: str
    content_type: str
    size_bytes: int
    upload_key: str
    created_at: int


class Part(Shape):
    id: str
    upload_id: str
    upload_key: str
    size_bytes: int
    created_at: int


class Upload(Shape):
    """A file on its way, in parts or by one form; it must have `size_bytes` in the end."""

    id: str
    owner_id: str
    filename: str
    purpose: str
    content_type: str
    size_bytes: int
    upload_key: str
    status: Literal["pending", "completed", "cancelled"] = "pending"
    file_id: str | None = None
    created_at: int

    @property
    def expires_at(self) -> int:
        return self.created_at + UPLOAD_SECONDS


class Character(Shape):
    """A thing or being that clips may show again. Until consent is proved it cannot be used in any clip."""

    id: str
    owner_id: str
    name: str
    upload_key: str
    state: Literal["pending_consent"] = "pending_consent"
    created_at: int


class Files:
    """FILES#owner/FILE#id, UPLOAD#id, CHARACTER#id · UPLOAD#id/PART#id. Another's record is Absent."""

    def __init__(self, items: Items) -> None:
        self._items = items

    def add(self, file: StoredFile) -> None:
        index = {"gsi1pk": f"FILES#{file.owner_id}", "gsi1sk": position(file)}
        self._items.write(Put({**_place(file.owner_id, "FILE", file.id), **index, **file.model_dump(mode="json")}))

    def get(self, owner_id: str, file_id: str, param: str | None = None) -> StoredFile:
        item = self._items.get(_key(owner_id, "FILE", file_id))
        if item is None:
            raise Absent(f"there is no file {file_id}", param=param)
        return StoredFile.model_validate(item)

    def of_owner(self, owner_id: str, span: Range) -> list[StoredFile]:
        """In order of arrival; `span.after` is a `position`."""
        return [StoredFile.model_validate(i) for i in self._items.query_index("gsi1", f"FILES#{owner_id}", span)]

    def remove(self, file: StoredFile) -> None:
        self._items.write(Delete(_key(file.owner_id, "FILE", file.id)))

    def put_upload(self, upload: Upload, before: Upload | None = None) -> None:
        """Store an upload, new or as it follows `before`; raises ConditionFailed if that moved meanwhile."""
        when = When(equals={"status": before.status}) if before else NEW
        expiry = {EXPIRES: upload.created_at + 2 * UPLOAD_SECONDS}
        item = {**_place(upload.owner_id, "UPLOAD", upload.id), **upload.model_dump(mode="json"), **expiry}
        self._items.write(Put(item, when))

    def upload(self, owner_id: str, upload_id: str) -> Upload:
        item = self._items.get(_key(owner_id, "UPLOAD", upload_id))
        if item is None:
            raise Absent(f"there is no upload {upload_id}")
        return Upload.model_validate(item)

    def add_part(self, part: Part) -> None:
        expiry = {EXPIRES: part.created_at + 2 * UPLOAD_SECONDS}
        key = {"pk": f"UPLOAD#{part.upload_id}", "sk": f"PART#{part.id}"}
        self._items.write(Put({**key, **part.model_dump(mode="json"), **expiry}))

    def parts(self, upload_id: str) -> list[Part]:
        found = self._items.query(f"UPLOAD#{upload_id}", Range(prefix="PART#", limit=MOST_PARTS))
        return [Part.model_validate(item) for item in found]

    def add_character(self, character: Character) -> None:
        place = _place(character.owner_id, "CHARACTER", character.id)
        self._items.write(Put({**place, **character.model_dump(mode="json")}))

    def character(self, owner_id: str, character_id: str) -> Character:
        item = self._items.get(_key(owner_id, "CHARACTER", character_id))
        if item is None:
            raise Absent(f"there is no character {character_id}")
        return Character.model_validate(item)


def position(file: StoredFile) -> str:
    """Where a file stands in its owner's list, for paging."""
    return f"{file.created_at:012d}#{file.id}"


def demand_pending(upload: Upload, now: int) -> None:
    """Raises Conflict for an upload that ended, also by its time."""
    if upload.status != "pending":
        raise Conflict(f"upload {upload.id} is {upload.status}, not pending", code="upload_ended")
    if now >= upload.expires_at:
        raise Conflict(f"upload {upload.id} expired at {upload.expires_at}", code="upload_ended")


def in_order(parts: list[Part], part_ids: list[str]) -> list[Part]:
    """The named parts in the named order; raises Invalid for one that is unknown or named twice."""
    known = {part.id: part for part in parts}
    if len(set(part_ids)) != len(part_ids):
        raise Invalid("part_ids names a part twice", param="part_ids")
    missing = [each for each in part_ids if each not in known]
    if missing:
        raise Invalid(f"this upload has no part {missing[0]!r}", param="part_ids")
    return [known[each] for each in part_ids]


def _key(owner_id: str, kind: str, name: str) -> Key:
    return Key(f"FILES#{owner_id}", f"{kind}#{name}")


def _place(owner_id: str, kind: str, name: str) -> dict[str, str]:
    return _key(owner_id, kind, name)._asdict()
