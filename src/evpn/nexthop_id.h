/*
 * Ids of the nexthop objects that we make in the kernel, from NEXTHOP_ID_FIRST to NEXTHOP_ID_LAST
 * (kernel/vocab.h).
 */
#pragma once

#include "base/arena.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mono.h"
#include "kernel/mirror.h"
#include "kernel/reconcile.h"

/* Embedded in what has the id. */
struct nexthop_id {
	uint32_t id; /* key of the map; 0: none yet, and it is not in the map */
	bool none_left;
	bool is_leaf;
	bool shared;	  /* its id is NEXTHOP_ID_SHARED or above */
	bool waits;	  /* until retry_at */
	uint8_t attempts; /* that failed, in a row */
	mono_t retry_at;
};

struct nexthop_ids {
	struct log *log;
	struct mirror *mirror; /* lent */
	void (*kernel_op)(void *context, const struct kernel_op *op);
	void *context;
	struct map map;	  /* struct nexthop_id: those that are taken; not owned */
	uint32_t next[2]; /* where to look for a free one, from the beginning; [shared] */
};

/* Gives it an id: that of an object left behind with just this content, else a free one; `wanted`
 * NULL: a free one. One that it had is given back first. `none_left` when all are in use. */
void nexthop_id_take(
    struct nexthop_ids *ids, struct nexthop_id *at, const struct nexthop_entry *wanted);
/* Gives it back, if it has one. */
void nexthop_id_drop(struct nexthop_ids *ids, struct nexthop_id *at);
/* The kernel refused its last operation: it waits, longer each time. */
void nexthop_id_failed(struct nexthop_id *at, mono_t now);
/* One step towards `want`, and how it stands; *issued: an operation is under way now. */
enum slot_status nexthop_id_step(struct nexthop_ids *ids, struct nexthop_id *at,
    const struct nexthop_desired *want, bool *issued);
