include driver/driver.mk
disk := out-of-order.protected
out-of-order.protected := out-of-order.c $(driver)
cdrom := disc.real
disc.real := ../hello/hello.c
blank_disks := second
flags := -DDISKS=0x5 -DCD=3
