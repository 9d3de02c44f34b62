"""A machine as a whole machine file, whatever it was made from: `load_file` reads the same machine again."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from emu.core.errors import ConfigError
from emu.machine.config import Drive, Fault, Kernel, MachineConfig, Nic, Run, Typing
from emu.machine.fault_tables import FIELDS, KINDS
from emu.machine.layers import Layer
from emu.machine.loader import GUEST, TABLES, WITHOUT, build
from emu.machine.values import AFTER

Table = dict[str, Any]
UNWRITTEN = (GUEST, WITHOUT, "save_at")


def check_written(config: MachineConfig) -> None:
    """Raises ConfigError where no machine file can say this, so that nobody can have asked for it."""
    unknown = {fault.kind for fault in config.faults} - KINDS.keys()
    if unknown:
        raise ConfigError(f"there is no fault {min(unknown)!r}: docs/faults.md lists them")
    data = tomllib.loads(machine_file(config))
    build([Layer(data, lambda at: ".".join(map(str, at)), name=config.name)])


def machine_file(config: MachineConfig) -> str:
    """The machine in TOML, with absolute paths; what is as usual is left out, and `save_at`."""
    lines: list[str] = []
    for title, table in _tables(config):
        if table:
            lines += [f"{title}", *(f"{_key(name)} = {_value(value)}" for name, value in table.items()), ""]
    return "\n".join(lines)


def _tables(config: MachineConfig) -> Iterator[tuple[str, Table]]:
    usual = MachineConfig()
    yield "[guest]", _changed("guest", config, usual)
    machine = _changed("machine", config, usual)
    if config.blacklist:
        machine["blacklist"] = [f"{product}/{build}" for product, build in config.blacklist]
    yield "[machine]", machine
    if config.kernel is not None:
        yield "[kernel]", _kernel(config.kernel)
    yield "[costs]", _changed("costs", config.costs, usual.costs)
    yield "[store]", dict(config.store)
    for drive in config.drives:
        yield ("[[cdrom]]" if drive.cdrom else "[[disk]]"), _drive(drive)
    for nic in config.nics:
        yield "[[nic]]", _nic(nic)
    for typing in config.inputs:
        yield "[[input]]", _input(typing)
    for fault in config.faults:
        yield "[[fault]]", _fault(fault)
    run = _changed("run", config.run, Run())
    if config.run.keys:
        run["keys"] = [
            f"{AFTER}{each.after},{each.text}" if each.after else each.text for each in config.run.keys
        ]
    if config.run.gdb is not None:
        run["gdb"] = ":".join(map(str, config.run.gdb))
    yield "[run]", run


def _changed(table: str, settings: Any, usual: Any) -> Table:
    """The keys of a table whose fields are not as usual."""
    return {
        name: getattr(settings, key.field)
        for name, key in TABLES[table].items()
        if name not in UNWRITTEN and getattr(settings, key.field) != getattr(usual, key.field)
    }


def _kernel(kernel: Kernel) -> Table:
    table: Table = {"elf" if kernel.elf else "image": kernel.image}
    if kernel.initrd is not None:
        table["initrd"] = kernel.initrd
    return table | ({"append": kernel.append} if kernel.append else {})


def _drive(drive: Drive) -> Table:
    table: Table = {"image": drive.image, "position": drive.position}
    if drive.next:
        table["next"] = drive.next
    return table | ({"write": True} if drive.write else {})


def _nic(nic: Nic) -> Table:
    table: Table = {"mac": nic.mac.hex(":"), "backend": nic.backend}
    if nic.backend == "peer":
        table["address"] = str(nic.address)
    files = {"serve": nic.serve, "capture": nic.capture, "rom": nic.rom}
    return table | {name: path for name, path in files.items() if path is not None}


def _input(typing: Typing) -> Table:
    table: Table = {"after": typing.after} if typing.after else {}
    if typing.to == "keyboard":
        return table | {"keys": typing.text}
    return table | {"to": typing.to, "send": typing.text}


def _fault(fault: Fault) -> Table:
    kind, keys = KINDS[fault.kind], {field: key for key, field in FIELDS.items()}
    table: Table = {"kind": fault.kind, "name": fault.name}
    for field in fields(Fault):
        key, value = keys.get(field.name, field.name), getattr(fault, field.name)
        if key in kind.needs or (key not in table and value != field.default):
            table[key] = _fault_value(key, value)
    return table


def _fault_value(key: str, value: Any) -> Any:
    match key:
        case "lba":
            return f"{value[0]}-{value[1]}"
        case "delay" | "after":
            return f"{value}ns"
        case _:
            return value


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else json.dumps(name)


def _value(value: Any) -> str:
    """A value in TOML; JSON's strings are TOML's, but for DEL."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case Path():
            return _value(str(value.absolute()))
        case str():
            text = value.removeprefix("file:")
            path = f"file:{Path(text).absolute()}" if text != value else value
            return json.dumps(path, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Mapping():
            return "{ " + ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items()) + " }"
        case _:
            return "[" + ", ".join(map(_value, value)) + "]"
