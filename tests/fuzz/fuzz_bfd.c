/*
 * A BFD speaker to which anybody says anything. First the sessions' parameters, then steps: how
 * much time passes, from where a datagram comes, its bytes. Placeholders in a packet's Your
 * Discriminator (1, 2, 3) become that session's discriminator, or nothing would ever find one.
 *
 * Whatever was said: what we send is well formed, times go on, reports make sense, and after
 * bfd_stop() all ends.
 */
#include <string.h>

#include "base/check.h"
#include "bfd/packet.h"
#include "bfd/speaker.h"

#define SESSIONS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An id is its slot (1 to SESSIONS) and how often that was removed. */
#define SLOT(id) ((id) % 4)

struct world {
	uint32_t id[SESSIONS + 1]; /* by slot */
	uint32_t discriminator[SESSIONS + 1];
	unsigned open;
	uint32_t failures[SESSIONS + 1];
};

static void on_open(void *context, uint32_t id, uint32_t discriminator, const struct bfd_path *path)
{
	check(discriminator != 0);
	check(SLOT(id) != 0 && path->remote.family == IP_V4);
	((struct world *)context)->open++;
}

static void on_close(void *context, uint32_t id)
{
	check(SLOT(id) != 0);
	((struct world *)context)->open--;
}

static void on_send(void *context, uint32_t id, const uint8_t *bytes, size_t size)
{
	struct bfd_packet p;

	(void)context;
	check(SLOT(id) != 0);
	check(size == BFD_PACKET_SIZE && bfd_packet_decode(bytes, size, &p) == BFD_ACCEPTED);
	check(!(p.poll && p.final) && !p.demand);
	check(p.state == BFD_UP || p.desired_tx_us >= 1000000);
}

static void on_echo(
    void *context, const struct bfd_echo_path *path, const uint8_t *bytes, size_t size)
{
	(void)context;
	(void)bytes;
	check(size == 24 && path->remote.family == IP_V4);
}

static bool on_report(void *context, const struct bfd_report *r)
{
	struct world *w = context;

	if (r->kind != BFD_REPORT_SESSION)
		return true;
	check(r->id == w->id[SLOT(r->id)] && r->session.discriminator != 0);
	check(r->session.downs <= r->session.ups && r->session.failures <= r->session.downs);
	check(r->session.failures >= w->failures[SLOT(r->id)]);
	w->failures[SLOT(r->id)] = r->session.failures;
	w->discriminator[SLOT(r->id)] = r->session.discriminator;
	return true;
}

static struct bfd_order order_from(struct world *w, struct reader *r, uint32_t slot, bool remove)
{
	struct bfd_order o = {.kind = BFD_ORDER_SET, .id = w->id[slot]};
	uint8_t flags = read_u8(r);

	o.path.remote = ip_from_u32(0x0a000000 + slot);
	o.path.multihop = slot == 3;
	o.params.transmit_us = 10000u + read_u16(r) * 100u;
	o.params.receive_us = 10000u + read_u16(r) * 100u;
	o.params.multiplier = (uint8_t)(1 + read_u8(r) % 255);
	o.params.minimum_ttl = (uint8_t)(1 + flags % 254);
	o.params.passive = (flags & 1) != 0;
	o.params.shutdown = (flags & 2) != 0;
	o.params.echo = (flags & 4) != 0;
	o.params.echo_transmit_us = 10000u + flags * 100u;
	o.params.echo_receive_us = (flags & 8) != 0 ? 0 : 20000;
	if (remove) {
		o.kind = BFD_ORDER_REMOVE;
		w->id[slot] += 4;
		w->failures[slot] = 0;
	}
	return o;
}

static void say(struct bfd *b, const struct world *w, struct reader *r, mono_t now)
{
	uint8_t bytes[64], from = read_u8(r), ttl = read_u8(r);
	size_t size = read_u8(r) % (sizeof(bytes) + 1);
	struct bfd_datagram d = {
	    .remote = ip_from_u32(0x0a000000u + from % 5), .ttl = ttl, .bytes = bytes};
	uint32_t id;

	d.multihop = from % 5 == 3;
	d.size = size < reader_left(r) ? size : reader_left(r);
	memset(bytes, 0, sizeof(bytes));
	read_bytes(r, bytes, d.size);
	id = bytes[11];
	if (bytes[8] == 0 && bytes[9] == 0 && bytes[10] == 0 && id >= 1 && id <= SESSIONS) {
		struct writer patch = writer_to(bytes + 8, 4);

		write_u32(&patch, w->discriminator[id]);
	}
	bfd_received(b, &d, now);
	bfd_echoed(b, bytes, d.size, now);
}

static void live(struct bfd *b, mono_t now)
{
	bfd_run(b, now);
	check(!mono_reached(bfd_deadline(b), now));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = {0};
	struct bfd_host host = {&w, on_open, on_close, on_send, on_echo, on_report};
	struct bfd *b = bfd_new(1, &host);
	struct reader r = reader_from(data, size);
	mono_t now = {1000000000};

	for (uint32_t slot = 1; slot <= SESSIONS; slot++) {
		struct bfd_order o;

		w.id[slot] = slot;
		o = order_from(&w, &r, slot, false);
		bfd_order(b, &o, now);
	}
	live(b, now);
	while (reader_left(&r) > 0) {
		uint8_t what = read_u8(&r);

		now = mono_add_ms(now, read_u8(&r));
		if (what % 8 == 0) {
			struct bfd_order o =
			    order_from(&w, &r, 1 + what / 8 % SESSIONS, what >= 128);

			bfd_order(b, &o, now);
		} else {
			say(b, &w, &r, now);
		}
		live(b, now);
	}
	bfd_stop(b, now);
	live(b, now);
	live(b, mono_add_ms(now, 4000));
	check(bfd_idle(b) && w.open == 0);
	bfd_free(b);
	return 0;
}
