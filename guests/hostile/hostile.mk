# The sources that every storm needs, for the guest.mk of a guest in a folder beside this one.
hostile := $(addprefix ../hostile/,draw.c recover.c alive.c)
