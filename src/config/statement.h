/*
 * Statement tree: the configuration text block by block, each statement with its position.
 * FRR's frr.conf: one statement a line, any indent, blocks closed by `exit…`, `end`, or by a line
 * that only an outer block knows. Unknown lines never abort a load.
 */
#pragma once

#include "base/str.h"
#include "config/grammar.h"

#include <stddef.h>

struct statement {
	const struct grammar_row *row; /* NULL: the root */
	bool no;		       /* `no …`, kept because it is a setting of its own */
	char *text; /* words joined by single spaces, without `no`; owned; NULL in the root */
	char *key;  /* the words that are its identity; owned */
	uint32_t key_hash;
	uint32_t list_hash, entry_hash, number; /* of a list's entry: sequence_note() */
	unsigned line, column;	     /* of its first word, from 1; the last one that set it */
	unsigned order;		     /* among its siblings, as first written */
	unsigned rank;		     /* canonical order */
	struct statement **children; /* owned; block statements only; canonical order */
	size_t child_count, child_room;
};

struct statement_error {
	unsigned line, column;
	bool warning;  /* loaded all the same */
	char *message; /* owned */
	char *hint;    /* owned; NULL none */
};

#define STATEMENT_ERRORS_MAX 1000

/* Zero it first. Beyond STATEMENT_ERRORS_MAX only the counts grow. */
struct statement_errors {
	struct statement_error *list; /* owned; by line */
	size_t count;
	size_t error_count; /* without warnings */
	size_t suppressed;
};

/* Parse `text`; never NULL; the root has no text of its own. What is wrong is appended to
 * *errors: a line that is not known or not supported as a warning (it is left out of the tree), a
 * known one with a missing or malformed word as an error. */
struct statement *statement_parse(const char *text, struct statement_errors *errors);
void statement_free(struct statement *root);

/* `hint` is taken over; NULL none. */
__attribute__((format(printf, 6, 7))) void statement_errors_add(struct statement_errors *errors,
    unsigned line, unsigned column, bool warning, char *hint, const char *format, ...);
void statement_errors_fini(struct statement_errors *errors);

/* Where the secret of one line begins (after `password` and its like); `size` when it has none. */
size_t statement_secret(const char *line, size_t size);

/* Canonical text in FRR's order and indent: parse(print(parse(text))) prints the same. Secrets are
 * kept; see config_redact(). */
void statement_print(const struct statement *root, struct str *out);
