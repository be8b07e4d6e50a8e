/*
 * Where log messages go: standard error or the journal, and a file if the configuration has one.
 */
#pragma once

#include "base/log.h"

enum logger_target { LOGGER_STDERR, LOGGER_JOURNAL };

struct logger;

/* Owned by the caller. `instance` tells several daemons of one host apart in the journal
 * (EVPND_INSTANCE); copied. */
struct logger *logger_new(enum logger_target target, const char *instance);
void logger_free(struct logger *l);

/* Opens the file anew, to append; "": none. What it is not to have (file_level) and what the other
 * output is not to have (level): levels beyond these. */
void logger_file(
    struct logger *l, const char *path, enum log_level file_level, enum log_level level);

/* Never blocks: what standard error does not take at once is dropped and counted. */
void logger_write(struct logger *l, enum log_level level, enum log_topic topic, const char *text);

/* The same as a sink for log_error() and its like; lent, valid as long as the logger. */
struct log *logger_log(struct logger *l);
