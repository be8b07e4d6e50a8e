/*
 * Where log messages go: standard error or the journal.
 */
#pragma once

#include "base/log.h"

enum logger_target { LOGGER_STDERR, LOGGER_JOURNAL };

struct logger;

/* Owned by the caller. `instance` tells several daemons of one host apart in the journal
 * (EVPND_INSTANCE); copied. */
struct logger *logger_new(enum logger_target target, const char *instance);
void logger_free(struct logger *l);

/* Never blocks: what standard error does not take at once is dropped and counted. */
void logger_write(struct logger *l, enum log_level level, enum log_topic topic, const char *text);

/* The same as a sink for log_error() and its like; lent, valid as long as the logger. */
struct log *logger_log(struct logger *l);
