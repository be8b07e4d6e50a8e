/*
 * Configuration text to struct config.
 */
#include "config/config.h"

#include "base/mem.h"

struct config *config_load(const char *text, struct statement_errors *errors)
{
	struct config *c = mem_new(sizeof(*c));

	(void)text;
	(void)errors;
	return c;
}

void config_free(struct config *c)
{
	mem_free(c);
}

void config_redact(const char *text, struct str *out)
{
	str_add(out, text);
}

void config_error_text(const char *file, const struct statement_error *error, struct str *out)
{
	str_addf(out, "%s:%u:%u: %s: %s", file, error->line, error->column,
	    error->warning ? "warning" : "error", error->message);
	if (error->hint != NULL)
		str_addf(out, "; %s", error->hint);
}
