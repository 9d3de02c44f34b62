include driver/driver.mk
disk := unplug-nics.protected
unplug-nics.protected := unplug-nics.c $(driver)
partition := second.real
cdrom := disc.real
disc.real := ../hello/hello.c
blank_disks := second
flags := -DDISKS=0x3 -DDISKS_LEFT=0x3 -DNIC_LEFT=0 -DFROM_CD=0
