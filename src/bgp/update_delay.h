/*
 * `update-delay N [M]`: from the first session after the start on, at most N seconds, learned
 * routes are not selected and no unicast route is told to anybody, until the peers have told what
 * they have. Private to bgp/.
 */
#pragma once

#include "base/mono.h"

struct bgp;

enum update_delay_phase {
	UPDATE_DELAY_AHEAD, /* no session has been up yet */
	UPDATE_DELAY_RUNS,
	UPDATE_DELAY_OVER
};

/* Begins and ends it; b->update_delay_due is when to look again. */
void update_delay_run(struct bgp *b, mono_t now);
bool update_delay_runs(const struct bgp *b);
/* `clear bgp *`: the next session begins it anew. */
void update_delay_again(struct bgp *b);
