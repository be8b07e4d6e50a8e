/*
 * Log sink: the core says things, os/ writes them. A message has a level and a topic; debug
 * messages are made only while their topic is switched on (`debug …` statements).
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_topic {
	LOG_CONFIG,
	LOG_BGP,	    /* sessions */
	LOG_BGP_UPDATE_IN,  /* debug bgp updates in */
	LOG_BGP_UPDATE_OUT, /* debug bgp updates out */
	LOG_EVPN,	    /* mobility decisions */
	LOG_KERNEL,	    /* debug zebra kernel: each kernel message received and sent */
	LOG_BFD,	    /* sessions of peers; debug bfd: what the speaker reports */
	LOG_CTL,
	LOG_OS, /* sockets, files, privileges */
	LOG_TOPICS
};

struct log {
	void *context;
	/* `text` is lent for the call, without newline. */
	void (*write)(void *context, enum log_level level, enum log_topic topic, const char *text);
	uint32_t debug_topics; /* bit per enum log_topic */
};

static inline bool log_debugs(const struct log *log, enum log_topic topic)
{
	return (log->debug_topics >> topic & 1) != 0;
}

__attribute__((format(printf, 4, 5))) void log_write(
    struct log *log, enum log_level level, enum log_topic topic, const char *format, ...);

#define log_error(log, topic, ...) log_write(log, LOG_LEVEL_ERROR, topic, __VA_ARGS__)
#define log_warning(log, topic, ...) log_write(log, LOG_LEVEL_WARNING, topic, __VA_ARGS__)
#define log_info(log, topic, ...) log_write(log, LOG_LEVEL_INFO, topic, __VA_ARGS__)
/* Arguments are not evaluated while the topic is off. */
#define log_debug(log, topic, ...)                                                                 \
	do {                                                                                       \
		if (log_debugs(log, topic))                                                        \
			log_write(log, LOG_LEVEL_DEBUG, topic, __VA_ARGS__);                       \
	} while (0)

/* "config", "bgp", "bgp-update-in", …: stable, for structured logs. */
const char *log_topic_name(enum log_topic topic);
