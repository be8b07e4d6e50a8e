/*
 * Desired: what each slot should hold, from facts alone; reconcile (kernel/) says the next step,
 * and this file issues it. Nothing else of evpn/ writes to the kernel.
 *
 * Rules kept here: no operation while the mirror is stale; what is about to be written stands in
 * the state file first; a slot whose operation failed waits, longer each time; before BGP has
 * converged nothing of ours is removed for want of a route; a slot that carries all our marks is
 * adopted when a route claims its key, and otherwise is an orphan, removed by command alone. A slot
 * of ours without owner (its MAC-VRF moved or went) is a stray and is emptied.
 *
 * The VXLAN half is written before the bridge half and removed after it, each in an operation of
 * its own: neither depends on the other's outcome.
 */
#include "evpn/desired.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "evpn/instance.h"
#include "record/state.h"

#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 30000
/* An agent writes the FDB entry first and the neighbour right after it. Our answer to the first
 * must not fall on the second. */
#define DEMOTE_HOLD_MS 20

void desired_init(struct evpn *v, uint64_t seed)
{
	struct desired_table *t = &v->slots;

	map_init(&t->backoffs, offsetof(struct backoff, key), sizeof(struct slot_key), seed);
	map_init(&t->strays, offsetof(struct stray, key), sizeof(struct slot_key), seed);
	t->stray_end = &t->stray_first;
	t->next_retry = MONO_NEVER;
}

void desired_fini(struct evpn *v)
{
	struct desired_table *t = &v->slots;
	struct backoff *b;
	struct stray *s;

	for (size_t at = 0; (b = map_next(&t->backoffs, &at)) != NULL;)
		mem_free(b);
	while ((s = t->stray_first) != NULL) {
		t->stray_first = s->next;
		mem_free(s);
	}
	map_fini(&t->backoffs);
	map_fini(&t->strays);
}

/* ---- who owns a slot ---------------------------------------------------------------------------
 */

static struct mac_entry *mac_of(const struct evpn *v, const struct slot_key *key)
{
	struct mac_vrf *vrf;

	if (key->kind == SLOT_FDB)
		vrf = mac_vrf_of_vlan(v, key->fdb.bridge, key->fdb.vlan);
	else if (key->kind == SLOT_VXLAN_FDB)
		vrf = mac_vrf_of_vxlan(v, key->vxlan_fdb.dev);
	else
		return NULL;
	if (vrf == NULL)
		return NULL;
	return mac_find(v, vrf->vni, key->kind == SLOT_FDB ? &key->fdb.mac : &key->vxlan_fdb.mac);
}

static struct neigh *neigh_of(const struct evpn *v, const struct slot_key *key)
{
	struct mac_vrf *vrf = key->kind == SLOT_NEIGH ? mac_vrf_of_svi(v, key->neigh.dev) : NULL;

	return vrf == NULL ? NULL : neigh_find(v, vrf->vni, &key->neigh.ip);
}

/* One of the two, or neither. */
struct owner {
	struct mac_entry *mac;
	struct neigh *neigh;
};

static struct owner owner_of(const struct evpn *v, const struct slot_key *key)
{
	return (struct owner){.mac = mac_of(v, key), .neigh = neigh_of(v, key)};
}

/* The MAC that a slot is about, for its history. A neighbour's is nearly always that of a route. */
static struct mac_entry *subject_of(const struct evpn *v, const struct owner *owner,
    const struct slot_key *key, const struct slot_content *content)
{
	const struct import_route *r = owner->neigh == NULL ? NULL : owner->neigh->routes;
	struct mac_vrf *vrf;

	if (key->kind != SLOT_NEIGH)
		return owner->mac;
	for (; r != NULL; r = r->of_neigh)
		if (mac_equal(&r->mac->key.mac, &content->neigh.lladdr))
			return r->mac;
	vrf = mac_vrf_of_svi(v, key->neigh.dev);
	return vrf == NULL ? NULL : mac_find(v, vrf->vni, &content->neigh.lladdr);
}

/* ---- issuing ------------------------------------------------------------------------------------
 */

/* None, nearly always. */
static struct backoff *backoff_of(const struct evpn *v, const struct slot_key *key)
{
	return v->slots.backoffs.count == 0 ? NULL : map_find(&v->slots.backoffs, key);
}

/* Nothing is issued for this slot for a while, though nothing has failed. */
static void hold_begin(struct evpn *v, const struct slot_key *key, int64_t ms)
{
	struct backoff *b = mem_new(sizeof(*b));

	b->key = *key;
	b->until = mono_add_ms(v->now, ms);
	map_insert(&v->slots.backoffs, b);
	v->slots.next_retry = mono_min(v->slots.next_retry, b->until);
}

/* What the slot was held for has come without us. */
static void hold_end(struct evpn *v, const struct slot_key *key)
{
	struct backoff *b = backoff_of(v, key);

	if (b != NULL && b->attempts == 0)
		mem_free(map_remove(&v->slots.backoffs, key));
}

/* History of the MAC that the slot is about; where nobody has one it is not looked for. */
static void history_slot(
    struct evpn *v, const struct owner *owner, const struct kernel_op *op, struct moment moment)
{
	if (v->macs.local_count == 0 && !v->watched)
		return;
	history_add(v, subject_of(v, owner, &op->key, &op->content),
	    op->key.kind == SLOT_NEIGH ? &op->key.neigh.ip : NULL, moment);
}

/* Does it write what will be ours? A neighbour that is made learnable is given away. */
static bool is_ours_to_be(const struct kernel_op *op)
{
	if (op->key.kind == SLOT_NEIGH && (op->content.neigh.ntf & NTF_EXT_LEARNED) == 0)
		return false;
	return op->verb == KERNEL_ADD || op->verb == KERNEL_CHANGE || op->verb == KERNEL_SET;
}

static bool issue(struct evpn *v, const struct owner *owner, const struct kernel_op *op)
{
	struct backoff *b = backoff_of(v, &op->key);

	if (b != NULL && !mono_reached(b->until, v->now))
		return false;
	if (mirror_is_stale(v->mirror)) {
		v->was_stale = true;
		return false;
	}
	if (is_ours_to_be(op)) {
		struct state_record record = {.kind = STATE_SLOT};

		record.slot.key = op->key;
		record.slot.content = op->content;
		state_remember(v, &record);
	}
	v->host.kernel_op(v->host.context, op);
	history_slot(v, owner, op,
	    (struct moment){
		.kind = MOMENT_WRITTEN, .a = (uint8_t)op->key.kind, .b = (uint32_t)op->verb});
	return true;
}

bool desired_issue(struct evpn *v, const struct kernel_op *op)
{
	struct owner owner = owner_of(v, &op->key);

	return issue(v, &owner, op);
}

/* The next step of a slot whose owner the audit had marked is a difference that it found. */
static void step(
    struct evpn *v, const struct owner *owner, const struct kernel_op *op, bool audited)
{
	char text[SLOT_TEXT_MAX];

	if (!issue(v, owner, op) || !audited)
		return;
	v->counters.kernel.audit_desired++;
	log_warning(v->log, LOG_KERNEL, "audit: not as wanted: %s", slot_key_text(&op->key, text));
}

void desired_adopt(struct evpn *v, const struct slot_key *key, const struct slot_content *content)
{
	ledger_restore(v->mirror, key, content);
}

/* ---- MACs: bridge FDB and VXLAN FDB
 * -------------------------------------------------------------- */

struct mac_slots {
	struct slot_key fdb_key, vxlan_key;
	struct fdb_desired fdb;
	struct vxlan_fdb_desired vxlan;
};

static struct mac_slots mac_slots(const struct mac_vrf *vrf, const struct mac_entry *m,
    const struct mobility_decision *d, const struct remote *r)
{
	struct mac_slots s = {
	    .fdb_key = slot_key_fdb(vrf->place.bridge, vrf->place.vlan, &m->key.mac),
	    .vxlan_key = slot_key_vxlan_fdb(vrf->place.vxlan, (vni_t){0}, &m->key.mac)};
	bool wanted = d->wish == WISH_REMOTE;

	s.fdb = (struct fdb_desired){.wanted = wanted,
	    .vxlan = vrf->place.vxlan,
	    .sticky = wanted && r->kind == REMOTE_STICKY,
	    .displace_learned = d->displace_learned};
	s.vxlan.wanted = wanted;
	if (wanted)
		s.vxlan.dst = r->vtep;
	return s;
}

static bool next_fdb(
    struct evpn *v, const struct mac_slots *s, struct kernel_op *op, enum slot_status *status)
{
	const struct fdb_slot *slot = mirror_fdb(v->mirror, &s->fdb_key.fdb);
	bool due = reconcile_fdb(slot, &s->fdb_key.fdb, &s->fdb, op, status);

	if (*status != SLOT_ORPHAN || !s->fdb.wanted)
		return due;
	desired_adopt(v, &s->fdb_key, &(struct slot_content){.fdb = slot->entry});
	slot = mirror_fdb(v->mirror, &s->fdb_key.fdb);
	return reconcile_fdb(slot, &s->fdb_key.fdb, &s->fdb, op, status);
}

/* `claimed`: the MAC is advertised here; a row with all our marks that says otherwise is ours from
 * before a restart (kernel-facts: the marks are good for unicast). */
static bool next_vxlan(
    struct evpn *v, const struct mac_slots *s, bool claimed, struct kernel_op *op)
{
	const struct vxlan_fdb_key *key = &s->vxlan_key.vxlan_fdb;
	const struct vxlan_fdb_slot *slot = mirror_vxlan_fdb(v->mirror, key);
	enum slot_status status;
	bool due = reconcile_vxlan_fdb(slot, key, &s->vxlan, op, &status);

	if (status != SLOT_ORPHAN || (!s->vxlan.wanted && !claimed))
		return due;
	desired_adopt(v, &s->vxlan_key, &(struct slot_content){.vxlan_fdb = slot->entry});
	return reconcile_vxlan_fdb(mirror_vxlan_fdb(v->mirror, key), key, &s->vxlan, op, &status);
}

void desired_mac(struct evpn *v, const struct mac_vrf *vrf, struct mac_entry *m,
    const struct mobility_decision *d, const struct remote *r)
{
	struct mac_slots s = mac_slots(vrf, m, d, r);
	struct owner owner = {.mac = m};
	struct kernel_op fdb_op, vxlan_op;
	enum slot_status status = SLOT_EMPTY;
	bool fdb_due = false, vxlan_due = false;

	if (vrf->place.vxlan.v == 0 || d->wish == WISH_KEEP)
		return;
	/* Kept over a restart until BGP has told what there is. */
	if (!v->converged && !v->flushing && d->row == ROW_IDLE)
		return;
	if (vrf->place.bridge.v != 0)
		fdb_due = next_fdb(v, &s, &fdb_op, &status);
	/* Half an entry is of no use beside a foreign one. */
	if (status == SLOT_BLOCKED)
		s.vxlan.wanted = false;
	vxlan_due = next_vxlan(v, &s, d->advertise, &vxlan_op);
	if (vxlan_due && s.vxlan.wanted)
		step(v, &owner, &vxlan_op, m->audited);
	if (fdb_due)
		step(v, &owner, &fdb_op, m->audited);
	if (vxlan_due && !s.vxlan.wanted)
		step(v, &owner, &vxlan_op, m->audited);
}

enum slot_status desired_fdb_status(
    const struct evpn *v, const struct mac_vrf *vrf, const struct mac_entry *m)
{
	struct mobility_decision d = mac_decision(v, m);
	struct remote r = mac_remote(v, m);
	struct mac_slots s = mac_slots(vrf, m, &d, &r);
	enum slot_status status;
	struct kernel_op op;

	reconcile_fdb(mirror_fdb(v->mirror, &s.fdb_key.fdb), &s.fdb_key.fdb, &s.fdb, &op, &status);
	return status;
}

enum slot_status desired_vxlan_status(
    const struct evpn *v, const struct mac_vrf *vrf, const struct mac_entry *m)
{
	struct mobility_decision d = mac_decision(v, m);
	struct remote r = mac_remote(v, m);
	struct mac_slots s = mac_slots(vrf, m, &d, &r);
	enum slot_status status;
	struct kernel_op op;

	reconcile_vxlan_fdb(mirror_vxlan_fdb(v->mirror, &s.vxlan_key.vxlan_fdb),
	    &s.vxlan_key.vxlan_fdb, &s.vxlan, &op, &status);
	return status;
}

/* ---- neighbours ---------------------------------------------------------------------------------
 */

/* Claimed here, as a host or as an address of ours: nothing of ours may name it as remote. */
static bool claimed_here(const struct evpn *v, const struct mac_vrf *vrf, const struct mac_entry *m)
{
	return m != NULL && (mac_is_advertised(m) || mac_claim(v, vrf, m).kind == CLAIM_OWN);
}

/* A host of ours answers for the IP, and the remote route is not above it (RFC 9721). */
static bool answers_here(
    const struct evpn *v, const struct neigh *n, const struct import_route *best)
{
	const struct neigh_local *l = n->local;
	const struct mac_entry *m =
	    l != NULL && l->present ? mac_find(v, n->id.vni, &l->lladdr) : NULL;

	return mac_is_advertised(m) && (l->pinned || best->sequence <= m->local->own);
}

static struct neigh_desired neigh_wish(const struct evpn *v, const struct mac_vrf *vrf,
    const struct neigh *n, const struct neigh_slot *slot)
{
	const struct import_route *best = neigh_best(v, n);
	struct neigh_desired want = {0};
	const struct mac_entry *m = NULL;

	if (best != NULL) {
		want.lladdr = best->mac->key.mac;
		m = best->mac;
	} else if (slot != NULL && slot->slot.ledger != LEDGER_NONE) {
		struct slot_key key = slot_key_neigh(slot->key.dev, &slot->key.ip);
		struct slot_content ledger = mirror_ledger(v->mirror, &key);

		m = mac_find(v, vrf->vni, &ledger.neigh.lladdr);
	}
	want.local_mac = claimed_here(v, vrf, m);
	want.wanted = best != NULL && !want.local_mac && mac_vrf_active(vrf) && !v->flushing &&
		      !mac_is_released(best->mac) && !answers_here(v, n, best);
	return want;
}

static bool next_neigh(struct evpn *v, const struct neigh_slot *slot, const struct slot_key *key,
    const struct neigh_desired *want, struct kernel_op *op)
{
	enum slot_status status;
	bool due = reconcile_neigh(slot, &key->neigh, want, op, &status);

	if (status != SLOT_ORPHAN || (!want->wanted && !want->local_mac))
		return due;
	desired_adopt(v, key, &(struct slot_content){.neigh = slot->entry});
	return reconcile_neigh(
	    mirror_neigh(v->mirror, &key->neigh), &key->neigh, want, op, &status);
}

/* Our entry is right while its MAC is here, so giving it away can wait until the agent that pinned
 * the MAC has had time for its own (docs/decisions/neighbour-of-a-local-mac.md). */
static void demotion_held(struct evpn *v, const struct owner *owner, const struct slot_key *key,
    const struct kernel_op *op)
{
	const struct mac_entry *m;
	bool pinned;

	if (is_ours_to_be(op) || op->verb != KERNEL_CHANGE || backoff_of(v, key) != NULL)
		return;
	m = subject_of(v, owner, key, &op->content);
	pinned = m != NULL && m->local != NULL && m->local->claim.kind == CLAIM_PINNED;
	if (pinned)
		hold_begin(v, key, DEMOTE_HOLD_MS);
}

void desired_neigh(struct evpn *v, const struct mac_vrf *vrf, struct neigh *n)
{
	struct slot_key key = slot_key_neigh(vrf->place.svi, &n->id.ip);
	const struct neigh_slot *slot;
	struct owner owner = {.neigh = n};
	struct neigh_desired want;
	struct kernel_op op;

	if (vrf->place.svi.v == 0)
		return;
	slot = mirror_neigh(v->mirror, &key.neigh);
	want = neigh_wish(v, vrf, n, slot);
	if (!v->converged && !v->flushing && !want.wanted && !want.local_mac)
		return;
	if (next_neigh(v, slot, &key, &want, &op)) {
		demotion_held(v, &owner, &key, &op);
		step(v, &owner, &op, n->audited);
	} else {
		hold_end(v, &key);
	}
}

enum slot_status desired_neigh_status(
    const struct evpn *v, const struct mac_vrf *vrf, const struct neigh *n)
{
	struct slot_key key = slot_key_neigh(vrf->place.svi, &n->id.ip);
	const struct neigh_slot *slot = mirror_neigh(v->mirror, &key.neigh);
	struct neigh_desired want = neigh_wish(v, vrf, n, slot);
	enum slot_status status;
	struct kernel_op op;

	reconcile_neigh(slot, &key.neigh, &want, &op, &status);
	return status;
}

/* ---- flood lists --------------------------------------------------------------------------------
 */

void desired_flood(struct evpn *v, const struct mac_vrf *vrf, const struct ip *vtep, bool wanted)
{
	struct slot_key key = slot_key_flood(vrf->place.vxlan, (vni_t){0}, vtep);
	const struct owner nobody = {0};
	struct kernel_op op;

	if (vrf->place.vxlan.v == 0 || (!wanted && !v->converged && !v->flushing))
		return;
	if (reconcile_flood(mirror_flood(v->mirror, &key.flood), &key.flood, wanted, &op, NULL))
		step(v, &nobody, &op, v->audit.part == AUDIT_FLOODS);
}

/* ---- strays -------------------------------------------------------------------------------------
 */

static void stray_add(struct evpn *v, const struct slot_key *key)
{
	struct desired_table *t = &v->slots;
	struct stray *s;

	if (map_find(&t->strays, key) != NULL)
		return;
	s = mem_new(sizeof(*s));
	s->key = *key;
	map_insert(&t->strays, s);
	*t->stray_end = s;
	t->stray_end = &s->next;
}

static void mark_flood(struct evpn *v, const struct slot_key *key)
{
	struct mac_vrf *vrf = mac_vrf_of_vxlan(v, key->flood.dev);

	if (vrf != NULL)
		imet_mark(v, vrf, &key->flood.vtep);
	else
		stray_add(v, key);
}

static void mark_owner(struct evpn *v, const struct owner *owner, const struct slot_key *key)
{
	if (owner->mac != NULL)
		mac_mark(v, owner->mac);
	else if (owner->neigh != NULL)
		neigh_mark(v, owner->neigh);
	else
		stray_add(v, key);
}

void desired_mark(struct evpn *v, const struct slot_key *key)
{
	struct owner owner;

	if (key->kind == SLOT_FLOOD) {
		mark_flood(v, key);
	} else if (key->kind == SLOT_NEIGH || key->kind == SLOT_FDB ||
		   key->kind == SLOT_VXLAN_FDB) {
		owner = owner_of(v, key);
		mark_owner(v, &owner, key);
	}
}

static bool next_stray(struct evpn *v, const struct slot_key *key, struct kernel_op *op)
{
	const struct neigh_desired no_neigh = {0};
	const struct vxlan_fdb_desired no_vxlan = {0};
	struct fdb_desired no_fdb = {0};

	if (key->kind == SLOT_FDB) {
		const struct fdb_slot *slot = mirror_fdb(v->mirror, &key->fdb);

		if (slot == NULL)
			return false;
		no_fdb.vxlan = mirror_ledger(v->mirror, key).fdb.port;
		return reconcile_fdb(slot, &key->fdb, &no_fdb, op, NULL);
	}
	if (key->kind == SLOT_VXLAN_FDB)
		return reconcile_vxlan_fdb(mirror_vxlan_fdb(v->mirror, &key->vxlan_fdb),
		    &key->vxlan_fdb, &no_vxlan, op, NULL);
	if (key->kind == SLOT_NEIGH)
		return reconcile_neigh(
		    mirror_neigh(v->mirror, &key->neigh), &key->neigh, &no_neigh, op, NULL);
	return reconcile_flood(mirror_flood(v->mirror, &key->flood), &key->flood, false, op, NULL);
}

bool desired_stray_step(struct evpn *v)
{
	struct desired_table *t = &v->slots;
	struct stray *s = t->stray_first;
	struct kernel_op op;
	struct owner owner;

	if (s == NULL)
		return false;
	t->stray_first = s->next;
	if (t->stray_first == NULL)
		t->stray_end = &t->stray_first;
	map_remove(&t->strays, &s->key);
	owner = owner_of(v, &s->key);
	if ((v->converged || v->flushing) && next_stray(v, &s->key, &op))
		step(v, &owner, &op, false);
	mem_free(s);
	return true;
}

/* ---- results ------------------------------------------------------------------------------------
 */

static int64_t backoff_ms(uint32_t attempts)
{
	int64_t ms = BACKOFF_FIRST_MS;

	for (uint32_t i = 1; i < attempts && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

/* A first mismatch is only news, looked at again at once. */
static void slot_waits(struct evpn *v, const struct kernel_op *op, bool mismatch)
{
	struct backoff *b = map_find(&v->slots.backoffs, &op->key);

	if (b == NULL) {
		b = mem_new(sizeof(*b));
		b->key = op->key;
		map_insert(&v->slots.backoffs, b);
	}
	b->attempts++;
	b->due = false;
	b->until =
	    mismatch && b->attempts == 1 ? v->now : mono_add_ms(v->now, backoff_ms(b->attempts));
	v->slots.next_retry = mono_min(v->slots.next_retry, b->until);
}

/* What the check saw is a fact, and no event tells it. */
static void observe(struct evpn *v, const struct slot_key *key)
{
	struct mac_vrf *vrf;

	if (key->kind == SLOT_FDB) {
		const struct fdb_slot *slot = mirror_fdb(v->mirror, &key->fdb);

		vrf = mac_vrf_of_vlan(v, key->fdb.bridge, key->fdb.vlan);
		if (vrf != NULL)
			mac_observe(v, vrf, &key->fdb.mac,
			    slot != NULL && slot->slot.present ? &slot->entry : NULL, false);
	} else if (key->kind == SLOT_NEIGH) {
		const struct neigh_slot *slot = mirror_neigh(v->mirror, &key->neigh);

		vrf = mac_vrf_of_svi(v, key->neigh.dev);
		if (vrf != NULL)
			neigh_observe(v, vrf, &key->neigh.ip,
			    slot != NULL && slot->slot.present ? &slot->entry : NULL);
	}
}

/* A repair may have been issued for it. */
static bool slot_busy(const struct evpn *v, const struct slot_key *key)
{
	const struct fdb_slot *fdb;
	const struct vxlan_fdb_slot *vxlan;
	const struct neigh_slot *neigh;

	if (key->kind == SLOT_FDB)
		return (fdb = mirror_fdb(v->mirror, &key->fdb)) != NULL && fdb->slot.op != 0;
	if (key->kind == SLOT_VXLAN_FDB)
		return (vxlan = mirror_vxlan_fdb(v->mirror, &key->vxlan_fdb)) != NULL &&
		       vxlan->slot.op != 0;
	return key->kind == SLOT_NEIGH && (neigh = mirror_neigh(v->mirror, &key->neigh)) != NULL &&
	       neigh->slot.op != 0;
}

/* The kernel's answer shows that the mirror does not know what stands there: look. */
static void look(struct evpn *v, const struct kernel_op *op, const struct kernel_result *result)
{
	struct kernel_op read = {.verb = KERNEL_READ, .key = op->key};

	if (op->key.kind == SLOT_BRIDGE_PORT || op->key.kind == SLOT_FLOOD ||
	    op->verb == KERNEL_READ || op->verb == KERNEL_PROBE || result->checked)
		return;
	if (result->outcome == KERNEL_FAILED &&
	    (result->error == EEXIST || result->error == ENOENT) && !slot_busy(v, &op->key))
		v->host.kernel_op(v->host.context, &read);
}

void desired_result(struct evpn *v, const struct kernel_op *op, const struct kernel_result *result)
{
	struct owner owner = owner_of(v, &op->key);

	history_slot(v, &owner, op,
	    (struct moment){.kind = MOMENT_RESULT,
		.a = (uint8_t)op->key.kind,
		.b = (uint32_t)result->error,
		.c = (uint32_t)result->outcome});
	if (v->counters.kernel.repaired != v->repaired_seen) {
		v->repaired_seen = v->counters.kernel.repaired;
		history_slot(v, &owner, op,
		    (struct moment){.kind = MOMENT_REPAIRED, .a = (uint8_t)op->key.kind});
	}
	if (result->outcome != KERNEL_DONE && op->verb != KERNEL_PROBE && op->verb != KERNEL_READ)
		slot_waits(v, op, result->outcome == KERNEL_MISMATCH);
	else if (op->verb != KERNEL_READ && backoff_of(v, &op->key) != NULL)
		mem_free(map_remove(&v->slots.backoffs, &op->key));
	if (result->outcome != KERNEL_DONE || op->verb == KERNEL_READ)
		observe(v, &op->key);
	if (owner.mac != NULL || owner.neigh != NULL)
		mark_owner(v, &owner, &op->key);
	else
		desired_mark(v, &op->key);
	look(v, op, result);
}

/* ---- time ---------------------------------------------------------------------------------------
 */

void desired_timers(struct evpn *v)
{
	struct desired_table *t = &v->slots;
	struct backoff **all;
	size_t count = t->backoffs.count;

	if (t->next_retry.ns != INT64_MAX && mono_reached(t->next_retry, v->now)) {
		t->next_retry = MONO_NEVER;
		all = (struct backoff **)map_sorted(&t->backoffs, &v->arena, NULL);
		for (size_t i = 0; i < count; i++) {
			if (!mono_reached(all[i]->until, v->now)) {
				t->next_retry = mono_min(t->next_retry, all[i]->until);
			} else if (!all[i]->due) {
				all[i]->due = true;
				desired_mark(v, &all[i]->key);
			} else if (mono_reached(mono_add_s(all[i]->until, 60), v->now)) {
				/* Nothing was due any more: forgotten. */
				mem_free(map_remove(&t->backoffs, &all[i]->key));
				continue;
			}
			if (all[i]->due)
				t->next_retry =
				    mono_min(t->next_retry, mono_add_s(all[i]->until, 60));
		}
	}
	state_compact(v);
}

static bool names(const struct slot_key *key, ifindex_t dev)
{
	if (key->kind == SLOT_NEIGH)
		return ifindex_equal(key->neigh.dev, dev);
	if (key->kind == SLOT_VXLAN_FDB)
		return ifindex_equal(key->vxlan_fdb.dev, dev);
	if (key->kind == SLOT_FLOOD)
		return ifindex_equal(key->flood.dev, dev);
	return key->kind == SLOT_FDB;
}

void desired_retry(struct evpn *v, ifindex_t dev)
{
	struct backoff *b;

	for (size_t at = 0; (b = map_next(&v->slots.backoffs, &at)) != NULL;) {
		if (!names(&b->key, dev) || b->due)
			continue;
		b->until = mono_min(b->until, v->now);
		v->slots.next_retry = v->now;
	}
}

mono_t desired_deadline(const struct evpn *v)
{
	return v->slots.next_retry;
}
