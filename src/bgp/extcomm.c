/*
 * Extended communities by meaning: eight bytes, type and subtype in front (RFC 4360 section 2,
 * registries of RFC 7153). A set that was received is kept whole; only those named here mean
 * something to us.
 */
#include "bgp/extcomm.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "bgp/open.h"

enum {
	TYPE_AS2 = 0x00,
	TYPE_IPV4 = 0x01,
	TYPE_AS4 = 0x02,
	TYPE_OPAQUE = 0x03,
	TYPE_EVPN = 0x06,
	TYPE_NON_TRANSITIVE = 0x40
};

enum { SUB_ROUTE_TARGET = 0x02, SUB_SITE_OF_ORIGIN = 0x03, SUB_LINK_BANDWIDTH = 0x04 };
enum { OPAQUE_ENCAPSULATION = 0x0c, OPAQUE_DEFAULT_GATEWAY = 0x0d };
enum { EVPN_MAC_MOBILITY = 0, EVPN_ESI_LABEL = 1, EVPN_ES_IMPORT = 2, EVPN_ROUTER_MAC = 3 };

#define MOBILITY_STATIC 0x01
#define ENCAPSULATION_VXLAN 8

static bool is(const struct extcomm *e, uint8_t type, uint8_t subtype)
{
	return e->b[0] == type && e->b[1] == subtype;
}

static struct extcomm make(uint8_t type, uint8_t subtype, uint64_t value)
{
	struct extcomm e;
	struct writer w = writer_to(e.b, sizeof(e.b));

	write_u64(&w, (uint64_t)type << 56 | (uint64_t)subtype << 48 | value);
	return e;
}

static uint32_t number(const struct extcomm *e, size_t at, size_t size)
{
	struct reader r = reader_from(e->b + at, size);

	return size == 2 ? read_u16(&r) : read_u32(&r);
}

struct extcomm extcomm_rt_as(uint32_t as, uint32_t n)
{
	if (as <= UINT16_MAX)
		return make(TYPE_AS2, SUB_ROUTE_TARGET, (uint64_t)as << 32 | n);
	return make(TYPE_AS4, SUB_ROUTE_TARGET, (uint64_t)as << 16 | (n & UINT16_MAX));
}

struct extcomm extcomm_rt_ip(const struct ip *v4, uint16_t n)
{
	return make(TYPE_IPV4, SUB_ROUTE_TARGET, (uint64_t)ip_to_u32(v4) << 16 | n);
}

bool extcomm_is_transitive(const struct extcomm *e)
{
	return (e->b[0] & TYPE_NON_TRANSITIVE) == 0;
}

bool extcomm_is_rt(const struct extcomm *e)
{
	return e->b[0] <= TYPE_AS4 && e->b[1] == SUB_ROUTE_TARGET;
}

uint32_t extcomm_rt_number(const struct extcomm *e)
{
	return e->b[0] == TYPE_AS2 ? number(e, 4, 4) : number(e, 6, 2);
}

/* Written as a Route Distinguisher is: the same three types, same layouts. */
static bool administrator_parse(const char *text, uint8_t subtype, struct extcomm *e)
{
	struct rd rd;

	if (!rd_parse(text, &rd))
		return false;
	memcpy(e->b, rd.b, sizeof(e->b));
	e->b[0] = rd.b[1];
	e->b[1] = subtype;
	return true;
}

bool extcomm_rt_parse(const char *text, struct extcomm *e)
{
	return administrator_parse(text, SUB_ROUTE_TARGET, e);
}

bool extcomm_soo_parse(const char *text, struct extcomm *e)
{
	return administrator_parse(text, SUB_SITE_OF_ORIGIN, e);
}

/* ---- link bandwidth ---- */

struct extcomm extcomm_link_bandwidth(uint32_t as, uint64_t bytes_per_s, bool transitive)
{
	float value = (float)bytes_per_s;
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	if (as > UINT16_MAX)
		as = AS_TRANS;
	return make(transitive ? TYPE_AS2 : TYPE_AS2 | TYPE_NON_TRANSITIVE, SUB_LINK_BANDWIDTH,
	    (uint64_t)as << 32 | bits);
}

bool extcomm_is_link_bandwidth(const struct extcomm *e)
{
	return (e->b[0] & ~TYPE_NON_TRANSITIVE) == TYPE_AS2 && e->b[1] == SUB_LINK_BANDWIDTH;
}

static uint64_t link_bandwidth(const struct extcomm *e)
{
	uint32_t bits = number(e, 4, 4);
	float value;

	memcpy(&value, &bits, sizeof(value));
	/* Nonsense is none: not a number, negative, infinite, more than 2^56 (64 of them still add
	 * up). */
	return value >= 1 && value < 7.2e16f ? (uint64_t)value : 0;
}

uint64_t attrs_link_bandwidth(const struct attrs *a)
{
	for (size_t i = 0; i < a->extcomm_count; i++)
		if (extcomm_is_link_bandwidth(&a->extcomms[i]))
			return link_bandwidth(&a->extcomms[i]);
	return 0;
}

struct extcomm extcomm_encap_vxlan(void)
{
	return make(TYPE_OPAQUE, OPAQUE_ENCAPSULATION, ENCAPSULATION_VXLAN);
}

struct extcomm extcomm_default_gateway(void)
{
	return make(TYPE_OPAQUE, OPAQUE_DEFAULT_GATEWAY, 0);
}

struct extcomm extcomm_mac_mobility(uint32_t sequence, bool is_static)
{
	return make(TYPE_EVPN, EVPN_MAC_MOBILITY,
	    (uint64_t)(is_static ? MOBILITY_STATIC : 0) << 40 | sequence);
}

struct extcomm extcomm_router_mac(const struct mac *mac)
{
	struct extcomm e = make(TYPE_EVPN, EVPN_ROUTER_MAC, 0);

	memcpy(e.b + 2, mac->b, sizeof(mac->b));
	return e;
}

bool attrs_mac_mobility(const struct attrs *a, uint32_t *sequence, bool *is_static)
{
	bool found = false;

	*sequence = 0;
	*is_static = false;
	for (size_t i = 0; i < a->extcomm_count; i++) {
		const struct extcomm *e = &a->extcomms[i];

		if (!is(e, TYPE_EVPN, EVPN_MAC_MOBILITY))
			continue;
		if (!found || number(e, 4, 4) > *sequence) {
			*sequence = number(e, 4, 4);
			*is_static = (e->b[2] & MOBILITY_STATIC) != 0;
		}
		found = true;
	}
	return found;
}

static const struct extcomm *find(const struct attrs *a, uint8_t type, uint8_t subtype)
{
	for (size_t i = 0; i < a->extcomm_count; i++)
		if (is(&a->extcomms[i], type, subtype))
			return &a->extcomms[i];
	return NULL;
}

bool attrs_default_gateway(const struct attrs *a)
{
	return find(a, TYPE_OPAQUE, OPAQUE_DEFAULT_GATEWAY) != NULL;
}

bool attrs_router_mac(const struct attrs *a, struct mac *mac)
{
	const struct extcomm *e = find(a, TYPE_EVPN, EVPN_ROUTER_MAC);

	if (e == NULL)
		return false;
	memcpy(mac->b, e->b + 2, sizeof(mac->b));
	return true;
}

/* ---- text ---- */

/* RT, site of origin and the like: administrator and number as in an RD. */
static void administrator_text(const struct extcomm *e, const char *name, struct str *out)
{
	struct rd rd = {.b = {0, e->b[0] & (uint8_t)~TYPE_NON_TRANSITIVE}};
	char text[RD_TEXT_MAX];

	memcpy(rd.b + 2, e->b + 2, 6);
	str_addf(out, "%s:%s", name, rd_text(&rd, text));
}

static void mac_extcomm_text(const struct extcomm *e, const char *name, struct str *out)
{
	char text[MAC_TEXT_MAX];
	struct mac mac;

	memcpy(mac.b, e->b + 2, sizeof(mac.b));
	str_addf(out, "%s:%s", name, mac_text(&mac, text));
}

static void unknown_text(const struct extcomm *e, struct str *out)
{
	str_add(out, "0x");
	for (size_t i = 0; i < sizeof(e->b); i++)
		str_addf(out, "%02x", e->b[i]);
}

/* "LB:65001:125000000 (1.000 Gbps)" */
static void bandwidth_text(const struct extcomm *e, struct str *out)
{
	static const struct {
		uint64_t bits;
		const char *name;
	} units[] = {{1000000000, "Gbps"}, {1000000, "Mbps"}, {1000, "Kbps"}};
	uint64_t bytes = link_bandwidth(e), bits = bytes * 8;

	str_addf(out, "LB:%u:%llu", number(e, 2, 2), (unsigned long long)bytes);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (bits >= units[i].bits) {
			str_addf(
			    out, " (%.3f %s)", (double)bits / (double)units[i].bits, units[i].name);
			return;
		}
	str_addf(out, " (%llu bps)", (unsigned long long)bits);
}

static void evpn_extcomm_text(const struct extcomm *e, struct str *out)
{
	switch (e->b[1]) {
	case EVPN_MAC_MOBILITY:
		str_addf(out, "MM:%u%s", number(e, 4, 4),
		    (e->b[2] & MOBILITY_STATIC) != 0 ? ", sticky MAC" : "");
		break;
	case EVPN_ESI_LABEL:
		str_addf(out, "ESI-label-Rt:%s", (e->b[2] & 1) != 0 ? "SA" : "AA");
		break;
	case EVPN_ES_IMPORT:
		mac_extcomm_text(e, "ES-Import-Rt", out);
		break;
	case EVPN_ROUTER_MAC:
		mac_extcomm_text(e, "Rmac", out);
		break;
	default:
		unknown_text(e, out);
		break;
	}
}

void extcomm_text(const struct extcomm *e, struct str *out)
{
	if (extcomm_is_rt(e))
		administrator_text(e, "RT", out);
	else if (e->b[0] <= TYPE_AS4 && e->b[1] == SUB_SITE_OF_ORIGIN)
		administrator_text(e, "SoO", out);
	else if (extcomm_is_link_bandwidth(e))
		bandwidth_text(e, out);
	else if (is(e, TYPE_OPAQUE, OPAQUE_ENCAPSULATION))
		str_addf(out, "ET:%u", number(e, 6, 2));
	else if (is(e, TYPE_OPAQUE, OPAQUE_DEFAULT_GATEWAY))
		str_add(out, "Default Gateway");
	else if (e->b[0] == TYPE_EVPN)
		evpn_extcomm_text(e, out);
	else
		unknown_text(e, out);
}

void extcomms_text(const struct attrs *a, struct str *out)
{
	for (size_t i = 0; i < a->extcomm_count; i++) {
		if (i > 0)
			str_add(out, " ");
		extcomm_text(&a->extcomms[i], out);
	}
}
