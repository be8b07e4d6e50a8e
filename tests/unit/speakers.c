/*
 * The wire between speakers (speakers.h): one queue of events for all, first in, first out.
 */
#include "speakers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "bgp/message.h"
#include "bgp/update.h"

enum world_event_kind { W_CONNECTED, W_ACCEPTED, W_BYTES, W_CLOSED };

struct world_event {
	struct world_event *next;
	enum world_event_kind kind;
	int index, side;
	int error;
	size_t size;
	uint8_t bytes[];
};

struct context {
	struct world *w;
	int node;
};

static struct context contexts[NODES_MAX];

static void push(struct world *w, enum world_event_kind kind, int index, int side, int error,
    const void *bytes, size_t size)
{
	struct world_event *e = mem_new(sizeof(*e) + size);

	e->kind = kind;
	e->index = index;
	e->side = side;
	e->error = error;
	e->size = size;
	if (size != 0)
		memcpy(e->bytes, bytes, size);
	if (w->last == NULL)
		w->first = e;
	else
		w->last->next = e;
	w->last = e;
}

static struct ip link_local(int node, int iface)
{
	uint8_t b[16] = {0xfe, 0x80, [14] = (uint8_t)(node + 1), [15] = (uint8_t)iface};

	return ip_from_bytes(b, 16);
}

static int conn_new(struct world *w, int from, uint32_t id, int to)
{
	struct world_conn *c = &w->conns[w->conn_count];

	check(w->conn_count < CONNS_MAX);
	*c = (struct world_conn){.open = true, .node = {from, to}};
	c->conn[0] = id;
	c->conn[1] = 0x80000000u + (uint32_t)w->conn_count;
	return w->conn_count++;
}

static int node_at(struct world *w, int from, const struct ip *remote, ifindex_t ifindex)
{
	struct node *n = &w->node[from];

	if (ip_is_link_local(remote)) {
		check(ifindex.v < IFACES_MAX);
		return n->ifaces[ifindex.v].up ? n->ifaces[ifindex.v].peer : -1;
	}
	for (int i = 0; i < w->nodes; i++)
		if (ip_equal(&w->node[i].address, remote))
			return i;
	return -1;
}

static void on_connect(void *context, const struct bgp_connect *to)
{
	struct context *c = context;
	struct world *w = c->w;
	int target = node_at(w, c->node, &to->remote, to->ifindex);
	int index = conn_new(w, c->node, to->conn, target);

	w->node[c->node].connects++;
	w->node[c->node].last_connect = *to;
	if (target < 0 || w->node[target].refuses) {
		push(w, W_CLOSED, index, 0, ECONNREFUSED, NULL, 0);
		return;
	}
	w->conns[index].accepted = true;
	push(w, W_CONNECTED, index, (int)to->ifindex.v, 0, NULL, 0);
}

static int conn_find(struct world *w, int node, uint32_t id, int *side)
{
	for (int i = w->conn_count - 1; i >= 0; i--)
		for (*side = 0; *side < 2; (*side)++)
			if (w->conns[i].node[*side] == node && w->conns[i].conn[*side] == id)
				return i;
	return -1;
}

static void on_send(void *context, uint32_t conn, const uint8_t *bytes, size_t size)
{
	struct context *c = context;
	struct node *n = &c->w->node[c->node];
	int side, index = conn_find(c->w, c->node, conn, &side);

	check(index >= 0);
	n->bytes_out += size;
	for (size_t at = 0; at < size;) {
		struct notification error;
		struct message m;

		check(message_frame(bytes + at, size - at, MESSAGE_MAX_EXTENDED, &m, &error) ==
		      FRAMING_MESSAGE);
		n->messages_out++;
		n->updates_out += m.type == MESSAGE_UPDATE;
		at += m.size;
	}
	if (c->w->conns[index].open)
		push(c->w, W_BYTES, index, 1 - side, 0, bytes, size);
}

static void on_close(void *context, uint32_t conn)
{
	struct context *c = context;
	int side, index = conn_find(c->w, c->node, conn, &side);

	check(index >= 0);
	c->w->conns[index].conn[side] = 0;
	str_clear(&c->w->conns[index].note[side]);
	push(c->w, W_CLOSED, index, 1 - side, 0, NULL, 0);
}

static void on_set_options(void *context, uint32_t conn, const struct tcp_options *options)
{
	struct context *c = context;
	int side, index = conn_find(c->w, c->node, conn, &side);

	check(index >= 0 && (side == 1 || c->w->keeps));
	c->w->conns[index].accepted_options = *options;
}

static void on_set_auth(void *context, const struct prefix *remote, const struct tcp_auth *auth)
{
	struct context *c = context;
	char text[PREFIX_TEXT_MAX];

	str_addf(&c->w->node[c->node].keys, "%s %s\n", prefix_text(remote, text),
	    auth == NULL ? "-" : auth->keys[0].secret);
}

static void on_handover(void *context, uint32_t conn, const uint8_t *note, size_t size)
{
	struct context *c = context;
	int side, index = conn_find(c->w, c->node, conn, &side);

	check(index >= 0);
	str_clear(&c->w->conns[index].note[side]);
	str_add_bytes(&c->w->conns[index].note[side], note, size);
}

static bool on_told(void *context, const struct nlri *nlri)
{
	struct context *c = context;
	struct node *n = &c->w->node[c->node];

	if (nlri->evpn.type > EVPN_IP_PREFIX || n->told_count == TOLD_MAX)
		return false;
	n->told[n->told_count++] = *nlri;
	return true;
}

static void push_first(struct world *w, int index, int side, const struct str *bytes)
{
	struct world_event *first = w->first, *last = w->last;

	w->first = w->last = NULL;
	push(w, W_BYTES, index, side, 0, str_text(bytes), bytes->size);
	w->first->next = first;
	if (last != NULL)
		w->last = last;
}

static void on_resume(void *context, uint32_t conn)
{
	struct context *c = context;
	int side, index = conn_find(c->w, c->node, conn, &side);
	struct world_conn *k = &c->w->conns[index];

	check(index >= 0 && k->paused[side]);
	k->paused[side] = false;
	if (k->waiting[side].size > 0)
		push_first(c->w, index, side, &k->waiting[side]);
	str_clear(&k->waiting[side]);
}

static void on_gone(void *context, const struct bgp_nexthop *address)
{
	struct context *c = context;
	struct node *n = &c->w->node[c->node];

	n->gone = address->ip;
	n->best_calls_when_gone = n->best_calls;
}

static void on_best(void *context, const struct bgp_best *best)
{
	struct context *c = context;

	c->w->node[c->node].best_calls++;
	if (c->w->on_best != NULL)
		c->w->on_best(c->w, c->node, best);
}

static void on_peer(void *context, const char *peer, bool established, const char *why)
{
	struct context *c = context;
	struct node *n = &c->w->node[c->node];

	(void)peer;
	n->up_calls += established;
	n->down_calls += !established;
	snprintf(n->last_why, sizeof(n->last_why), "%s", why);
}

static void on_log(void *context, enum log_level level, enum log_topic topic, const char *text)
{
	struct context *c = context;

	(void)level;
	(void)topic;
	str_add(&c->w->node[c->node].logged, text);
	str_add(&c->w->node[c->node].logged, "\n");
}

struct world *world_new(int nodes)
{
	struct world *w = mem_new(sizeof(*w));

	w->nodes = nodes;
	w->now = (mono_t){1000000000};
	for (int i = 0; i < nodes; i++) {
		struct node *n = &w->node[i];

		n->address = ip_from_u32(0x0a000001u + (uint32_t)i);
		n->as = 65001u + (uint32_t)i;
		n->conn = -1;
		for (int k = 0; k < IFACES_MAX; k++)
			n->ifaces[k].peer = -1;
	}
	return w;
}

void world_free(struct world *w)
{
	for (int i = 0; i < w->nodes; i++) {
		if (w->node[i].bgp != NULL)
			bgp_free(w->node[i].bgp);
		bgp_settings_fini(&w->node[i].settings);
		str_fini(&w->node[i].logged);
		str_fini(&w->node[i].keys);
	}
	for (int i = 0; i < w->conn_count; i++)
		for (int side = 0; side < 2; side++) {
			str_fini(&w->conns[i].note[side]);
			str_fini(&w->conns[i].waiting[side]);
		}
	for (struct world_event *e; (e = w->first) != NULL;) {
		w->first = e->next;
		mem_free(e);
	}
	arena_fini(&w->arena);
	mem_free(w);
}

void world_speaker(struct world *w, int node)
{
	struct node *n = &w->node[node];
	struct bgp_start start = {
	    .seed = 42 + (uint64_t)node, .log = &n->log, .originating = w->originating};

	contexts[node] = (struct context){w, node};
	n->log = (struct log){&contexts[node], on_log, 0};
	start.host = (struct bgp_host){.context = &contexts[node],
	    .connect = on_connect,
	    .send = on_send,
	    .close = on_close,
	    .best_changed = on_best,
	    .set_options = on_set_options,
	    .set_auth = on_set_auth,
	    .handover = w->keeps ? on_handover : NULL,
	    .told = on_told,
	    .resume = on_resume,
	    .peer_gone = on_gone,
	    .peer_changed = on_peer};
	n->bgp = bgp_new(&start);
	n->settings.enabled = true;
	n->settings.as = n->as;
	n->settings.router_id = n->address;
	n->settings.log_neighbor_changes = true;
	snprintf(n->settings.hostname, sizeof(n->settings.hostname), "node%d", node);
	for (int f = 0; f < BGP_FAMILIES; f++)
		n->settings.maximum_paths[f] = n->settings.maximum_paths_ibgp[f] = 64;
}

static struct neighbor_settings *neighbor_new(struct world *w, int node, const char *name)
{
	struct bgp_settings *s = &w->node[node].settings;
	size_t at = s->neighbor_count;

	s->neighbors = mem_resize(s->neighbors, (at + 1) * sizeof(*s->neighbors));
	for (; at > 0 && strcmp(s->neighbors[at - 1].name, name) > 0; at--)
		s->neighbors[at] = s->neighbors[at - 1];
	s->neighbor_count++;
	s->neighbors[at] = (struct neighbor_settings){.name = mem_strdup(name),
	    .ttl = 1,
	    .port = 179,
	    .keepalive_s = 3,
	    .hold_s = 9,
	    .connect_retry_s = 10,
	    .enforce_first_as = true};
	s->neighbors[at].family[BGP_IPV4_UNICAST].activate = true;
	s->neighbors[at].family[BGP_L2VPN_EVPN].activate = true;
	return &s->neighbors[at];
}

struct neighbor_settings *world_neighbor(struct world *w, int node, int to)
{
	char name[IP_TEXT_MAX];
	struct neighbor_settings *s = neighbor_new(w, node, ip_text(&w->node[to].address, name));

	s->address = w->node[to].address;
	s->remote_as_kind = REMOTE_AS_NUMBER;
	s->remote_as = w->node[to].as;
	return s;
}

struct neighbor_settings *world_unnumbered(struct world *w, int node, int iface)
{
	char name[16];
	struct neighbor_settings *s;

	snprintf(name, sizeof(name), "eth%d", iface);
	s = neighbor_new(w, node, name);
	s->unnumbered = true;
	s->extended_nexthop = true;
	s->remote_as_kind = REMOTE_AS_EXTERNAL;
	return s;
}

static void tell_interface(struct world *w, int node, int iface, bool up, const char *addresses)
{
	char name[16], text[PREFIX_TEXT_MAX];
	struct prefix all[IFACE_ADDRESSES_MAX] = {{.addr = link_local(node, iface), .len = 64}};
	struct bgp_interface i = {.ifindex = {(uint32_t)iface},
	    .name = name,
	    .up = up,
	    .addresses = all,
	    .address_count = 1};
	int at = 0, size;

	snprintf(name, sizeof(name), "eth%d", iface);
	while (addresses != NULL && sscanf(addresses + at, " %49[^ /]%n", text, &size) == 1) {
		struct prefix *p = &all[i.address_count++];

		check(i.address_count <= IFACE_ADDRESSES_MAX && ip_parse(text, &p->addr));
		at += size;
		check(sscanf(addresses + at, "/%hhu%n", &p->len, &size) == 1);
		at += size;
	}
	w->node[node].ifaces[iface].up = up;
	if (w->node[node].bgp != NULL)
		bgp_interface_changed(w->node[node].bgp, &i, w->now);
}

void world_link(struct world *w, int a, int iface_a, int b, int iface_b)
{
	w->node[a].ifaces[iface_a].peer = b;
	w->node[a].ifaces[iface_a].peer_if = iface_b;
	w->node[b].ifaces[iface_b].peer = a;
	w->node[b].ifaces[iface_b].peer_if = iface_a;
}

void world_link_set(struct world *w, int a, int iface_a, bool up, bool ra)
{
	int b = w->node[a].ifaces[iface_a].peer, iface_b = w->node[a].ifaces[iface_a].peer_if;
	struct ip la = link_local(a, iface_a), lb = link_local(b, iface_b);

	tell_interface(w, a, iface_a, up, NULL);
	tell_interface(w, b, iface_b, up, NULL);
	if (!up || !ra)
		return;
	if (w->node[a].bgp != NULL)
		bgp_neighbor_seen(
		    w->node[a].bgp, (ifindex_t){(uint32_t)iface_a}, &lb, 1800, w->now);
	if (w->node[b].bgp != NULL)
		bgp_neighbor_seen(
		    w->node[b].bgp, (ifindex_t){(uint32_t)iface_b}, &la, 1800, w->now);
}

void world_link_addresses(struct world *w, int a, int iface, const char *addresses)
{
	tell_interface(w, a, iface, true, addresses);
}

void world_configure(struct world *w, int node)
{
	bgp_configure(w->node[node].bgp, &w->node[node].settings, w->now);
}

void world_chain(struct world *w, int nodes)
{
	for (int i = 0; i < nodes; i++)
		world_speaker(w, i);
	for (int i = 0; i < nodes; i++) {
		if (i > 0)
			world_neighbor(w, i, i - 1);
		if (i + 1 < nodes)
			world_neighbor(w, i, i + 1);
		world_configure(w, i);
	}
}

/* ---- delivery ---- */

static void scripted(struct world *w, struct node *n, const struct world_event *e)
{
	(void)w;
	if (e->kind == W_BYTES && n->conn == e->index) {
		check(n->rx_size + e->size <= sizeof(n->rx));
		memcpy(n->rx + n->rx_size, e->bytes, e->size);
		n->rx_size += e->size;
	} else if (e->kind == W_CLOSED && n->conn == e->index) {
		n->closed = true;
	}
}

static void connected(struct world *w, struct world_conn *c, int index, int iface)
{
	struct node *a = &w->node[c->node[0]], *b = &w->node[c->node[1]];
	struct ip la = a->address, lb = b->address;
	int iface_b = 0;

	if (iface != 0) {
		iface_b = a->ifaces[iface].peer_if;
		la = link_local(c->node[0], iface);
		lb = link_local(c->node[1], iface_b);
	}
	c->ends[0] = la;
	c->ends[1] = lb;
	if (a->bgp != NULL)
		bgp_connected(a->bgp, c->conn[0], &la, &lb, w->now);
	if (b->bgp != NULL)
		bgp_accepted(b->bgp, c->conn[1], &lb, &la, (ifindex_t){(uint32_t)iface_b}, w->now);
	else {
		b->conn = index;
		b->closed = false;
	}
}

static void deliver(struct world *w, const struct world_event *e)
{
	struct world_conn *c = &w->conns[e->index];
	struct node *n;

	if (e->kind == W_CONNECTED) {
		/* the side is the interface here; 0 for numbered */
		if (c->conn[0] != 0 || w->node[c->node[0]].bgp == NULL)
			connected(w, c, e->index, e->side);
		return;
	}
	if (e->kind == W_CLOSED)
		c->open = false;
	if (c->node[e->side] < 0 || c->conn[e->side] == 0)
		return;
	n = &w->node[c->node[e->side]];
	if (n->bgp == NULL) {
		scripted(w, n, e);
	} else if (e->kind == W_BYTES && c->paused[e->side]) {
		str_add_bytes(&c->waiting[e->side], e->bytes, e->size);
	} else if (e->kind == W_BYTES) {
		bgp_received(n->bgp, c->conn[e->side], e->bytes, e->size, w->now);
	} else {
		uint32_t id = c->conn[e->side];

		c->conn[e->side] = 0;
		bgp_closed(n->bgp, id, e->error, w->now);
	}
}

static void drain(struct world *w)
{
	for (int i = 0; i < w->conn_count; i++)
		for (int side = 0; side < 2; side++) {
			struct world_conn *c = &w->conns[i];

			if (c->open && c->conn[side] != 0 && c->node[side] >= 0 &&
			    w->node[c->node[side]].bgp != NULL && !w->node[c->node[side]].slow)
				bgp_drained(w->node[c->node[side]].bgp, c->conn[side], w->now);
		}
}

static bool run_all(struct world *w)
{
	bool busy = false;

	for (int i = 0; i < w->nodes; i++)
		if (w->node[i].bgp != NULL)
			busy |= bgp_run(w->node[i].bgp, w->now);
	return busy;
}

void world_settle(struct world *w)
{
	bool busy = true;

	for (unsigned rounds = 0; busy || (w->first != NULL && !w->hold); rounds++) {
		struct world_event *e = w->hold ? NULL : w->first;

		check(rounds < 1000000);
		if (e != NULL) {
			w->first = e->next;
			if (w->first == NULL)
				w->last = NULL;
			deliver(w, e);
			mem_free(e);
		}
		drain(w);
		busy = run_all(w);
	}
}

void world_advance(struct world *w, int64_t ms)
{
	mono_t end = mono_add_ms(w->now, ms);

	world_settle(w);
	while (mono_before(w->now, end)) {
		mono_t next = end;

		for (int i = 0; i < w->nodes; i++)
			if (w->node[i].bgp != NULL)
				next = mono_min(next, bgp_deadline(w->node[i].bgp));
		if (mono_before(w->now, next))
			w->now = next;
		else
			w->now = mono_add_ms(w->now, 1);
		world_settle(w);
	}
}

void world_cut(struct world *w, int a, int b)
{
	for (int i = 0; i < w->conn_count; i++) {
		struct world_conn *c = &w->conns[i];

		if (!c->open ||
		    !((c->node[0] == a && c->node[1] == b) || (c->node[0] == b && c->node[1] == a)))
			continue;
		push(w, W_CLOSED, i, 0, ECONNRESET, NULL, 0);
		push(w, W_CLOSED, i, 1, ECONNRESET, NULL, 0);
	}
}

static void end_conns(struct world *w, int node, bool all)
{
	for (int i = 0; i < w->conn_count; i++)
		for (int side = 0; side < 2; side++)
			if (w->conns[i].node[side] == node && w->conns[i].conn[side] != 0 &&
			    (all || w->conns[i].note[side].size == 0)) {
				w->conns[i].conn[side] = 0;
				push(w, W_CLOSED, i, 1 - side, 0, NULL, 0);
			}
}

void world_kill(struct world *w, int node)
{
	struct node *n = &w->node[node];

	bgp_free(n->bgp);
	n->bgp = NULL;
	n->refuses = true;
	n->conn = -1;
	end_conns(w, node, true);
}

int world_replace(struct world *w, int node)
{
	int count = 0;

	bgp_free(w->node[node].bgp);
	end_conns(w, node, false);
	world_speaker(w, node);
	for (int i = 0; i < w->conn_count; i++)
		for (int side = 0; side < 2; side++) {
			struct world_conn *c = &w->conns[i];

			if (c->node[side] != node || c->conn[side] == 0)
				continue;
			c->conn[side] = 0xc0000000u + (uint32_t)i;
			c->paused[side] = true;
			bgp_inherit(w->node[node].bgp,
			    &(struct bgp_inherited){.conn = c->conn[side],
				.local = c->ends[side],
				.remote = c->ends[1 - side],
				.note = (const uint8_t *)str_text(&c->note[side]),
				.size = c->note[side].size});
			count++;
		}
	return count;
}

void world_revive(struct world *w, int node)
{
	w->node[node].refuses = false;
	world_speaker(w, node);
}

struct bgp_peer_view world_peer_at(struct world *w, int node, size_t index)
{
	struct bgp_peer_view v;

	check(bgp_peer_at(w->node[node].bgp, index, &v));
	return v;
}

struct bgp_peer_view world_peer(struct world *w, int node, int to)
{
	struct bgp_peer_view v = {0};

	for (size_t i = 0; bgp_peer_at(w->node[node].bgp, i, &v); i++)
		if (ip_equal(&v.address, &w->node[to].address))
			return v;
	return (struct bgp_peer_view){0};
}

bool world_established(struct world *w, int node, int to)
{
	return world_peer(w, node, to).state == BGP_ESTABLISHED;
}

/* ---- routes ---- */

static struct nlri nlri_of(const char *text)
{
	struct nlri n = {0};

	check(prefix_parse(text, &n.prefix));
	n.family = n.prefix.addr.family == IP_V4 ? BGP_IPV4_UNICAST : BGP_IPV6_UNICAST;
	return n;
}

void world_originate_with(struct world *w, int node, const char *prefix, const struct attrs *a)
{
	struct nlri n = nlri_of(prefix);

	bgp_originate(w->node[node].bgp, &n, a);
}

void world_originate(struct world *w, int node, const char *prefix)
{
	world_originate_with(w, node, prefix, &(struct attrs){0});
}

void world_withdraw(struct world *w, int node, const char *prefix)
{
	struct nlri n = nlri_of(prefix);

	bgp_withdraw(w->node[node].bgp, &n);
}

struct tcp_auth *world_password(const char *password)
{
	struct tcp_auth *auth = mem_new(sizeof(*auth));

	auth->count = 1;
	snprintf(auth->keys[0].secret, sizeof(auth->keys[0].secret), "%s", password);
	return auth;
}

struct nlri world_mac(const char *rd, const char *mac, uint32_t vni)
{
	struct nlri n = {.family = BGP_L2VPN_EVPN, .evpn = {.type = EVPN_MAC_IP, .label1 = vni}};

	check(rd_parse(rd, &n.evpn.rd) && mac_parse(mac, &n.evpn.mac));
	return n;
}

static void visit(
    void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count)
{
	struct str *out = context;

	for (size_t i = 0; i < count; i++) {
		nlri_text(nlri, out);
		str_add(out, " path ");
		as_path_text(routes[i].route.attrs, out);
		str_addf(out, " from %s%s\n", routes[i].peer == NULL ? "here" : routes[i].peer,
		    routes[i].best	  ? "*"
		    : routes[i].multipath ? "="
					  : "");
	}
}

const char *world_routes(struct world *w, int node, enum bgp_family family)
{
	static struct str out;
	char *text;

	str_clear(&out);
	bgp_walk(w->node[node].bgp, family, &w->arena, &out, visit);
	text = arena_new(&w->arena, out.size + 1);
	memcpy(text, str_text(&out), out.size);
	str_fini(&out);
	return text;
}

/* ---- scripted nodes ---- */

void world_connect(struct world *w, int node, int to)
{
	struct node *n = &w->node[node];

	n->conn = conn_new(w, node, 1, to);
	n->closed = false;
	n->rx_size = 0;
	push(w, W_CONNECTED, n->conn, 0, 0, NULL, 0);
	world_settle(w);
}

void world_say(struct world *w, int node, const void *bytes, size_t size)
{
	struct node *n = &w->node[node];
	int side = w->conns[n->conn].node[0] == node ? 0 : 1;

	push(w, W_BYTES, n->conn, 1 - side, 0, bytes, size);
	world_settle(w);
}

struct open world_open(struct world *w, int node)
{
	struct open o = {.as = w->node[node].as,
	    .hold_s = 9,
	    .router_id = w->node[node].address,
	    .as4 = true,
	    .route_refresh = true,
	    .extended_message = true};

	o.families[BGP_IPV4_UNICAST] = o.families[BGP_L2VPN_EVPN] = true;
	return o;
}

void world_say_open(struct world *w, int node, const struct open *o)
{
	uint8_t b[MESSAGE_MAX];
	struct writer out = writer_to(b, sizeof(b));

	open_encode(&out, o);
	world_say(w, node, b, writer_size(&out));
}

void world_say_keepalive(struct world *w, int node)
{
	uint8_t b[MESSAGE_HEADER_SIZE];
	struct writer out = writer_to(b, sizeof(b));

	keepalive_encode(&out);
	world_say(w, node, b, writer_size(&out));
}

void world_say_mac(struct world *w, int node, const struct nlri *n, const struct attrs *a)
{
	static uint8_t b[MESSAGE_MAX_EXTENDED];
	struct update_context c = {.as4 = true, .max_size = MESSAGE_MAX_EXTENDED};
	struct update_writer u;

	c.families[n->family] = true;
	if (a == NULL)
		update_begin_unreach(&u, b, &c, n->family);
	else
		update_begin_reach(&u, b, &c, n->family, a);
	check(update_add(&u, n));
	world_say(w, node, b, update_end(&u));
}

void world_hang_up(struct world *w, int node)
{
	struct node *n = &w->node[node];
	int side = w->conns[n->conn].node[0] == node ? 0 : 1;

	push(w, W_CLOSED, n->conn, 1 - side, 0, NULL, 0);
	n->conn = -1;
	world_settle(w);
}

void world_handshake(struct world *w, int node, int to)
{
	struct open o = world_open(w, node);

	world_connect(w, node, to);
	world_say_open(w, node, &o);
	world_say_keepalive(w, node);
}

unsigned world_notified(struct world *w, int node, unsigned count[6])
{
	const struct node *n = &w->node[node];
	struct notification error, got;
	struct message m;
	unsigned result = 0;

	memset(count, 0, 6 * sizeof(*count));
	for (size_t at = 0; at < n->rx_size; at += m.size) {
		if (message_frame(n->rx + at, n->rx_size - at, MESSAGE_MAX_EXTENDED, &m, &error) !=
		    FRAMING_MESSAGE)
			break;
		count[m.type]++;
		if (m.type == MESSAGE_NOTIFICATION && result == 0 &&
		    notification_decode(m.body, m.body_size, &got))
			result = got.code * 256u + got.subcode;
	}
	return result;
}
