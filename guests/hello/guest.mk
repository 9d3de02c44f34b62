disk := hello.real
cdrom := hello.real
hello.real := hello.c
