/*
 * Nexthop objects on the real kernel: what vanishes with a link, whose an id is, what a race with
 * another writer leaves behind. In a network namespace of its own with two uplinks. Needs root;
 * skipped without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kernel/mirror.h"
#include "kernel/reconcile.h"
#include "kernel/rtnl_encode.h"
#include "os/netlink.h"

#define ID(n) (NEXTHOP_ID_FIRST + (n))
#define FOREIGN_PROTOCOL 4

struct world {
	struct netlink *nl;
	struct mirror *m;
	struct kernel_op under_way[256]; /* by id; they own what they point to */
	struct kernel_counters counters;
	struct kernel_result last;
	unsigned dumps_ended;
	uint32_t next_id;
	int agent;
};

static struct world *w;

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

/* The kernel looks at carriers when it gets to it. */
static void until(const char *condition)
{
	char command[256];

	snprintf(command, sizeof(command),
	    "for i in $(seq 300); do %s && exit 0; sleep 0.1; done; exit 1", condition);
	run(command);
}

static void submit(const struct kernel_op *op)
{
	struct kernel_op *kept;

	w->next_id = w->next_id % 255 + 1;
	kept = &w->under_way[w->next_id];
	*kept = *op;
	kept->id = w->next_id;
	slot_content_keep(kept->key.kind, &kept->content);
	slot_content_keep(kept->key.kind, &kept->expected);
	ledger_issue(w->m, kept);
	netlink_submit(w->nl, kept);
}

static void take_result(const struct kernel_result *r)
{
	struct kernel_op repair, *op = &w->under_way[r->id];

	w->last = *r;
	if (ledger_result(w->m, op, r, &repair, &w->counters))
		submit(&repair);
	slot_content_drop(op->key.kind, &op->content);
	slot_content_drop(op->key.kind, &op->expected);
}

static void pump(void)
{
	struct event e;
	bool more;

	do {
		netlink_flush(w->nl);
		more = false;
		while (netlink_next(w->nl, &e)) {
			more = true;
			if (e.kind == EVENT_KERNEL_RESULT) {
				take_result(&e.result);
				continue;
			}
			w->dumps_ended += e.kernel.kind == KERNEL_DUMP_END;
			mirror_apply(w->m, &e.kernel, NULL, NULL);
		}
	} while (more);
}

static void listen_to_kernel(void)
{
	netlink_readable(w->nl);
	pump();
}

static void dump_all(void)
{
	unsigned before = w->dumps_ended;

	for (int t = 0; t < TABLE_COUNT; t++)
		netlink_dump(w->nl, (enum kernel_table)t);
	for (int i = 0; i < 100000 && w->dumps_ended < before + TABLE_COUNT; i++)
		listen_to_kernel();
	assert_int_equal(w->dumps_ended, before + TABLE_COUNT);
}

static int set_up(void **state)
{
	struct netlink_options options = {0, SIZE_MAX};
	struct sockaddr_nl any = {.nl_family = AF_NETLINK};

	(void)state;
	w = calloc(1, sizeof(*w));
	run("ip link set lo up; for i in 1 2; do ip link add u$i type veth peer name far$i && "
	    "ip link set u$i up && ip link set far$i up && ip addr add 10.9.$i.1/24 dev u$i; done");
	w->m = mirror_new(1);
	w->nl = netlink_open(&options);
	assert_non_null(w->nl);
	w->agent = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_int_equal(bind(w->agent, (struct sockaddr *)&any, sizeof(any)), 0);
	dump_all();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	netlink_close(w->nl);
	mirror_free(w->m);
	close(w->agent);
	free(w);
	return system("ip link del u1; ip link del u2; ip nexthop flush") == 0 ? 0 : -1;
}

static ifindex_t uplink(unsigned n)
{
	return (ifindex_t){if_nametoindex(n == 1 ? "u1" : "u2")};
}

/* 10.9.<n>.<last> over uplink n. */
static struct nexthop_entry leaf(uint8_t protocol, unsigned n, uint8_t last)
{
	return (struct nexthop_entry){.protocol = protocol,
	    .gateway = ip_from_u32(0x0a090000u | n << 8 | last),
	    .dev = uplink(n)};
}

static struct nexthop_entry group(const struct nexthop_member *members, uint8_t count)
{
	return (struct nexthop_entry){
	    .protocol = RTPROT_EVPND, .member_count = count, .members = members};
}

static int agent_write(uint32_t id, const struct nexthop_entry *e, uint16_t flags)
{
	static _Alignas(8) uint8_t buffer[RTNL_MESSAGE_MAX], answer[4096];
	struct kernel_op op = {
	    .verb = e != NULL ? KERNEL_ADD : KERNEL_DELETE, .key = slot_key_nexthop(id)};
	struct nlmsghdr *h;
	const struct nlmsgerr *error;

	if (e != NULL)
		op.content.nexthop = *e;
	h = rtnl_encode_write(buffer, &op);
	if (flags != 0)
		h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_flags |= NLM_F_ACK;
	if (send(w->agent, h, h->nlmsg_len, 0) < 0 || recv(w->agent, answer, sizeof(answer), 0) < 0)
		return errno;
	error = NLMSG_DATA((struct nlmsghdr *)(void *)answer);
	return -error->error;
}

/* Walks one object to its end. */
static enum slot_status settle(uint32_t id, const struct nexthop_entry *entry)
{
	struct nexthop_desired want = {.wanted = entry != NULL};
	enum slot_status status;
	struct kernel_op op;

	if (entry != NULL)
		want.entry = *entry;
	for (int i = 0; i < 8; i++) {
		if (!reconcile_nexthop(mirror_nexthop(w->m, id), id, &want, &op, &status))
			return status;
		submit(&op);
		pump();
	}
	fail_msg("object does not settle");
	return status;
}

/* What stands there, past the mirror; members are not looked at. */
static bool kernel_shows(uint32_t id, struct nexthop_entry *e)
{
	struct kernel_op op = {.verb = KERNEL_READ, .key = slot_key_nexthop(id)};

	submit(&op);
	pump();
	assert_int_equal(w->last.outcome, KERNEL_DONE);
	*e = w->last.seen.nexthop;
	return w->last.seen_present;
}

static enum slot_status settle_route(const char *text, uint32_t nhid)
{
	struct route_desired want = {.wanted = nhid != 0};
	struct slot_key key;
	enum slot_status status;
	struct kernel_op op;
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	key = slot_key_route(254, 20, &p);
	want.entry =
	    (struct route_entry){.protocol = RTPROT_EVPND, .type = RTN_UNICAST, .nhid = nhid};
	for (int i = 0; i < 8; i++) {
		if (!reconcile_route(
			mirror_route(w->m, &key.route), &key.route, &want, &op, &status))
			return status;
		submit(&op);
		pump();
	}
	fail_msg("route does not settle");
	return status;
}

static bool has_route(const char *text)
{
	struct slot_key key;
	const struct route_slot *s;
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	key = slot_key_route(254, 20, &p);
	s = mirror_route(w->m, &key.route);
	return s != NULL && s->slot.present;
}

static const struct nexthop_member both[] = {{ID(1), 1}, {ID(2), 5}};

static void two_uplinks(void)
{
	const struct nexthop_entry one = leaf(RTPROT_EVPND, 1, 2), two = leaf(RTPROT_EVPND, 2, 2),
				   g = group(both, 2);

	assert_int_equal(settle(ID(1), &one), SLOT_SYNCED);
	assert_int_equal(settle(ID(2), &two), SLOT_SYNCED);
	assert_int_equal(settle(ID(10), &g), SLOT_SYNCED);
	assert_int_equal(settle_route("192.0.2.0/24", ID(10)), SLOT_SYNCED);
}

static void test_life(void **state)
{
	struct nexthop_entry e, other = leaf(RTPROT_EVPND, 1, 3);

	(void)state;
	two_uplinks();
	assert_true(mirror_nexthop_used(w->m, ID(10)));
	assert_true(mirror_nexthop_used(w->m, ID(1)));
	assert_true(kernel_shows(ID(10), &e));
	assert_int_equal(e.member_count, 2);
	/* another gateway behind the same id: the group does not notice */
	assert_int_equal(settle(ID(1), &other), SLOT_SYNCED);
	assert_true(kernel_shows(ID(1), &e));
	assert_true(ip_equal(&e.gateway, &other.gateway));
	assert_int_equal(settle_route("192.0.2.0/24", 0), SLOT_EMPTY);
	assert_false(mirror_nexthop_used(w->m, ID(10)));
	assert_int_equal(settle(ID(10), NULL), SLOT_EMPTY);
	assert_false(mirror_nexthop_used(w->m, ID(1)));
	assert_int_equal(settle(ID(1), NULL), SLOT_EMPTY);
	assert_int_equal(settle(ID(2), NULL), SLOT_EMPTY);
	assert_int_equal(w->counters.failed + w->counters.mismatched + w->counters.repaired, 0);
}

/* A new daemon finds what the last one left: the dump says it all. */
static void test_dump(void **state)
{
	const struct nexthop_slot *s;

	(void)state;
	two_uplinks();
	run("ip nexthop add id 7 via 10.9.1.7 dev u1 onlink");
	mirror_free(w->m);
	w->m = mirror_new(2);
	dump_all();
	s = mirror_nexthop(w->m, ID(10));
	assert_true(s != NULL && s->slot.present);
	assert_int_equal(s->entry.protocol, RTPROT_EVPND);
	assert_int_equal(s->entry.member_count, 2);
	assert_int_equal(s->entry.members[1].weight, 5);
	assert_true(mirror_nexthop_used(w->m, ID(10)));
	/* an id that is not of our range does not exist for us */
	assert_null(mirror_nexthop(w->m, 7));
}

/* The mirror against the kernel, object by object, after a change that nobody told of. */
static void same_as_kernel(bool one, bool two, uint8_t members)
{
	struct nexthop_entry e = {0};

	for (uint32_t n = 1; n <= 10; n += n == 1 ? 1 : 8) {
		const struct nexthop_slot *s = mirror_nexthop(w->m, ID(n));
		bool present = s != NULL && s->slot.present;

		assert_int_equal(present, n == 1 ? one : n == 2 ? two : members > 0);
		if (n == 10 && present)
			assert_int_equal(s->entry.member_count, members);
		assert_int_equal(kernel_shows(ID(n), &e), present);
		if (n == 10 && present)
			assert_int_equal(e.member_count, members);
	}
}

static void test_links_take_objects(void **state)
{
	(void)state;
	two_uplinks();
	run("ip link set far1 down"); /* carrier loss of u1 */
	until("ip link show u1 | grep -q 'state [A-Z]*DOWN'");
	usleep(200000);
	listen_to_kernel();
	same_as_kernel(false, true, 1);
	assert_true(has_route("192.0.2.0/24"));
	run("ip link set u2 down");
	usleep(200000);
	listen_to_kernel();
	same_as_kernel(false, false, 0);
	assert_false(has_route("192.0.2.0/24"));
	run("test -z \"$(ip route show 192.0.2.0/24)\"");
	run("ip link set far1 up; ip link set u2 up");
	until("ip link show u1 | grep -q 'state UP' && ip link show u2 | grep -q 'state UP'");
	usleep(200000);
	listen_to_kernel();
	two_uplinks();
	same_as_kernel(true, true, 2);
}

/* Another deletes a member, then the last one. */
static void test_deleted_by_another(void **state)
{
	(void)state;
	two_uplinks();
	assert_int_equal(agent_write(ID(1), NULL, 0), 0);
	listen_to_kernel();
	same_as_kernel(false, true, 1);
	assert_true(has_route("192.0.2.0/24"));
	assert_int_equal(agent_write(ID(2), NULL, 0), 0);
	listen_to_kernel();
	same_as_kernel(false, false, 0);
	assert_false(has_route("192.0.2.0/24"));
	two_uplinks();
}

/* A foreign object in our range: not touched, whatever is wanted there. */
static void test_foreign_in_our_range(void **state)
{
	const struct nexthop_entry theirs = leaf(FOREIGN_PROTOCOL, 1, 66),
				   ours = leaf(RTPROT_EVPND, 1, 2);
	struct nexthop_entry e;

	(void)state;
	assert_int_equal(agent_write(ID(1), &theirs, NLM_F_CREATE), 0);
	/* not heard of yet: exclusive create refuses */
	assert_int_equal(settle(ID(1), &ours), SLOT_BLOCKED);
	assert_int_equal(settle(ID(1), NULL), SLOT_FOREIGN);
	assert_true(kernel_shows(ID(1), &e));
	assert_int_equal(e.protocol, FOREIGN_PROTOCOL);
	assert_true(ip_equal(&e.gateway, &theirs.gateway));
}

/* A foreign replace of our id: from then on it is theirs, and the read before each write sees it
 * before the notification was read. */
static void test_foreign_replaces_ours(void **state)
{
	const struct nexthop_entry theirs = leaf(FOREIGN_PROTOCOL, 2, 66),
				   ours = leaf(RTPROT_EVPND, 1, 2),
				   other = leaf(RTPROT_EVPND, 1, 3);
	struct nexthop_entry e;

	(void)state;
	assert_int_equal(settle(ID(1), &ours), SLOT_SYNCED);
	assert_int_equal(agent_write(ID(1), &theirs, NLM_F_REPLACE), 0);
	assert_int_equal(settle(ID(1), &other), SLOT_BLOCKED);
	assert_int_equal(w->counters.mismatched, 1);
	assert_int_equal(settle(ID(1), NULL), SLOT_FOREIGN);
	assert_true(kernel_shows(ID(1), &e));
	assert_int_equal(e.protocol, FOREIGN_PROTOCOL);
	assert_true(ip_equal(&e.gateway, &theirs.gateway));
}

/* ---- the race ---- */

#define ROUNDS 1500

static struct {
	pthread_barrier_t start, end;
	struct nexthop_entry theirs;
	int errors;
} race;

static void spin_ns(long ns)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000L + now.tv_nsec - from.tv_nsec < ns);
}

static void *agent_thread(void *unused)
{
	unsigned seed = 7;

	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&race.start);
		spin_ns(rand_r(&seed) % 40000);
		race.errors += agent_write(ID(1), &race.theirs, NLM_F_CREATE | NLM_F_REPLACE) != 0;
		pthread_barrier_wait(&race.end);
	}
	return unused;
}

/* Whenever another writes its object over ours, at the end it stands there as it was written. */
static void race_with(const struct nexthop_entry *wanted)
{
	const struct nexthop_entry ours = leaf(RTPROT_EVPND, 1, 2);
	struct nexthop_entry e;
	pthread_t thread;

	race.theirs = leaf(FOREIGN_PROTOCOL, 2, 66);
	race.errors = 0;
	pthread_barrier_init(&race.start, NULL, 2);
	pthread_barrier_init(&race.end, NULL, 2);
	pthread_create(&thread, NULL, agent_thread, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(settle(ID(1), &ours), SLOT_SYNCED);
		pthread_barrier_wait(&race.start);
		spin_ns(20000);
		settle(ID(1), wanted);
		pthread_barrier_wait(&race.end);
		listen_to_kernel();
		listen_to_kernel();
		assert_true(kernel_shows(ID(1), &e));
		assert_int_equal(e.protocol, FOREIGN_PROTOCOL);
		assert_true(ip_equal(&e.gateway, &race.theirs.gateway));
		assert_int_equal(agent_write(ID(1), NULL, 0), 0);
		listen_to_kernel();
	}
	pthread_join(thread, NULL);
	assert_int_equal(race.errors, 0);
	print_message("%llu of %d hit the window and were restored, %llu were seen before\n",
	    (unsigned long long)w->counters.repaired, ROUNDS,
	    (unsigned long long)w->counters.mismatched);
}

static void test_race_with_change(void **state)
{
	const struct nexthop_entry other = leaf(RTPROT_EVPND, 1, 3);

	(void)state;
	race_with(&other);
}

static void test_race_with_delete(void **state)
{
	(void)state;
	race_with(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_life, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_dump, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_links_take_objects, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_deleted_by_another, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_foreign_in_our_range, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_foreign_replaces_ours, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_race_with_change, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_race_with_delete, set_up, tear_down),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0)
		return 77;
	return cmocka_run_group_tests_name("nexthop objects", tests, NULL, NULL);
}
