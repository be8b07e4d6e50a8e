/*
 * The kernel vocabulary as bytes.
 *
 * A field that is missing here would vanish from every flight record without a word. So each
 * struct is tied to its size: whoever adds a field to vocab.h is stopped by the compiler, adds
 * the field here, and corrects the number.
 */
#include "record/kernel.h"

#include "base/check.h"

#define COVERS(type, size)                                                                         \
	_Static_assert(sizeof(type) == (size) || sizeof(void *) != 8,                              \
	    "new field? code it in this file, then correct the size")

COVERS(struct fdb_key, 12);
COVERS(struct vxlan_fdb_key, 16);
COVERS(struct flood_key, 28);
COVERS(struct neigh_key, 24);
COVERS(struct route_key, 32);
COVERS(struct addr_key, 28);
COVERS(struct fdb_entry, 8);
COVERS(struct vxlan_fdb_entry, 28);
COVERS(struct neigh_entry, 12);
COVERS(struct route_nexthop, 28);
COVERS(struct route_entry, 40);
COVERS(struct nexthop_key, 4);
COVERS(struct nexthop_member, 8);
COVERS(struct nexthop_entry, 40);
COVERS(struct bridge_port_entry, 1);
COVERS(struct link_entry, 1);
COVERS(struct addr_entry, 1);
COVERS(struct flood_entry, 4);
COVERS(struct link_port, 5);
COVERS(struct link, 100);
COVERS(struct port_vlan, 8);
COVERS(struct kernel_result, 64);

/* ---- keys and contents --------------------------------------------------------------------- */

static void code_fdb_key(struct coder *c, struct fdb_key *k)
{
	code_ifindex(c, &k->bridge);
	code_mac(c, &k->mac);
	code_u16(c, &k->vlan);
}

static void code_vxlan_fdb_key(struct coder *c, struct vxlan_fdb_key *k)
{
	code_ifindex(c, &k->dev);
	code_vni(c, &k->source_vni);
	code_mac(c, &k->mac);
}

static void code_flood_key(struct coder *c, struct flood_key *k)
{
	code_ifindex(c, &k->dev);
	code_vni(c, &k->source_vni);
	code_ip(c, &k->vtep);
}

static void code_neigh_key(struct coder *c, struct neigh_key *k)
{
	code_ifindex(c, &k->dev);
	code_ip(c, &k->ip);
}

static void code_route_key(struct coder *c, struct route_key *k)
{
	code_u32(c, &k->table);
	code_u32(c, &k->metric);
	code_prefix(c, &k->prefix);
}

static void code_addr_key(struct coder *c, struct addr_key *k)
{
	code_ifindex(c, &k->dev);
	code_prefix(c, &k->prefix);
}

static void code_slot_key(struct coder *c, struct slot_key *k)
{
	code_enum(c, &k->kind, SLOT_LINK + 1);
	switch (k->kind) {
	case SLOT_FDB:
		code_fdb_key(c, &k->fdb);
		return;
	case SLOT_VXLAN_FDB:
		code_vxlan_fdb_key(c, &k->vxlan_fdb);
		return;
	case SLOT_FLOOD:
		code_flood_key(c, &k->flood);
		return;
	case SLOT_NEIGH:
		code_neigh_key(c, &k->neigh);
		return;
	case SLOT_ROUTE:
		code_route_key(c, &k->route);
		return;
	case SLOT_BRIDGE_PORT:
		code_ifindex(c, &k->bridge_port);
		return;
	case SLOT_LINK:
		code_ifindex(c, &k->link);
		return;
	case SLOT_ADDR:
		code_addr_key(c, &k->addr);
		return;
	case SLOT_NEXTHOP:
		code_u32(c, &k->nexthop.id);
		return;
	}
}

static void code_fdb_entry(struct coder *c, struct fdb_entry *e)
{
	code_ifindex(c, &e->port);
	code_u16(c, &e->nud);
	code_u8(c, &e->ntf);
	code_bool(c, &e->locked);
}

static void code_vxlan_fdb_entry(struct coder *c, struct vxlan_fdb_entry *e)
{
	code_ip(c, &e->dst);
	code_u32(c, &e->nhid);
	code_u16(c, &e->nud);
	code_u8(c, &e->ntf);
}

static void code_flood_entry(struct coder *c, struct flood_entry *e)
{
	code_u16(c, &e->nud);
	code_u8(c, &e->ntf);
}

static void code_neigh_entry(struct coder *c, struct neigh_entry *e)
{
	code_mac(c, &e->lladdr);
	code_u16(c, &e->nud);
	code_u8(c, &e->ntf);
	code_u8(c, &e->protocol);
}

static void code_nexthop(struct coder *c, struct route_nexthop *n)
{
	code_ip(c, &n->gateway);
	code_ifindex(c, &n->dev);
	code_u32(c, &n->weight);
}

/* An array that is only read may be given without const: the coder does not write while encoding.
 */
static void code_nexthops(struct coder *c, const struct route_nexthop **list, uint8_t count)
{
	struct route_nexthop *to = NULL;

	if (count == 0 || count > ROUTE_NEXTHOPS_MAX) {
		if (count > 0)
			coder_fail(c);
		if (coder_decodes(c))
			*list = NULL;
		return;
	}
	if (coder_decodes(c))
		*list = to = arena_new(c->arena, count * sizeof(*to));
	for (uint8_t i = 0; i < count; i++) {
		struct route_nexthop n = coder_decodes(c) ? (struct route_nexthop){0} : (*list)[i];

		code_nexthop(c, &n);
		if (to != NULL)
			to[i] = n;
	}
}

static void code_route_entry(struct coder *c, struct route_entry *e)
{
	code_u8(c, &e->protocol);
	code_u8(c, &e->type);
	code_u8(c, &e->nexthop_count);
	code_ip(c, &e->prefsrc);
	code_u32(c, &e->nhid);
	code_nexthops(c, &e->nexthops, e->nexthop_count);
	if (!coder_ok(c))
		e->nexthop_count = 0;
}

static void code_members(struct coder *c, const struct nexthop_member **list, uint8_t count)
{
	struct nexthop_member *to = NULL;

	if (count > ROUTE_NEXTHOPS_MAX)
		coder_fail(c);
	if (coder_decodes(c))
		*list = NULL;
	if (count == 0 || count > ROUTE_NEXTHOPS_MAX)
		return;
	if (coder_decodes(c))
		*list = to = arena_new(c->arena, count * sizeof(*to));
	for (uint8_t i = 0; i < count; i++) {
		struct nexthop_member m = to != NULL ? (struct nexthop_member){0} : (*list)[i];

		code_u32(c, &m.id);
		code_u32(c, &m.weight);
		if (to != NULL)
			to[i] = m;
	}
}

static void code_nexthop_entry(struct coder *c, struct nexthop_entry *e)
{
	code_u8(c, &e->protocol);
	code_u8(c, &e->member_count);
	code_bool(c, &e->foreign_kind);
	code_ip(c, &e->gateway);
	code_ifindex(c, &e->dev);
	code_members(c, &e->members, e->member_count);
	if (!coder_ok(c))
		e->member_count = 0;
}

static void code_content(struct coder *c, enum slot_kind kind, struct slot_content *content)
{
	switch (kind) {
	case SLOT_FDB:
		code_fdb_entry(c, &content->fdb);
		return;
	case SLOT_VXLAN_FDB:
		code_vxlan_fdb_entry(c, &content->vxlan_fdb);
		return;
	case SLOT_FLOOD:
		code_flood_entry(c, &content->flood);
		return;
	case SLOT_NEIGH:
		code_neigh_entry(c, &content->neigh);
		return;
	case SLOT_ROUTE:
		code_route_entry(c, &content->route);
		return;
	case SLOT_BRIDGE_PORT:
		code_bool(c, &content->bridge_port.learning);
		return;
	case SLOT_LINK:
		code_bool(c, &content->link.up);
		return;
	case SLOT_ADDR:
		code_u8(c, &content->addr.protocol);
		return;
	case SLOT_NEXTHOP:
		code_nexthop_entry(c, &content->nexthop);
		return;
	}
}

/* ---- links ----------------------------------------------------------------------------------- */

static void code_link_bridge(struct coder *c, struct link *l)
{
	code_bool(c, &l->bridge.vlan_filtering);
	code_u16(c, &l->bridge.default_pvid);
}

static void code_link_vxlan(struct coder *c, struct link *l)
{
	code_vni(c, &l->vxlan.vni);
	code_ip(c, &l->vxlan.local);
	code_u16(c, &l->vxlan.port);
	code_bool(c, &l->vxlan.learning);
	code_bool(c, &l->vxlan.external);
	code_bool(c, &l->vxlan.vnifilter);
}

static void code_link_port(struct coder *c, struct link_port *p)
{
	code_bool(c, &p->valid);
	code_u8(c, &p->state);
	code_bool(c, &p->learning);
	code_bool(c, &p->neigh_suppress);
	code_bool(c, &p->locked);
}

static void code_link(struct coder *c, struct link *l)
{
	code_ifindex(c, &l->ifindex);
	code_enum(c, &l->kind, LINK_LOOPBACK + 1);
	code_text_array(c, l->name, sizeof(l->name));
	code_ifindex(c, &l->master);
	code_ifindex(c, &l->lower);
	code_mac(c, &l->mac);
	code_u32(c, &l->mtu);
	code_bool(c, &l->admin_up);
	code_bool(c, &l->running);
	code_bool(c, &l->lower_up);
	code_link_bridge(c, l);
	code_link_vxlan(c, l);
	code_u16(c, &l->vlan_id);
	code_u32(c, &l->vrf_table);
	code_link_port(c, &l->port);
}

static void code_port_vlans(struct coder *c, struct kernel_event *e)
{
	struct port_vlan *to = NULL;
	uint16_t count;

	code_ifindex(c, &e->port_vlans.port);
	code_link_port(c, &e->port_vlans.flags);
	code_u16(c, &e->port_vlans.count);
	count = e->port_vlans.count;
	if (coder_decodes(c))
		e->port_vlans.vlans = to = arena_new(c->arena, count * sizeof(*to));
	for (uint16_t i = 0; i < count && coder_ok(c); i++) {
		struct port_vlan v =
		    coder_decodes(c) ? (struct port_vlan){0} : e->port_vlans.vlans[i];

		code_u16(c, &v.first);
		code_u16(c, &v.last);
		code_u8(c, &v.flags);
		if (to != NULL)
			to[i] = v;
	}
}

/* ---- the three messages -----------------------------------------------------------------------
 */

static void code_addr_event(struct coder *c, struct kernel_event *e)
{
	code_ifindex(c, &e->addr.dev);
	code_prefix(c, &e->addr.prefix);
	code_u8(c, &e->addr.entry.protocol);
	code_bool(c, &e->addr.tentative);
}

static void code_kernel_event_body(struct coder *c, struct kernel_event *e)
{
	switch (e->kind) {
	case KERNEL_LINK_NEW:
		code_link(c, &e->link);
		return;
	case KERNEL_LINK_DEL:
		code_ifindex(c, &e->link_gone);
		return;
	case KERNEL_PORT_VLANS:
		code_port_vlans(c, e);
		return;
	case KERNEL_ADDR_NEW:
	case KERNEL_ADDR_DEL:
		code_addr_event(c, e);
		return;
	case KERNEL_FDB_NEW:
	case KERNEL_FDB_DEL:
		code_fdb_key(c, &e->fdb.key);
		code_fdb_entry(c, &e->fdb.entry);
		return;
	case KERNEL_VXLAN_FDB_NEW:
	case KERNEL_VXLAN_FDB_DEL:
		code_vxlan_fdb_key(c, &e->vxlan_fdb.key);
		code_vxlan_fdb_entry(c, &e->vxlan_fdb.entry);
		return;
	case KERNEL_FLOOD_NEW:
	case KERNEL_FLOOD_DEL:
		code_flood_key(c, &e->flood.key);
		code_flood_entry(c, &e->flood.entry);
		return;
	case KERNEL_NEIGH_NEW:
	case KERNEL_NEIGH_DEL:
		code_neigh_key(c, &e->neigh.key);
		code_neigh_entry(c, &e->neigh.entry);
		return;
	case KERNEL_ROUTE_NEW:
	case KERNEL_ROUTE_DEL:
		code_route_key(c, &e->route.key);
		code_route_entry(c, &e->route.entry);
		return;
	case KERNEL_NEXTHOP_NEW:
	case KERNEL_NEXTHOP_DEL:
		code_u32(c, &e->nexthop.key.id);
		code_nexthop_entry(c, &e->nexthop.entry);
		return;
	case KERNEL_DUMP_BEGIN:
	case KERNEL_DUMP_END:
		code_enum(c, &e->dump.table, TABLE_COUNT);
		code_bool(c, &e->dump.clean);
		return;
	case KERNEL_OVERRUN:
		return;
	}
}

void code_kernel_event(struct coder *c, struct kernel_event *e)
{
	code_enum(c, &e->kind, KERNEL_OVERRUN + 1);
	code_bool(c, &e->from_dump);
	code_bool(c, &e->ours);
	code_u32(c, &e->writer);
	code_kernel_event_body(c, e);
}

void code_kernel_result(struct coder *c, struct kernel_result *r)
{
	code_u32(c, &r->id);
	code_enum(c, &r->slot, SLOT_LINK + 1);
	code_enum(c, &r->outcome, KERNEL_FAILED + 1);
	code_int(c, &r->error);
	code_bool(c, &r->checked);
	code_bool(c, &r->seen_present);
	if (r->seen_present)
		code_content(c, r->slot, &r->seen);
}

static bool verb_has_content(enum kernel_verb verb, enum precondition_kind pre)
{
	switch (verb) {
	case KERNEL_ADD:
	case KERNEL_CHANGE:
	case KERNEL_DELETE:
	case KERNEL_SET:
		return true;
	case KERNEL_READ: /* adoption */
		return pre == PRE_EQUAL;
	case KERNEL_PROBE:
		return false;
	}
	return false;
}

void code_kernel_op(struct coder *c, struct kernel_op *op)
{
	code_u32(c, &op->id);
	code_enum(c, &op->verb, KERNEL_SET + 1);
	code_slot_key(c, &op->key);
	code_enum(c, &op->pre, PRE_EQUAL + 1);
	if (verb_has_content(op->verb, op->pre))
		code_content(c, op->key.kind, &op->content);
	if (op->pre == PRE_EQUAL)
		code_content(c, op->key.kind, &op->expected);
}
