/*
 * The loop: one thread that reads one source at a time, hands the event to the engine and
 * executes the actions of that turn in order.
 */
#pragma once

#include "engine.h"
#include "os/logger.h"

struct loop;

struct loop_options {
	const char *config_file;
	const char *socket_path;
	const char *socket_group; /* "" ours */
	const char *state_dir;
	const char *record_file; /* NULL: no flight record */
	int netlink_buffer;	 /* bytes; 0: the default of os/netlink */
	bool flush_on_exit;
	bool sandbox; /* of the BFD process; the daemon's own is the caller's */
	uint16_t bgp_port;
	struct logger *logger; /* lent */
};

/* Opens every descriptor that needs a privilege. The engine is lent. NULL when the kernel refuses
 * rtnetlink (logged): without it there is nothing to do. */
struct loop *loop_new(const struct loop_options *options, struct engine *engine);
void loop_free(struct loop *l);

/* Runs until ACTION_EXIT, or until a second SIGTERM or the stop timeout; returns the exit status.
 * SIGHUP, SIGTERM and SIGINT are blocked and taken over. */
int loop_run(struct loop *l);
