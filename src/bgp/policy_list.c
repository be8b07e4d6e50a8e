/*
 * Lists of the policy: ownership, copies, comparison. Entries are kept by sequence number.
 */
#include "bgp/policy_list.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

const char *list_kind_name(enum list_kind kind)
{
	static const char *const names[LIST_KINDS] = {[LIST_PREFIX4] = "prefix-list",
	    [LIST_PREFIX6] = "ipv6 prefix-list",
	    [LIST_ACCESS4] = "access-list",
	    [LIST_ACCESS6] = "ipv6 access-list",
	    [LIST_AS_PATH] = "as-path access-list",
	    [LIST_COMMUNITY] = "community-list",
	    [LIST_LARGE_COMMUNITY] = "large-community-list",
	    [LIST_EXTCOMMUNITY] = "extcommunity-list"};

	return names[kind];
}

void list_entry_fini(struct list_entry *e)
{
	if (e->kind == RULE_SET)
		mem_free(e->set.values);
	else if (e->kind == RULE_PATTERN)
		pattern_free(e->pattern);
}

void policy_list_fini(struct policy_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		list_entry_fini(&l->entries[i]);
	mem_free(l->entries);
	mem_free(l->name);
}

static void entry_own(struct list_entry *e)
{
	const char *error;

	if (e->kind == RULE_SET) {
		e->set.values = mem_dup(e->set.values, (size_t)e->set.count * e->set.size);
	} else if (e->kind == RULE_PATTERN) {
		e->pattern = pattern_new(pattern_text(e->pattern), &error);
		check(e->pattern != NULL);
	}
}

void policy_list_copy(struct policy_list *to, const struct policy_list *from)
{
	*to = *from;
	to->name = mem_strdup(from->name);
	to->entries = mem_dup(from->entries, from->count * sizeof(*from->entries));
	for (size_t i = 0; i < to->count; i++)
		entry_own(&to->entries[i]);
}

/* ---- comparison ---- */

static bool prefix_rule_equal(const struct prefix_rule *a, const struct prefix_rule *b)
{
	return prefix_equal(&a->prefix, &b->prefix) && a->ge == b->ge && a->le == b->le;
}

static bool wildcard_equal(const struct wildcard_rule *a, const struct wildcard_rule *b)
{
	return a->address == b->address && a->wildcard == b->wildcard && a->mask == b->mask &&
	       a->mask_wildcard == b->mask_wildcard && a->extended == b->extended;
}

static bool set_rule_equal(const struct set_rule *a, const struct set_rule *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->values, b->values, (size_t)a->count * a->size) == 0);
}

static bool entry_equal(const struct list_entry *a, const struct list_entry *b)
{
	if (a->permit != b->permit || a->kind != b->kind)
		return false;
	switch ((enum rule_kind)a->kind) {
	case RULE_PREFIX:
		return prefix_rule_equal(&a->prefix, &b->prefix);
	case RULE_WILDCARD:
		return wildcard_equal(&a->wildcard, &b->wildcard);
	case RULE_SET:
		return set_rule_equal(&a->set, &b->set);
	case RULE_PATTERN:
		return strcmp(pattern_text(a->pattern), pattern_text(b->pattern)) == 0;
	}
	return false;
}

bool policy_list_equal(const struct policy_list *a, const struct policy_list *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->kind != b->kind || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!entry_equal(&a->entries[i], &b->entries[i]))
			return false;
	return true;
}

void policy_list_add(struct policy_list *l, const struct list_entry *e)
{
	size_t at = l->count;

	while (at > 0 && l->entries[at - 1].seq > e->seq)
		at--;
	if (at > 0 && l->entries[at - 1].seq == e->seq) {
		list_entry_fini(&l->entries[at - 1]);
		l->entries[at - 1] = *e;
		return;
	}
	l->entries = mem_resize(l->entries, (l->count + 1) * sizeof(*l->entries));
	memmove(&l->entries[at + 1], &l->entries[at], (l->count - at) * sizeof(*l->entries));
	l->entries[at] = *e;
	l->count++;
}
