/*
 * Bytes ↔ struct bfd_packet. RFC 5880 section 4.1, and the first steps of section 6.8.6: what a
 * packet must be before anybody looks for its session. The order of the checks is the RFC's.
 */
#include "bfd/packet.h"

#define VERSION 1
/* With the Authentication section: at least its type and length. */
#define SIZE_AUTHENTICATED 26

enum {
	FLAG_MULTIPOINT = 1,
	FLAG_DEMAND = 2,
	FLAG_AUTHENTICATION = 4,
	FLAG_CONTROL_INDEPENDENT = 8,
	FLAG_FINAL = 16,
	FLAG_POLL = 32
};

static void decode_flags(struct bfd_packet *p, uint8_t flags)
{
	p->state = (enum bfd_state)(flags >> 6);
	p->poll = (flags & FLAG_POLL) != 0;
	p->final = (flags & FLAG_FINAL) != 0;
	p->control_independent = (flags & FLAG_CONTROL_INDEPENDENT) != 0;
	p->demand = (flags & FLAG_DEMAND) != 0;
}

static bool state_needs_discriminator(enum bfd_state state)
{
	return state != BFD_DOWN && state != BFD_ADMIN_DOWN;
}

enum bfd_verdict bfd_packet_decode(const uint8_t *bytes, size_t size, struct bfd_packet *p)
{
	struct reader r = reader_from(bytes, size);
	uint8_t first = read_u8(&r), flags = read_u8(&r), length;
	bool authenticated = (flags & FLAG_AUTHENTICATION) != 0;

	*p = (struct bfd_packet){.diag = first & 0x1f};
	decode_flags(p, flags);
	p->multiplier = read_u8(&r);
	length = read_u8(&r);
	p->my_discriminator = read_u32(&r);
	p->your_discriminator = read_u32(&r);
	p->desired_tx_us = read_u32(&r);
	p->required_rx_us = read_u32(&r);
	p->required_echo_us = read_u32(&r);
	if (size > 0 && first >> 5 != VERSION)
		return BFD_BAD_VERSION;
	if (r.failed || length < (authenticated ? SIZE_AUTHENTICATED : BFD_PACKET_SIZE) ||
	    length > size)
		return BFD_BAD_LENGTH;
	if (p->multiplier == 0)
		return BFD_BAD_MULTIPLIER;
	if ((flags & FLAG_MULTIPOINT) != 0)
		return BFD_BAD_MULTIPOINT;
	if (p->my_discriminator == 0)
		return BFD_BAD_DISCRIMINATOR;
	if (p->your_discriminator == 0 && state_needs_discriminator(p->state))
		return BFD_BAD_STATE;
	return authenticated ? BFD_AUTHENTICATED : BFD_ACCEPTED;
}

static uint8_t encode_flags(const struct bfd_packet *p)
{
	return (uint8_t)((unsigned)p->state << 6 | (p->poll ? FLAG_POLL : 0) |
			 (p->final ? FLAG_FINAL : 0) |
			 (p->control_independent ? FLAG_CONTROL_INDEPENDENT : 0) |
			 (p->demand ? FLAG_DEMAND : 0));
}

void bfd_packet_encode(struct writer *w, const struct bfd_packet *p)
{
	write_u8(w, (uint8_t)(VERSION << 5 | (p->diag & 0x1f)));
	write_u8(w, encode_flags(p));
	write_u8(w, p->multiplier);
	write_u8(w, BFD_PACKET_SIZE);
	write_u32(w, p->my_discriminator);
	write_u32(w, p->your_discriminator);
	write_u32(w, p->desired_tx_us);
	write_u32(w, p->required_rx_us);
	write_u32(w, p->required_echo_us);
}
