"""Expressions: numbers, registers, symbols and memory, with arithmetic and comparisons.

    0x7c00   eax + 4   ss:esp   main   word[ds:si + 2]   [0x500] == 0xaa55   value & 0x8000

Memory is read in the size that stands before the brackets: `byte`, `word`, `dword` (also without a word) or
`qword`. `A:B` with a segment register, or with a number in real mode, is a linear address. Names of registers
come before those of symbols.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Protocol

from emu.debug.errors import CommandError, ExpressionError

TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|[0-9]+)(?![\w.])|(?P<name>[A-Za-z_.$][\w.$@]*)"
    r"|(?P<sign><<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>():\[\]]))"
)
SIZES = {"byte": 1, "word": 2, "dword": 4, "qword": 8}
LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", "<=", ">", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
"""Binary operators, the loosest first, as in C."""
MASK, LONGEST_NUMBER = (1 << 64) - 1, 30


class Values(Protocol):
    """What names and memory stand for."""

    def name(self, name: str) -> int | None:
        """The value of a register or symbol, or None."""

    def nearest(self, name: str) -> list[str]:
        """Names that look like `name`, the likeliest first."""

    def segment_base(self, name: str) -> int | None:
        """The base that a segment register stands for, or None if it is none."""

    def memory(self, linear: int, size: int) -> int | None:
        """What memory holds at `linear`, or None where nothing is mapped."""


def evaluate(text: str, values: Values) -> int:
    """The value of an expression. Raises CommandError, which says where it went wrong."""
    parser = _Parser(text, values)
    value = parser.expression()
    parser.end()
    return value


class _Parser:
    """Recursive descent; evaluates as it goes."""

    def __init__(self, text: str, values: Values) -> None:
        self._text, self._values = text, values
        self._at = 0
        self._depth = 0
        self._tokens = list(self._split())

    def expression(self, level: int = 0) -> int:
        """Everything that binds at least as tightly as `level`."""
        if level == len(LEVELS):
            return self._unary()
        left = self.expression(level + 1)
        while self._peek() in LEVELS[level]:
            where = self._where()
            sign = self._take()
            right = self.expression(level + 1)
            if sign in "/%" and right == 0:
                raise self._wrong("divides by 0", where)
            left = OPERATORS[sign](left, right) & MASK
        return left

    def end(self) -> None:
        """Nothing may follow."""
        if self._at < len(self._tokens):
            raise self._wrong(f"{self._peek()!r} is not expected")

    def _split(self) -> Iterable[tuple[str, str, int]]:
        at, text = 0, self._text.rstrip()
        while at < len(text):
            match = TOKEN.match(text, at)
            if match is None:
                start = at + len(text[at:]) - len(text[at:].lstrip())
                word = re.match(r"\w+|.", text[start:])
                hint = "; hexadecimal numbers begin with 0x" if text[start].isdigit() else ""
                raise self._wrong(f"{word[0] if word else ''!r} is not understood{hint}", start)
            kind = match.lastgroup or ""
            yield kind, match[kind], match.start(kind)
            at = match.end()

    def _unary(self) -> int:
        self._depth += 1
        if self._depth > 50:
            raise self._wrong("it is nested too deeply")
        try:
            match self._peek():
                case "-":
                    self._take()
                    return -self._unary() & MASK
                case "~":
                    self._take()
                    return ~self._unary() & MASK
                case "!":
                    self._take()
                    return int(not self._unary())
            return self._address()
        finally:
            self._depth -= 1

    def _address(self) -> int:
        """A primary, or two with a colon between: a segment and an offset."""
        segment = self._peek() if self._kind() == "name" else ""
        base = self._values.segment_base(segment)
        value = self._primary()
        if self._peek() != ":":
            return value
        self._take()
        offset = self._primary()
        return ((value << 4) if base is None else base) + offset & MASK

    def _primary(self) -> int:
        where, kind = self._where(), self._kind()
        if kind == "":
            raise self._wrong("something is missing at the end", where)
        token = self._take()
        if kind == "number":
            return self._number(token, where)
        if token == "(":
            value = self.expression()
            self._expect(")")
            return value
        if token == "[":
            return self._memory(4, where)
        if kind == "name":
            if token.lower() in SIZES and self._peek() == "[":
                self._take()
                return self._memory(SIZES[token.lower()], where)
            return self._name(token, where)
        raise self._wrong(f"{token!r} is not expected", where)

    def _number(self, token: str, where: int) -> int:
        base = 16 if token[:2] in ("0x", "0X") else 10
        value = MASK + 1 if len(token) > LONGEST_NUMBER else int(token, base)
        if value > MASK:
            raise self._wrong("this is more than 64 bits hold", where)
        return value

    def _memory(self, size: int, where: int) -> int:
        linear = self.expression()
        self._expect("]")
        value = self._values.memory(linear, size)
        if value is None:
            raise self._wrong(f"no memory can be read at {linear:#x}", where)
        return value

    def _name(self, name: str, where: int) -> int:
        value = self._values.name(name)
        if value is None:
            close = self._values.nearest(name)
            hint = f"did you mean {close[0]!r}?" if close else "`registers` shows those there are"
            raise self._wrong(f"there is no register or symbol {name!r}; {hint}", where)
        return value

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _where(self) -> int:
        return self._tokens[self._at][2] if self._at < len(self._tokens) else len(self._text)

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise self._wrong(f"{sign!r} is missing")
        self._take()

    def _wrong(self, what: str, where: int | None = None) -> CommandError:
        return ExpressionError(self._text, self._where() if where is None else where, what)


OPERATORS: dict[str, Callable[[int, int], int]] = {
    "||": lambda a, b: int(bool(a or b)),
    "&&": lambda a, b: int(bool(a and b)),
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    "<=": lambda a, b: int(a <= b),
    ">": lambda a, b: int(a > b),
    ">=": lambda a, b: int(a >= b),
    "<<": lambda a, b: a << min(b, 64),
    ">>": lambda a, b: a >> min(b, 64),
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}
