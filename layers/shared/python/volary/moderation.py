"""Turns what the screening stages saw into pass, hold or block; it runs no model and writes nothing.

What is covered: every signal of every stage against a policy that is data, with a reason for each that
counts. Whatever is not clearly fine is held: a stage that did not answer, a category the policy does not
know, a score between the two thresholds. Adding a signal never makes a decision milder, nor does knowing whom a clip
is for: a rule for an age band or a region only ever adds to the rules for everybody. What no model looks for is never
scored: the policy names it, and holds for it whatever does not come out of a closed world (`World`).
What is not covered: how good the scores are (docs/model-card-safety.md), what a moderator then decides.

`events.moderation.ALWAYS_BLOCKED_TEXT` anywhere in a prompt always blocks, `ALWAYS_HELD_TEXT` always holds,
in production too, so that a deployed pipeline can be proved to screen.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from pydantic import TypeAdapter

from events.moderation import Category, Signal, Stage
from volary.audiences import AGE_BAND, EVERYBODY, AgeBand, Audience, Limit, concerns

Action = Literal["pass", "hold", "block"]
# Where pictures and sound come from: `closed`, drawn by an engine that knows nothing but its own world; `open`, by one
# that can draw anything; `outside`, brought by somebody or built on what was.
World = Literal["closed", "open", "outside"]
SEVERITY: Mapping[Action, int] = MappingProxyType({"pass": 0, "hold": 1, "block": 2})
STAGE: TypeAdapter[Stage] = TypeAdapter(Stage)
WORLD: TypeAdapter[World] = TypeAdapter(World)
RULE_FIELDS = frozenset({"category", "hold", "block", "stage", "ages", "regions", "law"})


@dataclass(frozen=True)
class Rule:
    """From which score a category is held and blocked; `stage` None: all stages without their own rule.

    `ages` and `regions` None: for everybody. `law` names what the rule serves, for statements of reasons.
    """

    category: Category
    hold: float
    block: float | None = None
    stage: Stage | None = None
    ages: frozenset[AgeBand] | None = None
    regions: frozenset[str] | None = None
    law: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.hold <= 1:
            raise ValueError(f"rule {self.category}: hold is {self.hold}, not in (0, 1]")
        if self.block is not None and not self.hold <= self.block <= 1:
            raise ValueError(f"rule {self.category}: block is {self.block}, not in [hold {self.hold}, 1]")

    @property
    def is_for_everybody(self) -> bool:
        return self.ages is None and self.regions is None

    def applies(self, audience: Audience) -> bool:
        """Whether the rule counts for this audience."""
        return concerns(self.ages, self.regions, audience)

    def action(self, score: float) -> Action:
        """What this rule does at a score. A score that is not a number is held."""
        if self.block is not None and score >= self.block:
            return "block"
        return "pass" if score < self.hold else "hold"


@dataclass(frozen=True)
class Unseen:
    """Harms, in plain words, that no model looks for in what a stage judges. A clip of a world in `spares` cannot hold
    them and passes without; every other one is held for a person.
    """

    stage: Stage
    harms: tuple[str, ...]
    spares: frozenset[World] = frozenset()
    law: str = ""

    @property
    def told(self) -> str:
        return f"no model looks for {', '.join(self.harms)}"

    def verdict(self, world: World | None) -> str:
        """What the record says of it; a world that is not known is spared nothing."""
        return f"{self.told}: {f'the {world} world has none' if world in self.spares else 'hold for review'}"


@dataclass(frozen=True)
class Policy:
    """What is allowed, as data. `required` names what each stage must have scored to be complete, `closed_engines`
    the models that draw nothing but their own world.
    """

    version: str
    rules: tuple[Rule, ...]
    languages: frozenset[str]
    required: Mapping[Stage, frozenset[Category]] = field(default_factory=dict)
    unseen: tuple[Unseen, ...] = ()
    closed_engines: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        keys = [(rule.category, rule.stage, rule.ages, rule.regions) for rule in self.rules]
        if len(keys) != len(set(keys)):
            raise ValueError(f"policy {self.version} has two rules for one category, stage and audience")

    def rule(self, signal: Signal) -> Rule | None:
        """The stage's own rule, else the category's, else None for a category this policy does not know."""
        found = {rule.stage: rule for rule in self.rules if rule.category == signal.category and rule.is_for_everybody}
        return found.get(signal.stage, found.get(None))

    def rules_for(self, signal: Signal, audience: Audience) -> tuple[Rule, ...]:
        """The rule for everybody first, then the special ones that count here; empty for an unknown category."""
        general = self.rule(signal)
        special = (rule for rule in self.rules if rule.category == signal.category and not rule.is_for_everybody)
        counting = (rule for rule in special if rule.stage in (None, signal.stage) and rule.applies(audience))
        return (general, *counting) if general else ()


@dataclass(frozen=True)
class Reason:
    """Why a signal counts, without the text it judged; `score` None where no model gave one."""

    stage: Stage
    category: Category
    action: Action
    score: float | None
    model: str
    seen: str
    law: str = ""

    @property
    def told(self) -> str:
        """The reason in a line, as the records keep it."""
        by = "unscored" if self.score is None else f"{self.score:.2f} by {self.model}"
        return f"{self.stage}/{self.category} {by}: {self.seen}"


@dataclass(frozen=True)
class Decision:
    """What to do with a prompt or clip. `category` is the gravest reason's, None where there is no reason; `unseen`
    says what no model looked for, held or not.
    """

    action: Action
    category: Category | None
    reasons: tuple[Reason, ...]
    complete: bool
    policy_version: str
    unseen: tuple[str, ...] = ()


def decide(
    signals: Iterable[Signal],
    policy: Policy,
    *,
    complete: bool,
    audience: Audience = EVERYBODY,
    world: World | None = None,
) -> Decision:
    """Pass, hold or block. `complete` says that every stage that had to answer did; else nothing passes. Where pictures
    or sound were judged, `world` says where they come from; None is as strict as any.
    """
    signals = tuple(signals)
    stages = {signal.stage for signal in signals}
    unseen = [each for each in policy.unseen if each.stage in stages]
    judged = [_judge(signal, policy, audience) for signal in signals]
    judged += [_unscored(each) for each in unseen if world not in each.spares]
    reasons = tuple(sorted((reason for reason in judged if reason.action != "pass"), key=_gravest_first))
    worst = max((SEVERITY[reason.action] for reason in reasons), default=0 if complete else 1)
    return Decision(
        action=_named(worst if complete else max(worst, 1)),
        category=reasons[0].category if reasons else None,
        reasons=reasons,
        complete=complete,
        policy_version=policy.version,
        unseen=tuple(each.verdict(world) for each in unseen),
    )


def world_of(engines: Iterable[str | None], policy: Policy, *, is_brought: bool) -> World:
    """The world of a clip that these models made, it and all it builds on; `is_brought` where an upload is among it."""
    if is_brought:
        return "outside"
    return "closed" if all(engine and engine.split("@")[0] in policy.closed_engines for engine in engines) else "open"


def is_complete(signals: Iterable[Signal], policy: Policy, stages: Iterable[Stage]) -> bool:
    """Whether each of these stages scored every category that the policy requires of it."""
    seen = {(signal.stage, signal.category) for signal in signals}
    return all((stage, category) in seen for stage in stages for category in policy.required.get(stage, ()))


def limits(signals: Iterable[Signal], policy: Policy) -> tuple[Limit, ...]:
    """Whom a clip with these signals is kept from, though it passes for others: each rule for an age or a region that
    would have held or blocked it. Another signal never takes a limit away.
    """
    special = [rule for rule in policy.rules if not rule.is_for_everybody]
    met = [
        rule
        for signal in signals
        for rule in special
        if rule.category == signal.category
        and rule.stage in (None, signal.stage)
        and rule.action(signal.score) != "pass"
    ]
    return tuple(sorted({_limit(rule) for rule in met}, key=lambda limit: limit.model_dump_json()))


def _limit(rule: Rule) -> Limit:
    ages = None if rule.ages is None else tuple(sorted(rule.ages))
    return Limit(ages=ages, regions=None if rule.regions is None else tuple(sorted(rule.regions)), law=rule.law)


def strictest(first: Decision, second: Decision) -> Decision:
    """The graver of two decisions on one clip; the first where they are equal."""
    return second if SEVERITY[second.action] > SEVERITY[first.action] else first


def policy_from(document: Mapping[str, Any]) -> Policy:
    """Read a policy from its JSON form. Raises ValueError for an unknown name or a threshold out of range."""
    groups: dict[str, list[str]] = document.get("regions", {})
    rules = tuple(_rule(rule, groups) for rule in document["rules"])
    required = {
        STAGE.validate_python(stage): frozenset(Category(name) for name in names)
        for stage, names in document["required"].items()
    }
    return Policy(
        document["version"],
        rules,
        frozenset(document["languages"]),
        MappingProxyType(required),
        tuple(map(_unseen, document.get("unseen", ()))),
        frozenset(document.get("closed_engines", ())),
    )


@cache
def shipped_policy() -> Policy:
    """The policy in policy.json beside this module."""
    return policy_from(json.loads(resources.files("volary").joinpath("policy.json").read_text("utf-8")))


def _judge(signal: Signal, policy: Policy, audience: Audience) -> Reason:
    rules = policy.rules_for(signal, audience)
    if not rules:
        unknown = f"policy {policy.version} has no rule for {signal.category}"
        return Reason(signal.stage, signal.category, "hold", signal.score, signal.model, unknown)
    strict = max(rules, key=lambda rule: SEVERITY[rule.action(signal.score)])
    action = strict.action(signal.score)
    return Reason(signal.stage, signal.category, action, signal.score, signal.model, signal.reason, strict.law)


def _unscored(unseen: Unseen) -> Reason:
    return Reason(unseen.stage, Category.UNSEEN, "hold", None, "", unseen.verdict(None), unseen.law)


def _gravest_first(reason: Reason) -> tuple[int, float, str, str]:
    return -SEVERITY[reason.action], -(reason.score or 0.0), reason.category, reason.stage


def _named(severity: int) -> Action:
    return next(action for action, rank in SEVERITY.items() if rank == severity)


def _rule(document: Mapping[str, Any], groups: Mapping[str, list[str]]) -> Rule:
    if unknown := document.keys() - RULE_FIELDS:
        raise ValueError(f"a rule for {document.get('category')} has unknown fields: {sorted(unknown)}")
    return Rule(
        Category(document["category"]),
        document["hold"],
        document.get("block"),
        STAGE.validate_python(document["stage"]) if "stage" in document else None,
        frozenset(map(AGE_BAND.validate_python, document["ages"])) if "ages" in document else None,
        frozenset(_regions(document["regions"], groups)) if "regions" in document else None,
        document.get("law", ""),
    )


def _unseen(document: Mapping[str, Any]) -> Unseen:
    if not document["harms"]:
        raise ValueError(f"an entry of unseen for {document['stage']} names no harms")
    return Unseen(
        STAGE.validate_python(document["stage"]),
        tuple(document["harms"]),
        frozenset(map(WORLD.validate_python, document["spares"])),
        document.get("law", ""),
    )


def _regions(names: Iterable[str], groups: Mapping[str, list[str]]) -> Iterable[str]:
    """ISO codes, the policy's own groups of them resolved. Raises ValueError for a name that is neither."""
    for name in names:
        members = groups.get(name, [name])
        if wrong := [code for code in members if not (len(code) == 2 and code.isascii() and code.isupper())]:
            raise ValueError(f"region {name} holds {wrong}, no ISO 3166-1 alpha-2 codes")
        yield from members
