"""What is lent for one generation: a portrait and a voice in boxes under a key for one call, and a row that says so.

LOANS#likeness / video#call   one loan; gsi1 lists all of them, the oldest first

The row comes first, in the transaction that notes the call, under the condition that the consent has not moved; the
files follow, and `take_back` destroys them. The row outlives them by SETTLED seconds: a process that was slow may lay
its files down after they were taken back, and the sweep that finds the row then takes them again.
Nothing here opens anything (`volary.vault` does). A model server that has read its loan holds it until the clip is
made; no call of ours can reach into its memory.
"""

from collections.abc import Iterator, Mapping

from events.inference import LikenessReference
from events.shapes import Shape
from volary import boxes
from volary.ports import NEW, Delete, Item, Key, Put, Range, Services

SETTLED = 300  # longer than any process that lends may live
LONGEST = 3_900  # a generation may take an hour; what is older is nobody's any more
LINK_SECONDS = 3_600
PARTS = ("picture", "voice")
TYPE = "application/octet-stream"
LOANS = "LOANS"
PAGE = 100


class Loan(Shape):
    """One person for one call of one clip's generation; `at` is when the call was noted, in epoch seconds."""

    likeness_id: str
    video_id: str
    call_id: str
    at: int


def loan_write(loan: Loan) -> Put:
    key = _key(loan)
    listed = {"gsi1pk": LOANS, "gsi1sk": f"{loan.at:012d}#{loan.call_id}#{loan.likeness_id}"}
    return Put({"pk": key.pk, "sk": key.sk, **listed, **loan.model_dump()}, NEW)


def hand_out(loan: Loan, rate: int, parts: Mapping[str, bytes], services: Services) -> LikenessReference:
    """Lay the parts down for the model server: boxes under a fresh key, the key beside them, and links of an hour.

    All of it lies where sealed captures do, which no function with a public route may read.
    """
    key, places = boxes.new_key(), {part: _place(loan, part) for part in (*PARTS, "key")}
    for part in PARTS:
        boxed = boxes.box(key, parts[part], places[part].encode())
        services.blobs.put("likenesses", places[part], boxed, TYPE)
    services.blobs.put("likenesses", places["key"], key, TYPE)
    link = {part: services.blobs.get_link("likenesses", at, seconds=LINK_SECONDS) for part, at in places.items()}
    about = {"picture_about": places["picture"], "voice_about": places["voice"]}
    return LikenessReference(likeness_id=loan.likeness_id, rate=rate, **link, **about)


def take_back_loan(loan: Loan, services: Services) -> None:
    """Destroy what was laid down, the key first; may run again, and once more after SETTLED seconds."""
    for part in ("key", *PARTS):
        services.blobs.delete("likenesses", _place(loan, part))
    if services.clock.now().timestamp() >= loan.at + SETTLED:
        services.items.write(Delete(_key(loan)))


def loans_of(likeness_id: str, services: Services, video_id: str = "") -> Iterator[Loan]:
    """What is lent of a likeness, for every clip or for one."""
    pk, prefix, after = f"{LOANS}#{likeness_id}", f"{video_id}#" if video_id else "", None
    while page := services.items.query(pk, Range(prefix=prefix, after=after, limit=PAGE)):
        yield from map(_loan, page)
        after = page[-1]["sk"]


def all_loans(services: Services) -> Iterator[Loan]:
    """Everybody's, the oldest first."""
    after = None
    while page := services.items.query_index("gsi1", LOANS, Range(after=after, limit=PAGE)):
        yield from map(_loan, page)
        after = page[-1]["gsi1sk"]


def _loan(item: Item) -> Loan:
    return Loan.model_validate(item)


def _key(loan: Loan) -> Key:
    return Key(f"{LOANS}#{loan.likeness_id}", f"{loan.video_id}#{loan.call_id}")


def _place(loan: Loan, part: str) -> str:
    return f"lent/{loan.likeness_id}/{loan.video_id}/{loan.call_id}/{part}"
