"""The GDB remote serial protocol: stock gdb drives a machine, forwards and backwards."""
