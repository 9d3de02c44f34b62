"""What the peer answers, in literal frames, and what it leaves unanswered."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emu.backends.peer import dhcp, icmp, ipv4, tftp, udp
from emu.backends.peer.ipv4 import Datagram, checksum
from emu.backends.peer.station import Station, handed_address
from emu.backends.peer.tftp import TftpState
from emu.core.errors import HostError

OURS, PEER = bytes.fromhex("525400123456"), bytes.fromhex("02000a000202")
OUR_IP, PEER_IP = bytes((10, 0, 2, 3)), bytes((10, 0, 2, 2))

ARP_REQUEST = bytes.fromhex(
    "ffffffffffff 525400123456 0806"  # broadcast, ARP
    "0001 0800 06 04 0001 525400123456 0a000203 000000000000 0a000202"
)
ARP_REPLY = bytes.fromhex(
    "525400123456 02000a000202 0806"
    "0001 0800 06 04 0002 02000a000202 0a000202 525400123456 0a000203"
    "000000000000000000000000000000000000"  # padding to 60 bytes
)
PING = bytes.fromhex(
    "02000a000202 525400123456 0800"
    "4500 0020 0001 0000 40 01 62d8 0a000203 0a000202"
    "0800 f3f9 0102 0304 00000000"
    "0000000000000000000000000000"
)
PONG = bytes.fromhex(
    "525400123456 02000a000202 0800"
    "4500 0020 0000 4000 40 01 22d9 0a000202 0a000203"
    "0000 fbf9 0102 0304 00000000"
    "0000000000000000000000000000"
)
UDP_ECHO = bytes.fromhex(
    "02000a000202 525400123456 0800"
    "4500 0021 0000 4000 40 11 22c8 0a000203 0a000202"
    "1000 0007 000d 0000 68656c6c6f"  # "hello", without checksum
)
UDP_ECHO_ANSWER = bytes.fromhex(
    "525400123456 02000a000202 0800"
    "4500 0021 0000 4000 40 11 22c8 0a000202 0a000203"
    "0007 1000 000d 93f6 68656c6c6f"
    "00000000000000000000000000"
)


class Files:
    """Files in memory, one of which fails."""

    boot_file = "boot"

    def __init__(self) -> None:
        self.contents = {"boot": bytes(range(256)) * 5, "exact": bytes(1024), "empty": b""}

    def size(self, name: str) -> int | None:
        if name == "failing":
            raise HostError("failing")
        return len(self.contents[name]) if name in self.contents else None

    def read(self, name: str, offset: int, length: int) -> bytes:
        if name not in self.contents:
            raise HostError("gone")
        return self.contents[name][offset : offset + length]


class Client:
    """A host on the same cable."""

    def __init__(self) -> None:
        self.state = TftpState()
        self.files = Files()
        self.station = Station(IPv4Address("10.0.2.2"), self.files)

    def ask(self, frame: bytes) -> bytes | None:
        return self.station.answer(self.state, frame)

    def say(
        self, port: int, payload: bytes, *, to: bytes = PEER_IP, source: int = 4096
    ) -> udp.Message | None:
        """The message that answers one of ours."""
        message = udp.Message(source, port, payload).encode(OUR_IP, to).encode()
        answer = self.ask(PEER + OURS + b"\x08\x00" + message)
        if answer is None:
            return None
        assert len(answer) >= 60
        datagram = Datagram.parse(answer[14:])
        assert datagram is not None
        return udp.Message.parse(datagram)

    def tftp(self, port: int, payload: bytes) -> tuple[int, bytes] | None:
        answer = self.say(port, payload)
        return (answer.source, answer.payload) if answer else None

    def fetch(self, request: bytes) -> bytes:
        """A whole file, acknowledging block by block."""
        answer = self.tftp(69, request)
        data, block_size, number = b"", 512, 0
        while answer is not None:
            port, message = answer
            if message[1] == tftp.Operation.OPTIONS:
                block_size = int(message.split(b"\0")[2])
            else:
                number = number + 1 & 0xFFFF
                assert message[:4] == b"\0\3" + number.to_bytes(2, "big")
                assert len(message) - 4 <= block_size
                data += message[4:]
            answer = self.tftp(port, b"\0\4" + number.to_bytes(2, "big"))
        return data


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.mark.parametrize(
    ("question", "answer"),
    [(ARP_REQUEST, ARP_REPLY), (PING, PONG), (UDP_ECHO, UDP_ECHO_ANSWER)],
    ids=["arp", "ping", "udp"],
)
def test_a_question_has_its_answer(client: Client, question: bytes, answer: bytes) -> None:
    found = client.ask(question)
    assert found is not None
    assert found.hex() == answer.hex()


@pytest.mark.parametrize(
    "frame",
    [
        ARP_REQUEST[:-1] + b"\x09",  # for another address
        ARP_REQUEST[:21] + b"\x02" + ARP_REQUEST[22:],  # a reply
        ARP_REQUEST[:-1],
        b"\x02" * 6 + PING[6:],  # to another station
        PING[:14] + b"\x46" + PING[15:],  # a broken header
        PING[:20] + b"\x20\x00" + b"\x40\x01\x42\xd8" + PING[26:],  # a fragment
        PING[:40] + b"\xff" + PING[41:],  # a broken message
        PING[:33] + b"\x09" + PING[34:],
        PONG[6:12] + PONG[:6] + PONG[12:],
        UDP_ECHO[:37] + b"\x08" + UDP_ECHO[38:],  # to a port that nobody is at
        UDP_ECHO[:40] + b"\x00\x01" + UDP_ECHO[42:],  # with a wrong checksum
        PING.ljust(1515, b"\0"),  # too long for the wire
        b"",
    ],
)
def test_other_frames_get_no_answer(client: Client, frame: bytes) -> None:
    assert client.ask(frame) is None


def test_a_checksum_of_what_holds_its_own_is_zero() -> None:
    assert checksum(PING[14:34]) == 0
    assert checksum(b"\x01") == 0xFEFF


DISCOVER = bytes.fromhex("01010600 12345678 0000") + bytes(18) + OURS + bytes(10 + 192)
DISCOVER += bytes.fromhex("63825363 350101 3703010306 ff")


def dhcp_request(*options: bytes) -> bytes:
    return DISCOVER[:240] + b"".join(options) + b"\xff"


def lend(client: Client, payload: bytes) -> tuple[bytes, bytes, dict[int, bytes], bytes] | None:
    """Who gets the reply, at which address, its options, and all of it."""
    message = udp.Message(68, 67, payload).encode(bytes(4), b"\xff" * 4).encode()
    answer = client.ask(b"\xff" * 6 + OURS + b"\x08\x00" + message)
    if answer is None:
        return None
    datagram = Datagram.parse(answer[14:])
    assert datagram is not None
    reply = udp.Message.parse(datagram)
    assert reply is not None
    assert (reply.source, reply.destination) == (67, 68)
    return answer[:6], datagram.destination, dhcp.parse_options(reply.payload[240:]), reply.payload


def test_discover_is_answered_by_an_offer_of_the_next_address(client: Client) -> None:
    found = lend(client, DISCOVER)
    assert found is not None
    hardware, address, options, payload = found
    assert (hardware, address) == (OURS, OUR_IP)
    assert options == {
        53: b"\x02",
        54: PEER_IP,
        1: b"\xff\xff\xff\x00",
        3: PEER_IP,
        51: b"\x00\x01\x51\x80",
    }
    assert payload[:8] == bytes.fromhex("02010600 12345678")
    assert (payload[16:20], payload[20:24], payload[28:34]) == (OUR_IP, PEER_IP, OURS)
    assert payload[108:113] == b"boot\0"
    assert len(payload) >= 300


REQUEST, SERVER = b"\x35\x01\x03", b"\x36\x04" + PEER_IP


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ((REQUEST, SERVER, b"\x32\x04" + OUR_IP), dhcp.Kind.ACK),
        ((REQUEST, b"\x32\x04" + OUR_IP), dhcp.Kind.ACK),
        ((REQUEST, SERVER, b"\x32\x04\x0a\x00\x02\x63"), dhcp.Kind.NAK),
        ((b"\x35\x01\x08",), dhcp.Kind.ACK),
        ((REQUEST, b"\x36\x04\x0a\x00\x02\x63", b"\x32\x04" + OUR_IP), None),
        ((b"\x35\x01\x07", SERVER), None),
        ((), None),
        ((b"\x35\x00",), None),
        ((b"\x35\x09\x01",), None),
    ],
)
def test_requests_are_granted_refused_or_another_servers(
    client: Client, options: tuple[bytes, ...], kind: dhcp.Kind | None
) -> None:
    found = lend(client, dhcp_request(*options))
    assert (None if found is None else found[2][53]) == (None if kind is None else bytes((kind,)))


def test_a_client_that_cannot_take_a_reply_yet_gets_it_by_broadcast(client: Client) -> None:
    found = lend(client, DISCOVER[:10] + b"\x80" + DISCOVER[11:])
    assert found is not None
    assert found[:2] == (b"\xff" * 6, b"\xff" * 4)


def test_the_address_handed_out_is_one_of_the_peers_network() -> None:
    assert handed_address(IPv4Address("10.0.2.2")) == IPv4Address("10.0.2.3")
    assert handed_address(IPv4Address("10.0.2.254")) == IPv4Address("10.0.2.253")


def test_a_file_is_fetched_in_blocks_of_512_and_a_short_one(client: Client) -> None:
    assert client.tftp(69, b"\0\1boot\0octet\0") == (49152, b"\0\3\0\1" + client.files.contents["boot"][:512])
    assert client.fetch(b"\0\1boot\0OCTET\0") == client.files.contents["boot"]
    assert client.state.transfers == []


@pytest.mark.parametrize("name", ["exact", "empty"])
def test_a_file_of_whole_blocks_ends_with_an_empty_one(client: Client, name: str) -> None:
    assert client.fetch(b"\0\1%s\0octet\0" % name.encode()) == client.files.contents[name]
    assert client.state.transfers == []


def test_block_size_and_size_of_the_file_are_agreed_on(client: Client) -> None:
    request = b"\0\1boot\0octet\0blksize\0001024\0windowsize\0004\0tsize\0000\0"
    answer = client.tftp(69, request)
    assert answer == (49152, b"\0\6blksize\0001024\0tsize\0001280\0")
    assert client.tftp(49152, b"\0\4\0\0") == (49152, b"\0\3\0\1" + client.files.contents["boot"][:1024])
    assert client.fetch(request) == client.files.contents["boot"]


def test_a_block_size_is_cut_to_what_a_frame_holds(client: Client) -> None:
    answer = client.tftp(69, b"\0\1boot\0octet\0blksize\00065464\0")
    assert answer == (49152, b"\0\6blksize\0001468\0")


def test_block_numbers_go_on_at_zero(client: Client) -> None:
    client.files.contents["boot"] = bytes(8 * 65540 + 3)
    assert client.fetch(b"\0\1boot\0octet\0blksize\0008\0") == client.files.contents["boot"]


def test_a_repeated_acknowledgement_brings_the_block_again(client: Client) -> None:
    client.tftp(69, b"\0\1boot\0octet\0")
    second = client.tftp(49152, b"\0\4\0\1")
    assert second is not None
    assert second[1][:4] == b"\0\3\0\2"
    assert client.tftp(49152, b"\0\4\0\1") == second
    assert client.tftp(49152, b"\0\4\0\0") is None


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"\0\1none\0octet\0", 1),
        (b"\0\1failing\0octet\0", 2),
        (b"\0\2boot\0octet\0", 2),
        (b"\0\1boot\0netascii\0", 4),
        (b"\0\1boot\0octet", 4),
        (b"\0\1", 4),
    ],
)
def test_what_cannot_be_is_refused_with_an_error_code(client: Client, request_: bytes, code: int) -> None:
    answer = client.tftp(69, request_)
    assert answer is not None
    assert (answer[0], answer[1][:4], answer[1][-1:]) == (69, bytes((0, 5, 0, code)), b"\0")
    assert client.state.transfers == []


def test_a_transfer_of_somebody_else_is_unknown(client: Client) -> None:
    client.tftp(69, b"\0\1boot\0octet\0")
    answer = client.say(49152, b"\0\4\0\1", source=4097)
    assert answer is not None
    assert answer.payload[:4] == b"\0\5\0\5"


@pytest.mark.parametrize("change", [b"short", None])
def test_a_file_that_shrinks_or_goes_ends_its_transfer_with_an_error(
    client: Client, change: bytes | None
) -> None:
    client.tftp(69, b"\0\1boot\0octet\0")
    if change is None:
        del client.files.contents["boot"]
    else:
        client.files.contents["boot"] = change
    answer = client.tftp(49152, b"\0\4\0\1")
    assert answer is not None
    assert answer[1][:4] == b"\0\5\0\0"
    assert client.state.transfers == []


def test_a_client_ends_its_transfer_by_an_error(client: Client) -> None:
    client.tftp(69, b"\0\1boot\0octet\0")
    assert client.tftp(49152, b"\0\5\0\0stop\0") is None
    assert client.state.transfers == []


def test_transfers_are_bounded_and_one_client_has_one(client: Client) -> None:
    for port in range(1000, 1040):
        for _ in range(2):
            client.say(69, b"\0\1boot\0octet\0", source=port)
    assert len(client.state.transfers) == tftp.MOST_TRANSFERS
    assert {transfer.client.port for transfer in client.state.transfers} == set(range(1024, 1040))


def in_udp(port: int, payload: bytes, source: int) -> bytes:
    message = udp.Message(source, port, payload).encode(OUR_IP, PEER_IP).encode()
    return PEER + OURS + b"\x08\x00" + message


ports = st.sampled_from((7, 67, 69, 49152, 49153)) | st.integers(0, 65535)
words = st.sampled_from((b"\0\1boot\0octet\0", b"blksize\0", b"8\0", b"\0\4\0\1", DISCOVER, REQUEST))
payloads = st.lists(st.binary(max_size=40) | words, max_size=6).map(b"".join)
frames = st.one_of(
    st.binary(max_size=1600),
    st.binary(max_size=80).map(lambda rest: PEER + OURS + b"\x08\x06" + rest),
    st.binary(max_size=80).map(lambda rest: PEER + OURS + b"\x08\x00\x45" + rest),
    st.binary(max_size=80).map(
        lambda rest: PEER + OURS + b"\x08\x00" + Datagram(OUR_IP, PEER_IP, ipv4.UDP, rest).encode()
    ),
    st.binary(max_size=80).map(
        lambda rest: PEER + OURS + b"\x08\x00" + Datagram(OUR_IP, PEER_IP, ipv4.ICMP, rest).encode()
    ),
    st.builds(in_udp, ports, payloads, st.integers(0, 65535)),
)


@given(st.lists(frames, max_size=12))
def test_random_frames_never_fail_and_answers_fit_the_wire(sent: list[bytes]) -> None:
    client = Client()
    for frame in sent:
        answer = client.ask(frame)
        assert answer is None or (60 <= len(answer) <= 1514 and answer[6:12] == PEER)


@given(st.binary(min_size=8, max_size=100))
def test_an_echo_reply_is_sound(data: bytes) -> None:
    request = b"\x08\x00" + checksum(b"\x08\x00" + data).to_bytes(2, "big") + data
    reply = icmp.answer(request)
    assert reply is not None
    assert (reply[:2], checksum(reply), reply[4:]) == (b"\0\0", 0, data)
