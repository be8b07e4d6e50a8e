/*
 * The audit of the kernel against the mirror.
 *
 * A dump of the bridge FDB under churn misses rows that are there and shows others twice, so
 * neither a row nor its absence is acted on: a row that differs from the mirror, and a slot that no
 * row showed, are put in doubt and read singly. A read that differs while nothing was notified is a
 * difference: the ledger takes what was seen, and the usual path repairs. Flood destinations cannot
 * be read; they are judged by a dump during which nothing was notified, and else left for the next.
 *
 * Bounded: a dump comes in chunks between which everything else has its turn, the walk for what was
 * not shown goes on over turns, and reads are few a turn. `shown` in a slot alternates its meaning
 * from audit to audit (mirror.audit_round), so that no walk is needed to clear it.
 *
 * Not here: when the dumps are asked for (engine.c), and the mirror against what is wanted (evpn/).
 */
#include "kernel/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kernel/slots.h"

#define DOUBTS_MAX 65536 /* what is beyond waits for the next audit */
#define SWEEP_END SLOT_KINDS

void audit_init(struct audit *a)
{
	*a =
	    (struct audit){.next = MONO_NEVER, .stats = {.began = MONO_NEVER, .ended = MONO_NEVER}};
}

static void clear(struct audit *a)
{
	mem_free(a->doubts);
	mem_free(a->floods);
	a->doubts = NULL;
	a->floods = NULL;
	a->doubt_count = a->doubt_room = a->doubt_first = 0;
	a->flood_count = a->flood_room = 0;
}

void audit_fini(struct audit *a)
{
	clear(a);
}

/* ---- when ----------------------------------------------------------------------------------- */

static mono_t next_after(const struct audit *a, mono_t now)
{
	mono_t next = mono_add_ms(now, a->stats.dump_ms * AUDIT_SHARE);

	if (a->interval_s == 0)
		return MONO_NEVER;
	return mono_before(next, mono_add_s(now, a->interval_s)) ? mono_add_s(now, a->interval_s)
								 : next;
}

void audit_schedule(struct audit *a, uint32_t interval_s, mono_t now)
{
	if (a->interval_s == interval_s && a->next.ns != INT64_MAX)
		return;
	a->interval_s = interval_s;
	if (a->phase == AUDIT_IDLE)
		a->next = next_after(a, now);
}

bool audit_demand(struct audit *a, mono_t now)
{
	if (a->phase != AUDIT_IDLE)
		return false;
	a->next = now;
	return true;
}

bool audit_due(const struct audit *a, mono_t now)
{
	return a->phase == AUDIT_IDLE && mono_reached(a->next, now);
}

void audit_begin(struct audit *a, struct mirror *m, mono_t now)
{
	a->phase = AUDIT_DUMPING;
	a->next = MONO_NEVER;
	a->stats.began = now;
	a->sweep_kind = SLOT_FDB;
	a->sweep_at = 0;
	m->audit_round = !m->audit_round;
	for (unsigned t = 0; t < TABLE_COUNT; t++)
		a->asked[t] = true;
}

/* Dumps under way end as those of an audit; their rows are dropped. */
void audit_break(struct audit *a, mono_t now)
{
	clear(a);
	a->phase = AUDIT_IDLE;
	a->stats.broken_off++;
	for (unsigned t = 0; t < TABLE_COUNT; t++)
		a->asked[t] = false;
	a->next = next_after(a, now);
}

void audit_end(struct audit *a, mono_t now)
{
	clear(a);
	a->phase = AUDIT_IDLE;
	a->stats.runs++;
	a->stats.ended = now;
	a->next = next_after(a, now);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void doubt(struct audit *a, const struct slot_key *key)
{
	if (a->doubt_count == DOUBTS_MAX)
		return;
	if (a->doubt_count == a->doubt_room) {
		a->doubt_room = a->doubt_room == 0 ? 64 : a->doubt_room * 2;
		a->doubts = mem_resize(a->doubts, a->doubt_room * sizeof(*a->doubts));
	}
	a->doubts[a->doubt_count++] = *key;
}

static void flood_row(struct audit *a, const struct slot_key *key, const struct flood_entry *entry)
{
	if (a->flood_count == DOUBTS_MAX)
		return;
	if (a->flood_count == a->flood_room) {
		a->flood_room = a->flood_room == 0 ? 64 : a->flood_room * 2;
		a->floods = mem_resize(a->floods, a->flood_room * sizeof(*a->floods));
	}
	a->floods[a->flood_count++] = (struct audit_flood){key->flood, *entry};
}

/* Neighbours that come and go without a word: not resolved, or the kernel's own for multicast and
 * broadcast. */
static bool is_nobodys(const struct slot_key *key, const struct slot_content *c)
{
	const uint16_t valid =
	    NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;

	if (key->kind != SLOT_NEIGH)
		return false;
	if ((c->neigh.nud & valid) == 0)
		return true;
	return (c->neigh.nud & NUD_NOARP) != 0 && (c->neigh.ntf & NTF_EXT_LEARNED) == 0 &&
	       (mac_is_zero(&c->neigh.lladdr) || mac_is_group(&c->neigh.lladdr));
}

static bool holds(enum slot_kind kind, void *slot, const struct slot_content *content)
{
	const struct slot_content mirror = slot_mirror(kind, slot);

	return slot_state(kind, slot)->present && slot_content_equal(kind, &mirror, content);
}

static void take_row(struct audit *a, struct mirror *m, const struct slot_key *key,
    const struct slot_content *content)
{
	void *slot = slot_find(m, key);

	a->stats.rows++;
	if (slot != NULL && holds(key->kind, slot, content))
		slot_state(key->kind, slot)->shown = m->audit_round;
	else if (key->kind == SLOT_FLOOD)
		flood_row(a, key, &content->flood);
	else if (!is_nobodys(key, content))
		doubt(a, key);
}

static bool read_singly(enum kernel_table table)
{
	return table == TABLE_FDB || table == TABLE_NEIGH;
}

static void table_ended(struct audit *a, enum kernel_table table, mono_t now)
{
	bool left = false;

	a->running[table] = false;
	for (unsigned t = 0; t < TABLE_COUNT; t++)
		left |= a->asked[t] || a->running[t];
	if (left || a->phase != AUDIT_DUMPING)
		return;
	a->stats.dump_ms = mono_ms_between(a->stats.began, now);
	a->phase = AUDIT_READING;
}

bool audit_takes(struct audit *a, struct mirror *m, const struct kernel_event *event, mono_t now)
{
	struct slot_content content;
	struct slot_key key;
	bool present, ours;

	if (event->kind == KERNEL_DUMP_BEGIN || event->kind == KERNEL_DUMP_END) {
		ours = a->running[event->dump.table];
		if (ours && event->kind == KERNEL_DUMP_END)
			table_ended(a, event->dump.table, now);
		return ours && read_singly(event->dump.table);
	}
	if (!event->from_dump || !kernel_event_slot(event, &key, &content, &present))
		return false;
	ours = a->running[slot_shapes[key.kind].table] && read_singly(slot_shapes[key.kind].table);
	if (ours && a->phase == AUDIT_DUMPING)
		take_row(a, m, &key, &content);
	return ours;
}

bool audit_shown(const struct audit *a, const struct kernel_event *event)
{
	return event->from_dump && a->phase == AUDIT_DUMPING &&
	       (a->running[TABLE_LINKS] || a->running[TABLE_NEXTHOPS] || a->running[TABLE_ROUTES]);
}

static size_t flood_gone(const struct mirror *m, struct kernel_event *events)
{
	struct flood_slot *slot;
	size_t count = 0;

	for (size_t at = 0; (slot = map_next(&m->slots[SLOT_FLOOD], &at)) != NULL;) {
		struct slot_key key = slot_key_of(SLOT_FLOOD, slot);
		struct slot_content content = slot_mirror(SLOT_FLOOD, slot);

		if (slot->slot.shown == m->audit_round)
			continue;
		slot->slot.shown = m->audit_round;
		if (slot->slot.present && slot->slot.op == 0)
			events[count++] = kernel_event_from_slot(&key, &content, false);
	}
	return count;
}

static int compare_events(const void *a, const void *b)
{
	const struct kernel_event *x = a, *y = b;

	return memcmp(&x->flood.key, &y->flood.key, sizeof(x->flood.key));
}

size_t audit_floods(
    struct audit *a, const struct mirror *m, struct arena *arena, struct kernel_event **events)
{
	size_t room = a->flood_count + m->slots[SLOT_FLOOD].count + 1, count;

	*events = arena_new(arena, room * sizeof(**events));
	count = flood_gone(m, *events);
	for (size_t i = 0; i < a->flood_count; i++) {
		struct slot_key key = slot_key_flood(
		    a->floods[i].key.dev, a->floods[i].key.source_vni, &a->floods[i].key.vtep);
		struct slot_content content;

		memset(&content, 0, sizeof(content));
		content.flood = a->floods[i].entry;
		(*events)[count++] = kernel_event_from_slot(&key, &content, true);
	}
	a->flood_count = 0;
	qsort(*events, count, sizeof(**events), compare_events);
	return count;
}

/* ---- reads ---------------------------------------------------------------------------------- */

static bool readable(const struct mirror *m, const struct slot_key *key)
{
	void *slot = slot_find(m, key);

	return slot == NULL || slot_state(key->kind, slot)->op == 0;
}

static void next_kind(struct audit *a)
{
	a->sweep_at = 0;
	do
		a->sweep_kind++;
	while (a->sweep_kind < SWEEP_END && a->sweep_kind != SLOT_VXLAN_FDB &&
	       a->sweep_kind != SLOT_NEIGH);
}

/* One slot of the mirror; true when no row has shown it. */
static bool unshown(const struct mirror *m, enum slot_kind kind, void *slot)
{
	struct slot *s = slot_state(kind, slot);

	if (s->shown == m->audit_round)
		return false;
	s->shown = m->audit_round;
	return s->op == 0 && (s->present || s->ledger != LEDGER_NONE);
}

static size_t sweep(struct audit *a, struct mirror *m, struct slot_key *keys, size_t count)
{
	for (int looks = 0; looks < AUDIT_LOOKS && count < AUDIT_READS; looks++) {
		enum slot_kind kind = (enum slot_kind)a->sweep_kind;
		void *slot;

		if (a->sweep_kind == SWEEP_END)
			break;
		slot = map_next(&m->slots[kind], &a->sweep_at);
		if (slot == NULL)
			next_kind(a);
		else if (unshown(m, kind, slot))
			keys[count++] = slot_key_of(kind, slot);
	}
	return count;
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct slot_key));
}

/* A row that a dump has shown twice is read once. */
static size_t unique(struct slot_key *keys, size_t count)
{
	size_t n = 0;

	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < count; i++)
		if (n == 0 || compare_keys(&keys[n - 1], &keys[i]) != 0)
			keys[n++] = keys[i];
	return n;
}

size_t audit_reads(struct audit *a, struct mirror *m, struct slot_key *keys)
{
	size_t count = 0;

	if (a->phase != AUDIT_READING)
		return 0;
	while (count < AUDIT_READS && a->doubt_first < a->doubt_count) {
		const struct slot_key *key = &a->doubts[a->doubt_first++];
		void *slot = slot_find(m, key);

		if (!readable(m, key))
			continue;
		if (slot != NULL)
			slot_state(key->kind, slot)->shown = m->audit_round;
		keys[count++] = *key;
	}
	count = unique(keys, sweep(a, m, keys, count));
	a->reads_out += (uint32_t)count;
	a->stats.reads += count;
	if (count == 0 && a->sweep_kind == SWEEP_END && a->reads_out == 0)
		a->phase = AUDIT_DESIRED;
	return count;
}

/* With reads under way, their results come next. */
bool audit_goes_on(const struct audit *a)
{
	return a->phase == AUDIT_DESIRED || (a->phase == AUDIT_READING && a->reads_out == 0);
}

/* The kernel does not notify a change of a neighbour's protocol alone. What stands there is
 * another's anyway, and as it was. */
static bool differs_silently(
    enum slot_kind kind, const void *slot, const struct slot *s, const struct kernel_result *result)
{
	struct slot_content mirror = slot_mirror(kind, slot);

	if (kind != SLOT_NEIGH || s->ledger != LEDGER_NONE || !result->seen_present)
		return false;
	mirror.neigh.protocol = result->seen.neigh.protocol;
	return slot_content_equal(kind, &mirror, &result->seen);
}

bool audit_read(struct audit *a, const struct mirror *m, const struct kernel_op *op,
    const struct kernel_result *result)
{
	const struct slot *s;
	void *slot;

	if (!op->audit)
		return false;
	slot = slot_find(m, &op->key);
	s = slot == NULL ? NULL : slot_state(op->key.kind, slot);
	if (a->reads_out > 0)
		a->reads_out--;
	if (s == NULL || !result->checked || s->evented)
		return false;
	if (!s->present)
		return result->seen_present && !is_nobodys(&op->key, &result->seen);
	if (differs_silently(op->key.kind, slot, s, result))
		return false;
	return !result->seen_present || !holds(op->key.kind, slot, &result->seen);
}

const char *audit_phase_text(enum audit_phase phase)
{
	static const char *const texts[] = {
	    [AUDIT_IDLE] = "idle",
	    [AUDIT_DUMPING] = "dumping the kernel's tables",
	    [AUDIT_READING] = "reading what differed",
	    [AUDIT_DESIRED] = "comparing with what is wanted",
	};

	return texts[phase];
}
