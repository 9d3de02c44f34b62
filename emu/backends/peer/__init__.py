"""The deterministic network peer: a station that answers ARP, ICMP echo, UDP echo, DHCP and TFTP.

Protocols are frames in, frames out; only `link` knows of time and only `files` of the host.
"""
