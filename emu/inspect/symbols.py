"""Symbols and source lines of guest programs, from ELF files: symbol tables, and DWARF 2 to 5.

Bundled guests have their ELF files beside their images. All of them are linked to run at linear addresses,
whatever the mode: a part in real mode lies where its segments of base 0 see it, so a symbol's value is the
linear address. Several programs of one guest may lie at the same address, one after the other: a boot
sector, the parts, a second stage. So `SymbolFiles` asks memory: a file speaks for an address only while the
bytes there are those of the file.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from elftools.elf.elffile import ELFFile

from emu.core.errors import ConfigError
from emu.inspect.functions import Entered, functions
from emu.inspect.inlining import Call, Inlining
from emu.inspect.line_table import MALFORMED, Line, LineTable, Unit
from emu.inspect.sources import Sources
from emu.machine.nearest import nearest

LARGEST = 1 << 30
MAGIC = b"\x7fELF"
MACHINES = ("EM_386", "EM_X86_64")
COMPARED = 16
"""Bytes of code that must be in memory for a file to speak for an address."""
NO_TYPE, OBJECT, FUNCTION, INDIRECT_FUNCTION = 0, 1, 2, 10
TYPES = (FUNCTION, INDIRECT_FUNCTION, NO_TYPE, OBJECT)
"""The types of symbols that name something in memory, the most telling first."""
UNDEFINED, ABSOLUTE = 0, 0xFFF1
GLOBAL = 1
ENTRY_32, ENTRY_64 = struct.Struct("<IIIBBH"), struct.Struct("<IBBHQQ")
ALLOCATED, EXECUTABLE = 2, 4

Read = Callable[[int, int], bytes]
"""Reads memory by linear address: up to so many bytes, as many as are there."""


class Symbol(NamedTuple):
    """A name for an address."""

    address: int
    name: str
    size: int
    kind: int
    is_global: bool
    in_memory: bool
    """False for a mere number, which is no address."""


class Section(NamedTuple):
    """A part of the program as it is loaded."""

    address: int
    data: bytes
    executable: bool


class Symbols:
    """One ELF file."""

    def __init__(self, path: Path, image: bytes) -> None:
        """Raises ConfigError where `image` is no ELF file for x86."""
        self.path = path
        self.image = image
        if not image.startswith(MAGIC):
            raise ConfigError(f"{path} is no ELF file: give the program's, with its symbols, not its image")
        try:
            self._elf: Any = ELFFile(BytesIO(image))
            if self._elf["e_machine"] not in MACHINES or not self._elf.little_endian:
                raise ConfigError(f"{path} is an ELF file for another machine: give one for x86")
            self.sections = self._load_sections()
            self._symbols = self._load_symbols()
        except (*MALFORMED, struct.error):
            raise ConfigError(f"{path} is a damaged ELF file: build it again") from None
        self._addresses = [symbol.address for symbol in self._ordered]

    @classmethod
    def load(cls, path: Path) -> Symbols:
        """The symbols in a file. Raises ConfigError with the remedy."""
        return cls(path, read_program(path))

    @property
    def name(self) -> str:
        """What the file is called among others."""
        return self.path.stem

    @cached_property
    def by_name(self) -> dict[str, Symbol]:
        """Every symbol by its name; of several the global one, else the first in memory."""
        found: dict[str, Symbol] = {}
        for symbol in self._symbols:
            if symbol.name not in found or (symbol.is_global and not found[symbol.name].is_global):
                found[symbol.name] = symbol
        return found

    def address(self, name: str) -> int | None:
        """Where `name` is."""
        symbol = self.by_name.get(name)
        return None if symbol is None else symbol.address

    def nearest(self, name: str, count: int = 3) -> list[str]:
        """Known names that look like `name`."""
        return nearest(name, self.by_name, count)

    def find(self, address: int) -> tuple[Symbol, int] | None:
        """The symbol that `address` belongs to, and how far into it."""
        index = bisect_right(self._addresses, address) - 1
        section = self._section(address)
        while index >= 0 and section is not None:
            symbol = self._ordered[index]
            if symbol.address < section.address:
                break
            if not symbol.size or address < symbol.address + symbol.size:
                return symbol, address - symbol.address
            index -= 1
        return None

    def line(self, address: int) -> Line | None:
        """The source line of the instruction at `address`."""
        return self._lines.line(address)

    def calls(self, address: int) -> list[Call]:
        """The functions at `address` as the source has them, inlined ones included, the innermost first.

        Without debugging information there is one, by its symbol.
        """
        if calls := self._inlining.calls(address):
            return calls
        found = self.find(address)
        return [] if found is None else [Call(found[0].name, self.line(address), False)]

    def holds(self, address: int, read: Read) -> bool:
        """Whether memory holds at `address` the code that the file has there."""
        expected = self.code(address, COMPARED)
        return bool(expected) and read(address, len(expected)) == expected

    @cached_property
    def dwarf(self) -> Any:
        """pyelftools' view of the debugging information; None where there is none."""
        try:
            return self._elf.get_dwarf_info() if self._elf.has_dwarf_info() else None
        except MALFORMED:
            return None

    @cached_property
    def call_frames(self) -> list[Any]:
        """pyelftools' entries of call frame information, a function each. Raises one of MALFORMED."""
        if self.dwarf is None:
            return []
        entries = self.dwarf.CFI_entries() if self.dwarf.has_CFI() else []
        if self.dwarf.has_EH_CFI():
            entries = [*entries, *self.dwarf.EH_CFI_entries()]
        return [entry for entry in entries if "initial_location" in getattr(entry, "header", ())]

    @property
    def units(self) -> list[Unit]:
        """The compilation units that there is debugging information of."""
        return self._lines.units()

    @cached_property
    def functions(self) -> dict[Unit, list[Entered]]:
        """The functions of each compilation unit, and where each is entered."""
        return {unit: list(functions(self.dwarf, unit)) for unit in self.units}

    def code(self, address: int, size: int) -> bytes:
        """What the file has at `address`, if that is code: at most `size` bytes."""
        section = self._section(address)
        if section is None or not section.executable:
            return b""
        at = address - section.address
        return section.data[at : at + size]

    @cached_property
    def span(self) -> tuple[int, int]:
        """The first address of the loaded program, and the one behind it."""
        loaded = [each for each in self._elf.iter_segments() if each["p_type"] == "PT_LOAD"]
        spans = [(each["p_vaddr"], each["p_vaddr"] + each["p_memsz"]) for each in loaded]
        spans = spans or [(each.address, each.address + len(each.data)) for each in self.sections]
        return min((low for low, _ in spans), default=0), max((high for _, high in spans), default=0)

    @property
    def is_64_bit(self) -> bool:
        """Whether registers are numbered as the 64-bit ABI does."""
        return bool(self._elf.elfclass == 64)

    @cached_property
    def _lines(self) -> LineTable:
        return LineTable(self.dwarf)

    @cached_property
    def _inlining(self) -> Inlining:
        return Inlining(self.dwarf, self._lines)

    @cached_property
    def _ordered(self) -> list[Symbol]:
        """What lies in memory, by address; of several at one address the most telling is last."""
        placed = (symbol for symbol in self._symbols if symbol.in_memory)
        return sorted(placed, key=lambda each: (each.address, each.is_global, -TYPES.index(each.kind)))

    def _section(self, address: int) -> Section | None:
        starts = [section.address for section in self.sections]
        index = bisect_right(starts, address) - 1
        if index < 0:
            return None
        section = self.sections[index]
        return section if address < section.address + len(section.data) else None

    def _load_sections(self) -> list[Section]:
        found = []
        for section in self._elf.iter_sections():
            flags = section["sh_flags"]
            if flags & ALLOCATED and section["sh_type"] == "SHT_PROGBITS":
                found.append(Section(section["sh_addr"], section.data(), bool(flags & EXECUTABLE)))
        return sorted(found)

    def _load_symbols(self) -> list[Symbol]:
        """Unpacked here rather than by pyelftools, which takes seconds for a kernel."""
        table = self._elf.get_section_by_name(".symtab")
        if table is None:
            return []
        names = self._elf.get_section(table["sh_link"]).data()
        found = []
        for entry in (ENTRY_64 if self.is_64_bit else ENTRY_32).iter_unpack(table.data()):
            if self.is_64_bit:
                at, info, _, section, address, size = entry
            else:
                at, address, size, info, _, section = entry
            end = names.find(b"\0", at)
            if not at or end <= at or info & 15 not in TYPES or section == UNDEFINED:
                continue
            name = names[at:end].decode(errors="replace")
            in_memory = section != ABSOLUTE
            found.append(Symbol(address, name, size, info & 15, info >> 4 == GLOBAL, in_memory))
        return found


class SymbolFiles:
    """The ELF files of one guest, as one."""

    def __init__(self, files: Iterable[Symbols] = ()) -> None:
        """The first of `files` wins where a name is in several."""
        self.files = list(files)
        self.sources = Sources(*dict.fromkeys(file.path.parent for file in self.files))

    @classmethod
    def load(cls, paths: Iterable[Path]) -> SymbolFiles:
        """From several files. Raises ConfigError."""
        return cls(Symbols.load(path) for path in paths)

    def at(self, address: int, read: Read) -> Symbols | None:
        """The file whose code is in memory at `address`."""
        return next((file for file in self.files if file.holds(address, read)), None)

    def address(self, name: str, read: Read | None = None) -> int | None:
        """Where `name`, or `FILE:name`, is; with `read`, rather in a program that is in memory."""
        stem, colon, rest = name.rpartition(":")
        wanted = rest if colon else name
        files = [file for file in self.files if wanted in file.by_name and (not colon or file.name == stem)]
        if read is not None:
            files.sort(key=lambda file: not file.holds(file.by_name[wanted].address, read))
        return files[0].address(wanted) if files else None

    def size(self, name: str, read: Read | None = None) -> int:
        """How many bytes `name` takes; 0 where that is unknown."""
        address = self.address(name, read)
        wanted = name.rpartition(":")[2]
        held = (file.by_name.get(wanted) for file in self.files)
        return next((each.size for each in held if each is not None and each.address == address), 0)

    @property
    def names(self) -> list[str]:
        """Every known name."""
        return list(dict.fromkeys(each for file in self.files for each in file.by_name))

    def nearest(self, name: str, count: int = 3) -> list[str]:
        """Known names that look like `name`."""
        known = dict.fromkeys(each for file in self.files for each in file.by_name)
        return nearest(name.rpartition(":")[2], known, count)

    def describe(self, address: int, read: Read) -> str:
        """`symbol+offset`, or an empty string."""
        file = self.at(address, read)
        found = None if file is None else file.find(address)
        if found is None:
            return ""
        symbol, offset = found
        return symbol.name + (f"+{offset:#x}" if offset else "")

    def source(self, line: Line) -> str | None:
        """The text of a source line, where the file is found."""
        return self.sources.text(line.file, line.number)


def read_program(path: Path) -> bytes:
    """What is in an ELF file. Raises ConfigError with the remedy."""
    try:
        if not path.is_file():
            raise ConfigError(f"there is no file {path} to take symbols from: give the path of an ELF file")
        if path.stat().st_size > LARGEST:
            raise ConfigError(f"{path} is too large to take symbols from: give an ELF file below 1 GiB")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"cannot read the symbols {path} ({reason}): give a readable file") from None


def files_beside(image: Path) -> list[Path]:
    """The ELF files of a bundled guest's image: NAME.elf, and NAME-PART.elf of further parts."""
    first = image.with_suffix(".elf")
    parts = sorted(image.parent.glob(f"{_literal(image.stem)}-*.elf"))
    return [path for path in (first, *parts) if path.is_file()]


def _literal(text: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)
