disk := memory.real disks.real screen.real keys.real clock.real pci.real directory.protected again.real
cdrom := cd.real
cdrom_files := SERVICES.TXT=bios-services/memory.c
memory.real := memory.c machine.c services.c call.S
disks.real := disks.c parameters.c removable.c services.c call.S
screen.real := screen.c serial.c services.c call.S
keys.real := keys.c services.c call.S
clock.real := clock.c services.c call.S
pci.real := pci.c services.c call.S
directory.protected := directory.c entry.S
again.real := again.c services.c call.S
cd.real := cd.c services.c call.S
