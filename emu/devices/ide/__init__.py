"""The PIIX3's IDE function: two channels, four positions, ATA disks and ATAPI CD drives."""
