"""Every tampering with the audit book is found at its place."""

from hypothesis import given
from hypothesis import strategies as st
from volary.audit import GENESIS, Entry, first_break


def book(length: int) -> tuple[list[Entry], str]:
    entries: list[Entry] = []
    head = GENESIS
    for number in range(1, length + 1):
        entries.append(
            Entry(subject="video:1", number=number, action="moved", actor="system", at=number, previous=head)
        )
        head = entries[-1].digest()
    return entries, head


def test_an_untouched_book_holds():
    assert first_break(*book(20)) is None
    assert first_break([], GENESIS) is None


@given(st.integers(1, 20), st.data())
def test_an_edited_entry_is_found(length, data):
    """An edit shows at the next entry, or at the head when it was the last."""
    entries, head = book(length)
    place = data.draw(st.integers(0, length - 1))
    entries[place] = entries[place].model_copy(update={"actor": "somebody else"})

    assert first_break(entries, head) == place + 1


@given(st.integers(2, 20), st.data())
def test_a_dropped_entry_is_found(length, data):
    entries, head = book(length)
    place = data.draw(st.integers(0, length - 1))
    del entries[place]

    assert first_break(entries, head) == place


@given(st.integers(2, 20), st.data())
def test_swapped_entries_are_found(length, data):
    entries, head = book(length)
    place = data.draw(st.integers(0, length - 2))
    entries[place], entries[place + 1] = entries[place + 1], entries[place]

    assert first_break(entries, head) == place
