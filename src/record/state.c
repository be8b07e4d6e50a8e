/*
 * State file: framing and records. kind u8, payload size u8, payload, CRC-32 of all before; numbers
 * in network byte order. The head is a record of kind 0.
 *
 * Pure codec: which records are still true is for evpn/ to judge, against what the kernel shows.
 */
#include "record/state.h"

#include <string.h>

#define STATE_HEAD 0
#define STATE_MAGIC "evpnd state 1"

/* CRC-32 (IEEE 802.3), four bits at a time. */
static uint32_t crc32(const uint8_t *bytes, size_t size)
{
	static const uint32_t nibbles[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
	    0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8,
	    0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc = crc >> 4 ^ nibbles[(crc ^ bytes[i]) & 15];
		crc = crc >> 4 ^ nibbles[(crc ^ bytes[i] >> 4) & 15];
	}
	return ~crc;
}

static void write_ip(struct writer *w, const struct ip *ip)
{
	write_u8(w, ip->family);
	write_bytes(w, ip->b, ip_size(ip));
}

static struct ip read_ip(struct reader *r)
{
	struct ip ip = {.family = read_u8(r)};

	if (ip.family != IP_NONE && ip.family != IP_V4 && ip.family != IP_V6)
		reader_fail(r);
	else
		read_bytes(r, ip.b, ip_size(&ip));
	return ip;
}

static struct mac read_mac(struct reader *r)
{
	struct mac mac;

	read_bytes(r, mac.b, sizeof(mac.b));
	return mac;
}

/* ---- slots --------------------------------------------------------------------------------- */

static void write_slot(struct writer *w, const struct state_slot *s)
{
	write_u8(w, (uint8_t)s->key.kind);
	switch (s->key.kind) {
	case SLOT_FDB:
		write_u32(w, s->key.fdb.bridge.v);
		write_u16(w, s->key.fdb.vlan);
		write_bytes(w, s->key.fdb.mac.b, 6);
		write_u32(w, s->content.fdb.port.v);
		write_u16(w, s->content.fdb.nud);
		write_u8(w, s->content.fdb.ntf);
		break;
	case SLOT_VXLAN_FDB:
		write_u32(w, s->key.vxlan_fdb.dev.v);
		write_u24(w, s->key.vxlan_fdb.source_vni.v);
		write_bytes(w, s->key.vxlan_fdb.mac.b, 6);
		write_ip(w, &s->content.vxlan_fdb.dst);
		write_u32(w, s->content.vxlan_fdb.nhid);
		write_u16(w, s->content.vxlan_fdb.nud);
		write_u8(w, s->content.vxlan_fdb.ntf);
		break;
	case SLOT_FLOOD:
		write_u32(w, s->key.flood.dev.v);
		write_u24(w, s->key.flood.source_vni.v);
		write_ip(w, &s->key.flood.vtep);
		break;
	case SLOT_NEIGH:
		write_u32(w, s->key.neigh.dev.v);
		write_ip(w, &s->key.neigh.ip);
		write_bytes(w, s->content.neigh.lladdr.b, 6);
		write_u16(w, s->content.neigh.nud);
		write_u8(w, s->content.neigh.ntf);
		write_u8(w, s->content.neigh.protocol);
		break;
	case SLOT_BRIDGE_PORT:
		write_u32(w, s->key.bridge_port.v);
		write_u8(w, s->content.bridge_port.learning);
		break;
	case SLOT_LINK:	 /* not remembered: evpn/link_state.h */
	case SLOT_ROUTE: /* marked by its protocol, needs no file */
	case SLOT_NEXTHOP:
	case SLOT_ADDR:
		break;
	}
}

static void read_fdb(struct reader *r, struct state_slot *s)
{
	ifindex_t bridge = {read_u32(r)};
	uint16_t vlan = read_u16(r);
	struct mac mac = read_mac(r);

	s->key = slot_key_fdb(bridge, vlan, &mac);
	s->content.fdb.port.v = read_u32(r);
	s->content.fdb.nud = read_u16(r);
	s->content.fdb.ntf = read_u8(r);
}

static void read_vxlan_fdb(struct reader *r, struct state_slot *s)
{
	ifindex_t dev = {read_u32(r)};
	vni_t source_vni = {read_u24(r)};
	struct mac mac = read_mac(r);

	s->key = slot_key_vxlan_fdb(dev, source_vni, &mac);
	s->content.vxlan_fdb.dst = read_ip(r);
	s->content.vxlan_fdb.nhid = read_u32(r);
	s->content.vxlan_fdb.nud = read_u16(r);
	s->content.vxlan_fdb.ntf = read_u8(r);
}

static void read_flood(struct reader *r, struct state_slot *s)
{
	ifindex_t dev = {read_u32(r)};
	vni_t source_vni = {read_u24(r)};
	struct ip vtep = read_ip(r);

	s->key = slot_key_flood(dev, source_vni, &vtep);
}

static void read_neigh(struct reader *r, struct state_slot *s)
{
	ifindex_t dev = {read_u32(r)};
	struct ip ip = read_ip(r);

	s->key = slot_key_neigh(dev, &ip);
	s->content.neigh.lladdr = read_mac(r);
	s->content.neigh.nud = read_u16(r);
	s->content.neigh.ntf = read_u8(r);
	s->content.neigh.protocol = read_u8(r);
}

static void read_slot(struct reader *r, struct state_slot *s)
{
	uint8_t kind = read_u8(r);

	if (kind == SLOT_FDB) {
		read_fdb(r, s);
	} else if (kind == SLOT_VXLAN_FDB) {
		read_vxlan_fdb(r, s);
	} else if (kind == SLOT_FLOOD) {
		read_flood(r, s);
	} else if (kind == SLOT_NEIGH) {
		read_neigh(r, s);
	} else if (kind == SLOT_BRIDGE_PORT) {
		s->key.kind = SLOT_BRIDGE_PORT;
		s->key.bridge_port.v = read_u32(r);
		s->content.bridge_port.learning = read_u8(r) != 0;
	} else {
		reader_fail(r);
	}
}

/* ---- claims -------------------------------------------------------------------------------- */

static void write_mac(struct writer *w, const struct state_mac *m)
{
	write_u24(w, m->vni.v);
	write_bytes(w, m->mac.b, 6);
	write_u8(w, (uint8_t)m->claim.kind);
	write_u8(w, m->claim.sticky);
	write_u32(w, m->port.v);
	write_u32(w, m->own);
	write_u32(w, m->floor);
}

static void read_claim(struct reader *r, struct state_mac *m)
{
	uint8_t kind;

	m->vni.v = read_u24(r);
	m->mac = read_mac(r);
	kind = read_u8(r);
	m->claim.kind = (enum claim_kind)kind;
	m->claim.sticky = read_u8(r) != 0;
	m->port.v = read_u32(r);
	m->own = read_u32(r);
	m->floor = read_u32(r);
	if (kind > CLAIM_BLOCKED)
		reader_fail(r);
}

/* ---- routes -------------------------------------------------------------------------------- */

bool state_takes_route(const struct nlri *n)
{
	return n->family == BGP_L2VPN_EVPN && n->evpn.type >= EVPN_ETHERNET_AD &&
	       n->evpn.type <= EVPN_IP_PREFIX;
}

/* One of an unknown type would point into the file: state_takes_route(). */
static void read_route(struct reader *r, struct nlri *n)
{
	bool skip = false;

	if (!nlri_decode(r, BGP_L2VPN_EVPN, n, &skip) || skip || !state_takes_route(n))
		reader_fail(r);
}

/* ---- framing ------------------------------------------------------------------------------- */

static size_t begin(struct writer *w, uint8_t kind)
{
	write_u8(w, kind);
	return write_begin_u8(w);
}

static void end(struct writer *w, size_t start, size_t mark)
{
	write_end_u8(w, mark);
	if (!w->overflow)
		write_u32(w, crc32(w->start + start, writer_size(w) - start));
}

void state_write_head(struct writer *w, const char *boot_id, uint64_t netns)
{
	size_t start = writer_size(w), mark = begin(w, STATE_HEAD);

	write_bytes(w, STATE_MAGIC, sizeof(STATE_MAGIC) - 1);
	write_u64(w, netns);
	write_bytes(w, boot_id, strlen(boot_id));
	end(w, start, mark);
}

void state_write(struct writer *w, const struct state_record *record)
{
	size_t start = writer_size(w), mark = begin(w, (uint8_t)record->kind);

	switch (record->kind) {
	case STATE_SLOT:
		write_slot(w, &record->slot);
		break;
	case STATE_RD:
		write_u24(w, record->rd.vni.v);
		write_u16(w, record->rd.index);
		break;
	case STATE_MAC:
		write_mac(w, &record->mac);
		break;
	case STATE_ROUTE:
		nlri_encode(w, &record->route);
		break;
	}
	end(w, start, mark);
}

/* The payload of the next whole record; false at the end, or where the rest is damaged. */
static bool next_payload(struct state_reader *r, uint8_t *kind, struct reader *payload)
{
	const uint8_t *start = r->bytes.p;
	size_t size;
	uint32_t sum;

	if (reader_left(&r->bytes) == 0)
		return false;
	*kind = read_u8(&r->bytes);
	size = read_u8(&r->bytes);
	*payload = read_slice(&r->bytes, size);
	sum = read_u32(&r->bytes);
	/* Only what is there in full may be summed up. */
	if (!r->bytes.failed && sum == crc32(start, size + 2))
		return true;
	r->ignored++;
	r->damaged = true;
	reader_fail(&r->bytes);
	return false;
}

bool state_open(
    struct state_reader *r, const void *bytes, size_t size, const char *boot_id, uint64_t netns)
{
	const size_t magic_size = sizeof(STATE_MAGIC) - 1;
	struct reader head;
	const uint8_t *magic;
	uint8_t kind;

	*r = (struct state_reader){.bytes = reader_from(bytes, size)};
	if (!next_payload(r, &kind, &head) || kind != STATE_HEAD)
		return false;
	magic = read_view(&head, magic_size);
	if (magic == NULL || memcmp(magic, STATE_MAGIC, magic_size) != 0)
		return false;
	if (read_u64(&head) != netns || reader_left(&head) != strlen(boot_id))
		return false;
	return memcmp(head.p, boot_id, strlen(boot_id)) == 0;
}

static bool decode(uint8_t kind, struct reader *payload, struct state_record *record)
{
	*record = (struct state_record){.kind = (enum state_kind)kind};
	if (kind == STATE_SLOT) {
		read_slot(payload, &record->slot);
	} else if (kind == STATE_RD) {
		record->rd.vni.v = read_u24(payload);
		record->rd.index = read_u16(payload);
	} else if (kind == STATE_MAC) {
		read_claim(payload, &record->mac);
	} else if (kind == STATE_ROUTE) {
		read_route(payload, &record->route);
	} else {
		return false;
	}
	return reader_done(payload);
}

bool state_next(struct state_reader *r, struct state_record *record)
{
	struct reader payload;
	uint8_t kind;

	while (next_payload(r, &kind, &payload)) {
		if (decode(kind, &payload, record))
			return true;
		r->ignored++;
	}
	return false;
}
