/*
 * Statements about the daemon itself: profile, names, logging, debug topics.
 */
#include "base/mem.h"
#include "config/loading.h"

#include <stdio.h>
#include <string.h>

/* FRR 8.4: profile datacenter, as it is compiled in. The traditional values are set at the start
 * of the load. */
void on_defaults(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->datacenter = strcmp(w->word[2], "datacenter") == 0;
	if (!l->datacenter)
		return;
	l->keepalive_s = 3;
	l->hold_s = 9;
	l->c->bgp.ebgp_requires_policy = false;
	l->c->bgp.log_neighbor_changes = true;
	l->c->bgp.deterministic_med = true;
}

void on_hostname(struct loading *l, const struct statement *s, const struct words *w)
{
	if (strlen(w->word[1]) >= sizeof(l->c->hostname)) {
		loading_report(l, s, false, NULL, "the hostname is longer than 63 characters");
		return;
	}
	snprintf(l->c->hostname, sizeof(l->c->hostname), "%s", w->word[1]);
	snprintf(l->c->bgp.hostname, sizeof(l->c->bgp.hostname), "%s", w->word[1]);
}

static enum log_level level_from(const char *word)
{
	static const char *const errors[] = {"emergencies", "alerts", "critical", "errors"};

	if (strcmp(word, "debugging") == 0)
		return LOG_LEVEL_DEBUG;
	if (strcmp(word, "warnings") == 0)
		return LOG_LEVEL_WARNING;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(word, errors[i]) == 0)
			return LOG_LEVEL_ERROR;
	return LOG_LEVEL_INFO;
}

/* `log syslog LEVEL`: messages below it are not written, debug messages included. */
void on_log(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->c->log_level = level_from(w->count > 2 ? w->word[2] : "debugging");
}

void on_log_file(struct loading *l, const struct statement *s, const struct words *w)
{
	if (w->word[2][0] != '/' || strlen(w->word[2]) >= sizeof(l->c->log_file)) {
		loading_report(l, s, false, NULL,
		    "`%.80s` is not a file name from `/` on, of up to 255 characters", w->word[2]);
		return;
	}
	snprintf(l->c->log_file, sizeof(l->c->log_file), "%s", w->word[2]);
	l->c->log_file_level = level_from(w->count > 3 ? w->word[3] : "debugging");
}

static void topic_on(struct loading *l, enum log_topic topic)
{
	l->c->debug_topics |= 1u << topic;
}

void on_debug_kernel(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	(void)w;
	topic_on(l, LOG_KERNEL);
}

void on_debug_evpn(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	(void)w;
	topic_on(l, LOG_EVPN);
}

void on_debug_bgp_updates(struct loading *l, const struct statement *s, const struct words *w)
{
	const char *way = w->count > 3 ? w->word[3] : "";

	(void)s;
	if (strcmp(way, "out") != 0)
		topic_on(l, LOG_BGP_UPDATE_IN);
	if (strcmp(way, "in") != 0)
		topic_on(l, LOG_BGP_UPDATE_OUT);
}

void on_debug_bgp(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	(void)w;
	topic_on(l, LOG_BGP);
}

void on_debug_bfd(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	(void)w;
	topic_on(l, LOG_BFD);
}

void on_router_id(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	ip_parse(w->word[w->count - 1], &l->router_id);
}
