/*
 * Roles (RFC 9234): pure functions of our role and a set of attributes. Who has which role, and to
 * which families it applies, is known to who asks: external peers, IPv4 and IPv6 unicast.
 */
#include "bgp/role.h"

#include <string.h>

#include "bgp/attr.h"

static const char *const names[] = {[ROLE_NONE] = "undefined",
    [ROLE_PROVIDER] = "provider",
    [ROLE_RS_SERVER] = "rs-server",
    [ROLE_RS_CLIENT] = "rs-client",
    [ROLE_CUSTOMER] = "customer",
    [ROLE_PEER] = "peer",
    [ROLE_UNKNOWN] = "unknown"};

const char *role_name(enum bgp_role role)
{
	return names[role];
}

enum bgp_role role_named(const char *word)
{
	for (enum bgp_role r = ROLE_PROVIDER; r < ROLE_UNKNOWN; r++)
		if (strcmp(names[r], word) == 0)
			return r;
	return ROLE_NONE;
}

bool role_fits(enum bgp_role ours, enum bgp_role theirs)
{
	static const enum bgp_role other[] = {[ROLE_PROVIDER] = ROLE_CUSTOMER,
	    [ROLE_RS_SERVER] = ROLE_RS_CLIENT,
	    [ROLE_RS_CLIENT] = ROLE_RS_SERVER,
	    [ROLE_CUSTOMER] = ROLE_PROVIDER,
	    [ROLE_PEER] = ROLE_PEER};

	return ours > ROLE_NONE && ours < ROLE_UNKNOWN && other[ours] == theirs;
}

/* What comes from there is for our customers alone. */
static bool comes_from_above(enum bgp_role ours)
{
	return ours == ROLE_CUSTOMER || ours == ROLE_PEER || ours == ROLE_RS_CLIENT;
}

static bool goes_down(enum bgp_role ours)
{
	return ours == ROLE_PROVIDER || ours == ROLE_PEER || ours == ROLE_RS_SERVER;
}

bool role_is_leak(enum bgp_role ours, uint32_t peer_as, const struct attrs *a)
{
	if (!a->has_only_to_customer)
		return false;
	return ours == ROLE_PROVIDER || ours == ROLE_RS_SERVER ||
	       (ours == ROLE_PEER && a->only_to_customer != peer_as);
}

static void mark(struct attrs *a, uint32_t as)
{
	if (a->has_only_to_customer)
		return;
	a->has_only_to_customer = true;
	a->only_to_customer = as;
}

void role_mark_received(enum bgp_role ours, uint32_t peer_as, struct attrs *a)
{
	if (comes_from_above(ours))
		mark(a, peer_as);
}

bool role_may_send(enum bgp_role ours, const struct attrs *a)
{
	return !a->has_only_to_customer || !comes_from_above(ours);
}

void role_mark_sent(enum bgp_role ours, uint32_t local_as, struct attrs *a)
{
	if (goes_down(ours))
		mark(a, local_as);
}
