/*
 * Sequence numbers. An entry is `<list> seq N <rest>`: `<list>` is the words up to the list's name.
 */
#include "config/sequence.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The number of words up to the list's name. */
static unsigned list_words(const struct words *w, unsigned first)
{
	const char *const *word = w->word + first;
	unsigned count = w->count - first;

	if (strcmp(word[0], "access-list") == 0)
		return 2;
	if (strcmp(word[0], "bgp") != 0 || count < 3)
		return 3;
	return strcmp(word[1], "as-path") == 0 || strcmp(word[2], "standard") == 0 ||
		       strcmp(word[2], "expanded") == 0
		   ? 4
		   : 3;
}

bool sequence_is_missing(const struct words *w, unsigned first)
{
	unsigned at = first + list_words(w, first);

	return at < w->count && strcmp(w->word[at], "seq") != 0;
}

/* FNV-1a over words and the blanks between them. */
static uint32_t words_hash(const struct words *w, unsigned from, unsigned to)
{
	uint32_t h = 2166136261u;

	for (unsigned i = from; i < to; i++) {
		for (const char *c = w->word[i]; *c != '\0'; c++)
			h = (h ^ (uint8_t)*c) * 16777619u;
		h = (h ^ ' ') * 16777619u;
	}
	return h;
}

void sequence_note(struct statement *s, const struct words *w, unsigned first)
{
	unsigned at = first + list_words(w, first);

	s->list_hash = words_hash(w, first, at);
	s->entry_hash = words_hash(w, at + 2, w->count);
	s->number = (uint32_t)strtoul(w->word[at + 1], NULL, 10);
}

static char *join(const struct words *w, unsigned from, unsigned to)
{
	struct str s = {0};
	char *text;

	for (unsigned i = from; i < to; i++)
		str_addf(&s, "%s%s", i > from ? " " : "", w->word[i]);
	text = mem_strdup(str_text(&s));
	str_fini(&s);
	return text;
}

/* What follows `list` and the number in the statement's text when it is an entry of that list;
 * NULL: it is not. */
static const char *entry_of(const struct statement *s, const char *list)
{
	size_t n = strlen(list);
	const char *rest;

	if ((s->row->flags & ROW_SEQUENCED) == 0 || strncmp(s->text, list, n) != 0 ||
	    strncmp(s->text + n, " seq ", 5) != 0)
		return NULL;
	rest = strchr(s->text + n + 5, ' ');
	return rest == NULL ? "" : rest + 1;
}

struct statement *sequence_find(
    const struct statement *block, const struct words *w, unsigned first)
{
	unsigned at = first + list_words(w, first);
	uint32_t hash = words_hash(w, at, w->count);
	char *list = join(w, first, at), *rest = join(w, at, w->count);
	struct statement *found = NULL;

	for (size_t i = 0; i < block->child_count && found == NULL; i++) {
		const char *other = NULL;

		if (block->children[i]->entry_hash == hash)
			other = entry_of(block->children[i], list);
		if (other != NULL && strcmp(other, rest) == 0)
			found = block->children[i];
	}
	mem_free(list);
	mem_free(rest);
	return found;
}

char *sequence_text(const struct statement *block, const struct words *w)
{
	unsigned at = list_words(w, 0);
	uint32_t hash = words_hash(w, 0, at);
	char *list = join(w, 0, at), *rest = join(w, at, w->count), *text = NULL;
	uint64_t last = 0, seq;
	struct str s = {0};

	/* Two lists of one hash would make numbers larger than they need be, no more. */
	for (size_t i = 0; i < block->child_count; i++)
		if (block->children[i]->list_hash == hash && block->children[i]->number > last)
			last = block->children[i]->number;
	seq = last / 5 * 5 + 5;
	if (seq <= UINT32_MAX) {
		str_addf(&s, "%s seq %" PRIu64 " %s", list, seq, rest);
		text = mem_strdup(str_text(&s));
	}
	str_fini(&s);
	mem_free(list);
	mem_free(rest);
	return text;
}
