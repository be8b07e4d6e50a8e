/*
 * Link bandwidth: how much of the load each path of a multipath set takes. As FRR does it: percents
 * of the sum, at least one; and unless told otherwise, bandwidths count only when every path tells
 * its own.
 */
#include "bgp/bandwidth.h"

#include "bgp/extcomm.h"

#define PERCENT 100

static uint8_t common_divisor(const uint8_t *shares, size_t n)
{
	unsigned d = 0;

	for (size_t i = 0; i < n; i++)
		for (unsigned a = shares[i], b = d; a != 0;) {
			unsigned rest = b % a;

			b = a;
			a = rest;
			d = b;
		}
	return d == 0 ? 1 : (uint8_t)d;
}

/* *missing: paths that do not tell their bandwidth. */
static uint64_t sum(struct decision_path *const *paths, size_t n, size_t *missing)
{
	uint64_t total = 0;

	*missing = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t bandwidth = attrs_link_bandwidth(paths[i]->attrs);

		total += bandwidth;
		*missing += bandwidth == 0;
	}
	return total;
}

static uint8_t share_of(enum link_bandwidth mode, uint64_t bandwidth, uint64_t total)
{
	uint64_t percent = bandwidth * PERCENT / total;

	if (bandwidth == 0)
		return mode == LINK_BANDWIDTH_SKIP_MISSING ? 0 : 1;
	return percent == 0 ? 1 : (uint8_t)percent;
}

void bandwidth_shares(
    enum link_bandwidth mode, struct decision_path *const *paths, size_t n, uint8_t *shares)
{
	size_t missing = 0;
	uint64_t total = n > 1 && mode != LINK_BANDWIDTH_IGNORE ? sum(paths, n, &missing) : 0;
	uint8_t divisor;

	if (missing > 0 && mode == LINK_BANDWIDTH_ALL)
		total = 0;
	for (size_t i = 0; i < n; i++)
		shares[i] =
		    total == 0 ? 1 : share_of(mode, attrs_link_bandwidth(paths[i]->attrs), total);
	divisor = common_divisor(shares, n);
	for (size_t i = 0; i < n; i++)
		shares[i] /= divisor;
}
