/*
 * What the two sides of a session agree on before and by their OPENs: who speaks first,
 * capabilities, roles; and what the roles make of routes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bgp/attr_wire.h"
#include "bgp/message.h"
#include "bgp/role.h"
#include "speakers.h"

#define CODE(code, subcode) ((code)*256u + (subcode))

/* Node 0 is a speaker with node 1 for a neighbor that the test plays, and that refuses connections
 * if it is to connect. */
static struct world *scripted(bool refuses, struct neighbor_settings **n)
{
	struct world *w = world_new(2);

	w->node[1].refuses = refuses;
	world_speaker(w, 0);
	*n = world_neighbor(w, 0, 1);
	return w;
}

static void begin(struct world *w)
{
	world_configure(w, 0);
	world_settle(w);
}

/* The first message of this type that node 1 has heard; its body is lent. */
static bool heard(struct world *w, enum message_type type, struct message *m)
{
	struct node *n = &w->node[1];
	struct notification error;

	for (size_t at = 0; message_frame(n->rx + at, n->rx_size - at, MESSAGE_MAX_EXTENDED, m,
				&error) == FRAMING_MESSAGE;
	     at += m->size)
		if (m->type == type)
			return true;
	return false;
}

static struct open their_open(struct world *w)
{
	struct notification error;
	struct message m;
	struct open o;

	assert_true(heard(w, MESSAGE_OPEN, &m));
	assert_true(open_decode(m.body, m.body_size, &o, &error));
	return o;
}

/* What node 1 hears after this OPEN of its own: the NOTIFICATION's code, 0 if the session comes up.
 */
static unsigned answer(struct world *w, const struct open *o)
{
	unsigned count[6], code;

	world_connect(w, 1, 0);
	world_say_open(w, 1, o);
	code = world_notified(w, 1, count);
	if (code == 0)
		world_say_keepalive(w, 1);
	assert_int_equal(world_established(w, 0, 1), code == 0);
	return code;
}

/* ---- DelayOpen (RFC 4271 section 8.1.1) ---- */

static void test_delay_open(void **state)
{
	struct neighbor_settings *n;
	struct world *w = scripted(true, &n);
	struct open o = world_open(w, 1);
	struct message m;

	(void)state;
	n->delay_open_s = 5;
	begin(w);
	world_connect(w, 1, 0);
	assert_int_equal(world_peer(w, 0, 1).state, BGP_ACTIVE);
	world_advance(w, 4900);
	assert_false(heard(w, MESSAGE_OPEN, &m));
	assert_true(mono_before(bgp_deadline(w->node[0].bgp), mono_add_ms(w->now, 101)));
	world_advance(w, 200);
	assert_true(heard(w, MESSAGE_OPEN, &m));
	assert_int_equal(world_peer(w, 0, 1).state, BGP_OPENSENT);
	world_say_open(w, 1, &o);
	world_say_keepalive(w, 1);
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

/* Event 20: the peer speaks first, and is answered at once. */
static void test_delay_open_peer_speaks(void **state)
{
	struct neighbor_settings *n;
	struct world *w = scripted(true, &n);
	unsigned count[6];

	(void)state;
	n->delay_open_s = 240;
	begin(w);
	world_handshake(w, 1, 0);
	assert_true(world_established(w, 0, 1));
	assert_int_equal(world_notified(w, 1, count), 0);
	assert_int_equal(count[MESSAGE_OPEN], 1);
	world_advance(w, 8000);
	world_say_keepalive(w, 1);
	world_advance(w, 8000);
	assert_true(world_established(w, 0, 1));
	world_free(w);
}

/* The connection that we open waits, too; so do two sides that both wait. */
static void test_delay_open_connecting(void **state)
{
	struct world *w = world_new(2);

	(void)state;
	world_chain(w, 2);
	for (int i = 0; i < 2; i++) {
		w->node[i].settings.neighbors[0].delay_open_s = 10;
		world_configure(w, i);
	}
	world_advance(w, 9000);
	assert_false(world_established(w, 0, 1));
	world_advance(w, 3000);
	assert_true(world_established(w, 0, 1) && world_established(w, 1, 0));
	world_free(w);
}

static void test_delay_open_ends(void **state)
{
	static const struct notification cease = {.code = NOTIFY_CEASE};
	struct neighbor_settings *n;
	struct world *w = scripted(true, &n);
	struct open o = world_open(w, 1);
	uint8_t b[64];
	struct writer out = writer_to(b, sizeof(b));
	unsigned count[6];

	(void)state;
	n->delay_open_s = 5;
	begin(w);
	world_connect(w, 1, 0); /* it goes away */
	world_hang_up(w, 1);
	world_settle(w);
	world_advance(w, 10000);
	world_connect(w, 1, 0); /* it ends it */
	notification_encode(&out, &cease);
	world_say(w, 1, b, writer_size(&out));
	assert_true(w->node[1].closed);
	world_advance(w, 10000);
	world_connect(w, 1, 0); /* it says what it must not */
	world_say_keepalive(w, 1);
	assert_true(w->node[1].closed);
	world_advance(w, 10000);
	o.hold_s = 2; /* or a bad OPEN */
	assert_int_equal(answer(w, &o), CODE(NOTIFY_OPEN, NOTIFY_OPEN_BAD_HOLD_TIME));
	world_advance(w, 30000);
	world_handshake(w, 1, 0);
	assert_true(world_established(w, 0, 1));
	assert_int_equal(world_notified(w, 1, count), 0);
	world_free(w);
}

/* ---- capabilities ---- */

/* `dont-capability-negotiate`: none are told, and none of the peer's are believed. */
static void test_no_capabilities(void **state)
{
	struct neighbor_settings *n;
	struct world *w = scripted(true, &n);
	struct open o = world_open(w, 1), ours;
	struct message m;

	(void)state;
	n->no_capabilities = true;
	begin(w);
	assert_int_equal(answer(w, &o), 0);
	assert_true(heard(w, MESSAGE_OPEN, &m));
	assert_int_equal(m.body_size, 10);
	assert_int_equal(m.body[9], 0);
	ours = their_open(w);
	assert_false(ours.as4 || ours.route_refresh || ours.extended_message);
	assert_true(world_peer(w, 0, 1).negotiated[BGP_IPV4_UNICAST]);
	assert_false(world_peer(w, 0, 1).negotiated[BGP_L2VPN_EVPN]);
	/* a route goes out with 2-octet AS numbers */
	w->node[1].rx_size = 0;
	world_originate(w, 0, "10.9.0.0/24");
	world_settle(w);
	assert_true(heard(w, MESSAGE_UPDATE, &m));
	assert_memory_equal(m.body + 4, "\x40\1\1\0\x40\2\4\2\1\xfd\xe9", 11);
	world_free(w);
}

/* RFC 5492 section 3: what is missing is said. */
static void test_missing_families(void **state)
{
	struct neighbor_settings *n;
	struct world *w = scripted(true, &n);
	struct open o = world_open(w, 1);
	struct message m;

	(void)state;
	begin(w);
	memset(o.families, 0, sizeof(o.families));
	o.families[BGP_IPV6_UNICAST] = true;
	assert_int_equal(answer(w, &o), CODE(NOTIFY_OPEN, NOTIFY_OPEN_BAD_CAPABILITY));
	assert_true(heard(w, MESSAGE_NOTIFICATION, &m));
	assert_int_equal(m.body_size, 14);
	assert_memory_equal(m.body + 2, "\1\4\0\1\0\1\1\4\0\x19\0\x46", 12);
	world_free(w);
}

static void test_override(void **state)
{
	struct neighbor_settings *n;
	struct world *w = scripted(true, &n);
	struct open o = world_open(w, 1);

	(void)state;
	n->override_capability = true;
	begin(w);
	memset(o.families, 0, sizeof(o.families));
	o.families[BGP_IPV6_UNICAST] = true;
	assert_int_equal(answer(w, &o), 0);
	assert_true(world_peer(w, 0, 1).negotiated[BGP_IPV4_UNICAST]);
	assert_true(world_peer(w, 0, 1).negotiated[BGP_L2VPN_EVPN]);
	assert_false(world_peer(w, 0, 1).negotiated[BGP_IPV6_UNICAST]);
	world_free(w);
}

static unsigned strictly(bool evpn, uint8_t more)
{
	struct neighbor_settings *n;
	struct world *w = scripted(true, &n);
	struct open o = world_open(w, 1);
	uint8_t b[MESSAGE_MAX];
	struct writer out = writer_to(b, sizeof(b));
	unsigned count[6], code;

	n->strict_capability = true;
	begin(w);
	o.families[BGP_L2VPN_EVPN] = evpn;
	o.families[BGP_IPV6_UNICAST] = true; /* more than ours is no harm */
	open_encode(&out, &o);
	if (more != 0) { /* one more capability, of no length */
		size_t size = writer_size(&out);

		b[size++] = more;
		b[size++] = 0;
		b[17] = (uint8_t)size;
		b[28] += 2;
		b[30] += 2;
		world_connect(w, 1, 0);
		world_say(w, 1, b, size);
		code = world_notified(w, 1, count);
	} else {
		code = answer(w, &o);
	}
	world_free(w);
	return code;
}

static void test_strict(void **state)
{
	const unsigned refused = CODE(NOTIFY_OPEN, NOTIFY_OPEN_BAD_CAPABILITY);

	(void)state;
	assert_int_equal(strictly(true, 0), 0);
	assert_int_equal(strictly(false, 0), refused);
	assert_int_equal(strictly(true, 200), refused);
	assert_int_equal(strictly(true, 128), 0); /* route refresh as it once was */
}

/* RFC 9072 section 2, byte by byte; and what has no room otherwise. */
static void test_extended_parameters(void **state)
{
	static const uint8_t parameters[] = {255, 255, 0, 11, 2, 0, 8, 1, 4, 0, 1, 0, 1, 2, 0};
	struct open o = {.as = 65001, .hold_s = 9, .route_refresh = true}, got;
	uint8_t b[MESSAGE_MAX];
	struct writer out = writer_to(b, sizeof(b));
	struct neighbor_settings *n;
	struct notification error;
	struct world *w;
	struct message m;

	(void)state;
	o.router_id = ip_from_u32(0x0a000001);
	o.families[BGP_IPV4_UNICAST] = o.extended_parameters = true;
	open_encode(&out, &o);
	assert_int_equal(writer_size(&out), MESSAGE_HEADER_SIZE + 9 + sizeof(parameters));
	assert_memory_equal(b + MESSAGE_HEADER_SIZE + 9, parameters, sizeof(parameters));
	assert_int_equal(
	    message_frame(b, writer_size(&out), MESSAGE_MAX, &m, &error), FRAMING_MESSAGE);
	assert_true(open_decode(m.body, m.body_size, &got, &error));
	assert_memory_equal(&got, &o, sizeof(o));
	w = scripted(true, &n);
	n->extended_parameters = true;
	begin(w);
	o = world_open(w, 1);
	assert_int_equal(answer(w, &o), 0);
	assert_true(their_open(w).extended_parameters && their_open(w).as4);
	world_free(w);
}

static void test_long_capabilities(void **state)
{
	struct open o = {.as = 65001, .hold_s = 9, .as4 = true, .route_refresh = true}, got;
	uint8_t b[MESSAGE_MAX];
	struct writer out = writer_to(b, sizeof(b));
	struct notification error;
	struct message m;

	(void)state;
	o.router_id = ip_from_u32(0x0a000001);
	o.graceful_restart = o.long_lived = true;
	for (size_t f = 0; f < BGP_FAMILIES; f++) {
		o.families[f] = o.extended_nexthop[f] = o.add_path_send[f] = true;
		o.restart_families[f] = o.long_lived_families[f] = true;
	}
	memset(o.hostname, 'h', OPEN_NAME_MAX - 1);
	memset(o.domain, 'd', OPEN_NAME_MAX - 1);
	open_encode(&out, &o);
	assert_int_equal(
	    message_frame(b, writer_size(&out), MESSAGE_MAX, &m, &error), FRAMING_MESSAGE);
	assert_true(open_decode(m.body, m.body_size, &got, &error));
	o.extended_parameters = got.extended_parameters;
	assert_memory_equal(&got, &o, sizeof(o));
	assert_int_equal(got.extended_parameters, writer_size(&out) > 19 + 10 + 254);
}

/* ---- roles (RFC 9234) ---- */

static void test_roles_that_fit(void **state)
{
	(void)state;
	for (enum bgp_role a = ROLE_NONE; a <= ROLE_UNKNOWN; a++)
		for (enum bgp_role b = ROLE_NONE; b <= ROLE_UNKNOWN; b++) {
			bool fits = (a == ROLE_PROVIDER && b == ROLE_CUSTOMER) ||
				    (a == ROLE_CUSTOMER && b == ROLE_PROVIDER) ||
				    (a == ROLE_RS_SERVER && b == ROLE_RS_CLIENT) ||
				    (a == ROLE_RS_CLIENT && b == ROLE_RS_SERVER) ||
				    (a == ROLE_PEER && b == ROLE_PEER);

			assert_int_equal(role_fits(a, b), fits);
		}
	for (enum bgp_role r = ROLE_PROVIDER; r < ROLE_UNKNOWN; r++)
		assert_int_equal(role_named(role_name(r)), r);
	assert_int_equal(role_named("undefined"), ROLE_NONE);
}

static unsigned meet(enum bgp_role ours, bool strict, enum bgp_role theirs)
{
	struct neighbor_settings *n;
	struct world *w = scripted(true, &n);
	struct open o = world_open(w, 1);
	unsigned code;

	n->role = ours;
	n->role_strict = strict;
	o.role = theirs;
	begin(w);
	code = answer(w, &o);
	assert_int_equal(their_open(w).role, ours);
	world_free(w);
	return code;
}

static void test_roles_are_agreed_on(void **state)
{
	const unsigned mismatch = CODE(NOTIFY_OPEN, NOTIFY_OPEN_ROLE_MISMATCH);

	(void)state;
	assert_int_equal(meet(ROLE_CUSTOMER, true, ROLE_PROVIDER), 0);
	assert_int_equal(meet(ROLE_CUSTOMER, false, ROLE_PEER), mismatch);
	assert_int_equal(meet(ROLE_PEER, false, ROLE_NONE), 0);
	assert_int_equal(meet(ROLE_PEER, true, ROLE_NONE), mismatch);
	assert_int_equal(meet(ROLE_NONE, false, ROLE_PEER), 0);
}

/* The same twice is once; two that differ, or one that does not exist, fit to nothing. */
static void test_role_capability(void **state)
{
	static const struct {
		const char *capabilities;
		uint8_t size;
		enum bgp_role role;
	} cases[] = {{"\x09\1\0", 3, ROLE_PROVIDER}, {"\x09\1\4\x09\1\4", 6, ROLE_PEER},
	    {"\x09\1\3\x09\1\4", 6, ROLE_UNKNOWN}, {"\x09\1\5", 3, ROLE_UNKNOWN},
	    {"\x09\1\xff", 3, ROLE_UNKNOWN}};
	struct notification error;
	struct open o;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t body[32] = "\4\xfd\xe9\0\x09\x0a\0\0\1";

		body[9] = (uint8_t)(cases[i].size + 2);
		body[10] = 2;
		body[11] = cases[i].size;
		memcpy(body + 12, cases[i].capabilities, cases[i].size);
		assert_true(open_decode(body, 12u + cases[i].size, &o, &error));
		assert_int_equal(o.role, cases[i].role);
		assert_false(o.unknown);
		body[13] = 0; /* of no length */
		assert_false(open_decode(body, 12u + cases[i].size, &o, &error));
	}
}

static void look(
    void *context, const struct nlri *n, const struct bgp_dest_route *routes, size_t count)
{
	(void)n;
	if (count > 0)
		*(int64_t *)context = routes[0].route.attrs->only_to_customer;
}

/* Who has marked the one route there; 0: nobody; -1: there is none. */
static int64_t mark_at(struct world *w, int node, enum bgp_family family)
{
	int64_t mark = -1;

	bgp_walk(w->node[node].bgp, family, &w->arena, &mark, look);
	return mark;
}

/* The chain 0-1-2, in which node 1 has roles towards the others. */
static struct world *chain(enum bgp_role to0, enum bgp_role to2)
{
	struct world *w = world_new(3);

	world_chain(w, 3);
	w->node[1].settings.neighbors[0].role = to0;
	w->node[1].settings.neighbors[1].role = to2;
	world_configure(w, 1);
	world_settle(w);
	assert_true(world_established(w, 1, 0) && world_established(w, 1, 2));
	return w;
}

/* RFC 9234 section 5, both sides: what comes from a provider, a peer or a route server goes to
 * customers alone, and who sends it elsewhere is not believed. */
static void test_only_to_customer(void **state)
{
	static const struct {
		enum bgp_role to0;
		uint32_t sent;
		enum bgp_role to2;
		int64_t at1, at2;
	} cases[] = {
	    {ROLE_NONE, 0, ROLE_NONE, 0, 0},
	    {ROLE_CUSTOMER, 0, ROLE_NONE, 65001, 65001},
	    {ROLE_CUSTOMER, 0, ROLE_CUSTOMER, 65001, -1},
	    {ROLE_CUSTOMER, 0, ROLE_PEER, 65001, -1},
	    {ROLE_CUSTOMER, 0, ROLE_RS_CLIENT, 65001, -1},
	    {ROLE_CUSTOMER, 0, ROLE_PROVIDER, 65001, 65001},
	    {ROLE_CUSTOMER, 0, ROLE_RS_SERVER, 65001, 65001},
	    {ROLE_CUSTOMER, 65009, ROLE_PROVIDER, 65009, 65009},
	    {ROLE_RS_CLIENT, 0, ROLE_PROVIDER, 65001, 65001},
	    {ROLE_RS_CLIENT, 65009, ROLE_PEER, 65009, -1},
	    {ROLE_PEER, 0, ROLE_PROVIDER, 65001, 65001},
	    {ROLE_PEER, 65001, ROLE_NONE, 65001, 65001},
	    {ROLE_PEER, 65009, ROLE_NONE, -1, -1},
	    {ROLE_PROVIDER, 65009, ROLE_NONE, -1, -1},
	    {ROLE_RS_SERVER, 65009, ROLE_NONE, -1, -1},
	    {ROLE_PROVIDER, 0, ROLE_CUSTOMER, 0, 0},
	    {ROLE_PROVIDER, 0, ROLE_PROVIDER, 0, 65002},
	    {ROLE_NONE, 0, ROLE_PEER, 0, 65002},
	    {ROLE_NONE, 0, ROLE_RS_SERVER, 0, 65002},
	    {ROLE_NONE, 65009, ROLE_CUSTOMER, 65009, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world *w = chain(cases[i].to0, cases[i].to2);
		struct attrs a = {
		    .has_only_to_customer = cases[i].sent != 0, .only_to_customer = cases[i].sent};

		world_originate_with(w, 0, "10.1.0.0/24", &a);
		world_settle(w);
		if (mark_at(w, 1, BGP_IPV4_UNICAST) != cases[i].at1 ||
		    mark_at(w, 2, BGP_IPV4_UNICAST) != cases[i].at2)
			fail_msg("case %zu: %lld, %lld", i,
			    (long long)mark_at(w, 1, BGP_IPV4_UNICAST),
			    (long long)mark_at(w, 2, BGP_IPV4_UNICAST));
		world_free(w);
	}
}

/* Section 5: other families are not meant. */
static void test_roles_leave_evpn_alone(void **state)
{
	struct world *w = chain(ROLE_CUSTOMER, ROLE_CUSTOMER);
	struct nlri n = world_mac("10.0.0.1:1", "02:00:00:00:00:01", 100);
	struct attrs a = {.next_hop = w->node[0].address};

	(void)state;
	bgp_originate(w->node[0].bgp, &n, &a);
	world_settle(w);
	assert_int_equal(mark_at(w, 2, BGP_L2VPN_EVPN), 0);
	world_free(w);
}

/* ---- `sender-as-path-loop-detection` ---- */

/* Who would not take it is not told; from the reload on, without a new session. */
static void test_sender_loops(void **state)
{
	static const uint8_t path[] = {2, 2, 0, 0, 0xff, 0, 0, 0, 0xfd, 0xeb}; /* 65280 65003 */
	struct world *w = chain(ROLE_NONE, ROLE_NONE);
	struct attrs a = {.as_path = path, .as_path_size = sizeof(path)};

	(void)state;
	world_originate_with(w, 0, "10.1.0.0/24", &a);
	world_originate(w, 0, "10.2.0.0/24");
	world_settle(w);
	assert_int_equal(world_peer(w, 1, 2).prefixes_sent[BGP_IPV4_UNICAST], 2);
	w->node[1].settings.neighbors[1].spare_loops = true;
	world_configure(w, 1);
	world_settle(w);
	assert_int_equal(world_peer(w, 1, 2).prefixes_sent[BGP_IPV4_UNICAST], 1);
	assert_int_equal(world_peer(w, 1, 2).dropped_count, 0);
	world_free(w);
}

/* ---- as FRR 8.4 has it ---- */

/* With `local-role provider`; with `extended-optional-parameters`; and a route to its customer. */
static void test_frr(void **state)
{
	static const uint8_t role[] = {4, 0xfd, 0xea, 0, 0xb4, 0x0a, 0xff, 0, 2, 0x46, 2, 6, 1, 4,
	    0, 1, 0, 1, 2, 2, 0x80, 0, 2, 2, 2, 0, 2, 2, 0x46, 0, 2, 6, 0x41, 4, 0, 0, 0xfd, 0xea,
	    2, 2, 6, 0, 2, 3, 9, 1, 0, 2, 6, 0x45, 4, 0, 1, 1, 1, 2, 6, 0x49, 4, 2, 0x76, 0x6d, 0,
	    2, 4, 0x40, 2, 0xc0, 0x78, 2, 9, 0x47, 7, 0, 1, 1, 0x80, 0, 0, 0};
	static const uint8_t extended[] = {4, 0xfd, 0xea, 0, 0xb4, 0x0a, 0xff, 0, 2, 0xff, 0xff, 0,
	    0x4b, 2, 0, 6, 1, 4, 0, 1, 0, 1, 2, 0, 2, 0x80, 0, 2, 0, 2, 2, 0, 2, 0, 2, 0x46, 0, 2,
	    0, 6, 0x41, 4, 0, 0, 0xfd, 0xea, 2, 0, 2, 6, 0, 2, 0, 6, 0x45, 4, 0, 1, 1, 1, 2, 0, 6,
	    0x49, 4, 2, 0x76, 0x6d, 0, 2, 0, 4, 0x40, 2, 0xc0, 0x78, 2, 0, 9, 0x47, 7, 0, 1, 1,
	    0x80, 0, 0, 0};
	static const uint8_t route[] = {0, 0, 0, 0x23, 0x40, 1, 1, 0, 0x50, 2, 0, 6, 2, 1, 0, 0,
	    0xfd, 0xea, 0x40, 3, 4, 0x0a, 0, 0, 2, 0x80, 4, 4, 0, 0, 0, 0, 0xc0, 0x23, 4, 0, 0,
	    0xfd, 0xea, 0x18, 0x0a, 7, 0};
	struct update_context c = {
	    .as4 = true, .ebgp = true, .families = {true}, .max_size = MESSAGE_MAX};
	struct notification error;
	struct arena arena = {0};
	struct update u;
	uint8_t b[64];
	struct writer w = writer_to(b, sizeof(b));
	struct open o;

	(void)state;
	assert_true(open_decode(role, sizeof(role), &o, &error));
	assert_int_equal(o.role, ROLE_PROVIDER);
	assert_false(o.unknown || o.extended_parameters);
	assert_true(open_decode(extended, sizeof(extended), &o, &error));
	assert_true(o.extended_parameters && o.as4 && o.extended_message && o.graceful_restart);
	assert_false(o.unknown);
	update_decode(route, sizeof(route), &c, &arena, &u);
	assert_int_equal(u.disposition, UPDATE_OK);
	assert_true(u.reach[0].attrs.has_only_to_customer);
	assert_int_equal(u.reach[0].attrs.only_to_customer, 65002);
	attrs_encode(&w, &u.reach[0].attrs, true, true);
	assert_memory_equal(b + writer_size(&w) - 7, route + sizeof(route) - 11, 7);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_delay_open),
	    cmocka_unit_test(test_delay_open_peer_speaks),
	    cmocka_unit_test(test_delay_open_connecting),
	    cmocka_unit_test(test_delay_open_ends),
	    cmocka_unit_test(test_no_capabilities),
	    cmocka_unit_test(test_missing_families),
	    cmocka_unit_test(test_override),
	    cmocka_unit_test(test_strict),
	    cmocka_unit_test(test_extended_parameters),
	    cmocka_unit_test(test_long_capabilities),
	    cmocka_unit_test(test_roles_that_fit),
	    cmocka_unit_test(test_roles_are_agreed_on),
	    cmocka_unit_test(test_role_capability),
	    cmocka_unit_test(test_only_to_customer),
	    cmocka_unit_test(test_roles_leave_evpn_alone),
	    cmocka_unit_test(test_sender_loops),
	    cmocka_unit_test(test_frr),
	};

	return cmocka_run_group_tests_name("agreement", tests, NULL, NULL);
}
