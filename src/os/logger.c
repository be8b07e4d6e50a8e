/*
 * Log output. To standard error one line per message with its time; to the journal structured
 * fields: MESSAGE, PRIORITY, EVPND_TOPIC (names of log_topic_name()), EVPND_INSTANCE. Where there
 * is no journal they go to standard error.
 *
 * A log must never stop the daemon: standard error may be a pipe that nobody reads. It is asked
 * whether it has room before each line; without room the line is dropped, and the next line that
 * finds room says how many were lost. The file of `log file` gets what standard error would get; a
 * full disk loses lines, and is no reason to stop.
 */
#include "os/logger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

struct logger {
	struct log log;
	enum logger_target target;
	char *instance;
	uint64_t lost;
	struct str line;
	int file; /* -1: none */
	uint64_t file_lost;
	enum log_level level, file_level;
};

#define LINE_MAX_BYTES 8192
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static int level_priority(enum log_level level)
{
	static const int priorities[] = {[LOG_LEVEL_ERROR] = LOG_ERR,
	    [LOG_LEVEL_WARNING] = LOG_WARNING,
	    [LOG_LEVEL_INFO] = LOG_INFO,
	    [LOG_LEVEL_DEBUG] = LOG_DEBUG};

	return priorities[level];
}

static const char *level_name(enum log_level level)
{
	static const char *const names[] = {[LOG_LEVEL_ERROR] = "error",
	    [LOG_LEVEL_WARNING] = "warning",
	    [LOG_LEVEL_INFO] = "info",
	    [LOG_LEVEL_DEBUG] = "debug"};

	return names[level];
}

static void line_begin(struct str *line)
{
	struct timespec t;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	str_clear(line);
	str_addf(line, "%s.%06ldZ ", text, t.tv_nsec / 1000);
}

static bool stderr_has_room(void)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

/* One line to `fd`; *lost counts those that it did not take. */
static void line_write(struct logger *l, int fd, uint64_t *lost, enum log_level level,
    enum log_topic topic, const char *text)
{
	size_t size;

	line_begin(&l->line);
	if (*lost > 0)
		str_addf(&l->line, "(%llu messages lost) ", (unsigned long long)*lost);
	str_addf(&l->line, "%s: %s: %s", log_topic_name(topic), level_name(level), text);
	/* A pipe with room takes PIPE_BUF bytes at once; longer lines are cut to what fits. */
	size = l->line.size < LINE_MAX_BYTES ? l->line.size : LINE_MAX_BYTES - 1;
	l->line.text[size] = '\n';
	*lost = write(fd, l->line.text, size + 1) < 0 ? *lost + 1 : 0;
}

static void stderr_write(
    struct logger *l, enum log_level level, enum log_topic topic, const char *text)
{
	if (stderr_has_room())
		line_write(l, STDERR_FILENO, &l->lost, level, topic, text);
	else
		l->lost++;
}

/* sd_journal_send() succeeds where there is no journal. */
static bool journal_write(
    struct logger *l, enum log_level level, enum log_topic topic, const char *text)
{
	return access(JOURNAL_SOCKET, F_OK) == 0 &&
	       sd_journal_send("MESSAGE=%s", text, "PRIORITY=%d", level_priority(level),
		   "EVPND_TOPIC=%s", log_topic_name(topic), "EVPND_INSTANCE=%s", l->instance,
		   "SYSLOG_IDENTIFIER=evpnd", NULL) == 0;
}

void logger_write(struct logger *l, enum log_level level, enum log_topic topic, const char *text)
{
	if (l->file >= 0 && level <= l->file_level)
		line_write(l, l->file, &l->file_lost, level, topic, text);
	if (l->file >= 0 && level > l->level)
		return;
	if (l->target == LOGGER_JOURNAL && journal_write(l, level, topic, text))
		return;
	stderr_write(l, level, topic, text);
}

/* Only an ordinary file: anything else could make us wait. */
static int file_open(const char *path)
{
	int fd =
	    open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

void logger_file(
    struct logger *l, const char *path, enum log_level file_level, enum log_level level)
{
	if (l->file >= 0)
		close(l->file);
	l->file = -1;
	l->file_level = file_level;
	l->level = level;
	if (path[0] == '\0')
		return;
	l->file = file_open(path);
	if (l->file < 0)
		log_error(&l->log, LOG_OS, "log file %s: %s", path, strerror(errno));
}

static void logger_sink(void *context, enum log_level level, enum log_topic topic, const char *text)
{
	logger_write(context, level, topic, text);
}

struct log *logger_log(struct logger *l)
{
	return &l->log;
}

struct logger *logger_new(enum logger_target target, const char *instance)
{
	struct logger *l = mem_new(sizeof(*l));

	l->target = target;
	l->file = -1;
	l->instance = mem_strdup(instance);
	l->log = (struct log){.context = l, .write = logger_sink};
	return l;
}

void logger_free(struct logger *l)
{
	if (l->file >= 0)
		close(l->file);
	str_fini(&l->line);
	mem_free(l->instance);
	mem_free(l);
}
