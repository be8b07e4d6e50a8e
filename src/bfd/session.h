/*
 * One BFD session: the state machine, the two timers, and what was negotiated. RFC 5880
 * asynchronous mode. Private to bfd/.
 */
#pragma once

#include "base/mono.h"
#include "bfd/echo.h"
#include "bfd/packet.h"

struct bfd_session {
	uint32_t id; /* key: the orderer's */
	struct bfd_path path;
	struct bfd_params params;
	uint32_t discriminator; /* ours; not 0 */
	enum bfd_state state;
	enum bfd_diag diag;	  /* why it entered this state; kept in Init */
	struct bfd_packet remote; /* the last packet taken; zero but for 1 us of Required Min RX
				     while nothing was heard for the detection time */
	bool heard;
	bool resumed; /* left behind by another speaker, and nothing was heard since */

	/* timing, RFC 5880 section 6.8.3: what we advertise, and what is in force until the peer
	 * has confirmed it */
	uint32_t desired_tx_us, required_rx_us;
	uint32_t tx_us, rx_us;
	bool poll, poll_again;
	unsigned jitter; /* of the interval that runs, in thousandths */
	mono_t sent_at, heard_at;
	bool prompt;	  /* a change is to be told without waiting */
	bool owes_final;  /* the peer polls */
	uint32_t fast_us; /* interval after AdminDown, until fast_until */
	mono_t fast_until;
	bool closing; /* forgotten at fast_until */

	/* the Echo function */
	struct bfd_echo echo;
	bool loops;		/* our kernel sends back what peers hand it */
	struct ip arrived_at;	/* where the last packet was taken: our address, */
	ifindex_t arrived_over; /* our link */

	bool changed; /* something to report; cleared by who reports */
	uint32_t ups, downs, failures;
	uint64_t received, sent;
};

/* In Down (or AdminDown), with the first packet due at once unless it is passive; Up, if it is the
 * order's `resume` with its discriminator. */
void bfd_session_init(
    struct bfd_session *s, const struct bfd_order *order, uint32_t discriminator, mono_t now);
/* Whether our kernel forwards, so that peers may use the Echo function with us. */
void bfd_session_loops(struct bfd_session *s, bool loops);
/* Other parameters. */
void bfd_session_set(struct bfd_session *s, const struct bfd_params *params, mono_t now);
/* A valid packet for this session: the rest of RFC 5880 section 6.8.6. */
enum bfd_verdict bfd_session_received(
    struct bfd_session *s, const struct bfd_packet *packet, mono_t now);
/* The detection timer. */
void bfd_session_run(struct bfd_session *s, mono_t now);
/* The next packet that is due now; false: none. `random` makes the jitter of the next interval. */
bool bfd_session_send(
    struct bfd_session *s, uint32_t random, struct bfd_packet *packet, mono_t now);
/* The next echo packet that is due now; false: none. */
bool bfd_session_send_echo(
    struct bfd_session *s, uint32_t random, mono_t now, uint8_t bytes[BFD_ECHO_SIZE]);
/* When bfd_session_run() or _send() have something to do. */
mono_t bfd_session_deadline(const struct bfd_session *s);
/* AdminDown for good; the peer is told for its detection time. */
void bfd_session_close(struct bfd_session *s, mono_t now);
/* It is closing and has told enough. */
bool bfd_session_closed(const struct bfd_session *s, mono_t now);

void bfd_session_report(const struct bfd_session *s, struct bfd_session_report *report);
