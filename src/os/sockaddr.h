/*
 * struct ip ↔ struct sockaddr.
 */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/types.h"

union sockaddr_ip {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Port in host order; `scope` is used for link-local IPv6 only. Returns the length. */
socklen_t sockaddr_from_ip(
    union sockaddr_ip *to, const struct ip *ip, uint16_t port, ifindex_t scope);
/* IP_NONE for other families; *scope (may be NULL) is 0 but for link-local IPv6. */
struct ip sockaddr_ip(const union sockaddr_ip *from, ifindex_t *scope);
