/*
 * The state file. Appends of one turn are gathered and leave in one write(), before any later
 * action of that turn is executed: a slot is in the file before it is in the kernel.
 *
 * Not synced to the disk: the file has to survive the daemon, not the machine (its default place
 * is a tmpfs, and it is keyed by boot id). A torn tail after a crash in mid-write is the
 * reader's business, which checks every record.
 *
 * A write that fails (a full file system) is tried again with the next one. Until it is done the
 * file ends in a byte that begins no record: what it tells is true, and not all, which the reader
 * must see.
 *
 * The lock is on a file of its own, because a reset replaces the state file by another inode.
 */
#include "os/statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/path.h"

#define STATE_MAX ((off_t)256 << 20)
/* So much waits for a write to succeed; beyond that the file is given up until the next reset. */
#define PENDING_MAX ((size_t)4 << 20)

struct statefile {
	struct log *log;
	int dir;      /* -1 none */
	int lock;     /* -1 none */
	int file;     /* -1: not writable */
	bool failing; /* the last write failed: said once, not each time */
	off_t good;   /* bytes of whole records; the rest is that of a failure */
	struct str pending;
};

static void statefile_warn(struct statefile *s, const char *what, const char *path)
{
	log_warning(s->log, LOG_OS,
	    "state file: cannot %s %s: %s; a restart will go by marks alone", what, path,
	    strerror(errno));
}

static bool statefile_lock(struct statefile *s)
{
	s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return s->lock >= 0 && flock(s->lock, LOCK_EX | LOCK_NB) == 0;
}

static int statefile_open_file(struct statefile *s, const char *name, int flags)
{
	return openat(s->dir, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0600);
}

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_size : 0;
}

struct statefile *statefile_open(const char *dir, struct log *log)
{
	struct statefile *s = mem_new(sizeof(*s));

	*s = (struct statefile){.log = log, .dir = -1, .lock = -1, .file = -1};
	if (!path_make_dir(dir, 0755) ||
	    (s->dir = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC)) < 0) {
		statefile_warn(s, "open directory", dir);
		return s;
	}
	if (!statefile_lock(s)) {
		statefile_warn(s, "lock", dir);
		return s;
	}
	s->file = statefile_open_file(s, "state", 0);
	if (s->file < 0)
		statefile_warn(s, "open state in", dir);
	else
		s->good = size_of(s->file);
	return s;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void statefile_close(struct statefile *s)
{
	statefile_flush(s);
	close_if_open(s->file);
	close_if_open(s->lock);
	close_if_open(s->dir);
	str_fini(&s->pending);
	mem_free(s);
}

bool statefile_writable(const struct statefile *s)
{
	return s->file >= 0;
}

static size_t read_all(int fd, uint8_t *to, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, to + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

uint8_t *statefile_read(struct statefile *s, size_t *size)
{
	struct stat st;
	uint8_t *bytes;

	*size = 0;
	if (s->file < 0 || fstat(s->file, &st) != 0 || st.st_size == 0)
		return NULL;
	if (st.st_size > STATE_MAX) {
		log_warning(s->log, LOG_OS, "state file: %lld bytes are too many; ignored",
		    (long long)st.st_size);
		return NULL;
	}
	bytes = mem_new((size_t)st.st_size);
	*size = read_all(s->file, bytes, (size_t)st.st_size);
	return bytes;
}

void statefile_append(struct statefile *s, const uint8_t *bytes, size_t size)
{
	if (s->file >= 0)
		str_add_bytes(&s->pending, bytes, size);
}

static bool write_all(int fd, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

/* Says the first failure of a row of failures. */
static void statefile_result(struct statefile *s, bool done)
{
	if (!done && !s->failing)
		log_error(s->log, LOG_OS, "state file: cannot write: %s", strerror(errno));
	s->failing = !done;
}

static bool statefile_cut(struct statefile *s, off_t size)
{
	s->good = size;
	return ftruncate(s->file, size) == 0;
}

/* It does not tell all. Without a head it tells nothing. */
static void statefile_spoil(struct statefile *s)
{
	static const uint8_t no_record = 0xff;

	if (s->pending.size > PENDING_MAX) {
		str_clear(&s->pending);
		statefile_cut(s, 0);
	}
	if (!statefile_cut(s, s->good) || !write_all(s->file, &no_record, 1))
		statefile_cut(s, 0);
}

void statefile_flush(struct statefile *s)
{
	bool done;

	if (s->file < 0 || s->pending.size == 0)
		return;
	done = (!s->failing || statefile_cut(s, s->good)) &&
	       write_all(s->file, s->pending.text, s->pending.size);
	statefile_result(s, done);
	if (done) {
		s->good += (off_t)s->pending.size;
		str_clear(&s->pending);
	} else {
		statefile_spoil(s);
	}
}

static bool statefile_replace(struct statefile *s, const uint8_t *bytes, size_t size)
{
	int fresh = statefile_open_file(s, "state.new", O_TRUNC);

	if (fresh < 0 || !write_all(fresh, bytes, size) ||
	    renameat(s->dir, "state.new", s->dir, "state") != 0) {
		close_if_open(fresh);
		unlinkat(s->dir, "state.new", 0);
		return false;
	}
	close(s->file);
	s->file = fresh;
	return true;
}

/* Where there is no room for both, the old one makes room. */
void statefile_reset(struct statefile *s, const uint8_t *bytes, size_t size)
{
	bool done;

	if (s->file < 0)
		return;
	str_clear(&s->pending);
	done = statefile_replace(s, bytes, size) ||
	       (statefile_cut(s, 0) && write_all(s->file, bytes, size));
	statefile_result(s, done);
	statefile_cut(s, done ? (off_t)size : 0);
}
