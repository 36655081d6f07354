"""What every `Items` adapter promises: conditions, batches that hold or fail whole, order, indexes, counters."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from volary.errors import ConditionFailed, Conflict, Invalid
from volary.ports import NEW, Add, Check, Delete, Key, Put, Range, When

VALUES = {
    "text": "ünïcode 🐦 \u0000 line\nbreak", "empty": "", "whole": -7, "large": 2**53, "part": 0.25, "yes": True,
    "no": False, "nothing": None, "list": [1, "two", [3.5, None]], "object": {"a": {"b": []}, "": 1},
}  # fmt: skip
SORTS = ["a#1", "a#10", "a#2", "b", "ä", "€", "\uffee", "🐦"]  # in the order of their UTF-8 bytes


def item(pk, sk="x", **more):
    return {"pk": pk, "sk": sk, **more}


def keys(items, name="sk"):
    return [each[name] for each in items]


def test_gives_back_what_was_put(services, fresh):
    services.items.write(Put(item(fresh, **VALUES)))

    found = services.items.get(Key(fresh, "x"))

    assert found == item(fresh, **VALUES)
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in item(fresh, **VALUES).items()
    }


def test_what_was_never_put_is_none(services, fresh):
    assert services.items.get(Key(fresh, "x")) is None


def test_many_are_what_each_one_is(services, fresh):
    there = [Key(fresh, f"{sort}{number}") for number in range(15) for sort in SORTS]
    for key in there:
        services.items.write(Put(item(*key, number=len(key.sk))))

    found = services.items.get_many([*there, Key(fresh, "absent"), there[0], Key(fresh, "gone")])

    assert found == {key: services.items.get(key) for key in there}


def test_none_of_none(services):
    assert services.items.get_many([]) == {}


def test_more_than_a_thousand_keys_are_refused(services, fresh):
    with pytest.raises(Invalid, match="1001 keys"):
        services.items.get_many([Key(fresh, str(number)) for number in range(1001)])


def test_put_replaces_the_whole_item(services, fresh):
    services.items.write(Put(item(fresh, a=1)))
    services.items.write(Put(item(fresh, b=2)))

    assert services.items.get(Key(fresh, "x")) == item(fresh, b=2)


def test_changing_what_was_read_changes_nothing_stored(services, fresh):
    services.items.write(Put(item(fresh, tags=["a"])))
    services.items.get(Key(fresh, "x"))["tags"].append("b")

    assert services.items.get(Key(fresh, "x"))["tags"] == ["a"]


def test_delete_removes_and_may_be_repeated(services, fresh):
    services.items.write(Put(item(fresh)))
    services.items.write(Delete(Key(fresh, "x")))
    services.items.write(Delete(Key(fresh, "x")))

    assert services.items.get(Key(fresh, "x")) is None


MET = [
    When(),
    When(exists=True),
    When(equals={"n": 3}),
    When(equals={"n": 3.0}),
    When(equals={"name": "kite", "flag": True, "gone": None}),
    When(equals={"list": [1, {"a": 2}]}),
    When(at_least={"n": 3}),
    When(at_least={"n": -1}),
    When(exists=True, equals={"n": 3}, at_least={"n": 2}),
]
UNMET = [
    When(exists=False),
    When(equals={"n": 4}),
    When(equals={"n": "3"}),
    When(equals={"absent": None}),
    When(equals={"flag": 1}),
    When(equals={"one": True}),
    When(equals={"list": [1, {"a": 3}]}),
    When(at_least={"n": 4}),
    When(at_least={"absent": 0}),
    When(at_least={"name": 0}),
    When(equals={"n": 3}, at_least={"n": 4}),
]
STORED = {"n": 3, "name": "kite", "flag": True, "one": 1, "gone": None, "list": [1, {"a": 2}]}


@pytest.mark.parametrize("when", MET, ids=str)
def test_a_condition_that_holds_lets_the_write_through(services, fresh, when):
    services.items.write(Put(item(fresh, **STORED)))

    services.items.write(Put(item(fresh, new=1), when))

    assert services.items.get(Key(fresh, "x")) == item(fresh, new=1)


@pytest.mark.parametrize("when", UNMET, ids=str)
@pytest.mark.parametrize("kind", ["put", "add", "delete", "check"])
def test_a_condition_that_fails_changes_nothing(services, fresh, when, kind):
    services.items.write(Put(item(fresh, **STORED)))
    key = Key(fresh, "x")
    writes = {
        "put": Put(item(fresh, new=1), when),
        "add": Add(key, {"n": 1}, when),
        "delete": Delete(key, when),
        "check": Check(key, when),
    }

    with pytest.raises(ConditionFailed):
        services.items.write(writes[kind])

    assert services.items.get(key) == item(fresh, **STORED)


@pytest.mark.parametrize("when", [When(exists=True), When(equals={"n": None}), When(at_least={"n": 0})], ids=str)
def test_an_absent_item_meets_no_condition_on_its_content(services, fresh, when):
    with pytest.raises(ConditionFailed):
        services.items.write(Put(item(fresh), when))
    assert services.items.get(Key(fresh, "x")) is None


def test_new_holds_for_an_absent_item_only(services, fresh):
    services.items.write(Put(item(fresh, a=1), NEW))

    with pytest.raises(ConditionFailed):
        services.items.write(Put(item(fresh, a=2), NEW))
    assert services.items.get(Key(fresh, "x"))["a"] == 1


def test_add_counts_what_is_absent_as_zero(services, fresh):
    key = Key(fresh, "x")
    services.items.write(Add(key, {"n": 2, "m": -1}))
    services.items.write(Add(key, {"n": 3}))

    assert services.items.get(key) == item(fresh, n=5, m=-1)


def test_add_leaves_other_attributes_and_whole_numbers_alone(services, fresh):
    services.items.write(Put(item(fresh, n=1, name="kite")))
    services.items.write(Add(Key(fresh, "x"), {"n": 1}))

    found = services.items.get(Key(fresh, "x"))
    assert found == item(fresh, n=2, name="kite")
    assert type(found["n"]) is int


def test_add_to_what_is_no_number_is_refused(services, fresh):
    services.items.write(Put(item(fresh, n="many")))

    with pytest.raises(Invalid):
        services.items.write(Add(Key(fresh, "x"), {"n": 1}))


def test_a_batch_does_all_its_writes(services, fresh):
    services.items.write(Put(item(fresh, "old")))
    services.items.transact(
        [
            Put(item(fresh, "new")),
            Add(Key(fresh, "count"), {"n": 1}),
            Delete(Key(fresh, "old")),
            Check(Key(fresh, "none"), When(exists=False)),
        ]
    )

    assert keys(services.items.query(fresh)) == ["count", "new"]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_batch_with_a_failing_condition_does_nothing_and_says_which(services, fresh, failing):
    writes = [Put(item(fresh, str(place)), NEW) for place in range(3)]
    writes[failing] = Check(Key(fresh, "none"), When(exists=True))

    with pytest.raises(ConditionFailed) as caught:
        services.items.transact(writes)

    assert caught.value.index == failing
    assert services.items.query(fresh) == []


def test_the_first_of_several_failing_conditions_is_named(services, fresh):
    absent = When(exists=True)
    writes = [Put(item(fresh, "0")), Check(Key(fresh, "1"), absent), Check(Key(fresh, "2"), absent)]

    with pytest.raises(ConditionFailed) as caught:
        services.items.transact(writes)
    assert caught.value.index == 1


def test_a_batch_takes_a_hundred_writes_and_no_more(services, fresh):
    services.items.transact([Put(item(fresh, f"{place:03}")) for place in range(100)])

    with pytest.raises(Invalid):
        services.items.transact([Put(item(fresh, f"more{place}")) for place in range(101)])
    assert len(services.items.query(fresh, Range(limit=200))) == 100


def test_a_batch_may_not_write_one_key_twice(services, fresh):
    with pytest.raises(Invalid):
        services.items.transact([Put(item(fresh)), Add(Key(fresh, "x"), {"n": 1})])
    assert services.items.get(Key(fresh, "x")) is None


def test_an_empty_batch_does_nothing(services):
    services.items.transact([])


def test_a_batch_with_the_same_token_happens_once(services, fresh):
    writes = [Add(Key(fresh, "x"), {"n": 1}), Put(item(fresh, "y"))]
    for _ in range(3):
        services.items.transact(writes, token=fresh)

    assert services.items.get(Key(fresh, "x"))["n"] == 1


def test_a_token_of_other_writes_is_refused(services, fresh):
    services.items.transact([Add(Key(fresh, "x"), {"n": 1})], token=fresh)

    with pytest.raises(Conflict):
        services.items.transact([Add(Key(fresh, "x"), {"n": 2})], token=fresh)
    assert services.items.get(Key(fresh, "x"))["n"] == 1


def test_a_batch_that_failed_does_not_use_up_its_token(services, fresh):
    writes = [Put(item(fresh, "y"), When(exists=True)), Add(Key(fresh, "x"), {"n": 1})]
    with pytest.raises(ConditionFailed):
        services.items.transact(writes, token=fresh)
    services.items.write(Put(item(fresh, "y")))

    services.items.transact(writes, token=fresh)

    assert services.items.get(Key(fresh, "x"))["n"] == 1


def test_a_token_is_forgotten_after_ten_minutes(timed, fresh):
    for _ in range(2):
        timed.services.items.transact([Add(Key(fresh, "x"), {"n": 1})], token=fresh)
        timed.clock.move(601)

    assert timed.services.items.get(Key(fresh, "x"))["n"] == 2


@pytest.fixture
def sorted_partition(services, fresh):
    for sk in SORTS[::-1]:
        services.items.write(Put(item(fresh, sk, gsi1pk=f"i{fresh}", gsi1sk=sk)))
    return fresh


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Range(), SORTS),
        (Range(newest_first=True), SORTS[::-1]),
        (Range(prefix="a#"), SORTS[:3]),
        (Range(prefix="a#", newest_first=True), SORTS[2::-1]),
        (Range(prefix="a#1"), SORTS[:2]),
        (Range(prefix="nothing"), []),
        (Range(after="a#1"), SORTS[1:]),
        (Range(after="a#1", newest_first=True), []),
        (Range(after="b", newest_first=True), SORTS[2::-1]),
        (Range(prefix="a#", after="a#10"), ["a#2"]),
        (Range(prefix="a#", after="b"), []),
        (Range(prefix="b", after="a#1"), ["b"]),
        (Range(after="a#15"), SORTS[2:]),
        (Range(limit=2), SORTS[:2]),
        (Range(limit=2, newest_first=True), SORTS[:-3:-1]),
        (Range(prefix="🐦"), ["🐦"]),
    ],
    ids=str,
)
def test_a_partition_is_read_in_order(services, sorted_partition, span, expected):
    assert keys(services.items.query(sorted_partition, span)) == expected
    assert keys(services.items.query_index("gsi1", f"i{sorted_partition}", span)) == expected


@pytest.mark.parametrize("newest_first", [False, True])
def test_paging_meets_every_item_once(services, sorted_partition, newest_first):
    met, after = [], None
    while page := services.items.query(sorted_partition, Range(after=after, limit=3, newest_first=newest_first)):
        met += keys(page)
        after = met[-1]

    assert met == (SORTS[::-1] if newest_first else SORTS)


def test_an_item_is_in_an_index_as_long_as_it_has_both_keys(services, fresh):
    index = {"gsi1pk": f"one{fresh}", "gsi1sk": "1", "gsi2pk": f"two{fresh}"}
    services.items.write(Put(item(fresh, **index)))

    assert keys(services.items.query_index("gsi1", f"one{fresh}")) == ["x"]
    assert services.items.query_index("gsi2", f"two{fresh}") == []

    services.items.write(Put(item(fresh)))
    assert services.items.query_index("gsi1", f"one{fresh}") == []


def test_add_keeps_an_item_in_its_index(services, fresh):
    services.items.write(Put(item(fresh, gsi2pk=f"two{fresh}", gsi2sk="1", n=1)))
    services.items.write(Add(Key(fresh, "x"), {"n": 1}))

    assert [each["n"] for each in services.items.query_index("gsi2", f"two{fresh}")] == [2]


def test_a_partition_holds_only_its_own(services, fresh):
    services.items.write(Put(item(fresh)))
    services.items.write(Put(item(f"{fresh}2")))

    assert [each["pk"] for each in services.items.query(fresh)] == [fresh]


@pytest.mark.parametrize(
    "bad",
    [
        {"pk": "", "sk": "x"},
        {"pk": "p"},
        {"pk": "p", "sk": 1},
        {"pk": "p", "sk": "x", "gsi1pk": 1, "gsi1sk": "1"},
        {"pk": "p", "sk": "x", "gsi1pk": "", "gsi1sk": "1"},
        {"pk": "p", "sk": "x", "n": float("nan")},
        {"pk": "p", "sk": "x", "when": object()},
        {"pk": "p", "sk": "x", "text": "x" * 400_001},
    ],
    ids=[
        "empty_key",
        "no_sort_key",
        "number_as_key",
        "number_in_index",
        "empty_in_index",
        "nan",
        "object",
        "too_large",
    ],
)
def test_what_dynamodb_cannot_hold_is_refused(services, bad):
    with pytest.raises(Invalid):
        services.items.write(Put(bad))


def test_of_eight_writers_of_a_new_item_one_wins(services, fresh):
    def attempt(number):
        try:
            services.items.write(Put(item(fresh, n=number), NEW))
        except ConditionFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(8)))

    assert sum(won) == 1
    assert services.items.get(Key(fresh, "x"))["n"] == won.index(True)


def test_eight_threads_lose_no_addition(services, fresh):
    def add(_):
        services.items.transact([Add(Key(fresh, "x"), {"n": 1}), Add(Key(fresh, "y"), {"n": -1})])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(48)))

    assert [each["n"] for each in services.items.query(fresh)] == [48, -48]


def test_eight_threads_spend_no_more_than_there_is(services, fresh):
    services.items.write(Put(item(fresh, n=20)))

    def spend(number):
        enough = When(at_least={"n": 1})
        try:
            services.items.transact([Add(Key(fresh, "x"), {"n": -1}, enough), Put(item(fresh, f"spent{number}"), NEW)])
        except ConditionFailed:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        spent = sum(pool.map(spend, range(32)))

    assert spent == 20
    assert services.items.get(Key(fresh, "x"))["n"] == 0
    assert len(services.items.query(fresh, Range(prefix="spent"))) == 20


def test_eight_threads_with_one_token_do_one_batch(services, fresh):
    def attempt(_):
        services.items.transact([Add(Key(fresh, "x"), {"n": 1})], token=fresh)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attempt, range(16)))

    assert services.items.get(Key(fresh, "x"))["n"] == 1


def test_a_reader_never_sees_half_a_batch(services, fresh):
    def move(number):
        services.items.transact([Put(item(fresh, "a", n=number)), Put(item(fresh, "b", n=number))])

    def read(_):
        return len({each["n"] for each in services.items.query(fresh)})

    move(0)
    with ThreadPoolExecutor(8) as pool:
        moved = pool.map(move, range(30))
        seen = set(pool.map(read, range(60)))
        list(moved)

    assert seen == {1}
