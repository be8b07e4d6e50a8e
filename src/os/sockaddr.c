/*
 * Address conversion; no state.
 */
#include "os/sockaddr.h"

#include <string.h>

socklen_t sockaddr_from_ip(
    union sockaddr_ip *to, const struct ip *ip, uint16_t port, ifindex_t scope)
{
	memset(to, 0, sizeof(*to));
	if (ip->family == IP_V4) {
		to->in.sin_family = AF_INET;
		to->in.sin_port = htons(port);
		memcpy(&to->in.sin_addr, ip->b, 4);
		return sizeof(to->in);
	}
	to->in6.sin6_family = AF_INET6;
	to->in6.sin6_port = htons(port);
	memcpy(&to->in6.sin6_addr, ip->b, 16);
	if (ip_is_link_local(ip))
		to->in6.sin6_scope_id = scope.v;
	return sizeof(to->in6);
}

struct ip sockaddr_ip(const union sockaddr_ip *from, ifindex_t *scope)
{
	struct ip ip = {0};

	if (scope != NULL)
		*scope = (ifindex_t){0};
	if (from->sa.sa_family == AF_INET)
		ip = ip_from_bytes(&from->in.sin_addr, 4);
	if (from->sa.sa_family != AF_INET6)
		return ip;
	ip = ip_from_bytes(&from->in6.sin6_addr, 16);
	if (scope != NULL && ip_is_link_local(&ip))
		*scope = (ifindex_t){from->in6.sin6_scope_id};
	return ip;
}
