/*
 * Shares of a multipath set by the link bandwidth community (draft-ietf-idr-link-bandwidth).
 */
#pragma once

#include "bgp/decision.h"
#include "bgp/settings.h"

/* The share of each of the n paths, 1…100, or 0 for one that gets none; without a common divisor.
 * All 1 when the bandwidths do not count. */
void bandwidth_shares(
    enum link_bandwidth mode, struct decision_path *const *paths, size_t n, uint8_t *shares);
