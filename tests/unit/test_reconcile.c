/*
 * reconcile: mirror contents × ledger × desired, all of them. One rule above all: what is not
 * exactly ours is never changed, deleted or overwritten; a kernel-learned row only where the MAC
 * has moved away, and then with its own content as the precondition. And without disturbance every
 * slot of ours, and every empty one, reaches what is wanted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/rtnetlink.h>

#include "kernel/reconcile.h"

static const ifindex_t br = {10}, vx = {11}, old_vx = {12}, vp = {13};
static const struct mac mac = {{2, 0, 0, 0, 0, 1}}, mac2 = {{2, 0, 0, 0, 0, 2}};
static unsigned cases, issued;

static struct slot_content of_fdb(struct fdb_entry e)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.fdb = e;
	return c;
}

static struct slot_content of_vxlan(struct vxlan_fdb_entry e)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.vxlan_fdb = e;
	return c;
}

static struct slot_content of_neigh(struct neigh_entry e)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.neigh = e;
	return c;
}

static bool pins(const struct kernel_op *op, const struct slot_content *mirror)
{
	return op->pre == PRE_EQUAL && slot_content_equal(op->key.kind, &op->expected, mirror);
}

/* What every operation must obey, given what the slot holds. `mirror` NULL: absent. */
static void obeys(const struct kernel_op *op, const struct slot_content *mirror, bool ours,
    bool replaceable, bool exclusive)
{
	issued++;
	switch (op->verb) {
	case KERNEL_CHANGE:
	case KERNEL_DELETE:
		assert_non_null(mirror);
		assert_true(ours || replaceable);
		assert_true(pins(op, mirror));
		break;
	case KERNEL_ADD:
		if (mirror != NULL) {
			assert_true(replaceable);
			assert_true(pins(op, mirror));
		} else if (!exclusive) {
			assert_int_equal(op->pre, PRE_ABSENT);
		}
		break;
	case KERNEL_READ:
		assert_non_null(mirror);
		assert_true(pins(op, mirror));
		assert_true(slot_content_equal(op->key.kind, &op->content, mirror));
		break;
	case KERNEL_PROBE:
	case KERNEL_SET:
		fail();
	}
}

/* As the mirror keeps it (slots.c): one entry, and whether the ledger has the same. */
static void set_ledger(enum slot_kind kind, struct slot *slot, uint8_t state,
    const struct slot_content *mirror, const struct slot_content *wrote)
{
	slot->ledger = state;
	slot->apart =
	    state != LEDGER_NONE && slot->present && !slot_content_equal(kind, mirror, wrote);
}

/* ---- bridge FDB ---- */

static bool fdb_learned(const struct fdb_entry *e)
{
	return (e->nud == NUD_REACHABLE || e->nud == NUD_STALE) && e->ntf == 0 && !e->locked;
}

static void fdb_case(const struct fdb_slot *slot, const struct fdb_desired *want)
{
	struct slot_content mirror = of_fdb(slot->entry);
	bool ours = slot->slot.present && slot->slot.ledger >= LEDGER_HALF && !slot->slot.apart;
	bool replaceable = want->wanted && fdb_learned(&slot->entry) &&
			   (want->displace_learned || ifindex_equal(slot->entry.port, want->vxlan));
	enum slot_status status = SLOT_EMPTY;
	struct kernel_op op;

	cases++;
	if (!reconcile_fdb(slot, &slot->key, want, &op, &status)) {
		assert_int_not_equal(status, SLOT_PENDING);
		assert_true(status != SLOT_SYNCED || (ours && want->wanted));
		assert_true(status != SLOT_EMPTY || (!slot->slot.present && !want->wanted));
		/* nothing of ours may be left where nothing is wanted */
		assert_false(ours && !want->wanted);
		return;
	}
	obeys(&op, slot->slot.present ? &mirror : NULL, ours, replaceable,
	    (op.content.fdb.ntf & NTF_EXT_LEARNED) == 0);
	/* deletes are scoped to a port that our row is on */
	if (op.verb == KERNEL_DELETE)
		assert_int_equal(op.content.fdb.port.v, slot->entry.port.v);
	if (op.verb == KERNEL_ADD || op.verb == KERNEL_CHANGE)
		assert_int_equal(op.content.fdb.port.v, want->vxlan.v);
	/* NOARP is never written: it is how a foreign row is told */
	assert_int_equal(op.content.fdb.nud & (NUD_NOARP | NUD_PERMANENT), 0);
}

static void fdb_desires(struct fdb_slot *slot)
{
	for (unsigned d = 0; d < 8; d++) {
		struct fdb_desired want = {(d & 1) != 0, vx, (d & 2) != 0, (d & 4) != 0};

		fdb_case(slot, &want);
	}
}

static void fdb_ledgers(struct fdb_slot *slot)
{
	static const struct {
		uint8_t state, ntf;
	} written[] = {{LEDGER_WRITTEN, NTF_EXT_LEARNED},
	    {LEDGER_WRITTEN, NTF_EXT_LEARNED | NTF_STICKY}, {LEDGER_HALF, NTF_STICKY}};
	const ifindex_t ports[] = {vx, old_vx};

	slot->slot.ledger = LEDGER_NONE;
	slot->slot.apart = false;
	fdb_desires(slot);
	for (size_t i = 0; i < 3; i++)
		for (size_t p = 0; p < 2; p++) {
			struct fdb_entry wrote = {ports[p], NUD_REACHABLE, written[i].ntf, false};

			set_ledger(SLOT_FDB, &slot->slot, written[i].state,
			    &(struct slot_content){.fdb = slot->entry},
			    &(struct slot_content){.fdb = wrote});
			fdb_desires(slot);
		}
}

static void test_fdb_all(void **state)
{
	static const uint16_t nuds[] = {NUD_REACHABLE, NUD_STALE, NUD_NOARP, NUD_PERMANENT};
	const ifindex_t ports[] = {vx, old_vx, vp, br};
	struct fdb_slot slot = {.key = {br, mac, 99}};

	(void)state;
	cases = issued = 0;
	fdb_ledgers(&slot);
	slot.slot.present = true;
	for (unsigned i = 0; i < 4 * 4 * 4 * 2; i++) {
		static const uint8_t ntfs[] = {
		    0, NTF_EXT_LEARNED, NTF_STICKY, NTF_EXT_LEARNED | NTF_STICKY};

		slot.entry = (struct fdb_entry){
		    ports[i & 3], nuds[i >> 2 & 3], ntfs[i >> 4 & 3], (i >> 6 & 1) != 0};
		fdb_ledgers(&slot);
	}
	assert_int_equal(cases, (128 + 1) * 7 * 8);
	assert_true(issued > 100);
}

/* A kernel that does as told: the slot must arrive. */
static void fdb_arrives(struct fdb_slot *slot, const struct fdb_desired *want)
{
	enum slot_status status;
	struct kernel_op op;
	unsigned steps = 0;

	while (reconcile_fdb(slot, &slot->key, want, &op, &status)) {
		assert_true(++steps <= 4);
		slot->slot.present = op.verb != KERNEL_DELETE;
		if (op.verb != KERNEL_DELETE)
			slot->entry = op.content.fdb;
		slot->slot.ledger = op.verb == KERNEL_DELETE	       ? LEDGER_NONE
				    : op.content.fdb.ntf == NTF_STICKY ? LEDGER_HALF
								       : LEDGER_WRITTEN;
	}
	assert_int_equal(status, want->wanted ? SLOT_SYNCED : SLOT_EMPTY);
	assert_true(!want->wanted || (slot->entry.ntf & NTF_EXT_LEARNED) != 0);
	assert_true(!want->wanted || ((slot->entry.ntf & NTF_STICKY) != 0) == want->sticky);
}

static void test_fdb_arrives(void **state)
{
	(void)state;
	for (unsigned from = 0; from < 5; from++)
		for (unsigned to = 0; to < 3; to++) {
			static const uint8_t ntfs[] = {
			    0, NTF_EXT_LEARNED, NTF_EXT_LEARNED | NTF_STICKY, NTF_STICKY, 0};
			struct fdb_slot slot = {.key = {br, mac, 99}};
			struct fdb_desired want = {to != 0, vx, to == 2, true};

			slot.slot.present = from != 0;
			slot.slot.ledger = from == 0 || from == 4 ? LEDGER_NONE
					   : from == 3		  ? LEDGER_HALF
								  : LEDGER_WRITTEN;
			slot.entry = (struct fdb_entry){
			    from == 4 ? vp : vx, NUD_REACHABLE, ntfs[from], false};
			if (from == 4 && to == 0)
				continue; /* a learned row stays where nothing is wanted */
			fdb_arrives(&slot, &want);
		}
}

/* Two writes: the exclusive create must not carry extern_learn, or the kernel overwrites. */
static void test_fdb_sticky_steps(void **state)
{
	struct fdb_slot slot = {.key = {br, mac, 99}};
	struct fdb_desired want = {true, vx, true, false};
	enum slot_status status;
	struct kernel_op op;

	(void)state;
	assert_true(reconcile_fdb(NULL, &slot.key, &want, &op, &status));
	assert_int_equal(op.verb, KERNEL_ADD);
	assert_int_equal(op.content.fdb.ntf, NTF_STICKY);
	assert_int_equal(op.pre, PRE_NONE);
	slot.slot.present = true;
	slot.slot.ledger = LEDGER_HALF;
	slot.entry = op.content.fdb;
	slot.entry.nud = NUD_STALE; /* aged meanwhile: still the same row */
	assert_true(reconcile_fdb(&slot, &slot.key, &want, &op, &status));
	assert_int_equal(op.verb, KERNEL_CHANGE);
	assert_int_equal(op.content.fdb.ntf, NTF_STICKY | NTF_EXT_LEARNED);
	assert_int_equal(op.pre, PRE_EQUAL);
}

static void test_busy_slot_waits(void **state)
{
	struct fdb_slot slot = {.key = {br, mac, 99}, .slot = {.op = 7}};
	struct fdb_desired want = {true, vx, false, false};
	enum slot_status status;
	struct kernel_op op;

	(void)state;
	for (int present = 0; present < 2; present++) {
		slot.slot.present = present;
		assert_false(reconcile_fdb(&slot, &slot.key, &want, &op, &status));
		assert_int_equal(status, SLOT_PENDING);
	}
}

/* ---- VXLAN FDB ---- */

static void vxlan_case(const struct vxlan_fdb_slot *slot, bool wanted, const struct ip *dst)
{
	struct slot_content mirror = of_vxlan(slot->entry);
	struct vxlan_fdb_desired want = {wanted, *dst};
	bool ours = slot->slot.present && slot->slot.ledger == LEDGER_WRITTEN && !slot->slot.apart;
	bool replaceable = wanted && (slot->entry.nud & (NUD_NOARP | NUD_PERMANENT)) == 0 &&
			   slot->entry.ntf == 0 && slot->entry.nhid == 0;
	enum slot_status status;
	struct kernel_op op;

	cases++;
	if (reconcile_vxlan_fdb(slot, &slot->key, &want, &op, &status)) {
		obeys(&op, slot->slot.present ? &mirror : NULL, ours, replaceable, true);
		if (op.verb == KERNEL_DELETE)
			assert_true(ip_equal(&op.content.vxlan_fdb.dst, &slot->entry.dst));
		return;
	}
	assert_false(ours && !wanted);
	assert_true(status != SLOT_SYNCED || (ours && ip_equal(&slot->entry.dst, dst)));
	assert_true(slot->slot.present || (!wanted && status == SLOT_EMPTY));
}

static void test_vxlan_all(void **state)
{
	static const uint16_t nuds[] = {
	    NUD_REACHABLE, NUD_NOARP | NUD_REACHABLE, NUD_PERMANENT, NUD_STALE};
	struct ip a = ip_from_u32(0x0a000001), b = ip_from_u32(0x0a000002), none = {0};
	struct vxlan_fdb_slot slot = {.key = {.dev = vx, .mac = mac}};
	struct slot_content mirror, wrote;

	(void)state;
	for (unsigned i = 0; i < 4 * 2 * 3 * 2 * 2 * 2 * 2; i++) {
		slot.entry = (struct vxlan_fdb_entry){.dst = i & 1 ? a : b,
		    .nud = nuds[i >> 1 & 3],
		    .ntf = i >> 3 & 1 ? NTF_EXT_LEARNED : 0,
		    .nhid = i >> 4 & 1};
		if (slot.entry.nhid != 0)
			slot.entry.dst = none;
		wrote = of_vxlan((struct vxlan_fdb_entry){.dst = i >> 5 & 1 ? a : b,
		    .nud = NUD_NOARP | NUD_REACHABLE,
		    .ntf = NTF_EXT_LEARNED});
		mirror = of_vxlan(slot.entry);
		for (unsigned d = 0; d < 8; d++) {
			slot.slot.present = (d & 4) != 0;
			set_ledger(SLOT_VXLAN_FDB, &slot.slot,
			    i >> 6 & 1 ? LEDGER_WRITTEN : LEDGER_NONE, &mirror, &wrote);
			vxlan_case(&slot, (d & 1) != 0, d & 2 ? &a : &b);
		}
	}
}

/* ---- neighbours ---- */

static void neigh_case(const struct neigh_slot *slot, const struct neigh_desired *want)
{
	struct slot_content mirror = of_neigh(slot->entry);
	bool ours = slot->slot.present && slot->slot.ledger == LEDGER_WRITTEN && !slot->slot.apart;
	bool learned = (slot->entry.nud & (NUD_NOARP | NUD_PERMANENT)) == 0 &&
		       (slot->entry.ntf & NTF_EXT_LEARNED) == 0;
	bool wanted = want->wanted && !want->local_mac;
	enum slot_status status;
	struct kernel_op op;

	cases++;
	if (!reconcile_neigh(slot, &slot->key, want, &op, &status)) {
		assert_false(ours && !wanted);
		assert_true(status != SLOT_SYNCED ||
			    (ours && mac_equal(&slot->entry.lladdr, &want->lladdr)));
		return;
	}
	obeys(&op, slot->slot.present ? &mirror : NULL, ours, wanted && learned, true);
	/* where the MAC is local only an ordinary, learnable entry is left */
	if (want->local_mac) {
		assert_int_equal(op.verb, KERNEL_CHANGE);
		assert_int_equal(op.content.neigh.nud, NUD_STALE);
		assert_int_equal(op.content.neigh.ntf & NTF_EXT_LEARNED, 0);
		assert_int_not_equal(op.content.neigh.protocol, RTPROT_EVPND);
	}
}

static void test_neigh_all(void **state)
{
	static const uint16_t nuds[] = {NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_NOARP,
	    NUD_PERMANENT, NUD_FAILED, NUD_INCOMPLETE};
	static const uint8_t protocols[] = {0, RTPROT_EVPND, 255, RTPROT_ZEBRA};
	struct neigh_slot slot = {.key = {vx, ip_from_u32(0x0a010001)}};
	struct slot_content mirror, wrote;

	(void)state;
	for (unsigned i = 0; i < 8 * 4 * 2 * 2 * 2 * 2 * 2 * 8; i++) {
		struct neigh_desired want = {
		    (i & 1) != 0, i >> 1 & 1 ? mac : mac2, (i >> 2 & 1) != 0};

		slot.entry = (struct neigh_entry){.nud = nuds[i >> 3 & 7],
		    .protocol = protocols[i >> 6 & 3],
		    .lladdr = i >> 8 & 1 ? mac : mac2,
		    .ntf = i >> 9 & 1 ? NTF_EXT_LEARNED : 0};
		wrote = of_neigh((struct neigh_entry){.nud = NUD_NOARP,
		    .protocol = RTPROT_EVPND,
		    .lladdr = i >> 10 & 1 ? mac : mac2,
		    .ntf = NTF_EXT_LEARNED});
		mirror = of_neigh(slot.entry);
		slot.slot.present = (i >> 12 & 1) != 0;
		set_ledger(SLOT_NEIGH, &slot.slot, i >> 11 & 1 ? LEDGER_WRITTEN : LEDGER_NONE,
		    &mirror, &wrote);
		neigh_case(&slot, &want);
	}
}

/* ---- routes, flood lists, addresses ---- */

static void test_route(void **state)
{
	struct route_nexthop a = {ip_from_u32(0x0a000001), vp, 1},
			     b = {ip_from_u32(0x0a000002), vp, 1};
	struct route_nexthop ab[] = {a, b}, ba[] = {b, a};
	struct route_slot slot = {.key = {.table = 254, .metric = 20}};
	struct route_desired want = {true,
	    {.protocol = RTPROT_EVPND, .type = RTN_UNICAST, .nexthop_count = 2, .nexthops = ab}};
	enum slot_status status;
	struct kernel_op op;

	(void)state;
	assert_true(reconcile_route(NULL, &slot.key, &want, &op, &status));
	assert_int_equal(op.verb, KERNEL_ADD);
	slot.slot.present = true;
	slot.slot.ledger = LEDGER_WRITTEN;
	slot.entry = want.entry;
	slot.entry.nexthops = ba; /* the kernel's own order */
	assert_false(reconcile_route(&slot, &slot.key, &want, &op, &status));
	assert_int_equal(status, SLOT_SYNCED);
	want.entry.nexthop_count = 1;
	assert_true(reconcile_route(&slot, &slot.key, &want, &op, &status));
	assert_int_equal(op.verb, KERNEL_CHANGE);
	slot.entry.protocol = RTPROT_STATIC; /* replaced by another */
	slot.slot.apart = true;
	for (int wanted = 0; wanted < 2; wanted++) {
		want.wanted = wanted;
		assert_false(reconcile_route(&slot, &slot.key, &want, &op, &status));
		assert_int_equal(status, wanted ? SLOT_BLOCKED : SLOT_FOREIGN);
	}
}

static void test_flood_and_addr(void **state)
{
	struct flood_slot flood = {.key = {.dev = vx}};
	struct addr_slot addr = {.key = {.dev = vp}};
	enum slot_status status;
	struct kernel_op op;

	(void)state;
	flood.slot.present = addr.slot.present = true;
	/* there, and put there by another: used, never removed */
	for (int wanted = 0; wanted < 2; wanted++) {
		assert_false(reconcile_flood(&flood, &flood.key, wanted, &op, &status));
		assert_int_equal(status, SLOT_FOREIGN);
		assert_false(reconcile_addr(&addr, &addr.key, wanted, &op, &status));
		assert_int_equal(status, SLOT_FOREIGN);
	}
	/* with our marks: an orphan, adopted when it is wanted */
	flood.entry = (struct flood_entry){NUD_REACHABLE | NUD_NOARP, NTF_EXT_LEARNED, 0};
	addr.entry.protocol = RTPROT_EVPND;
	assert_false(reconcile_flood(&flood, &flood.key, false, &op, &status));
	assert_int_equal(status, SLOT_ORPHAN);
	assert_true(reconcile_flood(&flood, &flood.key, true, &op, &status));
	assert_int_equal(op.verb, KERNEL_READ);
	assert_false(reconcile_addr(&addr, &addr.key, false, &op, &status));
	assert_int_equal(status, SLOT_ORPHAN);
	assert_true(reconcile_addr(&addr, &addr.key, true, &op, &status));
	assert_int_equal(op.verb, KERNEL_READ);
	/* ours */
	flood.slot.ledger = addr.slot.ledger = LEDGER_WRITTEN;
	flood.entry =
	    (struct flood_entry){NUD_PERMANENT, 0, 0}; /* re-flagged by another's append */
	assert_true(reconcile_flood(&flood, &flood.key, false, &op, &status));
	assert_int_equal(op.verb, KERNEL_DELETE);
	assert_true(reconcile_addr(&addr, &addr.key, false, &op, &status));
	assert_int_equal(op.verb, KERNEL_DELETE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fdb_all),
	    cmocka_unit_test(test_fdb_arrives),
	    cmocka_unit_test(test_fdb_sticky_steps),
	    cmocka_unit_test(test_busy_slot_waits),
	    cmocka_unit_test(test_vxlan_all),
	    cmocka_unit_test(test_neigh_all),
	    cmocka_unit_test(test_route),
	    cmocka_unit_test(test_flood_and_addr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
