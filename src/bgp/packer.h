/*
 * What a peer is to be told, on its way into UPDATEs. RFC 4271 section 9.2. Private to bgp/.
 */
#pragma once

#include "bgp/adj_rib_out.h"

struct pending {
	struct dest *dest;
	struct out *out;
	const struct attrs *attrs;	/* held; NULL: withdraw */
	const struct nlri_extra *extra; /* held */
	uint64_t order;			/* withdrawals, then by id of attributes; then as queued */
};

/* Lets go of what it holds: it is withdrawn, or not told after all. */
void pending_forgo(struct adj_rib_out *o, struct pending *p);
/* Sends all of them, and leaves them sorted. What is too large for a message of this peer's is
 * withdrawn, if it has it, and forgone. */
void packer_send(struct adj_rib_out *o, struct pending *p, size_t count, mono_t now);
/* Withdraws these, of the family of `o`. */
void packer_withdraw(
    struct adj_rib_out *o, const struct nlri *const *list, size_t count, mono_t now);
