disk := ide-disk.protected
ide-disk.protected := ide-disk.c identity.c settings.c transfers.c errors.c interrupts.c
