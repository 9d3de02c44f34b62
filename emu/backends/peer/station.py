"""The peer's station: takes a frame and gives those that answer it, with no time in it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from emu.backends.peer import arp, dhcp, ethernet, icmp, ipv4, tftp, udp
from emu.backends.peer.ethernet import Frame
from emu.backends.peer.files import Files, NoFiles
from emu.backends.peer.ipv4 import Datagram
from emu.backends.peer.tftp import Client, TftpState

PREFIX = 24
"""Bits of the network that the peer and its client share."""


def network(address: IPv4Address) -> IPv4Network:
    """The network that the peer at `address` is in."""
    return IPv4Network((address, PREFIX), strict=False)


def handed_address(address: IPv4Address) -> IPv4Address:
    """What DHCP hands to the client of the peer at `address`: the next one, or the one before the last."""
    following = address + 1
    return address - 1 if following == network(address).broadcast_address else following


def hardware_address(address: IPv4Address) -> bytes:
    """The peer's Ethernet address: a locally administered one that holds its IPv4 address."""
    return b"\x02\x00" + address.packed


class Station:
    """One address on the network. What it remembers is the caller's: see `TftpState`."""

    def __init__(self, address: IPv4Address, files: Files | None = None) -> None:
        self.hardware = hardware_address(address)
        self.address = address.packed
        self._files = files or NoFiles()
        around = network(address)
        self._everybody = (ipv4.BROADCAST, around.broadcast_address.packed)
        self._lease = dhcp.Lease(
            server=self.address,
            address=handed_address(address).packed,
            mask=around.netmask.packed,
            boot_file=self._files.boot_file,
        )

    def answer(self, state: TftpState, data: bytes) -> bytes | None:
        """The frame that answers the one in `data`, or None."""
        frame = Frame.parse(data)
        if frame is None or frame.destination not in (self.hardware, ethernet.BROADCAST):
            return None
        if frame.kind == ethernet.ARP:
            reply = arp.answer(frame.payload, self.hardware, self.address)
            return None if reply is None else self._encode(frame.source, ethernet.ARP, reply)
        datagram = Datagram.parse(frame.payload) if frame.kind == ethernet.IPV4 else None
        return None if datagram is None else self._take(state, frame, datagram)

    def _take(self, state: TftpState, frame: Frame, datagram: Datagram) -> bytes | None:
        to_us = datagram.destination == self.address
        if datagram.protocol == ipv4.ICMP and to_us:
            reply = icmp.answer(datagram.payload)
            if reply is None:
                return None
            back = Datagram(self.address, datagram.source, ipv4.ICMP, reply)
            return self._encode(frame.source, ethernet.IPV4, back.encode())
        message = udp.Message.parse(datagram) if datagram.protocol == ipv4.UDP else None
        if message is None:
            return None
        if message.destination == dhcp.SERVER_PORT:
            return self._lend(message.payload) if to_us or datagram.destination in self._everybody else None
        return self._take_message(state, frame, datagram, message) if to_us else None

    def _take_message(
        self, state: TftpState, frame: Frame, datagram: Datagram, message: udp.Message
    ) -> bytes | None:
        if message.destination == udp.ECHO:
            answer: tftp.Answer | None = (udp.ECHO, message.payload)
        elif message.destination == tftp.PORT or message.destination >= tftp.FIRST_PORT:
            client = Client(frame.source, datagram.source, message.source)
            answer = tftp.answer(state, self._files, client, message.destination, message.payload)
        else:
            return None
        if answer is None:
            return None
        reply = udp.Message(answer[0], message.source, answer[1])
        return self._send(frame.source, datagram.source, reply)

    def _lend(self, payload: bytes) -> bytes | None:
        reply = dhcp.answer(payload, self._lease)
        if reply is None:
            return None
        message = udp.Message(dhcp.SERVER_PORT, dhcp.CLIENT_PORT, reply.payload)
        hardware, address = reply.hardware or ethernet.BROADCAST, reply.address or ipv4.BROADCAST
        return self._send(hardware, address, message)

    def _send(self, hardware: bytes, address: bytes, message: udp.Message) -> bytes:
        return self._encode(hardware, ethernet.IPV4, message.encode(self.address, address).encode())

    def _encode(self, hardware: bytes, kind: int, payload: bytes) -> bytes:
        return Frame(hardware, self.hardware, kind, payload).encode()
