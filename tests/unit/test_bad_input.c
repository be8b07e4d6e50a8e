/*
 * What must not cost anything, through a whole engine over the simulated kernel: each of its writes
 * refused with each errno, once or for a minute, and configurations that cannot be loaded. In the
 * end the kernel holds what it holds when nothing was refused, and the session is up.
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

#include "base/mem.h"
#include "base/str.h"
#include "bgp/bgp.h"
#include "fuzz/hypervisor.h"

static const int errnos[] = {EBUSY, ENOSPC, EEXIST, ENOENT, ENODEV, ENOMEM};

#define ERRNOS (sizeof(errnos) / sizeof(errnos[0]))
#define LINES_MAX 1024

/* ---- the kernel's tables as text ---- */

struct lines {
	char *list[LINES_MAX];
	size_t count;
};

static void add_line(struct lines *l, const struct slot_key *key, enum slot_kind kind,
    const void *entry, size_t size)
{
	char name[SLOT_TEXT_MAX], value[SLOT_TEXT_MAX];
	struct slot_content content = {0};
	struct str s = {0};

	memcpy(&content, entry, size);
	str_addf(
	    &s, "%s: %s\n", slot_key_text(key, name), slot_content_text(kind, &content, value));
	assert_true(l->count < LINES_MAX);
	l->list[l->count++] = s.text;
}

#define ADD_LINES(table, kind_, member)                                                            \
	for (size_t i = 0; i < SIM_ROWS; i++)                                                      \
		if (k->table[i].used) {                                                            \
			struct slot_key key;                                                       \
                                                                                                   \
			memset(&key, 0, sizeof(key));                                              \
			key.kind = kind_;                                                          \
			key.member = k->table[i].key;                                              \
			add_line(l, &key, kind_, &k->table[i].entry, sizeof(k->table[i].entry));   \
		}

static void add_flood(struct lines *l, const struct simkernel *k)
{
	const struct flood_entry none = {0};

	for (size_t i = 0; i < SIM_ROWS; i++)
		if (k->flood[i].used) {
			struct slot_key key = slot_key_flood(
			    k->flood[i].key.dev, k->flood[i].key.source_vni, &k->flood[i].key.vtep);

			add_line(l, &key, SLOT_FLOOD, &none, sizeof(none));
		}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct str tables(const struct simkernel *k)
{
	struct lines *l = mem_new(sizeof(*l));
	struct str all = {0};

	ADD_LINES(fdb, SLOT_FDB, fdb)
	ADD_LINES(vxlan_fdb, SLOT_VXLAN_FDB, vxlan_fdb)
	ADD_LINES(neigh, SLOT_NEIGH, neigh)
	ADD_LINES(routes, SLOT_ROUTE, route)
	add_flood(l, k);
	qsort(l->list, l->count, sizeof(l->list[0]), compare);
	for (size_t i = 0; i < l->count; i++) {
		str_add(&all, l->list[i]);
		mem_free(l->list[i]);
	}
	mem_free(l);
	return all;
}

/* ---- a life ---- */

/* The moved host leaves its VTEP in the end, so that deletes are refused too. */
static struct hypervisor *live(unsigned from, unsigned to, int error)
{
	struct hypervisor *h = mem_new(sizeof(*h));
	struct ip vtep = ip_from_u32(0x0a000001);

	h->fail_from = from;
	h->fail_to = to;
	h->fail_errno = error;
	simkernel_init(&h->kernel, &vtep, 2);
	hypervisor_start(h, NULL, 0);
	hypervisor_populate(h);
	hypervisor_depopulate(h);
	return h;
}

static void end(struct hypervisor *h)
{
	hypervisor_free(h);
	mem_free(h);
}

static void refused_between(unsigned from, unsigned to, int error, const char *expected)
{
	struct hypervisor *h = live(from, to, error);
	struct str got;

	h->fail_to = 0;
	hypervisor_wait(h, 600000);
	got = tables(&h->kernel);
	if (strcmp(str_text(&got), expected) != 0)
		print_message("writes %u to %u: %s\n", from, to, strerror(error));
	assert_string_equal(str_text(&got), expected);
	assert_false(h->peer_closed);
	str_fini(&got);
	end(h);
}

static void test_each_write_is_refused_once(void **state)
{
	struct hypervisor *h = live(0, 0, 0);
	unsigned writes = h->writes;
	struct str expected;

	(void)state;
	hypervisor_wait(h, 600000);
	expected = tables(&h->kernel);
	end(h);
	assert_true(writes >= 16);
	for (unsigned n = 1; n <= writes; n++)
		for (size_t e = 0; e < ERRNOS; e++)
			refused_between(n, n, errnos[e], str_text(&expected));
	str_fini(&expected);
}

/* From the n-th write on nothing goes, until all has happened. */
static void test_refused_until_the_end(void **state)
{
	struct hypervisor *h = live(0, 0, 0);
	unsigned writes = h->writes;
	struct str expected;

	(void)state;
	hypervisor_wait(h, 600000);
	expected = tables(&h->kernel);
	end(h);
	for (unsigned n = 1; n <= writes; n++)
		for (size_t e = 0; e < ERRNOS; e++)
			refused_between(n, UINT32_MAX, errnos[e], str_text(&expected));
	str_fini(&expected);
}

/* ---- configurations ---- */

/* Nothing but log lines comes of it. */
static void test_refused_configuration(void **state)
{
	static const char *const texts[] = {NULL, "router bgp banana\n",
	    "router bgp 65001\n neighbor 10.0.0.2 remote-as 4294967296\n",
	    "router bgp 65001\n address-family l2vpn evpn\n  neighbor 10.0.0.9 activate\n"};
	struct hypervisor *h = live(0, 0, 0);
	struct str before = tables(&h->kernel), after;

	(void)state;
	hypervisor_wait(h, 600000);
	str_fini(&before);
	before = tables(&h->kernel);
	h->others = 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct event e = {.kind = EVENT_CONFIG};

		e.config.file = "bad.conf";
		e.config.text = texts[i];
		e.config.error = texts[i] == NULL ? "No such file or directory" : NULL;
		hypervisor_event(h, &e);
		assert_int_equal(h->others, 0);
	}
	hypervisor_wait(h, 1000);
	after = tables(&h->kernel);
	assert_string_equal(str_text(&after), str_text(&before));
	assert_false(h->peer_closed);
	str_fini(&before);
	str_fini(&after);
	end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_write_is_refused_once),
	    cmocka_unit_test(test_refused_until_the_end),
	    cmocka_unit_test(test_refused_configuration),
	};

	return cmocka_run_group_tests_name("bad input", tests, NULL, NULL);
}
