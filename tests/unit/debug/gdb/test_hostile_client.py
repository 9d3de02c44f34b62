"""Whatever a client sends, in whatever pieces, is answered; the machine stays sound, the session goes on."""

from __future__ import annotations

import string
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.debug.gdb.packets import LARGEST, Packet, Receiver, Sign, frame
from tests.unit.debug.gdb.stubs import Client

ADDRESSES = st.one_of(
    st.integers(0, (1 << 64) - 1),
    st.sampled_from((0, 0x7C00, 0xB8000, 0xFFFFF, 0x3FF_FFFC, 0xFEE0_0000, 0xFFFF_FFFF, 0x8000_0000_0000)),
    st.integers(0, (1 << 24) - 1),
)
HEXADECIMAL = ADDRESSES.map("{:x}".format)
SIZES = st.one_of(st.integers(0, 64), st.integers(0, 1 << 70)).map("{:x}".format)
BYTES = st.binary(max_size=24).map(bytes.hex)
COMMANDS = st.text(string.printable, max_size=30).map(lambda text: text.encode().hex())
REAL = st.one_of(
    st.sampled_from(("?", "g", "s", "c", "bs", "bc", "D", "k", "vCont;s:1", "vCont?", "qC", "Hg1", "T1")),
    st.builds("m{},{}".format, HEXADECIMAL, SIZES),
    st.builds("M{},{}:{}".format, HEXADECIMAL, SIZES, BYTES),
    BYTES.flatmap(lambda data: st.just(f"M7f00,{len(data) // 2:x}:{data}")),
    st.builds("Z{},{},{}".format, st.integers(0, 6), HEXADECIMAL, SIZES),
    st.builds("z{},{},{}".format, st.integers(0, 6), HEXADECIMAL, SIZES),
    st.builds("p{:x}".format, st.integers(0, 120)),
    st.builds("P{:x}={}".format, st.integers(0, 120), BYTES),
    st.builds("P{:x}={:016x}".format, st.integers(0, 16), ADDRESSES),
    st.builds("s{}".format, HEXADECIMAL),
    st.builds("qXfer:{}:read:{}:{},{}".format, st.sampled_from(("features", "threads", "memory-map")),
              st.sampled_from(("target.xml", "", "../secret")), HEXADECIMAL, SIZES),
    st.builds("qRcmd,{}".format, COMMANDS),
).map(str.encode)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real packet, or one that was damaged in a place or two."""
    payload = bytearray(draw(REAL))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, max(len(payload) - 1, 0)))
        payload[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(payload)


PAYLOADS = st.one_of(REAL, mutated(), st.binary(max_size=64))


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client(limit_ns=12_000_000)
    yield client
    client.machine.close()


def is_sound(client: Client) -> bool:
    """Whether a new client finds a machine that is whole, steps, and forgets what the one before did."""
    client.connect()
    registers = client.ask("g")
    assert client.ask("?")[:1] == b"T"
    assert len(registers) == sum(each.bits // 4 for each in client.stub.description.registers)
    assert client.ask(b"G" + registers) == b"OK"
    assert client.ask("bc") == b"T05thread:1;replaylog:begin;"
    assert client.ask("s") == b"T05thread:1;"
    return client.ask("bs") == b"T05thread:1;"


@given(st.lists(PAYLOADS, max_size=8))
@settings(max_examples=100, deadline=None)
def test_no_payload_raises_and_the_machine_stays_sound(client: Client, payloads: list[bytes]) -> None:
    client.connect()
    for payload in payloads:
        for answer in client.ask_all(payload):
            assert len(answer) <= LARGEST
    assert is_sound(client)


@given(st.lists(st.one_of(PAYLOADS.map(frame), st.binary(max_size=40)), max_size=6), st.data())
@settings(max_examples=100, deadline=None)
def test_no_stream_in_any_pieces_raises(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    whole = list(Receiver().feed(stream))
    receiver, found, at = Receiver(), list[Packet | Sign](), 0
    while at < len(stream):
        size = data.draw(st.integers(1, len(stream)))
        found += receiver.feed(stream[at : at + size])
        at += size
    assert found == whole
