"""What a client is told about the processor: an architecture, and its registers in the order of packet `g`.

[GDB] appendix G.5.16 names the features. A client takes a description once, when it connects, and refuses one
that is of another width than its program. So the width is that of the guest's program, where that is known,
else that of the processor's mode at the time; `monitor architecture` sets it for the next connection. A
32-bit description also serves real mode (`set architecture i8086` then disassembles), and a 64-bit one every
mode; the offsets within CS are as the processor has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

I386, X86_64 = "i386", "i386:x86-64"
WIDTHS = {"int32": 32, "int64": 64, "i387_ext": 80, "uint128": 128, "data_ptr": 0, "code_ptr": 0}
"""Bits of the types in use; 0 is the width of the architecture."""

FLAGS = ("CF", "", "PF", "", "AF", "", "ZF", "SF", "TF", "IF", "DF", "OF")
FLOATING_CONTROL = ("fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop")
LEGACY = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")
SELECTORS = ("cs", "ss", "ds", "es", "fs", "gs")
CONTROL = ("cr0", "cr2", "cr3", "cr4")


@dataclass(frozen=True)
class Register:
    """A register as the client knows it; `source` is the processor's name for it."""

    name: str
    kind: str
    bits: int
    source: str


@dataclass(frozen=True)
class Description:
    """An architecture's features, each with its registers."""

    architecture: str
    features: tuple[tuple[str, tuple[Register, ...]], ...]

    @property
    def registers(self) -> tuple[Register, ...]:
        """All registers, in the order of packet `g` and of their numbers."""
        return tuple(register for _, registers in self.features for register in registers)

    def xml(self) -> str:
        """The document for `qXfer:features:read:target.xml`."""
        lines = ['<?xml version="1.0"?>', '<!DOCTYPE target SYSTEM "gdb-target.dtd">', "<target>"]
        lines.append(f"<architecture>{self.architecture}</architecture>")
        for name, registers in self.features:
            lines.append(f"<feature name={quoteattr(name)}>")
            if name.endswith(".core"):
                lines.append('<flags id="flags" size="4">')
                lines += [
                    f'<field name="{flag}" start="{bit}" end="{bit}"/>'
                    for bit, flag in enumerate(FLAGS)
                    if flag
                ]
                lines.append("</flags>")
            for register in registers:
                lines.append(
                    f'<reg name="{register.name}" bitsize="{register.bits}" type="{register.kind}"/>'
                )
            lines.append("</feature>")
        return "\n".join([*lines, "</target>", ""])


def describe(architecture: str) -> Description:
    """The description of I386 or X86_64."""
    wide = architecture == X86_64
    bits = 64 if wide else 32

    def register(name: str, kind: str, source: str = "") -> Register:
        return Register(name, kind, WIDTHS.get(kind, 32) or bits, source or name)

    whole = "int64" if wide else "int32"
    pointers = {"rsp": "data_ptr", "rbp": "data_ptr"}
    order = ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp") if wide else LEGACY
    letter = "r" if wide else "e"
    core = [register(letter + name, pointers.get("r" + name, whole), "r" + name) for name in order]
    core += [register(f"r{number}", "int64") for number in range(8, 16) if wide]
    core += [register(letter + "ip", "code_ptr", "rip"), register("eflags", "flags", "rflags")]
    core += [register(name, "int32") for name in SELECTORS]
    core += [register(f"st{number}", "i387_ext") for number in range(8)]
    core += [register(name, "int32") for name in FLOATING_CONTROL]
    vectors = [register(f"xmm{number}", "uint128") for number in range(16 if wide else 8)]
    vectors.append(register("mxcsr", "int32"))
    system = [register(name, whole) for name in CONTROL] + [register("efer", "int64")]
    bases = [register(f"{name}_base", whole) for name in SELECTORS]
    return Description(
        architecture,
        (
            ("org.gnu.gdb.i386.core", tuple(core)),
            ("org.gnu.gdb.i386.sse", tuple(vectors)),
            ("emu.system", tuple(system + bases)),
        ),
    )
