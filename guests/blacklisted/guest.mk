include driver/driver.mk
disk := blacklisted.protected
blacklisted.protected := blacklisted.c $(driver)
partition := second.real
cdrom := disc.real
disc.real := ../hello/hello.c
blank_disks := second
flags := -DDISKS=0x3 -DDISKS_LEFT=0x3 -DNIC_LEFT=1 -DFROM_CD=0 -DMAGIC_LEFT=UNPLUG_MAGIC_BLACKLISTED
