"""Instructions in every mode, at an address and before one."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from emu.inspect.disassembly import Instruction, disassemble, disassemble_before


@dataclass
class Memory:
    """Some bytes from `start` on, and nothing around them."""

    data: bytes
    start: int = 0x1000
    bits: int = 32
    code_base: int = 0

    def read(self, linear: int, length: int) -> bytes:
        at = linear - self.start
        return self.data[at : at + length] if at >= 0 else b""


def texts(instructions: list[Instruction]) -> list[str]:
    return [each.text for each in instructions]


def test_the_mode_decides_what_the_bytes_mean() -> None:
    code = bytes.fromhex("48 b8 10 00 00 00 00 00 00 00")
    assert texts(disassemble(Memory(code, bits=64), 0x1000)) == ["movabs rax, 0x10"]
    assert texts(disassemble(Memory(code, bits=32), 0x1000, 2)) == ["dec eax", "mov eax, 0x10"]
    assert texts(disassemble(Memory(code, bits=16), 0x1000, 2)) == ["dec ax", "mov ax, 0x10"]


def test_jumps_go_to_linear_addresses() -> None:
    real = Memory(bytes.fromhex("e8 fd 0f eb fe"), start=0xF_1000, bits=16, code_base=0xF_0000)
    call, jump = disassemble(real, 0xF_1000, 2)
    assert (call.text, call.target) == ("call 0x2000", 0xF_2000)
    assert (jump.address, jump.target) == (0xF_1003, 0xF_1003)


def test_a_jump_by_register_goes_nobody_knows_where() -> None:
    assert disassemble(Memory(bytes.fromhex("ff e0")), 0x1000)[0].target is None


def test_what_is_no_instruction_is_a_byte() -> None:
    first, second = disassemble(Memory(bytes.fromhex("06 90"), bits=64), 0x1000, 2)
    assert (first.text, first.code, first.valid) == ("db 0x06", b"\x06", False)
    assert second.address == 0x1001


def test_an_instruction_that_memory_cuts_short_is_bytes() -> None:
    assert texts(disassemble(Memory(bytes.fromhex("b8 01")), 0x1000, 5)) == ["db 0xb8", "db 0x01"]


def test_where_there_is_no_memory_there_are_no_instructions() -> None:
    assert disassemble(Memory(b"\x90"), 0x5000, 3) == []
    assert disassemble_before(Memory(b"\x90"), 0x5000, 3) == []


PROGRAM = bytes.fromhex("55 89e5 83ec10 c745fc00000000 8b4508 0faf450c 8945fc b810000000 c9 c3") * 8
"""A function of compiled code: instructions of one to seven bytes."""


def test_instructions_before_an_address_are_those_that_lead_there() -> None:
    code = Memory(PROGRAM)
    forwards = disassemble(code, 0x1000, 200)
    for index, here in enumerate(forwards):
        if here.address < 0x1000 + len(PROGRAM) // 4:
            continue  # nearer to the beginning there may be nothing to fall into step with
        assert disassemble_before(code, here.address, 8) == forwards[index - 8 : index]


def test_a_known_start_is_believed() -> None:
    # From 1001 on this is another program, on which more starts meet.
    code = Memory(bytes.fromhex("b8 90 90 90 90 90 90"))
    assert texts(disassemble_before(code, 0x1007, 9)) == ["nop"] * 6
    assert texts(disassemble_before(code, 0x1007, 9, known_start=0x1000)) == [
        "mov eax, 0x90909090",
        "nop",
        "nop",
    ]


def test_before_a_known_start_the_view_goes_on() -> None:
    code = Memory(PROGRAM)
    forwards = disassemble(code, 0x1000, 200)
    length = len(PROGRAM) // 8
    here = next(n for n, each in enumerate(forwards) if each.address == 0x1000 + 4 * length + 6)
    start = 0x1000 + 4 * length
    assert disassemble_before(code, forwards[here].address, 6, known_start=start) == forwards[here - 6 : here]


def test_a_known_start_that_does_not_lead_there_is_not_believed() -> None:
    code = Memory(bytes.fromhex("90 b8 90 90 90 90 90"))
    assert texts(disassemble_before(code, 0x1003, 2, known_start=0x1001))[-1] == "nop"


@given(st.binary(min_size=1, max_size=200), st.sampled_from([16, 32, 64]), st.integers(0, 210))
def test_any_bytes_give_instructions_that_lie_side_by_side(data: bytes, bits: int, at: int) -> None:
    code = Memory(data, bits=bits)
    before, after = disassemble_before(code, 0x1000 + at, 5), disassemble(code, 0x1000 + at, 5)
    for one, next_one in zip([*before, *after], [*before, *after][1:], strict=False):
        assert one.end == next_one.address
    if before and at <= len(data):
        assert before[-1].end == 0x1000 + at
