/*
 * Sequence numbers of list entries. A statement may leave its own out; FRR then gives it the next
 * multiple of five, and a second one with the same words changes nothing. The number is put into
 * the statement's text, so that the canonical text says all, whatever order it is sorted into.
 */
#pragma once

#include "config/statement.h"

/* The statement of a list (ROW_SEQUENCED) gives no number. `first`: where it begins in w. */
bool sequence_is_missing(const struct words *w, unsigned first);
/* Notes in `s`, an entry that begins with the word `first` of w, what it is found by below: a list
 * may have tens of thousands of them. */
void sequence_note(struct statement *s, const struct words *w, unsigned first);
/* The entry of `block` with the same words beside its number; NULL none. */
struct statement *sequence_find(
    const struct statement *block, const struct words *w, unsigned first);
/* The words with the number put in; owned by the caller. NULL: no number is left. */
char *sequence_text(const struct statement *block, const struct words *w);
