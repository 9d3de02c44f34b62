"""Every row of the unplug protocol's table, through the port bus, as a driver would."""

from __future__ import annotations

from random import Random

import pytest

from emu.core.bus import PortBus, Region
from emu.core.clock import Clock
from emu.xen.blacklist import Blacklist
from emu.xen.profiles import NONE, PROFILES, QEMU, SEED, Direction, Profile
from emu.xen.unplug import Targets, UnplugPorts
from emu.xen.xenstore.store import Store

BAR0 = 0xC000


class Recorder:
    """A target that counts how often it was unplugged, in a list shared by all."""

    def __init__(self, name: str, order: list[str]) -> None:
        self.name = name
        self._order = order

    def unplug(self) -> None:
        self._order.append(self.name)


class Host:
    """A device with everything around it."""

    def __init__(self, profile: Profile = SEED, version: int = 1, throttle: bool = True) -> None:
        self.bus = PortBus()
        self.clock = Clock()
        self.store = Store()
        self.blacklist = Blacklist(self.store, profile.products)
        self.unplugged: list[str] = []
        self.host_log: list[str] = []
        self.guest_log: list[bytes] = []
        self.rom_locked: list[bool] = []
        self.device = UnplugPorts(
            profile=profile,
            version=version,
            targets=Targets(
                disks=[Recorder("hda", self.unplugged), Recorder("hdb", self.unplugged)],
                auxiliary_disks=[Recorder("hdb", self.unplugged)],
                nics=[Recorder("nic", self.unplugged)],
            ),
            clock=self.clock,
            host_log=self.host_log.append,
            guest_log=self.guest_log.append,
            is_blacklisted=self.blacklist.is_blacklisted,
            throttle=throttle,
            lock_rom=self.rom_locked.append,
        )
        for region in self.device.ports():
            self.bus.claim(region)
        self.bus.move(self.device.bar0, BAR0)

    def log(self, data: bytes, port: int = 0x12) -> None:
        for byte in data:
            self.bus.write(port, 1, byte)


def test_magic_announces_the_protocol() -> None:
    assert Host().bus.read(0x10, 2) == 0x49D2


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("profile", [SEED, QEMU])
def test_the_protocol_version_is_one_byte_at_0x12(profile: Profile, version: int) -> None:
    assert Host(profile, version).bus.read(0x12, 1) == version


@pytest.mark.parametrize(
    ("product", "line"),
    [
        (1, "Citrix Windows PV drivers loaded in guest"),
        (0, "Guest claimed to be running PV product 0?"),
        (3, "Unknown PV product 3 loaded in guest"),
        (0xFFFF, "Unknown PV product 65535 loaded in guest"),
    ],
)
def test_the_product_number_is_stored_and_logged_in_the_words_of_the_mail(product: int, line: str) -> None:
    host = Host()
    host.bus.write(0x12, 2, product)
    assert host.host_log == [line]
    assert host.device.state.product == product


def test_a_build_before_the_product_is_complained_about_and_ignored() -> None:
    host = Host()
    host.blacklist.add(1, 5)
    host.bus.write(0x10, 4, 5)
    assert host.host_log == [
        "Drivers tried to set their version number (5) before setting the product number?"
    ]
    assert host.bus.read(0x10, 2) == 0x49D2


def test_a_build_that_is_not_blacklisted_leaves_the_magic() -> None:
    host = Host()
    host.blacklist.add(1, 6)
    host.bus.write(0x12, 2, 1)
    host.bus.write(0x10, 4, 5)
    assert host.host_log[1:] == ["PV driver build 5"]
    assert host.bus.read(0x10, 2) == 0x49D2


def test_a_blacklisted_build_changes_the_magic() -> None:
    host = Host()
    host.blacklist.add(1, 5)
    host.bus.write(0x12, 2, 1)
    host.bus.write(0x10, 4, 5)
    assert host.host_log[1:] == ["PV driver build 5", "Drivers are blacklisted!"]
    assert host.bus.read(0x10, 2) == 0xD249


def test_a_build_number_above_two_gigas_is_printed_signed_as_the_mail_does() -> None:
    host = Host()
    host.bus.write(0x10, 4, 0xFFFF_FFFF)
    host.bus.write(0x12, 2, 1)
    host.bus.write(0x10, 4, 0xFFFF_FFFE)
    assert (
        host.host_log[0]
        == "Drivers tried to set their version number (-1) before setting the product number?"
    )
    assert host.host_log[2] == "PV driver build -2"


def test_an_unknown_product_cannot_be_blacklisted_on_the_host_of_the_mail() -> None:
    host = Host()
    host.store.write("/mh/driver-blacklist/linux/1", "")
    host.bus.write(0x12, 2, 3)
    host.bus.write(0x10, 4, 1)
    assert host.bus.read(0x10, 2) == 0x49D2


def test_the_verdict_sticks_but_unplug_log_and_version_still_work() -> None:
    host = Host()
    host.blacklist.add(1, 5)
    host.bus.write(0x12, 2, 1)
    host.bus.write(0x10, 4, 5)
    host.bus.write(0x10, 4, 6)
    host.bus.write(0x10, 2, 2)
    host.log(b"hello\n")
    assert host.bus.read(0x10, 2) == 0xD249
    assert host.bus.read(0x12, 1) == 1
    assert host.unplugged == ["nic"]
    assert host.guest_log == [b"hello"]


def test_reset_forgets_the_verdict() -> None:
    host = Host()
    host.blacklist.add(1, 5)
    host.bus.write(0x12, 2, 1)
    host.bus.write(0x10, 4, 5)
    host.device.reset()
    assert host.bus.read(0x10, 2) == 0x49D2


@pytest.mark.parametrize(
    ("mask", "gone"),
    [
        (0, []),
        (1, ["hda", "hdb"]),
        (2, ["nic"]),
        (3, ["hda", "hdb", "nic"]),
        (4, ["hdb"]),
        (6, ["nic", "hdb"]),
        (7, ["hda", "hdb", "nic", "hdb"]),
        (8, []),
        (0xFFF8, []),
        (0xFFFF, ["hda", "hdb", "nic", "hdb"]),
    ],
)
def test_the_mask_is_worked_off_as_disks_nics_auxiliary_disks(mask: int, gone: list[str]) -> None:
    host = Host()
    host.bus.write(0x10, 2, mask)
    assert host.unplugged == gone


@pytest.mark.parametrize(
    ("mask", "gone"),
    [
        (1, ["hda", "hdb"]),
        (2, ["nic"]),
        (3, ["hda", "hdb", "nic"]),
        (4, ["hdb"]),
        (5, ["hda", "hdb"]),
        (8, ["hda", "hdb"]),
        (12, ["hdb"]),
        (0xFFF0, []),
    ],
)
def test_in_qemu_nvme_alone_takes_all_disks_and_all_overrides_auxiliary(mask: int, gone: list[str]) -> None:
    host = Host(QEMU)
    host.bus.write(0x10, 2, mask)
    assert host.unplugged == gone


def test_the_mask_works_on_a_host_of_version_0() -> None:
    host = Host(version=0)
    host.bus.write(0x10, 2, 3)
    assert host.unplugged == ["hda", "hdb", "nic"]


def test_a_host_of_version_0_ignores_product_and_build() -> None:
    host = Host(version=0)
    host.blacklist.add(1, 5)
    host.bus.write(0x12, 2, 1)
    host.bus.write(0x10, 4, 5)
    host.log(b"x\n")
    assert host.host_log == []
    assert host.device.state.product == 0
    assert host.bus.read(0x10, 2) == 0x49D2
    assert host.guest_log == [b"x"]


def test_a_byte_read_at_0x10_floats_and_a_byte_written_is_ignored() -> None:
    host = Host()
    host.bus.write(0x10, 1, 1)
    assert host.bus.read(0x10, 1) == 0xFF
    assert host.unplugged == []
    assert host.rom_locked == []


def test_in_qemu_a_byte_at_0x10_is_the_platform_flags() -> None:
    host = Host(QEMU)
    assert host.bus.read(0x10, 1) == 0
    host.bus.write(0x10, 1, 0xFF)
    assert host.bus.read(0x10, 1) == 1
    assert host.rom_locked == [True]
    host.device.reset()
    assert host.bus.read(0x10, 1) == 0
    assert host.rom_locked == [True, False]


@pytest.mark.parametrize("profile", [SEED, QEMU])
def test_every_other_read_gives_all_ones(profile: Profile) -> None:
    host = Host(profile)
    assert {host.bus.read(port, 1) for port in range(0x10, 0x20) if port not in (0x10, 0x12)} == {0xFF}
    assert {host.bus.read(port, 2) for port in range(0x12, 0x20, 2)} == {0xFFFF}
    assert {host.bus.read(port, 4) for port in range(0x10, 0x1D)} == {0xFFFF_FFFF}


@pytest.mark.parametrize("profile", [SEED, QEMU])
def test_every_other_write_is_ignored(profile: Profile) -> None:
    host = Host(profile)
    before = host.device.save()
    for port in range(0x13, 0x20):
        host.bus.write(port, 1, 0x0A)
    for port in range(0x14, 0x20, 2):
        host.bus.write(port, 2, 0x0A0A)
    for port in range(0x11, 0x1D):
        host.bus.write(port, 4, 0x0A0A_0A0A)
    assert host.device.save() == before
    assert (host.unplugged, host.guest_log, host.host_log) == ([], [], [])


def test_an_odd_word_is_two_bytes() -> None:
    host = Host()
    assert host.bus.read(0x11, 2) == 0x01FF
    host.bus.write(0x11, 2, 0x4141)
    host.bus.write(0x11, 2, 0x0A41)
    assert host.guest_log == [b"A"]


def test_in_qemu_an_odd_word_floats_and_is_ignored() -> None:
    host = Host(QEMU)
    assert host.bus.read(0x11, 2) == 0xFFFF
    host.bus.write(0x11, 2, 0x0A41)
    assert host.guest_log == []


def test_in_qemu_the_magic_never_changes_and_nothing_is_said() -> None:
    host = Host(QEMU)
    host.blacklist.add(3, 1)
    host.bus.write(0x12, 2, 3)
    host.bus.write(0x10, 4, 1)
    assert host.bus.read(0x10, 2) == 0x49D2
    assert host.device.state.product == 3
    assert host.host_log == []


def test_without_the_protocol_the_ports_float() -> None:
    host = Host(NONE)
    for width, ones in ((1, 0xFF), (2, 0xFFFF), (4, 0xFFFF_FFFF)):
        for port in range(0x10, 0x20):
            host.bus.write(port, width, 0x0A0A_0A0B & ones)
            assert host.bus.read(port, width) == ones
    assert (host.unplugged, host.guest_log, host.host_log) == ([], [], [])


@pytest.mark.parametrize("profile", list(PROFILES.values()))
def test_bar0_has_the_flags_at_offset_0(profile: Profile) -> None:
    host = Host(profile)
    assert host.bus.read(BAR0, 1) == 0
    host.bus.write(BAR0, 1, 3)
    assert host.bus.read(BAR0, 1) == 1
    assert host.rom_locked == [True]
    assert {host.bus.read(BAR0 + n, 1) for n in range(1, 0x100)} == {0xFF}
    assert host.bus.read(BAR0, 4) == 0xFFFF_FF01


def test_bar0_at_offset_8_shares_the_log_buffer() -> None:
    host = Host()
    host.log(b"one ")
    host.log(b"line\n", BAR0 + 8)
    assert host.guest_log == [b"one line"]


def test_bar0_unplugs_nothing_on_the_host_of_the_mail() -> None:
    host = Host()
    host.bus.write(BAR0 + 4, 1, 1)
    host.log(bytes([1, 2, 10]), BAR0 + 8)
    assert host.unplugged == []
    assert host.guest_log == [b"\x01\x02"]


def test_in_qemu_bar0_unplugs_as_old_drivers_ask() -> None:
    host = Host(QEMU)
    host.bus.write(BAR0 + 4, 4, 2)
    assert host.unplugged == []
    host.bus.write(BAR0 + 4, 4, 1)
    host.bus.write(BAR0 + 8, 1, 1)
    host.bus.write(BAR0 + 8, 1, 2)
    assert host.unplugged == ["hda", "hdb", "nic", "hda", "hdb", "nic"]
    host.log(b"text\n", BAR0 + 8)
    assert host.guest_log == [b"text"]


def test_without_the_protocol_bar0_takes_no_log() -> None:
    host = Host(NONE)
    host.log(b"text\n", BAR0 + 8)
    assert host.guest_log == []


def restored_twin(host: Host) -> Host:
    twin = Host(host.device.profile)
    twin.clock.restore(host.clock.ticks)
    twin.device.restore(host.device.save())
    return twin


def test_a_restored_twin_remembers_flags_product_verdict_buffer_and_bucket() -> None:
    host = Host()
    host.blacklist.add(1, 5)
    host.bus.write(0x12, 2, 1)
    host.bus.write(0x10, 4, 5)
    host.bus.write(BAR0, 1, 1)
    host.log(b"first\n" + b"half a l")
    twin = restored_twin(host)
    assert twin.device.save() == host.device.save()
    assert twin.rom_locked == [True]
    assert twin.bus.read(0x10, 2) == 0xD249
    twin.log(b"ine\n")
    assert twin.guest_log == [b"half a line"]
    assert twin.device.state.log.available == 131072 - 5 - 11


def test_each_access_can_be_explained_by_the_rule_that_handles_it() -> None:
    def explained(port: int, width: int, direction: Direction, value: int) -> tuple[str, str]:
        rule = SEED.port_rule(port, width, direction)
        return rule.meaning, rule.explain(value)

    assert explained(0x10, 2, Direction.READ, 0xD249)[1] == "this driver is blacklisted"
    assert explained(0x10, 2, Direction.WRITE, 3) == ("devices to unplug", "all_ide_disks all_nics")
    assert explained(0x12, 2, Direction.WRITE, 1)[1] == "xensource-windows"
    assert explained(0x12, 1, Direction.WRITE, 0x41)[1] == "'A'"
    assert explained(0x10, 4, Direction.WRITE, 9)[0] == "build number of the driver"
    assert SEED.port_rule(0x10, 4, Direction.WRITE, version=0).meaning == "nothing here: ignored"


def test_every_access_has_a_rule() -> None:
    for profile in PROFILES.values():
        for direction in Direction:
            for width in (1, 2, 4):
                assert all(profile.port_rule(port, width, direction).meaning for port in range(0x10, 0x20))
            assert all(profile.bar0_rule(offset, direction).meaning for offset in range(0x100))


def test_a_word_that_leaves_the_ports_is_split_by_the_bus() -> None:
    host = Host()
    host.bus.claim(Region("next", 0x20, 1, lambda offset, width: 0x5A, lambda offset, width, value: None))
    assert host.bus.read(0x1F, 2) == 0x5AFF


@pytest.mark.parametrize("profile", list(PROFILES.values()))
def test_random_accesses_never_fail_and_a_restored_twin_answers_alike(profile: Profile) -> None:
    host = Host(profile)
    draw = Random(profile.name)

    def access() -> tuple[int, int, int | None]:
        width = draw.choice((1, 2, 4))
        port = draw.choice((draw.randrange(0x0D, 0x20), BAR0 + draw.randrange(0x10)))
        return port, width, draw.choice((None, 1, 7, 10, draw.getrandbits(8 * width)))

    def answers(of: Host, accesses: list[tuple[int, int, int | None]]) -> list[int]:
        for port, width, value in accesses:
            if value is not None:
                of.bus.write(port, width, value)
        return [of.bus.read(port, width) for port, width, value in accesses]

    answers(host, [access() for _ in range(2000)])
    twin = restored_twin(host)
    later = [access() for _ in range(500)]
    assert answers(twin, later) == answers(host, later)
    assert twin.device.save() == host.device.save()
