"""Properties of the order: it adds up, repeats, excludes wholly, and answers "more" and "less" as it says."""

from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from volary import ranking
from volary.ranking import Candidate, Circumstances, Ties
from volary.steering import Clause, Target, Understanding
from volary.steering.parameters import Parameters, apply, standing

NOW = 1_800_000_000
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
LABELS = ("cats", "dogs", "trains", "music", "snow_winter")


def clause(op: str, *labels: str, strength: str = "normal") -> Clause:
    strength = "absolute" if op in ("block", "only") else strength
    return Clause(op=op, strength=strength, targets=tuple(Target(words=each, topics=(each,)) for each in labels))


def clip(number: int, labels=(), **more) -> Candidate:
    return Candidate(
        id=f"clip_{number:03}",
        topics=dict.fromkeys(labels, 0.9), **{
        "owner_id": f"maker_{number}", "root_id": f"clip_{number}", "posted_at": NOW - 3600 * number, **more},
    )  # fmt: skip


def drawn(clips, clauses=(), seed=1, **more) -> list[ranking.Ranked]:
    return ranking.rank(clips, Circumstances(clauses=tuple(clauses), now=NOW, seed=seed, **more))


clips_of = st.lists(
    st.tuples(st.sets(st.sampled_from(LABELS), max_size=2), st.integers(0, 4), st.integers(0, 5)),
    min_size=1,
    max_size=60,
).map(
    lambda rows: [
        clip(n, sorted(labels), owner_id=f"maker_{maker}", root_id=f"root_{root}")
        for n, (labels, maker, root) in enumerate(rows)
    ]
)
clauses_of = st.lists(
    st.builds(clause, st.sampled_from(["more", "less", "block"]), st.sampled_from(LABELS)), max_size=3
)
quick = settings(max_examples=60, deadline=None)


@quick
@given(clips_of, clauses_of, st.integers(0, 2**32))
def test_why_sums_to_the_score(clips, clauses, seed):
    for one in drawn(clips, clauses, seed):
        assert abs(sum(term.value for term in one.why) - one.score) < 1e-5


@quick
@given(clips_of, clauses_of, st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_same_parameters_clips_and_seed_give_the_same_order(clips, clauses, seed, shuffler):
    mixed = [*clips, *clips[:3]]
    shuffler.shuffle(mixed)

    assert drawn(mixed, clauses, seed) == drawn(clips, clauses, seed)


@quick
@given(clips_of, clauses_of, st.sampled_from(LABELS), st.integers(0, 2**32), st.integers(1, 30))
def test_more_of_a_topic_never_lowers_its_share(clips, clauses, label, seed, first):
    others = [each for each in clauses if each.labels != (label,)]
    about = {each.id for each in clips if label in each.topics}

    before = [one.id for one in drawn(clips, others, seed)][:first]
    after = [one.id for one in drawn(clips, [*others, clause("more", label)], seed)][:first]

    assert len(about & set(after)) >= len(about & set(before))


@quick
@given(clips_of, st.sampled_from(LABELS), st.integers(0, 2**32))
def test_exclusion_is_total_and_only_is_nothing_else(clips, label, seed):
    about = {each.id for each in clips if label in each.topics}

    assert not about & {one.id for one in drawn(clips, [clause("block", label)], seed)}
    assert {one.id for one in drawn(clips, [clause("only", label)], seed)} == about


@quick
@given(clips_of, clauses_of, st.integers(0, 2**32))
def test_nothing_is_lost_or_repeated(clips, clauses, seed):
    wanted = {each.id for each in clips if not ranking.is_excluded(each, clauses)}
    order = [one.id for one in drawn(clips, clauses, seed)]

    assert len(order) == len(set(order))
    assert set(order) == wanted


def mixture() -> list[Candidate]:
    """240 clips: 30 of cats, 60 of dogs, 90 of trains, 60 of music."""
    labels = ["cats"] * 30 + ["dogs"] * 60 + ["trains"] * 90 + ["music"] * 60
    return [clip(n, [label], posted_at=NOW) for n, label in enumerate(labels)]


def shares(clauses, seeds=range(200)) -> dict[str, float]:
    clips = mixture()
    label_of = {each.id: next(iter(each.topics)) for each in clips}
    seen = Counter(label_of[one.id] for seed in seeds for one in drawn(clips, clauses, seed)[:30])
    return {label: seen[label] / (30 * len(seeds)) for label in ("cats", "dogs", "trains", "music")}


def test_effect_of_more_less_and_block_over_two_hundred_seeds():
    plain = shares(())
    more, less, block = (shares([clause(op, "cats")]) for op in ("more", "less", "block"))

    assert more["cats"] >= min(2 * plain["cats"], 0.6)
    assert less["cats"] <= plain["cats"] / 3
    assert block["cats"] == 0
    for steered in (more, less, block):
        rest, before = 1 - steered["cats"], 1 - plain["cats"]
        for label in ("dogs", "trains", "music"):
            assert abs(steered[label] / rest - plain[label] / before) < 0.05, (label, steered, plain)


def test_at_least_fifteen_percent_explore_and_under_only_within_the_targets():
    steered = drawn(mixture(), [clause("more", "cats", strength="strong")])[:60]
    only = drawn(mixture(), [clause("only", "cats")])

    assert sum(one.explores for one in steered) >= 0.15 * len(steered)
    assert sum(one.explores for one in only) >= 0.15 * len(only)
    assert len(only) == 30


def test_making_counts_once_a_person_and_damped():
    def invitation(remakers: int) -> float:
        (one,) = drawn([clip(1, remakers=remakers)])
        return next((term.value for term in one.why if term.term == "invitation"), 0.0)

    assert 0 == invitation(0) < invitation(1) < invitation(10) < 10 * invitation(1)


def test_people_and_lineages_one_makes_with_come_first():
    clips = [clip(n, posted_at=NOW) for n in range(40)]
    near = {"clip_007", "clip_008"}
    ties = Ties(companions=frozenset({"maker_7"}), lineages=frozenset({"clip_8"}))

    def places(given: Ties) -> float:
        return sum([one.id for one in drawn(clips, seed=s, ties=given)].index(each) for s in range(40) for each in near)

    assert places(ties) < 0.7 * places(Ties())


def test_one_maker_does_not_fill_the_first_page():
    clips = [clip(n, owner_id="prolific", posted_at=NOW) for n in range(40)]
    clips += [clip(40 + n, posted_at=NOW) for n in range(40)]

    first = [one.id for one in drawn(clips, seed=3)][:20]

    assert sum(int(each[-3:]) < 40 for each in first) <= 8


def test_no_schema_of_ranking_holds_views_or_time():
    names = {each.name for shape in (Candidate, Circumstances) for each in fields(shape)}

    assert not {name for name in names if "view" in name or "watch" in name or "dwell" in name or "play" in name}


def test_export_and_import_give_the_same_order():
    parameters = Parameters(entries=({"clause": clause("more", "cats"), "since": 1},))
    again = Parameters.model_validate_json(parameters.model_dump_json())

    assert again == parameters
    assert drawn(mixture(), standing(again, NOW), 5) == drawn(mixture(), standing(parameters, NOW), 5)


def test_saying_it_twice_changes_nothing_but_its_date():
    said = Understanding(kind="steer", language="en", clauses=(clause("less", "cats"),))
    once = apply(Parameters(), said, AT)

    assert apply(once, said, AT) == once
    assert standing(once, NOW) == said.clauses


def excepting() -> Parameters:
    """No music, lullabies kept by their own words."""
    kept = Target(words="lullabies", vector="as it is")
    said = Understanding(
        kind="steer", language="en", clauses=(clause("block", "music"), Clause(op="keep", targets=(kept,)))
    )
    return apply(Parameters(), said, AT)


def test_what_is_kept_beside_a_block_is_shown_and_the_rest_of_it_is_not():
    clips = [
        clip(1, ["music"], likeness={"music": 0.3, "lullabies": 0.6}),
        clip(2, ["music"], likeness={"music": 0.6, "lullabies": 0.4}),
        clip(3, ["music"], likeness={"music": 0.1, "lullabies": 0.2}),
    ]

    assert [one.id for one in drawn(clips, standing(excepting(), NOW))] == ["clip_001"]


def test_an_exception_goes_with_what_it_is_an_exception_to():
    lifted = Understanding(kind="steer", language="en", clauses=(clause("unblock", "music"),))

    assert [each.op for each in standing(excepting(), NOW)] == ["block", "keep"]
    assert standing(apply(excepting(), lifted, AT), NOW) == ()
