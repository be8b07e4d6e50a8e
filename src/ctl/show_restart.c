/*
 * show bgp … neighbors graceful-restart: laid out as FRR 8.4 prints it, JSON in its field names.
 * All negotiated families are shown whatever family the command names. What FRR has no word for
 * comes under names of our own: `retained` is what is kept of a peer that is not there.
 */
#include "ctl/command.h"

static const char *mode_text(enum graceful_restart mode)
{
	switch (mode) {
	case GRACEFUL_RESTART_HELPER:
		return "Helper";
	case GRACEFUL_RESTART_OFF:
		return "Disable";
	case GRACEFUL_RESTART_ON:
		return "Restart";
	}
	return "";
}

static const char *remote_mode_text(const struct bgp_restart_view *v)
{
	if (!v->established)
		return "NotApplicable";
	return !v->remote ? "Disable" : v->remote_families ? "Restart" : "Helper";
}

static const char *retention_text(enum retention retention)
{
	switch (retention) {
	case RETENTION_NONE:
		return "none";
	case RETENTION_STALE:
		return "stale";
	case RETENTION_LLGR:
		return "long-lived";
	}
	return "";
}

/* Rounded up: what is shown as 0 is over. False: the timer does not run. */
static bool left_s(const struct command *k, mono_t end, int64_t *s)
{
	*s = end.ns == MONO_NEVER.ns ? 0 : (mono_ms_between(k->c->now, end) + 999) / 1000;
	return end.ns != MONO_NEVER.ns;
}

static const struct restart_settings *settings_of(const struct command *k)
{
	return &k->c->config->bgp.restart;
}

static bool shown(const struct bgp_restart_view *v, enum bgp_family f)
{
	return v->family[f].negotiated || v->family[f].retention != RETENTION_NONE;
}

/* ---- text ---- */

static void family_text(struct command *k, const struct bgp_restart_view *v, enum bgp_family f)
{
	static const char *const yes[] = {"No", "Yes"};
	int64_t s;

	str_addf(k->out,
	    "    %s:\n      F bit: %s\n      End-of-RIB sent: %s\n      End-of-RIB received: %s\n",
	    bgp_family_name(f), v->family[f].forwarding_kept ? "True" : "False",
	    yes[v->family[f].end_of_rib_sent], yes[v->family[f].end_of_rib_received]);
	if (v->family[f].retention != RETENTION_NONE)
		str_addf(k->out, "      Retained: %s\n", retention_text(v->family[f].retention));
	str_addf(k->out, "      Timers:\n        Configured Stale Path Time(sec): %u\n",
	    settings_of(k)->stalepath_s);
	if (v->family[f].retention == RETENTION_STALE && left_s(k, v->stale_end, &s))
		str_addf(k->out, "        Stale Path Remaining(sec): %lld\n", (long long)s);
	if (left_s(k, v->family[f].long_lived_end, &s))
		str_addf(k->out, "        Long-lived Stale Remaining(sec): %lld\n", (long long)s);
}

void restart_text(struct command *k, const struct bgp_restart_view *v)
{
	int64_t s;

	str_addf(k->out,
	    "    Local GR Mode: %s%s\n    Remote GR Mode: %s\n    R bit: %s\n"
	    "    N bit: %s\n    Timers:\n      Configured Restart Time(sec): %u\n"
	    "      Received Restart Time(sec): %u\n",
	    mode_text(v->mode), v->own_mode ? "" : "*", remote_mode_text(v),
	    v->restarting ? "True" : "False", v->notification ? "True" : "False",
	    settings_of(k)->restart_s, v->remote_restart_s);
	if (left_s(k, v->back_by, &s))
		str_addf(k->out, "      Restart Time Remaining(sec): %lld\n", (long long)s);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		if (shown(v, f))
			family_text(k, v, f);
}

/* ---- JSON ---- */

static struct json_object *family_json(
    const struct command *k, const struct bgp_restart_view *v, enum bgp_family f)
{
	struct json_object *o = json_object_new_object(), *status = json_object_new_object(),
			   *timers = json_object_new_object();
	int64_t s;

	json_add_bool(o, "fBit", v->family[f].forwarding_kept);
	json_add_bool(status, "endOfRibSend", v->family[f].end_of_rib_sent);
	json_add_bool(status, "endOfRibRecv", v->family[f].end_of_rib_received);
	json_object_object_add(o, "endOfRibStatus", status);
	json_add_text(o, "retained", retention_text(v->family[f].retention));
	json_add_number(timers, "stalePathTimer", settings_of(k)->stalepath_s);
	if (v->family[f].retention == RETENTION_STALE && left_s(k, v->stale_end, &s))
		json_add_number(timers, "stalePathTimerRemaining", s);
	if (left_s(k, v->family[f].long_lived_end, &s))
		json_add_number(timers, "longLivedTimerRemaining", s);
	json_object_object_add(o, "timers", timers);
	return o;
}

void restart_json(const struct command *k, const struct bgp_restart_view *v, struct json_object *o)
{
	struct json_object *timers = json_object_new_object();
	struct str mode = {0};
	int64_t s;

	str_addf(&mode, "%s%s", mode_text(v->mode), v->own_mode ? "" : "*");
	json_add_text(o, "localGrMode", str_text(&mode));
	str_fini(&mode);
	json_add_text(o, "remoteGrMode", remote_mode_text(v));
	json_add_bool(o, "rBit", v->restarting);
	json_add_bool(o, "nBit", v->notification);
	json_add_number(timers, "configuredRestartTimer", settings_of(k)->restart_s);
	json_add_number(timers, "receivedRestartTimer", v->remote_restart_s);
	if (left_s(k, v->back_by, &s))
		json_add_number(timers, "restartTimerRemaining", s);
	json_object_object_add(o, "timers", timers);
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		if (shown(v, f))
			json_object_object_add(o, bgp_family_json_name(f), family_json(k, v, f));
}

static void add_peer(
    const struct command *k, const struct bgp_restart_view *v, struct json_object *all)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "neighborAddr", v->name);
	restart_json(k, v, o);
	json_object_object_add(all, v->name, o);
}

enum ctl_outcome show_bgp_restart(struct command *k)
{
	struct json_object *o = json_object_new_object();
	struct bgp_restart_view v;

	if (!k->json && k->c->config != NULL)
		str_add(k->out,
		    "\nCodes: GR - Graceful Restart, * -  Inheriting Global GR Config,\n"
		    "       Restart - GR Mode-Restarting, Helper - GR Mode-Helper,\n"
		    "       Disable - GR Mode-Disable.\n");
	for (size_t i = 0; k->c->config != NULL && bgp_restart_at(k->c->bgp, i, &v); i++) {
		if (k->json) {
			add_peer(k, &v, o);
			continue;
		}
		str_addf(k->out, "\nBGP neighbor is %s\n", v.name);
		restart_text(k, &v);
	}
	if (k->json)
		return command_json(k, o);
	json_object_put(o);
	return CTL_ACCEPTED;
}
