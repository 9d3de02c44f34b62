"""Registers of a client: linear where it compares addresses, of two widths at once, changed as a whole."""

from __future__ import annotations

from emu.cpu.registers import Registers
from emu.debug.gdb.registers import change, change_all, code_bits, read, set_pc
from emu.debug.gdb.target_description import SELECTORS, Description, Register, Width, describe

BIG, LONG = 1 << 22, 1 << 21
ALL = describe(Width.ALL)


def standing(*, base: int = 0, limit: int = 0xFFFF, flags: int = 0, efer: int = 0, cr0: int = 0) -> Registers:
    """Registers of a processor whose CS and SS have that base and those flags."""
    values: Registers = {register.source: 0 for register in ALL.registers}
    values |= {"rip": 0x1234, "rsp": 0x5678, "rflags": 2, "efer": efer, "cr0": cr0, "fpsw": 3 << 11}
    values |= dict.fromkeys(SELECTORS, (base >> 4, base, limit, flags))
    return values | {f"fp{number}": bytes([number] * 10) for number in range(8)}


def named(name: str, described: Description = ALL) -> Register:
    return next(register for register in described.registers if register.name == name)


def value(values: Registers, name: str) -> int:
    return int.from_bytes(read(values, named(name)), "little")


def put(values: Registers, name: str, wanted: int) -> bool:
    register = named(name)
    return change(values, register, wanted.to_bytes(register.bits // 8, "little"))


def test_pc_and_sp_are_linear_and_the_offsets_are_registers_of_their_own() -> None:
    values = standing(base=0xF0000)
    assert [value(values, name) for name in ("rip", "eip", "esp")] == [0xF1234, 0xF1234, 0xF5678]
    assert [value(values, name) for name in ("cs_offset", "ss_offset", "cs_base")] == [
        0x1234,
        0x5678,
        0xF0000,
    ]


def test_linear_addresses_wrap_at_4_gib_outside_of_long_mode() -> None:
    assert value(standing(base=0xFFFFF000, flags=BIG), "rip") == 0x234


def test_only_the_lower_half_of_esp_counts_on_a_stack_of_16_bits() -> None:
    values = standing(base=0x100) | {"rsp": 0xABCD5678}
    assert value(values, "esp") == 0x5778
    assert put(values, "esp", 0x100)
    assert values["rsp"] == 0xABCD0000


def test_bases_do_not_count_in_64_bit_code() -> None:
    values = standing(base=0x1000, flags=LONG, efer=0x500)
    assert value(values, "rip") == 0x1234
    assert put(values, "rip", 0xFFFFFFFF81000000)
    assert values["rip"] == 0xFFFFFFFF81000000
    assert put(values, "eip", 5)
    assert values["rip"] == 0xFFFFFFFF00000005


def test_a_linear_address_is_turned_into_an_offset_when_pc_is_set() -> None:
    values = standing(base=0xF0000)
    assert put(values, "eip", 0xFE05B)
    assert values["rip"] == 0xE05B
    assert set_pc(values, 0xF0010)
    assert values["rip"] == 0x10


def test_a_place_behind_the_limit_of_the_code_segment_is_refused() -> None:
    values = standing(base=0xFFFF0000)
    assert not set_pc(values, 0)
    assert not put(values, "eip", 0x7C00)
    assert values["rip"] == 0x1234
    assert set_pc(standing(limit=0xFFFFFFFF, flags=BIG), 0x100000)


def test_a_stack_pointer_that_the_segment_does_not_reach_is_refused() -> None:
    values = standing(base=0xF0000)
    assert not put(values, "esp", 0x1000)
    assert values["rsp"] == 0x5678


def test_code_bits_are_those_of_the_code_segment() -> None:
    assert code_bits(standing()) == 16
    assert code_bits(standing(flags=BIG)) == 32
    assert code_bits(standing(flags=BIG, efer=0x500)) == 32
    assert code_bits(standing(flags=LONG)) == 16, "outside of long mode that bit means nothing"
    assert value(standing(flags=LONG, efer=0x500), "code_bits") == 64


def test_the_top_of_the_floating_point_stack_comes_first() -> None:
    assert read(standing(), named("st0")) == bytes([3] * 10)
    assert read(standing(), named("st6")) == bytes([1] * 10)


def test_of_two_registers_that_are_one_that_which_differs_was_changed() -> None:
    before = standing(flags=LONG, efer=0x500) | {"rax": 0x1111111122222222}
    for name, wanted, outcome in (("rax", 5, 5), ("eax", 7, 0x1111111100000007)):
        values = dict(before)
        data = b"".join(
            wanted.to_bytes(each.bits // 8, "little") if each.name == name else read(before, each)
            for each in ALL.registers
        )
        assert change_all(values, ALL.registers, data)
        assert values == before | {"rax": outcome}


def test_too_few_bytes_for_all_registers_change_nothing() -> None:
    values = standing()
    assert not change_all(values, ALL.registers, bytes(8))
    assert values == standing()


def test_selectors_can_be_set_in_real_mode_alone() -> None:
    values = standing()
    assert put(values, "ds", 0x1234)
    assert values["ds"] == (0x1234, 0x12340, 0xFFFF, 0)
    assert not put(standing(cr0=1), "ds", 0x1234)


def test_every_width_names_the_registers_that_gdb_knows_its_architecture_by() -> None:
    for width, has, lacks in (
        (Width.ALL, {"eax", "eip", "rax", "r15", "rip", "xmm15"}, set[str]()),
        (Width.I386, {"eax", "eip", "xmm7"}, {"rax", "r8", "xmm8"}),
        (Width.X86_64, {"rax", "r15", "rip", "xmm15"}, {"eax"}),
    ):
        names = [register.name for register in describe(width).registers]
        assert len(names) == len(set(names))
        assert has <= set(names)
        assert not lacks & set(names)


def test_only_64_bits_alone_are_an_architecture() -> None:
    """gdb refuses one of another width than its program, and of i8086 and i386 always takes i386."""
    assert "<architecture>" not in describe(Width.ALL).xml() + describe(Width.I386).xml()
    assert "<architecture>i386:x86-64</architecture>" in describe(Width.X86_64).xml()
