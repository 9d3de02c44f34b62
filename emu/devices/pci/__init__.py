"""The PCI bus, its functions' configuration space, and the bridges of the 440FX chip set."""
