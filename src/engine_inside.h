/*
 * What engine.c, engine_ctl.c and engine_host.c share: the engine itself.
 */
#pragma once

#include "action_queue.h"
#include "bgp/bgp.h"
#include "bgp/ra.h"
#include "ctl_queue.h"
#include "engine.h"
#include "kernel/audit.h"
#include "op_ring.h"

struct bfd_peers;
struct bfd_report;
struct config;
struct mirror_link;
struct fib;
struct nexthops;
struct static_routes;
struct underlay;

#define WATCHERS_MAX 16

struct engine {
	mono_t now;
	struct event_start start;
	struct log log;
	struct action_queue actions;
	struct arena arena; /* scratch of the turn */
	struct op_ring ops;
	struct config *config; /* NULL until the first one was accepted */
	struct mirror *mirror;
	struct bgp *bgp;
	struct evpn *evpn;
	struct fib *fib;
	struct static_routes *statics;
	struct underlay *underlay;
	struct nexthops *nexthops;
	struct ra_schedule ra;
	struct bfd_peers *bfd;
	struct ctl_queue asking; /* commands that wait for BFD's counters */
	uint32_t watchers[WATCHERS_MAX];
	size_t watcher_count;
	bool dump_wanted[TABLE_COUNT], dump_running[TABLE_COUNT];
	uint8_t dump_retries[TABLE_COUNT];
	mono_t dump_retry_at;
	struct audit audit;
	mono_t converge_by;  /* when unconfirmed entries are swept at the latest */
	struct ip router_id; /* derived, where the configuration gives none; then it stays */
	bool links_dirty;    /* links or unnumbered peers changed: look who wants advertisements */
	bool bfd_dirty;	     /* neighbors, links or settings changed: look who wants BFD */
	bool originated;     /* what the host has at the start was told to BGP */
	bool converged, ready, stopping, exited, more;
};

/* ---- engine_host.c ---- */
/* Makes the parts, and gives each of them the functions below as its host. */
void engine_parts_new(struct engine *e);
/* For struct log: a line of any part. */
void engine_log_line(void *context, enum log_level level, enum log_topic topic, const char *text);
/* An operation of any part: into the ring of those under way, and to os/. */
void engine_kernel_op(void *context, const struct kernel_op *op);
/* For bgp_walk(): the routes of a destination go to the kernel's part once more. */
void engine_route_again(
    void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count);
struct ra_host engine_ra_host(struct engine *e);
/* What is to be advertised on this link, and when (bgp/ra.h). */
struct ra_plan engine_ra_plan(const struct engine *e, const struct mirror_link *l);

/* ---- engine_ctl.c ---- */
struct evpn_note;
/* One command line; its answer is an action of this turn, or of that of BFD's report. */
void engine_ctl_request(struct engine *e, uint32_t client, const char *line);
/* That client hung up. */
void engine_ctl_closed(struct engine *e, uint32_t client);
/* A report of the BFD speaker, which commands may have waited for. */
void engine_bfd_reported(struct engine *e, const struct bfd_report *report);
/* A note to those who watch. */
void engine_watchers_send(struct engine *e, const struct evpn_note *note);
