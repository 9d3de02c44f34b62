from __future__ import annotations

from pathlib import Path

import pytest

from emu.core.errors import ConfigError
from emu.machine import bundled
from emu.machine.config import Drive, Kernel, MachineConfig, Nic, Run, Typing
from emu.machine.layers import Layer
from emu.machine.loader import build, load, load_file

WHOLE = """
[guest]
description = "All of it"
expected = "SKIP"
[machine]
memory = 128
firmware = "own.bin"
profile = "qemu"
protocol_version = 0
blacklist = ["1/42", "0xffff/0x10"]
log_throttle = false
epoch = 0
[kernel]
image = "bzImage"
initrd = "/abs/initrd"
append = "quiet"
[costs]
port_access_ns = 500
[store]
"/vm/name" = "guest"
[[disk]]
image = "a.img"
position = 1
write = true
[[cdrom]]
image = "/abs/b.iso"
next = ["c.iso", "/abs/d.iso"]
[[nic]]
[[nic]]
mac = "02-00-00-00-00-0a"
backend = "echo"
[run]
limit = 2
wall = 1.5
slice = 7
step = true
serial = "file:serial.txt"
serial2 = "stdio"
debug = "stderr"
guest_log = "null"
trace = ["ports", "irq"]
trace_file = "trace.jsonl"
trace_format = "text"
on_reset = "exit"
json = true
hash = true
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "guest.toml"
    path.write_text(text)
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as error:
        load_file(write(folder, text))
    message = str(error.value)
    assert "\n" not in message
    return message.removeprefix(str(folder) + "/")


def option_layer(**data: object) -> Layer:
    return Layer(data, lambda key: f"--{key[-1]}")


def test_every_key_has_its_field(tmp_path: Path) -> None:
    config = load_file(write(tmp_path, WHOLE))
    assert config.name == "guest"
    assert (config.description, config.expected) == ("All of it", "SKIP")
    assert (config.memory_mib, config.firmware) == (128, tmp_path / "own.bin")
    assert config.kernel == Kernel(tmp_path / "bzImage", Path("/abs/initrd"), "quiet")
    assert (config.profile, config.protocol_version) == ("qemu", 0)
    assert config.blacklist == ((1, 42), (0xFFFF, 16))
    assert (config.log_throttle, config.epoch) == (False, 0)
    assert (config.costs.port_access_ns, config.costs.bytes_per_ns) == (500, 4)
    assert config.store == (("/vm/name", "guest"),)
    assert config.drives == (
        Drive(tmp_path / "a.img", 1, write=True),
        Drive(Path("/abs/b.iso"), 2, cdrom=True, next=(tmp_path / "c.iso", Path("/abs/d.iso"))),
    )
    assert config.nics == (Nic(), Nic(bytes.fromhex("02000000000a"), "echo"))
    assert config.run == Run(
        limit_s=2.0,
        wall_s=1.5,
        slice_bytes=7,
        single_step=True,
        serial=f"file:{tmp_path}/serial.txt",
        serial2="stdio",
        debug="stderr",
        guest_log="null",
        trace=("ports", "irq"),
        trace_file=tmp_path / "trace.jsonl",
        trace_format="text",
        on_reset="exit",
        json=True,
        hash=True,
    )


INPUTS = """
[run]
keys = "q"
[[input]]
after = "login: "
send = "root\\n"
[[input]]
to = "serial2"
send = "x"
[[input]]
keys = "a<enter>"
"""


def test_inputs_come_in_the_order_of_the_file_and_before_other_keys(tmp_path: Path) -> None:
    inputs = (Typing("root\n", "login: ", "serial"), Typing("x", "", "serial2"), Typing("a<enter>"))
    path = write(tmp_path, INPUTS)
    assert load_file(path).typings == (*inputs, Typing("q"))
    assert load(str(path), option_layer(run={"keys": ["w"]})).typings == (*inputs, Typing("w"))


def test_an_empty_file_is_the_default_machine(tmp_path: Path) -> None:
    assert load_file(write(tmp_path, "")) == MachineConfig(name="guest")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[machine]\nmemory = 64\nmemroy = 1",
            "guest.toml:3: unknown key 'memroy' in [machine]: did you mean 'memory'?",
        ),
        ("\n[machne]", "guest.toml:2: unknown table 'machne': did you mean '[machine]'?"),
        (
            '[guest]\ndescription = """\nx\n"""\n[run]\nzzz = 1',
            "guest.toml:6: unknown key 'zzz' in [run]: give ",
        ),
        (
            '[[disk]]\nimage = "positon = 1"\n[[disk]]\n\npositon = 1',
            "guest.toml:5: unknown key 'positon' in [[disk]]: did you mean 'position'?",
        ),
        ('[[cdrom]]\nimage = "a"\nwrite = true', "guest.toml:3: unknown key 'write' in [[cdrom]]: give "),
        (
            "[machine]\nmemory = 1",
            "guest.toml:2: memory is out of range at 1 MiB: give 2 to 16384 MiB",
        ),
        ('[machine]\nmemory = "64"', "guest.toml:2: memory must be a whole number of MiB, not '64'"),
        ("[machine]\nmemory = true", "guest.toml:2: memory must be a whole number of MiB, not True"),
        ("[machine]\nlog_throttle = 1", "guest.toml:2: log_throttle must be true or false, not 1"),
        ('[machine]\nprofile = "qmeu"', "guest.toml:2: profile cannot be 'qmeu': did you mean 'qemu'?"),
        (
            "[machine]\nprotocol_version = 2",
            "guest.toml:2: protocol_version is out of range at 2: give 0 to 1",
        ),
        ('[machine]\nblacklist = [\n"1"\n]', "guest.toml:2: blacklist cannot be '1': give PRODUCT/BUILD"),
        ('[machine]\nblacklist = "1/1"', "guest.toml:2: blacklist must be a list"),
        ('[[nic]]\nmac = "52:54:00:12:34"', "guest.toml:2: mac cannot be '52:54:00:12:34': give six bytes"),
        (
            '[[nic]]\nmac = "01:00:00:00:00:00"',
            "guest.toml:2: mac cannot be '01:00:00:00:00:00', which is no",
        ),
        ('[[nic]]\nmac = "0:1:2:3:4:5:0x"', "guest.toml:2: mac cannot be"),
        ('[[nic]]\nbackend = "ehco"', "guest.toml:2: backend cannot be 'ehco': did you mean 'echo'?"),
        ("[[disk]]\nposition = 0", "guest.toml:1: the disk has no image: add image = PATH"),
        ('[[disk]]\nimage = ""', "guest.toml:2: image must be the path of a file"),
        ('[[disk]]\nimage = "a"\nposition = 4', "guest.toml:3: position is out of range at 4: give 0 to 3"),
        (
            '[[disk]]\nimage = "a"\nposition = 2\n[[cdrom]]\nimage = "b"\nposition = 2',
            "guest.toml:4: two drives at position 2 (secondary master): give one of them another",
        ),
        ('[[disk]]\nimage = "a"\n' * 5, "guest.toml:9: there are only 4 positions for drives"),
        ("[[nic]]\n" * 9, "guest.toml:9: at most 8 network cards fit: leave some out"),
        ('[[cdrom]]\nimage = "a"\nnext = "b"', 'guest.toml:3: next must be a list such as ["second.iso"]'),
        ('[[disk]]\nimage = "a"\nnext = ["b"]', "guest.toml:3: unknown key 'next' in [[disk]]"),
        ('[kernel]\nimage = "a"\nelf = "b"', "guest.toml:3: a machine starts one kernel: give a bzImage or"),
        ('[kernel]\nappend = "a"', "append without a kernel: give one by"),
        ('[kernel]\nimage = "a"\nappend = "a\\u0000"', "guest.toml:3: append cannot hold a zero byte"),
        ('[disk]\nimage = "a"', "guest.toml:1: disk must be a list of tables: write [[disk]] above"),
        ("machine = 1", "guest.toml:1: machine must be a table: write [machine] above its keys"),
        ("[store]\n'/a' = 1", "guest.toml:2: a value of the store must be text in quotes, not 1"),
        ("[store]\n'/a//b' = ''", "guest.toml:2: '/a//b' is no path of the store: give one such as"),
        ("[run]\nlimit = 0", "guest.toml:2: limit is out of range at 0: give seconds above 0"),
        ("[run]\nlimit = nan", "guest.toml:2: limit is out of range at nan: give seconds above 0"),
        ('[run]\ntrace = "ports,prots"', "guest.toml:2: trace knows no kind 'prots': did you mean 'ports'?"),
        ('[run]\nserial = "stdo"', "guest.toml:2: serial cannot be 'stdo': give stdio, null or file:PATH"),
        ('[guest]\nexpected = "PASS"', "guest.toml:2: expected cannot be 'PASS': give one of SUCCESS"),
        ('[[input]]\nafter = "a"', "guest.toml:1: an input needs keys for the keyboard, or text to send"),
        ('[[input]]\nsend = "a"\nkeys = "a"', "guest.toml:1: an input needs keys for the keyboard, or text"),
        ('[[input]]\nto = "serial"\nkeys = "a"', "guest.toml:2: keys go to the keyboard: give a serial port"),
        ('[[input]]\nto = "keyboard"\nsend = "a"', "guest.toml:2: the keyboard has keys: give it keys ="),
        ('[[input]]\nkeys = "<entr>"', "guest.toml:2: keys knows no key <entr>: did you mean 'enter'?"),
        ('[[input]]\nkeys = ""', "guest.toml:2: keys must be keys such as root<enter>, not an empty word"),
        ('[[input]]\nsend = "a"\nafter = ""', "guest.toml:3: after must be a text of 1 to 4096 bytes"),
        ('[[input]]\nto = "com1"\nsend = "a"', "guest.toml:2: to cannot be 'com1': give one of keyboard"),
        ("[machine]\n= 1", "guest.toml:2: this is no TOML, mend the line: "),
        ("[machine]\nmemory = [", "guest.toml: this is no TOML, mend the line: "),
    ],
)
def test_what_cannot_be_is_refused_with_its_line_and_a_remedy(
    tmp_path: Path, text: str, message: str
) -> None:
    assert refusal(tmp_path, text).startswith(message)


def test_machine_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "long.toml").write_bytes(b"#" * (2 << 20))
    for name, problem in {
        "absent.toml": "does not exist: check the path",
        ".": "cannot be read (Is a directory)",
        "binary.toml": "is no text",
        "long.toml": "is too long",
    }.items():
        with pytest.raises(ConfigError, match=problem.replace("(", r"\(").replace(")", r"\)")):
            load_file(tmp_path / name)


def test_options_override_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE)
    options = option_layer(
        machine={"memory": 32, "blacklist": ["2/2"]},
        store={"/vm/name": "other", "/a": "b"},
        disk=[{"image": "mine.img"}],
        cdrom=[{"image": "mine.iso", "position": 2}],
        nic=[{"mac": "02:00:00:00:00:01"}],
        run={"serial": "null"},
    )
    config = load(str(path), options)
    assert (config.memory_mib, config.profile) == (32, "qemu")
    assert config.blacklist == ((1, 42), (0xFFFF, 16), (2, 2))
    assert config.store == (("/vm/name", "other"), ("/a", "b"))
    assert config.drives == (
        Drive(Path("mine.img"), 0),
        Drive(tmp_path / "a.img", 1, write=True),
        Drive(Path("mine.iso"), 2, cdrom=True),
    )
    assert [nic.mac[-1] for nic in config.nics] == [1]
    assert (config.run.serial, config.run.slice_bytes) == ("null", 7)


def test_an_elf_is_a_kernel_and_the_last_layers_kernel_is_the_one(tmp_path: Path) -> None:
    path = write(tmp_path, '[kernel]\nelf = "my.elf"\ninitrd = "module"')
    assert load_file(path).kernel == Kernel(tmp_path / "my.elf", tmp_path / "module", elf=True)
    config = load(str(path), option_layer(kernel={"image": "bzImage"}))
    assert config.kernel == Kernel(Path("bzImage"), tmp_path / "module")


def test_an_option_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigError, match=r"^--memory: memory is out of range at 1 MiB: give"):
        build([option_layer(machine={"memory": 1})])


def test_drives_without_a_position_take_free_ones() -> None:
    config = build(
        [option_layer(disk=[{"image": "a"}, {"image": "b", "position": 0}], cdrom=[{"image": "c"}] * 2)]
    )
    assert [(str(drive.image), drive.position) for drive in config.drives] == [
        ("b", 0),
        ("a", 1),
        ("c", 2),
        ("c", 3),
    ]


def test_all_kinds_are_every_kind() -> None:
    assert len(build([option_layer(run={"trace": "all"})]).run.trace) == 10


def test_a_guest_is_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("unplug-all", "hello"):
        folder = tmp_path / "guests" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.toml").write_text('[guest]\ndescription = "x"')
        (folder / "other.toml").write_text("")
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    assert bundled.guest_names() == ["hello", "unplug-all"]
    assert load("hello").description == "x"
    with pytest.raises(ConfigError, match="there is no guest 'unplug': did you mean 'unplug-all'"):
        load("unplug")
    with pytest.raises(ConfigError, match="`emu guests` lists"):
        load("qqqqqq")
    with pytest.raises(ConfigError, match=r"give an image by --disk disk\.img"):
        load("disk.img")
    with pytest.raises(ConfigError, match=r"give an image by --cdrom x/y\.iso"):
        load("x/y.iso")


def test_without_built_guests_the_remedy_is_to_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    with pytest.raises(ConfigError, match="run `make build`"):
        load("hello")
    with pytest.raises(ConfigError, match="run `make build`"):
        bundled.bios_path()
