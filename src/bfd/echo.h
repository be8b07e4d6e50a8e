/*
 * The Echo function of one session: packets of ours that the peer's forwarding sends back. RFC 5880
 * section 6.4 and 6.8.9, RFC 5881 section 4. Private to bfd/.
 */
#pragma once

#include "base/bytes.h"
#include "base/mono.h"
#include "bfd/vocab.h"

#define BFD_ECHO_SIZE 24
#define BFD_ECHO_SAMPLES 8

struct bfd_echo {
	enum bfd_echo_state state;
	uint32_t interval_us; /* 0: none are sent */
	uint32_t cookie;      /* in those that are sent: of this run, 0 none yet */
	unsigned jitter;      /* of the interval that runs, in thousandths */
	mono_t sent_at;
	mono_t heard_at; /* or when the run began */
	mono_t retry_at; /* BFD_ECHO_NOT_LOOPED: when to try again */
	uint64_t sent, received;
	uint32_t rtt_us[BFD_ECHO_SAMPLES]; /* of the last ones */
};

/* What it is to be from now on: each time that something it depends on may have changed. */
void bfd_echo_set(struct bfd_echo *e, uint32_t interval_us, mono_t now);
/* One that is due, for the session with this discriminator; false: none. */
bool bfd_echo_send(struct bfd_echo *e, uint32_t discriminator, uint32_t random, mono_t now,
    uint8_t bytes[BFD_ECHO_SIZE]);
/* The discriminator in what came back; 0: it is not one of ours by its form. */
uint32_t bfd_echo_discriminator(const uint8_t *bytes, size_t size);
/* False: it is not of this run. */
bool bfd_echo_received(struct bfd_echo *e, const uint8_t *bytes, size_t size, mono_t now);
/* True: what came back has ceased to, for so many intervals. What never came back is no failure:
 * the peer does not loop, and packets are held back for a while. */
bool bfd_echo_lost(struct bfd_echo *e, uint8_t multiplier, mono_t now);
/* When the next one is due, or is missed at the latest; MONO_NEVER: nothing is under way. */
mono_t bfd_echo_deadline(const struct bfd_echo *e, uint8_t multiplier);
/* State, counters and round trips into what is told of the session. */
void bfd_echo_report(const struct bfd_echo *e, struct bfd_session_report *r);
