/* A second, deliberately narrow reading of RFC 4271 section 4.3, RFC 4760 and RFC 7432 section 7.
 *
 * It shares nothing with evpnd's codec, so that an error there cannot cancel itself out here. It
 * writes one kind of route and one set of attributes, and reads no more than the MAC and whether
 * there is an IP. */
#include "route.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

enum {
	VNI = 100,
	ROUTES_PER_UPDATE = 100, /* 39 bytes each beside some 80 bytes of attributes */
	MESSAGE_MAX = 4096,
	HEADER = 19,
	UPDATE = 2,
	ATTR_MP_REACH = 14,
	ATTR_MP_UNREACH = 15,
	NLRI_MAC_IP = 2,
	MAC_AT = 8 + 10 + 4 + 1, /* RD, ESI, Ethernet tag, MAC length */
};

/* By side of the originator: the generator's hosts are remote, those of a daemon under test local.
 */
static const uint8_t vteps[2][4] = {{10, 0, 0, 2}, {10, 0, 0, 1}};
static const uint8_t rds[2][8] = {{0, 1, 10, 0, 0, 2, 0, 2}, {0, 1, 10, 0, 0, 1, 0, 2}};
static const uint8_t afi_safi[3] = {0, 25, 70};

void wire_put(struct wire *w, const void *bytes, size_t length)
{
	if (w->length + length > w->capacity) {
		w->capacity = (w->length + length) * 2;
		w->bytes = realloc(w->bytes, w->capacity);
		if (w->bytes == NULL)
			err(1, "wire");
	}
	memcpy(w->bytes + w->length, bytes, length);
	w->length += length;
}

void wire_free(struct wire *w)
{
	free(w->bytes);
	*w = (struct wire){0};
}

/* One message under construction. */
struct update {
	uint8_t bytes[MESSAGE_MAX];
	size_t length;
	size_t attribute; /* where the open attribute's two-byte length stands */
};

static void put(struct update *u, const void *bytes, size_t length)
{
	if (u->length + length > sizeof(u->bytes))
		errx(1, "UPDATE too long");
	memcpy(u->bytes + u->length, bytes, length);
	u->length += length;
}

static void put_u16_at(struct update *u, size_t at, size_t value)
{
	u->bytes[at] = (uint8_t)(value >> 8);
	u->bytes[at + 1] = (uint8_t)value;
}

static void update_begin(struct update *u)
{
	u->length =
	    HEADER + 4; /* no withdrawn IPv4 routes; the attribute length follows in update_end */
	memset(u->bytes, 0xff, 16);
	memset(u->bytes + 16, 0, u->length - 16);
	u->bytes[18] = UPDATE;
}

static void update_end(struct update *u, struct wire *w)
{
	put_u16_at(u, 16, u->length);
	put_u16_at(u, HEADER + 2, u->length - HEADER - 4);
	wire_put(w, u->bytes, u->length);
}

static void multiprotocol_begin(struct update *u, uint8_t type)
{
	const uint8_t header[4] = {0x90, type, 0, 0};

	put(u, header, sizeof(header));
	u->attribute = u->length - 2;
	put(u, afi_safi, sizeof(afi_safi));
}

static void multiprotocol_end(struct update *u)
{
	put_u16_at(u, u->attribute, u->length - u->attribute - 2);
}

static void put_path_attributes(struct update *u, uint32_t as)
{
	const uint8_t origin_and_path[] = {
	    0x40,
	    1,
	    1,
	    0, /* ORIGIN IGP */
	    0x40,
	    2,
	    6,
	    2,
	    1,
	    (uint8_t)(as >> 24),
	    (uint8_t)(as >> 16),
	    (uint8_t)(as >> 8),
	    (uint8_t)as,
	};
	const uint8_t communities[] = {
	    0xc0, 16, 16, 0, 2, (uint8_t)(as >> 8), (uint8_t)as, 0, 0, 0,
	    VNI,			  /* route target AS:VNI */
	    0x03, 0x0c, 0, 0, 0, 0, 0, 8, /* encapsulation VXLAN, RFC 9012 */
	};

	put(u, origin_and_path, sizeof(origin_and_path));
	put(u, communities, sizeof(communities));
}

static void put_next_hop(struct update *u, enum host_side side)
{
	const uint8_t length = sizeof(vteps[side]), reserved = 0;

	put(u, &length, 1);
	put(u, vteps[side], sizeof(vteps[side]));
	put(u, &reserved, 1);
}

static void put_mac_ip(struct update *u, struct host host, bool has_ip)
{
	const uint8_t length = has_ip ? 37 : 33;
	uint8_t nlri[2 + 37] = {NLRI_MAC_IP, length};
	uint8_t *p = nlri + 2;

	memcpy(p, rds[host.side], sizeof(rds[host.side]));
	p[MAC_AT - 1] = 48;
	host_mac(host, p + MAC_AT);
	if (has_ip) {
		p[MAC_AT + 6] = 32;
		host_ip(host, p + MAC_AT + 7);
	}
	nlri[2 + length - 1] = VNI;
	put(u, nlri, 2u + length);
}

/* Moves as many hosts as one UPDATE holds from the range into u. */
static void put_some(struct update *u, struct route_range *range)
{
	for (unsigned i = 0; i < ROUTES_PER_UPDATE && range->count; i++) {
		put_mac_ip(u, range->first, range->has_ip);
		range->first.index++;
		range->count--;
	}
}

void route_announce(struct wire *w, uint32_t as, struct route_range range)
{
	while (range.count) {
		struct update u;

		update_begin(&u);
		put_path_attributes(&u, as);
		multiprotocol_begin(&u, ATTR_MP_REACH);
		put_next_hop(&u, range.first.side);
		put_some(&u, &range);
		multiprotocol_end(&u);
		update_end(&u, w);
	}
}

void route_withdraw(struct wire *w, struct route_range range)
{
	while (range.count) {
		struct update u;

		update_begin(&u);
		multiprotocol_begin(&u, ATTR_MP_UNREACH);
		put_some(&u, &range);
		multiprotocol_end(&u);
		update_end(&u, w);
	}
}

void route_announce_imet(struct wire *w, uint32_t as)
{
	uint8_t imet[2 + 17] = {3, 17};
	uint8_t pmsi[3 + 9] = {
	    0xc0, 22, 9, 0, 6, 0, 0, VNI}; /* ingress replication, RFC 6514 section 5 */
	struct update u;

	memcpy(imet + 2, rds[HOST_REMOTE], sizeof(rds[HOST_REMOTE]));
	imet[2 + 12] = 32;
	memcpy(imet + 2 + 13, vteps[HOST_REMOTE], sizeof(vteps[HOST_REMOTE]));
	memcpy(pmsi + 8, vteps[HOST_REMOTE], sizeof(vteps[HOST_REMOTE]));
	update_begin(&u);
	put_path_attributes(&u, as);
	put(&u, pmsi, sizeof(pmsi));
	multiprotocol_begin(&u, ATTR_MP_REACH);
	put_next_hop(&u, HOST_REMOTE);
	put(&u, imet, sizeof(imet));
	multiprotocol_end(&u);
	update_end(&u, w);
}

void route_end_of_rib(struct wire *w)
{
	struct update u;

	update_begin(&u);
	multiprotocol_begin(&u, ATTR_MP_UNREACH);
	multiprotocol_end(&u);
	update_end(&u, w);
}

/* A bounded view of received bytes; taking more than there is ends the program. */
struct view {
	const uint8_t *p;
	size_t left;
};

static const uint8_t *take(struct view *v, size_t length)
{
	const uint8_t *p = v->p;

	if (length > v->left)
		errx(1, "UPDATE cut short");
	v->p += length;
	v->left -= length;
	return p;
}

static struct view take_view(struct view *v, size_t length)
{
	return (struct view){take(v, length), length};
}

static size_t take_u16(struct view *v)
{
	const uint8_t *p = take(v, 2);

	return (size_t)p[0] << 8 | p[1];
}

static void walk_nlri(struct view v, bool withdrawn, route_seen_fn *seen, void *arg)
{
	while (v.left) {
		uint8_t type = *take(&v, 1);
		struct view nlri = take_view(&v, *take(&v, 1));
		struct route_seen route = {.withdrawn = withdrawn};

		if (type != NLRI_MAC_IP || nlri.left < MAC_AT + 7 ||
		    !host_from_mac(nlri.p + MAC_AT, &route.host))
			continue;
		route.has_ip = nlri.p[MAC_AT + 6] != 0;
		seen(arg, &route);
	}
}

static void walk_multiprotocol(struct view v, uint8_t type, route_seen_fn *seen, void *arg)
{
	if (memcmp(take(&v, sizeof(afi_safi)), afi_safi, sizeof(afi_safi)) != 0)
		return;
	if (type == ATTR_MP_REACH) {
		take(&v, *take(&v, 1));
		take(&v, 1);
	}
	walk_nlri(v, type == ATTR_MP_UNREACH, seen, arg);
}

void route_walk(const uint8_t *body, size_t length, route_seen_fn *seen, void *arg)
{
	struct view v = {body, length};
	struct view attributes;

	take(&v, take_u16(&v));
	attributes = take_view(&v, take_u16(&v));
	while (attributes.left) {
		uint8_t flags = *take(&attributes, 1);
		uint8_t type = *take(&attributes, 1);
		struct view value = take_view(
		    &attributes, flags & 0x10 ? take_u16(&attributes) : *take(&attributes, 1));

		if (type == ATTR_MP_REACH || type == ATTR_MP_UNREACH)
			walk_multiprotocol(value, type, seen, arg);
	}
}
