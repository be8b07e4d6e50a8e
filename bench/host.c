/* MAC and IP numbering of the bench's hosts. See host.h. */
#include "host.h"

enum {
	NET = 0xac100000, /* 172.16.0.0/12 */
	NET_BITS = 20,
	SIDE_BIT = 19,
	FIRST = 4096, /* the bridge's own addresses lie below */
};

void host_mac(struct host host, uint8_t mac[6])
{
	mac[0] = 0x02;
	mac[1] = 0xbe;
	mac[2] = (uint8_t)host.side;
	mac[3] = (uint8_t)(host.index >> 16);
	mac[4] = (uint8_t)(host.index >> 8);
	mac[5] = (uint8_t)host.index;
}

void host_ip(struct host host, uint8_t ip[4])
{
	uint32_t v = (uint32_t)NET | (uint32_t)host.side << SIDE_BIT | (host.index + FIRST);

	ip[0] = (uint8_t)(v >> 24);
	ip[1] = (uint8_t)(v >> 16);
	ip[2] = (uint8_t)(v >> 8);
	ip[3] = (uint8_t)v;
}

bool host_from_mac(const uint8_t mac[6], struct host *host)
{
	if (mac[0] != 0x02 || mac[1] != 0xbe || mac[2] > HOST_LOCAL)
		return false;
	host->side = mac[2] ? HOST_LOCAL : HOST_REMOTE;
	host->index = (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5];
	return host->index < HOST_MAX;
}

bool host_from_ip(const uint8_t ip[4], struct host *host)
{
	uint32_t v = (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 | ip[3];
	uint32_t offset = v & ((1u << SIDE_BIT) - 1);

	if (v >> NET_BITS != (uint32_t)NET >> NET_BITS || offset < FIRST ||
	    offset - FIRST >= HOST_MAX)
		return false;
	host->side = v >> SIDE_BIT & 1 ? HOST_LOCAL : HOST_REMOTE;
	host->index = offset - FIRST;
	return true;
}
