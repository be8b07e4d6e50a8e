/*
 * The BFD control packet. RFC 5880 section 4.1; the checks that need no session are those of
 * section 6.8.6.
 */
#pragma once

#include "base/bytes.h"
#include "bfd/vocab.h"

/* The mandatory section; authentication would follow. */
#define BFD_PACKET_SIZE 24

struct bfd_packet {
	uint8_t diag; /* any five bits: unknown numbers are not an error */
	enum bfd_state state;
	bool poll, final, control_independent, demand;
	uint8_t multiplier;
	uint32_t my_discriminator, your_discriminator;
	uint32_t desired_tx_us, required_rx_us, required_echo_us;
};

/* From one datagram. Bytes behind the length that the packet gives are ignored, as the RFC has it.
 * But for BFD_ACCEPTED *packet is not to be used. */
enum bfd_verdict bfd_packet_decode(const uint8_t *bytes, size_t size, struct bfd_packet *packet);

/* Version 1, without authentication. */
void bfd_packet_encode(struct writer *w, const struct bfd_packet *packet);
