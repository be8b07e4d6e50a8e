/*
 * Control commands: one line in, text out. `show …` as tables and, with `json`, in FRR's field
 * names; `explain`, `watch`, `reclaim`. No state of its own: everything is read from the views.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "bfd/peers.h"
#include "bgp/bgp.h"
#include "config/config.h"
#include "evpn/evpn.h"
#include "evpn/nexthop.h"
#include "kernel/audit.h"

/* Everything that a command may look at; lent. */
struct ctl_context {
	const struct config *config; /* NULL before the first one */
	struct bgp *bgp;
	struct evpn *evpn;
	const struct bfd_peers *bfd;
	bool bfd_fresh; /* its counters were just asked for */
	const struct mirror *mirror;
	const struct nexthops *nexthops;
	struct audit *audit;
	uint64_t fib_differences;
	mono_t now;
	int64_t wall_offset_ns;
	const char *version;
	struct arena *arena;
};

enum ctl_outcome {
	CTL_ACCEPTED,
	CTL_REFUSED, /* unknown or malformed; *out says what and hints */
	CTL_WATCH,   /* the client now gets notes until it hangs up */
	CTL_ASK_BFD  /* nothing was answered: again with fresh counters */
};

/* Runs one command line; appends the answer to *out. */
enum ctl_outcome ctl_run(const struct ctl_context *c, const char *line, struct str *out);
/* One note as `watch` prints it, with newline. */
void ctl_note_text(const struct ctl_context *c, const struct evpn_note *note, struct str *out);
