disk := ne2k.real ne2k.protected ne2k.long
sources := ne2k.c
ne2k.real := $(sources)
ne2k.protected := $(sources)
ne2k.long := $(sources)
