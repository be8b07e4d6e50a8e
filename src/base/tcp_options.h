/*
 * What a connection of BGP asks of TCP and IP, signatures (tcp_auth.h) apart. A plain value.
 */
#pragma once

#include <stdint.h>

struct tcp_options {
	uint8_t ttl;	       /* 1 for directly connected eBGP, 255 multihop and iBGP */
	uint8_t min_ttl;       /* what comes with less is dropped (RFC 5082); 0: nothing is */
	uint8_t dscp;	       /* 6 bits */
	uint16_t mss;	       /* of connections that we open, at most; 0: as the kernel has it */
	uint8_t alive_probes;  /* TCP keepalives: so many without an answer are the end … */
	uint16_t alive_idle_s; /* … the first after such a silence; 0: none are sent */
	uint16_t alive_interval_s;
};
