/*
 * The engine's side of control: commands are run against all parts and answered in the same turn,
 * but for those that want BFD's counters, which are asked for first; notes go to who watches.
 */
#include "engine_inside.h"

#include <string.h>

#include "base/mem.h"
#include "bfd/peers.h"
#include "ctl/ctl.h"
#include "evpn/evpn.h"
#include "evpn/fib.h"

static struct ctl_context context_of(struct engine *e)
{
	return (struct ctl_context){.config = e->config,
	    .bgp = e->bgp,
	    .evpn = e->evpn,
	    .bfd = e->bfd,
	    .mirror = e->mirror,
	    .nexthops = e->nexthops,
	    .audit = &e->audit,
	    .fib_differences = fib_differences(e->fib),
	    .now = e->now,
	    .wall_offset_ns = e->start.wall_offset_ns,
	    .version = EVPND_VERSION,
	    .arena = &e->arena};
}

static void reply(struct engine *e, uint32_t client, const struct str *text, bool end, int status)
{
	struct action *a = action_push(&e->actions, ACTION_CTL_REPLY);

	a->ctl.client = client;
	a->ctl.text = (const char *)action_copy(&e->actions, str_text(text), text->size);
	a->ctl.size = text->size;
	a->ctl.end = end;
	a->ctl.status = status;
}

static void watcher_add(struct engine *e, uint32_t client)
{
	struct str text = {0};

	if (e->watcher_count < WATCHERS_MAX) {
		e->watchers[e->watcher_count++] = client;
		return;
	}
	str_addf(&text, "%% %d clients watch already\n", WATCHERS_MAX);
	reply(e, client, &text, true, 1);
	str_fini(&text);
}

static void watcher_remove(struct engine *e, uint32_t client)
{
	for (size_t i = 0; i < e->watcher_count; i++)
		if (e->watchers[i] == client)
			e->watchers[i--] = e->watchers[--e->watcher_count];
}

void engine_watchers_send(struct engine *e, const struct evpn_note *note)
{
	struct ctl_context c = context_of(e);
	struct str text = {0};

	if (e->watcher_count == 0)
		return;
	ctl_note_text(&c, note, &text);
	for (size_t i = 0; i < e->watcher_count; i++)
		reply(e, e->watchers[i], &text, false, 0);
	str_fini(&text);
}

/* `fresh`: BFD's counters are, or cannot be. */
static void answer(struct engine *e, uint32_t client, const char *line, bool fresh)
{
	struct ctl_context c = context_of(e);
	struct str out = {0};
	enum ctl_outcome outcome;

	c.bfd_fresh = fresh;
	outcome = ctl_run(&c, line, &out);
	if (outcome == CTL_WATCH) {
		reply(e, client, &out, false, 0);
		watcher_add(e, client);
		evpn_watch(e->evpn, e->watcher_count > 0);
	} else if (outcome == CTL_ASK_BFD) {
		if (ctl_queue_add(&e->asking, client, line) && bfd_peers_ask(e->bfd))
			return;
		ctl_queue_remove(&e->asking, client);
		answer(e, client, line, true);
	} else {
		reply(e, client, &out, true, outcome == CTL_ACCEPTED ? 0 : 1);
	}
	str_fini(&out);
}

void engine_bfd_reported(struct engine *e, const struct bfd_report *report)
{
	struct ctl_queue asking;

	bfd_peers_report(e->bfd, report, e->now);
	if (report->kind != BFD_REPORT_TOTALS && report->kind != BFD_REPORT_GONE)
		return;
	asking = e->asking;
	e->asking = (struct ctl_queue){0};
	for (size_t i = 0; i < asking.count; i++)
		answer(e, asking.list[i].client, asking.list[i].line, true);
	ctl_queue_fini(&asking);
}

void engine_ctl_request(struct engine *e, uint32_t client, const char *line)
{
	answer(e, client, line, false);
}

void engine_ctl_closed(struct engine *e, uint32_t client)
{
	watcher_remove(e, client);
	ctl_queue_remove(&e->asking, client);
	evpn_watch(e->evpn, e->watcher_count > 0);
}
