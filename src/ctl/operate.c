/*
 * What an operator, or a hook of an orchestrator, does: audits, releases, duplicates cleared.
 */
#include "ctl/command.h"

struct row {
	const char *key, *text;
	uint64_t value;
};

static void rows_text(struct command *k, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		str_addf(k->out, "%-55s %10llu\n", rows[i].text, (unsigned long long)rows[i].value);
}

static void when_text(struct command *k, const char *what, mono_t at)
{
	char clock[CLOCK_TEXT_MAX];

	if (at.ns != INT64_MAX)
		str_addf(k->out, "%s: %s\n", what, clock_text(k->c, at, clock));
}

static void audit_text(struct command *k, const struct audit *a)
{
	str_addf(k->out, "State: %s\n", audit_phase_text(a->phase));
	if (a->interval_s == 0)
		str_add(k->out, "Interval: on demand only\n");
	else
		str_addf(k->out, "Interval: %u s\n", a->interval_s);
	when_text(k, "Last begun", a->stats.began);
	when_text(k, "Last ended", a->stats.ended);
	when_text(k, "Next", a->next);
	str_addf(k->out, "Dumps of the last one took: %lld ms\n", (long long)a->stats.dump_ms);
}

static void audit_json(struct command *k, const struct audit *a, struct json_object *o)
{
	json_add_text(o, "state", audit_phase_text(a->phase));
	json_add_number(o, "intervalSeconds", a->interval_s);
	if (a->next.ns != INT64_MAX)
		json_add_number(o, "nextInMsecs", mono_ms_between(k->c->now, a->next));
	if (a->stats.ended.ns != INT64_MAX)
		json_add_number(o, "endedBeforeMsecs", mono_ms_between(a->stats.ended, k->c->now));
	json_add_number(o, "lastDumpMsecs", a->stats.dump_ms);
}

enum ctl_outcome show_audit(struct command *k)
{
	const struct evpn_counters *n = evpn_counters(k->c->evpn);
	const struct audit *a = k->c->audit;
	const struct row rows[] = {
	    {"runs", "audits", a->stats.runs},
	    {"brokenOff", "broken off by a netlink overrun", a->stats.broken_off},
	    {"rows", "rows compared", a->stats.rows},
	    {"reads", "slots read singly", a->stats.reads},
	    {"unsure", "flood entries left for the next one", a->stats.unsure},
	    {"kernelDifferences", "differences that the kernel had not told",
		n->kernel.audit_kernel},
	    {"desiredDifferences", "differences that nobody had acted on",
		n->kernel.audit_desired + k->c->fib_differences},
	};
	struct json_object *o;

	if (!k->json) {
		audit_text(k, a);
		rows_text(k, rows, sizeof(rows) / sizeof(rows[0]));
		return CTL_ACCEPTED;
	}
	o = json_object_new_object();
	audit_json(k, a, o);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		json_add_number(o, rows[i].key, (int64_t)rows[i].value);
	return command_json(k, o);
}

enum ctl_outcome audit_now(struct command *k)
{
	if (!mirror_is_synced(k->c->mirror) || mirror_is_stale(k->c->mirror))
		return command_refuse(k, "The kernel's tables are being read anyway");
	if (!audit_demand(k->c->audit, k->c->now))
		return command_refuse(k, "An audit is under way");
	str_add(k->out, "Begun; `show evpn audit` has the outcome\n");
	return CTL_ACCEPTED;
}

#define RELEASE_S 10

enum ctl_outcome release_mac(struct command *k)
{
	const char *word = command_word(k, "for");
	uint32_t seconds = RELEASE_S;
	struct mac mac = {0};
	unsigned count;

	mac_parse(k->w->word[2], &mac);
	if (word != NULL)
		word_number(word, 1, 300, &seconds);
	count = evpn_release(k->c->evpn, &mac, command_vni(k), seconds, k->c->now);
	if (count == 0)
		return command_refuse(
		    k, "%s is here, or unknown: nothing to release", k->w->word[2]);
	str_addf(k->out, "%s is released for %u s in %u VNI%s\n", k->w->word[2], seconds, count,
	    count == 1 ? "" : "s");
	return CTL_ACCEPTED;
}

enum ctl_outcome clear_duplicates(struct command *k)
{
	const char *mac_word = command_word(k, "mac"), *ip_word = command_word(k, "ip");
	struct mac mac = {0};
	struct ip ip = {0};
	unsigned count;

	if (mac_word != NULL)
		mac_parse(mac_word, &mac);
	if (ip_word != NULL)
		ip_parse(ip_word, &ip);
	count = evpn_clear_duplicates(k->c->evpn, command_vni(k), mac_word != NULL ? &mac : NULL,
	    ip_word != NULL ? &ip : NULL, k->c->now);
	if (count == 0 && (mac_word != NULL || ip_word != NULL))
		return command_refuse(
		    k, "%s is not detected as a duplicate", mac_word != NULL ? mac_word : ip_word);
	str_addf(k->out, "%u cleared\n", count);
	return CTL_ACCEPTED;
}
