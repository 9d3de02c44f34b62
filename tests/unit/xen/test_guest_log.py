"""The guest's log: buffer and token bucket, with numbers worked out by hand from the mail."""

from __future__ import annotations

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.xen.profiles import QEMU, SEED, Profile
from emu.xen.unplug import Targets, UnplugPorts

BAR0 = 0xC000

LINE = b"x" * 4095
BUCKET = 131072
SECOND = 1_000_000_000


class Host:
    """The device with its logs, and nothing to unplug."""

    def __init__(self, profile: Profile = SEED, throttle: bool = True) -> None:
        self.bus = PortBus()
        self.clock = Clock()
        self.host_log: list[str] = []
        self.guest_log: list[bytes] = []
        self.device = UnplugPorts(
            profile=profile,
            targets=Targets(),
            clock=self.clock,
            host_log=self.host_log.append,
            guest_log=self.guest_log.append,
            is_blacklisted=lambda product, build: False,
            throttle=throttle,
        )
        self.bus.claim(self.device.fixed)
        self.bus.move(self.device.bar0, BAR0)

    def log(self, data: bytes, port: int = 0x12) -> None:
        for byte in data:
            self.bus.write(port, 1, byte)


def test_a_newline_flushes_the_line_without_it() -> None:
    host = Host()
    host.log(b"one\n\ntwo\n")
    assert host.guest_log == [b"one", b"", b"two"]


def test_a_carriage_return_is_part_of_the_line() -> None:
    host = Host()
    host.log(b"one\r\n")
    assert host.guest_log == [b"one\r"]


def test_the_byte_that_overflows_the_buffer_flushes_it_and_is_lost() -> None:
    host = Host()
    host.log(LINE)
    assert host.guest_log == []
    host.log(b"!next\n")
    assert host.guest_log == [LINE, b"next"]


def test_a_newline_at_the_limit_flushes_once() -> None:
    host = Host()
    host.log(LINE + b"\n" + b"y\n")
    assert host.guest_log == [LINE, b"y"]


def test_the_buffer_overflows_through_either_port() -> None:
    host = Host()
    host.log(LINE[:4000])
    host.log(LINE[:96] + b"z\n", BAR0 + 8)
    assert host.guest_log == [LINE, b"z"]


def test_what_follows_a_nul_is_charged_but_not_printed() -> None:
    host = Host()
    host.log(b"ab\0cd\n")
    assert host.guest_log == [b"ab"]
    assert host.device.state.log.available == BUCKET - 5


def test_the_bucket_pays_for_32_full_lines_without_a_pause() -> None:
    host = Host()
    host.log((LINE + b"\n") * 32)
    assert host.device.state.log.available == BUCKET - 32 * 4095 == 32
    assert host.clock.now == 0
    assert host.host_log == []


def test_an_empty_bucket_blocks_the_guest_until_the_line_fits() -> None:
    host = Host()
    host.log((LINE + b"\n") * 33)
    # 4095 - 32 = 4063 tokens are missing, at 256 a second.
    assert host.clock.now == 4063 * SECOND // 256 == 15_871_093_750
    assert host.device.state.log.available == 0
    assert host.host_log == ["throttling guest access to syslog"]
    assert len(host.guest_log) == 33


def test_the_warning_comes_once() -> None:
    host = Host()
    host.log((LINE + b"\n") * 35)
    assert host.host_log == ["throttling guest access to syslog"]
    assert host.clock.now == (4063 + 4095 + 4095) * SECOND // 256


def test_time_since_the_last_refill_counts_when_the_bucket_runs_dry() -> None:
    host = Host()
    host.log((LINE + b"\n") * 32)
    host.clock.advance_to(10 * SECOND)
    host.log(LINE + b"\n")
    assert host.clock.now == 15_871_093_750


def test_there_is_no_pause_where_enough_time_has_passed() -> None:
    host = Host()
    host.log((LINE + b"\n") * 32)
    host.clock.advance_to(20 * SECOND)
    host.log(LINE + b"\n")
    assert host.clock.now == 20 * SECOND
    assert host.host_log == []
    assert host.device.state.log.available == 32 + 20 * 256 - 4095


def test_the_bucket_never_holds_more_than_its_size() -> None:
    host = Host()
    host.log((LINE + b"\n") * 32)
    host.clock.advance_to(100_000 * SECOND)
    host.log(LINE + b"\n")
    assert host.device.state.log.available == BUCKET - 4095


def test_a_fraction_of_a_token_is_lost_at_a_refill() -> None:
    host = Host()
    host.log((LINE + b"\n") * 32)
    host.clock.advance_to(20 * SECOND + 3_906_249)
    host.log(LINE + b"\n")
    assert host.device.state.log.available == 32 + 20 * 256 - 4095
    assert host.device.state.log.last_refill_ns == 20 * SECOND + 3_906_249


def test_the_buckets_time_begins_with_the_first_line() -> None:
    host = Host()
    host.clock.advance_to(100 * SECOND)
    host.log((LINE + b"\n") * 33)
    assert host.clock.now == 115_871_093_750


def test_empty_lines_are_free() -> None:
    host = Host()
    host.log((LINE + b"\n") * 32 + b"x" * 32 + b"\n")
    assert host.device.state.log.available == 0
    host.log(b"\n" * 1000)
    assert host.clock.now == 0
    assert len(host.guest_log) == 1033


def test_the_host_can_switch_the_throttle_off() -> None:
    host = Host(throttle=False)
    host.log((LINE + b"\n") * 40)
    assert host.clock.now == 0
    assert host.host_log == []


def test_qemu_does_not_throttle() -> None:
    host = Host(QEMU)
    host.log((LINE + b"\n") * 40)
    assert host.clock.now == 0
