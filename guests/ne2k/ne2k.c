/* The hardware should carry a driver's own little network stack: an ARP request by broadcast, the reply to our
 * address, and pings of every size around the ring, polled and by interrupt. At the other end of the wire is a
 * station at 10.0.2.2 that answers both. [RFC 826], [RFC 791], [RFC 792]
 */
#include "guest.h"
#include "irq.h"
#include "ne2k.h"
#include "pci.h"

enum { REALTEK = 0x10ec, RTL8029 = 0x8029, POLLS = 1000000, HEADER = 14, ARP = 0x0806, IPV4 = 0x0800 };
enum { ARP_SIZE = 28, IP_SIZE = 20, ICMP_SIZE = 8, ICMP = 1, ECHO_REPLY = 0, ECHO = 8, HEADERS = HEADER + IP_SIZE + ICMP_SIZE };
enum { LARGE_PINGS = 6, BURST = 3 };

static struct ne2k card;
static u8 irq;
static u8 frame[NE2K_LONGEST + 1], taken[NE2K_LONGEST + 1], peer[6];
static const u8 everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const u8 our_ip[4] = { 10, 0, 2, 15 }, peer_ip[4] = { 10, 0, 2, 2 };

static void put16(u8 *to, u16 value)
{
	to[0] = (u8)(value >> 8);
	to[1] = (u8)value;
}

static u16 get16(const u8 *from)
{
	return (u16)(from[0] << 8 | from[1]);
}

/* The ones' complement sum, complemented; 0 over what holds its own. */
static u16 checksum(const u8 *data, u32 length)
{
	u32 sum = 0;

	for (u32 i = 0; i < length; i++)
		sum += i & 1 ? data[i] : (u32)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

static void begin_frame(const u8 *to, u16 kind)
{
	memset(frame, 0, sizeof(frame));
	memcpy(frame, to, 6);
	memcpy(frame + 6, card.address, 6);
	put16(frame + 12, kind);
}

static void send(u32 length)
{
	check(ne2k_send(&card, frame, length < NE2K_SHORTEST ? NE2K_SHORTEST : length), "the card sends a frame");
}

static bool arrives(void)
{
	for (u32 polls = 0; polls < POLLS; polls++)
		if (ne2k_causes(&card) & NE2K_RECEIVED)
			return true;
	return false;
}

/* Takes the next frame of a kind that is for us; a network may carry others. Its length, 0 if there is none. */
static u32 take(u16 kind)
{
	ne2k_acknowledge(&card, NE2K_RECEIVED);
	while (ne2k_waiting(&card)) {
		u32 length = ne2k_receive(&card, taken, NE2K_LONGEST);

		if (length && get16(taken + 12) == kind && !memcmp(taken, card.address, 6))
			return length;
	}
	return 0;
}

static void ask_for_peer(void)
{
	static const u8 request[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };

	begin_frame(everybody, ARP);
	memcpy(frame + HEADER, request, sizeof(request));
	memcpy(frame + HEADER + 8, card.address, 6);
	memcpy(frame + HEADER + 14, our_ip, 4);
	memcpy(frame + HEADER + 24, peer_ip, 4);
	send(HEADER + ARP_SIZE);
}

static void learn_peer(void)
{
	static const u8 reply[8] = { 0, 1, 8, 0, 6, 4, 0, 2 };

	check(take(ARP) >= NE2K_SHORTEST, "the reply is padded to 60 bytes");
	check(!memcmp(taken + HEADER, reply, sizeof(reply)), "it is an ARP reply");
	check(!memcmp(taken + HEADER + 14, peer_ip, 4), "from the station that we asked for");
	check(!memcmp(taken + HEADER + 18, card.address, 6) && !memcmp(taken + HEADER + 24, our_ip, 4), "to us");
	memcpy(peer, taken + HEADER + 8, 6);
	check(!memcmp(taken + 6, peer, 6) && !(peer[0] & 1), "its address is that of a single card");
}

static void ping(u32 length, u16 sequence)
{
	u8 *ip = frame + HEADER, *icmp = ip + IP_SIZE;

	begin_frame(peer, IPV4);
	ip[0] = 0x45;
	put16(ip + 2, (u16)(length - HEADER));
	put16(ip + 4, sequence);
	ip[8] = 64;
	ip[9] = ICMP;
	memcpy(ip + 12, our_ip, 4);
	memcpy(ip + 16, peer_ip, 4);
	put16(ip + 10, checksum(ip, IP_SIZE));
	icmp[0] = ECHO;
	put16(icmp + 4, 0x1d ^ sizeof(word));
	put16(icmp + 6, sequence);
	for (u32 i = HEADERS; i < length; i++)
		frame[i] = (u8)(i * 7 + sequence);
	put16(icmp + 2, checksum(icmp, length - HEADER - IP_SIZE));
	send(length);
}

static void pong(u32 length, u16 sequence)
{
	const u8 *ip = taken + HEADER, *icmp = ip + IP_SIZE;
	u32 size = length - HEADER - IP_SIZE;

	check_equal(take(IPV4), length < NE2K_SHORTEST ? NE2K_SHORTEST : length, "the answer is as long as the ping");
	check(!memcmp(taken + 6, peer, 6), "it comes from the station that we pinged");
	check(ip[0] == 0x45 && ip[9] == ICMP && get16(ip + 2) == length - HEADER, "it is an ICMP datagram");
	check(!checksum(ip, IP_SIZE) && !memcmp(ip + 12, peer_ip, 4) && !memcmp(ip + 16, our_ip, 4), "to us");
	check(icmp[0] == ECHO_REPLY && !icmp[1] && !checksum(icmp, size), "with a sound echo reply");
	check_equal(get16(icmp + 6), sequence, "to this ping");
	check(!memcmp(icmp + 4, frame + HEADER + IP_SIZE + 4, 2), "of ours");
	for (u32 i = ICMP_SIZE; i < size; i++)
		if (icmp[i] != (u8)((i + HEADER + IP_SIZE) * 7 + sequence)) {
			check_equal(icmp[i], (u8)((i + HEADER + IP_SIZE) * 7 + sequence), "it holds what was sent");
			return;
		}
}

static void by_polling(void)
{
	static const u16 lengths[] = { HEADERS, HEADERS + 1, 60, 61, 64, 251, 252, 253, 256, 512 };
	u16 sequence = 1;

	ask_for_peer();
	check(arrives(), "the reply to an ARP request arrives");
	learn_peer();
	for (u32 i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++, sequence++) {
		ping(lengths[i], sequence);
		check(arrives(), "the answer to a ping arrives");
		pong(lengths[i], sequence);
	}
	for (u32 i = 0; i < LARGE_PINGS; i++, sequence++) {		/* more than once around the ring */
		ping(NE2K_LONGEST - i, sequence);
		check(arrives(), "the answer to a large ping arrives");
		pong(NE2K_LONGEST - i, sequence);
	}
}

static void wait_by_interrupt(void)
{
	ne2k_interrupt_on(&card, NE2K_RECEIVED);
	check(irq_comes(irq), "an answer interrupts");
	check(ne2k_causes(&card) & NE2K_RECEIVED, "because it has been received");
	ne2k_interrupt_on(&card, 0);
	check(!irq_asserted(irq), "the card's mask lowers the level");
}

static void by_interrupt(void)
{
	memset(peer, 0, sizeof(peer));
	ask_for_peer();
	wait_by_interrupt();
	learn_peer();
	for (u16 sequence = 100; sequence < 100 + BURST; sequence++) {
		ping(100 + sequence, sequence);
		wait_by_interrupt();
		pong(100 + sequence, sequence);
	}
}

/* Frames that wait together in the ring come out in their order. */
static void in_a_burst(void)
{
	for (u16 sequence = 200; sequence < 200 + BURST; sequence++) {
		ne2k_acknowledge(&card, NE2K_RECEIVED);
		ping(300, sequence);
		check(arrives(), "each answer of a burst arrives");
	}
	for (u16 sequence = 200; sequence < 200 + BURST; sequence++)
		pong(300, sequence);
	check(!ne2k_waiting(&card), "then the ring is empty");
}

int main(void)
{
	pci_function function = pci_find(REALTEK, RTL8029, 0);

	if (function == PCI_NONE)
		stop_with_error("there is no RTL8029 on PCI");
	pci_write16(function, PCI_COMMAND, pci_read16(function, PCI_COMMAND) | PCI_COMMAND_IO);
	irq = pci_read8(function, PCI_INTERRUPT_LINE);
	if (!ne2k_begin(&card, (u16)pci_base(function, 0)))
		stop_with_error("the RTL8029 does not start");
	interrupts_begin();
	by_polling();
	by_interrupt();
	in_a_burst();
	interrupts_end();
	printf("Pinged in %s mode\n", MODE_NAME);
	return 0;
}
