"""What a machine is to be: plain data, made from a machine file, from options, or from both."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from emu.core.clock import Costs

PROFILES = ("seed", "qemu", "none")
COVERAGE = ("lcov", "drcov")
ON_RESET = ("exit", "reboot")
LINKS = ("null", "echo", "peer")
DISPLAYS = ("text", "none")
PACES = ("real", "none")
POSITIONS = ("primary master", "primary slave", "secondary master", "secondary slave")
OUTCOMES = ("SUCCESS", "SKIP", "ERROR", "FAILURE", "CRASH")
KEYBOARD, SERIAL_PORTS = "keyboard", ("serial", "serial2")
"""Where one can type."""
DEFAULT_MAC = bytes.fromhex("525400123456")
PEER_ADDRESS = IPv4Address("10.0.2.2")
EPOCH = 1_229_361_060
"""What the real-time clock shows at reset, in seconds since 1970: 15 December 2008, 17:11 UTC."""


@dataclass(frozen=True)
class Drive:
    """A disk or a CD drive at one of the four IDE positions."""

    image: Path
    position: int
    cdrom: bool = False
    write: bool = False
    next: tuple[Path, ...] = ()
    """Of a CD drive: discs that are put in one after the other, whenever the guest ejects."""


@dataclass(frozen=True)
class Nic:
    """An ne2k PCI card."""

    mac: bytes = DEFAULT_MAC
    backend: str = "null"
    address: IPv4Address = PEER_ADDRESS
    """Of the `peer`; its network is the 24 bits before."""
    serve: Path | None = None
    """A file, or a folder of files, that the `peer` serves by TFTP."""
    capture: Path | None = None
    """A pcap file of all frames."""
    rom: Path | None = None
    """An expansion ROM on the card."""


@dataclass(frozen=True)
class Kernel:
    """A kernel that is entered at reset instead of the firmware."""

    image: Path
    """A bzImage; or with `elf` an ELF, with or without a Multiboot header."""
    initrd: Path | None = None
    append: str = ""
    """The kernel's command line."""
    elf: bool = False


@dataclass(frozen=True)
class Typing:
    """What is typed, on the guest's keyboard or into a serial port."""

    text: str
    """For the keyboard characters, and names such as `<enter>`; for a serial port the text itself."""
    after: str = ""
    """What the screen or the console shows first."""
    to: str = KEYBOARD


@dataclass(frozen=True)
class Fault:
    """Something that the host does wrong at a given moment; `fault_tables.py` has the fields of each kind."""

    kind: str
    name: str
    """What it is called in traces and summaries."""
    port: int = 0
    width: int | None = None
    """Of the accesses that count; None: of any."""
    value: int | None = None
    """What is read instead."""
    flip: int = 0
    """The bits that are the wrong way round, where no value is given."""
    irq: int = 0
    drive: int = 0
    sectors: tuple[int, int] | None = None
    """The first and the last; None: all."""
    access: str = "read"
    delay_ns: int = 0
    nic: int = 0
    direction: str = "both"
    byte: int | None = None
    """Which one of a frame is damaged; None: the last."""
    first: int = 1
    """The first access that goes wrong, of those since its time has come."""
    count: int | None = None
    """How many go wrong; None: all."""
    every: int = 1
    """Of those from the first on every so many-th."""
    after_ns: int = 0
    after_text: str = ""
    """What a serial port has put out first."""


@dataclass(frozen=True)
class Run:
    """How a machine is run: nothing here changes what the guest does before a limit is reached."""

    limit_s: float | None = None
    wall_s: float | None = None
    slice_bytes: int | None = None
    single_step: bool = False
    serial: str = "stdio"
    """Where COM1 goes: `stdio`, `null` or `file:PATH`."""
    serial2: str = "null"
    """Where COM2 goes: `stdio`, `null` or `file:PATH`."""
    debug: str = "null"
    """Where the debug ports 0xe9 and 0x402 go: `stderr`, `null` or `file:PATH`."""
    guest_log: str = "stderr"
    """Where the lines of port 0x12 go: `stderr`, `null` or `file:PATH`."""
    trace: tuple[str, ...] = ()
    """Kinds of events to print, of `emu.observe.kinds.KINDS`."""
    trace_file: Path | None = None
    trace_format: str | None = None
    """`text` or `json`; None goes by the name of the trace file."""
    on_reset: str | None = None
    """Whether a reset ends the run (`exit`) or not (`reboot`). None: it does where a kernel was started
    without firmware; a triple fault is a crash."""
    input: str | None = None
    """What COM1 receives: a file, or `-` for standard input. A terminal is read without."""
    pace: str | None = None
    """`real`: idle time lasts as long as on the wall clock; `none`: it is skipped. None: real while input may
    come."""
    save_at: tuple[int, Path] | None = None
    """When a snapshot is saved, in nanoseconds of virtual time, and the file."""
    record: Path | None = None
    """A file that a recording of the run is kept in."""
    keys: tuple[Typing, ...] = ()
    """What is typed on the guest's keyboard, in this order, after the machine's `inputs`."""
    gdb: tuple[str, int] | None = None
    """The host and port where a debugger is listened for."""
    gdb_wait: bool = False
    """Whether nothing is run before a debugger says so."""
    json: bool = False
    hash: bool = False
    screen: bool = False
    display: str = "none"
    """What is shown while it runs, besides the console: `text` is the text screen."""
    explain: bool = False
    coverage: Path | None = None
    """Where it is written which code of the guest ran."""
    coverage_format: str | None = None
    """`lcov` or `drcov`; None goes by the name of the file."""
    symbols: tuple[Path, ...] = ()
    """ELF files with the guest's symbols, besides those that lie beside its images."""


@dataclass(frozen=True)
class MachineConfig:
    """A whole machine."""

    name: str = "machine"
    description: str = ""
    expected: str = "SUCCESS"
    memory_mib: int = 64
    firmware: Path | None = None
    """A ROM image; None is the BIOS that comes with emu."""
    vga_rom: Path | None = None
    """The VGA's expansion ROM; None is a card without one, which our BIOS serves by itself."""
    kernel: Kernel | None = None
    profile: str = "seed"
    protocol_version: int = 1
    blacklist: tuple[tuple[int, int], ...] = ()
    """Product and build numbers."""
    store: tuple[tuple[str, str], ...] = ()
    log_throttle: bool = True
    drives: tuple[Drive, ...] = ()
    nics: tuple[Nic, ...] = ()
    inputs: tuple[Typing, ...] = ()
    """What is typed, in this order."""
    faults: tuple[Fault, ...] = ()
    costs: Costs = field(default_factory=Costs)
    epoch: int = EPOCH
    run: Run = field(default_factory=Run)

    @property
    def typings(self) -> tuple[Typing, ...]:
        """All that is typed, in order."""
        return (*self.inputs, *self.run.keys)

    @property
    def input_paths(self) -> list[Path]:
        """Files that the machine reads, without what it serves."""
        paths = [self.firmware, self.vga_rom]
        paths += [self.kernel.image, self.kernel.initrd] if self.kernel else []
        paths += [path for drive in self.drives for path in (drive.image, *drive.next)]
        paths += [nic.rom for nic in self.nics]
        return [path for path in paths if path is not None]
