# The sources of a driver and of its second stage, for the guest.mk of a guest in a folder beside this one.
driver := $(addprefix ../driver/,storage.c network.c platform.c devices.c boot_on.c)
second.real := ../driver/second.c
