"""What a checker found: which rule, with which verdict, when, where, how often."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from emu.core.clock import Clock
from emu.inspect.place import Place
from emu.inspect.protocol_rules import RULES, Rule, Verdict


@dataclass(frozen=True)
class Moment:
    """When and where."""

    ns: int
    place: Place | None


@dataclass(frozen=True)
class Finding:
    """What is to be said about one rule; the first time it applied, and how often it did."""

    rule: Rule
    verdict: Verdict
    words: str
    """Goes on after `The driver`."""
    moment: Moment
    count: int = 1

    def as_plain(self) -> dict[str, Any]:
        """The object in `--json`."""
        place = self.moment.place
        return {
            "rule": self.rule.id,
            "verdict": self.verdict.value,
            "words": self.words,
            "demand": self.rule.demand,
            "reference": self.rule.reference,
            "advice": self.rule.advice,
            "ns": self.moment.ns,
            "count": self.count,
            "place": None if place is None else place.as_plain(),
        }


@dataclass
class FindingsState:
    """The findings so far, by rule and verdict."""

    found: dict[tuple[str, Verdict], Finding] = field(default_factory=dict)


class Findings:
    """Takes findings. A rule has at most one finding of each verdict: repetitions are counted."""

    def __init__(self, clock: Clock, place: Callable[[], Place | None]) -> None:
        """`place` says where the guest is; it is asked for the first finding of its kind alone."""
        self.state = FindingsState()
        self._clock = clock
        self._place = place

    @property
    def now(self) -> Moment:
        """This moment."""
        return Moment(self._clock.now, self._place())

    @property
    def now_ns(self) -> int:
        """The virtual time."""
        return self._clock.now

    def add(self, rule_id: str, verdict: Verdict, moment: Moment | None = None, **facts: object) -> None:
        """A finding, of this moment unless `moment` is given; `facts` go into the rule's words."""
        known = self.state.found.get((rule_id, verdict))
        if known is not None:
            self.keep(replace(known, count=known.count + 1))
        else:
            rule = RULES[rule_id]
            self.keep(Finding(rule, verdict, rule.words(verdict, **facts), moment or self.now))

    def break_rule(self, rule_id: str, moment: Moment | None = None, **facts: object) -> None:
        """A rule was broken: that is wrong, or unwise where the rule is advice."""
        self.add(rule_id, RULES[rule_id].broken, moment, **facts)

    def keep(self, finding: Finding) -> None:
        """A finding that was made elsewhere."""
        self.state.found[finding.rule.id, finding.verdict] = finding


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By time; what came at once in the order of the rules. Those of one rule and verdict are one."""
    merged: dict[tuple[str, Verdict], Finding] = {}
    for each in findings:
        key = each.rule.id, each.verdict
        known = merged.get(key)
        merged[key] = each if known is None else replace(known, count=known.count + each.count)
    order = list(RULES)
    return sorted(merged.values(), key=lambda each: (each.moment.ns, order.index(each.rule.id)))


def broken(findings: Iterable[Finding], rules: Collection[str] | None = None) -> list[Finding]:
    """Those that say that a rule was not followed: of `rules`, or of all that are more than advice."""

    def counts(rule: Rule) -> bool:
        return not rule.advice if rules is None else rule.id in rules

    return [each for each in findings if each.verdict is not Verdict.RIGHT and counts(each.rule)]
