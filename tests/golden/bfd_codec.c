/*
 * The BFD codec for test_bfd.py.
 *
 * usage: bfd_codec encode	a line per packet: its bytes in hex, then its fields
 *        bfd_codec decode	hex lines in, their fields out
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bfd/packet.h"

static void print_fields(const struct bfd_packet *p)
{
	printf("%u %u %d %d %d %d %u %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
	    p->diag, (unsigned)p->state, p->poll, p->final, p->control_independent, p->demand,
	    p->multiplier, p->my_discriminator, p->your_discriminator, p->desired_tx_us,
	    p->required_rx_us, p->required_echo_us);
}

static void encode(const struct bfd_packet *p)
{
	uint8_t bytes[BFD_PACKET_SIZE];
	struct writer w = writer_to(bytes, sizeof(bytes));

	bfd_packet_encode(&w, p);
	for (size_t i = 0; i < writer_size(&w); i++)
		printf("%02x", bytes[i]);
	printf(" ");
	print_fields(p);
}

/* All states and diagnostics, each flag alone, numbers that show their byte order. */
static void encode_all(void)
{
	for (unsigned n = 0; n < 64; n++) {
		struct bfd_packet p = {.diag = (uint8_t)(n % 9),
		    .state = (enum bfd_state)(n % 4),
		    .poll = n % 5 == 1,
		    .final = n % 5 == 2,
		    .control_independent = n % 5 == 3,
		    .demand = n % 5 == 4,
		    .multiplier = (uint8_t)(1 + n * 4),
		    .my_discriminator = 0x01020304u + n,
		    .your_discriminator = n % 4 < 2 ? 0 : 0xa1a2a3a4u + n,
		    .desired_tx_us = 50000 + n,
		    .required_rx_us = 0x00010203u * (n + 1),
		    .required_echo_us = n};

		encode(&p);
	}
}

static int decode_line(const char *line)
{
	uint8_t bytes[256];
	struct bfd_packet p;
	size_t size = 0;
	unsigned byte;

	for (; size < sizeof(bytes) && sscanf(line, "%2x", &byte) == 1; line += 2)
		bytes[size++] = (uint8_t)byte;
	if (bfd_packet_decode(bytes, size, &p) != BFD_ACCEPTED)
		return 1;
	print_fields(&p);
	return 0;
}

int main(int argc, char **argv)
{
	char line[600];

	if (argc == 2 && strcmp(argv[1], "encode") == 0) {
		encode_all();
		return 0;
	}
	while (fgets(line, sizeof(line), stdin) != NULL)
		if (decode_line(line) != 0)
			return 1;
	return 0;
}
