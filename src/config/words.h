/*
 * The words of one configuration or command line, with the columns where they stand, and the
 * types that a word can have in a pattern of the grammar.
 */
#pragma once

#include "base/types.h"

#define WORDS_MAX 256

struct words {
	char *text;		     /* owned: the words, each NUL-terminated */
	const char *word[WORDS_MAX]; /* into text */
	unsigned column[WORDS_MAX];  /* from 1 */
	unsigned count;
	bool overflow; /* there were more; the rest is not here */
};

/* Splits at blanks; `size` bytes, no newline in them. Free with words_fini(). */
void words_split(struct words *w, const char *line, size_t size);
void words_fini(struct words *w);
/* words[from…] joined by single spaces; owned by the caller. */
char *words_join(const struct words *w, unsigned from);
/* Is one of words[from…] this one? */
bool words_have(const struct words *w, unsigned from, const char *word);

/* The types, as patterns name them: "ASN", "IP4", "IP6", "IP", "PREFIX4", "PREFIX6", "PREFIX",
 * "ADDRESS4", "ADDRESS6" (address with length, host bits kept), "RD", "RT", "MAC", "WORD", and
 * "<min-max>" for a number. `type` need not be NUL-terminated. */
bool word_has_type(const char *word, const char *type, size_t type_size);
/* What a reader should write there: "an AS number (1-4294967295)". */
void word_type_text(const char *type, size_t type_size, char *text, size_t text_size);

/* Decimal digits only, and within the range; *n is untouched on failure. */
bool word_number(const char *word, uint32_t min, uint32_t max, uint32_t *n);
/* Plain or dotted (RFC 5396). Zero is no AS number. */
bool word_asn(const char *word, uint32_t *as);
/* A route target, "AS:N" or "A.B.C.D:N": the forms of an RD in another wire form (RFC 4360 section
 * 4; sub-type 2). */
bool word_rt(const char *word, struct extcomm *rt);
/* "A/L" with the host bits kept in prefix.addr. */
bool word_address(const char *word, struct prefix *p);
/* Insertions, deletions and substitutions between two words, up to 15; more is 16. */
unsigned word_distance(const char *a, const char *b);
