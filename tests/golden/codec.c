/*
 * The codec at a prompt, for tests/golden/test_golden.py.
 *
 * usage: codec show external|internal   a stream of BGP messages on standard input, one JSON object
 *                                       a line; external: from an eBGP peer
 *        codec make SEED N              N made-up UPDATEs and the other messages on standard output
 *
 * The fields are named and grouped so that they can be held against those of tshark; peers are
 * taken to have 4-octet AS numbers, extended next hops and all families.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/generate.h"
#include "bgp/extcomm.h"
#include "bgp/message.h"
#include "bgp/open.h"
#include "bgp/update.h"

static struct update_context context = {.as4 = true,
    .ebgp = false,
    .extended_nexthop = true,
    .families = {true, true, true},
    .max_size = MESSAGE_MAX};

/* ---- show ---- */

static void list_begin(const char *name)
{
	printf(", \"%s\": [", name);
}

static void list_end(void)
{
	printf("]");
}

static void item(const char *separator, const char *text)
{
	printf("%s\"%s\"", separator, text);
}

static void show_path(const struct attrs *a)
{
	struct reader r = reader_from(a->as_path, a->as_path_size);
	const char *separator = "";

	list_begin("as_path");
	while (reader_left(&r) > 0) {
		read_u8(&r);
		for (unsigned n = read_u8(&r); n > 0; n--, separator = ", ")
			printf("%s\"%" PRIu32 "\"", separator, read_u32(&r));
	}
	list_end();
}

static void show_next_hops(const struct attrs *a)
{
	char text[IP_TEXT_MAX];

	list_begin("next_hop");
	item("", ip_text(&a->next_hop, text));
	if (a->next_hop_link_local.family != IP_NONE)
		item(", ", ip_text(&a->next_hop_link_local, text));
	list_end();
}

static void show_communities(const struct attrs *a)
{
	list_begin("communities");
	for (size_t i = 0; i < a->community_count; i++)
		printf("%s\"%" PRIu32 "\"", i > 0 ? ", " : "", a->communities[i]);
	list_end();
	list_begin("large");
	for (size_t i = 0; i < a->large_count; i++)
		printf("%s\"%" PRIu32 ":%" PRIu32 ":%" PRIu32 "\"", i > 0 ? ", " : "",
		    a->large[i].global, a->large[i].local1, a->large[i].local2);
	list_end();
	list_begin("extcomms");
	for (size_t i = 0; i < a->extcomm_count; i++) {
		struct reader r = reader_from(a->extcomms[i].b, 8);

		printf("%s\"%016" PRIx64 "\"", i > 0 ? ", " : "", read_u64(&r));
	}
	list_end();
}

static void show_attrs(const struct attrs *a)
{
	char text[IP_TEXT_MAX];
	bool is_static;
	uint32_t sequence;

	printf(", \"origin\": [\"%u\"]", a->origin);
	show_path(a);
	show_next_hops(a);
	if (a->has_med)
		printf(", \"med\": [\"%" PRIu32 "\"]", a->med);
	if (a->has_local_pref)
		printf(", \"local_pref\": [\"%" PRIu32 "\"]", a->local_pref);
	if (a->has_aggregator)
		printf(", \"aggregator\": [\"%" PRIu32 "\", \"%s\"]", a->aggregator_as,
		    ip_text(&a->aggregator, text));
	if (a->has_originator_id)
		printf(", \"originator\": [\"%s\"]", ip_text(&a->originator_id, text));
	if (a->has_pmsi)
		printf(", \"pmsi\": [\"%u\", \"%" PRIu32 "\", \"%s\"]", a->pmsi.type, a->pmsi.label,
		    ip_text(&a->pmsi.endpoint, text));
	if (attrs_mac_mobility(a, &sequence, &is_static))
		printf(", \"mobility\": [\"%" PRIu32 "\", \"%u\"]", sequence, is_static);
	show_communities(a);
}

static void show_evpn(const struct evpn_nlri *e)
{
	struct reader rd = reader_from(e->rd.b, sizeof(e->rd.b));
	char text[64];

	printf("{\"type\": \"%u\", \"rd\": \"%016" PRIx64 "\"", e->type, read_u64(&rd));
	if (e->type != EVPN_ETHERNET_SEGMENT)
		printf(", \"tag\": \"%" PRIu32 "\"", e->ethernet_tag);
	if (e->type != EVPN_IMET)
		printf(", \"esi\": \"%s\"", esi_text(&e->esi, text));
	if (e->type == EVPN_MAC_IP)
		printf(", \"mac\": \"%s\"", mac_text(&e->mac, text));
	if (e->type == EVPN_IP_PREFIX)
		printf(", \"prefix_len\": \"%u\", \"gateway\": \"%s\"", e->prefix_len,
		    ip_text(&e->gateway, text));
	if (e->ip.family != IP_NONE)
		printf(", \"ip\": \"%s\"", ip_text(&e->ip, text));
	if (e->type != EVPN_IMET && e->type != EVPN_ETHERNET_SEGMENT)
		printf(", \"label\": \"%" PRIu32 "\"", e->label1);
	if (e->has_label2)
		printf(", \"label2\": \"%" PRIu32 "\"", e->label2);
	printf("}");
}

static void show_run(struct nlri_run run, const char *name)
{
	char text[PREFIX_TEXT_MAX];
	const char *separator = "";
	struct nlri n;

	printf("{\"%s\": \"%s\", \"nlri\": [", name, bgp_family_json_name(run.family));
	for (; nlri_run_next(&run, &n); separator = ", ") {
		printf("%s", separator);
		if (run.family == BGP_L2VPN_EVPN)
			show_evpn(&n.evpn);
		else
			printf("\"%s\"", prefix_text(&n.prefix, text));
	}
	printf("], \"skipped\": %" PRIu32, run.skipped);
}

static void show_update(const struct message *m)
{
	struct arena arena = {0};
	struct update u;
	const char *separator = "";

	update_decode(m->body, m->body_size, &context, &arena, &u);
	printf(", \"disposition\": \"%s\"", disposition_name(u.disposition));
	if (u.reason != NULL)
		printf(", \"reason\": \"%s\", \"attribute\": %u", u.reason, u.attribute);
	if (u.end_of_rib)
		printf(", \"end_of_rib\": \"%s\"", bgp_family_json_name(u.end_of_rib_family));
	list_begin("runs");
	for (size_t i = 0; i < u.unreach_count; i++, separator = ", ") {
		printf("%s", separator);
		show_run(u.unreach[i], "unreach");
		printf("}");
	}
	for (size_t i = 0; i < u.reach_count; i++, separator = ", ") {
		printf("%s", separator);
		show_run(u.reach[i].run, "reach");
		show_attrs(&u.reach[i].attrs);
		printf("}");
	}
	list_end();
	arena_fini(&arena);
}

/* Capability 64 as tshark shows it. */
static void show_restart(const struct open *o)
{
	const char *separator = "";

	if (!o->graceful_restart)
		return;
	printf(", \"restart\": {\"r\": %d, \"n\": %d, \"time\": %u", o->restarting, o->notification,
	    o->restart_s);
	list_begin("families");
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		if (!o->restart_families[f])
			continue;
		printf("%s[%u, %u, %d]", separator, bgp_family_afi((enum bgp_family)f),
		    bgp_family_safi((enum bgp_family)f), o->forwarding_kept[f]);
		separator = ", ";
	}
	list_end();
	printf("}");
}

static void show_open(const struct message *m)
{
	struct notification error = {0};
	struct str text = {0};
	struct open o;

	if (open_decode(m->body, m->body_size, &o, &error))
		open_text(&o, &text);
	else
		notification_text(&error, &text);
	printf(", \"open\": \"%s\", \"as\": \"%" PRIu32 "\", \"hold\": \"%u\"", str_text(&text),
	    o.as, o.hold_s);
	show_restart(&o);
	str_fini(&text);
}

static void show_message(const struct message *m)
{
	struct notification n;
	struct str text = {0};

	printf("{\"message\": \"%s\", \"size\": %zu", message_type_name(m->type), m->size);
	switch (m->type) {
	case MESSAGE_OPEN:
		show_open(m);
		break;
	case MESSAGE_UPDATE:
		show_update(m);
		break;
	case MESSAGE_NOTIFICATION:
		notification_decode(m->body, m->body_size, &n);
		notification_text(&n, &text);
		for (size_t i = 0; i < text.size; i++)
			if (text.text[i] == '"')
				text.text[i] = '\'';
		printf(", \"notification\": \"%s\"", str_text(&text));
		break;
	case MESSAGE_KEEPALIVE:
	case MESSAGE_ROUTE_REFRESH:
		break;
	}
	printf("}\n");
	str_fini(&text);
}

static int show(void)
{
	static uint8_t bytes[16 << 20];
	size_t size = fread(bytes, 1, sizeof(bytes), stdin), at = 0;
	struct notification error;
	struct message m;

	while (message_frame(bytes + at, size - at, MESSAGE_MAX, &m, &error) == FRAMING_MESSAGE) {
		show_message(&m);
		at += m.size;
	}
	return at == size ? 0 : 1;
}

/* ---- make: values to which tshark, too, gives a meaning ---- */

static struct nlri known_nlri(struct generator *g, enum bgp_family family)
{
	struct nlri n = generate_nlri(g, family);

	/* A default route among others looks like RFC 7911 to tshark. */
	while (family == BGP_L2VPN_EVPN ? n.evpn.type > EVPN_IP_PREFIX : n.prefix.len == 0)
		n = generate_nlri(g, family);
	n.evpn.rd.b[0] = 0;
	n.evpn.rd.b[1] %= 3;
	n.evpn.esi.b[0] = 0;
	return n;
}

static struct attrs known_attrs(struct generator *g, enum bgp_family family)
{
	struct attrs a = generate_attrs(g, family, true, true);
	struct extcomm extcomms[4] = {extcomm_rt_as(generate_below(g, 65536), generate_u32(g)),
	    extcomm_rt_as(65536 + generate_below(g, 1000), generate_below(g, 65536)),
	    extcomm_encap_vxlan(), extcomm_mac_mobility(generate_u32(g), generate_bool(g))};

	a.unknown_size = 0;
	if (a.pmsi.endpoint.family == IP_V6) /* tshark shows the first four bytes of it */
		a.pmsi.endpoint = ip_from_u32(generate_u32(g));
	attrs_set_extcomms(&a, extcomms, 1 + generate_below(g, 4), g->arena);
	return a;
}

static void put(const void *bytes, size_t size)
{
	if (fwrite(bytes, 1, size, stdout) != size)
		exit(1);
}

static void make_update(struct generator *g, unsigned i)
{
	enum bgp_family family = (enum bgp_family)(i % BGP_FAMILIES);
	struct attrs a = known_attrs(g, family);
	struct update_writer w;
	uint8_t buffer[MESSAGE_MAX];
	struct nlri n;

	if (i % 4 == 3)
		update_begin_unreach(&w, buffer, &context, family);
	else
		update_begin_reach(&w, buffer, &context, family, &a);
	for (uint32_t left = 1 + generate_below(g, 30); left > 0; left--) {
		n = known_nlri(g, family);
		if (!update_add(&w, &n))
			break;
	}
	put(buffer, update_end(&w));
}

static void make_others(void)
{
	uint8_t buffer[MESSAGE_MAX], data[SHUTDOWN_DATA_MAX];
	struct writer w = writer_to(buffer, sizeof(buffer));
	struct open o = {.as = 4200000001,
	    .hold_s = 9,
	    .router_id = ip_from_u32(0x0a000001),
	    .as4 = true,
	    .route_refresh = true,
	    .enhanced_refresh = true,
	    .extended_message = true,
	    .families = {true, true, true},
	    .extended_nexthop = {true},
	    .hostname = "tor1",
	    .graceful_restart = true,
	    .restart_s = 120,
	    .restarting = true,
	    .notification = true,
	    .restart_families = {true, false, true},
	    .forwarding_kept = {true, false, false},
	    .long_lived = true,
	    .long_lived_families = {false, true, true},
	    .long_lived_kept = {false, true, false},
	    .long_lived_s = {0, 86400, 0xabcdef}};
	struct route_refresh r = {ROUTE_REFRESH_BEGIN, BGP_L2VPN_EVPN};
	struct notification n =
	    notification_cease_with(NOTIFY_CEASE_SHUTDOWN, "maintenance until six", data);

	open_encode(&w, &o);
	keepalive_encode(&w);
	route_refresh_encode(&w, &r);
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		end_of_rib_encode(&w, (enum bgp_family)f);
	notification_encode(&w, &n);
	put(buffer, writer_size(&w));
}

static int make(uint64_t seed, unsigned count)
{
	struct arena arena = {0};
	struct generator g = {seed, &arena};

	make_others();
	for (unsigned i = 0; i < count; i++) {
		make_update(&g, i);
		arena_reset(&arena);
	}
	arena_fini(&arena);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "show") == 0) {
		context.ebgp = strcmp(argv[2], "external") == 0;
		return show();
	}
	if (argc == 4 && strcmp(argv[1], "make") == 0)
		return make(strtoull(argv[2], NULL, 10), (unsigned)strtoul(argv[3], NULL, 10));
	fprintf(stderr, "usage: codec show external|internal | codec make SEED COUNT\n");
	return 2;
}
