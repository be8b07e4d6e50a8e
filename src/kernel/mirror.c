/*
 * What the kernel last said: links with their VLANs and addresses, and one row per slot. Owns the
 * links and, through slots.c, the slots.
 *
 * Invariants. A row of a dump never overrides a notification received since that dump began, nor
 * does the end of a dump remove what was notified meanwhile: while a dump runs, deleted slots stay
 * as tombstones. A slot whose content becomes another than the ledger's is forgotten by the
 * ledger at once, unless an operation is under way: then its result judges (ledger.c).
 *
 * The kernel drops IPv4 routes silently when their device goes down or loses its last address,
 * nexthop objects when it goes down or loses its carrier (with them groups and routes), and
 * everything else that names a device at the latest with it; those rows go with the event that
 * says so.
 */
#include "kernel/mirror.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "kernel/mirror_inside.h"
#include "kernel/reconcile.h"
#include "kernel/slots.h"

static void report(const struct turn *t, const struct kernel_event *event)
{
	if (t->changed != NULL)
		t->changed(t->context, event);
}

struct mirror *mirror_new(uint64_t seed)
{
	struct mirror *m = mem_new(sizeof(*m));

	map_init(&m->links, offsetof(struct mirror_link, link.ifindex), sizeof(ifindex_t), seed);
	map_init(&m->macs, offsetof(struct mac_count, mac), sizeof(struct mac), seed);
	map_init(&m->users, offsetof(struct nexthop_users, id), sizeof(uint32_t), seed);
	map_init(&m->rows, offsetof(struct row_count, ifindex), sizeof(ifindex_t), seed);
	map_init(&m->aparts, offsetof(struct apart, key), sizeof(struct slot_key), seed);
	map_init(&m->witnesses, offsetof(struct witness, key), sizeof(struct slot_key), seed);
	for (unsigned kind = 0; kind < SLOT_KINDS; kind++)
		if (!slot_is_flag(kind)) {
			map_init(&m->slots[kind], slot_shapes[kind].key_offset,
			    slot_shapes[kind].key_size, seed);
			pool_init(&m->pools[kind], slot_shapes[kind].size);
		}
	return m;
}

static void free_link(struct mirror_link *l)
{
	mem_free(l->vlans);
	mem_free(l->addrs);
	mem_free(l);
}

static void free_plain(struct map *map)
{
	void *object;

	for (size_t at = 0; (object = map_next(map, &at)) != NULL;)
		mem_free(object);
	map_fini(map);
}

void mirror_free(struct mirror *m)
{
	void *object;

	if (m == NULL)
		return;
	for (size_t at = 0; (object = map_next(&m->links, &at)) != NULL;)
		free_link(object);
	map_fini(&m->links);
	for (unsigned kind = 0; kind < SLOT_KINDS; kind++) {
		if (slot_is_flag(kind))
			continue;
		for (size_t at = 0; (object = map_next(&m->slots[kind], &at)) != NULL;)
			slot_free(m, (enum slot_kind)kind, object);
		map_fini(&m->slots[kind]);
		pool_fini(&m->pools[kind]);
	}
	check(m->aparts.count == 0);
	map_fini(&m->aparts);
	for (size_t at = 0; (object = map_next(&m->witnesses, &at)) != NULL;)
		witness_free(object);
	map_fini(&m->witnesses);
	free_plain(&m->macs);
	free_plain(&m->rows);
	free_plain(&m->users);
	mem_free(m);
}

/* ---- slots ------------------------------------------------------------------------------ */

/* A write of step 1 of a sticky row may have been our last before a restart: the file says what was
 * to follow, the kernel shows the half. */
static bool restored_half(const struct mirror *m, enum slot_kind kind, const void *slot,
    const struct slot *s, const struct slot_content *now)
{
	struct slot_content half;

	if (kind != SLOT_FDB || s->present || s->ledger != LEDGER_WRITTEN)
		return false;
	half = slot_ledger(m, kind, slot);
	if ((half.fdb.ntf & NTF_STICKY) == 0)
		return false;
	half.fdb.ntf = NTF_STICKY;
	return slot_content_equal(kind, &half, now);
}

/* Without an operation under way the ledger holds only while the kernel agrees. */
static void judge_ledger(
    struct mirror *m, const struct slot_key *key, void *slot, bool foreign_writer)
{
	if (slot_state(key->kind, slot)->ledger != LEDGER_NONE &&
	    (foreign_writer || !slot_agrees(key->kind, slot)))
		slot_set_ledger(m, key, slot, LEDGER_NONE, NULL);
}

static bool written_by_another(const struct kernel_event *event)
{
	return !event->from_dump && !event->ours && event->writer != 0;
}

/* Routes of other protocols matter only where they take the place of ours. */
static bool route_is_ignored(const void *slot, const struct slot_content *content, bool present)
{
	struct slot_content mirror;

	if (slot == NULL)
		return content->route.protocol != RTPROT_EVPND;
	mirror = slot_mirror(SLOT_ROUTE, slot);
	return !present && mirror.route.protocol != content->route.protocol;
}

/* The deletion of some nexthops of an IPv6 multipath route leaves the others: *left. */
static bool route_partly_gone(
    const void *slot, const struct route_entry *gone, struct route_nexthop *left, uint8_t *count)
{
	const struct slot_content mirror = slot_mirror(SLOT_ROUTE, slot);
	const struct route_entry *r = &mirror.route;

	*count = 0;
	for (unsigned i = 0; i < r->nexthop_count; i++) {
		unsigned j = 0;

		while (j < gone->nexthop_count &&
		       !(ip_equal(&gone->nexthops[j].gateway, &r->nexthops[i].gateway) &&
			   ifindex_equal(gone->nexthops[j].dev, r->nexthops[i].dev)))
			j++;
		if (j == gone->nexthop_count)
			left[(*count)++] = r->nexthops[i];
	}
	return *count != 0 && *count < r->nexthop_count;
}

static bool slot_unchanged(
    enum slot_kind kind, const void *slot, const struct slot *s, const struct slot_content *content)
{
	const struct slot_content mirror = slot_mirror(kind, slot);

	if (!s->present || content == NULL)
		return s->present == (content != NULL);
	if (kind == SLOT_FLOOD)
		return mirror.flood.nud == content->flood.nud &&
		       mirror.flood.ntf == content->flood.ntf;
	/* Inside one class of states the change is still a fact for evpn/. */
	if (kind == SLOT_FDB && mirror.fdb.nud != content->fdb.nud)
		return false;
	if (kind == SLOT_NEIGH && mirror.neigh.nud != content->neigh.nud)
		return false;
	return slot_content_equal(kind, &mirror, content);
}

/* `content` NULL: gone. */
static void change_slot(const struct turn *t, const struct slot_key *key, void *slot,
    const struct kernel_event *event, const struct slot_content *content)
{
	struct slot *s = slot_state(key->kind, slot);
	bool unchanged = slot_unchanged(key->kind, slot, s, content);

	if (s->op != 0 && !event->from_dump)
		witness_event(t->m, key, slot, event, content);
	if (content != NULL && restored_half(t->m, key->kind, slot, s, content))
		slot_set_ledger(t->m, key, slot, LEDGER_HALF, content);
	if (!unchanged)
		slot_set_mirror(t->m, key, slot, content);
	if (s->op == 0 && !(unchanged && content == NULL))
		judge_ledger(t->m, key, slot, written_by_another(event));
	if (!unchanged)
		report(t, event);
}

static void nexthop_gone(const struct turn *t, uint32_t id, bool from_dump);

static void apply_slot(const struct turn *t, const struct kernel_event *event,
    const struct slot_key *key, const struct slot_content *content, bool present)
{
	struct mirror *m = t->m;
	bool dumping = m->dumping[slot_shapes[key->kind].table];
	struct route_nexthop left[ROUTE_NEXTHOPS_MAX];
	struct slot_content rest = *content;
	void *slot = slot_find(m, key);

	if (key->kind == SLOT_ROUTE && route_is_ignored(slot, content, present))
		return;
	if (slot == NULL && !present && !dumping)
		return;
	if (slot == NULL)
		slot = slot_make(m, key);
	if (event->from_dump && slot_state(key->kind, slot)->fresh)
		return;
	slot_state(key->kind, slot)->seen = true;
	slot_state(key->kind, slot)->doubtful = false;
	if (!event->from_dump)
		slot_state(key->kind, slot)->fresh = dumping;
	if (!present && key->kind == SLOT_ROUTE && slot_state(SLOT_ROUTE, slot)->present &&
	    route_partly_gone(slot, &content->route, left, &rest.route.nexthop_count)) {
		struct slot_content mirror = slot_mirror(SLOT_ROUTE, slot);

		mirror.route.nexthops = left;
		mirror.route.nexthop_count = rest.route.nexthop_count;
		change_slot(t, key, slot, event, &mirror);
		return;
	}
	change_slot(t, key, slot, event, present ? content : NULL);
	slot_drop_if_empty(m, key, slot);
	if (key->kind == SLOT_NEXTHOP && !present)
		nexthop_gone(t, key->nexthop.id, event->from_dump);
}

/* ---- rows that go without a word ---------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct slot_key));
}

/* Keys of the slots of these kinds (bits) that pass the test, sorted; owned by the caller. */
size_t mirror_collect(const struct mirror *m, unsigned kinds, slot_test_fn *test, const void *arg,
    struct slot_key **keys)
{
	size_t count = 0, room = 0;
	void *slot;

	*keys = NULL;
	for (unsigned kind = 0; kind < SLOT_KINDS; kind++) {
		if ((kinds >> kind & 1) == 0 || slot_is_flag(kind))
			continue;
		for (size_t at = 0; (slot = map_next(&m->slots[kind], &at)) != NULL;) {
			if (!test(m, (enum slot_kind)kind, slot, arg))
				continue;
			if (count == room) {
				room = room == 0 ? 64 : room * 2;
				*keys = mem_resize(*keys, room * sizeof(**keys));
			}
			(*keys)[count++] = slot_key_of((enum slot_kind)kind, slot);
		}
	}
	if (count > 1)
		qsort(*keys, count, sizeof(**keys), compare_keys);
	return count;
}

static void vanish(const struct turn *t, const struct slot_key *key, bool from_dump)
{
	void *slot = slot_find(t->m, key);
	struct slot_content content;
	struct kernel_event event;

	if (slot == NULL)
		return;
	content = slot_mirror(key->kind, slot);
	slot_content_keep(key->kind, &content);
	event = kernel_event_from_slot(key, &content, false);
	event.from_dump = from_dump;
	change_slot(t, key, slot, &event, NULL);
	if (slot_state(key->kind, slot)->op == 0)
		slot_set_ledger(t->m, key, slot, LEDGER_NONE, NULL);
	slot_drop_if_empty(t->m, key, slot);
	slot_content_drop(key->kind, &content);
}

void mirror_vanish_all(
    const struct turn *t, unsigned kinds, slot_test_fn *test, const void *arg, bool from_dump)
{
	struct slot_key *keys;
	size_t count = mirror_collect(t->m, kinds, test, arg, &keys);

	for (size_t i = 0; i < count; i++)
		vanish(t, &keys[i], from_dump);
	mem_free(keys);
}

static bool names_link(
    const struct mirror *m, enum slot_kind kind, const void *slot, const void *arg)
{
	(void)m;
	return slot_names(kind, slot, *(const ifindex_t *)arg);
}

static bool is_down(const struct mirror *m, ifindex_t ifindex)
{
	const struct mirror_link *l = mirror_link(m, ifindex);

	return l == NULL || !l->link.admin_up;
}

/* IPv4 routes leave when the last of their devices goes down. */
static bool route_all_down(
    const struct mirror *m, enum slot_kind kind, const void *slot, const void *arg)
{
	const struct slot_content c = slot_mirror(kind, slot);

	if (!slot_names(kind, slot, *(const ifindex_t *)arg))
		return false;
	for (unsigned i = 0; i < c.route.nexthop_count; i++)
		if (!is_down(m, c.route.nexthops[i].dev))
			return false;
	return true;
}

/* ---- what goes with a nexthop object: it leaves its groups, an empty group and the routes over
 * what is gone vanish, all without a notification when a link took the object ---- */

static bool has_member(
    const struct mirror *m, enum slot_kind kind, const void *slot, const void *arg)
{
	const struct slot_content c = slot_mirror(kind, slot);

	(void)m;
	for (unsigned i = 0; i < c.nexthop.member_count; i++)
		if (c.nexthop.members[i].id == *(const uint32_t *)arg)
			return true;
	return false;
}

static bool goes_over_nexthop(
    const struct mirror *m, enum slot_kind kind, const void *slot, const void *arg)
{
	(void)m;
	return slot_mirror(kind, slot).route.nhid == *(const uint32_t *)arg;
}

static void leave_group(
    const struct turn *t, const struct slot_key *group, uint32_t id, bool from_dump)
{
	struct nexthop_member left[ROUTE_NEXTHOPS_MAX];
	void *slot = slot_find(t->m, group);
	struct slot_content c = slot_mirror(SLOT_NEXTHOP, slot);
	struct kernel_event event;
	uint8_t count = 0;

	for (unsigned i = 0; i < c.nexthop.member_count; i++)
		if (c.nexthop.members[i].id != id)
			left[count++] = c.nexthop.members[i];
	if (count == 0) {
		vanish(t, group, from_dump);
		nexthop_gone(t, group->nexthop.id, from_dump);
		return;
	}
	c.nexthop.members = left;
	c.nexthop.member_count = count;
	event = kernel_event_from_slot(group, &c, true);
	event.from_dump = from_dump;
	change_slot(t, group, slot, &event, &c);
}

static void nexthop_gone(const struct turn *t, uint32_t id, bool from_dump)
{
	struct slot_key *groups;
	size_t count = mirror_collect(t->m, 1u << SLOT_NEXTHOP, has_member, &id, &groups);

	for (size_t i = 0; i < count; i++)
		leave_group(t, &groups[i], id, from_dump);
	mem_free(groups);
	if (map_find(&t->m->users, &id) != NULL)
		mirror_vanish_all(t, 1u << SLOT_ROUTE, goes_over_nexthop, &id, from_dump);
}

static void nexthops_gone(const struct turn *t, ifindex_t dev, bool from_dump)
{
	struct slot_key *keys;
	size_t count = mirror_collect(t->m, 1u << SLOT_NEXTHOP, names_link, &dev, &keys);

	for (size_t i = 0; i < count; i++) {
		vanish(t, &keys[i], from_dump);
		nexthop_gone(t, keys[i].nexthop.id, from_dump);
	}
	mem_free(keys);
}

/* The kernel takes nexthop objects when the carrier is lost, too; routes with their next hops in
 * them stay then. */
static bool takes_nexthops(const struct link *l)
{
	return !l->admin_up || (!l->running && !l->lower_up);
}

static bool route_has_prefsrc(
    const struct mirror *m, enum slot_kind kind, const void *slot, const void *arg)
{
	const struct slot_content c = slot_mirror(kind, slot);

	(void)m;
	return ip_equal(&c.route.prefsrc, arg);
}

/* ---- links ---------------------------------------------------------------------------------- */

static struct mirror_link *find_link(const struct mirror *m, ifindex_t ifindex)
{
	return map_find(&m->links, &ifindex);
}

static void count_mac(struct mirror *m, const struct mac *mac, bool more)
{
	struct mac_count *c = map_find(&m->macs, mac);

	if (c == NULL) {
		c = mem_new(sizeof(*c));
		c->mac = *mac;
		map_insert(&m->macs, c);
	}
	c->count = more ? c->count + 1 : c->count - 1;
	if (c->count == 0)
		mem_free(map_remove(&m->macs, mac));
}

static bool port_equal(const struct link_port *a, const struct link_port *b)
{
	return a->valid == b->valid && a->state == b->state && a->learning == b->learning &&
	       a->neigh_suppress == b->neigh_suppress && a->locked == b->locked;
}

static bool link_kind_equal(const struct link *a, const struct link *b)
{
	return a->kind == b->kind && a->bridge.vlan_filtering == b->bridge.vlan_filtering &&
	       a->bridge.default_pvid == b->bridge.default_pvid &&
	       vni_equal(a->vxlan.vni, b->vxlan.vni) &&
	       ip_equal(&a->vxlan.local, &b->vxlan.local) && a->vxlan.port == b->vxlan.port &&
	       a->vxlan.learning == b->vxlan.learning && a->vxlan.external == b->vxlan.external &&
	       a->vxlan.vnifilter == b->vxlan.vnifilter && a->vlan_id == b->vlan_id &&
	       a->vrf_table == b->vrf_table;
}

static bool link_equal(const struct link *a, const struct link *b)
{
	return ifindex_equal(a->ifindex, b->ifindex) &&
	       strncmp(a->name, b->name, LINK_NAME_MAX) == 0 &&
	       ifindex_equal(a->master, b->master) && ifindex_equal(a->lower, b->lower) &&
	       mac_equal(&a->mac, &b->mac) && a->mtu == b->mtu && a->admin_up == b->admin_up &&
	       a->running == b->running && a->lower_up == b->lower_up && link_kind_equal(a, b) &&
	       port_equal(&a->port, &b->port);
}

static void link_new(const struct turn *t, const struct kernel_event *event)
{
	struct mirror_link *l = find_link(t->m, event->link.ifindex);
	bool known = l != NULL, went_down, nexthops_went;

	if (!known) {
		l = mem_new(sizeof(*l));
		l->link.ifindex = event->link.ifindex;
		map_insert(&t->m->links, l);
	}
	if (event->from_dump && l->fresh)
		return;
	l->seen = true;
	l->fresh = !event->from_dump && t->m->dumping[TABLE_LINKS];
	if (known && link_equal(&l->link, &event->link))
		return;
	went_down = known && l->link.admin_up && !event->link.admin_up;
	nexthops_went = known && !takes_nexthops(&l->link) && takes_nexthops(&event->link);
	if (known)
		count_mac(t->m, &l->link.mac, false);
	l->link = event->link;
	count_mac(t->m, &l->link.mac, true);
	report(t, event);
	if (nexthops_went && slot_rows_naming(t->m, event->link.ifindex) != 0)
		nexthops_gone(t, event->link.ifindex, event->from_dump);
	if (went_down && slot_rows_naming(t->m, event->link.ifindex) != 0)
		mirror_vanish_all(
		    t, 1u << SLOT_ROUTE, route_all_down, &event->link.ifindex, event->from_dump);
}

void mirror_link_del(const struct turn *t, const struct kernel_event *event)
{
	struct mirror_link *l = find_link(t->m, event->link_gone);

	if (slot_rows_naming(t->m, event->link_gone) != 0)
		nexthops_gone(t, event->link_gone, event->from_dump);
	if (slot_rows_naming(t->m, event->link_gone) != 0)
		mirror_vanish_all(t, ~0u, names_link, &event->link_gone, event->from_dump);
	if (l == NULL)
		return;
	count_mac(t->m, &l->link.mac, false);
	map_remove(&t->m->links, &event->link_gone);
	report(t, event);
	free_link(l);
}

static bool vlans_equal(const struct mirror_link *l, const struct kernel_event *event)
{
	if (l->vlan_count != event->port_vlans.count)
		return false;
	for (unsigned i = 0; i < l->vlan_count; i++)
		if (l->vlans[i].first != event->port_vlans.vlans[i].first ||
		    l->vlans[i].last != event->port_vlans.vlans[i].last ||
		    l->vlans[i].flags != event->port_vlans.vlans[i].flags)
			return false;
	return true;
}

void mirror_port_vlans(const struct turn *t, const struct kernel_event *event)
{
	struct mirror_link *l = find_link(t->m, event->port_vlans.port);
	const struct link_port *flags = &event->port_vlans.flags;

	if (l == NULL || (event->from_dump && l->vlans_fresh))
		return;
	l->vlans_seen = true;
	l->vlans_fresh = !event->from_dump && t->m->dumping[TABLE_LINKS];
	if (vlans_equal(l, event) && (!flags->valid || port_equal(flags, &l->link.port)))
		return;
	mem_free(l->vlans);
	l->vlan_count = event->port_vlans.count;
	l->vlans = mem_dup(event->port_vlans.vlans, l->vlan_count * sizeof(*l->vlans));
	if (flags->valid)
		l->link.port = *flags;
	report(t, event);
}

/* ---- addresses ------------------------------------------------------------------------------ */

static bool dev_has_v4(const struct mirror_link *l)
{
	for (unsigned i = 0; i < l->addr_count; i++)
		if (l->addrs[i].addr.family == IP_V4)
			return true;
	return false;
}

/* Of an IPv4 route none of the ways can be used any more: on their links there is no IPv4. */
static bool no_way_has_v4(
    const struct mirror *m, enum slot_kind kind, const void *slot, const void *arg)
{
	const struct slot_key key = slot_key_of(kind, slot);
	const struct slot_content c = slot_mirror(kind, slot);

	if (key.route.prefix.addr.family != IP_V4 || !names_link(m, kind, slot, arg))
		return false;
	for (unsigned i = 0; i < c.route.nexthop_count; i++) {
		ifindex_t dev = c.route.nexthops[i].dev;

		if (!is_down(m, dev) && dev_has_v4(mirror_link(m, dev)))
			return false;
	}
	return true;
}

/* The link's list follows the address slots. */
static void list_addr(struct mirror_link *l, const struct prefix *prefix, bool present)
{
	unsigned i = 0;

	while (i < l->addr_count && !prefix_equal(&l->addrs[i], prefix))
		i++;
	if (present && i == l->addr_count) {
		l->addrs = mem_resize(l->addrs, (i + 1u) * sizeof(*l->addrs));
		l->addrs[l->addr_count++] = *prefix;
	} else if (!present && i < l->addr_count) {
		memmove(
		    &l->addrs[i], &l->addrs[i + 1], (l->addr_count - i - 1u) * sizeof(*l->addrs));
		l->addr_count--;
	}
}

/* With an IPv4 address go the routes that needed it, silently. */
static void addr_gone(const struct turn *t, const struct kernel_event *event)
{
	struct mirror_link *l = find_link(t->m, event->addr.dev);

	if (l == NULL || event->addr.prefix.addr.family != IP_V4)
		return;
	mirror_vanish_all(t, 1u << SLOT_ROUTE, route_has_prefsrc, &event->addr.prefix.addr, false);
	if (!dev_has_v4(l))
		mirror_vanish_all(t, 1u << SLOT_ROUTE, no_way_has_v4, &event->addr.dev, false);
}

/* ---- the entrance --------------------------------------------------------------------------- */

/* Every address event, those of the mirror's own making included: the link's list is in step
 * before the handlers look at it. */
static void changed_with_addrs(void *context, const struct kernel_event *event)
{
	const struct turn *outer = context;
	bool gone = event->kind == KERNEL_ADDR_DEL;
	struct mirror_link *l = NULL;

	if (gone || event->kind == KERNEL_ADDR_NEW)
		l = find_link(outer->m, event->addr.dev);
	if (l != NULL)
		list_addr(l, &event->addr.prefix, !gone);
	report(outer, event);
	if (gone)
		addr_gone(outer, event);
}

static void apply_other(const struct turn *t, const struct kernel_event *event)
{
	switch (event->kind) {
	case KERNEL_LINK_NEW:
		link_new(t, event);
		return;
	case KERNEL_LINK_DEL:
		mirror_link_del(t, event);
		return;
	case KERNEL_PORT_VLANS:
		mirror_port_vlans(t, event);
		return;
	case KERNEL_DUMP_BEGIN:
		mirror_dump_begin(t->m, event->dump.table);
		break;
	case KERNEL_DUMP_END:
		mirror_dump_end(t, event->dump.table, event->dump.clean);
		break;
	case KERNEL_OVERRUN:
		mirror_overrun(t->m);
		break;
	case KERNEL_ADDR_NEW:
	case KERNEL_ADDR_DEL:
	case KERNEL_FDB_NEW:
	case KERNEL_FDB_DEL:
	case KERNEL_VXLAN_FDB_NEW:
	case KERNEL_VXLAN_FDB_DEL:
	case KERNEL_FLOOD_NEW:
	case KERNEL_FLOOD_DEL:
	case KERNEL_NEIGH_NEW:
	case KERNEL_NEIGH_DEL:
	case KERNEL_ROUTE_NEW:
	case KERNEL_ROUTE_DEL:
	case KERNEL_NEXTHOP_NEW:
	case KERNEL_NEXTHOP_DEL:
		return;
	}
	report(t, event);
}

void mirror_apply(
    struct mirror *m, const struct kernel_event *event, mirror_changed_fn *changed, void *context)
{
	const struct turn outer = {m, changed, context};
	const struct turn t = {m, changed_with_addrs, (void *)(uintptr_t)&outer};
	struct slot_content content;
	struct slot_key key;
	bool present;

	if (kernel_event_slot(event, &key, &content, &present))
		apply_slot(&t, event, &key, &content, present);
	else
		apply_other(&t, event);
}

bool mirror_is_stale(const struct mirror *m)
{
	for (unsigned i = 0; i < TABLE_COUNT; i++)
		if (m->stale[i])
			return true;
	return false;
}

bool mirror_is_synced(const struct mirror *m)
{
	for (unsigned i = 0; i < TABLE_COUNT; i++)
		if (!m->dumped[i])
			return false;
	return true;
}
