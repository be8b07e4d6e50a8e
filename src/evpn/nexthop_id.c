/*
 * Ids of nexthop objects: which are taken, which an earlier daemon left behind, which wait after a
 * failure. The range is ours, but an object of another's in it is left alone: its id is not taken.
 * What the kernel has is read from the mirror alone, so ids need no place in the state file.
 */
#include "evpn/nexthop_id.h"

#include "base/mem.h"

#define IDS (NEXTHOP_ID_SHARED - NEXTHOP_ID_FIRST) /* of each kind */
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 30000

static bool is_such(const struct nexthop_slot *s, bool shared, const struct nexthop_entry *wanted)
{
	const struct slot_content a = {.nexthop = s->entry}, b = {.nexthop = *wanted};

	return s->slot.present && (s->key.id >= NEXTHOP_ID_SHARED) == shared &&
	       slot_content_equal(SLOT_NEXTHOP, &a, &b);
}

/* An object that a daemon before us left, with exactly this content. */
static uint32_t id_left_behind(
    const struct nexthop_ids *ids, bool shared, const struct nexthop_entry *wanted)
{
	struct arena arena = {0};
	struct nexthop_slot **all = mirror_nexthop_all(ids->mirror, &arena);
	uint32_t id = 0;

	for (; id == 0 && *all != NULL; all++)
		if (is_such(*all, shared, wanted) && map_find(&ids->map, &(*all)->key.id) == NULL)
			id = (*all)->key.id;
	arena_fini(&arena);
	return id;
}

static uint32_t id_free(struct nexthop_ids *ids, bool shared)
{
	uint32_t first = shared ? NEXTHOP_ID_SHARED : NEXTHOP_ID_FIRST;

	for (uint32_t n = 0; n < IDS; n++) {
		uint32_t id = first + (ids->next[shared] + n) % IDS;

		if (map_find(&ids->map, &id) != NULL || mirror_nexthop(ids->mirror, id) != NULL)
			continue;
		ids->next[shared] = id + 1 - first;
		return id;
	}
	log_error(ids->log, LOG_KERNEL,
	    "all %u nexthop ids are in use: routes carry their next hops", IDS);
	return 0;
}

void nexthop_id_drop(struct nexthop_ids *ids, struct nexthop_id *at)
{
	if (at->id != 0)
		map_remove(&ids->map, &at->id);
	at->id = 0;
}

void nexthop_id_take(
    struct nexthop_ids *ids, struct nexthop_id *at, const struct nexthop_entry *wanted)
{
	uint32_t id = wanted != NULL ? id_left_behind(ids, at->shared, wanted) : 0;

	nexthop_id_drop(ids, at);
	at->id = id != 0 ? id : id_free(ids, at->shared);
	at->attempts = 0;
	at->waits = false;
	at->none_left = at->id == 0;
	if (at->id != 0)
		map_insert(&ids->map, at);
}

void nexthop_id_failed(struct nexthop_id *at, mono_t now)
{
	int64_t ms = BACKOFF_FIRST_MS;

	for (uint8_t i = 0; i < at->attempts && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	if (at->attempts < UINT8_MAX)
		at->attempts++;
	at->waits = true;
	at->retry_at = mono_add_ms(now, ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS);
}

enum slot_status nexthop_id_step(struct nexthop_ids *ids, struct nexthop_id *at,
    const struct nexthop_desired *want, bool *issued)
{
	enum slot_status status;
	struct kernel_op op;

	if (!reconcile_nexthop(mirror_nexthop(ids->mirror, at->id), at->id, want, &op, &status))
		return status;
	if (at->waits || mirror_is_stale(ids->mirror))
		return SLOT_PENDING;
	ids->kernel_op(ids->context, &op);
	*issued = true;
	return SLOT_PENDING;
}
