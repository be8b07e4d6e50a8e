/* bench-writer: what the kernel itself takes for the entries that a daemon writes.
 *
 *   bench-writer /run/netns/NAME remote N L    N hosts' three slots on the VXLAN side, L listeners
 * attached bench-writer /run/netns/NAME local N L     N FDB entries on the access port
 *
 * A listener is a process of its own that reads every notification, as the monitor of a daemon
 * must. The time runs from the first message to the last acknowledgement; then each listener must
 * have seen every entry. The same again for the deletion of all. */
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "monitor.h"
#include "stamp.h"

enum {
	LISTENERS_MAX = 4,
	LISTEN_WAIT_MS = 10000,
};

struct job {
	const char *netns;
	enum host_side side;
	uint32_t hosts;
};

static bool kind_written(const struct job *job, enum kernel_kind kind)
{
	return job->side == HOST_REMOTE || kind == KERNEL_FDB;
}

static bool all_seen(const struct monitor *m, const struct job *job, uint32_t left)
{
	for (enum kernel_kind kind = KERNEL_FDB; kind <= KERNEL_NEIGH; kind++)
		if (kind_written(job, kind) && monitor_count(m, kind) != left)
			return false;
	return true;
}

/* Child: reads until `left` entries of each kind are there; a silence before that is a failed run.
 */
static void listen_until(struct monitor *m, const struct job *job, uint32_t left)
{
	struct pollfd ready = {.fd = monitor_fd(m), .events = POLLIN};

	while (!all_seen(m, job, left)) {
		if (poll(&ready, 1, LISTEN_WAIT_MS) != 1)
			errx(1, "listener: notifications are missing");
		monitor_drain(m);
	}
	_exit(0);
}

static void listener_start(const struct job *job, bool deleting)
{
	struct monitor *m = monitor_open(job->netns, job->side);
	pid_t pid;

	if (deleting)
		monitor_assume(m, job->hosts);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0)
		listen_until(m, job, deleting ? 0 : job->hosts);
	monitor_close(m);
}

static void listeners_join(unsigned listeners)
{
	int status;

	for (unsigned i = 0; i < listeners; i++)
		if (wait(&status) < 0 || status != 0)
			errx(1, "a listener failed");
}

static double write_all(struct kernel *k, const struct job *job)
{
	uint64_t from = stamp_now_ns();

	for (uint32_t i = 0; i < job->hosts; i++)
		for (enum kernel_kind kind = KERNEL_FDB; kind <= KERNEL_NEIGH; kind++)
			if (kind_written(job, kind))
				kernel_add(k, kind, (struct host){job->side, i});
	kernel_flush(k);
	return (double)(stamp_now_ns() - from) / 1e9;
}

static double delete_all(struct kernel *k, const struct job *job)
{
	uint64_t from = stamp_now_ns();

	for (uint32_t i = 0; i < job->hosts; i++)
		for (enum kernel_kind kind = KERNEL_FDB; kind <= KERNEL_NEIGH; kind++)
			if (kind_written(job, kind))
				kernel_delete(k, kind, (struct host){job->side, i});
	kernel_flush(k);
	return (double)(stamp_now_ns() - from) / 1e9;
}

int main(int argc, char **argv)
{
	struct job job;
	struct kernel *k;
	unsigned listeners;
	double seconds, delete_seconds;

	if (argc != 5)
		errx(2, "usage: bench-writer /run/netns/NAME remote|local HOSTS LISTENERS");
	job.netns = argv[1];
	job.side = strcmp(argv[2], "local") == 0 ? HOST_LOCAL : HOST_REMOTE;
	job.hosts = (uint32_t)strtoul(argv[3], NULL, 10);
	listeners = (unsigned)strtoul(argv[4], NULL, 10);
	if (job.hosts > HOST_MAX || listeners > LISTENERS_MAX)
		errx(2, "at most %d hosts, %d listeners", HOST_MAX, LISTENERS_MAX);
	k = kernel_open(job.netns);
	for (unsigned i = 0; i < listeners; i++)
		listener_start(&job, false);
	seconds = write_all(k, &job);
	listeners_join(listeners);
	for (unsigned i = 0; i < listeners; i++)
		listener_start(&job, true);
	delete_seconds = delete_all(k, &job);
	listeners_join(listeners);
	printf("{\"seconds\":%.4f,\"delete_seconds\":%.4f}\n", seconds, delete_seconds);
	kernel_close(k);
	return 0;
}
