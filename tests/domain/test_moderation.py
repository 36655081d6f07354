"""The policy as a pure function: what passes, what is held, what is blocked."""

import itertools
import random
from dataclasses import replace

import pytest
from volary.audiences import Audience
from volary.moderation import (
    SEVERITY,
    Policy,
    Rule,
    decide,
    is_complete,
    policy_from,
    shipped_policy,
    strictest,
    world_of,
)

from events.engines import SMALL
from events.moderation import Category, Signal

POLICY = shipped_policy()
STAGES = ("prompt", "frames", "writing", "sound")
SEEN = STAGES[1:]


def signal(category: Category = Category.VIOLENCE, score: float = 0.0, stage: str = "prompt") -> Signal:
    return Signal.model_validate({"stage": stage, "category": category, "score": score, "model": "test/1"})


def clean(*stages: str) -> list[Signal]:
    return [signal(category, 0.0, stage) for stage in stages for category in POLICY.required[stage]]


def random_signals(rng: random.Random, count: int) -> list[Signal]:
    return [
        signal(rng.choice(list(Category)), rng.choice([0.0, rng.random(), 1.0]), rng.choice(STAGES))
        for _ in range(count)
    ]


def test_passes_a_clean_prompt_that_was_fully_screened():
    decision = decide(clean("prompt"), POLICY, complete=True)

    assert (decision.action, decision.category, decision.reasons) == ("pass", None, ())
    assert decision.policy_version == POLICY.version


def test_holds_whatever_was_not_fully_screened():
    for signals in ([], clean("prompt"), [signal(score=0.6)]):
        assert decide(signals, POLICY, complete=False).action == "hold"


def test_blocks_what_must_be_blocked_even_when_incomplete():
    assert decide([signal(score=1.0)], POLICY, complete=False).action == "block"


@pytest.mark.parametrize(("score", "action"), [(0.49, "pass"), (0.5, "hold"), (0.84, "hold"), (0.85, "block")])
def test_thresholds_are_inclusive(score: float, action: str):
    assert decide([signal(score=score)], POLICY, complete=True).action == action


def test_the_stages_own_rule_wins_over_the_categorys():
    assert decide([signal(Category.SEXUAL, 0.82, "frames")], POLICY, complete=True).action == "hold"
    assert decide([signal(Category.SEXUAL, 0.82, "prompt")], POLICY, complete=True).action == "block"


def test_a_category_the_policy_does_not_know_is_held_at_any_score():
    narrow = replace(POLICY, rules=tuple(rule for rule in POLICY.rules if rule.category != Category.GORE))

    decision = decide([signal(Category.GORE, 0.0)], narrow, complete=True)

    assert decision.action == "hold"
    assert "no rule for gore" in decision.reasons[0].seen


def test_a_score_that_is_not_a_number_is_held():
    broken = signal().model_copy(update={"score": float("nan")})

    assert decide([broken], POLICY, complete=True).action == "hold"


def test_the_category_named_is_the_gravest_ones():
    decision = decide([signal(Category.HATE, 0.7), signal(Category.SEXUAL, 0.99)], POLICY, complete=True)

    assert (decision.action, decision.category) == ("block", Category.SEXUAL)
    assert [reason.category for reason in decision.reasons] == [Category.SEXUAL, Category.HATE]


def test_test_strings_block_and_hold():
    assert decide([signal(Category.TEST_STRING, 1.0)], POLICY, complete=True).action == "block"
    assert decide([signal(Category.TEST_STRING, 0.5)], POLICY, complete=True).action == "hold"


def test_adding_a_signal_never_makes_the_decision_milder():
    rng = random.Random(7)
    for _ in range(400):
        signals = random_signals(rng, rng.randrange(6))
        complete = rng.random() < 0.5
        before = decide(signals, POLICY, complete=complete)
        after = decide([*signals, *random_signals(rng, 1)], POLICY, complete=complete)

        assert SEVERITY[after.action] >= SEVERITY[before.action], (before, after)


def test_a_higher_score_never_makes_the_decision_milder():
    for category, stage in itertools.product(Category, STAGES):
        steps = [decide([signal(category, n / 20, stage)], POLICY, complete=True) for n in range(21)]
        graveness = [SEVERITY[step.action] for step in steps]
        assert graveness == sorted(graveness), (category, stage)


def test_the_order_of_signals_does_not_matter():
    rng = random.Random(11)
    for _ in range(100):
        signals = random_signals(rng, 5)
        shuffled = rng.sample(signals, len(signals))
        assert decide(signals, POLICY, complete=True) == decide(shuffled, POLICY, complete=True)


def test_a_missing_stage_or_category_is_incomplete():
    assert is_complete(clean(*SEEN), POLICY, SEEN)
    assert not is_complete(clean("frames", "sound"), POLICY, SEEN)
    assert not is_complete(clean(*SEEN)[1:], POLICY, SEEN)


def test_every_category_has_a_rule_so_that_nothing_is_held_by_oversight():
    assert {rule.category for rule in POLICY.rules} == set(Category)


def test_what_no_model_looks_for_is_never_scored_and_held_unless_the_world_is_closed():
    for world in ("closed", "open", "outside", None):
        decision = decide(clean(*SEEN), POLICY, complete=True, world=world)

        assert decision.action == ("pass" if world == "closed" else "hold"), world
        assert len(decision.unseen) == len(POLICY.unseen), "the record says what was not looked for, held or not"
        assert [reason.score for reason in decision.reasons] == [None] * len(decision.reasons)
        assert decision.category == (None if world == "closed" else Category.UNSEEN)
        assert all("hold for review" in reason.told and "unscored" in reason.told for reason in decision.reasons)


def test_a_prompt_has_nothing_that_no_model_looks_for():
    assert decide(clean("prompt"), POLICY, complete=True, world="outside").unseen == ()


def test_a_score_names_the_decision_before_what_was_never_scored():
    decision = decide([*clean(*SEEN), signal(Category.HATE, 0.6, "sound")], POLICY, complete=True, world="open")

    assert (decision.action, decision.category) == ("hold", Category.HATE)


@pytest.mark.parametrize(
    ("engines", "is_brought", "world"),
    [
        (["volary-1@0123"], False, "closed"),
        (["volary-1", "volary-1@9"], False, "closed"),
        (["volary-1", "ltx-2@9"], False, "open"),
        (["volary-10"], False, "open"),
        ([None], False, "open"),
        (["volary-1"], True, "outside"),
    ],
)
def test_a_world_is_closed_only_where_every_engine_is(engines: list[str | None], is_brought: bool, world: str):
    assert world_of(engines, POLICY, is_brought=is_brought) == world


def test_the_closed_engines_are_engines_that_know_nothing_but_their_own_world():
    assert {SMALL} == POLICY.closed_engines


@pytest.mark.parametrize(
    "entry",
    [
        {"stage": "frames", "harms": [], "spares": []},
        {"stage": "frames", "harms": ["gore"], "spares": ["ours"]},
        {"stage": "smell", "harms": ["gore"], "spares": []},
    ],
)
def test_an_entry_of_unseen_that_makes_no_sense_is_refused(entry: dict[str, object]):
    with pytest.raises(ValueError):
        policy_from({"version": "x", "languages": [], "required": {}, "rules": [], "unseen": [entry]})


def test_strictest_keeps_the_graver_decision():
    passed = decide([], POLICY, complete=True)
    held = decide([signal(score=0.6)], POLICY, complete=True)

    assert strictest(passed, held) is held
    assert strictest(held, passed) is held


@pytest.mark.parametrize(
    "broken",
    [
        {"category": "violence", "hold": 0.0},
        {"category": "violence", "hold": 0.8, "block": 0.5},
        {"category": "violence", "hold": 1.5},
        {"category": "kittens", "hold": 0.5},
        {"category": "violence", "stage": "smell", "hold": 0.5},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(broken: dict[str, object]):
    with pytest.raises(ValueError, match=r"violence|kittens|smell"):
        policy_from({"version": "x", "languages": ["en"], "required": {}, "rules": [broken]})


def test_two_rules_for_one_thing_are_refused():
    with pytest.raises(ValueError, match="two rules"):
        Policy("x", (Rule(Category.GORE, 0.5), Rule(Category.GORE, 0.6)), frozenset({"en"}))


def test_a_rule_for_an_age_or_a_region_only_ever_adds():
    rng = random.Random(11)
    audiences = [Audience(), *(Audience(age, region) for age in ("13-15", "16-17", "18+") for region in ("DE", "US"))]
    for signals in (random_signals(rng, 3) for _ in range(300)):
        plain = SEVERITY[decide(signals, POLICY, complete=True).action]
        told = [SEVERITY[decide(signals, POLICY, complete=True, audience=each).action] for each in audiences]
        assert min(told) >= plain
        assert told[0] == max(told), "who is not known is judged as strictly as anybody"


def test_the_young_are_held_earlier_and_the_law_is_named():
    signals = [signal(Category.SELF_HARM, 0.4)]

    adult = decide(signals, POLICY, complete=True, audience=Audience("18+", "FR"))
    young = decide(signals, POLICY, complete=True, audience=Audience("16-17", "FR"))

    assert (adult.action, young.action) == ("pass", "hold")
    assert young.reasons[0].law.startswith("EU DSA")


def test_a_region_group_holds_its_members_and_nobody_else():
    signals = [signal(Category.DECEPTION, 0.45)]

    audiences = {code: Audience("18+", code) for code in ("FR", "US")}
    acts = {code: decide(signals, POLICY, complete=True, audience=each).action for code, each in audiences.items()}

    assert acts == {"FR": "hold", "US": "pass"}


@pytest.mark.parametrize(("field", "value"), [("ages", ["12"]), ("regions", ["Europe"]), ("limit", 1)])
def test_a_policy_with_a_word_that_means_nothing_is_refused(field: str, value: object):
    rule = {"category": "gore", "hold": 0.5, field: value}

    with pytest.raises(ValueError):
        policy_from({"version": "x", "languages": [], "required": {}, "rules": [rule]})


def test_every_harm_names_the_law_or_house_rule_it_serves():
    assert [rule.category for rule in POLICY.rules if not rule.law] == [Category.TEST_STRING]
