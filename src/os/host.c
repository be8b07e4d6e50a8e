/*
 * Facts about this machine. They enter the engine once, with EVENT_START, so that a record of the
 * events needs nothing else of the machine to be replayed.
 */
#include "os/host.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "os/clock.h"

static void host_read_line(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	to[0] = '\0';
	if (fd < 0)
		return;
	n = read(fd, to, size - 1);
	close(fd);
	to[n > 0 ? n : 0] = '\0';
	to[strcspn(to, "\n")] = '\0';
}

void host_describe(struct event_start *start)
{
	struct stat netns;

	check(getrandom(&start->seed, sizeof(start->seed), 0) == sizeof(start->seed));
	start->wall_offset_ns = clock_wall_offset_ns();
	if (gethostname(start->hostname, sizeof(start->hostname)) != 0)
		start->hostname[0] = '\0';
	start->hostname[sizeof(start->hostname) - 1] = '\0';
	host_read_line("/proc/sys/kernel/random/boot_id", start->boot_id, sizeof(start->boot_id));
	start->netns = stat("/proc/self/ns/net", &netns) == 0 ? netns.st_ino : 0;
}
