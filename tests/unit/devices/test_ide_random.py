"""Random drivers: nothing crashes, strings equal single accesses, a restored twin answers alike."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.devices.ide_driver import Bench, image

COMMANDS = (
    0x20,
    0x24,
    0x25,
    0x29,
    0x30,
    0x34,
    0x35,
    0x39,
    0x90,
    0xA0,
    0xA1,
    0xC4,
    0xC5,
    0xC8,
    0xCA,
    0xEC,
    0xEF,
)
PORTS = (*range(0x1F0, 0x1F8), 0x3F6, *range(0x170, 0x178), 0x376, *range(0xC000, 0xC010))
COMMAND_PORTS = (0x1F7, 0x177)
DATA_PORTS = (0x1F0, 0x170)

small = st.sampled_from((0, 1, 2, 3, 0x10, 0x28, 0x40, 0xA0, 0xB0, 0xE0, 0xF0, 0xFF))
Access = tuple[str, int, int, int]
writes = st.tuples(st.just("write"), st.sampled_from(PORTS), st.sampled_from((1, 1, 1, 2, 4)), small)
commands = st.tuples(st.just("write"), st.sampled_from(COMMAND_PORTS), st.just(1), st.sampled_from(COMMANDS))
reads = st.tuples(st.just("read"), st.sampled_from(PORTS), st.sampled_from((1, 2, 4)), st.just(0))
strings = st.tuples(
    st.sampled_from(("ins", "outs")),
    st.sampled_from(DATA_PORTS),
    st.sampled_from((2, 4)),
    st.sampled_from((1, 3, 6, 64, 128, 256, 300)),
)
accesses = st.lists(st.one_of(writes, commands, commands, reads, strings), max_size=60)


def bench() -> Bench:
    made = Bench(disk=image(300), slave=image(20), cd=image(60), cd_at=3)
    table = b"".join((0x8000 + n * 0x1000).to_bytes(4, "little") + b"\x02\x10\x00\x00" for n in range(64))
    made.memory[0 : len(table)] = table
    return made


def run(bench: Bench, steps: list[Access], *, by_string: bool) -> list[int | bytes]:
    """Every value read; string accesses in one go or one by one."""
    seen: list[int | bytes] = []
    for kind, port, width, value in steps:
        if kind == "write":
            bench.ports.write(port, width, value)
        elif kind == "read":
            seen.append(bench.ports.read(port, width))
        elif kind == "ins":
            seen.append(read_all(bench, port, width, value, by_string))
        else:
            write_all(bench, port, width, bytes(n % 7 for n in range(value * width)), by_string)
    return seen


def read_all(bench: Bench, port: int, width: int, count: int, by_string: bool) -> bytes:
    data = b""
    while len(data) < count * width:
        if by_string:
            data += bench.ports.read_string(port, width, count - len(data) // width)
        else:
            data += bench.ports.read(port, width).to_bytes(width, "little")
    return data


def write_all(bench: Bench, port: int, width: int, data: bytes, by_string: bool) -> None:
    while data:
        if by_string:
            data = data[bench.ports.write_string(port, width, data) :]
        else:
            bench.ports.write(port, width, int.from_bytes(data[:width], "little"))
            data = data[width:]


@settings(max_examples=60, deadline=None)
@given(accesses)
def test_strings_equal_single_accesses_in_every_respect(steps: list[Access]) -> None:
    one, other = bench(), bench()
    assert run(one, steps, by_string=True) == run(other, steps, by_string=False)
    assert one.ide.save() == other.ide.save()
    assert one.irqs == other.irqs
    assert one.memory == other.memory


@settings(max_examples=60, deadline=None)
@given(accesses, accesses)
def test_a_restored_twin_answers_alike(before: list[Access], after: list[Access]) -> None:
    one, twin = bench(), bench()
    run(one, before, by_string=True)
    twin.ide.restore(one.ide.save())
    twin.memory[:] = one.memory
    for mine, theirs in zip(images(one), images(twin), strict=True):
        theirs[:] = mine
    assert twin.ide.save() == one.ide.save()
    assert twin.line.level == one.line.level
    assert run(one, after, by_string=True) == run(twin, after, by_string=True)
    assert one.ide.save() == twin.ide.save()


def images(bench: Bench) -> list[bytearray]:
    return [
        place.image.data
        for channel in bench.ide.channels
        for place in channel.positions
        if hasattr(place, "image")
    ]


@settings(max_examples=30, deadline=None)
@given(accesses)
def test_reset_is_the_same_as_new(steps: list[Access]) -> None:
    used = bench()
    run(used, steps, by_string=True)
    used.ide.reset()
    new = bench()
    new.ide.reset()
    assert used.ide.save() == new.ide.save()
    assert not used.line.level
