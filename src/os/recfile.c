/*
 * The recorder's file is mapped into memory: recording is a copy, costs no system call, and what
 * was recorded survives an abort or SIGKILL in the page cache. The blocks are allocated at the
 * start, so a full file system is an error of open, not a SIGBUS in flight.
 */
#include "os/recfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "record/record.h"

struct recfile {
	struct log *log;
	struct writer writer; /* over the mapping */
	size_t size;
	int fd;
	bool full;
};

/* 0 or an errno. */
static int recfile_map(struct recfile *r, const char *path, size_t size)
{
	void *bytes;
	int error;

	r->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (r->fd < 0)
		return errno;
	error = posix_fallocate(r->fd, 0, (off_t)size);
	if (error != 0)
		return error;
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (bytes == MAP_FAILED)
		return errno;
	r->writer = writer_to(bytes, size);
	r->size = size;
	record_write_header(&r->writer);
	return 0;
}

struct recfile *recfile_open(const char *path, size_t size, struct log *log)
{
	struct recfile *r = mem_new(sizeof(*r));
	int error;

	r->log = log;
	error = recfile_map(r, path, size);
	if (error == 0)
		return r;
	log_warning(log, LOG_OS, "no flight record %s: %s", path, strerror(error));
	if (r->fd >= 0)
		close(r->fd);
	mem_free(r);
	return NULL;
}

void recfile_close(struct recfile *r)
{
	if (r == NULL)
		return;
	if (ftruncate(r->fd, (off_t)writer_size(&r->writer)) != 0)
		log_warning(r->log, LOG_OS, "flight record: %s", strerror(errno));
	munmap(r->writer.start, r->size);
	close(r->fd);
	mem_free(r);
}

static void recfile_written(struct recfile *r, bool written)
{
	if (written)
		return;
	r->full = true;
	log_warning(r->log, LOG_OS, "flight record: %zu bytes are full; recording ends", r->size);
}

void recfile_event(struct recfile *r, const struct event *event, mono_t now)
{
	if (r != NULL && !r->full)
		recfile_written(r, record_write_event(&r->writer, event, now));
}

void recfile_action(struct recfile *r, const struct action *action)
{
	if (r != NULL && !r->full)
		recfile_written(r, record_write_action(&r->writer, action));
}
