/*
 * How the segments of connections with an address are signed: by one password (TCP MD5, RFC 2385),
 * or by keys of which the first is the one to use and the others are taken, too (TCP-AO, RFC 5925).
 * A plain value without padding: compared as bytes.
 */
#pragma once

#include <stdint.h>

#define TCP_AUTH_SECRET_MAX 80 /* bytes; Linux takes no more */
#define TCP_AUTH_KEYS_MAX 8

enum tcp_auth_kind { TCP_AUTH_MD5, TCP_AUTH_AO_HMAC_SHA1, TCP_AUTH_AO_AES_CMAC };

struct tcp_auth_key {
	uint8_t kind;		  /* enum tcp_auth_kind; all of one set are MD5 or none is */
	uint8_t send_id, recv_id; /* TCP-AO: KeyIDs, ours and the peer's */
	char secret[TCP_AUTH_SECRET_MAX + 1]; /* filled up with zeros */
};

struct tcp_auth {
	uint8_t count; /* at least 1 */
	struct tcp_auth_key keys[TCP_AUTH_KEYS_MAX];
};
