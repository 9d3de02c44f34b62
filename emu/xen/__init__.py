"""The Xen side of the machine: platform device, unplug protocol, store."""
