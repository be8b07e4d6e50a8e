/*
 * Regular expressions of as-path and expanded community lists, as FRR reads them: POSIX extended
 * ones (IEEE 1003.1 section 9.4) in which `_` stands for a border of a number: either end of the
 * text, a blank, a comma, a brace or a parenthesis.
 */
#pragma once

#include <stdbool.h>

struct pattern;

/* NULL when `text` is no regular expression, or one whose repetitions multiply to more than
 * PATTERN_REPEATS_MAX: then *error says why (constant text). Owned by the caller. */
struct pattern *pattern_new(const char *text, const char **error);
/* NULL is allowed. */
void pattern_free(struct pattern *p);
/* As it was written; lent. */
const char *pattern_text(const struct pattern *p);
/* Some part of `subject` is described by it. */
bool pattern_matches(const struct pattern *p, const char *subject);

#define PATTERN_REPEATS_MAX 4096u
