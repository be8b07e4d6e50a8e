/*
 * Log sink: formatting only.
 */
#include "base/log.h"

#include "base/str.h"

void log_write(struct log *log, enum log_level level, enum log_topic topic, const char *format, ...)
{
	struct str text = {0};
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	log->write(log->context, level, topic, str_text(&text));
	str_fini(&text);
}

const char *log_topic_name(enum log_topic topic)
{
	static const char *const names[LOG_TOPICS] = {[LOG_CONFIG] = "config",
	    [LOG_BGP] = "bgp",
	    [LOG_BGP_UPDATE_IN] = "bgp-update-in",
	    [LOG_BGP_UPDATE_OUT] = "bgp-update-out",
	    [LOG_EVPN] = "evpn",
	    [LOG_KERNEL] = "kernel",
	    [LOG_BFD] = "bfd",
	    [LOG_CTL] = "ctl",
	    [LOG_OS] = "os"};

	return names[topic];
}
