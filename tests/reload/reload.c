/*
 * Reload, held against a fresh start. For pairs of configurations made from a seed:
 *
 *  - the state after a reload from one to the other is that after a start with the other;
 *  - a session goes on, unless a statement changed that its OPEN or its connection depends on;
 *  - no peer is told what it knows, no kernel entry that stays is taken away meanwhile;
 *  - the same text again, each statement twice, blocks in another order, and a text with errors,
 *    send and write nothing and change nothing.
 *
 * And for every statement with a default: written out, it changes nothing.
 *
 *	reload [-v] [FIRST [COUNT]]	pairs; stops at the first that fails, makes it small
 *	reload defaults [FIRST [COUNT]]	statements written out, on configurations from these seeds
 *	reload coverage			what works and is generated nowhere
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "coverage.h"
#include "device.h"

/* All timers that bring a session up have gone by. */
#define SETTLE_S 45
#define QUIET_S 5

static bool verbose;
static struct {
	unsigned up, went_on, told;
} totals;

/* ---- reports --------------------------------------------------------------------------------- */

static size_t line_size(const char *s)
{
	return strcspn(s, "\n");
}

/* The first difference of two texts, a few lines of each. */
static void difference(const char *a, const char *b, struct str *why)
{
	const char *sides[2];

	while (*a != '\0' && line_size(a) == line_size(b) && strncmp(a, b, line_size(a) + 1) == 0) {
		a += line_size(a) + 1;
		b += line_size(b) + 1;
	}
	sides[0] = a;
	sides[1] = b;
	for (size_t side = 0; side < 2; side++) {
		str_add(why, side == 0 ? "after the reload:\n" : "after a start:\n");
		for (size_t n = 0; n < 4 && *sides[side] != '\0'; n++) {
			size_t size = line_size(sides[side]);

			str_addf(why, "    %.*s\n", (int)size, sides[side]);
			sides[side] += size + (sides[side][size] != '\0');
		}
	}
}

static bool same_state(const struct str *a, const struct str *b, const char *what, struct str *why)
{
	if (strcmp(str_text(a), str_text(b)) == 0)
		return true;
	str_addf(why, "%s\n", what);
	difference(str_text(a), str_text(b), why);
	return false;
}

/* ---- one pair ----------------------------------------------------------------------------------
 */

static bool check_sessions(struct device *d, const struct choice *from, const struct choice *to,
    const bool *was_up, struct str *why)
{
	const char *key;

	for (size_t i = 0; i < NEIGHBORS; i++) {
		const struct peer_script *p = &d->peers[i];

		if (!was_up[i] || p->drops == 0 || !choice_has(to, i) ||
		    choice_may_reset(from, to, i, &key))
			continue;
		str_addf(why, "the session with %s was reset, and nothing of its own changed\n",
		    neighbors[i].name);
		return false;
	}
	return true;
}

static void count_sessions(const struct device *d, const bool *was_up)
{
	for (size_t i = 0; i < NEIGHBORS; i++) {
		totals.up += was_up[i];
		totals.went_on += was_up[i] && d->peers[i].drops == 0;
		totals.told += (unsigned)d->peers[i].told_count;
	}
}

static bool check_economy(struct device *d, struct str *why)
{
	str_add(why, str_text(&d->fault));
	if (d->fault.size > 0)
		return false;
	for (size_t i = 0; i < NEIGHBORS; i++) {
		if (d->peers[i].redundant == 0)
			continue;
		str_addf(why, "%s was told %u times what it knew:\n%s", neighbors[i].name,
		    d->peers[i].redundant, str_text(&d->acts));
		return false;
	}
	return true;
}

/* What sends and writes nothing. */
static bool check_silent(struct device *d, const char *text, const char *what, struct str *why)
{
	device_count_from_here(d);
	device_reload_text(d, text);
	device_wait(d, QUIET_S);
	if (device_disturbance(d) == 0)
		return true;
	str_addf(why, "%s: is not silent\nthis was done:\n%s", what, str_text(&d->acts));
	return false;
}

/* … and leaves the state as it is; `text`: the running configuration too. */
static bool check_state(
    struct device *d, bool text, const struct str *before, const char *what, struct str *why)
{
	struct str after = {0};
	bool ok;

	device_state(d, text, &after);
	ok = same_state(&after, before, what, why);
	str_fini(&after);
	return ok;
}

static bool check_same(
    struct device *d, const char *text, const struct str *before, const char *what, struct str *why)
{
	return check_silent(d, text, what, why) && check_state(d, true, before, what, why);
}

/* Changes that would be seen, and one of the kinds of error. */
static void add_error(struct str *text)
{
	static const char *const errors[] = {
	    " neighbor 10.0.1.2 port 99999\n bgp router-id 10.300.0.1\n", " timers bgp 1 2\n",
	    " neighbor 10.9.9.9 peer-group NONE\n", "exit\nip prefix-list P permit 10.0.0.0/33\n",
	    "exit\nroute-map M1 permit 10\n on-match goto 5\n",
	    " neighbor 10.9.9.9 remote-as 70000\n neighbor 10.9.9.9 local-as 0\n"};

	str_addf(text,
	    "hostname other\nno route-map M1\nip prefix-list P permit 192.0.0.0/8 le 32\n"
	    "router bgp 65001\n neighbor 10.0.1.2 shutdown\n no neighbor eth4\n%s",
	    errors[text->size % (sizeof(errors) / sizeof(*errors))]);
}

static bool check_again(
    struct device *d, const struct choice *c, const struct str *before, struct str *why)
{
	struct str text = {0};
	bool ok;

	choice_text(c, &text);
	ok = check_same(d, str_text(&text), before, "the same text again", why);
	choice_text(c, &text);
	ok = ok && check_same(d, str_text(&text), before, "each statement twice", why);
	str_clear(&text);
	choice_text_reversed(c, &text);
	ok = ok && check_same(d, str_text(&text), before, "blocks in another order", why);
	add_error(&text);
	ok = ok && check_same(d, str_text(&text), before, "a text with errors", why);
	str_fini(&text);
	return ok;
}

static void fresh_state(const struct choice *c, struct str *out)
{
	struct device *d = device_start(c, false);

	device_wait(d, SETTLE_S);
	device_state(d, true, out);
	device_free(d);
}

static bool check_pair(const struct choice *from, const struct choice *to, struct str *why)
{
	struct device *d = device_start(from, verbose);
	struct str reloaded = {0}, fresh = {0};
	bool was_up[NEIGHBORS], ok;

	device_wait(d, SETTLE_S);
	for (size_t i = 0; i < NEIGHBORS; i++)
		was_up[i] = d->peers[i].established;
	device_count_from_here(d);
	device_reload(d, to);
	device_wait(d, SETTLE_S);
	count_sessions(d, was_up);
	ok = check_sessions(d, from, to, was_up, why) && check_economy(d, why);
	if (ok) {
		device_state(d, true, &reloaded);
		fresh_state(to, &fresh);
		ok = same_state(&reloaded, &fresh, "the states differ", why);
	}
	ok = ok && check_again(d, to, &reloaded, why);
	device_free(d);
	str_fini(&reloaded);
	str_fini(&fresh);
	return ok;
}

/* ---- making a failing pair small --------------------------------------------------------------
 */

static bool still_fails(const struct choice *from, const struct choice *to)
{
	struct str why = {0};
	bool ok = check_pair(from, to, &why);

	str_fini(&why);
	return !ok;
}

/* A statement that the failure does not need goes: from both, or is made the same in both. */
static bool shrink_slot(struct choice *from, struct choice *to, size_t slot)
{
	struct choice a = *from, b = *to;

	if (a.value[slot] == 0 && b.value[slot] == 0)
		return false;
	a.value[slot] = b.value[slot] = 0;
	if (!still_fails(&a, &b)) {
		a = *from;
		b = *to;
		if (a.value[slot] == b.value[slot])
			return false;
		a.value[slot] = b.value[slot];
		if (!still_fails(&a, &b))
			return false;
	}
	*from = a;
	*to = b;
	return true;
}

static void shrink(struct choice *from, struct choice *to)
{
	bool smaller = true;

	while (smaller) {
		smaller = false;
		for (size_t slot = 0; slot < slot_count(); slot++)
			smaller |= shrink_slot(from, to, slot);
	}
}

static void report_pair(const struct choice *from, const struct choice *to)
{
	struct str text = {0}, why = {0};

	check_pair(from, to, &why);
	choice_text(from, &text);
	printf("---- from\n%s", str_text(&text));
	str_clear(&text);
	choice_text(to, &text);
	printf("---- to\n%s---- %s", str_text(&text), str_text(&why));
	str_fini(&text);
	str_fini(&why);
}

static bool run_pair(uint64_t seed)
{
	struct dice dice = {seed};
	struct choice from, to;
	struct str why = {0};
	bool ok;

	choice_make(&from, &dice);
	choice_change(&from, &to, &dice);
	ok = check_pair(&from, &to, &why);
	if (!ok) {
		printf("pair %llu FAILED: %s", (unsigned long long)seed, str_text(&why));
		verbose = false;
		shrink(&from, &to);
		report_pair(&from, &to);
	}
	str_fini(&why);
	return ok;
}

static int run_pairs(const char *program, uint64_t first, uint64_t count)
{
	for (uint64_t seed = first; seed < first + count; seed++) {
		if (run_pair(seed))
			continue;
		printf("repeat it with: %s -v %llu\n", program, (unsigned long long)seed);
		return 1;
	}
	printf("%llu pairs passed: %u sessions were up before a reload, %u went on, %u routes were "
	       "told\n",
	    (unsigned long long)count, totals.up, totals.went_on, totals.told);
	return 0;
}

/* ---- statements written out -------------------------------------------------------------------
 */

/* One default after the other is written out and taken away again. */
static bool check_default(struct device *d, const struct choice *base, size_t slot,
    const struct str *before, bool *tried, struct str *why)
{
	struct choice with = *base;
	struct str text = {0}, without = {0}, name = {0};
	bool ok = true;

	with.value[slot] = slot_default(base, slot);
	slot_text(slot, &name);
	choice_text(base, &without);
	choice_text(&with, &text);
	if (strcmp(str_text(&text), str_text(&without)) != 0) {
		*tried = true;
		ok = check_silent(d, str_text(&text), str_text(&name), why) &&
		     check_state(d, false, before, str_text(&name), why) &&
		     check_silent(d, str_text(&without), str_text(&name), why);
	}
	str_fini(&text);
	str_fini(&without);
	str_fini(&name);
	return ok;
}

/* All of them at once, as a fresh start sees them. */
static bool check_all_defaults(const struct choice *base, const struct str *before, struct str *why)
{
	struct choice with = *base;
	struct device *d;
	bool ok;

	for (size_t slot = 0; slot < slot_count(); slot++)
		if (slot_default(&with, slot) != 0)
			with.value[slot] = slot_default(&with, slot);
	d = device_start(&with, false);
	device_wait(d, SETTLE_S);
	ok = check_state(d, false, before, "every default is written out", why);
	device_free(d);
	return ok;
}

static bool check_defaults(const struct choice *base, bool *tried, struct str *why)
{
	struct device *d = device_start(base, verbose);
	struct str before = {0};
	bool ok = true;

	device_wait(d, SETTLE_S);
	device_state(d, false, &before);
	for (size_t slot = 0; ok && slot < slot_count(); slot++)
		if (slot_default(base, slot) != 0)
			ok = check_default(
			    d, base, slot, &before, &tried[slot_statement(slot)], why);
	ok = ok && check_all_defaults(base, &before, why);
	device_free(d);
	str_fini(&before);
	return ok;
}

/* What no configuration gave room to is a hole in the test. */
static bool all_tried(bool tried[2][SLOTS_MAX])
{
	struct choice empty[2] = {choice_empty(TRADITIONAL), choice_empty(DATACENTER)};
	struct str name = {0};

	for (size_t p = 0; p < 2; p++)
		for (size_t slot = 0; slot < slot_count(); slot++) {
			if (slot_default(&empty[p], slot) == 0 || tried[p][slot_statement(slot)])
				continue;
			slot_text(slot, &name);
			printf(
			    "the default was never tried: %s (profile %zu)\n", str_text(&name), p);
			str_fini(&name);
			return false;
		}
	return true;
}

static int run_defaults(const char *program, uint64_t first, uint64_t count)
{
	static bool tried[2][SLOTS_MAX];
	struct str why = {0};

	for (uint64_t seed = first; seed < first + count; seed++) {
		struct dice dice = {seed};
		struct choice base;

		do
			choice_make(&base, &dice);
		while (choice_profile(&base) != seed % 2);
		choice_make_room(&base, &dice);
		if (check_defaults(&base, tried[choice_profile(&base)], &why))
			continue;
		printf("%s\nrepeat it with: %s defaults %llu\n", str_text(&why), program,
		    (unsigned long long)seed);
		str_fini(&why);
		return 1;
	}
	if (count > 1 && !all_tried(tried))
		return 1;
	printf("defaults on %llu configurations changed nothing\n", (unsigned long long)count);
	return 0;
}

int main(int argc, char **argv)
{
	char **args = argv + 1;
	bool defaults;
	uint64_t first, count;

	verbose = argc > 1 && strcmp(args[0], "-v") == 0;
	args += verbose;
	if (args[0] != NULL && strcmp(args[0], "coverage") == 0)
		return coverage_check() ? 0 : 1;
	defaults = args[0] != NULL && strcmp(args[0], "defaults") == 0;
	args += defaults;
	first = args[0] != NULL ? strtoull(args[0], NULL, 0) : 1;
	count = args[0] != NULL && args[1] != NULL ? strtoull(args[1], NULL, 0) : 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	return defaults ? run_defaults(argv[0], first, count) : run_pairs(argv[0], first, count);
}
