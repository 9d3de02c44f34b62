"""Hardware registers: integers with named fields, declared once.

    class Status(Register):
        busy = bit(7)
        select = field(5, 4)

    Status(0x80).busy            -> 1
    Status(0).replace(select=2)  -> Status(0x20)
    Status(0xA0).describe()      -> "busy select=2"

A field has an access kind, which `written` applies: what the guest writes is not always what stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import Enum
from typing import Any, ClassVar, Self, overload


class Access(Enum):
    """What a guest's write does to a field."""

    READ_WRITE = "rw"
    READ_ONLY = "ro"
    WRITE_1_TO_CLEAR = "w1c"


class Field:
    """Bits `high` down to `low` of a register."""

    def __init__(self, high: int, low: int, access: Access) -> None:
        self.low = low
        self.mask = ((1 << (high - low + 1)) - 1) << low
        self.access = access
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, register: None, owner: type) -> Self: ...
    @overload
    def __get__(self, register: int, owner: type) -> int: ...
    def __get__(self, register: int | None, owner: type) -> Self | int:
        return self if register is None else (register & self.mask) >> self.low


def bit(position: int, access: Access = Access.READ_WRITE) -> Field:
    """One bit."""
    return Field(position, position, access)


def field(high: int, low: int, access: Access = Access.READ_WRITE) -> Field:
    """Bits `high` down to `low`, both included."""
    return Field(high, low, access)


class Register(int):
    """An integer with named fields; bits without a field read 0 after a guest's write."""

    fields: ClassVar[Mapping[str, Field]] = {}
    _writable: ClassVar[int] = 0
    _clearable: ClassVar[int] = 0

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        cls.fields = {**cls.fields, **{n: f for n, f in vars(cls).items() if isinstance(f, Field)}}
        for each in cls.fields.values():
            if each.access is Access.READ_WRITE:
                cls._writable |= each.mask
            elif each.access is Access.WRITE_1_TO_CLEAR:
                cls._clearable |= each.mask

    def replace(self, **values: int) -> Self:
        """The same register with other values in the named fields."""
        result = int(self)
        for name, value in values.items():
            each = self.fields[name]
            result = result & ~each.mask | (int(value) << each.low) & each.mask
        return type(self)(result)

    def written(self, value: int) -> Self:
        """What the register holds after a guest has written `value` to it."""
        kept = self & ~self._writable & ~(value & self._clearable)
        return type(self)(kept | value & self._writable)

    def describe(self) -> str:
        """The fields that are not 0, by name: `busy select=2`; `0` where there are none."""
        return describe(type(self), self)


def describe(register: type[Register], value: int) -> str:
    """`value` read as a `register`: the fields that are not 0, by name."""
    words = []
    for name, each in register.fields.items():
        held = (value & each.mask) >> each.low
        if held:
            words.append(
                name if each.mask == 1 << each.low else f"{name}={held:#x}" if held > 9 else f"{name}={held}"
            )
    return " ".join(words) or "0"


@dataclass(frozen=True)
class Named:
    """What a data sheet calls the register at one offset, for reads and for writes, and its fields."""

    read: str
    write: str = ""
    read_fields: type[Register] | None = None
    write_fields: type[Register] | None = None

    @property
    def write_name(self) -> str:
        """The name for writes: that for reads unless the sheet has another."""
        return self.write or self.read


@dataclass(frozen=True)
class RegisterMap:
    """Names for the offsets of a region, for tracers and debuggers."""

    offsets: Mapping[int, Named] = dataclass_field(default_factory=dict)

    def name(self, offset: int, *, write: bool) -> str:
        """The register's name, or an empty string."""
        named = self.offsets.get(offset)
        return "" if named is None else named.write_name if write else named.read

    def explain(self, offset: int, value: int, *, write: bool) -> str:
        """The value's fields by name, or an empty string where none are declared."""
        named = self.offsets.get(offset)
        if named is None:
            return ""
        fields = named.write_fields if write else named.read_fields
        return "" if fields is None else describe(fields, value)


def registers(names: Mapping[int, str | Named]) -> RegisterMap:
    """A map from plain names, `"read"` or `"read/write"`, or from Named ones."""
    offsets = {}
    for offset, name in names.items():
        if isinstance(name, str):
            read, _, write = name.partition("/")
            name = Named(read, write)
        offsets[offset] = name
    return RegisterMap(offsets)
