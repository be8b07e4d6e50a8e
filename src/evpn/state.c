/*
 * The state file, written: what is about to be written into the kernel, the sequence of each claim,
 * the number of each RD; and read again at start. Appended before the operation that it tells of;
 * rewritten with what is still true when it has doubled.
 *
 * How records look is record/state.c; where the bytes go is the host's business.
 */
#include "record/state.h"
#include "base/mem.h"
#include "evpn/desired.h"
#include "evpn/instance.h"

#define STATE_SLACK (4u << 20)

static void state_begin(struct evpn *v)
{
	uint8_t bytes[STATE_RECORD_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));

	state_write_head(&w, v->boot_id, v->netns);
	v->host.state_reset(v->host.context, bytes, writer_size(&w));
	v->slots.state_ready = true;
	v->slots.state_size = v->slots.state_rewritten = writer_size(&w);
}

void state_remember(struct evpn *v, const struct state_record *record)
{
	uint8_t bytes[STATE_RECORD_MAX];
	struct writer w = writer_to(bytes, sizeof(bytes));

	if (v->host.state_append == NULL)
		return;
	if (!v->slots.state_ready)
		state_begin(v);
	state_write(&w, record);
	v->host.state_append(v->host.context, bytes, writer_size(&w));
	v->slots.state_size += writer_size(&w);
}

static void restore_record(struct evpn *v, const struct state_record *r)
{
	switch (r->kind) {
	case STATE_SLOT:
		if (r->slot.key.kind == SLOT_BRIDGE_PORT)
			mac_vrf_port_off(v, r->slot.key.bridge_port);
		else
			ledger_restore(v->mirror, &r->slot.key, &r->slot.content);
		break;
	case STATE_RD:
		mac_vrf_restore_rd(v, &r->rd);
		break;
	case STATE_MAC:
		mac_restore(v, &r->mac);
		break;
	case STATE_ROUTE:
		if (v->host.formerly != NULL)
			v->host.formerly(v->host.context, &r->route);
		break;
	}
}

enum state_found state_restore(struct evpn *v, const uint8_t *bytes, size_t size)
{
	struct state_record record;
	struct state_reader r;
	size_t whole;

	if (v->host.state_append == NULL)
		return STATE_NOTHING;
	if (!state_open(&r, bytes, size, v->boot_id, v->netns)) {
		v->counters.state_records_ignored += size > 0;
		state_begin(v);
		return STATE_NOTHING;
	}
	do
		whole = (size_t)(r.bytes.p - bytes);
	while (state_next(&r, &record) && (restore_record(v, &record), true));
	if (!r.damaged)
		whole = size;
	v->counters.state_records_ignored += r.ignored;
	/* A torn tail would hide what is appended after it. */
	v->host.state_reset(v->host.context, bytes, whole);
	v->slots.state_ready = true;
	v->slots.state_size = v->slots.state_rewritten = whole;
	return r.damaged ? STATE_PART : STATE_WHOLE;
}

struct rewriting {
	struct evpn *v;
	uint8_t *bytes;
	size_t size, room;
};

static void rewrite_one(struct rewriting *to, const struct state_record *record)
{
	struct writer w;

	if (to->room - to->size < STATE_RECORD_MAX) {
		to->room = to->room * 2 + 65536;
		to->bytes = mem_resize(to->bytes, to->room);
	}
	w = writer_to(to->bytes + to->size, to->room - to->size);
	if (record == NULL)
		state_write_head(&w, to->v->boot_id, to->v->netns);
	else
		state_write(&w, record);
	to->size += writer_size(&w);
}

#define REWRITE_SLOTS(to, all, slot_kind, field)                                                   \
	do {                                                                                       \
		for (; *(all) != NULL; (all)++) {                                                  \
			struct state_record record = {.kind = STATE_SLOT};                         \
                                                                                                   \
			if ((*(all))->slot.ledger == LEDGER_NONE)                                  \
				continue;                                                          \
			record.slot.key.kind = (slot_kind);                                        \
			record.slot.key.field = (*(all))->key;                                     \
			record.slot.content = mirror_ledger((to)->v->mirror, &record.slot.key);    \
			rewrite_one((to), &record);                                                \
		}                                                                                  \
	} while (0)

static void rewrite_slots(struct rewriting *to)
{
	struct evpn *v = to->v;
	struct fdb_slot **fdb = mirror_fdb_all(v->mirror, &v->arena);
	struct vxlan_fdb_slot **vxlan = mirror_vxlan_fdb_all(v->mirror, &v->arena);
	struct flood_slot **flood = mirror_flood_all(v->mirror, &v->arena);
	struct neigh_slot **neighs = mirror_neigh_all(v->mirror, &v->arena);

	REWRITE_SLOTS(to, fdb, SLOT_FDB, fdb);
	REWRITE_SLOTS(to, vxlan, SLOT_VXLAN_FDB, vxlan_fdb);
	REWRITE_SLOTS(to, flood, SLOT_FLOOD, flood);
	REWRITE_SLOTS(to, neighs, SLOT_NEIGH, neigh);
	for (size_t i = 0; i < v->vrfs.port_off_count; i++) {
		struct state_record record = {.kind = STATE_SLOT};

		record.slot.key = slot_key_bridge_port(v->vrfs.ports_off[i]);
		rewrite_one(to, &record);
	}
}

static void rewrite_claims(struct rewriting *to)
{
	struct evpn *v = to->v;
	struct mac_entry **macs =
	    (struct mac_entry **)map_sorted(&v->macs.map, &v->arena, mac_compare);

	for (size_t i = 0; i < v->vrfs.count; i++) {
		struct state_record record = {.kind = STATE_RD};

		record.rd = (struct state_rd){v->vrfs.list[i]->vni, v->vrfs.list[i]->rd_index};
		rewrite_one(to, &record);
	}
	for (size_t i = 0; i < v->macs.map.count; i++) {
		struct state_record record = {.kind = STATE_MAC};

		if (!mac_is_advertised(macs[i]))
			continue;
		record.mac = mac_state(macs[i]);
		rewrite_one(to, &record);
	}
}

static void rewrite_route(void *context, const struct nlri *nlri)
{
	struct state_record record = {.kind = STATE_ROUTE, .route = *nlri};

	rewrite_one(context, &record);
}

bool evpn_remember_route(struct evpn *v, const struct nlri *nlri)
{
	struct state_record record = {.kind = STATE_ROUTE, .route = *nlri};

	if (v->host.state_append == NULL || !state_takes_route(nlri))
		return false;
	state_remember(v, &record);
	return true;
}

/* Appending for ever would fill /run: once it has doubled, only what is true is kept. */
void state_compact(struct evpn *v)
{
	struct rewriting to = {.v = v};

	if (!v->slots.state_ready ||
	    v->slots.state_size < 2 * v->slots.state_rewritten + STATE_SLACK)
		return;
	rewrite_one(&to, NULL);
	rewrite_slots(&to);
	rewrite_claims(&to);
	if (v->host.walk_told != NULL)
		v->host.walk_told(v->host.context, &to, rewrite_route);
	v->host.state_reset(v->host.context, to.bytes, to.size);
	v->slots.state_size = v->slots.state_rewritten = to.size;
	mem_free(to.bytes);
}
