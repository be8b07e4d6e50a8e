/*
 * BGP roles and the Only to Customer attribute: RFC 9234. What one side is to the other is agreed
 * on when the session starts; from then on a route that has come from a provider or a peer goes to
 * customers alone.
 */
#pragma once

#include "base/types.h"

struct attrs;

/* Ours towards the neighbour. On the wire: one less. */
enum bgp_role {
	ROLE_NONE,
	ROLE_PROVIDER,
	ROLE_RS_SERVER,
	ROLE_RS_CLIENT,
	ROLE_CUSTOMER,
	ROLE_PEER,
	ROLE_UNKNOWN /* received: no role that there is, or several that differ */
};

/* "customer", … as statements and shows have it; "undefined". */
const char *role_name(enum bgp_role role);
/* ROLE_NONE when no role is called so. */
enum bgp_role role_named(const char *word);

/* Section 4.2: each may be what it says to be if the other is what it says. */
bool role_fits(enum bgp_role ours, enum bgp_role theirs);

/* Section 5, ingress: the peer should not have sent a route with these attributes. */
bool role_is_leak(enum bgp_role ours, uint32_t peer_as, const struct attrs *a);
/* … and what such a route is marked with from here on. */
void role_mark_received(enum bgp_role ours, uint32_t peer_as, struct attrs *a);
/* Section 5, egress: it may go to this peer. */
bool role_may_send(enum bgp_role ours, const struct attrs *a);
void role_mark_sent(enum bgp_role ours, uint32_t local_as, struct attrs *a);
