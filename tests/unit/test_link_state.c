/*
 * `interface X` / `[no] shutdown`: what is asked of the kernel, and what is left to others. On the
 * real mirror; the test is the kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "evpn/link_state.h"

static struct {
	struct log log;
	struct mirror *mirror;
	struct link_states *states;
	struct str asked; /* "3 down; 4 up" */
	struct kernel_op last;
} host;

static void no_log(void *context, enum log_level level, enum log_topic topic, const char *text)
{
	(void)context;
	(void)level;
	(void)topic;
	(void)text;
}

static void nothing(void *context, const struct kernel_event *event)
{
	(void)context;
	(void)event;
}

static void kernel_op(void *context, const struct kernel_op *op)
{
	(void)context;
	assert_int_equal(op->verb, KERNEL_SET);
	assert_int_equal(op->key.kind, SLOT_LINK);
	str_addf(&host.asked, "%s%u %s", host.asked.size > 0 ? "; " : "", op->key.link.v,
	    op->content.link.up ? "up" : "down");
	host.last = *op;
}

static void link_is(uint32_t ifindex, const char *name, bool up)
{
	struct kernel_event e = {.kind = KERNEL_LINK_NEW};

	e.link = (struct link){.ifindex = {ifindex}, .admin_up = up, .running = up};
	snprintf(e.link.name, sizeof(e.link.name), "%s", name);
	mirror_apply(host.mirror, &e, nothing, NULL);
	link_states_run(host.states);
}

static void link_goes(uint32_t ifindex)
{
	struct kernel_event e = {.kind = KERNEL_LINK_DEL, .link_gone = {ifindex}};

	mirror_apply(host.mirror, &e, nothing, NULL);
	link_states_run(host.states);
}

/* The statements about eth3 and eth4: 'd' shutdown, 'u' no shutdown, '-' none. */
static void configure(char eth3, char eth4)
{
	struct link_wish wishes[2];
	size_t n = 0;

	if (eth3 != '-')
		wishes[n++] = (struct link_wish){"eth3", eth3 == 'u'};
	if (eth4 != '-')
		wishes[n++] = (struct link_wish){"eth4", eth4 == 'u'};
	link_states_configure(host.states, wishes, n);
	link_states_run(host.states);
}

static void expect(const char *asked)
{
	assert_string_equal(str_text(&host.asked), asked);
	str_clear(&host.asked);
}

static int begin(void **state)
{
	(void)state;
	host.log = (struct log){.write = no_log};
	host.mirror = mirror_new(1);
	host.states = link_states_new(&host.log, host.mirror, NULL, kernel_op);
	return 0;
}

static int end(void **state)
{
	(void)state;
	link_states_free(host.states);
	mirror_free(host.mirror);
	str_fini(&host.asked);
	return 0;
}

static void test_set_once(void **state)
{
	(void)state;
	link_is(3, "eth3", true);
	link_is(4, "eth4", false);
	configure('d', 'u');
	expect("3 down; 4 up");
	link_is(3, "eth3", true); /* on its way before */
	link_is(3, "eth3", false);
	link_is(4, "eth4", true);
	expect("");
	/* somebody else has another will: not contradicted, not by a reload either */
	link_is(3, "eth3", true);
	link_is(4, "eth4", false);
	configure('d', 'u');
	expect("");
	/* another word is another will */
	configure('d', 'd');
	expect("");
	configure('u', 'u');
	expect("4 up");
}

static void test_undone(void **state)
{
	(void)state;
	link_is(3, "eth3", true);
	link_is(4, "eth4", false);
	configure('d', 'd');
	expect("3 down");
	link_is(3, "eth3", false);
	configure('-', '-');
	expect("3 up"); /* eth4 was down before */
	link_is(3, "eth3", true);
	/* what others have touched since is theirs, and so is what was set up */
	configure('d', 'u');
	expect("3 down; 4 up");
	link_is(3, "eth3", false);
	link_is(4, "eth4", true);
	link_is(3, "eth3", true);
	link_is(3, "eth3", false);
	configure('-', '-');
	expect("");
	/* taken away before the kernel has shown it */
	link_is(3, "eth3", true);
	configure('d', '-');
	expect("3 down");
	configure('-', '-');
	expect("3 up");
}

static void test_links_come_and_go(void **state)
{
	(void)state;
	configure('d', '-');
	expect("");
	link_is(3, "eth3", true);
	expect("3 down");
	link_is(3, "eth3", false);
	link_goes(3);
	link_is(7, "eth3", true); /* a new one of that name */
	expect("7 down");
	link_goes(7);
	configure('-', '-');
	link_is(8, "eth3", false);
	expect("");
}

static void test_refused(void **state)
{
	struct kernel_result result = {.slot = SLOT_LINK, .outcome = KERNEL_FAILED, .error = 1};

	(void)state;
	link_is(3, "eth3", true);
	configure('d', '-');
	expect("3 down");
	link_states_result(host.states, &host.last, &result);
	link_is(3, "eth3", false); /* by somebody else */
	configure('-', '-');
	expect("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_set_once, begin, end),
	    cmocka_unit_test_setup_teardown(test_undone, begin, end),
	    cmocka_unit_test_setup_teardown(test_links_come_and_go, begin, end),
	    cmocka_unit_test_setup_teardown(test_refused, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
