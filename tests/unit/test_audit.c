/*
 * The audit of the kernel against the mirror: rows are hints, reads decide.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/audit.h"
#include "kernel/reconcile.h"

static const ifindex_t br = {10}, vx = {11}, svi = {12}, vp = {13};
static const mono_t start = {1000000000};
static struct mirror *m;
static struct audit a;
static struct kernel_counters counters;
static uint32_t next_id;

static int set_up(void **state)
{
	(void)state;
	m = mirror_new(1);
	audit_init(&a);
	audit_schedule(&a, 300, start);
	counters = (struct kernel_counters){0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	audit_fini(&a);
	mirror_free(m);
	return 0;
}

static struct slot_key fdb_key(uint8_t n)
{
	struct mac who = {{2, 0, 0, 0, 0, n}};

	return slot_key_fdb(br, 99, &who);
}

static struct slot_content fdb_on(ifindex_t port)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.fdb = (struct fdb_entry){port, NUD_NOARP, 0, false};
	return c;
}

static void say(const struct slot_key *key, const struct slot_content *content, bool present)
{
	struct kernel_event e = kernel_event_from_slot(key, content, present);

	mirror_apply(m, &e, NULL, NULL);
}

static void fdb_says(uint8_t n, ifindex_t port)
{
	struct slot_key key = fdb_key(n);
	struct slot_content c = fdb_on(port);

	say(&key, &c, true);
}

/* ---- the dumps of one audit ---- */

static bool mark(enum kernel_event_kind kind, enum kernel_table table)
{
	struct kernel_event e = {.kind = kind};

	e.dump.table = table;
	e.dump.clean = true;
	return audit_takes(&a, m, &e, start);
}

static void row(const struct slot_key *key, const struct slot_content *content)
{
	struct kernel_event e = kernel_event_from_slot(key, content, true);

	e.from_dump = true;
	assert_true(audit_takes(&a, m, &e, start));
}

static void fdb_row(uint8_t n, ifindex_t port)
{
	struct slot_key key = fdb_key(n);
	struct slot_content c = fdb_on(port);

	row(&key, &c);
}

static void begin(void)
{
	a.next = start;
	assert_true(audit_due(&a, start));
	audit_begin(&a, m, start);
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		assert_true(a.asked[t]);
		a.asked[t] = false;
		a.running[t] = true;
	}
	assert_false(mark(KERNEL_DUMP_BEGIN, TABLE_LINKS));
	assert_true(mark(KERNEL_DUMP_BEGIN, TABLE_FDB));
}

static void end(void)
{
	assert_false(mark(KERNEL_DUMP_END, TABLE_LINKS));
	assert_false(mark(KERNEL_DUMP_END, TABLE_NEXTHOPS));
	assert_false(mark(KERNEL_DUMP_END, TABLE_ROUTES));
	assert_true(mark(KERNEL_DUMP_END, TABLE_FDB));
	assert_int_equal(a.phase, AUDIT_DUMPING);
	assert_true(mark(KERNEL_DUMP_END, TABLE_NEIGH));
	assert_int_equal(a.phase, AUDIT_READING);
}

/* ---- the reads ---- */

/* All keys to be read, each read as the caller says: the n-th has the n-th content, NULL absent. */
static size_t next_reads(struct slot_key *keys)
{
	size_t count = 0;

	while (count == 0 && audit_goes_on(&a) && a.phase == AUDIT_READING)
		count = audit_reads(&a, m, keys);
	return count;
}

static bool read_slot(const struct slot_key *key, const struct slot_content *seen, bool notified)
{
	struct kernel_op op = {.id = ++next_id, .verb = KERNEL_READ, .key = *key, .audit = true};
	struct kernel_result r = {
	    .id = op.id, .slot = key->kind, .checked = true, .seen_present = seen != NULL};
	struct kernel_op repair;
	bool differs;

	ledger_issue(m, &op);
	if (seen != NULL)
		r.seen = *seen;
	if (notified)
		say(key, seen != NULL ? seen : &op.content, seen != NULL);
	differs = audit_read(&a, m, &op, &r);
	assert_false(ledger_result(m, &op, &r, &repair, &counters));
	return differs;
}

static void test_nothing_to_find(void **state)
{
	struct slot_key keys[AUDIT_READS];

	(void)state;
	for (uint8_t n = 1; n < 100; n++)
		fdb_says(n, vp);
	for (unsigned audits = 0; audits < 3; audits++) {
		begin();
		for (uint8_t n = 1; n < 100; n++)
			fdb_row(n, vp);
		end();
		assert_int_equal(next_reads(keys), 0);
		assert_int_equal(a.phase, AUDIT_DESIRED);
		audit_end(&a, start);
	}
	assert_int_equal(a.stats.runs, 3);
	assert_int_equal(a.stats.reads, 0);
}

/* A dump under churn misses and repeats rows: the single read finds nothing. */
static void test_a_dump_proves_nothing(void **state)
{
	struct slot_key keys[AUDIT_READS];
	struct slot_content there = fdb_on(vp);

	(void)state;
	fdb_says(1, vp);
	fdb_says(2, vp);
	begin();
	fdb_row(2, vx);
	fdb_row(2, vp);
	end();
	assert_int_equal(next_reads(keys), 2);
	assert_true(mirror_fdb(m, &keys[0].fdb)->slot.present);
	assert_false(read_slot(&keys[0], &there, false));
	assert_false(read_slot(&keys[1], &there, false));
	assert_int_equal(next_reads(keys), 0);
	assert_int_equal(a.phase, AUDIT_DESIRED);
}

/* Appeared, changed, gone: no notification told. */
static void test_differences(void **state)
{
	struct slot_key keys[AUDIT_READS], key = fdb_key(9);
	struct slot_content here = fdb_on(vp), moved = fdb_on(vx);

	(void)state;
	fdb_says(1, vp);
	fdb_says(2, vp);
	begin();
	fdb_row(1, vx);
	fdb_row(9, vp);
	end();
	assert_int_equal(next_reads(keys), 3);
	assert_true(read_slot(&keys[0], &moved, false));
	assert_true(read_slot(&keys[1], NULL, false));
	assert_true(read_slot(&keys[2], &here, false));
	assert_int_equal(mirror_fdb(m, &keys[0].fdb)->entry.port.v, vx.v);
	assert_null(mirror_fdb(m, &keys[1].fdb));
	assert_true(slot_key_equal(&keys[2], &key));
	assert_int_equal(mirror_fdb(m, &key.fdb)->entry.port.v, vp.v);
}

/* What is notified between dump and read is a change, told as it should be. */
static void test_told_meanwhile(void **state)
{
	struct slot_key keys[AUDIT_READS];
	struct slot_content moved = fdb_on(vx);

	(void)state;
	fdb_says(1, vp);
	begin();
	end();
	assert_int_equal(next_reads(keys), 1);
	assert_false(read_slot(&keys[0], &moved, true));
	assert_int_equal(mirror_fdb(m, &keys[0].fdb)->entry.port.v, vx.v);
}

/* Slots made while an audit runs are not missing from its dump. */
static void test_new_slots(void **state)
{
	struct slot_key keys[AUDIT_READS];

	(void)state;
	fdb_says(1, vp);
	begin();
	fdb_row(1, vp);
	fdb_says(2, vp);
	end();
	fdb_says(3, vp);
	assert_int_equal(next_reads(keys), 0);
}

/* A turn reads few slots and looks at a bounded number. */
static void test_bounded(void **state)
{
	struct slot_key keys[AUDIT_READS];
	struct slot_content there = fdb_on(vp);
	size_t count, total = 0, turns = 0;

	(void)state;
	for (uint8_t n = 1; n < 200; n++)
		fdb_says(n, vp);
	begin();
	end();
	for (; a.phase == AUDIT_READING; turns++) {
		count = audit_reads(&a, m, keys);
		assert_in_range(count, 0, AUDIT_READS);
		for (size_t i = 0; i < count; i++)
			assert_false(read_slot(&keys[i], &there, false));
		total += count;
	}
	assert_int_equal(total, 199);
	assert_in_range(turns, 7, 12);
}

static struct slot_content neigh(uint16_t nud, uint8_t ntf, uint8_t protocol, uint8_t last)
{
	struct slot_content c;

	memset(&c, 0, sizeof(c));
	c.neigh.nud = nud;
	c.neigh.ntf = ntf;
	c.neigh.protocol = protocol;
	c.neigh.lladdr = (struct mac){{last == 0 ? 0 : 2, 0, 0, 0, 0, last}};
	return c;
}

/* The kernel makes and resolves some neighbours without a word; those are no differences. */
static void test_silent_neighbours(void **state)
{
	const struct slot_content unresolved = neigh(NUD_INCOMPLETE, 0, 0, 0),
				  broadcast = neigh(NUD_NOARP, 0, 0, 0),
				  reachable = neigh(NUD_REACHABLE, 0, 0, 5),
				  delay = neigh(NUD_DELAY, 0, 0, 5);
	struct slot_key keys[AUDIT_READS], one, two, three;

	(void)state;
	one = slot_key_neigh(svi, &(struct ip){.family = IP_V4, .b = {10, 0, 0, 1}});
	two = slot_key_neigh(svi, &(struct ip){.family = IP_V4, .b = {10, 0, 0, 2}});
	three = slot_key_neigh(svi, &(struct ip){.family = IP_V4, .b = {10, 0, 0, 3}});
	say(&three, &reachable, true);
	begin();
	row(&one, &unresolved);
	row(&two, &broadcast);
	row(&three, &delay);
	end();
	assert_int_equal(next_reads(keys), 0);
}

/* A change of protocol alone is silent: no news of another's entry, but ours has a new owner. */
static void test_protocol_alone(void **state)
{
	const struct slot_content agents = neigh(NUD_PERMANENT, 0, 2, 5),
				  renamed = neigh(NUD_PERMANENT, 0, 255, 5),
				  ours = neigh(NUD_NOARP, NTF_EXT_LEARNED, RTPROT_EVPND, 6),
				  taken = neigh(NUD_NOARP, NTF_EXT_LEARNED, 255, 6);
	struct slot_key keys[AUDIT_READS], one, two;

	(void)state;
	one = slot_key_neigh(svi, &(struct ip){.family = IP_V4, .b = {10, 0, 0, 1}});
	two = slot_key_neigh(svi, &(struct ip){.family = IP_V4, .b = {10, 0, 0, 2}});
	say(&one, &agents, true);
	say(&two, &ours, true);
	ledger_restore(m, &two, &ours);
	assert_int_equal(mirror_neigh(m, &two.neigh)->slot.ledger, LEDGER_WRITTEN);
	begin();
	row(&one, &renamed);
	row(&two, &taken);
	end();
	assert_int_equal(next_reads(keys), 2);
	assert_false(read_slot(&one, &renamed, false));
	assert_int_equal(mirror_neigh(m, &one.neigh)->entry.protocol, 255);
	assert_true(read_slot(&two, &taken, false));
	assert_int_equal(mirror_neigh(m, &two.neigh)->slot.ledger, LEDGER_NONE);
}

/* Flood destinations have no single read: rows and absences together, sorted. */
static void test_floods(void **state)
{
	struct ip vtep[3] = {{.family = IP_V4, .b = {10, 0, 0, 1}},
	    {.family = IP_V4, .b = {10, 0, 0, 2}}, {.family = IP_V4, .b = {10, 0, 0, 3}}};
	struct slot_key key[3], keys[AUDIT_READS];
	struct kernel_event *events;
	struct arena arena = {0};
	struct slot_content c;

	(void)state;
	memset(&c, 0, sizeof(c));
	for (unsigned i = 0; i < 3; i++)
		key[i] = slot_key_flood(vx, (vni_t){0}, &vtep[i]);
	say(&key[0], &c, true);
	say(&key[1], &c, true);
	begin();
	row(&key[1], &c);
	row(&key[2], &c);
	assert_true(mark(KERNEL_DUMP_END, TABLE_FDB));
	assert_int_equal(audit_floods(&a, m, &arena, &events), 2);
	assert_int_equal(events[0].kind, KERNEL_FLOOD_DEL);
	assert_true(ip_equal(&events[0].flood.key.vtep, &vtep[0]));
	assert_int_equal(events[1].kind, KERNEL_FLOOD_NEW);
	assert_true(ip_equal(&events[1].flood.key.vtep, &vtep[2]));
	for (unsigned t = 0; t < TABLE_COUNT; t++)
		mark(KERNEL_DUMP_END, (enum kernel_table)t);
	assert_int_equal(next_reads(keys), 0);
	arena_fini(&arena);
}

/* An overrun: whatever dump is under way ends for nobody, and the mirror's own follow. */
static void test_broken_off(void **state)
{
	struct slot_key keys[AUDIT_READS];

	(void)state;
	fdb_says(1, vp);
	begin();
	audit_break(&a, start);
	fdb_row(1, vx);
	assert_true(mark(KERNEL_DUMP_END, TABLE_FDB));
	assert_false(mark(KERNEL_DUMP_BEGIN, TABLE_FDB));
	assert_int_equal(audit_reads(&a, m, keys), 0);
	assert_int_equal(a.phase, AUDIT_IDLE);
	assert_int_equal(a.stats.broken_off, 1);
	assert_int_equal(a.next.ns, mono_add_s(start, 300).ns);
}

/* Long dumps make audits rare; 0 makes them a matter of command alone. */
static void test_interval(void **state)
{
	(void)state;
	assert_false(audit_due(&a, mono_add_s(start, 299)));
	assert_true(audit_due(&a, mono_add_s(start, 300)));
	a.stats.dump_ms = 13000;
	audit_end(&a, start);
	assert_int_equal(a.next.ns, mono_add_s(start, 1300).ns);
	audit_schedule(&a, 0, start);
	assert_int_equal(a.next.ns, MONO_NEVER.ns);
	assert_true(audit_demand(&a, start));
	assert_true(audit_due(&a, start));
	audit_begin(&a, m, start);
	assert_false(audit_demand(&a, start));
	audit_end(&a, start);
	assert_int_equal(a.next.ns, MONO_NEVER.ns);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_nothing_to_find),
	    TEST(test_a_dump_proves_nothing),
	    TEST(test_differences),
	    TEST(test_told_meanwhile),
	    TEST(test_new_slots),
	    TEST(test_bounded),
	    TEST(test_silent_neighbours),
	    TEST(test_protocol_alone),
	    TEST(test_floods),
	    TEST(test_broken_off),
	    TEST(test_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
