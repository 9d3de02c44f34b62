"""Machine files and options become a configuration.

Both are layers of the same shape, that of a machine file; a later layer overrides an earlier one. What the
keys mean, and which field of the configuration each sets, is one table. Every refusal is a ConfigError that
says where: a file and a line, or an option.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from emu.core.clock import Costs
from emu.core.errors import ConfigError
from emu.machine import values
from emu.machine.bundled import guest_path
from emu.machine.config import (
    COVERAGE,
    DEFAULT_MAC,
    DISPLAYS,
    KEYBOARD,
    LINKS,
    ON_RESET,
    OUTCOMES,
    PACES,
    POSITIONS,
    PROFILES,
    SERIAL_PORTS,
    Drive,
    Fault,
    Kernel,
    MachineConfig,
    Nic,
    Run,
    Typing,
)
from emu.machine.fault_tables import PARSERS as FAULT_PARSERS
from emu.machine.fault_tables import KeyedError, fault_from
from emu.machine.layers import Key, Layer
from emu.machine.machine_file import KeyPath, MachineFile
from emu.machine.nearest import suggestion
from emu.xen.xenstore.store import StoreError, canonical

SUFFIX = ".toml"
MOST_NICS = 8

DISK_ORDER, CDROM_ORDER = (0, 1, 2, 3), (2, 3, 1, 0)
"""The positions that a drive without one takes: the first that no other drive of its layer has."""


GUEST, WITHOUT = "guest", "without"
"""Keys of [machine] that say what a file builds on, and what of it is left out; they set no field."""


def _whole(low: int, high: int) -> values.Parse:
    return values.integer(low, high)


TABLES: Mapping[str, Mapping[str, Key]] = {
    "guest": {
        "description": Key(values.text, "description"),
        "expected": Key(values.choice(*OUTCOMES), "expected"),
    },
    "machine": {
        "memory": Key(values.memory, "memory_mib"),
        "firmware": Key(values.firmware, "firmware"),
        "vga_rom": Key(values.vga_rom, "vga_rom"),
        "profile": Key(values.choice(*PROFILES), "profile"),
        "protocol_version": Key(_whole(0, 1), "protocol_version"),
        "blacklist": Key(values.blacklist, "blacklist"),
        "log_throttle": Key(values.boolean, "log_throttle"),
        "epoch": Key(_whole(0, 253402300799), "epoch"),
        "guest": Key(values.text, GUEST),
        "without": Key(values.parts, WITHOUT),
    },
    "kernel": {
        "image": Key(values.path, "image"),
        "elf": Key(values.path, "elf"),
        "initrd": Key(values.path, "initrd"),
        "append": Key(values.command_line, "append"),
    },
    "costs": {name: Key(_whole(1, 1_000_000_000), name) for name in Costs.__dataclass_fields__},
    "run": {
        "limit": Key(values.seconds, "limit_s"),
        "wall": Key(values.seconds, "wall_s"),
        "slice": Key(_whole(1, 1 << 40), "slice_bytes"),
        "step": Key(values.boolean, "single_step"),
        "serial": Key(values.destination("stdio", "null"), "serial"),
        "serial2": Key(values.destination("stdio", "null"), "serial2"),
        "debug": Key(values.destination("stderr", "null"), "debug"),
        "guest_log": Key(values.destination("stderr", "null"), "guest_log"),
        "trace": Key(values.trace, "trace"),
        "trace_file": Key(values.path, "trace_file"),
        "trace_format": Key(values.choice("text", "json"), "trace_format"),
        "on_reset": Key(values.choice(*ON_RESET), "on_reset"),
        "input": Key(values.source, "input"),
        "pace": Key(values.choice(*PACES), "pace"),
        "save_at": Key(values.save_at, "save_at"),
        "record": Key(values.path, "record"),
        "keys": Key(values.keys, "keys"),
        "gdb": Key(values.endpoint, "gdb"),
        "gdb_wait": Key(values.boolean, "gdb_wait"),
        "json": Key(values.boolean, "json"),
        "hash": Key(values.boolean, "hash"),
        "screen": Key(values.boolean, "screen"),
        "display": Key(values.choice(*DISPLAYS), "display"),
        "explain": Key(values.boolean, "explain"),
        "coverage": Key(values.path, "coverage"),
        "coverage_format": Key(values.choice(*COVERAGE), "coverage_format"),
        "symbols": Key(values.paths, "symbols"),
    },
}
"""Tables of single values. `[store]` holds paths of the caller's choice."""

_DISK = {
    "image": Key(values.path, "image"),
    "position": Key(values.position, "position"),
    "write": Key(values.boolean, "write"),
}
LISTS: Mapping[str, Mapping[str, Key]] = {
    "disk": _DISK,
    "cdrom": {name: key for name, key in _DISK.items() if name != "write"}
    | {"next": Key(values.paths, "next")},
    "nic": {
        "mac": Key(values.mac, "mac"),
        "backend": Key(values.choice(*LINKS), "backend"),
        "address": Key(values.station, "address"),
        "serve": Key(values.path, "serve"),
        "capture": Key(values.path, "capture"),
        "rom": Key(values.path, "rom"),
    },
    "input": {
        "after": Key(values.text_that_can_come, "after"),
        "to": Key(values.choice(KEYBOARD, *SERIAL_PORTS), "to"),
        "keys": Key(values.typed_keys, "keys"),
        "send": Key(values.command_line, "send"),
    },
    "fault": {name: Key(parse, name) for name, parse in FAULT_PARSERS.items()},
}
"""Tables that there may be several of."""

OF_PEER = ("address", "serve")
"""Keys of a network card that mean something to one back end alone."""
OF_TESTS = ("test", "matrix", "when")
"""Tables that say how a machine is tested: `emu.smoke.scenario` reads them."""


def load(target: str | None = None, options: Layer | None = None) -> MachineConfig:
    """The configuration of a bundled guest or a machine file, with `options` on top. Raises ConfigError."""
    layers = [] if target is None else file_layers(target_path(target))
    return build([*layers, options] if options else layers)


def load_file(path: Path) -> MachineConfig:
    """The configuration in a machine file. Raises ConfigError."""
    return build(file_layers(path))


def build(layers: Iterable[Layer]) -> MachineConfig:
    """The configuration that the layers make, later ones on top."""
    draft = _Draft()
    for layer in layers:
        _Reader(layer, draft).read()
    return draft.finish()


def target_path(target: str) -> Path:
    """The machine file that a bundled guest's name or a path means. Raises ConfigError."""
    if target.endswith(SUFFIX):
        return Path(target)
    if "/" in target or Path(target).suffix in (".img", ".iso", ".bin", ".raw"):
        option = "--cdrom" if target.endswith(".iso") else "--disk"
        raise ConfigError(f"{target!r} is no machine file (*{SUFFIX}): give an image by {option} {target}")
    return guest_path(target)


def file_layers(path: Path, above: tuple[Path, ...] = ()) -> list[Layer]:
    """The layer of a machine file on top of those that it builds on. Raises ConfigError."""
    file = MachineFile(path)
    layer = Layer(file.data, file.where, path.parent, path.name.removesuffix(SUFFIX).removesuffix(".emu"))
    machine = file.data.get("machine")
    guest = machine.get(GUEST) if isinstance(machine, dict) else None
    if not isinstance(guest, str):
        return [layer]
    above = (*above, path.resolve())
    try:
        base = path.parent / guest if guest.endswith(SUFFIX) else target_path(guest)
        if base.resolve() in above:
            raise ConfigError(f"{guest} builds on this file itself: name another guest")
        return [*file_layers(base, above), layer]
    except ConfigError as error:
        raise layer.refusal(("machine", GUEST), str(error)) from None


@dataclass
class _Draft:
    """What the layers so far have set."""

    name: str = "machine"
    tables: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in TABLES})
    store: dict[str, str] = field(default_factory=dict)
    drives: dict[int, Drive] = field(default_factory=dict)
    nics: tuple[Nic, ...] = ()
    faults: tuple[Fault, ...] = ()
    inputs: tuple[Typing, ...] = ()

    def finish(self) -> MachineConfig:
        config = MachineConfig(
            name=self.name,
            costs=Costs(**self.tables["costs"]),
            kernel=self._kernel(),
            run=Run(**self.tables["run"]),
            inputs=self.inputs,
            store=tuple(self.store.items()),
            drives=tuple(self.drives[position] for position in sorted(self.drives)),
            nics=self.nics,
            faults=self.faults,
        )
        machine = {
            name: value for name, value in self.tables["machine"].items() if name not in (GUEST, WITHOUT)
        }
        return replace(config, **self.tables["guest"], **machine)

    def _kernel(self) -> Kernel | None:
        given = dict(self.tables["kernel"])
        if not given:
            return None
        elf = given.pop("elf", None)
        if elf is not None:
            given |= {"image": elf, "elf": True}
        if "image" not in given:
            raise ConfigError(
                f"{next(iter(given))} without a kernel: give one by --kernel BZIMAGE or --elf FILE"
            )
        return Kernel(**given)


class _Reader:
    """Reads one layer into a draft."""

    def __init__(self, layer: Layer, draft: _Draft) -> None:
        self._layer = layer
        self._draft = draft

    def read(self) -> None:
        if self._layer.name:
            self._draft.name = self._layer.name
        for name, content in self._layer.data.items():
            if name in OF_TESTS:
                continue
            if name not in (*TABLES, *LISTS, "store"):
                known = [f"[{table}]" for table in (*TABLES, "store", "test", "matrix")]
                known += [f"[[{each}]]" for each in (*LISTS, "when")]
                raise self._refusal((name,), f"unknown table {name!r}: {suggestion(name, known)}")
            if name in LISTS and not _is_list_of_tables(content):
                raise self._refusal(
                    (name,), f"{name} must be a list of tables: write [[{name}]] above its keys"
                )
            if name not in LISTS and not isinstance(content, dict):
                raise self._refusal((name,), f"{name} must be a table: write [{name}] above its keys")
        for name in TABLES:
            self._table(name, self._layer.data.get(name, {}))
        self._store(self._layer.data.get("store", {}))
        for part in self._draft.tables["machine"].pop(WITHOUT, ()):
            self._leave_out(part)
        self._drives()
        self._nics(self._layer.data.get("nic", []))
        for number, each in enumerate(self._layer.data.get("input", [])):
            self._draft.inputs += (self._input(("input", number), each),)
        for number, each in enumerate(self._layer.data.get("fault", [])):
            self._draft.faults += (self._fault(("fault", number), each),)

    def _table(self, name: str, content: Mapping[str, Any]) -> None:
        read = self._keys(TABLES[name], content, (name,))
        if "blacklist" in read:
            read["blacklist"] = (*self._draft.tables[name].get("blacklist", ()), *read["blacklist"])
        if "image" in read and "elf" in read:
            raise self._refusal(
                (name, "elf"), "a machine starts one kernel: give a bzImage or an ELF, not both"
            )
        if "image" in read or "elf" in read:
            for kind in ("image", "elf"):
                self._draft.tables[name].pop(kind, None)
        self._draft.tables[name].update(read)

    def _leave_out(self, part: str) -> None:
        """Take a part of the layers below away; `disks` and the like are all there are."""
        draft, (kind, _, number) = self._draft, part.partition(" ")
        if kind in ("nic", "nics"):
            left = [nic for at, nic in enumerate(draft.nics) if number and at != int(number)]
            missing = bool(number) and len(left) == len(draft.nics)
            draft.nics = tuple(left)
        else:
            cdrom = kind.startswith("cd")
            gone = [
                drive.position
                for drive in draft.drives.values()
                if drive.cdrom == cdrom and number in ("", str(drive.position))
            ]
            missing = bool(number) and not gone
            for position in gone:
                del draft.drives[position]
        if missing:
            raise self._refusal(
                ("machine", WITHOUT), f"there is no {part} to leave out: name a part of the guest below"
            )

    def _keys(self, known: Mapping[str, Key], content: Mapping[str, Any], at: KeyPath) -> dict[str, Any]:
        """The fields that the keys of one table set."""
        return self._layer.read(known, content, at, f"[[{at[0]}]]" if at[0] in LISTS else f"[{at[0]}]")

    def _store(self, content: Mapping[str, Any]) -> None:
        for path, value in content.items():
            if not isinstance(value, str):
                raise self._refusal(
                    ("store", path), f"a value of the store must be text in quotes, not {value!r}"
                )
            try:
                canonical(path)
            except StoreError:
                raise self._refusal(
                    ("store", path), f"{path!r} is no path of the store: give one such as /mh/name"
                ) from None
            self._draft.store[path] = value

    def _drives(self) -> None:
        """Place this layer's drives: those with a position first; none twice."""
        entries = [
            (kind, number, self._keys(LISTS[kind], content, (kind, number)))
            for kind in ("disk", "cdrom")
            for number, content in enumerate(self._layer.data.get(kind, []))
        ]
        placed: dict[int, Drive] = {}
        for kind, number, read in sorted(entries, key=lambda entry: "position" not in entry[2]):
            if "image" not in read:
                raise self._refusal((kind, number), f"the {kind} has no image: add image = PATH")
            position = read.pop("position", None)
            if position is None:
                position = self._free_position(kind, number, placed)
            if position in placed:
                raise self._refusal(
                    (kind, number),
                    f"two drives at position {position} ({POSITIONS[position]}): give one of them another",
                )
            placed[position] = Drive(position=position, cdrom=kind == "cdrom", **read)
        self._draft.drives.update(placed)

    def _free_position(self, kind: str, number: int, placed: Mapping[int, Drive]) -> int:
        order = DISK_ORDER if kind == "disk" else CDROM_ORDER
        for position in order:
            if position not in placed:
                return position
        raise self._refusal(
            (kind, number), f"there are only {len(POSITIONS)} positions for drives: leave this one out"
        )

    def _nics(self, content: list[Mapping[str, Any]]) -> None:
        if len(content) > MOST_NICS:
            raise self._refusal(("nic", MOST_NICS), f"at most {MOST_NICS} network cards fit: leave some out")
        nics = []
        for number, each in enumerate(content):
            nic = Nic(**self._keys(LISTS["nic"], each, ("nic", number)))
            for key in OF_PEER:
                if key in each and nic.backend != "peer":
                    raise self._refusal(
                        ("nic", number, key), f"{key} is the peer's: add backend=peer, or leave {key} out"
                    )
            nics.append(nic if "mac" in each else replace(nic, mac=_counted_mac(number)))
        self._draft.nics = tuple(nics) or self._draft.nics

    def _input(self, at: KeyPath, content: Mapping[str, Any]) -> Typing:
        read = self._keys(LISTS["input"], content, at)
        if ("keys" in read) == ("send" in read):
            raise self._refusal(at, "an input needs keys for the keyboard, or text to send to a serial port")
        if "keys" in read:
            if read.get("to", KEYBOARD) != KEYBOARD:
                raise self._refusal((*at, "to"), "keys go to the keyboard: give a serial port send = TEXT")
            return Typing(read["keys"], read.get("after", ""))
        if read.get("to") == KEYBOARD:
            raise self._refusal((*at, "to"), "the keyboard has keys: give it keys = KEYS such as root<enter>")
        return Typing(read["send"], read.get("after", ""), read.get("to", SERIAL_PORTS[0]))

    def _fault(self, at: KeyPath, content: Mapping[str, Any]) -> Fault:
        try:
            return fault_from(self._keys(LISTS["fault"], content, at))
        except KeyedError as error:
            raise self._refusal(at if error.key is None else (*at, error.key), str(error)) from None

    def _refusal(self, at: KeyPath, problem: str) -> ConfigError:
        return self._layer.refusal(at, problem)


def _counted_mac(number: int) -> bytes:
    return (int.from_bytes(DEFAULT_MAC, "big") + number).to_bytes(len(DEFAULT_MAC), "big")


def _is_list_of_tables(content: Any) -> bool:
    return isinstance(content, list) and all(isinstance(each, dict) for each in content)
