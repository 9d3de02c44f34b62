"""What a client is told about the processor: its registers, in the order of packet `g`.

[GDB] appendix G.5.16 names the features. A client takes a description once, when it connects, and a guest
goes through modes of three widths meanwhile. So the usual description holds the registers of both widths
and names no architecture: gdb takes those that fit the architecture which it is set to, by its program or by
`set architecture`, at any moment (docs/decisions/0008-one-description-for-all-modes.md). The price is that
RIP, RSP and RBP are plain numbers in it, because a pointer is as wide as the architecture says. The narrower
descriptions have pointers: of 32 bits for programs that never see long mode, of 64 for clients that want to
be told an architecture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from xml.sax.saxutils import quoteattr

TYPES = {"int32": 32, "int64": 64, "i387_ext": 80, "uint128": 128}
"""Bits of the types in use."""

FLAGS = ("CF", "", "PF", "", "AF", "", "ZF", "SF", "TF", "IF", "DF", "OF")
FLOATING_CONTROL = ("fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop")
NARROW = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")
WIDE = ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp")
SELECTORS = ("cs", "ss", "ds", "es", "fs", "gs")
CONTROL = ("cr0", "cr2", "cr3", "cr4")
POINTERS = {"ip": "code_ptr", "sp": "data_ptr", "bp": "data_ptr"}
LINEAR = {"rip": "pc", "rsp": "sp"}
"""A client knows linear addresses alone; what the processor has is an offset in CS or SS."""


class Width(Enum):
    """Whose registers are described."""

    ALL = "all"
    I386 = "i386"
    X86_64 = "x86-64"


@dataclass(frozen=True)
class Register:
    """A register as the client knows it; `source` is the processor's name for it."""

    name: str
    kind: str
    bits: int
    source: str


@dataclass(frozen=True)
class Description:
    """Features, each with its registers, and the architecture, unless the client is to choose."""

    architecture: str | None
    features: tuple[tuple[str, tuple[Register, ...]], ...]

    @property
    def registers(self) -> tuple[Register, ...]:
        """All registers, in the order of packet `g` and of their numbers."""
        return tuple(register for _, registers in self.features for register in registers)

    def xml(self) -> str:
        """The document for `qXfer:features:read:target.xml`."""
        lines = ['<?xml version="1.0"?>', '<!DOCTYPE target SYSTEM "gdb-target.dtd">', "<target>"]
        if self.architecture is not None:
            lines.append(f"<architecture>{self.architecture}</architecture>")
        lines.append("<osabi>none</osabi>")
        for name, registers in self.features:
            lines.append(f"<feature name={quoteattr(name)}>")
            if name.endswith(".core"):
                lines += _flags()
            for register in registers:
                lines.append(
                    f'<reg name="{register.name}" bitsize="{register.bits}" type="{register.kind}"/>'
                )
            lines.append("</feature>")
        return "\n".join([*lines, "</target>", ""])


def _flags() -> list[str]:
    fields = (f'<field name="{flag}" start="{bit}" end="{bit}"/>' for bit, flag in enumerate(FLAGS) if flag)
    return ['<flags id="flags" size="4">', *fields, "</flags>"]


def describe(width: Width) -> Description:
    """The description for a client that knows registers of `width`."""
    narrow = width is Width.I386
    whole = "int32" if narrow else "int64"
    core: list[Register] = []
    if not narrow:
        core += _general("r", WIDE, pointers=width is Width.X86_64)
    if width is not Width.X86_64:
        core += _general("e", NARROW, pointers=narrow)
    core += [_register("eflags", "flags", "rflags", 32), *_registers(SELECTORS, "int32")]
    core += [*_registers((f"st{number}" for number in range(8)), "i387_ext")]
    core += [*_registers(FLOATING_CONTROL, "int32")]
    vectors = [*_registers((f"xmm{number}" for number in range(8 if narrow else 16)), "uint128")]
    vectors.append(_register("mxcsr", "int32"))
    system = [*_registers(CONTROL, whole), _register("efer", "int64")]
    system += [*_registers((f"{name}_base" for name in SELECTORS), whole)]
    system += [_register("cs_offset", whole, "rip"), _register("ss_offset", whole, "rsp")]
    system.append(_register("code_bits", "int32"))
    return Description(
        "i386:x86-64" if width is Width.X86_64 else None,
        (
            ("org.gnu.gdb.i386.core", tuple(core)),
            ("org.gnu.gdb.i386.sse", tuple(vectors)),
            ("emu.system", tuple(system)),
        ),
    )


def _general(letter: str, names: tuple[str, ...], *, pointers: bool) -> list[Register]:
    """General registers and the instruction pointer, all of one width."""
    whole, bits = ("int64", 64) if letter == "r" else ("int32", 32)
    found = [
        _register(
            letter + name,
            POINTERS.get(name, whole) if pointers else whole,
            LINEAR.get("r" + name, "r" + name),
            bits,
        )
        for name in (*names, "ip")
    ]
    if letter == "r":
        found[8:8] = _registers((f"r{number}" for number in range(8, 16)), whole)
    return found


def _registers(names: Iterable[str], kind: str) -> list[Register]:
    return [_register(name, kind) for name in names]


def _register(name: str, kind: str, source: str = "", bits: int = 0) -> Register:
    return Register(name, kind, bits or TYPES[kind], source or name)
