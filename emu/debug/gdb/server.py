"""One client at a time over TCP: bytes to and from the stub, while the machine runs and while it stands."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable

from emu.core.errors import ConfigError
from emu.debug.gdb.monitor import Monitor
from emu.debug.gdb.packets import Packet, Receiver, Sign, frame
from emu.debug.gdb.stub import MALFORMED, Leave, Stub
from emu.debug.gdb.target import INTERRUPTED, Cause, Target
from emu.machine.run_loop import Reason, Stop

WAIT_S = 0.05
"""A machine that stands still heeds signals so often."""
CHUNK = 0x10000
PATIENCE_S = 10.0
"""A client that takes nothing for so long has gone."""
MOST_WAITING = 1000
"""Packets that a client may send ahead before it is taken for mad."""


class Connection:
    """A client, its stub, and what has come from it but was not served yet."""

    def __init__(self, client: socket.socket, stub: Stub) -> None:
        client.settimeout(PATIENCE_S)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client, self.stub = client, stub
        self.gone = False
        self.waiting: list[Packet | Sign] = []
        self._receiver = Receiver()
        self._last = b""

    def receive(self) -> None:
        """Take what has come."""
        try:
            data = self.client.recv(CHUNK)
        except OSError:
            data = b""
        self.gone = self.gone or not data or len(self.waiting) > MOST_WAITING
        self.waiting += [found for found in self._receiver.feed(data) if found is not Sign.RECEIVED]

    def serve(self) -> None:
        """Answer what waits."""
        while self.waiting and self.stub.leave is None and not self.gone:
            found = self.waiting.pop(0)
            if isinstance(found, Packet):
                self._acknowledge(b"+")
                for payload in self.stub.respond(found.payload):
                    self._last = frame(payload)
                    self._send(self._last)
            elif found is Sign.DAMAGED:
                self._acknowledge(b"-")
            elif found is Sign.TOO_LARGE:
                self._acknowledge(b"+")
                self._send(frame(MALFORMED))
            elif found is Sign.AGAIN:
                self._send(self._last)

    def take_interrupt(self) -> bool:
        """Whether the client wants the machine stopped; what it sent meanwhile waits."""
        wanted = Sign.INTERRUPT in self.waiting
        self.waiting = [each for each in self.waiting if each is not Sign.INTERRUPT]
        return wanted

    def _acknowledge(self, sign: bytes) -> None:
        if self.stub.acknowledges:
            self._send(sign)

    def _send(self, data: bytes) -> None:
        try:
            self.client.sendall(data)
        except OSError:
            self.gone = True


class Server:
    """Listens, and runs the machine as its client wants."""

    def __init__(self, endpoint: tuple[str, int], target: Target, monitor: Monitor) -> None:
        """Raises ConfigError where the port is taken."""
        self._target, self._monitor = target, monitor
        self._connection: Connection | None = None
        self._selector = selectors.DefaultSelector()
        self._listener = _listener(endpoint)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._breathe = target.machine.loop.breathe
        target.machine.loop.breathe = self._poll

    @property
    def address(self) -> str:
        """Where clients connect, as they write it."""
        return _written(self._listener.getsockname()[:2])

    def close(self) -> None:
        """Let go of the client and of the port."""
        self._drop()
        self._selector.close()
        self._listener.close()

    def run(self, *, wait: bool, others: Callable[[], None] = lambda: None) -> Stop:
        """Run the machine to its end, which a client may put off or bring about.

        With `wait` nothing is executed before a client says so. `others` is called now and then while the
        machine stands still.
        """
        standing = wait
        while True:
            if not standing:  # breakpoints are for a client to stop at
                ended = self._target.go_on(heed=False).cause is Cause.END
                if ended and self._target.ended:
                    return self._target.ended
            stop = self._stand(others)
            if stop is not None:
                return stop
            standing = False

    def _stand(self, others: Callable[[], None]) -> Stop | None:
        """Serve until the client lets the machine go (None), or the run is to end."""
        while True:
            others()
            stop = self._asked()
            if stop is not None:
                return stop
            connection = self._connection
            if connection is None or not connection.waiting:
                self._look(WAIT_S)
                continue
            connection.serve()
            leave = connection.stub.leave
            if leave is not None or connection.gone:
                self._drop()
            if leave is Leave.KILLED:
                return Stop(Reason.ASKED, detail="the debugger ended the run")
            if leave is Leave.OVER or (leave is Leave.DETACHED and self._target.ended):
                return self._target.ended
            if leave is Leave.DETACHED:
                return None

    def _asked(self) -> Stop | None:
        """What somebody else than the client wants the run ended for. What the guest did is left pending."""
        loop = self._target.machine.loop
        stop = loop.pending.stop
        if stop is None or stop.reason is not Reason.ASKED:
            return None
        loop.take_stop()
        return None if stop is INTERRUPTED else stop

    def _poll(self) -> None:
        """The machine runs: look for a client, or for what it sends."""
        self._breathe()
        travel = self._target.travel
        if not (travel.advancing or travel.may_give_up):
            return
        before = self._connection
        self._look(0)
        connection = self._connection
        if connection is not before or (connection and (connection.take_interrupt() or connection.gone)):
            self._target.machine.stop(INTERRUPTED)

    def _look(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            if key.fileobj is self._listener:
                self._accept()
            elif self._connection is not None:
                self._connection.receive()
        if self._connection is not None and self._connection.gone and not self._connection.waiting:
            self._drop()

    def _accept(self) -> None:
        """Take a client; a second one is sent away."""
        try:
            client, _ = self._listener.accept()
        except OSError:  # it has gone already
            return
        if self._connection is not None and not self._connection.gone:
            client.close()
            return
        self._drop()
        self._connection = Connection(client, Stub(self._target, self._monitor))
        self._selector.register(client, selectors.EVENT_READ)

    def _drop(self) -> None:
        if self._connection is not None:
            self._selector.unregister(self._connection.client)
            self._connection.client.close()
            self._connection = None


def _listener(endpoint: tuple[str, int]) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET
        return socket.create_server(endpoint, family=family)
    except (OSError, ValueError, TypeError) as error:  # the latter two: no host can be called that
        why = error.strerror if isinstance(error, OSError) else "no such name"
        raise ConfigError(
            f"--gdb: cannot listen at {_written(endpoint)} ({why}): "
            "give another port, or an address of this host"
        ) from None


def _written(endpoint: tuple[str, int]) -> str:
    host, port = endpoint
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
