"""A machine that runs: a wired PC, its run loop, and what its user may ask of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from emu.backends.host_files import HOST_FILES, HostFiles
from emu.core.backends import ByteSink
from emu.core.errors import ConfigError
from emu.core.events import Observer, Observers
from emu.machine import firmware_stub, pci_setup
from emu.machine.bundled import bios_path
from emu.machine.config import MachineConfig
from emu.machine.inbox import Arrival
from emu.machine.parts import RESET_BUTTON, ObservedSink, Outlets, load_firmware, load_kernel
from emu.machine.pc import Pc
from emu.machine.run_loop import Reason, RunLoop, Stop
from emu.machine.snapshot import Snapshot, restore, save
from emu.xen.xenstore.store import StoreError


class Discard:
    """A sink that keeps nothing."""

    def write(self, data: bytes) -> None:
        """Forget `data`."""


class Unplugged(Observer):
    """Notes what left the bus."""

    def __init__(self) -> None:
        self.targets: list[tuple[str, str]] = []

    def unplugged(self, target: str, location: str) -> None:
        """A drive or a NIC left."""
        self.targets.append((target, location))

    def save(self) -> tuple[tuple[str, str], ...]:
        """What left so far."""
        return tuple(self.targets)

    def restore(self, saved: Iterable[tuple[str, str]]) -> None:
        """The machine was put to where these had left."""
        self.targets[:] = saved


class Machine:
    """Made from a configuration; `run` it, look at it, `save` and `restore` it, and `close` it."""

    def __init__(
        self,
        config: MachineConfig,
        *,
        observers: Observers | None = None,
        serial: ByteSink | None = None,
        serial2: ByteSink | None = None,
        debug: ByteSink | None = None,
        guest_log: Callable[[bytes], None] = lambda line: None,
        host_log: Callable[[str], None] = lambda text: None,
        native: bool = True,
        tracked: bool = False,
        files: HostFiles = HOST_FILES,
        deferred: bool = False,
    ) -> None:
        """A `tracked` machine can take checkpoints: see `emu.machine.checkpoints`.

        Its inputs are read from `files`. A `deferred` one writes nothing to images before `commit`.

        Raises ConfigError where the configuration asks for the impossible.
        """
        self.config = config
        self.files = files
        self.observers = observers or Observers()
        self.departed = Unplugged()
        self.observers.attach(self.departed)
        outlets = Outlets(
            serial=self._sink("com1", serial),
            serial2=self._sink("com2", serial2),
            debug=self._sink("e9", debug),
            firmware_debug=self._sink("402", debug),
            guest_log=lambda line: self._log_guest(guest_log, line),
            host_log=lambda text: self._log_host(host_log, text),
            report=self._report,
            reset=self._request_reset,
            power_off=self._power_off,
        )
        firmware = load_firmware(config.firmware or bios_path(), files)
        self._kernel = load_kernel(config.kernel, config.memory_mib << 20, files) if config.kernel else None
        self.pc = pc = Pc(
            config,
            firmware,
            outlets,
            self.observers,
            native=native,
            tracked=tracked,
            files=files,
            deferred=deferred,
        )
        self.clock, self.memory = pc.clock, pc.memory
        self.ports, self.mmio, self.pci = pc.ports, pc.mmio, pc.pci
        self.processor, self.store = pc.processor, pc.store
        self.warnings = [*files.notes, *pc.images.warnings]
        if config.kernel and self._kernel:
            self.warnings += [f"{config.kernel.image}: {each}" for each in self._kernel.warnings]
        self.inbox = pc.inbox
        self.loop = RunLoop(
            processor=pc.processor,
            clock=pc.clock,
            interrupts=pc.interrupts,
            reset=self.reset,
            shut_down=self._shut_down,
            inbox=pc.inbox,
        )
        self._fill_store()
        self._enter_kernel()

    @property
    def unplugged(self) -> list[str]:
        """The names of what left its bus, in order."""
        return [target for target, _ in self.departed.targets]

    @property
    def departures(self) -> list[tuple[str, str]]:
        """What left which bus: names and locations, in order."""
        return list(self.departed.targets)

    @property
    def host_errors(self) -> list[str]:
        """What failed behind the drives: the drive, the image and why."""
        return self.pc.images.failures.sentences()

    @property
    def faults(self) -> list[tuple[str, int]]:
        """What the configuration has go wrong, and how often it has."""
        return self.pc.faults.counts

    def change_disc(self, position: int, path: Path | None) -> None:
        """Put the disc in a file into the CD drive at `position`, or take out what is there, from outside.

        The guest may have locked the tray: then it is asked. Raises ConfigError where that cannot be.
        """
        name = None if path is None else str(path)
        self.pc.images.know_disc(position, name)
        self.inbox.post(Arrival("disc", [position, name]))

    def run(self, until_ns: int | None = None) -> Stop:
        """Run until something stops the machine, or virtual time reaches `until_ns`."""
        return self.loop.run(until_ns)

    def run_steps(self, count: int) -> Stop | None:
        """Execute `count` instructions; the stop that ended the run before that, if any."""
        return self.loop.run_steps(count)

    def stop(self, stop: Stop) -> None:
        """End the run at the next decision point."""
        self.loop.stop(stop)

    def reset(self) -> None:
        """RESET: every chip, and the processor last."""
        for device in self.pc.devices:
            device.reset()
        for link in self.pc.links:
            link.reset()
        self.processor.reset()
        self._enter_kernel()

    def save(self) -> Snapshot:
        """The whole machine as data."""
        return save(self.pc)

    def restore(self, snapshot: Snapshot) -> None:
        """Become the machine that was saved. Raises StateError where it does not fit."""
        restore(self.pc, snapshot)

    def commit(self) -> None:
        """Put on images with `write` what a deferred machine kept from them. Raises HostError."""
        self.pc.images.commit()

    def close(self) -> None:
        """The orderly end: images are flushed and closed, links let go of, the engine freed."""
        self.loop.outside.close()
        self.pc.ide.close_images()
        for link in self.pc.links:
            link.close()
        self.processor.close()
        self.files.close()

    def _enter_kernel(self) -> None:
        """Put the kernel, if there is one, where a boot loader would have, and the processor at its entry."""
        if self._kernel is not None:
            pci_setup.set_up(self.pci.functions(), self.pc.pics)
            left = firmware_stub.stub(self.memory.ram_bytes)
            for cleared in self._kernel.cleared:
                self.memory.clear(cleared.base, cleared.size)
            for address, data in (left.memory | self._kernel.memory).items():
                self.memory.write(address, data)
            self.processor.restore({**self.processor.save(), **self._kernel.registers})

    def _sink(self, name: str, sink: ByteSink | None) -> ByteSink:
        return ObservedSink(name, sink or Discard(), self.observers)

    def _fill_store(self) -> None:
        for product, build in self.config.blacklist:
            self.pc.blacklist.add(product, build)
        for path, value in self.config.store:
            try:
                self.store.write(path, value)
            except StoreError as error:
                raise ConfigError(f"the store refuses {path}: {error}; give another path or value") from None

    def _report(self, status: int) -> None:
        for seen in self.observers.guest_report:
            seen(status)
        self.stop(Stop(Reason.REPORTED, status))

    def _power_off(self) -> None:
        for seen in self.observers.powered_off:
            seen()
        self.stop(Stop(Reason.POWERED_OFF))

    def _request_reset(self, cause: str) -> None:
        for seen in self.observers.reset_requested:
            seen(cause)
        usual = "exit" if self._kernel and cause != RESET_BUTTON else "reboot"
        if (self.config.run.on_reset or usual) == "exit":
            self.stop(Stop(Reason.RESET, detail=f"the machine was reset by {cause}"))
        else:
            self.loop.request_reset()

    def _shut_down(self) -> Stop | None:
        """Hardware resets at a triple fault, we on request: most are crashes, which must not go unseen."""
        if self.config.run.on_reset != "reboot":
            return Stop(Reason.CRASHED)
        self._request_reset("a triple fault")
        return None

    def _log_guest(self, destination: Callable[[bytes], None], line: bytes) -> None:
        for seen in self.observers.guest_log:
            seen(line)
        destination(line)

    def _log_host(self, destination: Callable[[str], None], text: str) -> None:
        for seen in self.observers.host_log:
            seen(text)
        destination(text)
