"""Watches a driver against the unplug protocol: what it did right, what it skipped, what came out of order.

An access is taken as the driver means it, which is what the mail's host would take it for, whatever the host
of this run makes of it. A *conversation* is one driver's way through the six steps. It begins anew at a
reset, and when a step before the mask comes again after a mask.

What a rule asks is data (`protocol_rules.py`); here is when.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.core.events import Observer
from emu.inspect.decoders import UnplugDecoder
from emu.inspect.findings import Finding, Findings, Moment, in_order
from emu.inspect.protocol_rules import RULES, Rule, Step, Verdict
from emu.xen.blacklist import REGISTERED_NAMES
from emu.xen.guest_log import BUFFER_SIZE
from emu.xen.profiles import (
    FIRST_PORT,
    MAGIC,
    MAGIC_BLACKLISTED,
    PORT_COUNT,
    SEED,
    Direction,
    Does,
    UnplugMask,
)

STEPS = {
    Does.MAGIC: Step.MAGIC,
    Does.VERSION: Step.VERSION,
    Does.PRODUCT: Step.PRODUCT,
    Does.BUILD: Step.BUILD,
    Does.UNPLUG: Step.MASK,
    Does.LOG: Step.LOG,
}
IN_ORDER = (Step.MAGIC, Step.VERSION, Step.PRODUCT, Step.BUILD, Step.MAGIC_AGAIN, Step.MASK)
ASKING = frozenset({Step.PRODUCT, Step.BUILD, Step.MASK, Step.LOG})
"""What a driver must not do where there is no protocol."""
AFRESH = frozenset({Step.VERSION, Step.PRODUCT})
"""After a mask and the magic number, these begin another conversation."""
DEFINED_MASK = sum(each.mask for each in UnplugMask.fields.values())
WIDTHS = {1: "one byte", 2: "two bytes", 4: "four bytes"}
MISTAKEN = {
    (0x10, 1, False): "magic-width",
    (0x10, 4, False): "magic-width",
    (0x10, 1, True): "mask-width",
    (0x12, 2, False): "version-width",
    (0x12, 4, False): "version-width",
    (0x12, 4, True): "product-width",
}
"""What somebody meant who used the wrong width: port, width, whether written."""
THROTTLED = "throttling guest access to syslog"


@dataclass(frozen=True)
class Missed:
    """A step was not done when it was due: before `trigger`."""

    moment: Moment
    trigger: Step


@dataclass
class Conversation:
    """How far a driver has come."""

    done: set[Step] = field(default_factory=set)
    last: Step | None = None
    missed: dict[str, Missed] = field(default_factory=dict)
    disobeyed: set[str] = field(default_factory=set)
    """The rules on what the host said that were broken."""
    version: int | None = None
    """As the driver read it."""
    magic: int | None = None
    """As the driver read it last."""
    told: Moment | None = None
    """When the magic number told that there is no protocol, or that the driver is refused."""
    allowed: Moment | None = None
    """When the driver learned that it may unplug devices."""
    magic_after_mask: bool = False

    @property
    def is_absent(self) -> bool:
        """Whether the driver knows that there is no protocol."""
        return self.magic not in (None, MAGIC, MAGIC_BLACKLISTED) and Step.BUILD not in self.done

    @property
    def is_refused(self) -> bool:
        """Whether the driver knows that the host refuses it: any change of the magic number says so."""
        return self.magic not in (None, MAGIC) and not self.is_absent

    @property
    def is_allowed(self) -> bool:
        """Whether nothing is left to do before the mask."""
        return self.magic == MAGIC and (Step.MAGIC_AGAIN in self.done or self.version == 0)

    @property
    def next_step(self) -> Step | None:
        """What the protocol asks for next; None after the mask, and where there is nothing to do."""
        if self.is_absent or self.is_refused or Step.MASK in self.done:
            return None
        if self.version == 0 and Step.MAGIC in self.done:
            return Step.MASK
        return next(step for step in IN_ORDER if step not in self.done)


@dataclass
class CheckerState:
    """All that the checker remembers besides its findings."""

    conversation: Conversation = field(default_factory=Conversation)
    unended: int = 0
    """Bytes of log since the last newline."""
    unended_since: Moment | None = None
    logged_lines: Moment | None = None


class ProtocolChecker(Observer):
    """Attach it before the run; `findings()` at any time."""

    def __init__(self, decoder: UnplugDecoder, findings: Findings, *, host_version: int | None) -> None:
        """`decoder` knows the host's table; `host_version` is the protocol's, None where there is none."""
        self.state = CheckerState()
        self.found = findings
        self._rule = decoder.rule
        self._host_version = host_version

    def findings(self) -> list[Finding]:
        """All there is to say so far, by time: also of steps that were never done."""
        endings = [*self._conversation_endings(), *self._log_endings()]
        return in_order([*self.found.state.found.values(), *endings])

    def port_read(self, port: int, width: int, value: int) -> None:
        """IN."""
        if FIRST_PORT <= port < FIRST_PORT + PORT_COUNT:
            self._access(port, width, value, write=False)

    def port_write(self, port: int, width: int, value: int) -> None:
        """OUT."""
        if FIRST_PORT <= port < FIRST_PORT + PORT_COUNT:
            self._access(port, width, value, write=True)
            return
        rule = self._rule(port, width, True)
        if rule is None:
            return
        if rule.does is Does.LOG or (rule.does is Does.UNPLUG_OR_LOG and value not in rule.values):
            self._log(value)
        elif rule.does in (Does.UNPLUG_BOTH, Does.UNPLUG_OR_LOG) and value in rule.values:
            self.found.break_rule("fixed-ports", offset=rule.port)

    def host_log(self, text: str) -> None:
        """A line for the host's log."""
        if text == THROTTLED:
            self.found.break_rule("log-volume")

    def reset_requested(self, cause: str) -> None:
        """Everything begins anew."""
        self._keep([*self._conversation_endings(), *self._log_endings()])
        self.state = CheckerState()

    def _access(self, port: int, width: int, value: int, *, write: bool) -> None:
        rule = self._rule(port, width, write)
        if rule is not None and rule.does is Does.FLAGS:
            return
        direction = Direction.WRITE if write else Direction.READ
        step = STEPS.get(SEED.port_rule(port, width, direction).does)
        if step is None:
            self._mistake(port, width, value, write=write)
        elif step is Step.BUILD and self._is_wide_mask():
            self.found.break_rule(
                "mask-width",
                value=value,
                width=WIDTHS[width],
                consequence="four are a build number",
            )
        else:
            self._step(step, value)

    def _is_wide_mask(self) -> bool:
        """Whether four bytes come where a mask is due: not behind a product number."""
        talk = self.state.conversation
        return talk.is_allowed and Step.MASK not in talk.done and talk.last is not Step.PRODUCT

    def _mistake(self, port: int, width: int, value: int, *, write: bool) -> None:
        rule_id = MISTAKEN.get((port, width, write), "known-ports")
        self.found.break_rule(
            rule_id,
            port=port,
            width=WIDTHS[width],
            value=value,
            access="wrote" if write else "read",
            consequence="this does nothing",
        )

    def _step(self, step: Step, value: int) -> None:
        talk = self.state.conversation
        if step in AFRESH and talk.magic_after_mask:
            talk = self._begin_again(talk)
        if talk.is_absent and step is not Step.MAGIC:
            if step in ASKING:
                self._disobey("magic-heeded", step)
            return
        if step is Step.MAGIC:
            self._read_magic(talk, value)
            if Step.BUILD in talk.done:
                self._in_order(talk, Step.MAGIC_AGAIN)
        elif step is Step.VERSION:
            talk.version = value
        self._in_order(talk, step)
        self._meaning(talk, step, value)
        talk.last = step
        if talk.allowed is None and talk.is_allowed:
            talk.allowed = self.found.now

    def _meaning(self, talk: Conversation, step: Step, value: int) -> None:
        """What there is to say about the value."""
        if step in (Step.PRODUCT, Step.BUILD) and talk.version == 0:
            self.found.break_rule("version-heeded", trigger=step.value)
        if step is Step.PRODUCT and value not in REGISTERED_NAMES:
            consequence = "the host ignores its build" if value == 0 else "the host cannot blacklist it"
            self.found.break_rule("product-registered", product=value, consequence=consequence)
        elif step is Step.MASK:
            self._mask(talk, value)
        elif step is Step.LOG:
            self._log(value)

    def _in_order(self, talk: Conversation, step: Step) -> None:
        """Note what should have come before, and what came too late: when a step comes first."""
        if step in talk.done:
            return
        due = []
        for rule in RULES.values():
            if rule.step is step and rule.id in talk.missed:
                missed = talk.missed.pop(rule.id)
                self.found.break_rule(rule.id, missed.moment, trigger=missed.trigger.value)
            elif rule.step is None or not self._applies(rule, talk):
                continue
            elif step in rule.before and rule.step not in talk.done:
                due.append(rule.id)
            elif step in rule.praised_at and rule.step in (step, *talk.done):
                self.found.add(rule.id, Verdict.RIGHT)
        if due:
            missed = Missed(self.found.now, step)
            talk.missed = dict.fromkeys(due, missed) | talk.missed
        talk.done.add(step)

    def _applies(self, rule: Rule, talk: Conversation) -> bool:
        """Whether the rule speaks of a host like this: of its version, as far as the driver can know."""
        version = self._host_version if talk.version is None else talk.version
        return not rule.modern or bool(version)

    def _read_magic(self, talk: Conversation, value: int) -> None:
        if value != MAGIC and value != talk.magic:
            talk.told = self.found.now
        talk.magic = value
        talk.magic_after_mask = Step.MASK in talk.done

    def _mask(self, talk: Conversation, mask: int) -> None:
        if talk.is_refused:
            self._disobey("blacklist-heeded", Step.MASK)
        else:
            self.found.add("mask-written", Verdict.RIGHT)
        if talk.version == 0 and not {Step.PRODUCT, Step.BUILD} & talk.done:
            self.found.add("version-heeded", Verdict.RIGHT)
        unknown = mask & ~DEFINED_MASK
        if unknown or not mask:
            problem = f"nobody knows the bits {unknown:#06x}" if unknown else "it asks for nothing"
            self.found.break_rule("mask-defined", mask=mask, problem=problem)

    def _disobey(self, rule_id: str, step: Step) -> None:
        """The driver goes on though the magic number said no."""
        talk = self.state.conversation
        talk.disobeyed.add(rule_id)
        self.found.break_rule(rule_id, trigger=step.value, magic=talk.magic)

    def _log(self, value: int) -> None:
        state = self.state
        if value & 0xFF == ord("\n") or state.unended == BUFFER_SIZE - 1:
            state.unended, state.unended_since = 0, None
            state.logged_lines = state.logged_lines or self.found.now
        else:
            state.unended += 1
            state.unended_since = state.unended_since or self.found.now

    def _begin_again(self, talk: Conversation) -> Conversation:
        """Another driver, or the same anew: the magic number has been read."""
        self._keep(self._conversation_endings())
        self.state.conversation = Conversation(done={Step.MAGIC}, magic=talk.magic)
        return self.state.conversation

    def _keep(self, endings: list[Finding]) -> None:
        """Nothing more comes: what there was to say in the end stays."""
        for finding in endings:
            known = self.found.state.found.get((finding.rule.id, finding.verdict))
            self.found.keep(in_order([known, finding])[0] if known else finding)

    def _conversation_endings(self) -> list[Finding]:
        """What can be said of a conversation only when nothing more comes."""
        talk = self.state.conversation
        found = [
            _finding(rule_id, Verdict.SKIPPED, missed.moment, trigger=missed.trigger.value)
            for rule_id, missed in talk.missed.items()
        ]
        heeded = "magic-heeded" if talk.is_absent else "blacklist-heeded" if talk.is_refused else None
        if talk.told is not None and heeded is not None and heeded not in talk.disobeyed:
            found.append(_finding(heeded, Verdict.RIGHT, talk.told, magic=talk.magic))
        if talk.allowed is not None and talk.is_allowed and Step.MASK not in talk.done:
            found.append(_finding("mask-written", Verdict.SKIPPED, talk.allowed))
        return found

    def _log_endings(self) -> list[Finding]:
        state = self.state
        if state.unended_since is not None:
            return [_finding("log-lines", Verdict.SKIPPED, state.unended_since, count=state.unended)]
        if state.logged_lines is not None:
            return [_finding("log-lines", Verdict.RIGHT, state.logged_lines)]
        return []


def _finding(rule_id: str, said: Verdict, moment: Moment, **facts: object) -> Finding:
    """A finding of the end; advice that was not followed is no worse than unwise."""
    rule = RULES[rule_id]
    verdict = Verdict.UNWISE if rule.advice and said is not Verdict.RIGHT else said
    return Finding(rule, verdict, rule.words(said, **facts), moment)
