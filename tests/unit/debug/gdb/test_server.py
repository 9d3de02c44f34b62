"""The server over a real socket: what comes in pieces, twice, too much or not to its end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from emu.core.errors import ConfigError
from emu.debug.gdb.packets import LARGEST, Packet, Receiver, Sign, frame
from emu.debug.gdb.server import Server
from emu.machine.run_loop import Reason, Stop
from emu.machine.values import endpoint
from tests.unit.debug.gdb.stubs import Client

LOOPBACK = ("127.0.0.1", 0)
PATIENCE_S = 60


class Peer:
    """One who is connected."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._receiver = Receiver()
        self._found: list[Packet | Sign] = []

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def next(self) -> bytes | Sign | None:
        """A payload, a sign, or None when the other side has closed."""
        while not self._found:
            try:
                data = self.socket.recv(4096)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._found += self._receiver.feed(data)
        found = self._found.pop(0)
        return found.payload if isinstance(found, Packet) else found

    def ask(self, payload: bytes) -> bytes | Sign | None:
        """The answer behind the acknowledgement, which is acknowledged."""
        self.send(frame(payload))
        assert self.next() is Sign.RECEIVED
        answer = self.next()
        self.send(b"+")
        return answer


class Serving:
    """A server that runs a guest in a thread of its own."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self.client = Client()
        self.server = Server(LOOPBACK, self.client.target, self.client.commands)
        self.port = int(self.server.address.rpartition(":")[2])
        self.run: Future[Stop] = executor.submit(self.server.run, wait=True)


@pytest.fixture
def serving() -> Iterator[Serving]:
    with ThreadPoolExecutor(1) as executor:
        serving = Serving(executor)
        try:
            yield serving
            if not serving.run.done():
                Peer(serving.port).send(frame(b"k"))
            assert serving.run.result(PATIENCE_S) == Stop(Reason.ASKED, detail="the debugger ended the run")
        finally:
            serving.server.close()
            serving.client.machine.close()


def test_packets_come_in_pieces_of_any_size(serving: Serving) -> None:
    peer = Peer(serving.port)
    for byte in frame(b"qC"):
        peer.send(bytes([byte]))
    assert [peer.next(), peer.next()] == [Sign.RECEIVED, b"QC1"]
    peer.send(b"+" + frame(b"T1") + frame(b"qAttached"))
    assert [peer.next() for _ in range(4)] == [Sign.RECEIVED, b"OK", Sign.RECEIVED, b"1"]
    peer.send(frame(b"k"))


def test_a_damaged_packet_is_asked_for_again_and_an_answer_is_sent_again(serving: Serving) -> None:
    peer = Peer(serving.port)
    peer.send(b"$qC#00")
    assert peer.next() is Sign.AGAIN
    assert peer.ask(b"qC") == b"QC1"
    peer.send(b"-")
    assert peer.next() == b"QC1"
    peer.send(frame(b"k"))


def test_a_packet_that_is_too_large_is_refused_and_the_session_goes_on(serving: Serving) -> None:
    peer = Peer(serving.port)
    assert peer.ask(b"m" * (2 * LARGEST)) == b"E16"
    assert peer.ask(b"qC") == b"QC1"
    peer.send(frame(b"k"))


def test_without_acknowledgements_there_are_answers_alone(serving: Serving) -> None:
    peer = Peer(serving.port)
    assert peer.ask(b"QStartNoAckMode") == b"OK"
    peer.send(frame(b"qC") + b"$qC#00" + frame(b"T1"))
    assert [peer.next(), peer.next()] == [b"QC1", b"OK"]
    peer.send(frame(b"k"))


def test_clients_that_vanish_in_mid_packet_leave_the_machine_to_the_next(serving: Serving) -> None:
    for rubbish in (b"$m7c00,", b"$", b"\x03\x03", b"+" * 5000, frame(b"s")[:-1], b"\xff" * 100):
        peer = Peer(serving.port)
        peer.send(rubbish)
        peer.socket.shutdown(socket.SHUT_WR)
        assert all(found is Sign.RECEIVED for found in iter(peer.next, None)), rubbish
    peer = Peer(serving.port)
    assert peer.ask(b"?") == b"T05thread:1;"
    peer.send(frame(b"k"))


def test_a_second_client_is_sent_away_and_the_first_is_not_disturbed(serving: Serving) -> None:
    first = Peer(serving.port)
    assert first.ask(b"qC") == b"QC1"
    assert Peer(serving.port).next() is None
    assert first.ask(b"T1") == b"OK"
    first.send(frame(b"k"))


def test_what_is_sent_ahead_is_answered_in_order(serving: Serving) -> None:
    peer = Peer(serving.port)
    peer.send(frame(b"QStartNoAckMode") + b"+" + b"".join(map(frame, (b"qC", b"T1"))) * 2000 + frame(b"k"))
    assert [peer.next(), peer.next()] == [Sign.RECEIVED, b"OK"]
    assert list(iter(peer.next, None)) == [b"QC1", b"OK"] * 2000


def test_behind_the_guests_last_word_there_is_a_way_back(serving: Serving) -> None:
    peer = Peer(serving.port)
    assert peer.ask(b"QStartNoAckMode") == b"OK"
    for payload, answer in ((b"c", b"replaylog:end;"), (b"bs", b"thread:1;"), (b"c", b"replaylog:end;")):
        peer.send(frame(payload))
        while not isinstance(found := peer.next(), bytes) or found[:1] == b"O":
            assert found is not None
        assert found.endswith(answer)
    peer.send(frame(b"k"))


def test_somebody_else_ends_the_run_while_the_machine_stands(serving: Serving) -> None:
    peer = Peer(serving.port)
    assert peer.ask(b"qC") == b"QC1"
    serving.client.machine.stop(Stop(Reason.ASKED, detail="the debugger ended the run"))
    assert serving.run.result(PATIENCE_S).reason is Reason.ASKED


def test_nobody_but_this_host_is_listened_to_unless_an_address_is_given() -> None:
    folder = Path()
    assert endpoint("1234", folder) == ("127.0.0.1", 1234)
    assert endpoint(":1234", folder) == ("127.0.0.1", 1234)
    assert endpoint("0.0.0.0:1234", folder) == ("0.0.0.0", 1234)
    assert endpoint("[::1]:1234", folder) == ("::1", 1234)


@pytest.mark.parametrize(
    "text", ["", "gdb", "host:", "host:x", "65536", "-1", "1234 ", "host:12:", "[::1]", True]
)
def test_what_is_no_endpoint_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match=r"give \[HOST:\]PORT such as 1234"):
        endpoint(text, Path())


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "no-such-host.invalid", "a" * 70, ".", "a..b", "\0", "2001:db8::1", ":"]
)
def test_where_nobody_can_listen_is_refused_in_a_sentence(host: str) -> None:
    client = Client()
    with pytest.raises(
        ConfigError, match=r"cannot listen at .*: give another port, or an address of this host"
    ):
        Server((host, 0), client.target, client.commands)
    client.machine.close()


def test_an_ipv6_address_is_written_in_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this host has no IPv6")
    client = Client()
    server = Server(("::1", 0), client.target, client.commands)
    assert server.address.startswith("[::1]:")
    server.close()
    client.machine.close()
