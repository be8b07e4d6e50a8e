/*
 * What the grammar of the configuration (src/config/grammar_table.c) knows and the table of
 * statements (table.c) does not: statements that work here and are generated nowhere, and keywords
 * of theirs that are in no value.
 *
 * The configurations looked at take the first value of each statement, then the second, and so on;
 * they need not make sense together, since they are parsed and not loaded. What needs the absence
 * of another statement is in some of those made from seeds.
 */
#include "coverage.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/statement.h"
#include "table.h"

#define MADE_UP 200

/* By row of the grammar: all texts of its statements. */
struct seen {
	struct str *texts; /* owned */
};

static void note(struct seen *seen, const struct statement *s)
{
	if (s->row != NULL)
		str_addf(&seen->texts[s->row - grammar], " %s \n", s->text);
	for (size_t i = 0; i < s->child_count; i++)
		note(seen, s->children[i]);
}

static void look_at(struct seen *seen, const struct choice *c)
{
	struct statement_errors errors = {0};
	struct str text = {0};
	struct statement *root;

	choice_text(c, &text);
	root = statement_parse(str_text(&text), &errors);
	note(seen, root);
	statement_free(root);
	statement_errors_fini(&errors);
	str_fini(&text);
}

static bool has_word(const struct str *texts, const char *word, size_t size)
{
	char blanked[80];

	snprintf(blanked, sizeof(blanked), " %.*s ", (int)size, word);
	return strstr(str_text(texts), blanked) != NULL;
}

static bool is_keyword(const char *word, size_t size)
{
	return size > 0 && (*word < 'A' || *word > 'Z') && *word != '<' && *word != '.';
}

/* Every keyword of the pattern, alternatives included, occurs in some statement. */
static bool keywords_seen(const struct grammar_row *row, const struct str *texts)
{
	static const char between[] = " []=|";
	bool all = true;

	for (const char *p = row->pattern + strspn(row->pattern, between); *p != '\0';) {
		size_t size = strcspn(p, between);

		if (is_keyword(p, size) && !has_word(texts, p, size)) {
			printf("no value says `%.*s`: %s\n", (int)size, p, row->pattern);
			all = false;
		}
		p += size;
		p += strspn(p, between);
	}
	return all;
}

static bool row_seen(const struct grammar_row *row, const struct str *texts)
{
	if (row->support != SUPPORT_WORKS)
		return true;
	if (texts->size > 0)
		return keywords_seen(row, texts);
	printf("in no row of the table: %s\n", row->pattern);
	return false;
}

bool coverage_check(void)
{
	struct seen seen = {.texts = mem_new_array(grammar_count, sizeof(struct str))};
	bool all = true;

	for (uint8_t value = 1; value <= VALUES_MAX + 2; value++) {
		struct choice c = choice_of_value(value);

		look_at(&seen, &c);
	}
	for (uint64_t seed = 1; seed <= MADE_UP; seed++) {
		struct dice dice = {seed};
		struct choice c;

		choice_make(&c, &dice);
		look_at(&seen, &c);
	}
	for (size_t i = 0; i < grammar_count; i++) {
		all &= row_seen(&grammar[i], &seen.texts[i]);
		str_fini(&seen.texts[i]);
	}
	mem_free(seen.texts);
	return all;
}
