/*
 * Everything we can do: one tagged union. Actions are executed in the order given. What an action
 * points to stays valid until the next call of engine_next_action() or engine_handle().
 */
#pragma once

#include "base/log.h"
#include "base/tcp_auth.h"
#include "base/tcp_options.h"
#include "base/types.h"
#include "bfd/vocab.h"
#include "kernel/vocab.h"

enum action_kind {
	ACTION_KERNEL_DUMP,  /* dump a table; rows come as EVENT_KERNEL between DUMP_BEGIN and
				DUMP_END */
	ACTION_KERNEL_OP,    /* answered by one EVENT_KERNEL_RESULT */
	ACTION_STATE_APPEND, /* to the state file, before any later action is executed */
	ACTION_STATE_RESET,  /* replace the whole state file by these bytes, atomically */
	ACTION_PEER_LISTEN,  /* listen for BGP (port 0: stop) */
	ACTION_PEER_CONNECT, /* answered by EVENT_PEER_CONNECTED or EVENT_PEER_CLOSED */
	ACTION_PEER_OPTIONS, /* of a connection that was accepted */
	ACTION_PEER_AUTH,    /* how all connections with these addresses are signed */
	ACTION_PEER_SEND,
	ACTION_PEER_CLOSE,    /* after what was sent has left; no event follows */
	ACTION_PEER_HANDOVER, /* keep the connection for the next instance, with this note; size 0:
				 not any more */
	ACTION_PEER_RESUME,   /* read from a connection that was inherited */
	ACTION_RA_WATCH,      /* join or leave: receive router advertisements on this link */
	ACTION_RA_SEND,	      /* one router advertisement to all nodes */
	ACTION_BFD,	      /* an order to the BFD speaker */
	ACTION_CTL_REPLY,
	ACTION_LOG,
	ACTION_LOG_FILE, /* after each configuration: open it (again), or have none */
	ACTION_READY,	 /* configured and converged enough to tell the service manager */
	ACTION_EXIT
};

struct action_connect {
	uint32_t conn;
	struct ip remote;
	ifindex_t ifindex; /* scope of a link-local remote */
	uint16_t port;
	struct ip source;		/* update-source; IP_NONE any */
	char source_dev[LINK_NAME_MAX]; /* update-source by interface name; "" none */
	struct tcp_options options;
};

struct action {
	enum action_kind kind;
	union {
		enum kernel_table dump;
		struct kernel_op op;
		struct {
			const uint8_t *bytes;
			size_t size;
		} state;
		uint16_t listen_port;
		struct action_connect connect;
		struct {
			uint32_t conn;
			const uint8_t *bytes; /* SEND; HANDOVER: the note */
			size_t size;
			struct tcp_options options; /* OPTIONS */
		} peer;
		struct {
			struct prefix remote;
			const struct tcp_auth *keys; /* never recorded; NULL: none any more */
		} auth;
		struct {
			ifindex_t ifindex;
			bool on;		    /* WATCH */
			uint16_t router_lifetime_s; /* SEND: that it says */
			const uint8_t *bytes;	    /* SEND: the message */
			size_t size;
		} ra;
		struct bfd_order bfd;
		struct {
			uint32_t client;
			const char *text; /* may contain any byte but NUL */
			size_t size;
			bool end;   /* the answer is complete */
			int status; /* with `end`: 0 accepted */
		} ctl;
		struct {
			enum log_level level;
			enum log_topic topic;
			const char *text;
		} log;
		struct {
			const char *path;		  /* "" none */
			enum log_level file_level, level; /* of the file; of the other output */
		} log_file;
		int exit_status;
	};
};
