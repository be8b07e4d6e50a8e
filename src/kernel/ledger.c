/*
 * The ledger: what we wrote, slot by slot, and what became of it. And the witnesses: what was
 * overwritten while an operation was under way, for as long as it is.
 *
 * os/netlink delivers all notifications that an operation caused, and all before them, ahead of
 * its result; so at the result the mirror is the truth about the slot, and a result without any
 * notification means that the answer itself is the only news (an overrun swallowed them, or the
 * kernel had nothing to change).
 *
 * Repair. The kernel's add of a bridge row with extern_learn and its neighbour delete have no
 * condition: a foreign write inside 2.5 microseconds between our read and our write is hit. The
 * notifications tell: the foreign content, then ours over it. The foreign content is put back by
 * operations of its own: a bridge row of ours that carries the foreign row's flags is deleted
 * (scoped to our port), then the foreign row is created exclusively; where our delete removed the
 * foreign entry it is created exclusively; where our change overwrote it, it is changed back.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "kernel/reconcile.h"
#include "kernel/slots.h"

/* A repair that the kernel refuses is tried again at once, so often. */
#define REPAIR_ATTEMPTS 16

/* ---- witnesses ------------------------------------------------------------------------------ */

struct witness *witness_find(const struct mirror *m, const struct slot_key *key)
{
	return m->witnesses.count == 0 ? NULL : map_find(&m->witnesses, key);
}

struct witness *witness_make(struct mirror *m, const struct slot_key *key)
{
	struct witness *w = witness_find(m, key);

	if (w == NULL) {
		w = mem_new(sizeof(*w));
		w->key = *key;
		map_insert(&m->witnesses, w);
	}
	return w;
}

void witness_free(struct witness *w)
{
	if (w != NULL && w->key.kind == SLOT_NEXTHOP) {
		slot_content_drop(SLOT_NEXTHOP, &w->replaced);
		slot_content_drop(SLOT_NEXTHOP, &w->restore);
	}
	mem_free(w);
}

void witness_drop(struct mirror *m, const struct slot_key *key)
{
	if (m->witnesses.count != 0)
		witness_free(map_remove(&m->witnesses, key));
}

/* What stood where our delete removed another's protocol number, and no notification told of it. A
 * change of the number alone is not notified: the rest is as we wrote it. After an overrun it is
 * more likely that the notification was lost, of an entry written as agents write them; its link
 * address is then a guess, that of ours: in a migration it is the same. Nothing can be read any
 * more, and the FAILED row has no more to say. */
static struct slot_content taken_over(
    const struct mirror *m, const struct slot_content *ours, uint8_t protocol)
{
	struct slot_content c = *ours;

	c.neigh.protocol = protocol;
	if (m->stale[TABLE_NEIGH]) {
		c.neigh.nud = NUD_PERMANENT;
		c.neigh.ntf &= (uint8_t)~NTF_EXT_LEARNED;
	}
	return c;
}

/* Neighbours name their writer. Our own delete shows as a FAILED row, with the protocol number of
 * what it removed: another number than ours is a foreign change that nothing else told of. */
static void witness_neigh(struct mirror *m, const struct slot_key *key, const void *slot,
    const struct kernel_event *event, const struct slot_content *content)
{
	bool foreign = !event->ours && event->writer != 0;
	bool gone = content == NULL || (content->neigh.nud & NUD_FAILED) != 0;
	struct witness *w = foreign ? witness_make(m, key) : witness_find(m, key);
	const struct slot_content before = slot_mirror(SLOT_NEIGH, slot);

	if (event->ours && gone && (w == NULL || !w->foreign_known) && content != NULL &&
	    content->neigh.protocol != before.neigh.protocol &&
	    before.neigh.protocol == RTPROT_EVPND) {
		w = witness_make(m, key);
		w->foreign = taken_over(m, &before, content->neigh.protocol);
		w->foreign_known = true;
	}
	if (w == NULL)
		return;
	w->foreign_last = foreign;
	if (foreign && gone)
		w->foreign_known = false;
	if (foreign && !gone) {
		w->foreign = *content;
		w->foreign_known = true;
	}
}

void witness_event(struct mirror *m, const struct slot_key *key, void *slot,
    const struct kernel_event *event, const struct slot_content *content)
{
	struct slot *s = slot_state(key->kind, slot);
	struct witness *w;

	s->evented = true;
	if (key->kind == SLOT_ROUTE || key->kind == SLOT_ADDR || key->kind == SLOT_FLOOD)
		return;
	if (key->kind == SLOT_NEIGH) {
		witness_neigh(m, key, slot, event, content);
		return;
	}
	w = witness_find(m, key);
	if (s->present && !slot_agrees(key->kind, slot)) {
		w = witness_make(m, key);
		slot_content_drop(key->kind, &w->replaced);
		w->replaced = slot_mirror(key->kind, slot);
		slot_content_keep(key->kind, &w->replaced);
		w->replaced_known = true;
	} else if (w != NULL) {
		w->replaced_known = false;
	}
}

/* ---- issue ---------------------------------------------------------------------------------- */

void ledger_issue(struct mirror *m, const struct kernel_op *op)
{
	struct slot *s;
	void *slot;

	if (slot_is_flag(op->key.kind))
		return;
	slot = slot_find_or_make(m, &op->key);
	s = slot_state(op->key.kind, slot);
	check(s->op == 0 && op->id != 0);
	s->op = op->id;
	s->evented = false;
	if (op->verb == KERNEL_ADD)
		slot_set_ledger(m, &op->key, slot, LEDGER_INTENT, &op->content);
}

/* Does this content bear our marks? What we demote or restore does not. */
static bool bears_marks(enum slot_kind kind, const struct slot_content *c)
{
	switch (kind) {
	case SLOT_FDB:
		return (c->fdb.ntf & (NTF_EXT_LEARNED | NTF_STICKY)) != 0 &&
		       c->fdb.nud == NUD_REACHABLE;
	case SLOT_VXLAN_FDB:
		return (c->vxlan_fdb.ntf & NTF_EXT_LEARNED) != 0;
	case SLOT_NEIGH:
		return (c->neigh.ntf & NTF_EXT_LEARNED) != 0 && c->neigh.protocol == RTPROT_EVPND;
	case SLOT_ROUTE:
		return c->route.protocol == RTPROT_EVPND;
	case SLOT_NEXTHOP:
		return c->nexthop.protocol == RTPROT_EVPND;
	case SLOT_FLOOD:
	case SLOT_BRIDGE_PORT:
	case SLOT_LINK:
	case SLOT_ADDR:
		return true;
	}
	return false;
}

void ledger_restore(
    struct mirror *m, const struct slot_key *key, const struct slot_content *content)
{
	void *slot;

	if (slot_is_flag(key->kind))
		return;
	slot = slot_find_or_make(m, key);
	slot_set_ledger(m, key, slot, LEDGER_WRITTEN, content);
	if (!bears_marks(key->kind, content) ||
	    (slot_state(key->kind, slot)->present && !slot_agrees(key->kind, slot)))
		slot_set_ledger(m, key, slot, LEDGER_NONE, NULL);
	slot_drop_if_empty(m, key, slot);
}

/* ---- results -------------------------------------------------------------------------------- */

/* One result being judged. */
struct verdict {
	struct mirror *m;
	const struct kernel_op *op;
	const struct kernel_result *result;
	void *slot;
	struct slot *s;
	const struct witness *w; /* NULL: nothing foreign was seen */
};

static enum ledger_state written_state(enum slot_kind kind, const struct slot_content *c)
{
	return kind == SLOT_FDB && (c->fdb.ntf & NTF_EXT_LEARNED) == 0 ? LEDGER_HALF
								       : LEDGER_WRITTEN;
}

static void write_ledger(const struct verdict *v)
{
	enum slot_kind kind = v->op->key.kind;

	if (bears_marks(kind, &v->op->content))
		slot_set_ledger(v->m, &v->op->key, v->slot, written_state(kind, &v->op->content),
		    &v->op->content);
	else
		slot_set_ledger(v->m, &v->op->key, v->slot, LEDGER_NONE, NULL);
}

static void forget(const struct verdict *v)
{
	slot_set_ledger(v->m, &v->op->key, v->slot, LEDGER_NONE, NULL);
}

/* What a read saw is older than the notifications: it counts only when there were none. */
static void take_seen(const struct verdict *v)
{
	if (v->result->checked && !v->s->evented)
		slot_set_mirror(
		    v->m, &v->op->key, v->slot, v->result->seen_present ? &v->result->seen : NULL);
}

/* Not written. */
static void judge_refused(const struct verdict *v)
{
	take_seen(v);
	if (v->s->ledger == LEDGER_INTENT ||
	    (v->s->ledger != LEDGER_NONE && !slot_agrees(v->op->key.kind, v->slot)))
		forget(v);
}

static bool shows(const struct verdict *v, const struct slot_content *content)
{
	struct slot_content mirror = slot_mirror(v->op->key.kind, v->slot);

	return v->s->present && slot_content_equal(v->op->key.kind, &mirror, content);
}

static void judge_written(const struct verdict *v)
{
	if (!v->s->evented) {
		/* Appending a destination that another had put there is accepted without effect: it
		 * is there, and it does not bear our marks for all we know. */
		struct slot_content content = v->op->content;

		if (v->op->key.kind == SLOT_FLOOD)
			memset(&content, 0, sizeof(content));
		slot_set_mirror(v->m, &v->op->key, v->slot, &content);
		if (v->op->key.kind == SLOT_FLOOD) {
			forget(v);
			return;
		}
	}
	if (shows(v, &v->op->content) && (v->w == NULL || !v->w->foreign_last))
		write_ledger(v);
	else
		forget(v);
}

static void judge_deleted(const struct verdict *v)
{
	forget(v);
	if (v->s->evented)
		return;
	/* A VXLAN delete that names another destination is accepted and does nothing: ask. */
	if (v->op->key.kind == SLOT_VXLAN_FDB)
		v->s->doubtful = v->s->present;
	else if (v->op->key.kind != SLOT_FLOOD)
		slot_set_mirror(v->m, &v->op->key, v->slot, NULL);
}

static void judge_read(const struct verdict *v)
{
	take_seen(v);
	if (!v->s->evented || v->result->checked)
		v->s->doubtful = false;
	if (v->op->pre == PRE_EQUAL && shows(v, &v->op->content))
		write_ledger(v);
	else if (v->s->ledger != LEDGER_NONE && !slot_agrees(v->op->key.kind, v->slot))
		forget(v);
}

static void judge(const struct verdict *v)
{
	if (v->result->outcome != KERNEL_DONE) {
		judge_refused(v);
		return;
	}
	switch (v->op->verb) {
	case KERNEL_ADD:
	case KERNEL_CHANGE:
		judge_written(v);
		break;
	case KERNEL_DELETE:
		judge_deleted(v);
		break;
	case KERNEL_READ:
		judge_read(v);
		break;
	case KERNEL_PROBE:
	case KERNEL_SET:
		judge_refused(v);
		break;
	}
}

/* ---- repair --------------------------------------------------------------------------------- */

static struct kernel_op slot_op(
    const struct kernel_op *op, enum kernel_verb verb, const struct slot_content *content)
{
	struct kernel_op next;

	memset(&next, 0, sizeof(next));
	next.key = op->key;
	next.verb = verb;
	next.content = *content;
	return next;
}

static struct kernel_op expecting(struct kernel_op op, const struct slot_content *expected)
{
	op.pre = PRE_EQUAL;
	op.expected = *expected;
	return op;
}

/* What the kernel makes of a bridge row that our extern_learn write moves. */
static bool fdb_was_moved(
    const struct fdb_entry *foreign, const struct fdb_entry *now, const struct fdb_entry *written)
{
	return ifindex_equal(now->port, written->port) &&
	       now->ntf == (foreign->ntf | NTF_EXT_LEARNED) &&
	       (now->nud == NUD_NOARP) == (foreign->nud == NUD_NOARP) &&
	       (foreign->nud == NUD_NOARP || (foreign->ntf & NTF_STICKY) != 0);
}

/* An exclusive create must not carry extern_learn: with it the kernel overwrites. */
static struct slot_content fdb_restorable(const struct slot_content *foreign)
{
	struct slot_content c = *foreign;

	c.fdb.ntf &= (uint8_t)~NTF_EXT_LEARNED;
	return c;
}

static bool repair_fdb(struct verdict *v, const struct slot_content *now, struct kernel_op *repair)
{
	struct slot_content foreign;
	struct witness *w;

	if (v->w == NULL || !v->w->replaced_known)
		return false;
	foreign = fdb_restorable(&v->w->replaced);
	if (v->op->verb == KERNEL_DELETE) {
		if (v->s->present || foreign.fdb.nud != NUD_NOARP)
			return false;
		*repair = slot_op(v->op, KERNEL_ADD, &foreign);
	} else {
		if (!v->s->present ||
		    !fdb_was_moved(&v->w->replaced.fdb, &now->fdb, &v->op->content.fdb) ||
		    slot_content_equal(SLOT_FDB, now, &v->w->replaced))
			return false;
		*repair = expecting(slot_op(v->op, KERNEL_DELETE, now), now);
	}
	w = witness_make(v->m, &v->op->key);
	w->restore = foreign;
	return true;
}

static bool repair_vxlan_fdb(
    struct verdict *v, const struct slot_content *now, struct kernel_op *repair)
{
	if (v->w == NULL || !v->w->replaced_known)
		return false;
	if (v->op->verb == KERNEL_DELETE && !v->s->present)
		*repair = slot_op(v->op, KERNEL_ADD, &v->w->replaced);
	else if (v->op->verb == KERNEL_CHANGE && v->s->present &&
		 ip_equal(&now->vxlan_fdb.dst, &v->op->content.vxlan_fdb.dst) &&
		 !slot_content_equal(SLOT_VXLAN_FDB, now, &v->w->replaced))
		*repair = expecting(slot_op(v->op, KERNEL_CHANGE, &v->w->replaced), now);
	else
		return false;
	return true;
}

static bool repair_neigh(
    struct verdict *v, const struct slot_content *now, struct kernel_op *repair)
{
	if (v->w == NULL || !v->w->foreign_known || v->w->foreign_last)
		return false;
	if (v->op->verb == KERNEL_DELETE && !v->s->present)
		*repair = slot_op(v->op, KERNEL_ADD, &v->w->foreign);
	else if (v->op->verb == KERNEL_CHANGE && v->s->present &&
		 slot_content_equal(SLOT_NEIGH, now, &v->op->content))
		*repair = expecting(slot_op(v->op, KERNEL_CHANGE, &v->w->foreign), now);
	else
		return false;
	return true;
}

/* Between the read and our write another took the id. */
static bool repair_nexthop(
    struct verdict *v, const struct slot_content *now, struct kernel_op *repair)
{
	struct witness *w;

	if (v->w == NULL || !v->w->replaced_known ||
	    v->w->replaced.nexthop.protocol == RTPROT_EVPND)
		return false;
	if (v->op->verb == KERNEL_DELETE && !v->s->present)
		*repair = slot_op(v->op, KERNEL_ADD, &v->w->replaced);
	else if (v->op->verb == KERNEL_CHANGE && v->s->present &&
		 slot_content_equal(SLOT_NEXTHOP, now, &v->op->content))
		*repair = expecting(slot_op(v->op, KERNEL_CHANGE, &v->w->replaced), now);
	else
		return false;
	w = witness_make(v->m, &v->op->key);
	w->restore = v->w->replaced;
	slot_content_keep(SLOT_NEXTHOP, &w->restore);
	return true;
}

/* A write that hit a foreign entry. */
static bool find_repair(struct verdict *v, struct kernel_op *repair)
{
	const struct slot_content now = slot_mirror(v->op->key.kind, v->slot);

	if (v->result->outcome != KERNEL_DONE || v->op->verb == KERNEL_READ)
		return false;
	switch (v->op->key.kind) {
	case SLOT_FDB:
		return repair_fdb(v, &now, repair);
	case SLOT_VXLAN_FDB:
		return repair_vxlan_fdb(v, &now, repair);
	case SLOT_NEIGH:
		return repair_neigh(v, &now, repair);
	case SLOT_NEXTHOP:
		return repair_nexthop(v, &now, repair);
	case SLOT_FLOOD:
	case SLOT_ROUTE:
	case SLOT_BRIDGE_PORT:
	case SLOT_LINK:
	case SLOT_ADDR:
		break;
	}
	return false;
}

/* Refused, but the slot still stands as it did: what we damaged is not left for a lack of memory.
 */
static bool retry_repair(
    const struct verdict *v, struct kernel_op *repair, struct kernel_counters *c)
{
	const struct slot_content now = slot_mirror(v->op->key.kind, v->slot);
	bool as_before =
	    v->op->pre == PRE_EQUAL
		? v->s->present && slot_content_equal(v->op->key.kind, &now, &v->op->expected)
		: !v->s->present;

	if (v->result->outcome != KERNEL_FAILED || !as_before)
		return false;
	if (v->w->attempts >= REPAIR_ATTEMPTS) {
		c->repairs_given_up++;
		return false;
	}
	*repair = *v->op;
	return true;
}

/* The next step of a repair, after one of its operations. What is put back is foreign; when the
 * slot is not as expected, its writer has been there meanwhile and nothing is left to do. */
static bool continue_repair(struct verdict *v, struct kernel_op *repair, struct kernel_counters *c)
{
	if (v->result->outcome != KERNEL_DONE)
		return retry_repair(v, repair, c);
	if (v->op->key.kind == SLOT_FDB && v->op->verb == KERNEL_DELETE) {
		*repair = slot_op(v->op, KERNEL_ADD, &v->w->restore);
		return !v->s->present;
	}
	c->repaired++;
	return false;
}

static void count_outcome(const struct kernel_result *result, struct kernel_counters *c)
{
	c->ops++;
	c->failed += result->outcome == KERNEL_FAILED;
	c->mismatched += result->outcome == KERNEL_MISMATCH;
}

/* The witness of the operation that came back goes; that of a repair under way stays. */
static void next_witness(struct verdict *v, bool due, const struct slot_content *restore)
{
	bool again = v->w != NULL && v->w->repairing && v->result->outcome == KERNEL_FAILED;
	uint8_t attempts = again ? v->w->attempts : 0;

	witness_drop(v->m, &v->op->key);
	if (due) {
		struct witness *w = witness_make(v->m, &v->op->key);

		w->repairing = true;
		w->restore = *restore;
		w->attempts = (uint8_t)(attempts + again);
	}
}

bool ledger_result(struct mirror *m, const struct kernel_op *op, const struct kernel_result *result,
    struct kernel_op *repair, struct kernel_counters *c)
{
	struct verdict v = {m, op, result, slot_find(m, &op->key), NULL, witness_find(m, &op->key)};
	struct slot_content restore;
	bool due;

	memset(&restore, 0, sizeof(restore));
	count_outcome(result, c);
	if (v.slot == NULL)
		return false;
	v.s = slot_state(op->key.kind, v.slot);
	judge(&v);
	if (v.w != NULL && v.w->repairing) {
		forget(&v);
		due = continue_repair(&v, repair, c);
	} else {
		due = find_repair(&v, repair);
		if (due)
			forget(&v);
	}
	if (due) {
		restore = witness_find(m, &op->key)->restore;
		slot_content_keep(op->key.kind, &restore);
	}
	v.s->op = 0;
	v.s->evented = false;
	next_witness(&v, due, &restore);
	/* what it points to is lent until the result of the repair */
	if (due && op->key.kind == SLOT_NEXTHOP)
		repair->content = restore;
	slot_drop_if_empty(m, &op->key, v.slot);
	return due;
}
