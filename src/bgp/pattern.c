/*
 * Regular expressions. regcomp() and regexec() of the C library do the work: in the C locale,
 * which nothing here changes, they are functions of their arguments, and they are what FRR uses, so
 * the two agree to the last corner (docs/decisions/regular-expressions.md).
 *
 * The library copies a repeated part as often as it may occur; `(((a{999}){999}){999})` would take
 * all memory there is. So repetitions are counted before: their product has a limit.
 */
#include "bgp/pattern.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define BORDER "(^|[,{}() ]|$)"

struct pattern {
	char *text;
	regex_t regex;
};

/* The larger bound of the interval `{m}`, `{m,}` or `{m,n}` at p; 1 for anything else. */
static unsigned long interval(const char *p)
{
	char *end;
	unsigned long low, high;

	if (*p != '{')
		return 1;
	low = strtoul(p + 1, &end, 10);
	high = *end == ',' ? strtoul(end + 1, NULL, 10) : 0;
	if (low < 1 && high < 1)
		return 1;
	return low > high ? low : high;
}

static bool repeats_too_often(const char *text)
{
	unsigned long product = 1;

	for (; *text != '\0'; text++) {
		unsigned long times;

		if (*text == '\\' && text[1] != '\0') {
			text++;
			continue;
		}
		times = interval(text);
		if (times > PATTERN_REPEATS_MAX || product * times > PATTERN_REPEATS_MAX)
			return true;
		product *= times;
	}
	return false;
}

static void translate(const char *text, struct str *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '_')
			str_add(out, BORDER);
		else
			str_add_bytes(out, text, 1);
	}
}

struct pattern *pattern_new(const char *text, const char **error)
{
	struct pattern *p;
	struct str s = {0};

	*error = "its repetitions multiply to too much";
	if (repeats_too_often(text))
		return NULL;
	p = mem_new(sizeof(*p));
	translate(text, &s);
	*error = "not a regular expression";
	if (regcomp(&p->regex, str_text(&s), REG_EXTENDED | REG_NOSUB) != 0) {
		mem_free(p);
		p = NULL;
	} else {
		*error = NULL;
		p->text = mem_strdup(text);
	}
	str_fini(&s);
	return p;
}

void pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	regfree(&p->regex);
	mem_free(p->text);
	mem_free(p);
}

const char *pattern_text(const struct pattern *p)
{
	return p->text;
}

bool pattern_matches(const struct pattern *p, const char *subject)
{
	return regexec(&p->regex, subject, 0, NULL, 0) == 0;
}
