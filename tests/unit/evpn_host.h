/*
 * A host for evpn/ alone: the real mirror and reconcile, a kernel that does what operations say
 * (and tells so), a Loc-RIB that only keeps a log. What happened reads as lines:
 *
 *	+mac 00:…:01 0          originated, MAC-only, sequence; "sticky" follows
 *	+ip 00:…:01 10.1.0.1 0  … MAC+IP
 *	-mac …, -ip …           withdrawn
 *	+imet 10.0.0.1, -imet …
 *	add fdb 00:…:01, delete vxlan 00:…:01, add neigh 10.1.0.1, change …, add flood 10.0.0.2
 */
#pragma once

#include "base/str.h"
#include "evpn/evpn.h"

#define BRIDGE 1
#define VXLAN 2
#define PORT 3
#define SVI 4
#define PORT2 5
#define TEST_VLAN 99
#define TEST_VNI 10099

struct evpn_host_state {
	struct log log;
	struct mirror *mirror;
	struct evpn *evpn;
	struct evpn_settings settings;
	mono_t now;
	struct str lines;  /* since the last host_lines() */
	struct str alarms; /* warnings and errors of the log */
	struct str former; /* routes that the state file says were originated */
	struct kernel_op *ops;
	size_t op_count;
	uint32_t next_id;
	int refuse; /* errno for every operation; 0: do it */
	uint8_t *state;
	size_t state_size;
	enum state_found found; /* what evpn_restore() said */
	unsigned routes_wanted;
	struct arena arena;
};

/* A filtering bridge with VXLAN port (PVID 99), two access ports and an SVI; synced and run, not
 * converged. `state` NULL: no file. */
void host_start(struct evpn_host_state *h, const uint8_t *state, size_t state_size);
/* The same, converged, its first lines dropped. */
void host_ready(struct evpn_host_state *h);
void host_stop(struct evpn_host_state *h);

/* Run to rest, with the kernel doing its part. */
void host_run(struct evpn_host_state *h);
void host_wait(struct evpn_host_state *h, int64_t ms);
/* The start dump has ended. */
void host_synced(struct evpn_host_state *h);
/* What happened since the last call, lines joined by "; ". */
const char *host_lines(struct evpn_host_state *h);
#define expect(h, text) assert_string_equal(host_lines(h), text)

/* Facts from the kernel; by others unless said. Each is followed by nothing: call host_run(). */
void kernel_send(struct evpn_host_state *h, const struct kernel_event *event);
void kernel_fdb(
    struct evpn_host_state *h, const char *mac, unsigned port, uint16_t nud, uint8_t ntf);
void kernel_fdb_gone(struct evpn_host_state *h, const char *mac);
void kernel_neigh(struct evpn_host_state *h, const char *ip, const char *mac, uint16_t nud);
void kernel_neigh_gone(struct evpn_host_state *h, const char *ip);
void kernel_link(struct evpn_host_state *h, unsigned ifindex, bool up);
void kernel_vlans(struct evpn_host_state *h, unsigned port);
void kernel_port_learning(struct evpn_host_state *h, unsigned port, bool on);
void kernel_link_gone(struct evpn_host_state *h, unsigned ifindex);

/* Facts from BGP. `ip` NULL: MAC-only. sequence -1: no mobility community. */
struct test_route {
	const char *mac, *ip;
	uint32_t vtep; /* last byte of 10.0.0.x, and of the RD unless `rd` says */
	uint32_t rd;
	unsigned segment; /* ESI; 0 none */
	int64_t sequence;
	bool sticky, gone;
	const char *rt; /* NULL: "65002:10099" */
};
void bgp_route(struct evpn_host_state *h, const struct test_route *r);
void bgp_imet(struct evpn_host_state *h, uint32_t vtep, bool gone);

struct mac test_mac(const char *text);
struct ip test_ip(const char *text);
