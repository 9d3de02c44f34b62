"""The unplug protocol's device: the fixed I/O ports 0x10 to 0x1f, and the same device's ports in BAR0.

What an access does is a row of the host profile's table (`profiles.py`); here are the deeds. The source is
the mail's hw/xen_platform.c; its lines for the host's log are word for word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from emu.core.backends import Unpluggable
from emu.core.bus import ALL_ONES, Region
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.registers import Named, registers
from emu.xen.guest_log import GuestLog, GuestLogState
from emu.xen.profiles import (
    FIRST_PORT,
    MAGIC,
    MAGIC_BLACKLISTED,
    PORT_COUNT,
    Direction,
    Does,
    PlatformFlags,
    Profile,
    Target,
    UnplugMask,
)

BAR0_SIZE = 0x100


@dataclass(frozen=True)
class Targets:
    """What each part of the unplug mask removes, in order; every `unplug()` may be called again."""

    disks: Sequence[Unpluggable] = ()
    auxiliary_disks: Sequence[Unpluggable] = ()
    nics: Sequence[Unpluggable] = ()


@dataclass
class UnplugState:
    """What the host remembers of the guest's drivers."""

    flags: PlatformFlags = field(default_factory=PlatformFlags)
    product: int = 0
    blacklisted: bool = False
    log: GuestLogState = field(default_factory=GuestLogState)


class UnplugPorts(Device[UnplugState]):
    """The protocol as a guest meets it: `ports()` at their fixed place, `bar0` for the PCI function."""

    def __init__(
        self,
        name: str = "xen-unplug",
        *,
        profile: Profile,
        version: int = 1,
        targets: Targets,
        clock: Clock,
        host_log: Callable[[str], None],
        guest_log: Callable[[bytes], None],
        is_blacklisted: Callable[[int, int], bool],
        throttle: bool = True,
        lock_rom: Callable[[bool], None] = lambda locked: None,
    ) -> None:
        """`is_blacklisted(product, build)` asks the store; `lock_rom(locked)` follows the platform flag."""
        super().__init__(name, UnplugState())
        self.profile = profile
        self.version = version
        self._targets = targets
        self._host_log = profile.voice(host_log)
        self._is_blacklisted = is_blacklisted
        self._lock_rom = lock_rom
        self._looked_up: dict[tuple[int, int, Direction], Does] = {}
        self._log = GuestLog(
            clock=clock, sink=guest_log, warn=host_log, throttled=throttle and profile.throttled
        )
        self.fixed = Region(
            name, FIRST_PORT, PORT_COUNT, self._read_port, self._write_port, 4, registers(_PORT_NAMES)
        )
        self.bar0 = Region(
            f"{name}-bar0", 0, BAR0_SIZE, self._read_bar0, self._write_bar0, 1, registers(_BAR0_NAMES)
        )

    def ports(self) -> tuple[Region, ...]:
        """The fixed ports; none on a host without the protocol."""
        return (self.fixed,) if self.profile.offered else ()

    def drive_outputs(self) -> None:
        """Lock or unlock the ROM area."""
        self._lock_rom(bool(self.state.flags.rom_locked))

    def exhaust_log(self) -> None:
        """As after much logging: the next line has to wait."""
        self._log.exhaust(self.state.log)

    def _does(self, port: int, width: int, direction: Direction) -> Does:
        """The profile's row for an access, looked up once: a log comes byte by byte."""
        access = port, width, direction
        if access not in self._looked_up:
            self._looked_up[access] = self.profile.port_rule(port, width, direction, self.version).does
        return self._looked_up[access]

    def _read_port(self, offset: int, width: int) -> int:
        does = self._does(FIRST_PORT + offset, width, Direction.READ)
        if does is Does.SPLIT:
            return self._read_port(offset, 1) | self._read_port(offset + 1, 1) << 8
        return self._read(does, width)

    def _write_port(self, offset: int, width: int, value: int) -> None:
        does = self._does(FIRST_PORT + offset, width, Direction.WRITE)
        if does is Does.SPLIT:
            self._write_port(offset, 1, value & 0xFF)
            self._write_port(offset + 1, 1, value >> 8)
        else:
            self._write(does, value)

    def _read_bar0(self, offset: int, width: int) -> int:
        return self._read(self.profile.bar0_rule(offset, Direction.READ).does, width)

    def _write_bar0(self, offset: int, width: int, value: int) -> None:
        self._write(self.profile.bar0_rule(offset, Direction.WRITE).does, value)

    def _read(self, does: Does, width: int) -> int:
        match does:
            case Does.MAGIC:
                return MAGIC_BLACKLISTED if self.state.blacklisted else MAGIC
            case Does.VERSION:
                return self.version
            case Does.FLAGS:
                return self.state.flags
            case _:
                return ALL_ONES[width]

    def _write(self, does: Does, value: int) -> None:
        match does:
            case Does.UNPLUG:
                self._unplug(value)
            case Does.PRODUCT:
                self._name_product(value)
            case Does.BUILD:
                self._name_build(value)
            case Does.FLAGS:
                self.state.flags = PlatformFlags(0).written(value)
                self.drive_outputs()
            case Does.LOG:
                self._log.take(self.state.log, value)
            case Does.UNPLUG_BOTH:
                if value == 1:
                    self._remove(Target.DISKS, Target.NICS)
            case Does.UNPLUG_OR_LOG:
                self._unplug_or_log(value)

    def _unplug(self, mask: int) -> None:
        self._remove(
            *(step.target for step in self.profile.steps if mask & step.wanted and not mask & step.unless)
        )

    def _unplug_or_log(self, value: int) -> None:
        match value:
            case 1:
                self._remove(Target.DISKS)
            case 2:
                self._remove(Target.NICS)
            case _:
                self._log.take(self.state.log, value)

    def _remove(self, *targets: Target) -> None:
        removed = {
            Target.DISKS: self._targets.disks,
            Target.NICS: self._targets.nics,
            Target.AUXILIARY_DISKS: self._targets.auxiliary_disks,
        }
        for target in targets:
            for each in removed[target]:
                each.unplug()

    def _name_product(self, product: int) -> None:
        match product:
            case 1:
                self._host_log("Citrix Windows PV drivers loaded in guest")
            case 0:
                self._host_log("Guest claimed to be running PV product 0?")
            case _:
                self._host_log(f"Unknown PV product {product} loaded in guest")
        self.state.product = product

    def _name_build(self, build: int) -> None:
        shown = build - (1 << 32) if build & 0x8000_0000 else build  # the mail prints it as %d
        if self.state.product == 0:
            self._host_log(
                f"Drivers tried to set their version number ({shown}) before setting the product number?"
            )
            return
        self._host_log(f"PV driver build {shown}")
        if self._is_blacklisted(self.state.product, build):
            self._host_log("Drivers are blacklisted!")
            self.state.blacklisted = True


_PORT_NAMES = {
    0: Named("magic", "unplug_or_build", None, UnplugMask),
    2: Named("protocol_version", "product_or_log"),
}
_BAR0_NAMES = {
    0: Named("platform_flags", "platform_flags", PlatformFlags, PlatformFlags),
    4: Named("", "unplug"),
    8: Named("", "log"),
}
