"""Names on the block list are seen through spacing, look-alike letters and signs, and not in other words."""

import pytest
from volary.blocked import BlockedPerson, blocked, named
from volary.embedded import open_home
from volary.errors import Absent, Invalid
from volary.stores.blocked import Blocked

JANE = BlockedPerson(
    id="block_1", names=("Jane Éclair", "J. Eclair-Dubois"), kind="estate", likeness_id="like_1", added_by="a", at=1
)


@pytest.mark.parametrize(
    "text",
    [
        "a portrait of Jane Éclair at sea",
        "JANE ECLAIR",
        "jane  eclair's dog",
        "JaneEclair dances",
        "j a n e e c l a i r dances",
        "J.a.n.e E-c-l-a-i-r",
        "j4n3 ecl@ir",
        "Jаnе Есlаіr",  # Cyrillic а, е, Е, с, і
        "Jane\u200b Ecl\u00adair",
        "J̶a̶n̶e̶ E̶c̶l̶a̶i̶r̶",
        "ｊａｎｅ　ｅｃｌａｉｒ",
        "jane_eclair",
        "jane\neclair",
        "ᴊᴀɴᴇ ᴇᴄʟᴀɪʀ",
        "Jane Eciair",
        "j eclair dubois",
    ],
)
def test_a_listed_name_is_seen(text):
    assert named(text, [JANE]) == JANE


@pytest.mark.parametrize(
    "text",
    [
        "Jane eats an éclair",
        "an eclair for Jane",
        "Janet Eclairton",
        "mijane eclair",
        "jane eclairs",
        "",
        "!!!",
        "🦊 a fox",
    ],
)
def test_other_words_are_not(text):
    assert named(text, [JANE]) is None


def test_a_listed_person_may_be_asked_for_by_their_likeness():
    assert named("Jane Eclair", [JANE], ["like_1"]) is None
    assert named("Jane Eclair", [JANE], ["like_2"]) == JANE


@pytest.mark.parametrize("names", [(), ("Al",), ("...",), ("x" * 101,), ("Jane Eclair",) * 21])
def test_a_name_that_cannot_be_told_is_refused(names):
    with pytest.raises(Invalid):
        blocked(JANE.model_copy(update={"names": names}))


def test_the_list_is_kept_with_a_book_of_who_changed_it():
    home = open_home(":memory:")
    store = Blocked(home.items)
    store.add(JANE)
    store.add(JANE.model_copy(update={"id": "block_2"}))
    store.remove("block_1", "b", 2)

    assert [each.id for each in store.people()] == ["block_2"]
    with pytest.raises(Absent):
        store.remove("block_1", "b", 2)
    book = [(each["action"], each["actor"], each["detail"]) for each in home.items.query("AUDIT#blocked")]
    assert book == [("blocked a person", "a", "block_1"), ("blocked a person", "a", "block_2"),
                    ("unblocked a person", "b", "block_1")]  # fmt: skip
