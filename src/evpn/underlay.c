/*
 * Underlay: links and addresses of the host as BGP needs them.
 *
 * Level-triggered like the rest: kernel events mark what must be looked at again, underlay_run()
 * recomputes it from the mirror. A network is announced while the host has its prefix: on an
 * interface, or as a route that is not BGP's own (RFC 4271 section 9.4 leaves this to
 * configuration; FRR's `bgp network import-check`).
 */
#include "evpn/underlay.h"

#include <string.h>

#include "base/mem.h"
#include "kernel/reconcile.h"

struct network {
	struct network_settings settings; /* route_map owned */
	bool has_route;	    /* a route of another protocol for exactly this prefix is there */
	bool route_in_dump; /* … was seen since the running dump began */
	bool announced;
};

struct address {
	char interface[LINK_NAME_MAX];
	struct prefix prefix;
	ifindex_t dev; /* where it was wanted last; 0 no such interface */
};

struct underlay {
	struct log *log;
	struct mirror *mirror;
	struct bgp *bgp;
	struct underlay_host host;
	struct arena arena;
	bool import_check;
	bool networks_dirty, addresses_dirty;
	struct network *networks;
	size_t network_count;
	struct address *addresses;
	size_t address_count;
};

struct underlay *underlay_new(
    struct log *log, struct mirror *mirror, struct bgp *bgp, const struct underlay_host *host)
{
	struct underlay *u = mem_new(sizeof(*u));

	u->log = log;
	u->mirror = mirror;
	u->bgp = bgp;
	u->host = *host;
	return u;
}

static void networks_free(struct network *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(list[i].settings.route_map);
	mem_free(list);
}

void underlay_free(struct underlay *u)
{
	networks_free(u->networks, u->network_count);
	mem_free(u->addresses);
	arena_fini(&u->arena);
	mem_free(u);
}

/* ---- network statements ---- */

static struct nlri network_nlri(const struct network *n)
{
	return (struct nlri){.family = n->settings.family, .prefix = n->settings.prefix};
}

static bool on_an_interface(struct underlay *u, const struct prefix *prefix)
{
	const struct mirror_link **links = mirror_links(u->mirror, &u->arena);

	for (; *links != NULL; links++) {
		for (size_t i = 0; i < (*links)->addr_count; i++) {
			struct prefix p =
			    prefix_from(&(*links)->addrs[i].addr, (*links)->addrs[i].len);

			if ((*links)->link.admin_up && prefix_equal(&p, prefix))
				return true;
		}
	}
	return false;
}

static void network_evaluate(struct underlay *u, struct network *n)
{
	struct nlri nlri = network_nlri(n);
	bool wanted = !u->import_check || n->has_route || on_an_interface(u, &n->settings.prefix);

	if (wanted == n->announced)
		return;
	n->announced = wanted;
	if (wanted)
		bgp_originate_network(u->bgp, &n->settings);
	else
		bgp_withdraw(u->bgp, &nlri);
}

static struct network *network_find(const struct underlay *u, const struct prefix *prefix)
{
	for (size_t i = 0; i < u->network_count; i++)
		if (prefix_equal(&u->networks[i].settings.prefix, prefix))
			return &u->networks[i];
	return NULL;
}

static void networks_configure(struct underlay *u, const struct bgp_settings *bgp)
{
	struct network *old = u->networks;
	size_t old_count = u->network_count;
	struct network *list = mem_new_array(bgp->network_count, sizeof(*list));

	for (size_t i = 0; i < bgp->network_count; i++) {
		const struct network *before = network_find(u, &bgp->networks[i].prefix);
		const char *map = bgp->networks[i].route_map;

		list[i].settings = bgp->networks[i];
		list[i].settings.route_map = map != NULL ? mem_strdup(map) : NULL;
		list[i].has_route = before != NULL && before->has_route;
		list[i].announced = before != NULL && before->announced;
		/* its route-map may have changed */
		if (list[i].announced)
			bgp_originate_network(u->bgp, &list[i].settings);
	}
	u->networks = list;
	u->network_count = bgp->network_count;
	for (size_t i = 0; i < old_count; i++) {
		struct nlri nlri = network_nlri(&old[i]);

		if (old[i].announced && network_find(u, &old[i].settings.prefix) == NULL)
			bgp_withdraw(u->bgp, &nlri);
	}
	networks_free(old, old_count);
	u->networks_dirty = true;
}

static void network_route_seen(struct underlay *u, const struct kernel_event *event)
{
	struct network *n = NULL;

	if (event->route.entry.protocol != RTPROT_EVPND)
		n = network_find(u, &event->route.key.prefix);
	if (n == NULL)
		return;
	n->route_in_dump = event->kind == KERNEL_ROUTE_NEW;
	n->has_route = n->route_in_dump;
	u->networks_dirty = true;
	/* Another route of the same prefix may remain under another metric or protocol. */
	if (!n->has_route)
		u->host.want_routes(u->host.context);
}

static void network_routes_dumped(struct underlay *u, bool begin)
{
	for (size_t i = 0; i < u->network_count; i++) {
		if (begin)
			u->networks[i].route_in_dump = false;
		else
			u->networks[i].has_route = u->networks[i].route_in_dump;
	}
	u->networks_dirty = true;
}

void underlay_route_seen(struct underlay *u, const struct kernel_event *event)
{
	if (event->kind == KERNEL_ROUTE_NEW || event->kind == KERNEL_ROUTE_DEL)
		network_route_seen(u, event);
	else if (event->kind == KERNEL_DUMP_BEGIN || event->kind == KERNEL_DUMP_END)
		if (event->dump.table == TABLE_ROUTES)
			network_routes_dumped(u, event->kind == KERNEL_DUMP_BEGIN);
}

/* ---- configured addresses ---- */

static bool address_configured(const struct underlay *u, const struct addr_key *key)
{
	for (size_t i = 0; i < u->address_count; i++)
		if (u->addresses[i].dev.v == key->dev.v &&
		    prefix_equal(&u->addresses[i].prefix, &key->prefix))
			return true;
	return false;
}

static void address_reconcile(struct underlay *u, const struct addr_key *key, bool wanted)
{
	struct kernel_op op;

	if (reconcile_addr(mirror_addr(u->mirror, key), key, wanted, &op, NULL))
		u->host.kernel_op(u->host.context, &op);
}

static void address_evaluate(struct underlay *u, struct address *a)
{
	const struct mirror_link *link = mirror_link_by_name(u->mirror, a->interface);
	struct addr_key key = {.prefix = a->prefix};

	a->dev = link != NULL ? link->link.ifindex : (ifindex_t){0};
	key.dev = a->dev;
	if (link != NULL)
		address_reconcile(u, &key, true);
}

static void addresses_configure(
    struct underlay *u, const struct underlay_address *list, size_t count)
{
	struct address *old = u->addresses;
	size_t old_count = u->address_count;

	u->addresses = mem_new_array(count, sizeof(*u->addresses));
	u->address_count = count;
	for (size_t i = 0; i < count; i++) {
		struct address *a = &u->addresses[i];
		const struct mirror_link *link = mirror_link_by_name(u->mirror, list[i].interface);

		strncpy(a->interface, list[i].interface, sizeof(a->interface) - 1);
		a->prefix = list[i].prefix;
		a->dev = link != NULL ? link->link.ifindex : (ifindex_t){0};
	}
	for (size_t i = 0; i < old_count; i++) {
		struct addr_key key = {.dev = old[i].dev, .prefix = old[i].prefix};

		if (key.dev.v != 0 && !address_configured(u, &key))
			address_reconcile(u, &key, false);
	}
	mem_free(old);
	u->addresses_dirty = true;
}

void underlay_configure(struct underlay *u, const struct bgp_settings *bgp,
    const struct underlay_address *addresses, size_t count, mono_t now)
{
	u->import_check = bgp->network_import_check;
	networks_configure(u, bgp);
	addresses_configure(u, addresses, count);
	u->host.want_routes(u->host.context);
	underlay_run(u, now);
}

/* ---- links ---- */

static void interface_tell(struct underlay *u, const struct mirror_link *l, mono_t now)
{
	struct bgp_interface i = {.ifindex = l->link.ifindex,
	    .name = l->link.name,
	    .up = l->link.admin_up && l->link.running,
	    .addresses = l->addrs,
	    .address_count = l->addr_count};

	bgp_interface_changed(u->bgp, &i, now);
}

static void interface_changed(struct underlay *u, ifindex_t ifindex, mono_t now)
{
	const struct mirror_link *l = mirror_link(u->mirror, ifindex);

	if (l != NULL)
		interface_tell(u, l, now);
	u->networks_dirty = true;
	u->addresses_dirty = true;
}

void underlay_kernel_changed(struct underlay *u, const struct kernel_event *event, mono_t now)
{
	switch (event->kind) {
	case KERNEL_LINK_NEW:
		interface_changed(u, event->link.ifindex, now);
		break;
	case KERNEL_LINK_DEL:
		bgp_interface_gone(u->bgp, event->link_gone, now);
		u->networks_dirty = true;
		u->addresses_dirty = true;
		break;
	case KERNEL_ADDR_NEW:
	case KERNEL_ADDR_DEL:
		interface_changed(u, event->addr.dev, now);
		break;
	case KERNEL_ROUTE_NEW:
	case KERNEL_ROUTE_DEL:
	case KERNEL_PORT_VLANS:
	case KERNEL_FDB_NEW:
	case KERNEL_FDB_DEL:
	case KERNEL_VXLAN_FDB_NEW:
	case KERNEL_VXLAN_FDB_DEL:
	case KERNEL_FLOOD_NEW:
	case KERNEL_FLOOD_DEL:
	case KERNEL_NEIGH_NEW:
	case KERNEL_NEIGH_DEL:
	case KERNEL_DUMP_BEGIN:
	case KERNEL_DUMP_END:
	case KERNEL_OVERRUN:
		break;
	}
}

void underlay_run(struct underlay *u, mono_t now)
{
	(void)now;
	if (!mirror_is_synced(u->mirror) || mirror_is_stale(u->mirror))
		return;
	if (u->addresses_dirty)
		for (size_t i = 0; i < u->address_count; i++)
			address_evaluate(u, &u->addresses[i]);
	if (u->networks_dirty)
		for (size_t i = 0; i < u->network_count; i++)
			network_evaluate(u, &u->networks[i]);
	u->addresses_dirty = false;
	u->networks_dirty = false;
	arena_reset(&u->arena);
}
