"""Turns what the screening stages saw into pass, hold or block; it runs no model and writes nothing.

What is covered: every signal of every stage against a policy that is data, with a reason for each that
counts. Whatever is not clearly fine is held: a stage that did not answer, a category the policy does not
know, a score between the two thresholds. Adding a signal never makes a decision milder.
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

Action = Literal["pass", "hold", "block"]
SEVERITY: Mapping[Action, int] = MappingProxyType({"pass": 0, "hold": 1, "block": 2})
STAGE: TypeAdapter[Stage] = TypeAdapter(Stage)


@dataclass(frozen=True)
class Rule:
    """From which score a category is held and blocked; `stage` None: all stages without their own rule."""

    category: Category
    hold: float
    block: float | None = None
    stage: Stage | None = None

    def __post_init__(self) -> None:
        if not 0 < self.hold <= 1:
            raise ValueError(f"rule {self.category}: hold is {self.hold}, not in (0, 1]")
        if self.block is not None and not self.hold <= self.block <= 1:
            raise ValueError(f"rule {self.category}: block is {self.block}, not in [hold {self.hold}, 1]")

    def action(self, score: float) -> Action:
        """What this rule does at a score. A score that is not a number is held."""
        if self.block is not None and score >= self.block:
            return "block"
        return "pass" if score < self.hold else "hold"


@dataclass(frozen=True)
class Policy:
    """What is allowed, as data. `required` names what each stage must have scored to be complete."""

    version: str
    rules: tuple[Rule, ...]
    languages: frozenset[str]
    required: Mapping[Stage, frozenset[Category]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = [(rule.category, rule.stage) for rule in self.rules]
        if len(keys) != len(set(keys)):
            raise ValueError(f"policy {self.version} has two rules for one category and stage")

    def rule(self, signal: Signal) -> Rule | None:
        """The stage's own rule, else the category's, else None for a category this policy does not know."""
        found = {rule.stage: rule for rule in self.rules if rule.category == signal.category}
        return found.get(signal.stage, found.get(None))


@dataclass(frozen=True)
class Reason:
    """Why a signal counts, without the text it judged."""

    stage: Stage
    category: Category
    action: Action
    score: float
    model: str
    seen: str


@dataclass(frozen=True)
class Decision:
    """What to do with a prompt or clip. `category` is the gravest reason's, None where there is no reason."""

    action: Action
    category: Category | None
    reasons: tuple[Reason, ...]
    complete: bool
    policy_version: str


def decide(signals: Iterable[Signal], policy: Policy, *, complete: bool) -> Decision:
    """Pass, hold or block. `complete` says that every stage that had to answer did; else nothing passes."""
    judged = [_judge(signal, policy) for signal in signals]
    reasons = tuple(sorted((reason for reason in judged if reason.action != "pass"), key=_gravest_first))
    worst = max((SEVERITY[reason.action] for reason in reasons), default=0 if complete else 1)
    return Decision(
        action=_named(worst if complete else max(worst, 1)),
        category=reasons[0].category if reasons else None,
        reasons=reasons,
        complete=complete,
        policy_version=policy.version,
    )


def is_complete(signals: Iterable[Signal], policy: Policy, stages: Iterable[Stage]) -> bool:
    """Whether each of these stages scored every category that the policy requires of it."""
    seen = {(signal.stage, signal.category) for signal in signals}
    return all((stage, category) in seen for stage in stages for category in policy.required.get(stage, ()))


def strictest(first: Decision, second: Decision) -> Decision:
    """The graver of two decisions on one clip; the first where they are equal."""
    return second if SEVERITY[second.action] > SEVERITY[first.action] else first


def policy_from(document: Mapping[str, Any]) -> Policy:
    """Read a policy from its JSON form. Raises ValueError for an unknown name or a threshold out of range."""
    rules = tuple(_rule(rule) for rule in document["rules"])
    required = {
        STAGE.validate_python(stage): frozenset(Category(name) for name in names)
        for stage, names in document["required"].items()
    }
    return Policy(document["version"], rules, frozenset(document["languages"]), MappingProxyType(required))


@cache
def shipped_policy() -> Policy:
    """The policy in policy.json beside this module."""
    return policy_from(json.loads(resources.files("volary").joinpath("policy.json").read_text("utf-8")))


def _judge(signal: Signal, policy: Policy) -> Reason:
    rule = policy.rule(signal)
    action = rule.action(signal.score) if rule else "hold"
    seen = signal.reason if rule else f"policy {policy.version} has no rule for {signal.category}"
    return Reason(signal.stage, signal.category, action, signal.score, signal.model, seen)


def _gravest_first(reason: Reason) -> tuple[int, float, str, str]:
    return -SEVERITY[reason.action], -reason.score, reason.category, reason.stage


def _named(severity: int) -> Action:
    return next(action for action, rank in SEVERITY.items() if rank == severity)


def _rule(document: Mapping[str, Any]) -> Rule:
    stage = STAGE.validate_python(document["stage"]) if "stage" in document else None
    return Rule(Category(document["category"]), document["hold"], document.get("block"), stage)
