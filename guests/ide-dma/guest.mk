disk := ide-dma.long
ide-dma.long := ide-dma.c tables.c endings.c
