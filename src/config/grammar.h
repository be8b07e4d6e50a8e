/*
 * The grammar of the configuration: one table, one row per statement. A row says in which blocks
 * the statement occurs, its pattern, whether it works here, which block it opens and what it
 * means. The order of the rows is the canonical order of `show running-config`.
 *
 * Patterns are words separated by blanks:
 *	word		a keyword			a|b|ASN		one of these
 *	WORD ASN <0-9>	a value of that type		=WORD		a value that is not part of
 *the statement's identity: a second statement that differs only there replaces the first [word
 *=WORD]	may be left out			LINE, ...	the rest, one or more, or any
 */
#pragma once

#include "base/str.h"
#include "config/words.h"

enum node {
	NODE_TOP,
	NODE_INTERFACE,
	NODE_VRF,
	NODE_BGP,
	NODE_BGP_VRF,
	NODE_IPV4,
	NODE_IPV6,
	NODE_EVPN,
	NODE_EVPN_VRF,
	NODE_EVPN_VNI,
	NODE_ROUTE_MAP,
	NODE_LINE_VTY,
	NODE_BFD,
	NODE_BFD_PROFILE,
	NODE_BFD_PEER,
	NODE_FOREIGN, /* a block that is not ours: swallowed to its end */
	NODES,
	NODE_NONE = NODES
};

enum support {
	SUPPORT_WORKS,
	SUPPORT_QUIET,	/* kept, means nothing here, nobody could be misled */
	SUPPORT_INERT,	/* kept, has no effect (yet): said once */
	SUPPORT_REFUSED /* reported each time, not kept */
};

enum row_flags {
	ROW_KEEPS_NO = 1,    /* `no …` is a setting of its own, not only a deletion */
	ROW_BY_PEER = 2,     /* canonical order: all rows of one neighbor together */
	ROW_BY_NAME = 4,     /* canonical order: by the words, numbers as numbers; else as given */
	ROW_GROUP = 8,	     /* canonical text: `!` before this row at top level */
	ROW_PEER_GROUP = 16, /* declares a peer group */
	ROW_SEQUENCED = 32,  /* entry of a list: without a sequence number it is given one */
	ROW_AS_GIVEN = 64    /* canonical order: such rows that follow each other, as written */
};

struct loading;
struct statement;
typedef void statement_handler(struct loading *l, const struct statement *s, const struct words *w);

struct grammar_row {
	uint32_t nodes; /* bit per enum node */
	const char *pattern;
	enum support support;
	unsigned flags;		   /* enum row_flags */
	enum node opens;	   /* NODE_NONE: not a block */
	statement_handler *handle; /* NULL: nothing to do */
};

extern const struct grammar_row grammar[];
extern const size_t grammar_count;

/* How the words of one line fared against one pattern. */
struct match {
	bool full;	      /* shape and keywords agree */
	bool incomplete;      /* agrees as far as it goes, words are missing */
	unsigned reached;     /* the first word that no longer agreed */
	unsigned bad;	      /* full: first word of the wrong type; WORDS_MAX none */
	const char *expected; /* the token that `reached` failed; into the pattern; NULL: end */
	size_t expected_size;
	const char *bad_token; /* the token that `bad` failed */
	size_t bad_token_size;
	uint32_t value_words; /* bit per word outside the identity (the first 32 words) */
	unsigned value_from;  /* from this word on all are outside it; WORDS_MAX none */
};

/* Words from `first` on against the row's pattern; indexes in *m count from `first`. */
void grammar_match(const char *pattern, const struct words *w, unsigned first, struct match *m);

/* The rows of `node`: the one that matches fully with good values (*m), else NULL with the best
 * row that does not in *near (NULL none) and its match in *m. */
const struct grammar_row *grammar_find(enum node node, const struct words *w, unsigned first,
    struct match *m, const struct grammar_row **near);

/* "external, internal or an AS number": what a token stands for. */
void grammar_token_text(const char *token, size_t size, struct str *out);

/* What could have been meant, looking at some patterns, or at the rows of the blocks in `nodes`:
 * "did you mean `…`?". Owned by the caller; NULL: no idea. */
char *patterns_hint(
    const char *const *patterns, size_t count, const struct words *w, unsigned first);
char *grammar_hint(uint32_t nodes, const struct words *w, unsigned first);

/* The block's closing word in canonical text: "exit", "exit-vrf", … */
const char *node_exit(enum node node);
