"""Frames: what was sent is received, in pieces of any size, and nothing that comes does harm."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emu.debug.gdb.packets import LARGEST, Packet, Receiver, Sign, checksum, decode, encode, frame


def received(*pieces: bytes, largest: int = LARGEST) -> list[Packet | Sign]:
    receiver = Receiver(largest)
    return [found for piece in pieces for found in receiver.feed(piece)]


def raw(text: bytes) -> bytes:
    return b"$" + text + b"#" + checksum(text)


runs = st.lists(st.tuples(st.binary(min_size=1, max_size=1), st.integers(1, 300)), max_size=8).map(
    lambda parts: b"".join(byte * count for byte, count in parts)
)


@given(st.one_of(st.binary(max_size=300), runs))
def test_a_framed_payload_is_received(payload: bytes) -> None:
    assert received(frame(payload)) == [Packet(payload)]


@given(st.lists(st.binary(max_size=20), max_size=6), st.integers(1, 7))
def test_pieces_of_any_size_are_received_alike(payloads: list[bytes], size: int) -> None:
    stream = b"+".join(map(frame, payloads)) + b"\x03"
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert received(*pieces) == received(stream)
    assert [each for each in received(stream) if isinstance(each, Packet)] == list(map(Packet, payloads))


@given(st.binary(max_size=400), st.binary(max_size=20))
def test_after_any_rubbish_a_packet_is_received(rubbish: bytes, payload: bytes) -> None:
    assert received(rubbish, frame(payload))[-1] == Packet(payload)


@given(st.binary(max_size=64))
def test_an_encoded_payload_holds_no_byte_with_a_meaning_of_its_own(payload: bytes) -> None:
    assert not set(b"$#") & set(encode(payload))
    assert decode(encode(payload)) == payload


@given(st.binary(max_size=64))
def test_no_rubbish_decodes_with_an_error(rubbish: bytes) -> None:
    decode(rubbish)


def test_signs_outside_of_packets_are_told() -> None:
    assert received(b"+-\x03 x") == [Sign.RECEIVED, Sign.AGAIN, Sign.INTERRUPT]


def test_inside_of_a_packet_signs_are_payload() -> None:
    assert received(raw(b"a+-\x03")) == [Packet(b"a+-\x03")]


def test_a_wrong_sum_is_damage() -> None:
    assert received(b"$g#68") == [Sign.DAMAGED]
    assert received(b"$g#zz") == [Sign.DAMAGED]


def test_sums_may_be_in_capitals() -> None:
    assert received(b"$z#7A") == [Packet(b"z")]


def test_a_packet_that_ends_in_an_escape_is_damage() -> None:
    assert received(raw(b"a}")) == [Sign.DAMAGED]


def test_a_repetition_of_nothing_or_by_nothing_is_damage() -> None:
    for text in (b"*\x20", b"a*", b"a*\x1f", b"a*\x7f"):
        assert received(raw(text)) == [Sign.DAMAGED]


def test_repetitions_are_expanded() -> None:
    assert received(raw(b"0* 1")) == [Packet(b"00001")]


def test_long_runs_are_sent_as_repetitions() -> None:
    assert frame(bytes([0x30]) * 98) == raw(b"0*~")


def test_a_packet_that_is_cut_short_makes_way_for_the_next() -> None:
    assert received(b"$m10,", raw(b"g")) == [Packet(b"g")]


def test_a_packet_that_is_too_large_is_told_and_passed() -> None:
    assert received(raw(b"x" * 9), raw(b"g"), largest=8) == [Sign.TOO_LARGE, Packet(b"g")]
    assert received(raw(b"x*~"), largest=8) == [Sign.TOO_LARGE]
