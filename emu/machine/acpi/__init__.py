"""ACPI tables of the machine, and the way into guest memory that they share with QEMU's.

`tables` makes them, `dsdt` describes the machine in them, `aml` and `resources` encode what it says.
`linking` writes the commands by which firmware installs them, and carries them out where there is none.
"""
