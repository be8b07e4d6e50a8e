/*
 * The ledger: what a result makes of a slot, under every answer of the kernel, and the repair of a
 * foreign entry that was hit in the kernel's own window.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>

#include "kernel/reconcile.h"

static const ifindex_t br = {10}, vx = {11}, vp = {13};
static const struct mac mac = {{2, 0, 0, 0, 0, 1}};
static struct mirror *m;
static struct kernel_counters counters;
static uint32_t next_id;

static int set_up(void **state)
{
	(void)state;
	m = mirror_new(1);
	memset(&counters, 0, sizeof(counters));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mirror_free(m);
	return 0;
}

/* ---- what the kernel says ---- */

static void say(const struct slot_key *key, const struct slot_content *content, bool present,
    bool ours, uint32_t writer)
{
	struct kernel_event e = kernel_event_from_slot(key, content, present);

	e.ours = ours;
	e.writer = writer;
	mirror_apply(m, &e, NULL, NULL);
}

static void issue(struct kernel_op *op)
{
	op->id = ++next_id;
	ledger_issue(m, op);
}

/* The result; true when it asks for a repair. */
static bool answer(const struct kernel_op *op, enum kernel_outcome outcome, int error,
    const struct slot_content *seen, struct kernel_op *repair)
{
	struct kernel_result r = {
	    .id = op->id, .slot = op->key.kind, .outcome = outcome, .error = error};

	if (seen != NULL) {
		r.checked = true;
		r.seen_present = true;
		r.seen = *seen;
	}
	return ledger_result(m, op, &r, repair, &counters);
}

/* ---- bridge FDB ---- */

static struct slot_key fdb_key(void)
{
	return slot_key_fdb(br, 99, &mac);
}

static struct slot_content fdb_row(ifindex_t port, uint16_t nud, uint8_t ntf)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.fdb = (struct fdb_entry){port, nud, ntf, false};
	return c;
}

static struct fdb_slot *fdb(void)
{
	struct slot_key key = fdb_key();

	return mirror_fdb(m, &key.fdb);
}

static struct kernel_op next_fdb(bool wanted, bool sticky)
{
	struct fdb_desired want = {wanted, vx, sticky, false};
	struct slot_key key = fdb_key();
	enum slot_status status;
	struct kernel_op op;

	assert_true(reconcile_fdb(fdb(), &key.fdb, &want, &op, &status));
	issue(&op);
	return op;
}

static void write_plain(void)
{
	struct kernel_op repair, op = next_fdb(true, false);

	say(&op.key, &op.content, true, false, 0);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(fdb()->slot.ledger, LEDGER_WRITTEN);
}

static void test_add_and_delete(void **state)
{
	struct kernel_op op, repair;

	(void)state;
	write_plain();
	assert_int_equal(fdb()->slot.op, 0);
	op = next_fdb(false, false);
	say(&op.key, &op.content, false, false, 0);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_null(fdb());
	assert_int_equal(counters.ops, 2);
}

/* An overrun swallowed the notification: the acknowledgement alone says that it is ours. */
static void test_done_without_a_notification(void **state)
{
	struct kernel_op repair, op = next_fdb(true, false);

	(void)state;
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(fdb()->slot.ledger, LEDGER_WRITTEN);
	assert_true(fdb()->slot.present);
	op = next_fdb(false, false);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_null(fdb());
}

static void test_sticky_is_half_between_its_writes(void **state)
{
	struct kernel_op repair, op = next_fdb(true, true);

	(void)state;
	say(&op.key, &op.content, true, false, 0);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(fdb()->slot.ledger, LEDGER_HALF);
	op = next_fdb(true, true);
	assert_int_equal(op.verb, KERNEL_CHANGE);
	say(&op.key, &op.content, true, false, 0);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(fdb()->slot.ledger, LEDGER_WRITTEN);
	assert_int_equal(fdb()->entry.ntf, NTF_EXT_LEARNED | NTF_STICKY);
}

/* EBUSY, ENOSPC, …: nothing was written, nothing is ours, and it may be tried again. */
static void test_refused_add_leaves_nothing(void **state)
{
	static const int errors[] = {EBUSY, ENOSPC, ENOMEM, ENODEV, EINVAL, EPERM};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		struct kernel_op repair, op = next_fdb(true, i & 1);

		assert_false(answer(&op, KERNEL_FAILED, errors[i], NULL, &repair));
		assert_null(fdb());
	}
	assert_int_equal(counters.failed, 6);
}

/* A refused change or delete: the row is still there and still ours. */
static void test_refused_delete_keeps_ours(void **state)
{
	struct kernel_op op, repair;

	(void)state;
	write_plain();
	op = next_fdb(false, false);
	assert_false(answer(&op, KERNEL_FAILED, EBUSY, NULL, &repair));
	assert_int_equal(fdb()->slot.ledger, LEDGER_WRITTEN);
	assert_true(fdb()->slot.present);
}

/* EEXIST: what was read afterwards is the truth. */
static void test_eexist_shows_who_is_there(void **state)
{
	const struct slot_content foreign = fdb_row(vp, NUD_NOARP, NTF_STICKY);
	struct kernel_op repair, op = next_fdb(true, true);

	(void)state;
	assert_false(answer(&op, KERNEL_FAILED, EEXIST, &foreign, &repair));
	assert_int_equal(fdb()->slot.ledger, LEDGER_NONE);
	assert_int_equal(fdb()->entry.port.v, vp.v);
}

/* ENOENT on our delete: somebody took it over or away; we are told what is there. */
static void test_enoent_is_forgotten(void **state)
{
	const struct slot_content foreign = fdb_row(vp, NUD_NOARP, NTF_STICKY | NTF_EXT_LEARNED);
	struct kernel_op op, repair;

	(void)state;
	write_plain();
	op = next_fdb(false, false);
	assert_false(answer(&op, KERNEL_FAILED, ENOENT, &foreign, &repair));
	assert_int_equal(fdb()->slot.ledger, LEDGER_NONE);
	assert_int_equal(fdb()->entry.nud, NUD_NOARP);
}

/* A read is older than the notifications that came with the result. */
static void test_notification_beats_the_read(void **state)
{
	const struct slot_content seen = fdb_row(vp, NUD_REACHABLE, 0),
				  later = fdb_row(vp, NUD_NOARP, NTF_STICKY);
	struct kernel_op repair, op = next_fdb(true, false);

	(void)state;
	say(&op.key, &later, true, false, 0);
	assert_false(answer(&op, KERNEL_MISMATCH, 0, &seen, &repair));
	assert_int_equal(fdb()->entry.nud, NUD_NOARP);
	assert_int_equal(counters.mismatched, 1);
}

/* Any foreign content in between, and it is not ours, even when it looks so again. */
static void test_touched_once_is_foreign(void **state)
{
	const struct slot_content foreign = fdb_row(vp, NUD_NOARP, 0),
				  like_ours = fdb_row(vx, NUD_REACHABLE, NTF_EXT_LEARNED);
	struct slot_key key = fdb_key();

	(void)state;
	write_plain();
	say(&key, &foreign, true, false, 0);
	assert_int_equal(fdb()->slot.ledger, LEDGER_NONE);
	say(&key, &like_ours, true, false, 0);
	assert_int_equal(fdb()->slot.ledger, LEDGER_NONE);
}

/* Every foreign static row that can be hit, by each of our writes with extern_learn. */
static void hit(bool sticky_step_two, uint8_t foreign_ntf, bool restored_by_agent)
{
	const struct slot_content foreign = fdb_row(vp, NUD_NOARP, foreign_ntf);
	struct slot_content damaged = fdb_row(vx, NUD_NOARP, foreign_ntf | NTF_EXT_LEARNED);
	struct kernel_op op, repair, second;

	op = next_fdb(true, sticky_step_two);
	if (sticky_step_two) {
		say(&op.key, &op.content, true, false, 0);
		assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
		op = next_fdb(true, true);
	}
	say(&op.key, &foreign, true, false, 0);
	say(&op.key, &damaged, true, false, 0);
	assert_true(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	/* first: our port's row goes, scoped and pinned */
	assert_int_equal(repair.verb, KERNEL_DELETE);
	assert_int_equal(repair.content.fdb.port.v, vx.v);
	assert_int_equal(repair.pre, PRE_EQUAL);
	assert_true(slot_content_equal(SLOT_FDB, &repair.expected, &damaged));
	assert_int_equal(fdb()->slot.ledger, LEDGER_NONE);
	issue(&repair);
	say(&repair.key, &damaged, false, false, 0);
	assert_true(answer(&repair, KERNEL_DONE, 0, NULL, &second));
	/* then: exactly the foreign row, exclusively */
	assert_int_equal(second.verb, KERNEL_ADD);
	assert_int_equal(second.content.fdb.ntf & NTF_EXT_LEARNED, 0);
	assert_true(slot_content_equal(SLOT_FDB, &second.content, &foreign));
	issue(&second);
	say(&second.key, &foreign, true, false, 0);
	if (restored_by_agent)
		assert_false(answer(&second, KERNEL_FAILED, EEXIST, NULL, &repair));
	else
		assert_false(answer(&second, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(counters.repaired, restored_by_agent ? 0 : 1);
	assert_int_equal(fdb()->slot.ledger, LEDGER_NONE);
	assert_int_equal(fdb()->entry.port.v, vp.v);
}

static void test_window_repair(void **state)
{
	for (unsigned i = 0; i < 8; i++) {
		hit(i & 1, i & 2 ? NTF_STICKY : 0, (i & 4) != 0);
		tear_down(state);
		set_up(state);
	}
}

/* The agent wrote before our check, or again after our hit: nothing to repair. */
static void test_no_repair_without_damage(void **state)
{
	const struct slot_content foreign = fdb_row(vp, NUD_NOARP, NTF_STICKY),
				  damaged = fdb_row(vx, NUD_NOARP, NTF_STICKY | NTF_EXT_LEARNED),
				  learned = fdb_row(vp, NUD_REACHABLE, 0);
	struct kernel_op repair, op = next_fdb(true, false);

	(void)state;
	say(&op.key, &foreign, true, false, 0);
	assert_false(answer(&op, KERNEL_MISMATCH, 0, &foreign, &repair));
	tear_down(state);
	set_up(state);

	op = next_fdb(true, false);
	say(&op.key, &foreign, true, false, 0);
	say(&op.key, &damaged, true, false, 0);
	say(&op.key, &foreign, true, false, 0);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(fdb()->slot.ledger, LEDGER_NONE);
	tear_down(state);
	set_up(state);

	/* a learned row moved: its next packet moves it back, if it is there at all */
	op = next_fdb(true, false);
	say(&op.key, &learned, true, false, 0);
	say(&op.key, &op.content, true, false, 0);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(fdb()->slot.ledger, LEDGER_WRITTEN);
}

/* ---- neighbours ---- */

static struct slot_key neigh_key(void)
{
	struct ip ip = ip_from_u32(0x0a010001);

	return slot_key_neigh(vx, &ip);
}

static struct neigh_slot *neigh(void)
{
	struct slot_key key = neigh_key();

	return mirror_neigh(m, &key.neigh);
}

static struct kernel_op next_neigh(bool wanted, bool local)
{
	struct neigh_desired want = {wanted, mac, local};
	struct slot_key key = neigh_key();
	enum slot_status status;
	struct kernel_op op;

	assert_true(reconcile_neigh(neigh(), &key.neigh, &want, &op, &status));
	issue(&op);
	return op;
}

static struct slot_content pinned(uint8_t protocol)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.neigh = (struct neigh_entry){.lladdr = mac, .nud = NUD_PERMANENT, .protocol = protocol};
	return c;
}

static void write_neigh(void)
{
	struct kernel_op repair, op = next_neigh(true, false);

	say(&op.key, &op.content, true, true, 77);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(neigh()->slot.ledger, LEDGER_WRITTEN);
}

/* Our delete as the kernel tells it: FAILED with the protocol of what was there, then DEL. */
static void say_deleted(uint8_t protocol)
{
	struct slot_key key = neigh_key();
	struct slot_content failed;

	memset(&failed, 0, sizeof(failed));
	failed.neigh.nud = NUD_FAILED;
	failed.neigh.protocol = protocol;
	say(&key, &failed, true, true, 77);
	say(&key, &failed, false, false, 0);
}

static void test_neigh_delete_repair(void **state)
{
	struct kernel_op op, repair, none;

	(void)state;
	/* told by its writer, with a protocol of its own or none */
	for (unsigned protocol = 0; protocol < 256; protocol += 255) {
		struct slot_content foreign = pinned((uint8_t)protocol);

		write_neigh();
		op = next_neigh(false, false);
		say(&op.key, &foreign, true, false, 55);
		say_deleted((uint8_t)protocol);
		assert_true(answer(&op, KERNEL_DONE, 0, NULL, &repair));
		assert_int_equal(repair.verb, KERNEL_ADD);
		assert_true(slot_content_equal(SLOT_NEIGH, &repair.content, &foreign));
		issue(&repair);
		say(&repair.key, &foreign, true, true, 77);
		assert_false(answer(&repair, KERNEL_DONE, 0, NULL, &none));
		assert_int_equal(neigh()->slot.ledger, LEDGER_NONE);
		say(&op.key, &foreign, false, false, 0);
	}
	assert_int_equal(counters.repaired, 2);
}

/* A repair that the kernel refuses is tried again, until it is done or its writer is back; not for
 * ever. */
static void test_refused_repair(void **state)
{
	struct slot_content foreign = pinned(255);
	struct kernel_op op, repair, again;
	unsigned refused = 0;

	(void)state;
	write_neigh();
	op = next_neigh(false, false);
	say(&op.key, &foreign, true, false, 55);
	say_deleted(255);
	assert_true(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	for (unsigned i = 0; i < 3; i++) {
		issue(&repair);
		assert_true(answer(&repair, KERNEL_FAILED, ENOMEM, NULL, &again));
		assert_int_equal(again.verb, KERNEL_ADD);
		assert_true(slot_content_equal(SLOT_NEIGH, &again.content, &foreign));
		repair = again;
	}
	issue(&repair);
	say(&repair.key, &foreign, true, true, 77);
	assert_false(answer(&repair, KERNEL_DONE, 0, NULL, &again));
	assert_int_equal(counters.repaired, 1);
	say(&op.key, &foreign, false, false, 0);

	write_neigh();
	op = next_neigh(false, false);
	say(&op.key, &foreign, true, false, 55);
	say_deleted(255);
	assert_true(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	do
		issue(&repair);
	while (answer(&repair, KERNEL_FAILED, ENOMEM, NULL, &again) && ++refused < 100);
	assert_in_range(refused, 8, 50);
	assert_int_equal(counters.repairs_given_up, 1);
}

/* A change of protocol alone is not notified: only our own FAILED tells. */
static void test_neigh_protocol_alone(void **state)
{
	struct kernel_op op, repair;

	(void)state;
	write_neigh();
	op = next_neigh(false, false);
	say_deleted(255);
	assert_true(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(repair.content.neigh.protocol, 255);
	assert_int_equal(repair.content.neigh.nud, NUD_NOARP);
}

/* The same after an overrun: what the agent wrote was lost with its notification. Put back is what
 * agents write, with its protocol and the link address that ours had. That is the limit: another
 * link address is not known to anybody, and a writer without a protocol leaves no trace at all. */
static void test_neigh_lost_in_an_overrun(void **state)
{
	struct kernel_event overrun = {.kind = KERNEL_OVERRUN};
	struct slot_content foreign = pinned(255);
	struct kernel_op op, repair;

	(void)state;
	write_neigh();
	op = next_neigh(false, false);
	foreign.neigh.lladdr = op.content.neigh.lladdr;
	mirror_apply(m, &overrun, NULL, NULL);
	say_deleted(255);
	assert_true(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(repair.verb, KERNEL_ADD);
	assert_true(slot_content_equal(SLOT_NEIGH, &repair.content, &foreign));
	issue(&repair);
	say(&repair.key, &foreign, true, true, 77);
	assert_false(answer(&repair, KERNEL_DONE, 0, NULL, &op));
	say(&repair.key, &foreign, false, false, 0);

	write_neigh();
	op = next_neigh(false, false);
	mirror_apply(m, &overrun, NULL, NULL);
	say_deleted(RTPROT_EVPND);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
}

static void test_neigh_no_repair(void **state)
{
	struct slot_content foreign = pinned(255);
	struct kernel_op op, repair;

	(void)state;
	/* nobody there */
	write_neigh();
	op = next_neigh(false, false);
	say_deleted(RTPROT_EVPND);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_null(neigh());
	/* the agent wrote it anew after our delete */
	write_neigh();
	op = next_neigh(false, false);
	say(&op.key, &foreign, true, false, 55);
	say_deleted(255);
	say(&op.key, &foreign, true, false, 55);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(neigh()->entry.nud, NUD_PERMANENT);
}

static void test_neigh_change_repair(void **state)
{
	struct slot_content foreign = pinned(255);
	struct kernel_op op, repair;

	(void)state;
	write_neigh();
	op = next_neigh(false, true); /* demotion */
	say(&op.key, &foreign, true, false, 55);
	say(&op.key, &op.content, true, true, 77);
	assert_true(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(repair.verb, KERNEL_CHANGE);
	assert_int_equal(repair.pre, PRE_EQUAL);
	assert_true(slot_content_equal(SLOT_NEIGH, &repair.content, &foreign));
}

static void test_demoted_is_not_ours(void **state)
{
	struct kernel_op op, repair;

	(void)state;
	write_neigh();
	op = next_neigh(false, true);
	say(&op.key, &op.content, true, true, 77);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(neigh()->slot.ledger, LEDGER_NONE);
	assert_int_equal(neigh()->entry.nud, NUD_STALE);
}

/* ---- VXLAN FDB, flood lists, restart ---- */

static struct kernel_op next_vxlan(bool wanted, uint32_t dst)
{
	struct vxlan_fdb_desired want = {wanted, ip_from_u32(dst)};
	struct slot_key key = slot_key_vxlan_fdb(vx, (vni_t){0}, &mac);
	enum slot_status status;
	struct kernel_op op;

	assert_true(reconcile_vxlan_fdb(
	    mirror_vxlan_fdb(m, &key.vxlan_fdb), &key.vxlan_fdb, &want, &op, &status));
	issue(&op);
	return op;
}

static void test_vxlan_change_repair(void **state)
{
	struct kernel_op repair, op = next_vxlan(true, 0x0a000001);
	struct slot_content foreign;

	(void)state;
	say(&op.key, &op.content, true, false, 0);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	op = next_vxlan(true, 0x0a000002);
	assert_int_equal(op.verb, KERNEL_CHANGE);
	foreign = op.content;
	foreign.vxlan_fdb.dst = ip_from_u32(0x0a000009);
	foreign.vxlan_fdb.nud = NUD_PERMANENT;
	say(&op.key, &foreign, true, false, 0);
	say(&op.key, &op.content, true, false, 0);
	assert_true(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(repair.verb, KERNEL_CHANGE);
	assert_true(slot_content_equal(SLOT_VXLAN_FDB, &repair.content, &foreign));
}

/* The kernel says OK to a delete that names another destination, and does nothing. */
static void test_vxlan_delete_in_vain(void **state)
{
	struct kernel_op repair, op = next_vxlan(true, 0x0a000001);
	struct arena arena = {0};
	struct slot_key *doubts;

	(void)state;
	say(&op.key, &op.content, true, false, 0);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	op = next_vxlan(false, 0);
	assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
	assert_int_equal(mirror_doubts(m, &arena, &doubts), 1);
	assert_true(slot_key_equal(&doubts[0], &op.key));
	arena_fini(&arena);
}

static void test_flood_is_ours_only_when_it_appeared(void **state)
{
	struct ip vtep = ip_from_u32(0x0a000001);
	struct slot_key key = slot_key_flood(vx, (vni_t){0}, &vtep);
	struct kernel_op op, repair;

	(void)state;
	for (int appeared = 0; appeared < 2; appeared++) {
		enum slot_status status;

		assert_true(
		    reconcile_flood(mirror_flood(m, &key.flood), &key.flood, true, &op, &status));
		issue(&op);
		if (appeared)
			say(&key, &op.content, true, false, 0);
		assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
		assert_false(
		    reconcile_flood(mirror_flood(m, &key.flood), &key.flood, true, &op, &status));
		assert_int_equal(status, appeared ? SLOT_SYNCED : SLOT_FOREIGN);
		say(&key, &op.content, false, false, 0);
	}
}

static void restored(
    const struct slot_content *file, const struct slot_content *kernel, enum ledger_state expected)
{
	struct slot_key key = fdb_key();
	struct kernel_event e = {.kind = KERNEL_DUMP_BEGIN, .dump.table = TABLE_FDB}, row;

	ledger_restore(m, &key, file);
	mirror_apply(m, &e, NULL, NULL);
	if (kernel != NULL) {
		row = kernel_event_from_slot(&key, kernel, true);
		row.from_dump = true;
		mirror_apply(m, &row, NULL, NULL);
	}
	e.kind = KERNEL_DUMP_END;
	e.dump.clean = true;
	mirror_apply(m, &e, NULL, NULL);
	assert_int_equal(fdb() == NULL ? LEDGER_NONE : fdb()->slot.ledger, expected);
}

static void test_restored_from_the_state_file(void **state)
{
	const struct slot_content plain = fdb_row(vx, NUD_REACHABLE, NTF_EXT_LEARNED),
				  sticky = fdb_row(vx, NUD_REACHABLE, NTF_EXT_LEARNED | NTF_STICKY),
				  half = fdb_row(vx, NUD_REACHABLE, NTF_STICKY),
				  foreign = fdb_row(vx, NUD_NOARP, NTF_EXT_LEARNED),
				  pinned = fdb_row(vp, NUD_NOARP, NTF_STICKY);
	const struct {
		const struct slot_content *file, *kernel;
		enum ledger_state expected;
	} rows[] = {{&plain, &plain, LEDGER_WRITTEN}, {&plain, &foreign, LEDGER_NONE},
	    {&plain, NULL, LEDGER_NONE}, {&sticky, &sticky, LEDGER_WRITTEN},
	    {&sticky, &half, LEDGER_HALF}, {&sticky, &plain, LEDGER_NONE},
	    {&plain, &half, LEDGER_NONE},
	    /* we never wrote such a row, whatever the file says */
	    {&pinned, &pinned, LEDGER_NONE}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		restored(rows[i].file, rows[i].kernel, rows[i].expected);
		tear_down(state);
		set_up(state);
	}
}

static void test_adoption(void **state)
{
	const struct slot_content plain = fdb_row(vx, NUD_REACHABLE, NTF_EXT_LEARNED),
				  other = fdb_row(vp, NUD_NOARP, 0);
	struct slot_key key = fdb_key();
	struct kernel_op op, repair;

	(void)state;
	say(&key, &plain, true, false, 0);
	op = next_fdb(true, false);
	assert_int_equal(op.verb, KERNEL_READ);
	assert_false(answer(&op, KERNEL_MISMATCH, 0, &other, &repair));
	assert_int_equal(fdb()->slot.ledger, LEDGER_NONE);
	say(&key, &plain, true, false, 0);
	op = next_fdb(true, false);
	assert_false(answer(&op, KERNEL_DONE, 0, &plain, &repair));
	assert_int_equal(fdb()->slot.ledger, LEDGER_WRITTEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- nexthop objects ---- */

static struct slot_content object(uint8_t protocol, uint8_t last)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.nexthop.protocol = protocol;
	c.nexthop.gateway = ip_from_u32(0x0a090100u | last);
	c.nexthop.dev = vp;
	return c;
}

/* Another replaced our object between the read and our write: what it wrote is put back. */
static void test_object_hit_in_the_window(void **state)
{
	static const struct nexthop_member members[] = {{NEXTHOP_ID_FIRST + 8, 3}};
	const struct slot_key key = slot_key_nexthop(NEXTHOP_ID_FIRST);
	struct slot_content ours = object(RTPROT_EVPND, 1), next = object(RTPROT_EVPND, 2),
			    theirs = object(4, 9);

	(void)state;
	theirs.nexthop.member_count = 1;
	theirs.nexthop.members = members;
	for (int delete = 0; delete < 2; delete ++) {
		struct kernel_op op = {.verb = delete ? KERNEL_DELETE : KERNEL_CHANGE, .key = key};
		struct kernel_op repair;

		say(&key, &ours, true, true, 7);
		op.content = delete ? ours : next;
		op.pre = PRE_EQUAL;
		op.expected = ours;
		issue(&op);
		say(&key, &theirs, true, false, 99);
		say(&key, delete ? &theirs : &next, !delete, true, 7);
		assert_true(answer(&op, KERNEL_DONE, 0, NULL, &repair));
		assert_int_equal(repair.verb, delete ? KERNEL_ADD : KERNEL_CHANGE);
		assert_true(slot_content_equal(SLOT_NEXTHOP, &repair.content, &theirs));
		assert_int_equal(repair.pre, delete ? PRE_NONE : PRE_EQUAL);
		op = repair;
		issue(&op);
		say(&key, &theirs, true, true, 7);
		assert_false(answer(&op, KERNEL_DONE, 0, NULL, &repair));
		assert_int_equal(counters.repaired, (unsigned)delete + 1);
		assert_int_equal(mirror_nexthop(m, NEXTHOP_ID_FIRST)->entry.protocol, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_add_and_delete),
	    TEST(test_done_without_a_notification),
	    TEST(test_sticky_is_half_between_its_writes),
	    TEST(test_refused_add_leaves_nothing),
	    TEST(test_refused_delete_keeps_ours),
	    TEST(test_eexist_shows_who_is_there),
	    TEST(test_enoent_is_forgotten),
	    TEST(test_notification_beats_the_read),
	    TEST(test_touched_once_is_foreign),
	    TEST(test_window_repair),
	    TEST(test_no_repair_without_damage),
	    TEST(test_neigh_delete_repair),
	    TEST(test_refused_repair),
	    TEST(test_neigh_protocol_alone),
	    TEST(test_neigh_lost_in_an_overrun),
	    TEST(test_neigh_no_repair),
	    TEST(test_neigh_change_repair),
	    TEST(test_demoted_is_not_ours),
	    TEST(test_vxlan_change_repair),
	    TEST(test_vxlan_delete_in_vain),
	    TEST(test_flood_is_ours_only_when_it_appeared),
	    TEST(test_restored_from_the_state_file),
	    TEST(test_adoption),
	    TEST(test_object_hit_in_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
