include driver/driver.mk
disk := no-protocol.real no-protocol.protected no-protocol.long
no-protocol.real := no-protocol.c $(driver)
no-protocol.protected := no-protocol.c $(driver)
no-protocol.long := no-protocol.c $(driver)
partition := second.real
cdrom := disc.real
disc.real := ../hello/hello.c
blank_disks := second
flags := -DDISKS=0x3 -DDISKS_LEFT=0x3 -DNIC_LEFT=1 -DFROM_CD=0 -DMAGIC_LEFT=0xffff
