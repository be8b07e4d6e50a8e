/*
 * The loop. A turn is: one event from one source, engine_handle(), then all actions in order. Of
 * kernel events (notifications and results) as many are one turn as are queued, up to
 * TURN_EVENTS_MAX; what the engine does meanwhile, a repair, is executed before the next event.
 * Afterwards whatever the actions caused (more kernel events, broken connections) is handled before
 * another source is read, up to DRAIN_EVENTS_MAX: operations cause events that cause operations,
 * for as long as a large table is written, or for ever where two writers contend; peers are heard
 * meanwhile.
 *
 * Order of actions: a run of kernel operations is submitted and executed as one batch, a run of
 * peer messages leaves in one write; where the kind changes, what was gathered is executed first.
 * So "kernel, then peers" stays so, and neither pays one system call per action. While more events
 * are queued, peer messages wait for those of the next turns, up to HELD_EVENTS_MAX: a burst of
 * notifications leaves in a few writes instead of one each. State file
 * records are the exception: those of a batch go to the file before the batch, which is earlier
 * than asked for and therefore safe.
 *
 * The engine's deadline is the timeout of the poll; there is no timer descriptor. A deadline in
 * the past means pending work: the sources are polled without waiting, one of them is read, then
 * the engine gets EVENT_TIMER. So a keepalive is never later than one source's turn. All sources
 * have the same priority: sd-event takes them in turns, and a flood of UPDATEs cannot keep the
 * monitor unread until it overruns, nor the other way round.
 */
#include "os/loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/check.h"
#include "base/mem.h"
#include "os/bfd_process.h"
#include "os/clock.h"
#include "os/ctlsock.h"
#include "os/host.h"
#include "os/netlink.h"
#include "os/path.h"
#include "os/ra.h"
#include "os/recfile.h"
#include "os/statefile.h"
#include "os/tcp.h"

#define CONFIG_MAX ((size_t)16 << 20)
/* After SIGTERM the engine says goodbye to its peers and, if asked, flushes; then it exits. */
#define STOP_TIMEOUT_US 60000000u
/* After ACTION_EXIT the last NOTIFICATIONs get this long to arrive. */
#define LINGER_MS 1000

/* Events whose messages to peers may leave in one write. */
#define HELD_EVENTS_MAX 256
/* Kernel events in one turn: what they make dirty is well below what a turn recomputes. */
#define TURN_EVENTS_MAX 128
/* Kernel events before the other sources are looked at: some 0.3 s. What a peer's bytes cause is
 * less and is finished before the next are read, or it would pile up in every table. */
#define DRAIN_EVENTS_MAX 65536

/* What has been gathered and not yet executed. */
enum gathered { GATHERED_NOTHING, GATHERED_KERNEL, GATHERED_PEERS };

struct loop {
	struct loop_options options;
	struct engine *engine;
	struct log *log;
	sd_event *event;
	struct netlink *netlink;
	struct tcp *tcp;
	struct ra *ra;
	struct bfd_process *bfd;
	struct ctlsock *ctl;
	struct statefile *state;
	struct recfile *record; /* NULL: none */
	enum gathered gathered;
	bool left;     /* loop_drain() has not come to an end */
	bool ready;    /* READY=1 was sent */
	bool stopping; /* SIGTERM came */
	bool exiting;  /* ACTION_EXIT came: the engine gets nothing more */
	int status;
};

/* ---- actions ------------------------------------------------------------------------------- */

static void loop_execute_gathered(struct loop *l)
{
	enum gathered gathered = l->gathered;

	l->gathered = GATHERED_NOTHING;
	statefile_flush(l->state);
	if (gathered == GATHERED_KERNEL)
		netlink_flush(l->netlink);
	if (gathered == GATHERED_PEERS)
		tcp_flush(l->tcp);
}

static void loop_gather(struct loop *l, enum gathered kind)
{
	if (l->gathered != kind && l->gathered != GATHERED_NOTHING)
		loop_execute_gathered(l);
	l->gathered = kind;
}

static void loop_ready(struct loop *l)
{
	l->ready = true;
	sd_notify(0, "READY=1");
}

static void loop_act(struct loop *l, const struct action *a)
{
	switch (a->kind) {
	case ACTION_KERNEL_OP:
		loop_gather(l, GATHERED_KERNEL);
		netlink_submit(l->netlink, &a->op);
		return;
	case ACTION_KERNEL_DUMP:
		loop_execute_gathered(l);
		netlink_dump(l->netlink, a->dump);
		return;
	case ACTION_STATE_APPEND:
		statefile_append(l->state, a->state.bytes, a->state.size);
		return;
	case ACTION_STATE_RESET:
		loop_execute_gathered(l);
		statefile_reset(l->state, a->state.bytes, a->state.size);
		return;
	case ACTION_PEER_LISTEN:
		tcp_listen(l->tcp, a->listen_port);
		return;
	case ACTION_PEER_CONNECT:
		loop_gather(l, GATHERED_PEERS);
		tcp_connect(l->tcp, &a->connect);
		return;
	case ACTION_PEER_OPTIONS:
		tcp_set_options(l->tcp, a->peer.conn, &a->peer.options);
		return;
	case ACTION_PEER_AUTH:
		loop_gather(l, GATHERED_PEERS);
		tcp_set_auth(l->tcp, &a->auth.remote, a->auth.keys);
		return;
	case ACTION_PEER_SEND:
		loop_gather(l, GATHERED_PEERS);
		tcp_send(l->tcp, a->peer.conn, a->peer.bytes, a->peer.size);
		return;
	case ACTION_PEER_CLOSE:
		loop_gather(l, GATHERED_PEERS);
		tcp_close(l->tcp, a->peer.conn);
		return;
	case ACTION_PEER_HANDOVER:
		loop_execute_gathered(l);
		tcp_handover(l->tcp, a->peer.conn, a->peer.bytes, a->peer.size);
		return;
	case ACTION_PEER_RESUME:
		tcp_resume(l->tcp, a->peer.conn);
		return;
	case ACTION_RA_WATCH:
		ra_watch(l->ra, a->ra.ifindex, a->ra.on);
		return;
	case ACTION_RA_SEND:
		ra_send(
		    l->ra, a->ra.ifindex, a->ra.bytes, a->ra.size, a->ra.router_lifetime_s == 0);
		return;
	case ACTION_BFD:
		bfd_process_order(l->bfd, &a->bfd);
		return;
	case ACTION_CTL_REPLY:
		ctlsock_reply(
		    l->ctl, a->ctl.client, a->ctl.text, a->ctl.size, a->ctl.end, a->ctl.status);
		return;
	case ACTION_LOG:
		logger_write(l->options.logger, a->log.level, a->log.topic, a->log.text);
		return;
	case ACTION_LOG_FILE:
		logger_file(
		    l->options.logger, a->log_file.path, a->log_file.file_level, a->log_file.level);
		return;
	case ACTION_READY:
		loop_ready(l);
		return;
	case ACTION_EXIT:
		l->exiting = true;
		l->status = a->exit_status;
		return;
	}
}

/* ---- turns --------------------------------------------------------------------------------- */

/* One turn, but for what is still gathered at its end. */
static void loop_handle(struct loop *l, const struct event *event)
{
	mono_t now = clock_now();
	struct action action;

	if (l->exiting)
		return;
	recfile_event(l->record, event, now);
	engine_handle(l->engine, event, now);
	while (engine_next_action(l->engine, &action)) {
		recfile_action(l->record, &action);
		loop_act(l, &action);
	}
}

static void loop_finish(struct loop *l)
{
	loop_execute_gathered(l);
	ctlsock_flush(l->ctl);
}

static void loop_turn(struct loop *l, const struct event *event)
{
	loop_handle(l, event);
	loop_finish(l);
}

static void loop_emit(void *context, const struct event *event)
{
	loop_turn(context, event);
}

/* The next event that earlier turns caused; `in_turn` counts those of the turn under way. */
static bool loop_next(struct loop *l, struct event *event, unsigned *in_turn)
{
	if (tcp_next(l->tcp, event) || ctlsock_next(l->ctl, event) ||
	    bfd_process_next(l->bfd, event)) {
		*in_turn = 0;
		return true;
	}
	if (!netlink_next(l->netlink, event))
		return false;
	event->more = netlink_waiting(l->netlink) > 0 && ++*in_turn < TURN_EVENTS_MAX;
	if (!event->more)
		*in_turn = 0;
	return true;
}

/* Everything that earlier turns caused, in reason: then `left` is set. Kernel operations never
 * wait: events are queued that they were decided without. */
static void loop_drain(struct loop *l)
{
	unsigned held = 0, in_turn = 0, handled = 0;
	struct event event;

	for (;;) {
		bool next;

		l->left = handled >= DRAIN_EVENTS_MAX && in_turn == 0;
		next = !l->left && !l->exiting && loop_next(l, &event, &in_turn);
		handled += next;
		if (next)
			loop_handle(l, &event);
		else if (l->gathered == GATHERED_NOTHING)
			return;
		if (next && l->gathered != GATHERED_KERNEL &&
		    (event.more || l->gathered == GATHERED_PEERS) && ++held < HELD_EVENTS_MAX)
			continue;
		loop_finish(l);
		held = 0;
	}
}

static uint64_t until_us(mono_t deadline)
{
	mono_t now = clock_now();

	if (deadline.ns == MONO_NEVER.ns)
		return UINT64_MAX;
	/* Rounded up, so that the deadline has been reached when the poll returns. */
	return mono_reached(deadline, now) ? 0 : (uint64_t)(deadline.ns - now.ns + 999) / 1000;
}

static void loop_once(struct loop *l)
{
	struct event timer = {.kind = EVENT_TIMER};
	int done = sd_event_run(l->event, l->left ? 0 : until_us(engine_deadline(l->engine)));

	if (done < 0) {
		log_error(l->log, LOG_OS, "event loop: %s", strerror(-done));
		l->exiting = true;
		l->status = 1;
		return;
	}
	loop_drain(l);
	if (!l->exiting && mono_reached(engine_deadline(l->engine), clock_now())) {
		loop_turn(l, &timer);
		loop_drain(l);
	}
}

/* ---- start and configuration --------------------------------------------------------------- */

static void loop_start(struct loop *l)
{
	struct event event = {.kind = EVENT_START};

	host_describe(&event.start);
	event.start.flush_on_exit = l->options.flush_on_exit;
	event.start.state_writable = statefile_writable(l->state);
	event.start.bgp_port = l->options.bgp_port;
	loop_turn(l, &event);
}

static void loop_state(struct loop *l)
{
	struct event event = {.kind = EVENT_STATE};
	uint8_t *bytes = statefile_read(l->state, &event.state.size);

	event.state.bytes = bytes;
	loop_turn(l, &event);
	mem_free(bytes);
}

static void loop_config(struct loop *l)
{
	struct event event = {.kind = EVENT_CONFIG};
	char *text = path_read_text(l->options.config_file, CONFIG_MAX);

	event.config.file = l->options.config_file;
	event.config.text = text;
	event.config.error = text == NULL ? strerror(errno) : NULL;
	loop_turn(l, &event);
	mem_free(text);
}

/* ---- signals ------------------------------------------------------------------------------- */

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct loop *l = context;

	(void)source;
	(void)info;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(clock_now().ns / 1000));
	loop_config(l);
	if (l->ready)
		sd_notify(0, "READY=1");
	return 0;
}

static int on_stop_timeout(sd_event_source *source, uint64_t usec, void *context)
{
	struct loop *l = context;

	(void)source;
	(void)usec;
	log_error(l->log, LOG_OS, "stop: not finished in time; exiting");
	l->exiting = true;
	l->status = 1;
	return 0;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct loop *l = context;
	struct event event = {.kind = EVENT_SHUTDOWN};

	(void)source;
	(void)info;
	if (l->stopping) {
		log_warning(l->log, LOG_OS, "stop: asked twice; exiting at once");
		l->exiting = true;
		l->status = 1;
		return 0;
	}
	l->stopping = true;
	sd_notify(0, "STOPPING=1");
	check(sd_event_add_time_relative(
		  l->event, NULL, CLOCK_MONOTONIC, STOP_TIMEOUT_US, 0, on_stop_timeout, l) >= 0);
	loop_turn(l, &event);
	return 0;
}

static void loop_take_signals(struct loop *l)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	check(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	signal(SIGPIPE, SIG_IGN);
	check(sd_event_add_signal(l->event, NULL, SIGHUP, on_reload, l) >= 0);
	check(sd_event_add_signal(l->event, NULL, SIGTERM, on_stop, l) >= 0);
	check(sd_event_add_signal(l->event, NULL, SIGINT, on_stop, l) >= 0);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int on_netlink(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct loop *l = context;

	(void)source;
	(void)fd;
	(void)revents;
	netlink_readable(l->netlink);
	return 0;
}

static bool loop_open_netlink(struct loop *l)
{
	struct netlink_options options = {.receive_buffer = l->options.netlink_buffer};

	l->netlink = netlink_open(&options);
	if (l->netlink == NULL) {
		log_error(l->log, LOG_OS, "cannot open rtnetlink: %s", strerror(errno));
		return false;
	}
	check(sd_event_add_io(l->event, NULL, netlink_fd(l->netlink), EPOLLIN, on_netlink, l) >= 0);
	return true;
}

struct loop *loop_new(const struct loop_options *options, struct engine *engine)
{
	struct loop *l = mem_new(sizeof(*l));
	struct event_sink sink = {.context = l, .emit = loop_emit};

	l->options = *options;
	l->engine = engine;
	l->log = logger_log(options->logger);
	l->bfd = bfd_process_start(options->sandbox, l->log); /* first: it inherits nothing */
	check(sd_event_new(&l->event) >= 0);
	sd_event_set_watchdog(l->event, true);
	loop_take_signals(l);
	if (!loop_open_netlink(l)) {
		bfd_process_free(l->bfd);
		sd_event_unref(l->event);
		mem_free(l);
		return NULL;
	}
	bfd_process_attach(l->bfd, l->event, &sink);
	l->tcp = tcp_new(l->event, &sink, l->log);
	l->ra = ra_new(l->event, &sink, l->log);
	l->ctl = ctlsock_new(l->event, &sink, l->log, options->socket_path, options->socket_group);
	l->state = statefile_open(options->state_dir, l->log);
	if (options->record_file != NULL)
		l->record = recfile_open(options->record_file, RECFILE_SIZE, l->log);
	return l;
}

/* The engine is done; what it sent last is not. */
static void loop_linger(struct loop *l)
{
	mono_t end = mono_add_ms(clock_now(), LINGER_MS);

	while (tcp_lingering(l->tcp) > 0 && !mono_reached(end, clock_now()))
		if (sd_event_run(l->event, until_us(end)) < 0)
			return;
}

int loop_run(struct loop *l)
{
	loop_start(l);
	loop_state(l);
	tcp_inherit(l->tcp);
	loop_config(l);
	loop_drain(l);
	while (!l->exiting)
		loop_once(l);
	loop_linger(l);
	return l->status;
}

void loop_free(struct loop *l)
{
	recfile_close(l->record);
	statefile_close(l->state);
	ctlsock_free(l->ctl);
	ra_free(l->ra);
	tcp_free(l->tcp);
	bfd_process_free(l->bfd);
	netlink_close(l->netlink);
	sd_event_unref(l->event);
	mem_free(l);
}
