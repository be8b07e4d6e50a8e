/* Numbered hosts: the one thing that generator, writer and observers agree on.
 *
 * A host is a side and an index; its MAC and IPv4 address follow from the two, so that a MAC read
 * back from an UPDATE or a netlink notification is an array index and no lookup blurs a
 * measurement. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { HOST_MAX = 1 << 18 };

enum host_side {
	HOST_REMOTE, /* advertised by the generator, installed by the daemon under test */
	HOST_LOCAL,  /* written into the kernel by the bench, advertised by the daemon */
};

struct host {
	enum host_side side;
	uint32_t index; /* below HOST_MAX */
};

/* 02:be:<side>:<index, 3 bytes>. */
void host_mac(struct host host, uint8_t mac[6]);

/* Inside 172.16.0.0/12, network byte order; never an address of the bridge itself. */
void host_ip(struct host host, uint8_t ip[4]);

/* The host that owns mac; false when mac is none of ours. */
bool host_from_mac(const uint8_t mac[6], struct host *host);

/* The host that owns ip (network byte order); false when ip is none of ours. */
bool host_from_ip(const uint8_t ip[4], struct host *host);
