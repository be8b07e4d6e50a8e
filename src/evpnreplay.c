/*
 * evpnreplay: runs the events of a flight record through a fresh engine and compares the actions
 * with those recorded, byte for byte.
 *
 * usage: evpnreplay [-v] FILE
 * Exit status: 0 the same to the end, 1 different or unreadable, 2 wrong usage.
 *
 * The last turn of a record may be cut short (the daemon was killed, the file was full): what is
 * missing at the very end is not a difference.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "engine.h"
#include "record/record.h"

#define ACTION_MAX ((size_t)64 << 20)

struct replay {
	struct engine *engine;
	struct arena arena;
	struct reader reader;
	uint8_t *action; /* encoded, of ACTION_MAX bytes */
	uint64_t turns, actions;
	mono_t at; /* of the turn */
	bool verbose;
};

static const char *action_name(enum action_kind kind)
{
	static const char *const names[] = {[ACTION_KERNEL_DUMP] = "kernel dump",
	    [ACTION_KERNEL_OP] = "kernel operation",
	    [ACTION_STATE_APPEND] = "state append",
	    [ACTION_STATE_RESET] = "state reset",
	    [ACTION_PEER_LISTEN] = "listen",
	    [ACTION_PEER_CONNECT] = "connect",
	    [ACTION_PEER_OPTIONS] = "socket options",
	    [ACTION_PEER_AUTH] = "keys",
	    [ACTION_PEER_SEND] = "send",
	    [ACTION_PEER_CLOSE] = "close",
	    [ACTION_RA_WATCH] = "watch router advertisements",
	    [ACTION_RA_SEND] = "send router advertisement",
	    [ACTION_BFD] = "BFD order",
	    [ACTION_CTL_REPLY] = "control reply",
	    [ACTION_LOG] = "log",
	    [ACTION_LOG_FILE] = "log file",
	    [ACTION_READY] = "ready",
	    [ACTION_EXIT] = "exit"};

	return names[kind];
}

static const char *event_name(enum event_kind kind)
{
	static const char *const names[] = {[EVENT_START] = "start",
	    [EVENT_STATE] = "state",
	    [EVENT_CONFIG] = "config",
	    [EVENT_TIMER] = "timer",
	    [EVENT_KERNEL] = "kernel",
	    [EVENT_KERNEL_RESULT] = "kernel result",
	    [EVENT_PEER_CONNECTED] = "connected",
	    [EVENT_PEER_ACCEPTED] = "accepted",
	    [EVENT_PEER_BYTES] = "bytes",
	    [EVENT_PEER_DRAINED] = "drained",
	    [EVENT_PEER_CLOSED] = "closed",
	    [EVENT_RA] = "router advertisement",
	    [EVENT_BFD] = "BFD report",
	    [EVENT_CTL_REQUEST] = "control request",
	    [EVENT_CTL_CLOSED] = "control closed",
	    [EVENT_SHUTDOWN] = "shutdown"};

	return names[kind];
}

static void print_bytes(const char *what, const uint8_t *bytes, size_t size)
{
	printf("  %s (%zu bytes):", what, size);
	for (size_t i = 0; i < size && i < 512; i++)
		printf("%s%02x", i % 32 == 0 ? "\n    " : "", bytes[i]);
	printf("\n");
}

static bool differ(const struct replay *r, const char *what)
{
	printf("turn %" PRIu64 " at %" PRId64 " ns, action %" PRIu64 ": %s\n", r->turns, r->at.ns,
	    r->actions, what);
	return false;
}

/* The engine's next action against a recorded one (without its length). */
static bool compare_action(struct replay *r, const struct record *record)
{
	struct writer w = writer_to(r->action, ACTION_MAX);
	struct action action;

	if (!engine_next_action(r->engine, &action)) {
		differ(r, "recorded, not replayed");
		print_bytes(action_name(record->action.kind), record->bytes, record->size);
		return false;
	}
	check(record_write_action(&w, &action));
	r->actions++;
	if (writer_size(&w) - 4 == record->size &&
	    memcmp(r->action + 4, record->bytes, record->size) == 0)
		return true;
	differ(r, "different");
	print_bytes(action_name(record->action.kind), record->bytes, record->size);
	print_bytes(action_name(action.kind), r->action + 4, writer_size(&w) - 4);
	return false;
}

/* Nothing may be left of the turn that ends here. */
static bool end_turn(struct replay *r)
{
	struct action action;

	if (!engine_next_action(r->engine, &action))
		return true;
	differ(r, "replayed, not recorded");
	printf("  %s\n", action_name(action.kind));
	return false;
}

static bool begin_turn(struct replay *r, const struct record *record)
{
	if (!end_turn(r))
		return false;
	r->turns++;
	r->actions = 0;
	r->at = record->at;
	if (r->verbose)
		printf("turn %" PRIu64 " at %" PRId64 " ns: %s\n", r->turns, r->at.ns,
		    event_name(record->event.kind));
	engine_handle(r->engine, &record->event, record->at);
	return true;
}

static bool replay_run(struct replay *r)
{
	struct record record;
	bool same = true;

	while (same) {
		arena_reset(&r->arena);
		switch (record_read(&r->reader, &r->arena, &record)) {
		case RECORD_END:
			return true;
		case RECORD_BROKEN:
			return differ(r, "the record is broken behind this");
		case RECORD_EVENT:
			same = begin_turn(r, &record);
			break;
		case RECORD_ACTION:
			same = compare_action(r, &record);
			break;
		}
	}
	return false;
}

static int replay_bytes(const uint8_t *bytes, size_t size, bool verbose)
{
	struct replay r = {.engine = engine_new(),
	    .reader = reader_from(bytes, size),
	    .action = mem_new(ACTION_MAX),
	    .verbose = verbose};
	bool same = record_read_header(&r.reader);

	if (!same)
		printf("not a flight record of this version\n");
	else
		same = replay_run(&r);
	if (same)
		printf("%" PRIu64 " turns replayed: the same\n", r.turns);
	engine_free(r.engine);
	arena_fini(&r.arena);
	mem_free(r.action);
	return same ? 0 : 1;
}

int main(int argc, char **argv)
{
	bool verbose = argc == 3 && strcmp(argv[1], "-v") == 0;
	struct stat st;
	void *bytes;
	int fd;

	if (argc != (verbose ? 3 : 2) || (argv[1][0] == '-' && !verbose)) {
		fprintf(stderr, "usage: evpnreplay [-v] FILE\n");
		return 2;
	}
	fd = open(argv[argc - 1], O_RDONLY | O_CLOEXEC);
	bytes = MAP_FAILED;
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED) {
		fprintf(stderr, "evpnreplay: %s: %s\n", argv[argc - 1], strerror(errno));
		return 1;
	}
	return replay_bytes(bytes, (size_t)st.st_size, verbose);
}
