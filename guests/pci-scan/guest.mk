disk := pci-scan.protected
pci-scan.protected := pci-scan.c widths.c regions.c routing.c
