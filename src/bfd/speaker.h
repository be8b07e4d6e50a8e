/*
 * The BFD speaker: all sessions of this host, datagrams and time in, datagrams and deadlines out.
 * It knows nothing of BGP and of configuration: it takes orders and makes reports (bfd/vocab.h).
 *
 * RFC 5880 (asynchronous mode, Echo), 5881 (one hop), 5883 (many hops).
 */
#pragma once

#include "base/mono.h"
#include "bfd/vocab.h"

struct bfd;

#define BFD_PORT 3784
#define BFD_PORT_ECHO 3785
#define BFD_PORT_MULTIHOP 4784
/* More are refused: the order is answered by a report that never leaves Down. */
#define BFD_SESSIONS_MAX 1024

/* To whom an echo packet is handed, over what link, and the address of ours that it goes back to.
 */
struct bfd_echo_path {
	struct ip remote, local;
	ifindex_t ifindex;
};

struct bfd_host {
	void *context;
	/* A session will send and receive over this path; until close(). */
	void (*open)(
	    void *context, uint32_t id, uint32_t discriminator, const struct bfd_path *path);
	void (*close)(void *context, uint32_t id);
	void (*send)(void *context, uint32_t id, const uint8_t *bytes, size_t size);
	/* An echo packet for the peer's forwarding, that comes back to bfd_echoed(). */
	void (*echo)(
	    void *context, const struct bfd_echo_path *path, const uint8_t *bytes, size_t size);
	/* False: not now; it is offered again, with what is true then. */
	bool (*report)(void *context, const struct bfd_report *report);
};

struct bfd_datagram {
	struct ip remote, local;
	ifindex_t ifindex; /* where it arrived */
	ifindex_t vrf;	   /* of the socket; 0 default */
	uint8_t ttl;
	bool multihop; /* by the port it came to */
	const uint8_t *bytes;
	size_t size;
};

/* `seed` makes discriminators and jitter. */
struct bfd *bfd_new(uint64_t seed, const struct bfd_host *host);
void bfd_free(struct bfd *b);

void bfd_order(struct bfd *b, const struct bfd_order *order, mono_t now);
/* What was decided is also counted. */
enum bfd_verdict bfd_received(struct bfd *b, const struct bfd_datagram *d, mono_t now);
/* What came to BFD_PORT_ECHO over the link; what is none of ours is counted. */
void bfd_echoed(struct bfd *b, const uint8_t *bytes, size_t size, mono_t now);
/* How many datagrams the kernel has dropped before anybody could look at them. */
void bfd_dropped(struct bfd *b, uint64_t total);
/* Whether our kernel forwards IPv4, so that peers may use the Echo function with us; false at
 * first. */
void bfd_loops(struct bfd *b, bool loops);
/* Timers, what is due to be sent, reports. Read what has been received first: a peer that was heard
 * must not be lost because we were late. */
void bfd_run(struct bfd *b, mono_t now);
/* The past while a report is owed. */
mono_t bfd_deadline(const struct bfd *b);
/* Close all sessions: bfd_run() until bfd_idle(). */
void bfd_stop(struct bfd *b, mono_t now);
bool bfd_idle(const struct bfd *b);
