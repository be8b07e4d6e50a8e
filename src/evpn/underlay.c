/*
 * Underlay: links and addresses of the host as BGP needs them.
 *
 * Level-triggered like the rest: kernel events mark what must be looked at again, underlay_run()
 * recomputes it from the mirror. What the host has and BGP announces is in originate.c.
 */
#include "evpn/underlay.h"

#include <string.h>

#include "base/mem.h"
#include "evpn/originate.h"
#include "kernel/reconcile.h"

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
	struct origination *origination;
	struct link_states *links; /* owned */
	bool addresses_dirty;
	struct address *addresses;
	size_t address_count;
};

struct underlay *underlay_new(uint64_t seed, struct log *log, struct mirror *mirror,
    struct bgp *bgp, const struct underlay_host *host)
{
	struct underlay *u = mem_new(sizeof(*u));
	struct origination_host origination = {host->context, host->want_routes};

	u->log = log;
	u->mirror = mirror;
	u->bgp = bgp;
	u->host = *host;
	u->links = link_states_new(log, mirror, host->context, host->kernel_op);
	u->origination = origination_new(seed, log, mirror, bgp, &origination);
	return u;
}

void underlay_free(struct underlay *u)
{
	link_states_free(u->links);
	origination_free(u->origination);
	mem_free(u->addresses);
	arena_fini(&u->arena);
	mem_free(u);
}

void underlay_route_seen(struct underlay *u, const struct kernel_event *event)
{
	origination_route_seen(u->origination, event);
}

void underlay_static(
    struct underlay *u, const struct prefix *prefix, const struct own_static *route)
{
	origination_static(u->origination, prefix, route);
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
	origination_configure(u->origination, bgp);
	addresses_configure(u, addresses, count);
	underlay_run(u, now);
}

/* ---- links ---- */

void underlay_links(struct underlay *u, const struct link_wish *wishes, size_t count)
{
	link_states_configure(u->links, wishes, count);
	u->addresses_dirty = true;
}

void underlay_slot_result(
    struct underlay *u, const struct kernel_op *op, const struct kernel_result *result)
{
	link_states_result(u->links, op, result);
}

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
	u->addresses_dirty = true;
}

void underlay_kernel_changed(struct underlay *u, const struct kernel_event *event, mono_t now)
{
	origination_kernel_changed(u->origination, event);
	switch (event->kind) {
	case KERNEL_LINK_NEW:
		interface_changed(u, event->link.ifindex, now);
		break;
	case KERNEL_LINK_DEL:
		bgp_interface_gone(u->bgp, event->link_gone, now);
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
	case KERNEL_NEXTHOP_NEW:
	case KERNEL_NEXTHOP_DEL:
	case KERNEL_DUMP_BEGIN:
	case KERNEL_DUMP_END:
	case KERNEL_OVERRUN:
		break;
	}
}

bool underlay_pending(const struct underlay *u)
{
	return origination_pending(u->origination);
}

bool underlay_run(struct underlay *u, mono_t now)
{
	bool more = origination_run(u->origination);

	(void)now;
	if (!mirror_is_synced(u->mirror) || mirror_is_stale(u->mirror))
		return more;
	if (u->addresses_dirty)
		link_states_run(u->links);
	if (u->addresses_dirty)
		for (size_t i = 0; i < u->address_count; i++)
			address_evaluate(u, &u->addresses[i]);
	u->addresses_dirty = false;
	arena_reset(&u->arena);
	return more;
}
