/* IPv4 unicast the way RFC 4271 section 4.3 writes it: prefixes at the end of the UPDATE, no
 * multiprotocol attribute. Like route.c it shares nothing with evpnd's codec.
 *
 * Real tables have some ten prefixes to one set of attributes and paths of four or five members;
 * what matters here is that attributes are many, that they repeat within an UPDATE only, and that
 * every run sees the same table. */
#include "prefix.h"

#include <arpa/inet.h>
#include <err.h>
#include <string.h>

enum {
	HEADER = 19,
	UPDATE = 2,
	PATH_MAX = 16,
	FIRST_PREFIX = 20 << 24, /* 20.0.0.0/24 is index 0 */
	PREFIX_BYTES = 4,	 /* length byte and three of the address */
	GROUP_MAX = 16,
};

struct attributes {
	uint32_t as;
	struct in_addr next_hop;
	unsigned path_length;
	uint32_t salt; /* what the members of the path come from */
};

static uint32_t mix(uint32_t x)
{
	x = (x ^ x >> 16) * 0x7feb352du;
	x = (x ^ x >> 15) * 0x846ca68bu;
	return x ^ x >> 16;
}

static size_t put16(uint8_t *to, size_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
	return 2;
}

static size_t put32(uint8_t *to, uint32_t value)
{
	value = htonl(value);
	memcpy(to, &value, sizeof(value));
	return sizeof(value);
}

/* ORIGIN, AS_PATH of one sequence, NEXT_HOP. */
static size_t attributes_put(uint8_t *to, const struct attributes *a)
{
	const uint8_t origin[] = {0x40, 1, 1, 0};
	const uint8_t path[] = {
	    0x40, 2, (uint8_t)(2 + 4 * a->path_length), 2, (uint8_t)a->path_length};
	const uint8_t next_hop[] = {0x40, 3, 4};
	size_t at = sizeof(origin);

	memcpy(to, origin, sizeof(origin));
	memcpy(to + at, path, sizeof(path));
	at += sizeof(path);
	at += put32(to + at, a->as);
	for (unsigned i = 1; i < a->path_length; i++)
		at += put32(to + at, 1000000 + mix(a->salt + i) % 60000);
	memcpy(to + at, next_hop, sizeof(next_hop));
	at += sizeof(next_hop);
	memcpy(to + at, &a->next_hop, 4);
	return at + 4;
}

static void update_put(struct wire *w, const struct attributes *a, uint32_t first, uint32_t count)
{
	uint8_t m[HEADER + 4 + 32 + 4 * PATH_MAX + GROUP_MAX * PREFIX_BYTES];
	size_t length = HEADER + 4, attributes = attributes_put(m + length, a);

	memset(m, 0xff, 16);
	m[18] = UPDATE;
	put16(m + HEADER, 0);
	put16(m + HEADER + 2, attributes);
	length += attributes;
	for (uint32_t i = first; i < first + count; i++) {
		uint32_t address = FIRST_PREFIX + (i << 8);

		m[length++] = 24;
		m[length++] = (uint8_t)(address >> 24);
		m[length++] = (uint8_t)(address >> 16);
		m[length++] = (uint8_t)(address >> 8);
	}
	put16(m + 16, length);
	wire_put(w, m, length);
}

static struct in_addr address_of(const char *text)
{
	struct in_addr address;

	if (inet_pton(AF_INET, text, &address) != 1)
		errx(1, "%s is no IPv4 address", text);
	return address;
}

void prefix_announce(struct wire *w, uint32_t as, const char *next_hop, uint32_t count)
{
	struct attributes a = {.as = as, .next_hop = address_of(next_hop)};
	uint32_t group;

	for (uint32_t at = 0; at < count; at += group) {
		group = 1 + mix(at) % GROUP_MAX;
		if (group > count - at)
			group = count - at;
		a.salt = mix(at ^ as << 8);
		a.path_length = 2 + a.salt % 6;
		update_put(w, &a, at, group);
	}
}

void prefix_announce_one(
    struct wire *w, uint32_t as, const char *next_hop, uint32_t index, unsigned length)
{
	struct attributes a = {
	    .as = as, .next_hop = address_of(next_hop), .path_length = length, .salt = mix(index)};

	if (length > PATH_MAX)
		errx(1, "AS path of %u members", length);
	update_put(w, &a, index, 1);
}

void prefix_end_of_rib(struct wire *w)
{
	uint8_t m[HEADER + 4] = {0};

	memset(m, 0xff, 16);
	m[17] = sizeof(m);
	m[18] = UPDATE;
	wire_put(w, m, sizeof(m));
}

static void prefixes_walk(
    const uint8_t *p, size_t length, bool withdrawn, prefix_seen_fn *seen, void *arg)
{
	size_t at = 0;

	while (at < length) {
		unsigned bits = p[at], bytes = (bits + 7) / 8;

		if (bits > 32 || at + 1 + bytes > length)
			errx(1, "prefix of %u bits", bits);
		if (bits == 24) {
			uint32_t address = (uint32_t)p[at + 1] << 24 | (uint32_t)p[at + 2] << 16 |
					   (uint32_t)p[at + 3] << 8;
			uint32_t index = (address - FIRST_PREFIX) >> 8;

			if (index < PREFIX_COUNT_MAX)
				seen(arg, index, withdrawn);
		}
		at += 1 + bytes;
	}
}

static size_t get16(const uint8_t *from)
{
	return (size_t)from[0] << 8 | from[1];
}

void prefix_walk(const uint8_t *body, size_t length, prefix_seen_fn *seen, void *arg)
{
	size_t withdrawn, attributes;

	if (length < 4)
		errx(1, "UPDATE of %zu bytes", length);
	withdrawn = get16(body);
	if (4 + withdrawn > length)
		errx(1, "%zu bytes of withdrawn routes", withdrawn);
	attributes = get16(body + 2 + withdrawn);
	if (4 + withdrawn + attributes > length)
		errx(1, "%zu bytes of attributes", attributes);
	prefixes_walk(body + 2, withdrawn, true, seen, arg);
	prefixes_walk(body + 4 + withdrawn + attributes, length - 4 - withdrawn - attributes, false,
	    seen, arg);
}
