/*
 * Matching words against patterns, and hints. A word of the wrong type still matches "in shape":
 * so `neighbor eth4 timers 3 x` is known to be a malformed `timers` and not an unknown statement.
 */
#include "config/grammar.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

const char *node_exit(enum node node)
{
	switch (node) {
	case NODE_VRF:
		return "exit-vrf";
	case NODE_IPV4:
	case NODE_IPV6:
	case NODE_EVPN:
	case NODE_EVPN_VRF:
		return "exit-address-family";
	case NODE_EVPN_VNI:
		return "exit-vni";
	case NODE_TOP:
	case NODE_INTERFACE:
	case NODE_BGP:
	case NODE_BGP_VRF:
	case NODE_ROUTE_MAP:
	case NODE_LINE_VTY:
	case NODE_BFD:
	case NODE_BFD_PROFILE:
	case NODE_BFD_PEER:
	case NODE_FOREIGN:
	case NODES:
		break;
	}
	return "exit";
}

struct token {
	const char *text; /* without brackets and `=` */
	size_t size;
	bool opens, closes; /* an optional group */
	bool value;
};

static bool token_next(const char **at, struct token *t)
{
	const char *p = *at + strspn(*at, " ");

	*t = (struct token){0};
	if (*p == '\0')
		return false;
	if (*p == '[') {
		t->opens = true;
		p++;
	}
	if (*p == '=') {
		t->value = true;
		p++;
	}
	t->text = p;
	t->size = strcspn(p, " ]");
	p += t->size;
	if (*p == ']') {
		t->closes = true;
		p++;
	}
	*at = p;
	return true;
}

static bool token_is(const struct token *t, const char *text)
{
	return strlen(text) == t->size && memcmp(t->text, text, t->size) == 0;
}

static bool is_type(const char *alternative)
{
	return *alternative == '<' || (*alternative >= 'A' && *alternative <= 'Z');
}

/* Walks the alternatives "a|b|ASN" of a token. */
static bool alternative_next(const struct token *t, const char **at, size_t *size)
{
	const char *end = t->text + t->size;
	const char *p = *at == NULL ? t->text : *at + *size + 1;
	const char *bar;

	if (p >= end)
		return false;
	bar = memchr(p, '|', (size_t)(end - p));
	*at = p;
	*size = (size_t)((bar != NULL ? bar : end) - p);
	return true;
}

enum fit { FIT_NOT, FIT_SHAPE, FIT_GOOD };

static enum fit token_fits(const struct token *t, const char *word)
{
	enum fit fit = FIT_NOT;
	const char *a = NULL;
	size_t size;

	while (alternative_next(t, &a, &size)) {
		if (!is_type(a)) {
			if (strlen(word) == size && memcmp(a, word, size) == 0)
				return FIT_GOOD;
			continue;
		}
		if (word_has_type(word, a, size))
			return FIT_GOOD;
		fit = FIT_SHAPE;
	}
	return fit;
}

struct attempt {
	const struct words *w;
	unsigned first;
	struct match *m;
};

static void note_failure(struct attempt *a, unsigned i, const struct token *t, bool incomplete)
{
	struct match *m = a->m;

	if (i < m->reached || (i == m->reached && m->expected != NULL))
		return;
	m->reached = i;
	m->incomplete = incomplete;
	m->expected = t != NULL ? t->text : NULL;
	m->expected_size = t != NULL ? t->size : 0;
}

static void note_value(struct match *m, unsigned i)
{
	if (i < 32)
		m->value_words |= 1u << i;
}

static bool match_from(struct attempt *a, const char *at, unsigned i);

/* `t` must take the word at i, the rest of the pattern the others. */
static bool match_token(struct attempt *a, const struct token *t, const char *at, unsigned i)
{
	unsigned count = a->w->count - a->first;
	enum fit fit;

	if (token_is(t, "...") || (token_is(t, "LINE") && i < count)) {
		if (t->value)
			a->m->value_from = i;
		return true;
	}
	if (i >= count) {
		note_failure(a, i, t, true);
		return false;
	}
	fit = token_fits(t, a->w->word[a->first + i]);
	if (fit == FIT_NOT) {
		note_failure(a, i, t, false);
		return false;
	}
	if (fit == FIT_SHAPE && a->m->bad == WORDS_MAX) {
		a->m->bad = i;
		a->m->bad_token = t->text;
		a->m->bad_token_size = t->size;
	}
	if (t->value)
		note_value(a->m, i);
	return match_from(a, at, i + 1);
}

static bool match_from(struct attempt *a, const char *at, unsigned i)
{
	struct match saved = *a->m;
	struct token t;

	if (!token_next(&at, &t)) {
		if (i == a->w->count - a->first)
			return true;
		note_failure(a, i, NULL, false);
		return false;
	}
	if (match_token(a, &t, at, i))
		return true;
	if (!t.opens)
		return false;
	a->m->bad = saved.bad;
	a->m->value_words = saved.value_words;
	a->m->value_from = saved.value_from;
	while (!t.closes)
		if (!token_next(&at, &t))
			return false;
	return match_from(a, at, i);
}

void grammar_match(const char *pattern, const struct words *w, unsigned first, struct match *m)
{
	struct attempt a = {.w = w, .first = first, .m = m};

	*m = (struct match){.bad = WORDS_MAX, .value_from = WORDS_MAX};
	m->full = first < w->count && match_from(&a, pattern, 0);
	if (m->full)
		m->incomplete = false;
	else
		m->bad = WORDS_MAX;
}

/* Malformed values come before missing words, those before a line that only starts well. */
static int match_rank(const struct match *m)
{
	if (m->full)
		return 1000;
	return m->incomplete ? 500 : (int)m->reached;
}

const struct grammar_row *grammar_find(enum node node, const struct words *w, unsigned first,
    struct match *m, const struct grammar_row **near)
{
	struct match best = {0};

	*near = NULL;
	for (size_t i = 0; i < grammar_count; i++) {
		if ((grammar[i].nodes >> node & 1) == 0)
			continue;
		grammar_match(grammar[i].pattern, w, first, m);
		if (m->full && m->bad == WORDS_MAX)
			return &grammar[i];
		if (m->reached == 0 && !m->full)
			continue;
		if (*near == NULL || match_rank(m) > match_rank(&best)) {
			*near = &grammar[i];
			best = *m;
		}
	}
	*m = best;
	return NULL;
}

void grammar_token_text(const char *token, size_t size, struct str *out)
{
	struct token t = {.text = token, .size = size};
	const char *a = NULL, *end = token + size;
	char text[64];
	size_t n;

	while (alternative_next(&t, &a, &n)) {
		if (a > token)
			str_add(out, a + n == end ? " or " : ", ");
		if (is_type(a)) {
			word_type_text(a, n, text, sizeof(text));
			str_add(out, text);
		} else {
			str_addf(out, "`%.*s`", (int)n, a);
		}
	}
}

struct guess {
	unsigned reached;
	unsigned distance;
	const char *text;
	size_t size;
	struct str options; /* keywords that would do at `reached` */
	unsigned option_count;
	bool ends; /* the statement may end there */
};

static void guess_option(struct guess *g, const char *word, const char *option, size_t size)
{
	char text[48], quoted[52];
	unsigned distance;

	if (size >= sizeof(text))
		return;
	snprintf(text, sizeof(text), "%.*s", (int)size, option);
	snprintf(quoted, sizeof(quoted), "`%s`", text);
	if (strstr(str_text(&g->options), quoted) == NULL && g->option_count < 8) {
		str_addf(&g->options, "%s%s", g->option_count++ > 0 ? ", " : "", quoted);
	}
	distance = word_distance(word, text);
	if (distance < g->distance) {
		g->distance = distance;
		g->text = option;
		g->size = size;
	}
}

static void guess_row(struct guess *g, const struct match *m, const char *word)
{
	struct token t = {.text = m->expected, .size = m->expected_size};
	const char *a = NULL;
	size_t size;

	if (m->expected == NULL) {
		g->ends = true;
		return;
	}
	while (alternative_next(&t, &a, &size)) {
		if (!is_type(a))
			guess_option(g, word, a, size);
	}
}

static char *guess_text(struct guess *g, const struct words *w, unsigned first)
{
	struct str s = {0};
	char *text = NULL;
	size_t length = first + g->reached < w->count ? strlen(w->word[first + g->reached]) : 0;

	if (g->text != NULL && length > 0 && g->distance <= (length <= 4 ? 1 : 1 + length / 3)) {
		str_add(&s, "did you mean `");
		for (unsigned i = 0; i < g->reached; i++)
			str_addf(&s, "%.64s ", w->word[first + i]);
		str_addf(&s, "%.*s`?", (int)g->size, g->text);
	} else if (g->reached > 0 && g->option_count > 0) {
		str_addf(&s, "after `%.64s`: %s%s", w->word[first + g->reached - 1],
		    str_text(&g->options), g->option_count == 8 ? ", …" : "");
	} else if (g->reached > 0 && g->ends) {
		str_addf(&s, "nothing more can follow `%.64s`", w->word[first + g->reached - 1]);
	}
	if (s.size > 0)
		text = mem_strdup(str_text(&s));
	str_fini(&s);
	return text;
}

char *patterns_hint(
    const char *const *patterns, size_t count, const struct words *w, unsigned first)
{
	struct guess g = {.distance = 16};
	struct match m;
	char *text;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < count; i++) {
			grammar_match(patterns[i], w, first, &m);
			if (m.full)
				continue;
			if (pass == 0 && m.reached > g.reached)
				g.reached = m.reached;
			if (pass == 1 && m.reached == g.reached && first + m.reached <= w->count)
				guess_row(&g, &m,
				    first + m.reached < w->count ? w->word[first + m.reached] : "");
		}
	text = guess_text(&g, w, first);
	str_fini(&g.options);
	return text;
}

char *grammar_hint(uint32_t nodes, const struct words *w, unsigned first)
{
	const char **patterns = mem_new_array(grammar_count, sizeof(*patterns));
	size_t count = 0;
	char *text;

	for (size_t i = 0; i < grammar_count; i++)
		if ((grammar[i].nodes & nodes) != 0)
			patterns[count++] = grammar[i].pattern;
	text = patterns_hint(patterns, count, w, first);
	mem_free(patterns);
	return text;
}
