"""The NE2000 on PCI: a DP8390 network controller, the RTL8029 around it, and its mounting."""
