"""What the unplug protocol asks of a driver, as a table.

[mail] is the message that proposed it (xen-devel, 15 December 2008), with its six steps; [Xen] is Xen's
docs/misc/hvm-emulated-unplug.pandoc, which has the same steps; [registry] is public/hvm/pvdrivers.h. Where
they only recommend something, or where it is merely of no use, the rule is advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What came of a rule."""

    RIGHT = "right"
    SKIPPED = "skipped"
    """A step was left out."""
    WRONG = "wrong"
    """Out of order, of wrong width, or against what the host said."""
    UNWISE = "unwise"
    """Against advice: it may work."""


class Step(Enum):
    """What a driver does, in words that go on after `it`."""

    MAGIC = "read the magic number"
    VERSION = "read the protocol version"
    PRODUCT = "named its product"
    BUILD = "named its build"
    MAGIC_AGAIN = "read the magic number again"
    MASK = "wrote the mask of devices to unplug"
    LOG = "logged"


@dataclass(frozen=True)
class Rule:
    """One rule, and what is said where it was followed, left out or broken; `{trigger}` is a `Step`."""

    id: str
    demand: str
    reference: str
    right: str = ""
    skipped: str = ""
    wrong: str = ""
    advice: bool = False
    step: Step | None = None
    """A step that has to be done ..."""
    before: frozenset[Step] = frozenset()
    """... before any of these."""
    praised_at: frozenset[Step] = frozenset()
    """When it is right: at one of these, if the step was done by then."""
    modern: bool = False
    """Whether it speaks of hosts from version 1 on."""

    def words(self, verdict: Verdict, **facts: object) -> str:
        """What is said of a driver."""
        template = {Verdict.RIGHT: self.right, Verdict.SKIPPED: self.skipped}.get(verdict, self.wrong)
        return template.format(**facts)

    @property
    def broken(self) -> Verdict:
        """The verdict where it was broken."""
        return Verdict.UNWISE if self.advice else Verdict.WRONG


def _in_order(
    rule_id: str, demand: str, step: Step, before: set[Step], *, number: int, modern: bool = False
) -> Rule:
    """A step of the six that was done, left out or done late."""
    return Rule(
        rule_id,
        demand,
        f"[mail] and [Xen], step {number}",
        right=step.value if step is not Step.MAGIC else f"{step.value} before anything else",
        skipped=f"{{trigger}}, but never {step.value}",
        wrong=f"{{trigger}} before it {step.value}",
        step=step,
        before=frozenset(before),
        praised_at=frozenset({step}),
        modern=modern,
    )


_ORDER = (
    _in_order(
        "magic-first",
        "First of all a driver reads the magic number, two bytes at port 0x10.",
        Step.MAGIC,
        {Step.VERSION, Step.PRODUCT, Step.BUILD, Step.MASK},
        number=1,
    ),
    Rule(
        "magic-heeded",
        "If the magic number does not match, a driver does nothing more.",
        "[mail] and [Xen], step 1",
        right="found no protocol on this host (the magic number was {magic:#06x}), and left everything alone",
        wrong="{trigger}, though the magic number was {magic:#06x}: there is no protocol on this host",
    ),
    _in_order(
        "version-read",
        "Then it reads the protocol version, a byte at port 0x12.",
        Step.VERSION,
        {Step.PRODUCT, Step.BUILD, Step.MASK},
        number=2,
    ),
    Rule(
        "version-heeded",
        "If the version is 0, it goes on to the mask: there are no product, build and blacklist.",
        "[mail] and [Xen], step 2",
        right="went on to the mask at once, as the protocol version is 0",
        wrong="{trigger}, though the protocol version is 0: the host does not know what that means",
    ),
    _in_order(
        "product-named",
        "Then it writes its product number, two bytes at port 0x12.",
        Step.PRODUCT,
        {Step.BUILD, Step.MASK},
        number=3,
        modern=True,
    ),
    Rule(
        "product-registered",
        "The product number is one of Xen's registry; others cannot be blacklisted.",
        "[registry]",
        wrong="named product {product}, which is not registered: {consequence}",
        advice=True,
    ),
    _in_order(
        "build-named",
        "Then it writes its build number, four bytes at port 0x10.",
        Step.BUILD,
        {Step.MASK},
        number=4,
        modern=True,
    ),
    _in_order(
        "magic-again",
        "Then it reads the magic number again: now it tells whether the host refuses this build.",
        Step.MAGIC_AGAIN,
        {Step.MASK},
        number=5,
        modern=True,
    ),
    Rule(
        "blacklist-heeded",
        "If the magic number has changed, the driver is blacklisted, does not load, and unplugs nothing.",
        "[mail] and [Xen], step 5",
        right="was refused by the host (the magic number was {magic:#06x}), and unplugged nothing",
        wrong="{trigger}, though the host refuses it: the magic number was {magic:#06x}",
    ),
    Rule(
        "mask-written",
        "At last it writes the mask of devices to unplug, two bytes at port 0x10.",
        "[mail] and [Xen], step 6",
        right=Step.MASK.value,
        skipped="was allowed to unplug devices, but never wrote a mask",
    ),
)

_VALUES = (
    Rule(
        "mask-defined",
        "The mask has bits for disks (1), NICs (2), disks but the primary master (4) and NVMe (8).",
        "[mail] and [Xen], step 6",
        wrong="wrote the mask {mask:#06x}: {problem}",
        advice=True,
    ),
    Rule(
        "magic-width",
        "The magic number is two bytes wide.",
        "[mail] and [Xen], step 1",
        wrong="read port 0x10 with {width}: the magic number is two bytes wide, this reads all ones",
    ),
    Rule(
        "version-width",
        "The version is a byte.",
        "[mail] and [Xen], step 2",
        wrong="read port 0x12 with {width}: the version is a byte, this reads all ones",
    ),
    Rule(
        "product-width",
        "The product number is two bytes wide.",
        "[mail] and [Xen], step 3",
        wrong="wrote port 0x12 with {width}: the product number is two bytes wide, this does nothing",
    ),
    Rule(
        "mask-width",
        "The mask is two bytes wide; four at the same port are a build number.",
        "[mail] and [Xen], steps 4 and 6",
        wrong="wrote {value:#x} to port 0x10 with {width}, where a mask belongs: it is two bytes wide, "
        "{consequence}",
    ),
    Rule(
        "known-ports",
        "The protocol is at ports 0x10 and 0x12.",
        "[mail] and [Xen]",
        wrong="{access} port {port:#04x} with {width}, which means nothing in the protocol",
        advice=True,
    ),
    Rule(
        "fixed-ports",
        "Devices are unplugged by the fixed ports; those of the platform device's first region are older, "
        "unofficial, and unknown to many hosts.",
        "[mail]; [Xen], on old SUSE and VMDP drivers",
        wrong="unplugged by the platform device's port +{offset:#x}, as old SUSE and VMDP drivers do",
        advice=True,
    ),
)

_LOG = (
    Rule(
        "log-after-magic",
        "A driver logs only once it has read the magic number.",
        "[mail] and [Xen], on log messages",
        right="logged after it had read the magic number",
        skipped="logged, but never read the magic number",
        wrong="logged before it read the magic number",
        step=Step.MAGIC,
        before=frozenset({Step.LOG}),
        praised_at=frozenset({Step.LOG}),
    ),
    Rule(
        "log-after-blacklist",
        "A driver had better log only once it knows whether it is blacklisted.",
        "[mail], on log messages; [Xen] asks for the magic number alone",
        skipped="logged, but never asked whether it is blacklisted",
        wrong="logged before it asked whether it is blacklisted",
        advice=True,
        step=Step.MAGIC_AGAIN,
        before=frozenset({Step.LOG}),
        modern=True,
    ),
    Rule(
        "log-lines",
        "Log messages end with a newline.",
        "[mail] and [Xen], on log messages",
        right="ended its log messages with newlines",
        skipped="left {count} bytes of log without a newline: nobody will see them",
    ),
    Rule(
        "log-volume",
        "The log is not for anything even vaguely high-volume.",
        "[mail] and [Xen], on log messages",
        wrong="logged so much that the host made it wait",
        advice=True,
    ),
)

_DEVICES = (
    Rule(
        "nics-before-enumeration",
        "Devices are best unplugged before anybody looks for them.",
        "[mail] and [Xen], step 6",
        right="unplugged {device} before anybody had found it on PCI",
        wrong="unplugged {device} only after it had been found on PCI, {earlier_ms:.6f} ms before",
        advice=True,
    ),
    Rule(
        "gone-left-alone",
        "What was unplugged is left alone.",
        "[mail] and [Xen], step 6: the devices disappear",
        wrong="{access}, though {device} had been unplugged: {consequence}",
        advice=True,
    ),
)

RULES: Mapping[str, Rule] = {rule.id: rule for rule in (*_ORDER, *_VALUES, *_LOG, *_DEVICES)}
"""Every rule by its id, in the order of the protocol."""
