/*
 * The fabric: three hypervisors to two leaves, the leaves to two spines, eBGP unnumbered on every
 * cable. With two ways between any two leaves a withdrawal is hunted: a leaf that loses the direct
 * path falls back to the one through a spine until that is withdrawn too.
 *
 * A connection carries bytes in order in both directions, each chunk with a delay of its own.
 */
#include "sim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

struct sim_conn {
	struct sim_conn *next;
	struct sim_node *node[2];
	uint32_t generation[2];
	uint32_t id[2];
	size_t cable;
	int64_t last_ns[2]; /* arrival of the newest chunk towards this end */
	unsigned flying[2]; /* chunks under way towards this end */
	int64_t opened_ns;
	bool told[2]; /* this end's engine knows the connection */
	bool open;
	struct str note[2];    /* what this end's engine has handed over; empty: nothing */
	bool kept[2];	       /* the daemon of this end is down, and the connection waits for it */
	bool paused[2];	       /* inherited, and nothing is read yet */
	struct str waiting[2]; /* what came to this end meanwhile */
};

struct chunk {
	struct sim_conn *conn;
	int end; /* receiving end */
	size_t size;
	uint8_t bytes[];
};

/* ---- cables
 * -------------------------------------------------------------------------------------- */

static struct ip link_local(const struct sim_node *n, uint32_t ifindex)
{
	uint8_t b[16] = {0xfe, 0x80};

	b[14] = (uint8_t)(n->index + 1);
	b[15] = (uint8_t)ifindex;
	return ip_from_bytes(b, 16);
}

static uint32_t uplink_add(struct sim_node *n, size_t *used)
{
	return SIM_UPLINK1 + (uint32_t)used[n->index]++;
}

static void cable_add(struct sim *s, size_t *count, size_t a, size_t b, size_t *used)
{
	struct sim_cable *c = &s->cables[(*count)++];

	c->node[0] = &s->nodes[a];
	c->node[1] = &s->nodes[b];
	c->ifindex[0] = uplink_add(c->node[0], used);
	c->ifindex[1] = uplink_add(c->node[1], used);
	c->up = true;
}

static __attribute__((format(printf, 2, 3))) void config_add(
    struct sim_node *n, const char *format, ...)
{
	size_t at = strlen(n->config);
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(n->config + at, sizeof(n->config) - at, format, args);
	va_end(args);
	check(size >= 0 && at + (size_t)size < sizeof(n->config));
}

static void config_route_maps(struct sim_node *n)
{
	if ((n->policy & POLICY_TAG) != 0)
		config_add(
		    n, "route-map LEAF-IN permit 1\n set community 65000:1 no-export additive\n");
	else
		config_add(n, "route-map LEAF-IN permit 1\n set community no-export additive\n");
	config_add(n, "exit\nroute-map NOTHING deny 1\nexit\n");
}

static size_t uplink_count(const struct sim_node *n)
{
	size_t count = 0;

	for (size_t i = 0; i < SIM_LINKS; i++)
		count += n->sim->cables[i].node[0] == n || n->sim->cables[i].node[1] == n;
	return count;
}

static void config_neighbors(struct sim_node *n)
{
	config_add(n, " neighbor FABRIC peer-group\n neighbor FABRIC remote-as external\n");
	if ((n->policy & POLICY_HOLD) != 0)
		config_add(n, " neighbor FABRIC timers 3 12\n");
	else if ((n->policy & POLICY_KEEPALIVE) != 0)
		config_add(n, " neighbor FABRIC timers 2 9\n");
	for (size_t i = 0; i < uplink_count(n); i++)
		config_add(n, " neighbor eth%zu interface peer-group FABRIC\n", 4 + i);
}

static void config_ingress(struct sim_node *n)
{
	config_add(n, "  neighbor FABRIC route-map LEAF-IN in\n");
	if ((n->policy & POLICY_DENY) != 0)
		config_add(n, "  neighbor eth4 route-map NOTHING in\n");
}

void fabric_configure(struct sim_node *n)
{
	char text[IP_TEXT_MAX];
	bool hypervisor = n->vtep.family != IP_NONE;

	n->config[0] = '\0';
	config_add(n, "frr defaults datacenter\nhostname %s\nevpn audit-interval 10\n", n->name);
	config_route_maps(n);
	config_add(n, "router bgp %zu\n bgp router-id 10.0.%d.%zu\n", 65001 + n->index,
	    hypervisor ? 0 : 1, n->index + 1);
	config_add(n, " bgp bestpath as-path multipath-relax\n");
	if (n->sim->swarm.graceful)
		config_add(n, " bgp graceful-restart\n bgp graceful-restart preserve-fw-state\n");
	config_neighbors(n);
	if (hypervisor) {
		config_add(
		    n, " address-family ipv4 unicast\n  network %s/32\n", ip_text(&n->vtep, text));
		config_ingress(n);
		config_add(n, " exit-address-family\n");
	}
	config_add(n, " address-family l2vpn evpn\n  neighbor FABRIC activate\n");
	if (hypervisor) {
		config_ingress(n);
		config_add(n, "  advertise-all-vni\n");
	}
	config_add(n, " exit-address-family\nexit\n");
}

void fabric_build(struct sim *s)
{
	size_t used[SIM_NODES] = {0}, count = 0;

	for (size_t leaf = SIM_HYPERVISORS; leaf < SIM_HYPERVISORS + SIM_LEAVES; leaf++) {
		for (size_t hv = 0; hv < SIM_HYPERVISORS; hv++)
			cable_add(s, &count, hv, leaf, used);
		for (size_t spine = SIM_HYPERVISORS + SIM_LEAVES; spine < SIM_NODES; spine++)
			cable_add(s, &count, leaf, spine, used);
	}
	for (size_t i = 0; i < SIM_NODES; i++) {
		struct sim_node *n = &s->nodes[i];

		simkernel_init(&n->kernel, &n->vtep, used[i]);
		for (size_t u = 0; u < used[i]; u++) {
			uint32_t ifindex = SIM_UPLINK1 + (uint32_t)u;

			simkernel_link(&n->kernel, ifindex)->addrs[0].addr = link_local(n, ifindex);
		}
		fabric_configure(n);
	}
}

void fabric_free(struct sim *s)
{
	while (s->conns != NULL) {
		struct sim_conn *c = s->conns;

		s->conns = c->next;
		for (int end = 0; end < 2; end++) {
			str_fini(&c->note[end]);
			str_fini(&c->waiting[end]);
		}
		mem_free(c);
	}
	for (size_t i = 0; i < s->heap_count; i++)
		if (s->heap[i].kind == STEP_CALL && s->heap[i].number == UINT32_MAX)
			mem_free(s->heap[i].argument); /* chunks that never arrived */
}

static struct sim_cable *cable_of(struct sim_node *n, uint32_t ifindex, int *end)
{
	for (size_t i = 0; i < SIM_LINKS; i++)
		for (*end = 0; *end < 2; (*end)++)
			if (n->sim->cables[i].node[*end] == n &&
			    n->sim->cables[i].ifindex[*end] == ifindex)
				return &n->sim->cables[i];
	return NULL;
}

/* ---- connections
 * ---------------------------------------------------------------------------------------- */

static bool end_alive(const struct sim_conn *c, int end)
{
	return c->node[end]->engine != NULL && c->node[end]->generation == c->generation[end];
}

static void tell(struct sim_conn *c, int end, enum event_kind kind, int error)
{
	struct event e = {.kind = kind};
	struct sim_node *n = c->node[end];

	if (!end_alive(c, end))
		return;
	if (kind == EVENT_PEER_HANDOVER) {
		e.peer.bytes = (const uint8_t *)str_text(&c->note[end]);
		e.peer.size = c->note[end].size;
	}
	e.peer.conn = c->id[end];
	e.peer.error = error;
	for (size_t i = 0; i < 2; i++) {
		const struct sim_cable *cable = &n->sim->cables[c->cable];

		if (cable->node[i] == n) {
			e.peer.local = link_local(n, cable->ifindex[i]);
			e.peer.remote = link_local(cable->node[1 - i], cable->ifindex[1 - i]);
			e.peer.ifindex.v = cable->ifindex[i];
		}
	}
	sim_node_event(n, &e);
}

static void conn_break(struct sim_conn *c, int error)
{
	c->open = false;
	for (int end = 0; end < 2; end++) {
		c->kept[end] = false;
		if (!c->told[end])
			continue;
		c->told[end] = false;
		tell(c, end, EVENT_PEER_CLOSED, error);
	}
}

static void conn_open_step(struct sim *s, void *argument, uint32_t number)
{
	struct sim_conn *c = argument;

	(void)number;
	if (!end_alive(c, 0) || !c->told[0])
		return;
	if (!s->cables[c->cable].up || s->cables[c->cable].dark || c->node[1]->engine == NULL) {
		c->told[0] = false;
		tell(c, 0, EVENT_PEER_CLOSED, ECONNREFUSED);
		return;
	}
	c->open = true;
	c->opened_ns = s->now.ns;
	c->generation[1] = c->node[1]->generation;
	c->told[1] = true;
	tell(c, 0, EVENT_PEER_CONNECTED, 0);
	if (c->open && c->told[1])
		tell(c, 1, EVENT_PEER_ACCEPTED, 0);
}

void fabric_connect(struct sim_node *n, const struct action_connect *connect)
{
	struct sim *s = n->sim;
	int end = 0;
	struct sim_cable *cable = cable_of(n, connect->ifindex.v, &end);
	struct sim_conn *c = mem_new(sizeof(*c));

	c->next = s->conns;
	s->conns = c;
	c->cable = (size_t)(cable - s->cables);
	c->node[0] = n;
	c->generation[0] = n->generation;
	c->id[0] = connect->conn;
	c->told[0] = true;
	c->node[1] = cable->node[1 - end];
	c->id[1] = CONN_ACCEPTED | ++c->node[1]->conn_next;
	sim_at(s, sim_between_us(s, 50, 2000), conn_open_step, c, 0, false);
}

static struct sim_conn *conn_find(struct sim_node *n, uint32_t id, int *end)
{
	for (struct sim_conn *c = n->sim->conns; c != NULL; c = c->next)
		for (*end = 0; *end < 2; (*end)++)
			if (c->node[*end] == n && c->id[*end] == id && c->told[*end] &&
			    end_alive(c, *end))
				return c;
	return NULL;
}

static void chunk_arrives(struct sim *s, void *argument, uint32_t number)
{
	struct chunk *chunk = argument;
	struct sim_conn *c = chunk->conn;
	int end = chunk->end;
	struct event e = {.kind = EVENT_PEER_BYTES};

	(void)s;
	(void)number;
	c->flying[end]--;
	if (c->open && (c->kept[end] || c->paused[end])) {
		str_add_bytes(&c->waiting[end], chunk->bytes, chunk->size);
		if (c->flying[end] == 0 && c->told[1 - end])
			tell(c, 1 - end, EVENT_PEER_DRAINED, 0);
	} else if (c->open && c->told[end] && end_alive(c, end)) {
		e.peer.conn = c->id[end];
		e.peer.bytes = chunk->bytes;
		e.peer.size = chunk->size;
		sim_node_event(c->node[end], &e);
		if (c->flying[end] == 0 && c->told[1 - end])
			tell(c, 1 - end, EVENT_PEER_DRAINED, 0);
	}
	mem_free(chunk);
}

static int64_t arrival(struct sim *s, struct sim_conn *c, int end)
{
	int64_t at = s->now.ns + sim_between_us(s, 20, sim_chance(s, 10) ? 40000 : 800);

	if (at <= c->last_ns[end])
		at = c->last_ns[end] + 1;
	c->last_ns[end] = at;
	return at - s->now.ns;
}

void fabric_send(struct sim_node *n, uint32_t conn, const uint8_t *bytes, size_t size)
{
	struct sim *s = n->sim;
	int end;
	struct sim_conn *c = conn_find(n, conn, &end);
	struct chunk *chunk;

	if (c == NULL || !c->open)
		return;
	chunk = mem_new(sizeof(*chunk) + size);
	chunk->conn = c;
	chunk->end = 1 - end;
	chunk->size = size;
	memcpy(chunk->bytes, bytes, size);
	c->flying[1 - end]++;
	sim_at(s, arrival(s, c, 1 - end), chunk_arrives, chunk, UINT32_MAX, false);
}

static void closed_arrives(struct sim *s, void *argument, uint32_t end)
{
	struct sim_conn *c = argument;

	(void)s;
	c->kept[end] = false;
	if (!c->told[end])
		return;
	c->open = false;
	c->told[end] = false;
	tell(c, (int)end, EVENT_PEER_CLOSED, 0);
}

void fabric_close(struct sim_node *n, uint32_t conn)
{
	struct sim *s = n->sim;
	int end;
	struct sim_conn *c = conn_find(n, conn, &end);

	if (c == NULL)
		return;
	c->told[end] = false;
	str_clear(&c->note[end]);
	if (c->told[1 - end] || c->kept[1 - end])
		sim_at(s, arrival(s, c, 1 - end), closed_arrives, c, (uint32_t)(1 - end), false);
}

/* ---- connections that outlive the daemon ---- */

void fabric_handover(struct sim_node *n, uint32_t conn, const uint8_t *note, size_t size)
{
	int end;
	struct sim_conn *c = conn_find(n, conn, &end);

	if (c == NULL)
		return;
	str_clear(&c->note[end]);
	str_add_bytes(&c->note[end], note, size);
}

/* Messages arrive whole here, so that whoever dies does so between two of them. */
static bool keep(struct sim_conn *c, int end)
{
	struct sim *s = c->node[end]->sim;

	c->kept[end] = c->open && c->note[end].size > 0 && s->swarm.handover;
	return c->kept[end];
}

void fabric_inherit(struct sim_node *n)
{
	for (struct sim_conn *c = n->sim->conns; c != NULL; c = c->next)
		for (int end = 0; end < 2; end++) {
			if (c->node[end] != n || !c->kept[end])
				continue;
			c->kept[end] = false;
			c->told[end] = c->paused[end] = true;
			c->generation[end] = n->generation;
			c->id[end] = CONN_ACCEPTED | ++n->conn_next;
			n->sim->inherited++;
			tell(c, end, EVENT_PEER_HANDOVER, 0);
		}
}

static void resume_step(struct sim *s, void *argument, uint32_t end)
{
	struct sim_conn *c = argument;
	struct event e = {.kind = EVENT_PEER_BYTES};
	struct str waiting = c->waiting[end];

	(void)s;
	c->paused[end] = false;
	c->waiting[end] = (struct str){0};
	if (c->open && c->told[end] && end_alive(c, (int)end) && waiting.size > 0) {
		e.peer.conn = c->id[end];
		e.peer.bytes = (const uint8_t *)str_text(&waiting);
		e.peer.size = waiting.size;
		sim_node_event(c->node[end], &e);
	}
	str_fini(&waiting);
}

void fabric_resume(struct sim_node *n, uint32_t conn)
{
	int end;
	struct sim_conn *c = conn_find(n, conn, &end);

	if (c != NULL)
		sim_at(n->sim, 1000, resume_step, c, (uint32_t)end, false);
}

void fabric_node_gone(struct sim_node *n)
{
	for (struct sim_conn *c = n->sim->conns; c != NULL; c = c->next) {
		for (uint32_t end = 0; end < 2; end++) {
			if (c->node[end] != n || !c->told[end])
				continue;
			c->told[end] = false;
			if (keep(c, (int)end))
				continue;
			if (c->told[1 - end] || c->kept[1 - end])
				sim_at(n->sim, arrival(n->sim, c, (int)(1 - end)), closed_arrives,
				    c, 1 - end, false);
		}
	}
}

void fabric_reset_one(struct sim *s)
{
	size_t open = 0, pick;

	for (struct sim_conn *c = s->conns; c != NULL; c = c->next)
		open += c->open;
	if (open == 0)
		return;
	pick = sim_random(s, open);
	for (struct sim_conn *c = s->conns; c != NULL; c = c->next) {
		if (!c->open || pick-- > 0)
			continue;
		sim_trace(s, "connection %s - %s breaks", c->node[0]->name, c->node[1]->name);
		conn_break(c, ECONNRESET);
		return;
	}
}

void fabric_cable_set(struct sim *s, size_t cable, bool up)
{
	struct sim_cable *c = &s->cables[cable];

	if (c->up == up)
		return;
	c->up = up;
	sim_trace(s, "cable %s - %s %s", c->node[0]->name, c->node[1]->name, up ? "up" : "down");
	for (size_t end = 0; end < 2; end++)
		simkernel_link_set(&c->node[end]->kernel, c->ifindex[end], up);
	for (struct sim_conn *k = s->conns; !up && k != NULL; k = k->next)
		if (k->open && k->cable == cable)
			conn_break(k, EHOSTUNREACH);
}

/* Only what was up for a while stands for routes of its own; before, those of the instance before
 * may still be there. */
static void lose_in_the_dark(struct sim_cable *c, struct sim_conn *k)
{
	bool lasted = k->node[0]->sim->now.ns > k->opened_ns + 2000000000;

	for (int end = 0; end < 2; end++)
		if (lasted && k->told[end] && end_alive(k, end))
			c->lost[c->node[0] == k->node[end] ? 0 : 1] = k->generation[end];
	conn_break(k, EHOSTUNREACH);
}

void fabric_cable_dark(struct sim *s, size_t cable, bool dark)
{
	struct sim_cable *c = &s->cables[cable];

	if (c->dark == dark)
		return;
	c->dark = dark;
	sim_trace(s, "cable %s - %s %s", c->node[0]->name, c->node[1]->name,
	    dark ? "goes dark" : "is lit again");
	for (struct sim_conn *k = s->conns; dark && k != NULL; k = k->next)
		if (k->open && k->cable == cable)
			lose_in_the_dark(c, k);
}

bool fabric_is_dark(const struct sim_node *n, ifindex_t ifindex)
{
	int end;
	const struct sim_cable *c = cable_of((struct sim_node *)(uintptr_t)n, ifindex.v, &end);

	return c != NULL && c->dark && c->lost[end] == n->generation;
}

/* ---- router advertisements
 * -------------------------------------------------------------------------------- */

static void ra_arrives(struct sim *s, void *argument, uint32_t number)
{
	struct sim_cable *c = argument;
	int end = (int)(number & 1);
	struct event e = {.kind = EVENT_RA};

	(void)s;
	if (!c->up || c->dark || c->node[end]->engine == NULL ||
	    !c->node[end]->watching[c->ifindex[end] & 15])
		return;
	e.ra.ifindex.v = c->ifindex[end];
	e.ra.source = link_local(c->node[1 - end], c->ifindex[1 - end]);
	e.ra.router_lifetime_s = (uint16_t)(number >> 1);
	sim_node_event(c->node[end], &e);
}

void fabric_ra(struct sim_node *n, ifindex_t ifindex, uint16_t lifetime_s)
{
	int end = 0;
	struct sim_cable *c = cable_of(n, ifindex.v, &end);

	if (c != NULL)
		sim_at(n->sim, sim_between_us(n->sim, 20, 500), ra_arrives, c,
		    (uint32_t)lifetime_s << 1 | (uint32_t)(1 - end), false);
}
