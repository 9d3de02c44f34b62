"""Host profiles: the unplug protocol as tables, one for each kind of host.

`seed` is the host of the mail (protocol version 1; its earlier patches are version 0), `qemu` today's QEMU
(hw/i386/xen/xen_platform.c), `none` a host without the protocol. A table is read from the top: the first rule
that fits an access says what it does. The same rules explain accesses to a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import Enum

from emu.core.registers import Register, bit
from emu.xen.blacklist import NAMES_OF_THE_MAIL, REGISTERED_NAMES

FIRST_PORT = 0x10
PORT_COUNT = 0x10
MAGIC = 0x49D2
MAGIC_BLACKLISTED = 0xD249


class PlatformFlags(Register):
    """Bit 0 makes the ROM area 0xC0000 to 0xFFFFF read-only."""

    rom_locked = bit(0)


class UnplugMask(Register):
    """What to unplug (0x10, two bytes)."""

    all_ide_disks = bit(0)
    all_nics = bit(1)
    auxiliary_ide_disks = bit(2)
    nvme_disks = bit(3)


class Direction(Enum):
    """Which way a value goes, seen from the guest."""

    READ = "R"
    WRITE = "W"


class Where(Enum):
    """Ports that a rule may name instead of one."""

    ANY = "any port"
    ODD = "any odd port"


class Does(Enum):
    """What an access does."""

    FLOAT = "reads all ones, ignores writes"
    SPLIT = "is two byte accesses"
    MAGIC = "reads the magic number"
    VERSION = "reads the protocol version"
    PRODUCT = "stores the product number"
    BUILD = "looks the build up in the blacklist"
    UNPLUG = "unplugs what the mask names"
    LOG = "takes a byte of log"
    FLAGS = "reads or writes the platform flags"
    UNPLUG_BOTH = "unplugs disks and NICs if the value is 1"
    UNPLUG_OR_LOG = "unplugs disks (1) or NICs (2), else takes a byte of log"


@dataclass(frozen=True)
class Rule:
    """One row: what an access of `width` bytes at `port` does and means."""

    port: int | Where
    width: int | None
    direction: Direction
    does: Does
    meaning: str
    since: int = 0
    """The protocol version that brought the rule."""
    values: Mapping[int, str] = dataclass_field(default_factory=dict)
    fields: type[Register] | None = None

    def fits(self, port: int, width: int, direction: Direction) -> bool:
        """Whether the rule speaks of this access."""
        match self.port:
            case Where.ANY:
                here = True
            case Where.ODD:
                here = bool(port & 1)
            case only:
                here = port == only
        return here and self.width in (None, width) and self.direction is direction

    def explain(self, value: int) -> str:
        """The value in words, or an empty string where the rule says nothing about values."""
        if self.fields is not None:
            return self.fields(value).describe()
        if self.does is Does.LOG:
            return ascii(chr(value))
        return self.values.get(value, "")


class Target(Enum):
    """What a bit of the mask removes."""

    DISKS = "disks"
    NICS = "nics"
    AUXILIARY_DISKS = "auxiliary_disks"


@dataclass(frozen=True)
class Step:
    """`target` goes if a bit of `wanted` is set in the mask and none of `unless`."""

    wanted: int
    target: Target
    unless: int = 0


@dataclass(frozen=True)
class Profile:
    """A kind of host. `ports` speaks of 0x10 to 0x1f, `bar0` of offsets in the PCI function's ports."""

    name: str
    offered: bool
    """Whether anybody answers at the fixed ports."""
    ports: tuple[Rule, ...]
    bar0: tuple[Rule, ...]
    steps: tuple[Step, ...]
    """How a mask is worked off, in this order."""
    products: Mapping[int, str]
    throttled: bool
    speaks: bool
    """Whether the device model writes what it sees to the host's log."""

    def voice(self, host_log: Callable[[str], None]) -> Callable[[str], None]:
        """`host_log` for a device model that writes there, silence for another."""
        return host_log if self.speaks else lambda text: None

    def port_rule(self, port: int, width: int, direction: Direction, version: int = 1) -> Rule:
        """The rule for an access to a fixed port, on a host of protocol `version`."""
        return _first(self.ports, port, width, direction, version)

    def bar0_rule(self, offset: int, direction: Direction) -> Rule:
        """The rule for a byte access to the PCI function's ports."""
        return _first(self.bar0, offset, 1, direction, 1)


def _first(rules: tuple[Rule, ...], port: int, width: int, direction: Direction, version: int) -> Rule:
    return next(rule for rule in rules if rule.since <= version and rule.fits(port, width, direction))


R, W = Direction.READ, Direction.WRITE

_MAGIC = Rule(
    0x10, 2, R, Does.MAGIC, "magic number: is the protocol here, may this driver load?",
    values={MAGIC: "the protocol is here", MAGIC_BLACKLISTED: "this driver is blacklisted"},
)  # fmt: skip
_VERSION = Rule(
    0x12, 1, R, Does.VERSION, "protocol version",
    values={0: "unplug and log only", 1: "with product, build and blacklist"},
)  # fmt: skip
_UNPLUG = Rule(0x10, 2, W, Does.UNPLUG, "devices to unplug", fields=UnplugMask)
_LOG = Rule(0x12, 1, W, Does.LOG, "a byte of the guest's log")
_NOTHING = (
    Rule(Where.ANY, None, R, Does.FLOAT, "nothing here: reads all ones"),
    Rule(Where.ANY, None, W, Does.FLOAT, "nothing here: ignored"),
)
_FLAGS = (
    Rule(0, 1, R, Does.FLAGS, "platform flags", fields=PlatformFlags),
    Rule(0, 1, W, Does.FLAGS, "platform flags", fields=PlatformFlags),
)


def _product(names: Mapping[int, str]) -> Rule:
    return Rule(0x12, 2, W, Does.PRODUCT, "product number of the driver", since=1, values=names)


SEED = Profile(
    name="seed",
    offered=True,
    ports=(
        _MAGIC,
        _VERSION,
        _product(NAMES_OF_THE_MAIL),
        Rule(0x10, 4, W, Does.BUILD, "build number of the driver", since=1),
        _UNPLUG,
        _LOG,
        Rule(Where.ODD, 2, R, Does.SPLIT, "an odd word: two bytes"),
        Rule(Where.ODD, 2, W, Does.SPLIT, "an odd word: two bytes"),
        *_NOTHING,
    ),
    bar0=(
        *_FLAGS,
        Rule(8, 1, W, Does.LOG, "a byte of the guest's log"),
        *_NOTHING,
    ),
    steps=(
        Step(1, Target.DISKS),
        Step(2, Target.NICS),
        Step(4, Target.AUXILIARY_DISKS),
    ),
    products=NAMES_OF_THE_MAIL,
    throttled=True,
    speaks=True,
)

QEMU = Profile(
    name="qemu",
    offered=True,
    ports=(
        _MAGIC,
        _VERSION,
        _product(REGISTERED_NAMES),
        Rule(0x10, 4, W, Does.FLOAT, "build number of the driver: ignored by this host", since=1),
        _UNPLUG,
        _LOG,
        Rule(0x10, 1, R, Does.FLAGS, "platform flags", fields=PlatformFlags),
        Rule(0x10, 1, W, Does.FLAGS, "platform flags", fields=PlatformFlags),
        *_NOTHING,
    ),
    bar0=(
        *_FLAGS,
        Rule(
            4, 1, W, Does.UNPLUG_BOTH, "unplug, as old SUSE drivers ask for it",
            values={1: "all disks and NICs"},
        ),
        Rule(
            8, 1, W, Does.UNPLUG_OR_LOG, "unplug, as old VMDP drivers ask for it, or a byte of log",
            values={1: "all disks", 2: "all NICs"},
        ),
        *_NOTHING,
    ),
    # NVMe alone counts as all disks: QEMU asks only whether it is to remove auxiliary disks or all of them.
    steps=(
        Step(1, Target.DISKS),
        Step(8, Target.DISKS, unless=4),
        Step(4, Target.AUXILIARY_DISKS, unless=1),
        Step(2, Target.NICS),
    ),
    products=REGISTERED_NAMES,
    throttled=False,
    speaks=False,
)  # fmt: skip

NONE = Profile(
    name="none",
    offered=False,
    ports=(
        Rule(Where.ANY, None, R, Does.FLOAT, "no protocol on this host: the port floats"),
        Rule(Where.ANY, None, W, Does.FLOAT, "no protocol on this host: the port floats"),
    ),
    bar0=(*_FLAGS, *_NOTHING),
    steps=(),
    products={},
    throttled=False,
    speaks=False,
)

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in (SEED, QEMU, NONE)}
