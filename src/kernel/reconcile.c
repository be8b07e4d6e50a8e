/*
 * The safe procedures, one pure function per kind of slot: RFC 7432 says what should be in the
 * tables, this says how it gets there on Linux without harm to anybody else's entry.
 *
 * Each function looks at desired, mirror and ledger and returns the one next operation. Rules for
 * all of them: an entry is ours while mirror and ledger agree; what is not ours and not
 * kernel-learned is never the object of a change, a delete or an overwriting add; every conditional
 * operation pins the exact content that it expects.
 *
 *	bridge FDB   plain: one add with extern_learn, if the slot is empty. Sticky: exclusive
 *	             create without extern_learn, then extern_learn on top. Plain to sticky and
 *back, or another port: delete, scoped by port, then add. VXLAN FDB    exclusive create; another
 *destination: change. flood list   append one destination; delete names it. neighbour    exclusive
 *create; another lladdr: change. When its MAC has become local our entry is demoted to an ordinary
 *stale one, which traffic confirms or corrects. route        exclusive create at our metric and
 *protocol; change; delete. nexthop      exclusive create of an id in our range; change and delete
 *after a read that shows our protocol. address      exclusive create; delete.
 */
#include "kernel/reconcile.h"

#include <linux/rtnetlink.h>
#include <string.h>

#define OUR_VXLAN_NUD (NUD_REACHABLE | NUD_NOARP)

/* What one call works with. */
struct plan {
	struct kernel_op *op;
	enum slot_status *status;
};

static bool say(const struct plan *p, enum slot_status status)
{
	if (p->status != NULL)
		*p->status = status;
	return false;
}

static bool issue(const struct plan *p, enum kernel_verb verb, const struct slot_content *content)
{
	p->op->verb = verb;
	p->op->content = *content;
	say(p, SLOT_PENDING);
	return true;
}

static bool issue_if(const struct plan *p, enum kernel_verb verb,
    const struct slot_content *content, const struct slot_content *expected)
{
	p->op->pre = PRE_EQUAL;
	p->op->expected = *expected;
	return issue(p, verb, content);
}

static bool issue_if_absent(const struct plan *p, const struct slot_content *content)
{
	p->op->pre = PRE_ABSENT;
	return issue(p, KERNEL_ADD, content);
}

/* Looks exactly like what is wanted and is not in the ledger: ours from now on, after a read. */
static bool adopt(const struct plan *p, const struct slot_content *content)
{
	return issue_if(p, KERNEL_READ, content, content);
}

static void start(const struct plan *p)
{
	memset(p->op, 0, sizeof(*p->op));
}

static bool busy(const struct slot *s)
{
	return s != NULL && s->op != 0;
}

/* Ours: mirror and ledger agree. What stands there is then also what we wrote. */
static bool ours(const struct slot *s)
{
	return s->present && !s->apart && (s->ledger == LEDGER_WRITTEN || s->ledger == LEDGER_HALF);
}

/* ---- bridge FDB ----------------------------------------------------------------------------- */

static struct slot_content fdb_content(ifindex_t port, uint8_t ntf)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.fdb.port = port;
	c.fdb.nud = NUD_REACHABLE;
	c.fdb.ntf = ntf;
	return c;
}

static bool fdb_is_dynamic(const struct fdb_entry *e)
{
	return (e->nud & (NUD_NOARP | NUD_PERMANENT)) == 0;
}

/* Nobody's will: the kernel saw traffic. */
static bool fdb_is_learned(const struct fdb_entry *e)
{
	return fdb_is_dynamic(e) && (e->ntf & (NTF_EXT_LEARNED | NTF_STICKY)) == 0 && !e->locked;
}

static bool fdb_has_marks(const struct fdb_entry *e, ifindex_t vxlan)
{
	return ifindex_equal(e->port, vxlan) && fdb_is_dynamic(e) &&
	       (e->ntf & NTF_EXT_LEARNED) != 0;
}

static bool fdb_create(const struct plan *p, const struct fdb_desired *want)
{
	struct slot_content c =
	    fdb_content(want->vxlan, want->sticky ? NTF_STICKY : NTF_EXT_LEARNED);

	return want->sticky ? issue(p, KERNEL_ADD, &c) : issue_if_absent(p, &c);
}

static bool fdb_ours(const struct plan *p, const struct fdb_slot *slot,
    const struct slot_content *mirror, const struct fdb_desired *want,
    const struct slot_content *goal)
{
	if (want->wanted && slot_content_equal(SLOT_FDB, mirror, goal))
		return say(p, SLOT_SYNCED);
	if (want->wanted && want->sticky && slot->slot.ledger == LEDGER_HALF &&
	    ifindex_equal(mirror->fdb.port, want->vxlan))
		return issue_if(p, KERNEL_CHANGE, goal, mirror);
	return issue_if(p, KERNEL_DELETE, mirror, mirror);
}

/* Someone else's, the kernel's, or one that bears our marks. */
static bool fdb_others(const struct plan *p, const struct slot_content *mirror,
    const struct fdb_desired *want, const struct slot_content *goal)
{
	const struct slot_content plain = fdb_content(want->vxlan, NTF_EXT_LEARNED);
	bool on_ours = ifindex_equal(mirror->fdb.port, want->vxlan);

	if (want->wanted && slot_content_equal(SLOT_FDB, mirror, goal))
		return adopt(p, goal);
	/* A sticky row wants an empty slot; an add with extern_learn takes the learned row over
	 * and makes it one that we may delete. What the kernel learned on our VXLAN port is no
	 * local claim at all. */
	if (want->wanted && fdb_is_learned(&mirror->fdb) && (want->displace_learned || on_ours))
		return issue_if(p, KERNEL_ADD, &plain, mirror);
	if (fdb_has_marks(&mirror->fdb, want->vxlan))
		return say(p, SLOT_ORPHAN);
	return say(p, want->wanted ? SLOT_BLOCKED : SLOT_FOREIGN);
}

bool reconcile_fdb(const struct fdb_slot *slot, const struct fdb_key *key,
    const struct fdb_desired *want, struct kernel_op *op, enum slot_status *status)
{
	const struct plan p = {op, status};
	const struct slot_content goal =
	    fdb_content(want->vxlan, NTF_EXT_LEARNED | (want->sticky ? NTF_STICKY : 0));
	struct slot_content mirror;

	start(&p);
	op->key = slot_key_fdb(key->bridge, key->vlan, &key->mac);
	if (slot == NULL || !slot->slot.present) {
		if (slot != NULL && busy(&slot->slot))
			return say(&p, SLOT_PENDING);
		return want->wanted ? fdb_create(&p, want) : say(&p, SLOT_EMPTY);
	}
	if (busy(&slot->slot))
		return say(&p, SLOT_PENDING);
	memset(&mirror, 0, sizeof(mirror));
	mirror.fdb = slot->entry;
	if (ours(&slot->slot))
		return fdb_ours(&p, slot, &mirror, want, &goal);
	return fdb_others(&p, &mirror, want, &goal);
}

/* ---- VXLAN FDB ------------------------------------------------------------------------------ */

static struct slot_content vxlan_content(const struct ip *dst)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.vxlan_fdb.dst = *dst;
	c.vxlan_fdb.nud = OUR_VXLAN_NUD;
	c.vxlan_fdb.ntf = NTF_EXT_LEARNED;
	return c;
}

static bool vxlan_others(const struct plan *p, const struct slot_content *mirror, bool wanted,
    const struct slot_content *goal)
{
	const struct vxlan_fdb_entry *e = &mirror->vxlan_fdb;
	bool learned = e->nhid == 0 && (e->nud & (NUD_NOARP | NUD_PERMANENT)) == 0 && e->ntf == 0;

	if (wanted && slot_content_equal(SLOT_VXLAN_FDB, mirror, goal))
		return adopt(p, goal);
	/* Changing it would keep its flags: delete, scoped by destination, then create. */
	if (wanted && learned)
		return issue_if(p, KERNEL_DELETE, mirror, mirror);
	if (e->nud == OUR_VXLAN_NUD && e->ntf == NTF_EXT_LEARNED && e->nhid == 0)
		return say(p, SLOT_ORPHAN);
	return say(p, wanted ? SLOT_BLOCKED : SLOT_FOREIGN);
}

bool reconcile_vxlan_fdb(const struct vxlan_fdb_slot *slot, const struct vxlan_fdb_key *key,
    const struct vxlan_fdb_desired *want, struct kernel_op *op, enum slot_status *status)
{
	const struct plan p = {op, status};
	const struct slot_content goal = vxlan_content(&want->dst);
	struct slot_content mirror;

	start(&p);
	op->key = slot_key_vxlan_fdb(key->dev, key->source_vni, &key->mac);
	if (slot != NULL && busy(&slot->slot))
		return say(&p, SLOT_PENDING);
	if (slot == NULL || !slot->slot.present)
		return want->wanted ? issue(&p, KERNEL_ADD, &goal) : say(&p, SLOT_EMPTY);
	memset(&mirror, 0, sizeof(mirror));
	mirror.vxlan_fdb = slot->entry;
	if (!ours(&slot->slot))
		return vxlan_others(&p, &mirror, want->wanted, &goal);
	if (!want->wanted)
		return issue_if(&p, KERNEL_DELETE, &mirror, &mirror);
	if (slot_content_equal(SLOT_VXLAN_FDB, &mirror, &goal))
		return say(&p, SLOT_SYNCED);
	return issue_if(&p, KERNEL_CHANGE, &goal, &mirror);
}

/* ---- flood list ----------------------------------------------------------------------------- */

bool reconcile_flood(const struct flood_slot *slot, const struct flood_key *key, bool wanted,
    struct kernel_op *op, enum slot_status *status)
{
	const struct plan p = {op, status};
	struct slot_content goal;
	bool marks;

	start(&p);
	memset(&goal, 0, sizeof(goal));
	goal.flood.nud = OUR_VXLAN_NUD;
	goal.flood.ntf = NTF_EXT_LEARNED;
	op->key = slot_key_flood(key->dev, key->source_vni, &key->vtep);
	if (slot != NULL && busy(&slot->slot))
		return say(&p, SLOT_PENDING);
	if (slot == NULL || !slot->slot.present)
		return wanted ? issue_if_absent(&p, &goal) : say(&p, SLOT_EMPTY);
	if (slot->slot.ledger == LEDGER_WRITTEN)
		return wanted ? say(&p, SLOT_SYNCED) : issue(&p, KERNEL_DELETE, &goal);
	/* The marks are the list's: a later append by an administrator would have removed them. */
	marks = slot->entry.nud == OUR_VXLAN_NUD && slot->entry.ntf == NTF_EXT_LEARNED;
	if (wanted && marks)
		return adopt(&p, &goal);
	return say(&p, marks ? SLOT_ORPHAN : SLOT_FOREIGN);
}

/* ---- neighbours ----------------------------------------------------------------------------- */

static struct slot_content neigh_content(const struct mac *lladdr)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.neigh.lladdr = *lladdr;
	c.neigh.nud = NUD_NOARP;
	c.neigh.ntf = NTF_EXT_LEARNED;
	c.neigh.protocol = RTPROT_EVPND;
	return c;
}

/* As if the kernel had learned it some time ago. */
static struct slot_content neigh_demoted(const struct mac *lladdr)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.neigh.lladdr = *lladdr;
	c.neigh.nud = NUD_STALE;
	/* The kernel keeps the number of the last writer who gave one, and 0 is none. */
	c.neigh.protocol = RTPROT_KERNEL;
	return c;
}

static bool neigh_is_learned(const struct neigh_entry *e)
{
	return (e->nud & (NUD_NOARP | NUD_PERMANENT)) == 0 && (e->ntf & NTF_EXT_LEARNED) == 0;
}

static bool neigh_others(const struct plan *p, const struct slot_content *mirror, bool wanted,
    const struct slot_content *goal)
{
	const struct neigh_entry *e = &mirror->neigh;

	if (wanted && slot_content_equal(SLOT_NEIGH, mirror, goal))
		return adopt(p, goal);
	if (wanted && neigh_is_learned(e))
		return issue_if(p, KERNEL_CHANGE, goal, mirror);
	if (e->nud == NUD_NOARP && (e->ntf & NTF_EXT_LEARNED) != 0 && e->protocol == RTPROT_EVPND)
		return say(p, SLOT_ORPHAN);
	return say(p, wanted ? SLOT_BLOCKED : SLOT_FOREIGN);
}

bool reconcile_neigh(const struct neigh_slot *slot, const struct neigh_key *key,
    const struct neigh_desired *want, struct kernel_op *op, enum slot_status *status)
{
	const struct plan p = {op, status};
	const struct slot_content goal = neigh_content(&want->lladdr);
	bool wanted = want->wanted && !want->local_mac;
	struct slot_content mirror, demoted;

	start(&p);
	op->key = slot_key_neigh(key->dev, &key->ip);
	if (slot != NULL && busy(&slot->slot))
		return say(&p, SLOT_PENDING);
	if (slot == NULL || !slot->slot.present)
		return wanted ? issue(&p, KERNEL_ADD, &goal) : say(&p, SLOT_EMPTY);
	memset(&mirror, 0, sizeof(mirror));
	mirror.neigh = slot->entry;
	if (!ours(&slot->slot))
		return neigh_others(&p, &mirror, wanted, &goal);
	demoted = neigh_demoted(&mirror.neigh.lladdr);
	if (want->local_mac)
		return issue_if(&p, KERNEL_CHANGE, &demoted, &mirror);
	if (!wanted)
		return issue_if(&p, KERNEL_DELETE, &mirror, &mirror);
	if (slot_content_equal(SLOT_NEIGH, &mirror, &goal))
		return say(&p, SLOT_SYNCED);
	return issue_if(&p, KERNEL_CHANGE, &goal, &mirror);
}

/* ---- routes --------------------------------------------------------------------------------- */

bool reconcile_route(const struct route_slot *slot, const struct route_key *key,
    const struct route_desired *want, struct kernel_op *op, enum slot_status *status)
{
	const struct plan p = {op, status};
	struct slot_content mirror, goal;

	start(&p);
	memset(&goal, 0, sizeof(goal));
	goal.route = want->entry;
	op->key = slot_key_route(key->table, key->metric, &key->prefix);
	if (slot != NULL && busy(&slot->slot))
		return say(&p, SLOT_PENDING);
	if (slot == NULL || !slot->slot.present)
		return want->wanted ? issue(&p, KERNEL_ADD, &goal) : say(&p, SLOT_EMPTY);
	memset(&mirror, 0, sizeof(mirror));
	mirror.route = slot->entry;
	if (!ours(&slot->slot)) {
		if (want->wanted && slot_content_equal(SLOT_ROUTE, &mirror, &goal))
			return adopt(&p, &goal);
		if (mirror.route.protocol == RTPROT_EVPND)
			return say(&p, SLOT_ORPHAN);
		return say(&p, want->wanted ? SLOT_BLOCKED : SLOT_FOREIGN);
	}
	if (!want->wanted)
		return issue_if(&p, KERNEL_DELETE, &mirror, &mirror);
	if (slot_content_equal(SLOT_ROUTE, &mirror, &goal))
		return say(&p, SLOT_SYNCED);
	return issue_if(&p, KERNEL_CHANGE, &goal, &mirror);
}

/* ---- nexthop objects -------------------------------------------------------------------------
 */

bool reconcile_nexthop(const struct nexthop_slot *slot, uint32_t id,
    const struct nexthop_desired *want, struct kernel_op *op, enum slot_status *status)
{
	const struct plan p = {op, status};
	struct slot_content mirror, goal;

	start(&p);
	memset(&goal, 0, sizeof(goal));
	goal.nexthop = want->entry;
	op->key = slot_key_nexthop(id);
	if (slot != NULL && busy(&slot->slot))
		return say(&p, SLOT_PENDING);
	if (slot == NULL || !slot->slot.present)
		return want->wanted ? issue(&p, KERNEL_ADD, &goal) : say(&p, SLOT_EMPTY);
	memset(&mirror, 0, sizeof(mirror));
	mirror.nexthop = slot->entry;
	if (slot->entry.protocol != RTPROT_EVPND)
		return say(&p, want->wanted ? SLOT_BLOCKED : SLOT_FOREIGN);
	if (!want->wanted)
		return issue_if(&p, KERNEL_DELETE, &mirror, &mirror);
	if (slot_content_equal(SLOT_NEXTHOP, &mirror, &goal))
		return say(&p, SLOT_SYNCED);
	return issue_if(&p, KERNEL_CHANGE, &goal, &mirror);
}

/* ---- addresses ------------------------------------------------------------------------------ */

bool reconcile_addr(const struct addr_slot *slot, const struct addr_key *key, bool wanted,
    struct kernel_op *op, enum slot_status *status)
{
	const struct plan p = {op, status};
	struct slot_content goal;
	bool marks;

	start(&p);
	memset(&goal, 0, sizeof(goal));
	goal.addr.protocol = RTPROT_EVPND;
	op->key = slot_key_addr(key->dev, &key->prefix);
	if (slot != NULL && busy(&slot->slot))
		return say(&p, SLOT_PENDING);
	if (slot == NULL || !slot->slot.present)
		return wanted ? issue(&p, KERNEL_ADD, &goal) : say(&p, SLOT_EMPTY);
	marks = slot->entry.protocol == RTPROT_EVPND;
	if (slot->slot.ledger == LEDGER_WRITTEN && marks)
		return wanted ? say(&p, SLOT_SYNCED) : issue_if(&p, KERNEL_DELETE, &goal, &goal);
	if (wanted && marks)
		return adopt(&p, &goal);
	return say(&p, marks ? SLOT_ORPHAN : SLOT_FOREIGN);
}
