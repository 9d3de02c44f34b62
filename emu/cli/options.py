"""The words of `emu run`'s options become a layer of settings, of the shape of a machine file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emu.core.errors import ConfigError
from emu.machine.layers import Layer
from emu.machine.loader import LISTS
from emu.machine.machine_file import KeyPath
from emu.machine.nearest import suggestion

SPELLED = {"log_throttle": "no-log-throttle", "image": "kernel"}
"""Keys whose option has another name."""
TABLE_OF = {
    "memory": "machine",
    "firmware": "machine",
    "vga_rom": "machine",
    "profile": "machine",
    "protocol_version": "machine",
    "blacklist": "machine",
    "initrd": "kernel",
    "append": "kernel",
    "elf": "kernel",
}
"""Options that are not in [run]."""


def layer(given: Mapping[str, Any]) -> Layer | None:
    """The settings in click's parameters; those that were not given are None, False or empty."""
    data: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or value is False or value == ():  # 0 was given
            continue
        match name:
            case "disk" | "cdrom":
                data[name] = [parse_drive(name, word) for word in value]
            case "nic":
                data[name] = [parse_nic(word) for word in value]
            case "fault":
                data[name] = [parse_fault(word) for word in value]
            case "store":
                data[name] = dict(parse_store(word) for word in value)
            case "kernel":
                data.setdefault("kernel", {})["image"] = value
            case "no_log_throttle":
                data.setdefault("machine", {})["log_throttle"] = False
            case _:
                plain = list(value) if isinstance(value, tuple) else value
                data.setdefault(TABLE_OF.get(name, "run"), {})[name] = plain
    return Layer(data, option_of, Path()) if data else None


def option_of(key: KeyPath) -> str:
    """The option that a key of the settings comes from."""
    names = [part for part in key if isinstance(part, str)]
    name = names[0] if names[0] in ("disk", "cdrom", "nic", "store", "fault") else names[-1]
    return "--" + SPELLED.get(name, name).replace("_", "-")


def parse_drive(kind: str, word: str) -> dict[str, Any]:
    """`PATH[,position=0..3][,write][,next=PATH...]`; a path may have commas of its own."""
    parts = word.split(",")
    properties: dict[str, Any] = {}
    while len(parts) > 1 and not Path(",".join(parts)).exists():
        name, equals, value = parts[-1].partition("=")
        if name == "write" and not equals and kind == "disk":
            properties["write"] = True
        elif name == "position" and equals:
            properties["position"] = number(value)
        elif name == "next" and equals and kind == "cdrom":
            properties["next"] = [value, *properties.get("next", ())]
        elif equals or name == "write":
            known = ("position=0..3", "write" if kind == "disk" else "next=PATH")
            raise ConfigError(f"--{kind}: unknown property {parts[-1]!r}: {suggestion(parts[-1], known)}")
        else:
            break
        parts.pop()
    return {"image": ",".join(parts), **properties}


def parse_nic(word: str) -> dict[str, Any]:
    """Words `KEY=VALUE` with commas between; the keys are those of [[nic]] in a machine file."""
    properties: dict[str, Any] = {}
    for part in filter(None, word.split(",")):
        name, equals, value = part.partition("=")
        if name not in LISTS["nic"]:
            raise ConfigError(f"--nic: unknown property {part!r}: {suggestion(name, LISTS['nic'])}")
        if not equals:
            raise ConfigError(f"--nic: {name} has no value: give {name}=VALUE")
        properties[name] = value
    return properties


def parse_fault(word: str) -> dict[str, Any]:
    """`KIND,KEY=VALUE,...`; the keys are those of [[fault]] in a machine file."""
    kind, *parts = word.split(",")
    properties: dict[str, Any] = {"kind": kind}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            raise ConfigError(
                f"--fault: {part!r} has no value: give KIND,KEY=VALUE such as port-floats,port=0x10"
            )
        properties[name] = value
    return properties


def parse_store(word: str) -> tuple[str, str]:
    """`KEY=VALUE`."""
    key, equals, value = word.partition("=")
    if not equals:
        raise ConfigError(f"--store: {word!r} has no value: give KEY=VALUE such as /vm/name=guest")
    return key, value


def number(word: str) -> int | str:
    """A whole number, or the word itself for the loader to refuse."""
    return int(word) if word.isdecimal() else word
