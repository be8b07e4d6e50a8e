/*
 * Statement tree: the configuration text as it was written, block by block, with its positions.
 * FRR's frr.conf: one statement a line, blocks opened by their first word, closed by `exit…`, `!`
 * at top level, or by a line that only the outer block knows. Unknown lines never abort a load.
 */
#pragma once

#include "base/str.h"

#include <stddef.h>

struct statement {
	char *text;		    /* words joined by single spaces; owned */
	unsigned line, column;	    /* of its first word, from 1 */
	struct statement *children; /* owned array; block statements only */
	size_t child_count;
};

struct statement_error {
	unsigned line, column;
	bool warning;  /* loaded all the same */
	char *message; /* owned */
	char *hint;    /* owned; NULL none */
};

struct statement_errors {
	struct statement_error *list; /* owned */
	size_t count;
	size_t error_count; /* without warnings */
};

/* Parse `text`; the root has no text of its own. Errors are appended to *errors. */
struct statement *statement_parse(const char *text, struct statement_errors *errors);
void statement_free(struct statement *root);
void statement_errors_fini(struct statement_errors *errors);

/* Canonical text as `show running-config` prints it: text → tree → text is a fixed point. Secrets
 * are kept; see config_redact(). */
void statement_print(const struct statement *root, struct str *out);
