/*
 * The lists that route-maps and neighbors refer to: prefix-lists, access-lists, as-path lists, and
 * lists of communities of three sizes (RFC 1997, 4360, 8092). FRR's semantics throughout: the first
 * entry that matches decides, none: deny.
 *
 * One type for all kinds, so that ownership, copies, comparison and lookup are written once; what
 * an entry means is in prefix_list.c, access_list.c, as_path_list.c and community_list.c.
 */
#pragma once

#include "base/arena.h"
#include "base/types.h"
#include "bgp/attr.h"
#include "bgp/pattern.h"

enum list_kind {
	LIST_PREFIX4,
	LIST_PREFIX6,
	LIST_ACCESS4,
	LIST_ACCESS6,
	LIST_AS_PATH,
	LIST_COMMUNITY,
	LIST_LARGE_COMMUNITY,
	LIST_EXTCOMMUNITY,
	LIST_KINDS
};

/* "prefix-list", … as messages name it. */
const char *list_kind_name(enum list_kind kind);

enum rule_kind {
	RULE_PREFIX,   /* prefix, ge, le: prefix-lists, and access-lists in zebra's form */
	RULE_WILDCARD, /* access-lists with wildcard bits */
	RULE_SET,      /* values: every community of the set, or, exactly, this set */
	RULE_PATTERN   /* regular expression over the text form */
};

/* Address bits outside `wildcard` must agree; of an extended entry those of the netmask, too. */
struct wildcard_rule {
	uint32_t address, wildcard;
	uint32_t mask, mask_wildcard; /* extended form */
	bool extended;
};

struct prefix_rule {
	struct prefix prefix;
	uint8_t ge, le; /* 0 not given; neither: this length exactly */
};

/* Elements as in struct attrs, sorted, unique. */
struct set_rule {
	void *values; /* owned */
	uint16_t count;
	uint16_t size; /* of an element */
};

struct list_entry {
	uint32_t seq;
	bool permit;
	uint8_t kind; /* enum rule_kind */
	union {
		struct prefix_rule prefix;
		struct wildcard_rule wildcard;
		struct set_rule set;
		struct pattern *pattern; /* owned */
	};
};

struct policy_list {
	enum list_kind kind;
	char *name;		    /* owned */
	struct list_entry *entries; /* owned, by seq */
	size_t count;
};

/* Frees what it owns, not the struct itself. */
void list_entry_fini(struct list_entry *e);
void policy_list_fini(struct policy_list *l);
/* Deep: *to owns all that it points to. *to is overwritten, not freed. */
void policy_list_copy(struct policy_list *to, const struct policy_list *from);
/* The same outcome for everything because it is written the same; names are not looked at. */
bool policy_list_equal(const struct policy_list *a, const struct policy_list *b);
/* Takes the entry over; one of the same sequence number is replaced. */
void policy_list_add(struct policy_list *l, const struct list_entry *e);

/* ---- outcomes ---- */

/* Prefix- and access-lists. A prefix of the other family is denied. An empty prefix-list permits
 * everything (FRR), an empty access-list nothing. */
bool prefix_list_permits(const struct policy_list *l, const struct prefix *p);
bool access_list_permits(const struct policy_list *l, const struct prefix *p);
/* Over the text of the AS_PATH ("65001 {1,2}"). */
bool as_path_list_permits(const struct policy_list *l, const struct attrs *a);
/* LIST_COMMUNITY, LIST_LARGE_COMMUNITY, LIST_EXTCOMMUNITY. `exact`: the route's set is the entry's,
 * not more. */
bool community_list_permits(const struct policy_list *l, const struct attrs *a, bool exact);
/* Takes out of *a each community that the list, applied to it alone, permits. */
void community_list_delete(const struct policy_list *l, struct attrs *a, struct arena *arena);
