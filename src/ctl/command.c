/*
 * What commands have in common: words, refusals, names of ports, times as FRR prints them, JSON.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum ctl_outcome command_refuse(struct command *k, const char *format, ...)
{
	va_list args;

	str_add(k->out, "% ");
	va_start(args, format);
	str_addv(k->out, format, args);
	va_end(args);
	str_add(k->out, "\n");
	return CTL_REFUSED;
}

enum ctl_outcome command_json(struct command *k, struct json_object *o)
{
	str_add(k->out, json_object_to_json_string_ext(
			    o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	str_add(k->out, "\n");
	json_object_put(o);
	return CTL_ACCEPTED;
}

const char *command_word(const struct command *k, const char *keyword)
{
	for (unsigned i = 0; i + 1 < k->w->count; i++)
		if (strcmp(k->w->word[i], keyword) == 0)
			return k->w->word[i + 1];
	return NULL;
}

vni_t command_vni(const struct command *k)
{
	const char *word = command_word(k, "vni");
	uint32_t n = 0;

	if (word != NULL)
		word_number(word, 1, VNI_MAX, &n);
	return (vni_t){n};
}

bool command_find_vni(const struct command *k, vni_t vni, struct evpn_vni_view *view)
{
	for (size_t i = 0; evpn_vni_at(k->c->evpn, i, view); i++)
		if (vni_equal(view->vni, vni))
			return true;
	return false;
}

const char *port_text(const struct ctl_context *c, ifindex_t ifindex, char *text)
{
	const struct mirror_link *link = mirror_link(c->mirror, ifindex);

	if (link != NULL)
		snprintf(text, PORT_TEXT_MAX, "%s", link->link.name);
	else
		snprintf(text, PORT_TEXT_MAX, "if%u", ifindex.v);
	return text;
}

const char *uptime_text(int64_t seconds, char *text)
{
	unsigned s = seconds < 0 ? 0 : (unsigned)(seconds > 600000000 ? 600000000 : seconds);
	unsigned minutes = s / 60, hours = s / 3600, days = s / 86400;

	if (days == 0)
		snprintf(text, UPTIME_TEXT_MAX, "%02u:%02u:%02u", hours, minutes % 60, s % 60);
	else if (days < 7)
		snprintf(text, UPTIME_TEXT_MAX, "%ud%02uh%02um", days, hours % 24, minutes % 60);
	else
		snprintf(
		    text, UPTIME_TEXT_MAX, "%02uw%ud%02uh", days / 7 % 1000, days % 7, hours % 24);
	return text;
}

const char *clock_text(const struct ctl_context *c, mono_t at, char *text)
{
	int64_t wall_ns = at.ns + c->wall_offset_ns;
	time_t wall = (time_t)(wall_ns / 1000000000);
	struct tm tm = {0};
	size_t n;

	gmtime_r(&wall, &tm);
	n = strftime(text, CLOCK_TEXT_MAX, "%H:%M:%S", &tm);
	snprintf(text + n, CLOCK_TEXT_MAX - n, ".%03u", (unsigned)(wall_ns / 1000000 % 1000));
	return text;
}

/* Descriptions and names of interfaces are any bytes; JSON is UTF-8 (RFC 8259 section 8.1). */
void json_add_text(struct json_object *o, const char *key, const char *text)
{
	struct str clean = {0};

	str_add_utf8(&clean, text);
	json_object_object_add(o, key, json_object_new_string(str_text(&clean)));
	str_fini(&clean);
}

void json_add_named(struct json_object *o, const char *name, struct json_object *value)
{
	struct str clean = {0};

	str_add_utf8(&clean, name);
	json_object_object_add(o, str_text(&clean), value);
	str_fini(&clean);
}

void json_add_number(struct json_object *o, const char *key, int64_t n)
{
	json_object_object_add(o, key, json_object_new_int64(n));
}

void json_add_bool(struct json_object *o, const char *key, bool b)
{
	json_object_object_add(o, key, json_object_new_boolean(b));
}

void json_add_ip(struct json_object *o, const char *key, const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	json_add_text(o, key, ip_text(ip, text));
}
