/*
 * Configuration text to struct config: the tree is walked in canonical order and each statement's
 * handler is called; the grammar's table says which. Pure: the same text gives the same struct, and
 * what changed since the last one is found by those who use it.
 *
 * Rules for what is wrong with a text: an unknown or unsupported statement is a warning, and the
 * rest is loaded; a known one with a missing or malformed word, or that contradicts another, is an
 * error, and then the caller keeps the configuration that it has. A statement that is kept but has
 * no effect is told once per kind, so that nobody relies on it.
 *
 * Does not read files, and does not know what a reload is.
 */
#include "config/config.h"

#include "base/mem.h"
#include "config/loading.h"

#include <stdlib.h>
#include <string.h>

void loading_report(
    struct loading *l, const struct statement *s, bool warning, char *hint, const char *format, ...)
{
	struct statement_errors *errors = l->errors;
	struct str text = {0};
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	for (size_t i = 0; i < errors->count; i++)
		if (errors->list[i].line == s->line &&
		    strcmp(errors->list[i].message, str_text(&text)) == 0) {
			mem_free(hint); /* a group's statement, seen for each member */
			str_fini(&text);
			return;
		}
	statement_errors_add(errors, s->line, s->column, warning, hint, "%s", str_text(&text));
	str_fini(&text);
}

void loading_text_set(char **to, char *text)
{
	mem_free(*to);
	*to = text;
}

static const char *kept_hint(const struct statement *s)
{
	return s->row->opens == NODE_NONE ? "kept in the configuration"
					  : "the block is kept in the configuration";
}

/* Said at the first statement of its kind; `said` has a flag per row. */
static void warn_inert(struct loading *l, bool *said, const struct statement *s)
{
	bool *flag = &said[s->row - grammar];
	struct str text = {0};

	if (s->row->support == SUPPORT_INERT && !*flag) {
		config_redact(s->text, &text);
		loading_report(l, s, true, mem_strdup(kept_hint(s)), "`%s%.80s` has no effect yet",
		    s->no ? "no " : "", str_text(&text));
		str_fini(&text);
	}
	*flag = true;
}

static void enter_block(struct loading *l, enum node node)
{
	if (node == NODE_IPV4)
		l->family = BGP_IPV4_UNICAST;
	else if (node == NODE_IPV6)
		l->family = BGP_IPV6_UNICAST;
	else if (node == NODE_EVPN)
		l->family = BGP_L2VPN_EVPN;
}

static void load_block(struct loading *l, bool *said, const struct statement *block)
{
	struct words w;

	for (size_t i = 0; i < block->child_count; i++) {
		const struct statement *s = block->children[i];

		warn_inert(l, said, s);
		if (s->row->support == SUPPORT_INERT)
			continue;
		if (s->row->handle != NULL && (s->row->flags & ROW_BY_PEER) == 0) {
			words_split(&w, s->text, strlen(s->text));
			s->row->handle(l, s, &w);
			words_fini(&w);
		}
		enter_block(l, s->row->opens);
		load_block(l, said, s);
		if (s->row->opens == NODE_BGP)
			config_bgp_done(l, s);
	}
}

/* FRR 8.4: profile traditional, and what does not depend on the profile. */
static void set_defaults(struct loading *l)
{
	struct config *c = l->c;

	l->keepalive_s = 60;
	l->hold_s = 180;
	l->enforce_first_as = true;
	l->family_default[BGP_IPV4_UNICAST] = true;
	c->log_level = LOG_LEVEL_DEBUG;
	c->bgp.ebgp_requires_policy = true;
	c->bgp.network_import_check = true;
	c->bgp.dscp = 48; /* CS6, network control (RFC 4594) */
	c->bgp.listen_limit = 100;
	c->bgp.restart = (struct restart_settings){.notification = true,
	    .hard_administrative_reset = true,
	    .restart_s = 120,
	    .stalepath_s = 360,
	    .select_defer_s = 360};
	for (int f = 0; f < BGP_FAMILIES; f++)
		c->bgp.maximum_paths[f] = c->bgp.maximum_paths_ibgp[f] = 64;
	c->fib = (struct fib_settings){.distance_ebgp = {FIB_DISTANCE_EBGP, FIB_DISTANCE_EBGP},
	    .distance_ibgp = {FIB_DISTANCE_IBGP, FIB_DISTANCE_IBGP},
	    .distance_local = {FIB_DISTANCE_LOCAL, FIB_DISTANCE_LOCAL}};
	c->evpn.duplicates.enabled = true;
	c->evpn.duplicates.max_moves = 5;
	c->evpn.duplicates.time_s = 180;
	c->evpn.contested_alarm_s = 10;
	c->evpn.audit_s = 300;
	c->evpn.convergence_s = 30;
}

static int error_compare(const void *x, const void *y)
{
	const struct statement_error *a = x, *b = y;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return strcmp(a->message, b->message);
}

struct config *config_load(const char *text, struct statement_errors *errors)
{
	struct config *c = mem_new(sizeof(*c));
	struct loading l = {.c = c, .errors = errors};
	bool *said = mem_new_array(grammar_count, sizeof(*said));

	c->tree = statement_parse(text, errors);
	set_defaults(&l);
	load_block(&l, said, c->tree);
	config_finish_policy(&l);
	config_check_names(&l);
	config_check_bfd(&l);
	if (errors->count > 1)
		qsort(errors->list, errors->count, sizeof(*errors->list), error_compare);
	mem_free(said);
	return c;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->interface_count; i++) {
		mem_free(c->interfaces[i].addresses);
		mem_free(c->interfaces[i].description);
	}
	mem_free(c->interfaces);
	mem_free(c->vrfs);
	mem_free(c->static_ways);
	mem_free(c->fib.backdoors);
	bgp_settings_fini(&c->bgp);
	evpn_settings_fini(&c->evpn);
	bfd_settings_fini(&c->bfd);
	statement_free(c->tree);
	mem_free(c);
}

void config_redact(const char *text, struct str *out)
{
	while (*text != '\0') {
		size_t size = strcspn(text, "\n");
		size_t secret = statement_secret(text, size);

		str_add_bytes(out, text, secret);
		if (secret < size)
			str_add(out, "********");
		text += size;
		if (*text == '\n') {
			str_add(out, "\n");
			text++;
		}
	}
}

void config_error_text(const char *file, const struct statement_error *error, struct str *out)
{
	str_addf(out, "%s:%u:%u: %s: %s", file, error->line, error->column,
	    error->warning ? "warning" : "error", error->message);
	if (error->hint != NULL)
		str_addf(out, "; %s", error->hint);
}
