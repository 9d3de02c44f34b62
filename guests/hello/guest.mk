disk := hello.real
hello.real := hello.c
