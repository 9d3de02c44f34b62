disk := ide-cdrom.protected
ide-cdrom.protected := ide-cdrom.c answers.c transfers.c tray.c dma.c
cdrom := disc.real
disc.real := ../hello/hello.c
cdrom_files := README.TXT=hello/hello.c
