/*
 * Plays a trace against one engine: kernel events by other writers, UPDATEs from scripted peers,
 * and what must come of them. The kernel is the simulated one (tests/sim/simkernel.c), the engine's
 * operations are executed against it at once, and the peers are real BGP speakers as far as OPEN,
 * KEEPALIVE and UPDATE go.
 *
 * A trace is text, one step a line: TIME VERB WORDS…; `#` starts a comment. TIME is in seconds and
 * never falls. docs/replay.md has the verbs. A step that fails prints file:line and why.
 *
 * usage: replay [-v] TRACE…
 */
#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "bgp/extcomm.h"
#include "bgp/open.h"
#include "bgp/update.h"
#include "engine.h"
#include "sim/simkernel.h"

#define PEERS 2
#define ADVERTISED_MAX 64
#define WORDS_MAX 64
#define FOREIGN_PORTID 4242

/* What our engine told a peer about one MAC/IP route, last. */
struct advertised {
	struct mac mac;
	struct ip ip;
	bool reachable;
	bool has_mobility, sticky;
	uint32_t sequence;
	mono_t at;
	unsigned line; /* of the step during which it came */
};

struct peer {
	const char *interface;
	uint32_t ifindex, as, conn;
	struct ip address;
	bool connected;
	struct str in; /* bytes from the engine, not framed yet */
	struct advertised routes[ADVERTISED_MAX];
	size_t route_count;
};

struct pending {
	struct pending *next;
	struct event event;
	uint8_t extra[256];
};

struct player {
	const char *file;
	unsigned line;
	bool verbose, failed;
	mono_t now;
	struct engine *engine;
	struct simkernel kernel;
	struct peer peers[PEERS];
	struct pending *first, **last;
	struct str state;
	/* operations by slot since the last `mark` */
	struct slot_key touched[256];
	size_t touched_count;
	/* `refuse`: errno for the next write, of that kind of slot where one is named */
	int refuse;
	int refuse_kind; /* enum slot_kind; -1: any */
	/* `window`: another's write between the check and the write of our next operation there */
	struct {
		bool armed;
		uint32_t port;
		struct slot_key key;
		uint8_t ntf;
	} window;
	char *words[WORDS_MAX];
	size_t word_count;
};

static void fail(struct player *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct player *p, const char *format, ...)
{
	va_list args;

	p->failed = true;
	printf("%s:%u: ", p->file, p->line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

/* ---- words
 * --------------------------------------------------------------------------------------- */

static const char *word(struct player *p, size_t i)
{
	return i < p->word_count ? p->words[i] : "";
}

/* The word after `name`; "" when there is none. */
static const char *option(struct player *p, const char *name)
{
	for (size_t i = 0; i + 1 < p->word_count; i++)
		if (strcmp(p->words[i], name) == 0)
			return p->words[i + 1];
	return "";
}

static bool has(struct player *p, const char *name)
{
	for (size_t i = 0; i < p->word_count; i++)
		if (strcmp(p->words[i], name) == 0)
			return true;
	return false;
}

static struct mac mac_option(struct player *p)
{
	struct mac m = {0};

	if (!mac_parse(option(p, "mac"), &m))
		fail(p, "no mac");
	return m;
}

static struct ip ip_option(struct player *p, const char *name)
{
	struct ip ip = {0};

	if (has(p, name) && !ip_parse(option(p, name), &ip))
		fail(p, "%s: not an address", option(p, name));
	return ip;
}

static uint32_t device(struct player *p, const char *name)
{
	for (size_t i = 0; i < p->kernel.link_count; i++)
		if (strcmp(p->kernel.links[i].link.name, name) == 0)
			return p->kernel.links[i].link.ifindex.v;
	fail(p, "no device %s", name);
	return 0;
}

static struct peer *peer_of(struct player *p, const char *interface)
{
	for (size_t i = 0; i < PEERS; i++)
		if (strcmp(p->peers[i].interface, interface) == 0)
			return &p->peers[i];
	fail(p, "no peer on %s", interface);
	return &p->peers[0];
}

/* ---- the engine's surroundings
 * --------------------------------------------------------------------- */

static void pending_add(struct player *p, const struct event *event)
{
	struct pending *n = mem_new(sizeof(*n));
	struct kernel_event *k = &n->event.kernel;

	n->event = *event;
	if (event->kind == EVENT_KERNEL && k->kind == KERNEL_PORT_VLANS) {
		memcpy(
		    n->extra, k->port_vlans.vlans, k->port_vlans.count * sizeof(struct port_vlan));
		k->port_vlans.vlans = (void *)n->extra;
	} else if (event->kind == EVENT_KERNEL &&
		   (k->kind == KERNEL_ROUTE_NEW || k->kind == KERNEL_ROUTE_DEL)) {
		memcpy(n->extra, k->route.entry.nexthops,
		    k->route.entry.nexthop_count * sizeof(struct route_nexthop));
		k->route.entry.nexthops = (void *)n->extra;
	} else if (event->kind == EVENT_KERNEL &&
		   (k->kind == KERNEL_NEXTHOP_NEW || k->kind == KERNEL_NEXTHOP_DEL)) {
		memcpy(n->extra, k->nexthop.entry.members,
		    k->nexthop.entry.member_count * sizeof(struct nexthop_member));
		k->nexthop.entry.members = (void *)n->extra;
	}
	*p->last = n;
	p->last = &n->next;
}

static void kernel_notify(void *context, const struct kernel_event *event)
{
	struct event e = {.kind = EVENT_KERNEL, .kernel = *event};

	pending_add(context, &e);
}

static bool miss_none(void *context)
{
	(void)context;
	return false;
}

static void dump(struct player *p, enum kernel_table table)
{
	struct event e = {.kind = EVENT_KERNEL, .kernel.kind = KERNEL_DUMP_BEGIN};

	e.kernel.dump.table = table;
	pending_add(p, &e);
	simkernel_dump(&p->kernel, table, miss_none);
	e.kernel.kind = KERNEL_DUMP_END;
	e.kernel.dump.clean = true;
	pending_add(p, &e);
}

static void refuse(struct player *p, enum slot_kind kind)
{
	if (p->refuse_kind >= 0 && p->refuse_kind != (int)kind)
		return;
	p->kernel.fail_errno = p->refuse;
	p->refuse = 0;
}

static void in_window(void *context, const struct slot_key *key)
{
	struct player *p = context;

	if (!p->window.armed || !slot_key_equal(&p->window.key, key))
		return;
	p->window.armed = false;
	simkernel_fdb_write(&p->kernel, p->window.port, key->fdb.vlan, &key->fdb.mac, SIM_REPLACE,
	    NUD_NOARP, p->window.ntf);
}

static void execute_op(struct player *p, const struct kernel_op *op)
{
	struct event e = {.kind = EVENT_KERNEL_RESULT};
	char text[SLOT_TEXT_MAX];

	if (op->verb != KERNEL_READ && op->verb != KERNEL_PROBE) {
		if (p->touched_count < 256)
			p->touched[p->touched_count++] = op->key;
		refuse(p, op->key.kind);
	}
	simkernel_execute(&p->kernel, op, true, &e.result);
	pending_add(p, &e);
	if (p->verbose)
		printf("%9.6f   op verb %d %s -> %d/%d\n", (double)p->now.ns / 1e9, op->verb,
		    slot_key_text(&op->key, text), e.result.outcome, e.result.error);
}

static void peer_receives(struct player *p, struct peer *peer, const uint8_t *bytes, size_t size);

static struct peer *peer_by_conn(struct player *p, uint32_t conn)
{
	for (size_t i = 0; i < PEERS; i++)
		if (p->peers[i].connected && p->peers[i].conn == conn)
			return &p->peers[i];
	return NULL;
}

/* Our engine dials: the scripted peers do not answer, they dial themselves. */
static void refuse_connect(struct player *p, uint32_t conn)
{
	struct event e = {.kind = EVENT_PEER_CLOSED};

	e.peer.conn = conn;
	e.peer.error = ECONNREFUSED;
	pending_add(p, &e);
}

static void execute(struct player *p, const struct action *a)
{
	struct peer *peer;

	if (a->kind == ACTION_KERNEL_OP) {
		execute_op(p, &a->op);
	} else if (a->kind == ACTION_KERNEL_DUMP) {
		dump(p, a->dump);
	} else if (a->kind == ACTION_PEER_CONNECT) {
		refuse_connect(p, a->connect.conn);
	} else if (a->kind == ACTION_PEER_SEND) {
		peer = peer_by_conn(p, a->peer.conn);
		if (peer != NULL)
			peer_receives(p, peer, a->peer.bytes, a->peer.size);
	} else if (a->kind == ACTION_PEER_CLOSE) {
		peer = peer_by_conn(p, a->peer.conn);
		if (peer != NULL)
			peer->connected = false;
		if (p->verbose)
			printf("%9.6f   close %#x\n", (double)p->now.ns / 1e9, a->peer.conn);
	} else if (a->kind == ACTION_STATE_APPEND || a->kind == ACTION_STATE_RESET) {
		if (a->kind == ACTION_STATE_RESET)
			str_clear(&p->state);
		str_add_bytes(&p->state, a->state.bytes, a->state.size);
	} else if (a->kind == ACTION_LOG && p->verbose) {
		printf("%9.6f   log %s\n", (double)p->now.ns / 1e9, a->log.text);
	} else if (a->kind == ACTION_EXIT) {
		fail(p, "the engine exits");
	}
}

static void turn(struct player *p, const struct event *event)
{
	struct action a;

	engine_handle(p->engine, event, p->now);
	while (engine_next_action(p->engine, &a))
		execute(p, &a);
}

static void drain(struct player *p)
{
	while (p->first != NULL) {
		struct pending *n = p->first;

		p->first = n->next;
		if (p->first == NULL)
			p->last = &p->first;
		turn(p, &n->event);
		mem_free(n);
	}
}

/* The event and all that follows from it without time passing. */
static void happen(struct player *p, const struct event *event)
{
	struct event timer = {.kind = EVENT_TIMER};

	turn(p, event);
	drain(p);
	for (int i = 0; i < 1000 && mono_reached(engine_deadline(p->engine), p->now); i++) {
		turn(p, &timer);
		drain(p);
	}
}

static void send_to_engine(struct player *p, struct peer *peer, const void *bytes, size_t size)
{
	struct event e = {.kind = EVENT_PEER_BYTES};

	e.peer.conn = peer->conn;
	e.peer.bytes = bytes;
	e.peer.size = size;
	happen(p, &e);
}

/* Time passes: timers fire, the peers keep their sessions alive. */
static void pass_until(struct player *p, mono_t until)
{
	struct event timer = {.kind = EVENT_TIMER};

	while (mono_before(p->now, until)) {
		mono_t second = {(p->now.ns / 1000000000 + 1) * 1000000000};
		mono_t next = mono_min(second, until);
		mono_t due = engine_deadline(p->engine);

		p->now = mono_before(p->now, due) ? mono_min(next, due) : next;
		for (size_t i = 0; i < PEERS; i++) {
			uint8_t keepalive[MESSAGE_HEADER_SIZE];
			struct writer w = writer_to(keepalive, sizeof(keepalive));

			keepalive_encode(&w);
			if (p->peers[i].connected && p->now.ns % 1000000000 == 0)
				send_to_engine(p, &p->peers[i], keepalive, writer_size(&w));
		}
		happen(p, &timer);
	}
}

/* ---- scripted peers
 * ------------------------------------------------------------------------------------ */

static struct advertised *advertised_slot(struct peer *peer, const struct evpn_nlri *n)
{
	for (size_t i = 0; i < peer->route_count; i++)
		if (mac_equal(&peer->routes[i].mac, &n->mac) &&
		    ip_equal(&peer->routes[i].ip, &n->ip))
			return &peer->routes[i];
	check(peer->route_count < ADVERTISED_MAX);
	peer->routes[peer->route_count] = (struct advertised){.mac = n->mac, .ip = n->ip};
	return &peer->routes[peer->route_count++];
}

static void take_run(
    struct player *p, struct peer *peer, const struct nlri_run *run, const struct attrs *attrs)
{
	struct nlri_run r = *run;
	struct nlri n;

	while (nlri_run_next(&r, &n)) {
		struct advertised *a;

		if (n.family != BGP_L2VPN_EVPN || n.evpn.type != EVPN_MAC_IP)
			continue;
		a = advertised_slot(peer, &n.evpn);
		a->reachable = attrs != NULL;
		a->at = p->now;
		a->line = p->line;
		a->has_mobility =
		    attrs != NULL && attrs_mac_mobility(attrs, &a->sequence, &a->sticky);
	}
}

static void peer_takes_update(struct player *p, struct peer *peer, const struct message *m)
{
	struct update_context c = {.as4 = true,
	    .ebgp = true,
	    .extended_nexthop = true,
	    .families = {true, true, true},
	    .max_size = MESSAGE_MAX};
	struct arena arena = {0};
	struct update u;

	update_decode(m->body, m->body_size, &c, &arena, &u);
	if (u.disposition != UPDATE_OK)
		fail(p, "the engine sent a bad UPDATE: %s", u.reason);
	for (size_t i = 0; i < u.unreach_count; i++)
		take_run(p, peer, &u.unreach[i], NULL);
	for (size_t i = 0; i < u.reach_count; i++)
		take_run(p, peer, &u.reach[i].run, &u.reach[i].attrs);
	arena_fini(&arena);
}

static void peer_receives(struct player *p, struct peer *peer, const uint8_t *bytes, size_t size)
{
	struct notification error;
	struct message m;
	size_t used = 0;

	str_add_bytes(&peer->in, bytes, size);
	while (message_frame((const uint8_t *)peer->in.text + used, peer->in.size - used,
		   MESSAGE_MAX_EXTENDED, &m, &error) == FRAMING_MESSAGE) {
		if (m.type == MESSAGE_UPDATE)
			peer_takes_update(p, peer, &m);
		else if (m.type == MESSAGE_NOTIFICATION)
			fail(p, "the engine sent a NOTIFICATION to %s", peer->interface);
		used += m.size;
	}
	memmove(peer->in.text, peer->in.text + used, peer->in.size - used);
	peer->in.size -= used;
}

static void peer_up(struct player *p, struct peer *peer)
{
	struct open open = {.as = (uint32_t)atol(option(p, "as")),
	    .hold_s = 9,
	    .as4 = true,
	    .route_refresh = true,
	    .families = {true, true, true},
	    .extended_nexthop = {true, false, false}};
	struct event e = {.kind = EVENT_RA};
	uint8_t buffer[MESSAGE_MAX];
	struct writer w = writer_to(buffer, sizeof(buffer));

	peer->as = open.as;
	open.router_id = ip_option(p, "router-id");
	e.ra.ifindex.v = peer->ifindex;
	e.ra.source = peer->address;
	e.ra.router_lifetime_s = 1800;
	happen(p, &e);
	e = (struct event){.kind = EVENT_PEER_ACCEPTED};
	peer->conn = CONN_ACCEPTED | peer->ifindex;
	peer->connected = true;
	e.peer.conn = peer->conn;
	e.peer.ifindex.v = peer->ifindex;
	e.peer.remote = peer->address;
	e.peer.local = simkernel_link(&p->kernel, peer->ifindex)->addrs[0].addr;
	happen(p, &e);
	open_encode(&w, &open);
	send_to_engine(p, peer, buffer, writer_size(&w));
	w = writer_to(buffer, sizeof(buffer));
	keepalive_encode(&w);
	send_to_engine(p, peer, buffer, writer_size(&w));
}

static void peer_end_of_rib(struct player *p, struct peer *peer)
{
	for (int family = 0; family < BGP_FAMILIES; family++) {
		uint8_t buffer[64];
		struct writer w = writer_to(buffer, sizeof(buffer));

		end_of_rib_encode(&w, (enum bgp_family)family);
		send_to_engine(p, peer, buffer, writer_size(&w));
	}
}

/* `path 65245 65002` and the numbers that follow, as one AS_SEQUENCE. */
static uint16_t path_option(struct player *p, uint8_t *path, size_t room)
{
	struct writer w = writer_to(path, room);
	size_t count, i = 0;

	while (i < p->word_count && strcmp(p->words[i], "path") != 0)
		i++;
	count = p->word_count > i + 1 ? p->word_count - i - 1 : 0;
	if (count == 0) {
		fail(p, "no path");
		return 0;
	}
	write_u8(&w, 2);
	write_u8(&w, (uint8_t)count);
	for (i++; i < p->word_count; i++)
		write_u32(&w, (uint32_t)strtoul(p->words[i], NULL, 10));
	return (uint16_t)writer_size(&w);
}

static void mac_ip_nlri(struct player *p, struct nlri *n)
{
	*n = (struct nlri){.family = BGP_L2VPN_EVPN};
	n->evpn.type = has(p, "imet") ? EVPN_IMET : EVPN_MAC_IP;
	if (!rd_parse(option(p, "rd"), &n->evpn.rd))
		fail(p, "no rd");
	n->evpn.ip = ip_option(p, "ip");
	if (has(p, "imet"))
		n->evpn.ip = ip_option(p, "imet");
	else
		n->evpn.mac = mac_option(p);
	n->evpn.label1 = (uint32_t)strtoul(option(p, "label"), NULL, 10);
	n->evpn.has_label2 = has(p, "label2");
	n->evpn.label2 = (uint32_t)strtoul(option(p, "label2"), NULL, 10);
}

static int compare_extcomm(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct extcomm));
}

static size_t extcomm_options(struct player *p, struct extcomm *list)
{
	size_t n = 0;
	struct mac mac;

	for (size_t i = 0; i + 1 < p->word_count; i++)
		if (strcmp(p->words[i], "rt") == 0 &&
		    !extcomm_rt_parse(p->words[i + 1], &list[n++]))
			fail(p, "%s: not a route target", p->words[i + 1]);
	if (has(p, "encap"))
		list[n++] = extcomm_encap_vxlan();
	if (has(p, "mobility"))
		list[n++] = extcomm_mac_mobility(
		    (uint32_t)strtoul(option(p, "mobility"), NULL, 10), has(p, "static"));
	if (has(p, "rmac") && mac_parse(option(p, "rmac"), &mac))
		list[n++] = extcomm_router_mac(&mac);
	qsort(list, n, sizeof(*list), compare_extcomm);
	return n;
}

static void peer_update(struct player *p, struct peer *peer, bool reach)
{
	struct update_context c = {
	    .as4 = true, .ebgp = true, .families = {true, true, true}, .max_size = MESSAGE_MAX};
	struct extcomm extcomms[16];
	struct attrs a = {.extcomms = extcomms};
	uint8_t buffer[MESSAGE_MAX], path[256];
	struct update_writer u;
	struct nlri n;

	mac_ip_nlri(p, &n);
	if (reach) {
		a.next_hop = ip_option(p, "nexthop");
		a.as_path = path;
		a.as_path_size = path_option(p, path, sizeof(path));
		a.extcomm_count = (uint16_t)extcomm_options(p, extcomms);
		a.has_pmsi = n.evpn.type == EVPN_IMET;
		a.pmsi.type = PMSI_INGRESS_REPLICATION;
		a.pmsi.label = n.evpn.label1;
		a.pmsi.endpoint = a.next_hop;
		update_begin_reach(&u, buffer, &c, BGP_L2VPN_EVPN, &a);
	} else {
		update_begin_unreach(&u, buffer, &c, BGP_L2VPN_EVPN);
	}
	if (!update_add(&u, &n))
		fail(p, "route does not fit");
	send_to_engine(p, peer, buffer, update_end(&u));
}

static void do_peer(struct player *p)
{
	struct peer *peer = peer_of(p, word(p, 2));
	const char *verb = word(p, 3);

	if (strcmp(verb, "up") == 0)
		peer_up(p, peer);
	else if (strcmp(verb, "end-of-rib") == 0)
		peer_end_of_rib(p, peer);
	else if (strcmp(verb, "update") == 0)
		peer_update(p, peer, true);
	else if (strcmp(verb, "withdraw") == 0)
		peer_update(p, peer, false);
	else
		fail(p, "unknown peer verb %s", verb);
}

/* ---- other writers
 * ---------------------------------------------------------------------------------------- */

static void settle(struct player *p)
{
	struct event timer = {.kind = EVENT_TIMER};

	drain(p);
	happen(p, &timer);
}

/* fdb DEV vlan V mac M [static] [sticky] [delete] */
static void do_fdb(struct player *p)
{
	uint32_t port = device(p, word(p, 2));
	uint16_t vlan = (uint16_t)atoi(option(p, "vlan"));
	struct mac mac = mac_option(p);

	if (has(p, "delete"))
		simkernel_fdb_delete(&p->kernel, port, vlan, &mac);
	else if (has(p, "learned"))
		simkernel_frame(&p->kernel, port, vlan, &mac);
	else
		simkernel_fdb_write(&p->kernel, port, vlan, &mac, SIM_REPLACE, NUD_NOARP,
		    has(p, "sticky") ? NTF_STICKY : 0);
	settle(p);
}

/* window DEV vlan V mac M static [sticky] */
static void do_window(struct player *p)
{
	struct mac mac = mac_option(p);

	p->window.armed = true;
	p->window.port = device(p, word(p, 2));
	p->window.key =
	    slot_key_fdb((ifindex_t){SIM_BRIDGE}, (uint16_t)atoi(option(p, "vlan")), &mac);
	p->window.ntf = has(p, "sticky") ? NTF_STICKY : 0;
}

/* refuse ERRNO [fdb|vxlan|neigh] */
static void do_refuse(struct player *p)
{
	p->refuse = atoi(word(p, 2));
	p->refuse_kind = has(p, "fdb")	   ? SLOT_FDB
			 : has(p, "vxlan") ? SLOT_VXLAN_FDB
			 : has(p, "neigh") ? SLOT_NEIGH
					   : -1;
}

/* neigh DEV ip I mac M permanent [protocol P] [delete] */
static void do_neigh(struct player *p)
{
	uint32_t dev = device(p, word(p, 2));
	struct ip ip = ip_option(p, "ip");
	struct mac mac = {0};

	if (has(p, "delete")) {
		simkernel_neigh_delete(&p->kernel, dev, &ip, FOREIGN_PORTID);
	} else {
		mac = mac_option(p);
		simkernel_neigh_write(&p->kernel, dev, &ip, SIM_REPLACE, &mac, NUD_PERMANENT,
		    (uint8_t)atoi(option(p, "protocol")), FOREIGN_PORTID);
	}
	settle(p);
}

/* ---- expectations
 * -------------------------------------------------------------------------------------------- */

static const struct advertised *advertised_find(
    const struct peer *peer, const struct mac *mac, const struct ip *ip)
{
	for (size_t i = 0; i < peer->route_count; i++)
		if (mac_equal(&peer->routes[i].mac, mac) && ip_equal(&peer->routes[i].ip, ip))
			return &peer->routes[i];
	return NULL;
}

/* expect advertised mac M [ip I] sequence N [static] [now]: to every connected peer */
static void expect_advertised(struct player *p, bool wanted)
{
	struct mac mac = mac_option(p);
	struct ip ip = ip_option(p, "ip");
	uint32_t sequence = (uint32_t)strtoul(option(p, "sequence"), NULL, 10);

	for (size_t i = 0; i < PEERS; i++) {
		const struct advertised *a = advertised_find(&p->peers[i], &mac, &ip);
		bool is = a != NULL && a->reachable;

		if (!p->peers[i].connected)
			fail(p, "%s: no session", p->peers[i].interface);
		else if (is != wanted)
			fail(p, "%s: route is %sadvertised", p->peers[i].interface,
			    is ? "" : "not ");
		else if (is && (a->sequence != sequence || a->sticky != has(p, "static")))
			fail(p, "%s: advertised with sequence %u%s", p->peers[i].interface,
			    a->sequence, a->sticky ? " static" : "");
		else if (is && has(p, "now") && a->at.ns != p->now.ns)
			fail(p, "%s: advertised at %.6f", p->peers[i].interface,
			    (double)a->at.ns / 1e9);
	}
}

static void expect_fdb(struct player *p)
{
	uint16_t vlan = (uint16_t)atoi(option(p, "vlan"));
	struct mac mac = mac_option(p);
	const struct fdb_entry *e = simkernel_fdb(&p->kernel, SIM_BRIDGE, vlan, &mac);

	if (has(p, "none")) {
		if (e != NULL)
			fail(p, "FDB entry on port %u nud %#x ntf %#x", e->port.v, e->nud, e->ntf);
		return;
	}
	if (e == NULL)
		fail(p, "no FDB entry");
	else if (e->port.v != device(p, option(p, "dev")) ||
		 ((e->nud & NUD_NOARP) != 0) != has(p, "static") ||
		 ((e->ntf & NTF_STICKY) != 0) != has(p, "sticky"))
		fail(p, "FDB entry on port %u nud %#x ntf %#x", e->port.v, e->nud, e->ntf);
}

static void expect_vxlan(struct player *p)
{
	struct mac mac = mac_option(p);
	struct ip dst = ip_option(p, "dst");
	const struct vxlan_fdb_entry *e = simkernel_vxlan_fdb(&p->kernel, SIM_VXLAN, &mac);

	if (has(p, "none") ? e != NULL : e == NULL)
		fail(p, "VXLAN FDB entry is %s", e != NULL ? "there" : "not there");
	else if (e != NULL && !ip_equal(&e->dst, &dst))
		fail(p, "VXLAN FDB entry has another destination");
}

static void expect_neigh(struct player *p)
{
	struct ip ip = ip_option(p, "ip");
	const struct neigh_entry *e = simkernel_neigh(&p->kernel, SIM_SVI, &ip);
	bool ours = e != NULL && (e->ntf & NTF_EXT_LEARNED) != 0;

	if (has(p, "none") ? e != NULL : e == NULL)
		fail(p, "neighbour is %s", e != NULL ? "there" : "not there");
	else if (has(p, "permanent") && (e->nud != NUD_PERMANENT || ours))
		fail(p, "neighbour is nud %#x ntf %#x", e->nud, e->ntf);
	else if (has(p, "ours") && !ours)
		fail(p, "neighbour is not ours: nud %#x ntf %#x", e->nud, e->ntf);
}

/* expect untouched fdb|neigh …: no operation of ours named the slot since `mark` */
static void expect_untouched(struct player *p)
{
	struct slot_key key;
	struct mac mac;
	struct ip ip;

	if (has(p, "fdb")) {
		mac = mac_option(p);
		key =
		    slot_key_fdb((ifindex_t){SIM_BRIDGE}, (uint16_t)atoi(option(p, "vlan")), &mac);
	} else {
		ip = ip_option(p, "ip");
		key = slot_key_neigh((ifindex_t){SIM_SVI}, &ip);
	}
	for (size_t i = 0; i < p->touched_count; i++)
		if (slot_key_equal(&p->touched[i], &key))
			fail(p, "an operation of ours named the slot");
}

static void do_expect(struct player *p)
{
	const char *what = word(p, 2);

	if (strcmp(what, "advertised") == 0)
		expect_advertised(p, true);
	else if (strcmp(what, "withdrawn") == 0)
		expect_advertised(p, false);
	else if (strcmp(what, "fdb") == 0)
		expect_fdb(p);
	else if (strcmp(what, "vxlan") == 0)
		expect_vxlan(p);
	else if (strcmp(what, "neigh") == 0)
		expect_neigh(p);
	else if (strcmp(what, "untouched") == 0)
		expect_untouched(p);
	else
		fail(p, "unknown expectation %s", what);
}

/* ---- steps
 * ---------------------------------------------------------------------------------------------------------
 */

static char *file_text(struct player *p, const char *name)
{
	char *copy = mem_strdup(p->file);
	struct str path = {0}, text = {0};
	char chunk[4096];
	size_t n;
	FILE *f;

	str_addf(&path, "%s/%s", dirname(copy), name);
	f = fopen(str_text(&path), "r");
	if (f == NULL)
		fail(p, "%s: %s", str_text(&path), strerror(errno));
	while (f != NULL && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		str_add_bytes(&text, chunk, n);
	if (f != NULL)
		fclose(f);
	str_fini(&path);
	mem_free(copy);
	str_add(&text, "");
	return text.text;
}

/* start CONFIG */
static void do_start(struct player *p)
{
	struct event e = {.kind = EVENT_START};
	char *text = file_text(p, word(p, 2));

	p->engine = engine_new();
	e.start.seed = 1;
	e.start.bgp_port = 179;
	e.start.state_writable = true;
	strcpy(e.start.boot_id, "replay");
	turn(p, &e);
	e = (struct event){.kind = EVENT_STATE};
	turn(p, &e);
	e = (struct event){.kind = EVENT_CONFIG, .config = {.file = word(p, 2), .text = text}};
	happen(p, &e);
	mem_free(text);
}

static void step(struct player *p)
{
	const char *verb = word(p, 1);
	mono_t at = {(int64_t)(atof(word(p, 0)) * 1e6 + 0.5) * 1000};

	if (mono_before(at, p->now)) {
		fail(p, "time goes back");
		return;
	}
	if (p->engine != NULL)
		pass_until(p, at);
	p->now = at;
	if (strcmp(verb, "start") == 0)
		do_start(p);
	else if (strcmp(verb, "peer") == 0)
		do_peer(p);
	else if (strcmp(verb, "fdb") == 0)
		do_fdb(p);
	else if (strcmp(verb, "neigh") == 0)
		do_neigh(p);
	else if (strcmp(verb, "refuse") == 0)
		do_refuse(p);
	else if (strcmp(verb, "window") == 0)
		do_window(p);
	else if (strcmp(verb, "mark") == 0)
		p->touched_count = 0;
	else if (strcmp(verb, "expect") == 0)
		do_expect(p);
	else
		fail(p, "unknown verb %s", verb);
}

static void split(struct player *p, char *line)
{
	char *rest = strchr(line, '#');

	if (rest != NULL)
		*rest = '\0';
	p->word_count = 0;
	while ((rest = strsep(&line, " \t\n")) != NULL)
		if (*rest != '\0' && p->word_count < WORDS_MAX)
			p->words[p->word_count++] = rest;
}

static void player_init(struct player *p, const char *file, bool verbose)
{
	struct ip vtep = ip_from_u32(0x0a000001);

	*p = (struct player){.file = file, .verbose = verbose};
	p->last = &p->first;
	p->kernel.context = p;
	p->kernel.notify = kernel_notify;
	p->kernel.window = in_window;
	p->kernel.portid = 1000;
	simkernel_init(&p->kernel, &vtep, PEERS);
	simkernel_underlay(&p->kernel, PEERS);
	for (size_t i = 0; i < PEERS; i++) {
		struct peer *peer = &p->peers[i];
		struct sim_link *l = simkernel_link(&p->kernel, SIM_UPLINK1 + (uint32_t)i);

		peer->interface = l->link.name;
		peer->ifindex = l->link.ifindex.v;
		ip_parse(i == 0 ? "fe80::4" : "fe80::5", &peer->address);
		ip_parse(i == 0 ? "fe80::1:4" : "fe80::1:5", &l->addrs[0].addr);
	}
}

/* Steps of one file; `include FILE` plays another one in its place. Counts expectations. */
static void play_file(struct player *p, const char *file, unsigned *expectations)
{
	const char *outer_file = p->file;
	unsigned outer_line = p->line;
	char line[1024];
	FILE *f = fopen(file, "r");

	if (f == NULL)
		fail(p, "%s: %s", file, strerror(errno));
	p->file = file;
	p->line = 0;
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		p->line++;
		if (p->verbose)
			printf("%3u %s", p->line, line);
		split(p, line);
		if (p->word_count == 2 && strcmp(p->words[0], "include") == 0) {
			char *copy = mem_strdup(file);
			struct str path = {0};

			str_addf(&path, "%s/%s", dirname(copy), p->words[1]);
			play_file(p, str_text(&path), expectations);
			str_fini(&path);
			mem_free(copy);
		} else if (p->word_count > 0) {
			*expectations += strcmp(word(p, 1), "expect") == 0;
			step(p);
		}
	}
	if (f != NULL)
		fclose(f);
	p->file = outer_file;
	p->line = outer_line;
}

static bool play(const char *file, bool verbose)
{
	static struct player p;
	unsigned expectations = 0;

	player_init(&p, file, verbose);
	play_file(&p, file, &expectations);
	if (p.refuse != 0 || p.window.armed)
		fail(&p, "no operation came to be refused, or to have a window");
	if (p.engine != NULL)
		engine_free(p.engine);
	for (size_t i = 0; i < PEERS; i++)
		str_fini(&p.peers[i].in);
	str_fini(&p.state);
	printf("%s: %s, %u expectations\n", file, p.failed ? "FAILED" : "ok", expectations);
	return !p.failed && expectations > 0;
}

int main(int argc, char **argv)
{
	bool ok = true, verbose = argc > 1 && strcmp(argv[1], "-v") == 0;

	for (int i = verbose ? 2 : 1; i < argc; i++)
		ok = play(argv[i], verbose) && ok;
	return ok && argc > 1 ? 0 : 1;
}
