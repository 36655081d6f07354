"""Names on the block list are seen through spacing, look-alike letters and signs, and not in other words."""

import pytest
from volary.blocked import SHIPPED, BlockedPerson, blocked, named, shipped, why
from volary.embedded import open_home
from volary.errors import Absent, Invalid
from volary.stores.blocked import Blocked

from events.public_figures import public_figures

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
        "Éclair, Jane",
        "Jane Eclairs dog",
        "le chien d'Jane Éclair",
        "🅹🅰🅽🅴 ⓔⓒⓛⓐⓘⓡ",
        "Jane 💫 Eclair",
        "a jane ecl air of two letters, ja ne: j a ne eclair",
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
        "Ja ne ecl air",
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


def listed(store: Blocked) -> list[str]:
    """The ids of those whom this home added itself."""
    return [each.id for each in store.people() if not each.id.startswith(SHIPPED)]


def test_the_list_is_kept_with_a_book_of_who_changed_it():
    home = open_home(":memory:")
    store = Blocked(home.items)
    store.add(JANE)
    store.add(JANE.model_copy(update={"id": "block_2"}))
    store.remove("block_1", "b", 2)

    assert listed(store) == ["block_2"]
    with pytest.raises(Absent):
        store.remove("block_1", "b", 2)
    book = [(each["action"], each["actor"], each["detail"]) for each in home.items.query("AUDIT#blocked")]
    assert book == [("blocked a person", "a", "block_1"), ("blocked a person", "a", "block_2"),
                    ("unblocked a person", "b", "block_1")]  # fmt: skip


@pytest.fixture
def fresh():
    return Blocked(open_home(":memory:").items)


def refused(store: Blocked, text: str, *likenesses: str) -> str:
    person, _ = store.named(text, likenesses)
    return person.id if person else ""


def test_every_shipped_figure_has_an_id_of_their_own_and_names_that_can_be_told():
    ids = [person.id for person in shipped()]

    assert len(set(ids)) == len(ids) > 500
    assert all(blocked(person) and len(person.id) <= 70 for person in shipped())


@pytest.mark.parametrize(
    "text",
    [
        "Taylor Swift chante sur un bateau",
        "TAYLOR SWIFT'S cat",
        "le chat de T-a-y-l-o-r Swift",
        "t a y l o r  s w i f t",
        "Tауlоr Swіft",  # Cyrillic а, у, о, і
        "Tay\u200blor Sw\u00adift",
        "$wift, Taylor dances",
        "une satire : Emmanuel Macron en robot",  # satire is no exception before a person has looked
        "président Macron danse",
    ],
)
def test_a_home_that_nobody_set_up_refuses_public_figures(fresh, text):
    assert refused(fresh, text).startswith(SHIPPED)


@pytest.mark.parametrize(
    "text",
    [
        "somebody put in a bad mood", "a macron over the letter e", "une assiette de poutine", "a bad bunny hops",
        "the blacksmith will smith a sword", "William and Jill", "a trump card", "Napoleon on a horse",
        "Albert Einstein sourit", "taylor, be swift", "",
    ],
)  # fmt: skip
def test_words_that_mean_something_else_are_not_refused(fresh, text):
    """Nor are people of history, until their estate asks for it."""
    assert refused(fresh, text) == ""


def test_what_may_be_somebody_elses_name_is_left_to_a_person(fresh):
    shared = [name for each in public_figures() for name in (*each.shared, *each.capitalised)]

    assert len(shared) > 100
    assert [name for name in shared if refused(fresh, f"{name} dances")] == []


def test_an_estate_is_refused_once_it_asked(fresh):
    estate = BlockedPerson(id="block_3", names=("Albert Einstein",), kind="estate", added_by="a", at=1)
    fresh.add(estate)

    assert refused(fresh, "Albert Einstein sourit") == "block_3"
    assert "whose estate" in why(estate) and "Einstein" in why(estate)


def test_a_public_figure_who_enrolled_is_let_through_by_their_own_likeness_alone(fresh):
    """Listing them with their likeness takes the place of the entry that ships, whose other names come along."""
    known = BlockedPerson(
        id="block_4", names=("JD Vance",), kind="public_figure", likeness_id="like_4", added_by="a", at=1
    )
    assert "J. D. Vance" in fresh.add(known).names

    assert refused(fresh, "J. D. Vance dances", "like_4") == ""
    assert refused(fresh, "J. D. Vance dances", "like_5") == "block_4"
    assert refused(fresh, "J. D. Vance and Elon Musk", "like_4") == "block_shipped_elon_musk"
    fresh.remove("block_4", "a", 2)
    assert refused(fresh, "J. D. Vance dances", "like_4") == "block_shipped_jd_vance"


def test_a_home_may_take_somebody_off_the_list_that_ships(fresh):
    fresh.remove("block_shipped_elon_musk", "root", 2)

    assert refused(fresh, "Elon Musk dances") == ""
    assert "block_shipped_elon_musk" not in [each.id for each in fresh.people()]
    with pytest.raises(Absent):
        fresh.remove("block_shipped_elon_musk", "root", 3)


def test_whoever_asked_not_to_be_shown_is_not_told_by_name():
    assert "Jane" not in why(JANE.model_copy(update={"kind": "on_request"}))
