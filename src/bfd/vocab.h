/*
 * The words that both sides of BFD share: who runs the protocol (bfd/speaker) and who wants to
 * know whether a peer can be reached (bfd/peers). Plain values: they travel between two processes
 * of one program as they are.
 */
#pragma once

#include "base/types.h"

/* RFC 5880 section 4.1: Sta. */
enum bfd_state { BFD_ADMIN_DOWN, BFD_DOWN, BFD_INIT, BFD_UP };

/* RFC 5880 section 4.1: Diag. */
enum bfd_diag {
	BFD_DIAG_NONE,
	BFD_DIAG_DETECTION_EXPIRED,
	BFD_DIAG_ECHO_FAILED,
	BFD_DIAG_NEIGHBOR_DOWN,
	BFD_DIAG_FORWARDING_RESET,
	BFD_DIAG_PATH_DOWN,
	BFD_DIAG_CONCATENATED_DOWN,
	BFD_DIAG_ADMIN_DOWN,
	BFD_DIAG_REVERSE_CONCATENATED_DOWN,
	BFD_DIAGS
};

/* What has become of the Echo function on our side. */
enum bfd_echo_state {
	BFD_ECHO_OFF,	     /* not wanted, or the peer forbids it, or the session is not Up */
	BFD_ECHO_TRYING,     /* nothing has come back yet */
	BFD_ECHO_LOOPED,     /* packets come back: their absence is a failure of the path */
	BFD_ECHO_NOT_LOOPED, /* the peer does not send them back: a few go out to see */
	BFD_ECHO_STATES
};

/* What becomes of a received packet; all but the first are discards, by reason. */
enum bfd_verdict {
	BFD_ACCEPTED,
	BFD_BAD_VERSION,
	BFD_BAD_LENGTH,
	BFD_BAD_MULTIPLIER, /* Detect Mult of 0 */
	BFD_BAD_MULTIPOINT,
	BFD_BAD_DISCRIMINATOR,	   /* My Discriminator of 0 */
	BFD_BAD_STATE,		   /* Your Discriminator of 0 in a state that must know it */
	BFD_AUTHENTICATED,	   /* RFC 5880 section 6.7 is not implemented */
	BFD_BAD_TTL,		   /* RFC 5881 section 5; minimum-ttl */
	BFD_UNKNOWN_DISCRIMINATOR, /* Your Discriminator is none of ours */
	BFD_UNKNOWN_PEER,	   /* nobody is configured at this address */
	BFD_WRONG_PORT,		   /* single hop to a multihop session, or the reverse */
	BFD_WHILE_ADMIN_DOWN,
	BFD_DROPPED,	  /* by the kernel: of no session by its looks, or no room for it */
	BFD_STRANGE_ECHO, /* came to the echo port and is none of ours */
	BFD_VERDICTS
};

/* Between whom and over what. Free of padding. */
struct bfd_path {
	struct ip remote;
	struct ip local;   /* IP_NONE: whatever the kernel takes */
	ifindex_t ifindex; /* 0: any; a link-local remote needs it */
	ifindex_t vrf;	   /* the VRF device; 0: default */
	uint32_t multihop; /* 0 or 1: RFC 5881 or RFC 5883 */
};

struct bfd_params {
	uint32_t transmit_us, receive_us; /* RFC 5880: Desired Min TX, Required Min RX */
	uint32_t echo_transmit_us;	  /* between echo packets of ours */
	uint32_t echo_receive_us;	  /* Required Min Echo RX, if we can loop; 0: not wanted */
	bool echo;			  /* use it, where the peer lets us */
	uint8_t multiplier;
	uint8_t minimum_ttl; /* multihop: less is discarded */
	bool passive;
	bool shutdown; /* AdminDown */
};

enum bfd_order_kind {
	BFD_ORDER_SET,	  /* a session, new or with other parameters; its path never changes */
	BFD_ORDER_REMOVE, /* the peer is told (AdminDown), then the session is forgotten */
	BFD_ORDER_ASK,	  /* report every session now, then the totals */
	BFD_ORDER_BEGIN	  /* the first one for a speaker that took the place of another: what was
			   * ordered before was for that one */
};

/* A session that another speaker left behind, Up. The peer need not notice. */
struct bfd_resume {
	uint32_t discriminator; /* ours; 0: there is none */
	uint32_t remote_discriminator;
	uint32_t remote_transmit_us, remote_receive_us, remote_echo_us;
	uint8_t remote_multiplier;
};

struct bfd_order {
	enum bfd_order_kind kind;
	uint32_t id; /* of the session: chosen by who orders, not 0, never used again */
	struct bfd_path path;
	struct bfd_params params;
	struct bfd_resume resume; /* SET of a new session */
};

enum bfd_report_kind {
	BFD_REPORT_SESSION, /* something of `session` but its counters changed, or it was asked for
			     */
	BFD_REPORT_TOTALS,  /* the end of the answer to BFD_ORDER_ASK */
	BFD_REPORT_ERROR,   /* a socket cannot be had or used; told once until it changes */
	BFD_REPORT_GONE,    /* the speaker has ended: nobody watches any more */
	BFD_REPORT_BEGUN    /* another one is there, and waits for BFD_ORDER_BEGIN */
};

struct bfd_session_report {
	enum bfd_state state, remote_state;
	enum bfd_diag diag, remote_diag;
	uint32_t discriminator, remote_discriminator;
	/* as the peer said last; 0 and a state of Down while it has said nothing */
	uint32_t remote_transmit_us, remote_receive_us, remote_echo_us;
	uint8_t remote_multiplier;
	uint32_t detection_us; /* detection time in force; 0 unknown */
	uint32_t transmit_us;  /* interval in force, before jitter; 0: nothing is sent */
	uint32_t ups;	       /* times that it came up */
	uint32_t downs;	       /* times that it left Up, for whatever reason */
	uint32_t failures;     /* ... because the path failed: not AdminDown of either side */
	uint64_t received, sent;
	enum bfd_echo_state echo;
	uint32_t local_echo_us; /* Required Min Echo RX as the peer is told */
	uint64_t echo_sent, echo_received;
	uint32_t rtt_min_us, rtt_avg_us, rtt_max_us; /* of the last echo packets; 0: none */
};

enum bfd_error { BFD_ERROR_LISTEN, BFD_ERROR_OPEN, BFD_ERROR_SEND, BFD_ERROR_ECHO };

struct bfd_report {
	enum bfd_report_kind kind;
	uint32_t id; /* SESSION; ERROR: 0 for LISTEN and ECHO */
	union {
		struct bfd_session_report session;
		uint64_t discards[BFD_VERDICTS]; /* TOTALS */
		struct {
			enum bfd_error what;
			int error;     /* errno; 0: it works again */
			uint16_t port; /* LISTEN, ECHO */
		} error;
	};
};

/* Constant text. The states and diagnostics as FRR's shows have them: "up", "ok". */
const char *bfd_state_text(enum bfd_state state);
const char *bfd_diag_text(enum bfd_diag diag);
const char *bfd_verdict_text(enum bfd_verdict verdict);
bool bfd_path_equal(const struct bfd_path *a, const struct bfd_path *b);
bool bfd_params_equal(const struct bfd_params *a, const struct bfd_params *b);
