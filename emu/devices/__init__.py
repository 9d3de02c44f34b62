"""The chips of a PC, one file each."""
