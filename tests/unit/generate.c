/*
 * See generate.h. Sizes are small most of the time; each optional part is there every other time.
 */
#include "generate.h"

#include <string.h>

#include "base/bytes.h"

uint32_t generate_u32(struct generator *g)
{
	g->state ^= g->state >> 12;
	g->state ^= g->state << 25;
	g->state ^= g->state >> 27;
	return (uint32_t)(g->state * 0x2545f4914f6cdd1du >> 32);
}

uint32_t generate_below(struct generator *g, uint32_t limit)
{
	return generate_u32(g) % limit;
}

bool generate_bool(struct generator *g)
{
	return generate_below(g, 2) == 0;
}

static void fill(struct generator *g, void *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = (uint8_t)generate_u32(g);
}

static struct ip any_ip(struct generator *g, bool v4)
{
	uint8_t b[16];

	fill(g, b, sizeof(b));
	return ip_from_bytes(b, v4 ? 4 : 16);
}

static struct prefix any_prefix(struct generator *g, bool v4)
{
	struct ip ip = any_ip(g, v4);

	return prefix_from(&ip, (uint8_t)generate_below(g, v4 ? 33 : 129));
}

static void evpn_fill(struct generator *g, struct evpn_nlri *e)
{
	struct prefix p;

	if (e->type != EVPN_IMET)
		fill(g, &e->esi, sizeof(e->esi));
	if (e->type != EVPN_ETHERNET_SEGMENT)
		e->ethernet_tag = generate_u32(g);
	if (e->type != EVPN_ETHERNET_AD)
		e->ip = any_ip(g, generate_bool(g));
	if (e->type == EVPN_MAC_IP && generate_bool(g))
		e->ip = (struct ip){0};
	if (e->type != EVPN_IMET && e->type != EVPN_ETHERNET_SEGMENT)
		e->label1 = generate_below(g, 1 << 24);
	if (e->type == EVPN_MAC_IP) {
		fill(g, &e->mac, sizeof(e->mac));
		e->has_label2 = generate_bool(g);
		e->label2 = e->has_label2 ? generate_below(g, 1 << 24) : 0;
	}
	if (e->type == EVPN_IP_PREFIX) {
		p = any_prefix(g, e->ip.family == IP_V4);
		e->ip = p.addr;
		e->prefix_len = p.len;
		e->gateway = any_ip(g, e->ip.family == IP_V4);
	}
}

static void opaque_fill(struct generator *g, struct evpn_nlri *e)
{
	uint8_t *bytes;

	e->type = (uint8_t)(6 + generate_below(g, 250));
	e->opaque_size = (uint16_t)generate_below(g, generate_bool(g) ? 20 : EVPN_OPAQUE_MAX + 1);
	bytes = arena_new(g->arena, e->opaque_size + 1u);
	fill(g, bytes, e->opaque_size);
	e->opaque = bytes;
}

struct nlri generate_nlri(struct generator *g, enum bgp_family family)
{
	struct nlri n = {.family = family};

	if (family != BGP_L2VPN_EVPN) {
		n.prefix = any_prefix(g, family == BGP_IPV4_UNICAST);
		return n;
	}
	n.evpn.type = (uint8_t)(1 + generate_below(g, 6));
	if (n.evpn.type > EVPN_IP_PREFIX) {
		opaque_fill(g, &n.evpn);
		return n;
	}
	fill(g, &n.evpn.rd, sizeof(n.evpn.rd));
	evpn_fill(g, &n.evpn);
	return n;
}

static uint32_t any_as(struct generator *g, bool wide)
{
	return 1 + (wide && generate_bool(g) ? generate_below(g, UINT32_MAX - 1)
					     : generate_below(g, 65535));
}

static void any_path(struct generator *g, struct attrs *a, bool wide)
{
	size_t room = 4096;
	struct writer w = writer_to(arena_new(g->arena, room), room);

	for (uint32_t segments = generate_below(g, 4); segments > 0; segments--) {
		uint32_t n = 1 + generate_below(g, generate_below(g, 20) == 0 ? 255 : 6);

		write_u8(&w, generate_below(g, 4) == 0 ? 1 : 2);
		write_u8(&w, (uint8_t)n);
		for (uint32_t i = 0; i < n; i++)
			write_u32(&w, any_as(g, wide));
	}
	a->as_path = w.start;
	a->as_path_size = (uint16_t)writer_size(&w);
}

static void any_communities(struct generator *g, struct attrs *a)
{
	uint32_t n = generate_below(g, 80);
	uint32_t *communities = arena_new(g->arena, n * 4 + 1);
	struct extcomm *extcomms = arena_new(g->arena, n * 8 + 1);
	struct large_community *large = arena_new(g->arena, n * 12 + 1);

	fill(g, communities, n * 4);
	fill(g, extcomms, n * 8);
	fill(g, large, n * 12);
	if (generate_bool(g))
		attrs_set_communities(a, communities, n, g->arena);
	if (generate_bool(g))
		attrs_set_extcomms(a, extcomms, n, g->arena);
	if (generate_bool(g))
		attrs_set_large(a, large, n, g->arena);
}

static void any_next_hop(struct generator *g, enum bgp_family family, struct attrs *a)
{
	bool v4 = family == BGP_IPV6_UNICAST ? false : generate_bool(g);

	a->next_hop = any_ip(g, v4);
	a->next_hop.b[0] = v4 ? 10 : 0x20;
	if (v4 || family == BGP_L2VPN_EVPN || generate_bool(g))
		return;
	a->next_hop_link_local = any_ip(g, false);
	a->next_hop_link_local.b[0] = 0xfe;
	a->next_hop_link_local.b[1] = 0x80;
	a->next_hop_is_link_local = generate_bool(g);
	if (a->next_hop_is_link_local)
		a->next_hop = a->next_hop_link_local;
}

static void any_pmsi(struct generator *g, struct attrs *a)
{
	a->has_pmsi = true;
	a->pmsi.flags = (uint8_t)generate_u32(g);
	a->pmsi.label = generate_below(g, 1 << 24);
	if (generate_bool(g))
		return;
	a->pmsi.type = PMSI_INGRESS_REPLICATION;
	a->pmsi.endpoint = any_ip(g, generate_bool(g));
}

/* Unrecognised attributes between and behind those that we know, short and long. */
static void any_unknown(struct generator *g, struct attrs *a)
{
	static const uint8_t codes[] = {11, 20, 26, 40, 99, 128, 255};
	size_t room = 2048;
	struct writer w = writer_to(arena_new(g->arena, room), room);
	uint8_t value[400];

	for (size_t i = 0; i < sizeof(codes); i++) {
		uint32_t size = generate_below(g, generate_below(g, 8) == 0 ? 400 : 20);

		if (generate_below(g, 3) != 0)
			continue;
		fill(g, value, size);
		write_u8(&w, size > 255 ? 0xf0 : 0xe0);
		write_u8(&w, codes[i]);
		if (size > 255)
			write_u16(&w, (uint16_t)size);
		else
			write_u8(&w, (uint8_t)size);
		write_bytes(&w, value, size);
	}
	a->unknown = w.start;
	a->unknown_size = (uint16_t)writer_size(&w);
}

static void any_internal(struct generator *g, struct attrs *a)
{
	uint32_t *clusters = arena_new(g->arena, 40);

	a->has_local_pref = true;
	a->local_pref = generate_u32(g);
	a->has_originator_id = generate_bool(g);
	if (a->has_originator_id)
		a->originator_id = any_ip(g, true);
	fill(g, clusters, 40);
	a->cluster_count = (uint16_t)generate_below(g, 10);
	a->cluster_list = clusters;
}

struct attrs generate_attrs(struct generator *g, enum bgp_family family, bool wide, bool internal)
{
	struct attrs a = {.origin = (uint8_t)generate_below(g, 3)};

	any_next_hop(g, family, &a);
	any_path(g, &a, wide);
	any_communities(g, &a);
	a.has_med = generate_bool(g);
	a.med = a.has_med ? generate_u32(g) : 0;
	a.atomic_aggregate = generate_bool(g);
	a.has_aggregator = generate_bool(g);
	if (a.has_aggregator) {
		a.aggregator_as = any_as(g, wide);
		a.aggregator = any_ip(g, true);
	}
	if (generate_bool(g))
		any_pmsi(g, &a);
	if (generate_bool(g))
		any_unknown(g, &a);
	if (internal)
		any_internal(g, &a);
	return a;
}
