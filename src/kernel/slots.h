/*
 * Inside of the mirror, shared by mirror.c and ledger.c only: slots of all kinds handled alike.
 * A shape says where key, state and entry stand in each kind's struct.
 */
#pragma once

#include "base/pool.h"
#include "kernel/mirror.h"

#define SLOT_KINDS (SLOT_LINK + 1)

/* A flag of a link: the mirror has it there, and the ledger none of it. */
static inline bool slot_is_flag(unsigned kind)
{
	return kind == SLOT_BRIDGE_PORT || kind == SLOT_LINK;
}

struct slot_shape {
	size_t size, key_offset, key_size, state_offset, entry_offset, entry_size;
	enum kernel_table table;
};

/* What was overwritten while an operation is under way: enough to repair. */
struct witness {
	struct slot_key key;
	bool replaced_known; /* `replaced`: the foreign content that the last event overwrote */
	bool foreign_known;  /* NEIGH: `foreign` was written by another since the issue, and lives
			      */
	bool foreign_last;   /* NEIGH: the last writer was another */
	bool repairing;	     /* the operations under way put `restore` back */
	uint8_t attempts;    /* refused ones, of that repair */
	struct slot_content replaced, foreign, restore;
};

/* What we wrote into a slot where the kernel shows something else. */
struct apart {
	struct slot_key key;
	struct slot_content content; /* nexthops owned */
};

struct mirror {
	struct map links;	       /* struct mirror_link by ifindex */
	struct map macs;	       /* struct mac_count: link addresses of this host */
	struct map rows;	       /* struct row_count: present rows that name an interface */
	struct map slots[SLOT_KINDS];  /* but of flags */
	struct pool pools[SLOT_KINDS]; /* of the slots */
	struct map users;	       /* struct nexthop_users: routes that go over an object */
	struct map aparts;	       /* struct apart by slot key */
	struct map witnesses;	       /* by slot key */
	bool dumping[TABLE_COUNT];     /* between DUMP_BEGIN and DUMP_END */
	bool dumped[TABLE_COUNT];      /* once at least */
	bool stale[TABLE_COUNT];       /* overrun since its last complete dump */
	bool overrun_in_dump[TABLE_COUNT]; /* … that began before the overrun */
	bool audit_round;		   /* alternates: see audit.c */
};

extern const struct slot_shape slot_shapes[SLOT_KINDS];

/* What a mirror counts per interface or per link address. */
struct row_count {
	ifindex_t ifindex;
	size_t count;
};

struct nexthop_users {
	uint32_t id;
	size_t count;
};

struct mac_count {
	struct mac mac;
	size_t count;
};

/* The kind's own key inside, as the maps know it. */
static inline const void *slot_key_part(const struct slot_key *key)
{
	return &key->fdb;
}

static inline struct slot *slot_state(enum slot_kind kind, void *slot)
{
	return (struct slot *)(void *)((char *)slot + slot_shapes[kind].state_offset);
}

/* NULL when unknown. */
void *slot_find(const struct mirror *m, const struct slot_key *key);
/* There is none yet. */
void *slot_make(struct mirror *m, const struct slot_key *key);
void *slot_find_or_make(struct mirror *m, const struct slot_key *key);
/* Frees the slot when nothing is left in it and no dump needs its tombstone. */
void slot_drop_if_empty(struct mirror *m, const struct slot_key *key, void *slot);

/* The key of a slot, as the outside knows it. */
struct slot_key slot_key_of(enum slot_kind kind, const void *slot);
/* Frees it with all that it owns; the caller has taken it out of its map. */
void slot_free(struct mirror *m, enum slot_kind kind, void *slot);
/* Present rows that name this interface. */
size_t slot_rows_naming(const struct mirror *m, ifindex_t ifindex);
bool slot_names(enum slot_kind kind, const void *slot, ifindex_t ifindex);
/* Copies, zero where there is nothing; `nexthops` still belong to the slot. */
struct slot_content slot_mirror(enum slot_kind kind, const void *slot);
struct slot_content slot_ledger(const struct mirror *m, enum slot_kind kind, const void *slot);
/* NULL content: absent. */
void slot_set_mirror(
    struct mirror *m, const struct slot_key *key, void *slot, const struct slot_content *content);
/* NULL content: LEDGER_NONE; else `state`. */
void slot_set_ledger(struct mirror *m, const struct slot_key *key, void *slot,
    enum ledger_state state, const struct slot_content *content);
/* Present and equal to what the ledger says. */
bool slot_agrees(enum slot_kind kind, const void *slot);

struct witness *witness_find(const struct mirror *m, const struct slot_key *key);
struct witness *witness_make(struct mirror *m, const struct slot_key *key);
void witness_free(struct witness *w);
void witness_drop(struct mirror *m, const struct slot_key *key);
/* Before `content` (NULL: gone) replaces what the mirror shows in a slot with an operation under
 * way. */
void witness_event(struct mirror *m, const struct slot_key *key, void *slot,
    const struct kernel_event *event, const struct slot_content *content);
