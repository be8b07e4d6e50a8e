/*
 * NLRI: wire form, RIB key and text.
 *
 * IPv4 and IPv6 unicast: a length in bits, then as many bytes as that takes (RFC 4271 section
 * 4.3); host bits that a sender left set are cleared. EVPN: a type and a length in front of each
 * route (RFC 7432 section 7), so that a route that does not follow its type's layout is passed
 * over alone and the rest of the UPDATE survives. An unknown type is carried opaque.
 *
 * The key holds what identifies a route and nothing else. Keys of the known EVPN types sort by
 * type, RD and the fields in their order; zeros at their end are left out, for a MAC without an
 * address has many, and a RIB holds 100,000 keys.
 *
 * This file does not judge meaning: a group MAC or an odd prefix is for the consumer to refuse.
 */
#include "bgp/nlri.h"

#include <string.h>

#include "base/check.h"

#define ESI_SIZE 10
#define RD_SIZE 8
#define EVPN_KEY_SIZE 35 /* types 2 and 4: RD, 10 bytes, family, address */

static const struct {
	uint16_t afi;
	uint8_t safi;
	const char *json_name, *name;
} families[BGP_FAMILIES] = {
    [BGP_IPV4_UNICAST] = {1, 1, "ipv4Unicast", "IPv4 Unicast"},
    [BGP_IPV6_UNICAST] = {2, 1, "ipv6Unicast", "IPv6 Unicast"},
    [BGP_L2VPN_EVPN] = {25, 70, "l2VpnEvpn", "L2VPN EVPN"},
};

uint16_t bgp_family_afi(enum bgp_family family)
{
	return families[family].afi;
}

uint8_t bgp_family_safi(enum bgp_family family)
{
	return families[family].safi;
}

bool bgp_family_from(uint16_t afi, uint8_t safi, enum bgp_family *family)
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		if (families[f].afi == afi && families[f].safi == safi) {
			*family = (enum bgp_family)f;
			return true;
		}
	}
	return false;
}

const char *bgp_family_json_name(enum bgp_family family)
{
	return families[family].json_name;
}

const char *bgp_family_name(enum bgp_family family)
{
	return families[family].name;
}

vni_t evpn_label_vni(uint32_t label)
{
	return (vni_t){label};
}

uint32_t evpn_vni_label(vni_t vni)
{
	return vni.v & VNI_MAX;
}

/* ---- unicast ---- */

static void prefix_decode(struct reader *r, size_t address_size, struct prefix *p)
{
	uint8_t bytes[16] = {0};
	uint8_t len = read_u8(r);
	struct ip addr;

	if (len > address_size * 8) {
		reader_fail(r);
		return;
	}
	read_bytes(r, bytes, (len + 7u) / 8);
	addr = ip_from_bytes(bytes, address_size);
	*p = prefix_from(&addr, len);
}

static void prefix_encode(struct writer *w, const struct prefix *p)
{
	write_u8(w, p->len);
	write_bytes(w, p->addr.b, (p->len + 7u) / 8);
}

/* ---- EVPN ---- */

/* An address behind its length in bits: 0 only where `optional`. */
static void bits_ip_decode(struct reader *r, bool optional, struct ip *ip)
{
	uint8_t bits = read_u8(r);
	const uint8_t *b;

	*ip = (struct ip){0};
	if (bits == 0 && optional)
		return;
	if (bits != 32 && bits != 128) {
		reader_fail(r);
		return;
	}
	b = read_view(r, bits / 8);
	if (b != NULL)
		*ip = ip_from_bytes(b, bits / 8);
}

static void bits_ip_encode(struct writer *w, const struct ip *ip)
{
	write_u8(w, (uint8_t)(ip_size(ip) * 8));
	write_bytes(w, ip->b, ip_size(ip));
}

/* RFC 7432 section 7.1. */
static void ethernet_ad_decode(struct reader *r, struct evpn_nlri *e)
{
	read_bytes(r, e->rd.b, RD_SIZE);
	read_bytes(r, e->esi.b, ESI_SIZE);
	e->ethernet_tag = read_u32(r);
	e->label1 = read_u24(r);
}

static void ethernet_ad_encode(struct writer *w, const struct evpn_nlri *e)
{
	write_bytes(w, e->rd.b, RD_SIZE);
	write_bytes(w, e->esi.b, ESI_SIZE);
	write_u32(w, e->ethernet_tag);
	write_u24(w, e->label1);
}

/* Section 7.2. The MAC length is always 48. */
static void mac_ip_decode(struct reader *r, struct evpn_nlri *e)
{
	read_bytes(r, e->rd.b, RD_SIZE);
	read_bytes(r, e->esi.b, ESI_SIZE);
	e->ethernet_tag = read_u32(r);
	if (read_u8(r) != 48)
		reader_fail(r);
	read_bytes(r, e->mac.b, sizeof(e->mac.b));
	bits_ip_decode(r, true, &e->ip);
	e->label1 = read_u24(r);
	e->has_label2 = reader_left(r) != 0;
	if (e->has_label2)
		e->label2 = read_u24(r);
}

static void mac_ip_encode(struct writer *w, const struct evpn_nlri *e)
{
	write_bytes(w, e->rd.b, RD_SIZE);
	write_bytes(w, e->esi.b, ESI_SIZE);
	write_u32(w, e->ethernet_tag);
	write_u8(w, 48);
	write_bytes(w, e->mac.b, sizeof(e->mac.b));
	bits_ip_encode(w, &e->ip);
	write_u24(w, e->label1);
	if (e->has_label2)
		write_u24(w, e->label2);
}

/* Section 7.3. */
static void imet_decode(struct reader *r, struct evpn_nlri *e)
{
	read_bytes(r, e->rd.b, RD_SIZE);
	e->ethernet_tag = read_u32(r);
	bits_ip_decode(r, false, &e->ip);
}

static void imet_encode(struct writer *w, const struct evpn_nlri *e)
{
	write_bytes(w, e->rd.b, RD_SIZE);
	write_u32(w, e->ethernet_tag);
	bits_ip_encode(w, &e->ip);
}

/* Section 7.4. */
static void ethernet_segment_decode(struct reader *r, struct evpn_nlri *e)
{
	read_bytes(r, e->rd.b, RD_SIZE);
	read_bytes(r, e->esi.b, ESI_SIZE);
	bits_ip_decode(r, false, &e->ip);
}

static void ethernet_segment_encode(struct writer *w, const struct evpn_nlri *e)
{
	write_bytes(w, e->rd.b, RD_SIZE);
	write_bytes(w, e->esi.b, ESI_SIZE);
	bits_ip_encode(w, &e->ip);
}

/* RFC 9136 section 3.1: the length of the whole tells IPv4 (34) from IPv6 (58). */
static void ip_prefix_decode(struct reader *r, struct evpn_nlri *e)
{
	size_t address_size = reader_left(r) == 34 ? 4 : 16;
	const uint8_t *prefix, *gateway;
	struct ip addr;

	read_bytes(r, e->rd.b, RD_SIZE);
	read_bytes(r, e->esi.b, ESI_SIZE);
	e->ethernet_tag = read_u32(r);
	e->prefix_len = read_u8(r);
	prefix = read_view(r, address_size);
	gateway = read_view(r, address_size);
	e->label1 = read_u24(r);
	if (r->failed || e->prefix_len > address_size * 8) {
		reader_fail(r);
		return;
	}
	addr = ip_from_bytes(prefix, address_size);
	e->ip = prefix_from(&addr, e->prefix_len).addr;
	e->gateway = ip_from_bytes(gateway, address_size);
}

static void ip_prefix_encode(struct writer *w, const struct evpn_nlri *e)
{
	write_bytes(w, e->rd.b, RD_SIZE);
	write_bytes(w, e->esi.b, ESI_SIZE);
	write_u32(w, e->ethernet_tag);
	write_u8(w, e->prefix_len);
	write_bytes(w, e->ip.b, ip_size(&e->ip));
	write_bytes(w, e->gateway.b, ip_size(&e->ip)); /* none: zeros */
	write_u24(w, e->label1);
}

static void opaque_decode(struct reader *r, struct evpn_nlri *e)
{
	e->opaque_size = (uint16_t)reader_left(r);
	if (e->opaque_size > EVPN_OPAQUE_MAX)
		reader_fail(r);
	e->opaque = read_view(r, e->opaque_size);
}

static void evpn_decode(struct reader *r, struct evpn_nlri *e, bool *skip)
{
	struct reader body;

	e->type = read_u8(r);
	body = read_slice(r, read_u8(r));
	switch (e->type) {
	case EVPN_ETHERNET_AD:
		ethernet_ad_decode(&body, e);
		break;
	case EVPN_MAC_IP:
		mac_ip_decode(&body, e);
		break;
	case EVPN_IMET:
		imet_decode(&body, e);
		break;
	case EVPN_ETHERNET_SEGMENT:
		ethernet_segment_decode(&body, e);
		break;
	case EVPN_IP_PREFIX:
		ip_prefix_decode(&body, e);
		break;
	default: /* any byte can stand here */
		opaque_decode(&body, e);
		break;
	}
	*skip = !reader_done(&body);
}

static void evpn_encode(struct writer *w, const struct evpn_nlri *e)
{
	size_t mark;

	write_u8(w, e->type);
	mark = write_begin_u8(w);
	switch (e->type) {
	case EVPN_ETHERNET_AD:
		ethernet_ad_encode(w, e);
		break;
	case EVPN_MAC_IP:
		mac_ip_encode(w, e);
		break;
	case EVPN_IMET:
		imet_encode(w, e);
		break;
	case EVPN_ETHERNET_SEGMENT:
		ethernet_segment_encode(w, e);
		break;
	case EVPN_IP_PREFIX:
		ip_prefix_encode(w, e);
		break;
	default:
		write_bytes(w, e->opaque, e->opaque_size);
		break;
	}
	write_end_u8(w, mark);
}

/* ---- all families ---- */

bool nlri_decode(struct reader *r, enum bgp_family family, struct nlri *n, bool *skip)
{
	memset(n, 0, sizeof(*n));
	n->family = family;
	*skip = false;
	switch (family) {
	case BGP_IPV4_UNICAST:
		prefix_decode(r, 4, &n->prefix);
		break;
	case BGP_IPV6_UNICAST:
		prefix_decode(r, 16, &n->prefix);
		break;
	case BGP_L2VPN_EVPN:
		evpn_decode(r, &n->evpn, skip);
		break;
	case BGP_FAMILIES:
		check(false);
	}
	return !r->failed;
}

void nlri_encode(struct writer *w, const struct nlri *n)
{
	if (n->family == BGP_L2VPN_EVPN)
		evpn_encode(w, &n->evpn);
	else
		prefix_encode(w, &n->prefix);
}

/* One NLRI's frame alone: what follows can be found. */
static void frame_skip(struct reader *r, enum bgp_family family)
{
	uint8_t first = read_u8(r);

	if (family == BGP_L2VPN_EVPN)
		read_view(r, read_u8(r));
	else if (first > (family == BGP_IPV4_UNICAST ? 32 : 128))
		reader_fail(r);
	else
		read_view(r, (first + 7u) / 8);
}

bool nlri_run_check(const struct nlri_run *run)
{
	struct reader r = run->bytes;

	while (reader_left(&r) != 0) {
		if (run->add_path)
			read_u32(&r);
		frame_skip(&r, run->family);
	}
	return !r.failed;
}

bool nlri_run_next(struct nlri_run *run, struct nlri *n)
{
	while (reader_left(&run->bytes) != 0) {
		uint32_t path_id = run->add_path ? read_u32(&run->bytes) : 0;
		bool skip;

		if (!nlri_decode(&run->bytes, run->family, n, &skip))
			return false;
		n->path_id = path_id;
		if (!skip)
			return true;
		run->skipped++;
	}
	return false;
}

/* ---- keys ---- */

static void key_ip(struct writer *w, const struct ip *ip)
{
	write_u8(w, ip->family);
	write_bytes(w, ip->b, sizeof(ip->b));
}

static void cut_zeros(struct writer *w)
{
	size_t size = writer_size(w);

	while (w->start[size - 1] == 0)
		size--;
	writer_rewind(w, size);
}

static void evpn_key(struct writer *w, const struct evpn_nlri *e)
{
	write_u8(w, e->type);
	if (e->type < EVPN_ETHERNET_AD || e->type > EVPN_IP_PREFIX) {
		write_bytes(w, e->opaque, e->opaque_size);
		return;
	}
	write_bytes(w, e->rd.b, RD_SIZE);
	if (e->type == EVPN_ETHERNET_AD || e->type == EVPN_ETHERNET_SEGMENT)
		write_bytes(w, e->esi.b, ESI_SIZE);
	if (e->type != EVPN_ETHERNET_SEGMENT)
		write_u32(w, e->ethernet_tag);
	if (e->type == EVPN_MAC_IP)
		write_bytes(w, e->mac.b, sizeof(e->mac.b));
	if (e->type != EVPN_ETHERNET_AD)
		key_ip(w, &e->ip);
	if (e->type == EVPN_IP_PREFIX)
		write_u8(w, e->prefix_len);
	cut_zeros(w); /* down to the type at most */
}

void nlri_key(const struct nlri *n, uint8_t key[NLRI_KEY_MAX])
{
	struct writer w = writer_to(key, NLRI_KEY_MAX);
	size_t mark = write_begin_u8(&w);

	if (n->family == BGP_L2VPN_EVPN) {
		evpn_key(&w, &n->evpn);
	} else {
		write_bytes(&w, n->prefix.addr.b, n->family == BGP_IPV4_UNICAST ? 4 : 16);
		write_u8(&w, n->prefix.len);
	}
	write_end_u8(&w, mark);
	check(!w.overflow);
}

static void key_read_ip(struct reader *r, struct ip *ip)
{
	ip->family = read_u8(r);
	read_bytes(r, ip->b, sizeof(ip->b));
}

static void evpn_fields_from_key(struct reader *r, struct evpn_nlri *e)
{
	read_bytes(r, e->rd.b, RD_SIZE);
	if (e->type == EVPN_ETHERNET_AD || e->type == EVPN_ETHERNET_SEGMENT)
		read_bytes(r, e->esi.b, ESI_SIZE);
	if (e->type != EVPN_ETHERNET_SEGMENT)
		e->ethernet_tag = read_u32(r);
	if (e->type == EVPN_MAC_IP)
		read_bytes(r, e->mac.b, sizeof(e->mac.b));
	if (e->type != EVPN_ETHERNET_AD)
		key_read_ip(r, &e->ip);
	if (e->type == EVPN_IP_PREFIX)
		e->prefix_len = read_u8(r);
}

static void evpn_from_key(struct reader *r, struct evpn_nlri *e)
{
	uint8_t fields[EVPN_KEY_SIZE] = {0};
	struct reader padded = reader_from(fields, sizeof(fields));

	e->type = read_u8(r);
	if (e->type < EVPN_ETHERNET_AD || e->type > EVPN_IP_PREFIX) {
		opaque_decode(r, e);
		return;
	}
	check(reader_left(r) <= sizeof(fields));
	read_bytes(r, fields, reader_left(r));
	evpn_fields_from_key(&padded, e);
}

void nlri_from_key(enum bgp_family family, const uint8_t *key, struct nlri *n)
{
	struct reader r = reader_from(key + 1, key[0]);
	size_t address_size = family == BGP_IPV4_UNICAST ? 4 : 16;

	memset(n, 0, sizeof(*n));
	n->family = family;
	if (family == BGP_L2VPN_EVPN) {
		evpn_from_key(&r, &n->evpn);
	} else {
		n->prefix.addr.family = family == BGP_IPV4_UNICAST ? IP_V4 : IP_V6;
		read_bytes(&r, n->prefix.addr.b, address_size);
		n->prefix.len = read_u8(&r);
	}
	check(!r.failed);
}

/* ---- comparison and text ---- */

static bool evpn_equal(const struct evpn_nlri *a, const struct evpn_nlri *b)
{
	return a->type == b->type && a->prefix_len == b->prefix_len && rd_equal(&a->rd, &b->rd) &&
	       a->ethernet_tag == b->ethernet_tag && mac_equal(&a->mac, &b->mac) &&
	       ip_equal(&a->ip, &b->ip) && a->opaque_size == b->opaque_size &&
	       (a->opaque_size == 0 || memcmp(a->opaque, b->opaque, a->opaque_size) == 0) &&
	       a->has_label2 == b->has_label2 && memcmp(&a->esi, &b->esi, ESI_SIZE) == 0 &&
	       ip_equal(&a->gateway, &b->gateway) && a->label1 == b->label1 &&
	       a->label2 == b->label2;
}

bool nlri_equal(const struct nlri *a, const struct nlri *b)
{
	if (a->family != b->family || a->path_id != b->path_id)
		return false;
	return a->family == BGP_L2VPN_EVPN ? evpn_equal(&a->evpn, &b->evpn)
					   : prefix_equal(&a->prefix, &b->prefix);
}

static void ip_text_add(const struct ip *ip, unsigned bits, struct str *out)
{
	char text[IP_TEXT_MAX];

	if (ip->family != IP_NONE)
		str_addf(out, ":[%u]:[%s]", bits, ip_text(ip, text));
}

static void evpn_text(const struct evpn_nlri *e, struct str *out)
{
	unsigned bits = (unsigned)ip_size(&e->ip) * 8;
	char text[ESI_TEXT_MAX];

	str_addf(out, "[%u]", e->type);
	switch (e->type) {
	case EVPN_ETHERNET_AD:
		str_addf(out, ":[%u]:[%s]", e->ethernet_tag, esi_text(&e->esi, text));
		break;
	case EVPN_MAC_IP:
		str_addf(out, ":[%u]:[48]:[%s]", e->ethernet_tag, mac_text(&e->mac, text));
		ip_text_add(&e->ip, bits, out);
		break;
	case EVPN_IMET:
		str_addf(out, ":[%u]", e->ethernet_tag);
		ip_text_add(&e->ip, bits, out);
		break;
	case EVPN_ETHERNET_SEGMENT:
		str_addf(out, ":[%s]", esi_text(&e->esi, text));
		ip_text_add(&e->ip, bits, out);
		break;
	case EVPN_IP_PREFIX:
		str_addf(out, ":[%u]", e->ethernet_tag);
		ip_text_add(&e->ip, e->prefix_len, out);
		break;
	default:
		str_add(out, ":[");
		for (size_t i = 0; i < e->opaque_size; i++)
			str_addf(out, "%02x", e->opaque[i]);
		str_add(out, "]");
		break;
	}
}

void nlri_text(const struct nlri *n, struct str *out)
{
	char text[PREFIX_TEXT_MAX];

	if (n->family == BGP_L2VPN_EVPN)
		evpn_text(&n->evpn, out);
	else
		str_add(out, prefix_text(&n->prefix, text));
}
