"""`python -m benchmarks [-n ROUNDS] [GROUP ...]`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from benchmarks import (
    bus_master,
    debugger,
    disk,
    interrupts,
    linux,
    memory,
    ports,
    processes,
    processor,
    recordings,
    smoke,
    stores,
)
from benchmarks.measurement import Measurement
from benchmarks.table import show

GROUPS = {
    "processor": processor.measurements,
    "stores": stores.measurements,
    "ports": ports.measurements,
    "disk": disk.measurements,
    "bus-master": bus_master.measurements,
    "interrupts": interrupts.measurements,
    "memory": memory.measurements,
    "processes": processes.measurements,
    "smoke": smoke.measurements,
    "debugger": debugger.measurements,
    "recordings": recordings.measurements,
    "linux": linux.measurements,
}


def main() -> None:
    """Measure what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast the machine is.")
    parser.add_argument("-n", "--rounds", type=int, default=5, help="rounds of each measurement (5)")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)} (all)")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.groups) - set(GROUPS)):
        parser.error(f"unknown group {unknown[0]}: take {', '.join(GROUPS)}")
    if arguments.rounds < 1:
        parser.error("at least one round")

    def measured() -> Iterator[Measurement]:
        for name, measurements in GROUPS.items():
            if not arguments.groups or name in arguments.groups:
                yield from measurements(arguments.rounds)

    show(measured())


if __name__ == "__main__":
    main()
