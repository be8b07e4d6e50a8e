/*
 * Walks over all slots, in order: what is ours, what is an orphan (carries all our marks and is not
 * in the ledger). Decides nothing about a single slot.
 */
#include "evpn/instance.h"

#define FLUSH_ATTEMPTS 5

typedef void slot_fn(struct evpn *v, const struct slot_key *key, const struct slot *slot,
    const struct slot_content *content, void *context);

#define EACH_SLOT(v, all, slot_kind, field, visit, context)                                        \
	for (; *(all) != NULL; (all)++) {                                                          \
		struct slot_key key = {.kind = (slot_kind)};                                       \
		struct slot_content content = {.field = (*(all))->entry};                          \
                                                                                                   \
		key.field = (*(all))->key;                                                         \
		visit((v), &key, &(*(all))->slot, &content, (context));                            \
	}

static void each_slot(struct evpn *v, slot_fn *visit, void *context)
{
	struct fdb_slot **fdb = mirror_fdb_all(v->mirror, &v->arena);
	struct vxlan_fdb_slot **vxlan = mirror_vxlan_fdb_all(v->mirror, &v->arena);
	struct flood_slot **flood = mirror_flood_all(v->mirror, &v->arena);
	struct neigh_slot **neighs = mirror_neigh_all(v->mirror, &v->arena);

	EACH_SLOT(v, fdb, SLOT_FDB, fdb, visit, context)
	EACH_SLOT(v, vxlan, SLOT_VXLAN_FDB, vxlan_fdb, visit, context)
	EACH_SLOT(v, flood, SLOT_FLOOD, flood, visit, context)
	EACH_SLOT(v, neighs, SLOT_NEIGH, neigh, visit, context)
}

static void mark_ours(struct evpn *v, const struct slot_key *key, const struct slot *slot,
    const struct slot_content *content, void *context)
{
	(void)content, (void)context;
	if (slot->ledger != LEDGER_NONE)
		desired_mark(v, key);
}

void desired_mark_all(struct evpn *v)
{
	each_slot(v, mark_ours, NULL);
}

static void count_ours(struct evpn *v, const struct slot_key *key, const struct slot *slot,
    const struct slot_content *content, void *context)
{
	const struct backoff *b = map_find(&v->slots.backoffs, key);
	unsigned *count = context;

	(void)content;
	/* The kernel will not let go: not worth waiting for. */
	if (b != NULL && b->attempts >= FLUSH_ATTEMPTS)
		return;
	if (slot->op != 0 || (slot->ledger != LEDGER_NONE && slot->present))
		(*count)++;
}

bool desired_empty(struct evpn *v)
{
	unsigned count = 0;

	each_slot(v, count_ours, &count);
	return count == 0;
}

/* Does it carry all our marks, on a VXLAN device or SVI of ours? reconcile knows. */
static bool is_orphan(
    struct evpn *v, const struct slot_key *key, const struct slot_content *content)
{
	enum slot_status status = SLOT_EMPTY;
	struct kernel_op op;

	if (key->kind == SLOT_FDB) {
		struct mac_vrf *vrf = mac_vrf_of_vxlan(v, content->fdb.port);
		struct fdb_desired want = {.vxlan = content->fdb.port};

		if (vrf != NULL)
			reconcile_fdb(
			    mirror_fdb(v->mirror, &key->fdb), &key->fdb, &want, &op, &status);
	} else if (key->kind == SLOT_VXLAN_FDB) {
		struct vxlan_fdb_desired want = {0};

		if (mac_vrf_of_vxlan(v, key->vxlan_fdb.dev) != NULL)
			reconcile_vxlan_fdb(mirror_vxlan_fdb(v->mirror, &key->vxlan_fdb),
			    &key->vxlan_fdb, &want, &op, &status);
	} else if (key->kind == SLOT_NEIGH) {
		struct neigh_desired want = {0};

		reconcile_neigh(
		    mirror_neigh(v->mirror, &key->neigh), &key->neigh, &want, &op, &status);
	}
	return status == SLOT_ORPHAN;
}

static void adopt_orphan(struct evpn *v, const struct slot_key *key, const struct slot *slot,
    const struct slot_content *content, void *context)
{
	unsigned *count = context;

	if (!slot->present || slot->ledger != LEDGER_NONE || !is_orphan(v, key, content))
		return;
	desired_adopt(v, key, content);
	desired_mark(v, key);
	(*count)++;
}

/* A neighbour with all our marks whose MAC turned out to be here. */
static void adopt_contradicted(struct evpn *v, const struct slot_key *key, const struct slot *slot,
    const struct slot_content *content, void *context)
{
	struct mac_vrf *vrf = key->kind == SLOT_NEIGH ? mac_vrf_of_svi(v, key->neigh.dev) : NULL;

	if (vrf == NULL || !mac_is_advertised(mac_find(v, vrf->vni, &content->neigh.lladdr)))
		return;
	adopt_orphan(v, key, slot, content, context);
}

unsigned desired_adopt_contradicted(struct evpn *v)
{
	unsigned count = 0;

	each_slot(v, adopt_contradicted, &count);
	return count;
}

unsigned desired_adopt_orphans(struct evpn *v)
{
	unsigned count = 0;

	each_slot(v, adopt_orphan, &count);
	return count;
}
