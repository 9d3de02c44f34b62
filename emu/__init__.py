"""emu: a Xen HVM guest's whole world in one ordinary process."""

__version__ = "0.1.0"
