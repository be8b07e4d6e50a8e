/*
 * Sequence numbers. An entry is `<list> seq N <rest>`: `<list>` is the words up to the list's name.
 */
#include "config/sequence.h"

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

/* What follows `list` in the statement's text when it is an entry of that list; NULL: it is not.
 * *seq: its number. */
static const char *entry_of(const struct statement *s, const char *list, unsigned long *seq)
{
	size_t n = strlen(list);
	char *end;

	if ((s->row->flags & ROW_SEQUENCED) == 0 || strncmp(s->text, list, n) != 0 ||
	    strncmp(s->text + n, " seq ", 5) != 0)
		return NULL;
	*seq = strtoul(s->text + n + 5, &end, 10);
	return *end == ' ' ? end + 1 : end;
}

struct statement *sequence_find(
    const struct statement *block, const struct words *w, unsigned first)
{
	unsigned at = first + list_words(w, first);
	char *list = join(w, first, at), *rest = join(w, at, w->count);
	struct statement *found = NULL;
	unsigned long seq;

	for (size_t i = 0; i < block->child_count && found == NULL; i++) {
		const char *other = entry_of(block->children[i], list, &seq);

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
	char *list = join(w, 0, at), *rest = join(w, at, w->count), *text = NULL;
	unsigned long last = 0, seq;
	struct str s = {0};

	for (size_t i = 0; i < block->child_count; i++)
		if (entry_of(block->children[i], list, &seq) != NULL && seq > last)
			last = seq;
	seq = last / 5 * 5 + 5;
	if (seq <= UINT32_MAX) {
		str_addf(&s, "%s seq %lu %s", list, seq, rest);
		text = mem_strdup(str_text(&s));
	}
	str_fini(&s);
	mem_free(list);
	mem_free(rest);
	return text;
}
