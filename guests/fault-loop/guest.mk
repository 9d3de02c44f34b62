disk := fault-loop.long
fault-loop.long := fault-loop.c
