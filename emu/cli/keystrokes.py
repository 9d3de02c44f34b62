"""What a terminal sends for keys, as keys of the guest's keyboard, in the spelling of `emu.machine.keys`.

A terminal tells of characters and of some keys by sequences that begin with Esc ([XTERM] "PC-Style Function
Keys"); of keys that are held or released it says nothing.

[XTERM] "XTerm Control Sequences".
"""

from __future__ import annotations

import re

CONTROL = {0x00: "<ctrl-space>", 0x08: "<ctrl-h>", 0x09: "<tab>", 0x0A: "<enter>", 0x0D: "<enter>"}
CONTROL |= {0x1B: "<esc>", 0x1C: "<ctrl-\\>", 0x1D: "<ctrl-]>", 0x1E: "<ctrl-6>", 0x1F: "<ctrl-->"}
CONTROL |= {0x7F: "<backspace>"}
LETTERS = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end"}
LETTERS |= {"P": "f1", "Q": "f2", "R": "f3", "S": "f4"}
NUMBERS = {1: "home", 2: "insert", 3: "del", 4: "end", 5: "pageup", 6: "pagedown", 7: "home", 8: "end"}
NUMBERS |= {11: "f1", 12: "f2", 13: "f3", 14: "f4", 15: "f5", 17: "f6", 18: "f7", 19: "f8", 20: "f9"}
NUMBERS |= {21: "f10", 23: "f11", 24: "f12"}
SHIFT, ALT, CTRL = 1, 2, 4
"""Bits of the modifier that a sequence names, less one."""
SEQUENCE = re.compile(r"\x1b(?:O|\[)(\d*)(?:;(\d+))?([A-Z~])")


def keys_of(data: bytes) -> str:
    """The keys behind what a terminal sent at one go; characters without a key are left out."""
    text = data.decode(errors="ignore")
    keys, at = [], 0
    while at < len(text):
        found = SEQUENCE.match(text, at)
        if found:
            keys.append(_sequence(*found.groups()))
            at = found.end()
        elif text[at] == "\x1b" and at + 1 < len(text) and " " < text[at + 1] < "\x7f":
            keys.append(_with("alt", _character(text[at + 1])))
            at += 2
        else:
            keys.append(_character(text[at]))
            at += 1
    return "".join(keys)


def _character(character: str) -> str:
    code = ord(character)
    if character == "<":
        return "<lt>"
    if " " <= character < "\x7f":
        return character
    letter = chr(code | 0x60)
    return CONTROL.get(code) or (f"<ctrl-{letter}>" if code < 0x20 else "")


def _with(modifier: str, key: str) -> str:
    name = "gt" if key == ">" else key if len(key) == 1 else key[1:-1]
    return f"<{modifier}-{name}>" if key else ""


def _sequence(number: str | None, modifiers: str | None, letter: str) -> str:
    if letter == "Z":
        return "<shift-tab>"
    key = NUMBERS.get(int(number or 0)) if letter == "~" else LETTERS.get(letter)
    held = int(modifiers or 1) - 1
    names = [name for name, bit in (("ctrl", CTRL), ("alt", ALT), ("shift", SHIFT)) if held & bit]
    return f"<{'-'.join([*names, key])}>" if key else ""
