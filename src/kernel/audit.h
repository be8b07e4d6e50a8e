/*
 * The audit: the kernel itself against the mirror, now and then, though every notification should
 * have told already. What it finds is a difference that nobody told: repaired, logged, counted. The
 * count should be 0.
 */
#pragma once

#include "base/mono.h"
#include "kernel/mirror.h"
#include "kernel/vocab.h"

/* Reads of one turn, and slots that one turn looks at. */
#define AUDIT_READS 32
#define AUDIT_LOOKS 1024
/* The dumps of an audit take at most 1/100 of the time: where they are long, audits are rarer. */
#define AUDIT_SHARE 100

enum audit_phase {
	AUDIT_IDLE,
	AUDIT_DUMPING, /* all tables, one after the other */
	AUDIT_READING, /* what a dump showed otherwise, or did not show, singly */
	AUDIT_DESIRED  /* the mirror against what is wanted: evpn/ and fib */
};

/* For shows; times MONO_NEVER when they never were or will not be. */
struct audit_stats {
	uint64_t runs, broken_off, rows, reads;
	uint64_t unsure; /* flood entries that a dump under change showed otherwise: left for the
			    next */
	mono_t began, ended;
	int64_t dump_ms; /* of the last one */
};

struct audit_flood {
	struct flood_key key;
	struct flood_entry entry;
};

struct audit {
	enum audit_phase phase;
	uint32_t interval_s; /* 0: on demand only */
	mono_t next;
	bool asked[TABLE_COUNT], running[TABLE_COUNT];
	struct slot_key *doubts; /* owned: rows that the mirror does not have so */
	size_t doubt_count, doubt_room, doubt_first;
	struct audit_flood *floods; /* owned: flood rows that it does not have */
	size_t flood_count, flood_room;
	unsigned sweep_kind; /* where the walk over the mirror's slots stands */
	size_t sweep_at;
	uint32_t reads_out; /* under way */
	struct audit_stats stats;
};

void audit_init(struct audit *a);
void audit_fini(struct audit *a);

/* At convergence and at each reload: the next one is due an interval from now. 0: none by itself.
 */
void audit_schedule(struct audit *a, uint32_t interval_s, mono_t now);
/* By command: now; false when one is under way already. */
bool audit_demand(struct audit *a, mono_t now);
/* It is time. */
bool audit_due(const struct audit *a, mono_t now);
/* Asks for dumps of all tables: `asked`. */
void audit_begin(struct audit *a, struct mirror *m, mono_t now);
/* The mirror is stale and will be resynchronised as a whole: this one is broken off. */
void audit_break(struct audit *a, mono_t now);

/* A mark or row of a dump that was asked for here, of bridge FDB, VXLAN FDB, flood lists or
 * neighbours: true, and the mirror must not take it. FDB dumps miss and repeat rows under churn,
 * so each row is a hint alone. Links, addresses and routes go to the mirror like any dump. */
bool audit_takes(struct audit *a, struct mirror *m, const struct kernel_event *event, mono_t now);
/* At the end of the FDB dump, when nothing was notified meanwhile: flood entries have no single
 * read (docs/decisions), so these count as they are, as events for the mirror. In the arena. */
size_t audit_floods(
    struct audit *a, const struct mirror *m, struct arena *arena, struct kernel_event **events);
/* Is this change what the dump of an audit showed? */
bool audit_shown(const struct audit *a, const struct kernel_event *event);

/* The next slots to be read singly; 0 when there are none for now. At most AUDIT_READS; looks at
 * AUDIT_LOOKS slots at most. A slot that appeared meanwhile may be passed over until the next
 * audit but one. */
size_t audit_reads(struct audit *a, struct mirror *m, struct slot_key *keys);
/* A read came back, before the ledger has judged it: true when it differs from the mirror though
 * nothing was notified. */
bool audit_read(struct audit *a, const struct mirror *m, const struct kernel_op *op,
    const struct kernel_result *result);
/* There is more to do at once. */
bool audit_goes_on(const struct audit *a);
/* The last phase is over. */
void audit_end(struct audit *a, mono_t now);

const char *audit_phase_text(enum audit_phase phase);
