"""A VGA: registers and DAC, four planes of memory, text as it shows on the screen, and its PCI function."""
