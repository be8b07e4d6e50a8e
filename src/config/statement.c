/*
 * The statement tree: reading frr.conf block by block, and printing it in canonical form.
 *
 * A line is looked for in the innermost open block first, then in the ones around it (which closes
 * those inside): so `exit` may be missing, as generators leave it out. Blocks that are opened
 * again are merged; a statement that sets what an earlier one set replaces it; `no …` deletes,
 * unless it is a setting of its own. The tree holds what is in force: lines that are unknown or
 * refused are reported and left out.
 *
 * What the statements mean is the business of config.c and its neighbours.
 */
#include "config/statement.h"

#include "base/mem.h"
#include "config/sequence.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 6 /* deeper than any block of the grammar */

struct parser {
	struct statement *block[DEPTH_MAX]; /* NULL: a block that is swallowed */
	enum node node[DEPTH_MAX];
	unsigned depth; /* of the innermost open block; 0 top level */
	unsigned line;
	unsigned foreign_column; /* of the line that opened the block that is swallowed */
	struct statement_errors *errors;
	const struct grammar_row *refused; /* said just now */
	const struct statement *refused_in;
};

/* ---- errors ---- */

void statement_errors_add(struct statement_errors *errors, unsigned line, unsigned column,
    bool warning, char *hint, const char *format, ...)
{
	struct str s = {0};
	va_list args;

	errors->error_count += !warning;
	if (errors->count == STATEMENT_ERRORS_MAX) {
		errors->suppressed++;
		mem_free(hint);
		return;
	}
	va_start(args, format);
	str_addv(&s, format, args);
	va_end(args);
	if ((errors->count & (errors->count - 1)) == 0)
		errors->list = mem_resize(errors->list,
		    (errors->count == 0 ? 1 : errors->count * 2) * sizeof(*errors->list));
	errors->list[errors->count++] = (struct statement_error){.line = line,
	    .column = column,
	    .warning = warning,
	    .message = mem_strdup(str_text(&s)),
	    .hint = hint};
	str_fini(&s);
}

void statement_errors_fini(struct statement_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		mem_free(errors->list[i].message);
		mem_free(errors->list[i].hint);
	}
	mem_free(errors->list);
	*errors = (struct statement_errors){0};
}

/* Words after which the rest of the line is secret. */
static bool is_secret_keyword(const char *word, size_t size)
{
	static const char *const keywords[] = {
	    "password", "key-string", "authentication-key", "message-digest-key", "md5"};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strlen(keywords[i]) == size && memcmp(keywords[i], word, size) == 0)
			return true;
	return false;
}

size_t statement_secret(const char *line, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t start;

		while (at < size && strchr(" \t\r", line[at]) != NULL)
			at++;
		start = at;
		while (at < size && strchr(" \t\r", line[at]) == NULL)
			at++;
		if (is_secret_keyword(line + start, at - start))
			break;
	}
	while (at < size && strchr(" \t\r", line[at]) != NULL)
		at++;
	return at;
}

/* At most 80 bytes of the line, without its secret; owned by the caller. */
static char *quote(const struct words *w, unsigned first)
{
	char *text = words_join(w, first);
	size_t size = strlen(text), secret = statement_secret(text, size);

	if (size > 80)
		text[80] = '\0';
	for (size_t i = secret; i < size && i < 80; i++)
		text[i] = '*';
	return text;
}

/* ---- nodes of the tree ---- */

static void statement_fini(struct statement *s)
{
	for (size_t i = 0; i < s->child_count; i++)
		statement_free(s->children[i]);
	mem_free(s->children);
	mem_free(s->text);
	mem_free(s->key);
}

void statement_free(struct statement *root)
{
	if (root == NULL)
		return;
	statement_fini(root);
	mem_free(root);
}

static uint32_t key_hash(const char *key)
{
	uint32_t h = 2166136261u;

	for (; *key != '\0'; key++)
		h = (h ^ (uint8_t)*key) * 16777619u;
	return h;
}

/* The words that make the statement's identity. */
static char *key_of(const struct words *w, unsigned first, const struct match *m)
{
	struct str s = {0};
	char *key;

	for (unsigned i = 0; first + i < w->count && i < m->value_from; i++)
		if (i >= 32 || (m->value_words >> i & 1) == 0)
			str_addf(&s, "%s ", w->word[first + i]);
	key = mem_strdup(str_text(&s));
	str_fini(&s);
	return key;
}

static struct statement *child_find(
    const struct statement *block, const struct grammar_row *row, const char *key)
{
	uint32_t hash = key_hash(key);

	for (size_t i = 0; i < block->child_count; i++) {
		struct statement *s = block->children[i];

		if (s->row == row && s->key_hash == hash && strcmp(s->key, key) == 0)
			return s;
	}
	return NULL;
}

static struct statement *child_add(struct statement *block, const struct grammar_row *row)
{
	struct statement *s = mem_new(sizeof(*s));

	if (block->child_count == block->child_room) {
		block->child_room = block->child_room == 0 ? 4 : block->child_room * 2;
		block->children =
		    mem_resize(block->children, block->child_room * sizeof(struct statement *));
	}
	s->row = row;
	s->order = block->child_count > 0 ? block->children[block->child_count - 1]->order + 1 : 0;
	block->children[block->child_count++] = s;
	return s;
}

static void child_remove(struct statement *block, size_t index)
{
	statement_free(block->children[index]);
	memmove(&block->children[index], &block->children[index + 1],
	    (block->child_count - index - 1) * sizeof(struct statement *));
	block->child_count--;
}

/* NULL: nothing. */
static void child_drop(struct statement *block, const struct statement *child)
{
	for (size_t i = block->child_count; child != NULL && i-- > 0;)
		if (block->children[i] == child)
			child_remove(block, i);
}

/* ---- one line ---- */

static unsigned column_of(const struct words *w, unsigned i)
{
	return i < w->count ? w->column[i]
			    : w->column[w->count - 1] + (unsigned)strlen(w->word[w->count - 1]);
}

/* Address families have more than one spelling. */
static const char *block_text(enum node opens)
{
	switch (opens) {
	case NODE_IPV4:
		return "address-family ipv4 unicast";
	case NODE_IPV6:
		return "address-family ipv6 unicast";
	case NODE_EVPN:
	case NODE_EVPN_VRF:
		return "address-family l2vpn evpn";
	case NODE_TOP:
	case NODE_INTERFACE:
	case NODE_VRF:
	case NODE_BGP:
	case NODE_BGP_VRF:
	case NODE_EVPN_VNI:
	case NODE_ROUTE_MAP:
	case NODE_LINE_VTY:
	case NODE_BFD:
	case NODE_BFD_PROFILE:
	case NODE_BFD_PEER:
	case NODE_FOREIGN:
	case NODES:
		break;
	}
	return NULL;
}

static void block_open(struct parser *p, struct statement *s, enum node node)
{
	if (p->depth + 1 == DEPTH_MAX)
		return;
	p->depth++;
	p->block[p->depth] = s;
	p->node[p->depth] = node;
}

static void refuse(
    struct parser *p, const struct grammar_row *row, const struct words *w, unsigned first)
{
	const struct statement *in = p->block[p->depth];
	char *text;

	if (p->refused != row || p->refused_in != in || p->depth == 0) {
		text = quote(w, first);
		statement_errors_add(p->errors, p->line, w->column[0], true, mem_strdup("left out"),
		    "`%s` is not supported", text);
		mem_free(text);
	}
	p->refused = row;
	p->refused_in = in;
	p->foreign_column = w->column[0];
	if (row->opens != NODE_NONE)
		block_open(p, NULL, NODE_FOREIGN);
}

static void statement_set(
    struct parser *p, struct statement *s, const struct words *w, unsigned first, bool no)
{
	const char *text = block_text(s->row->opens);

	mem_free(s->text);
	s->text = text != NULL ? mem_strdup(text) : words_join(w, first);
	s->no = no;
	s->line = p->line;
	s->column = w->column[0];
	if ((s->row->flags & ROW_SEQUENCED) != 0)
		sequence_note(s, w, first);
}

static void accept(struct parser *p, const struct grammar_row *row, const struct words *w,
    unsigned first, const struct match *m);

/* An entry of a list without its number. One that is there already changes nothing. */
static void accept_sequenced(struct parser *p, const struct grammar_row *row, const struct words *w)
{
	const struct statement *block = p->block[p->depth];
	char *text = sequence_find(block, w, 0) == NULL ? sequence_text(block, w) : NULL;
	struct words numbered;
	struct match m;

	if (text == NULL)
		return;
	words_split(&numbered, text, strlen(text));
	numbered.column[0] = w->column[0];
	grammar_match(row->pattern, &numbered, 0, &m);
	accept(p, row, &numbered, 0, &m);
	words_fini(&numbered);
	mem_free(text);
}

static void accept(struct parser *p, const struct grammar_row *row, const struct words *w,
    unsigned first, const struct match *m)
{
	struct statement *block = p->block[p->depth], *s;
	char *key;

	if (row->support == SUPPORT_REFUSED) {
		refuse(p, row, w, first);
		return;
	}
	if ((row->flags & ROW_SEQUENCED) != 0 && sequence_is_missing(w, first)) {
		accept_sequenced(p, row, w);
		return;
	}
	key = block_text(row->opens) != NULL ? mem_strdup(block_text(row->opens))
					     : key_of(w, first, m);
	s = child_find(block, row, key);
	if (s == NULL) {
		s = child_add(block, row);
		s->key = mem_strdup(key);
		s->key_hash = key_hash(key);
	}
	mem_free(key);
	statement_set(p, s, w, first, first > 0);
	if (row->opens != NODE_NONE && first == 0)
		block_open(p, s, row->opens);
}

/* `text` begins with the words of `prefix`. */
static bool starts_with_words(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 && (text[n] == '\0' || text[n] == ' ');
}

static bool is_neighbor(const char *prefix)
{
	return starts_with_words(prefix, "neighbor") && strchr(prefix, ' ') != NULL;
}

static void delete_prefix(struct statement *block, const char *prefix)
{
	for (size_t i = block->child_count; i-- > 0;) {
		struct statement *s = block->children[i];

		if (starts_with_words(s->text, prefix))
			child_remove(block, i);
		else if (s->child_count > 0 && is_neighbor(prefix))
			delete_prefix(s, prefix); /* it goes from its families too */
	}
}

/* `no …` that only takes something away. With all words of the statement it takes that one, with
 * fewer all that begin so. False: there is no such statement. */
static bool delete_at(struct parser *p, unsigned level, const struct words *w)
{
	const struct grammar_row *row, *near;
	struct match m;
	char *text;

	row = grammar_find(p->node[level], w, 1, &m, &near);
	if (row == NULL && (near == NULL || !(m.full || m.incomplete)))
		return false;
	p->depth = level;
	text = words_join(w, 1);
	delete_prefix(p->block[level], text);
	mem_free(text);
	if (row != NULL && (row->flags & ROW_SEQUENCED) != 0 && sequence_is_missing(w, 1)) {
		child_drop(p->block[level], sequence_find(p->block[level], w, 1));
	} else if (row != NULL) {
		char *key = key_of(w, 1, &m);
		struct statement *block = p->block[level];

		for (size_t i = block->child_count; i-- > 0;)
			if (block->children[i]->row == row &&
			    strcmp(block->children[i]->key, key) == 0)
				child_remove(block, i);
		mem_free(key);
	}
	return true;
}

static void report_near(
    struct parser *p, enum node node, const struct words *w, unsigned first, const struct match *m)
{
	struct str wanted = {0};

	if (m->full) {
		grammar_token_text(m->bad_token, m->bad_token_size, &wanted);
		statement_errors_add(p->errors, p->line, column_of(w, first + m->bad), false, NULL,
		    "`%.80s` is not %s", w->word[first + m->bad], str_text(&wanted));
	} else {
		grammar_token_text(m->expected, m->expected_size, &wanted);
		statement_errors_add(p->errors, p->line, column_of(w, first + m->reached), false,
		    grammar_hint(1u << node, w, first),
		    "the statement is not complete: %s is missing", str_text(&wanted));
	}
	str_fini(&wanted);
}

static void report_unknown(struct parser *p, const struct words *w, unsigned first)
{
	unsigned reached = 0, column;
	uint32_t nodes = 0;
	char *text, *hint;
	struct match m;

	for (unsigned level = 0; level <= p->depth; level++)
		nodes |= 1u << p->node[level];
	for (size_t i = 0; i < grammar_count; i++)
		if ((grammar[i].nodes & nodes) != 0) {
			grammar_match(grammar[i].pattern, w, first, &m);
			if (m.reached > reached)
				reached = m.reached;
		}
	column = column_of(w, first + reached);
	hint = grammar_hint(nodes, w, first);
	text = quote(w, 0);
	statement_errors_add(
	    p->errors, p->line, column, true, hint, "unknown statement `%s`, left out", text);
	mem_free(text);
}

/* Address family ipv4 unicast statements may stand in `router bgp` itself, as old configurations
 * have them. */
static const struct grammar_row *find_in_family(
    const struct parser *p, unsigned level, const struct words *w, unsigned first, struct match *m)
{
	const struct grammar_row *ignored;

	if (p->node[level] != NODE_BGP && p->node[level] != NODE_BGP_VRF)
		return NULL;
	return grammar_find(NODE_IPV4, w, first, m, &ignored);
}

static void open_ipv4_family(struct parser *p)
{
	const struct grammar_row *row, *ignored;
	const char *text = block_text(NODE_IPV4);
	struct words w;
	struct match m;

	words_split(&w, text, strlen(text));
	row = grammar_find(p->node[p->depth], &w, 0, &m, &ignored);
	accept(p, row, &w, 0, &m);
	words_fini(&w);
}

static bool takes(const struct grammar_row *row, unsigned first)
{
	return row != NULL &&
	       (first == 0 || (row->flags & ROW_KEEPS_NO) != 0 || row->support == SUPPORT_REFUSED);
}

/* True: the line was dealt with at this level. Else *near may have been set. */
static bool parse_at(struct parser *p, unsigned level, const struct words *w, unsigned first,
    struct match *m, const struct grammar_row **near)
{
	const struct grammar_row *row = grammar_find(p->node[level], w, first, m, near);
	struct match family_match;

	if (takes(row, first)) {
		p->depth = level;
		accept(p, row, w, first, m);
		return true;
	}
	row = find_in_family(p, level, w, first, &family_match);
	if (takes(row, first) && row->support != SUPPORT_REFUSED) {
		p->depth = level;
		open_ipv4_family(p);
		accept(p, row, w, first, &family_match);
		return true;
	}
	return first == 1 && delete_at(p, level, w);
}

/* A block that is not ours ends at what the top level knows, and at the next block beside it:
 * `address-family ipv4 vpn` must not take the families behind it along. */
static bool swallowed(const struct parser *p, const struct words *w, unsigned first)
{
	const struct grammar_row *near, *beside;
	struct match m;

	if (p->node[p->depth] != NODE_FOREIGN)
		return false;
	beside = grammar_find(p->node[p->depth - 1], w, first, &m, &near);
	return (beside == NULL || beside->opens == NODE_NONE) &&
	       grammar_find(NODE_TOP, w, first, &m, &near) == NULL;
}

static void parse_statement(struct parser *p, const struct words *w)
{
	unsigned first = strcmp(w->word[0], "no") == 0 && w->count > 1;
	const struct grammar_row *near;
	struct match m, near_match = {0};
	enum node near_node = NODE_NONE;

	if (swallowed(p, w, first))
		return;
	for (unsigned level = p->depth + 1; level-- > 0;) {
		if (p->node[level] == NODE_FOREIGN)
			continue;
		if (parse_at(p, level, w, first, &m, &near))
			return;
		if (near_node == NODE_NONE && near != NULL && (m.full || m.incomplete)) {
			near_node = p->node[level];
			near_match = m;
		}
	}
	if (near_node != NODE_NONE && first == 0)
		report_near(p, near_node, w, first, &near_match);
	else
		report_unknown(p, w, first);
}

/* The innermost block with that word: it and those inside end. A word that closes nothing is
 * harmless, as generators repeat them. Which one a foreign block has is not known: any. */
static void block_close(struct parser *p, const char *word)
{
	for (unsigned level = p->depth; level > 0; level--)
		if (strcmp(node_exit(p->node[level]), word) == 0) {
			p->depth = level - 1;
			return;
		}
	p->depth -= p->node[p->depth] == NODE_FOREIGN;
}

/* Closing words. In a foreign block those further in than its first line are of blocks in it. */
static bool parse_exit(struct parser *p, const struct words *w)
{
	const char *word = w->word[0];
	bool plain = strcmp(word, "exit") == 0 || strcmp(word, "quit") == 0;
	bool inside = p->node[p->depth] == NODE_FOREIGN && w->column[0] > p->foreign_column;

	if (w->count != 1)
		return false;
	if (strcmp(word, "end") == 0) {
		p->depth = 0;
		return true;
	}
	if (!plain && strncmp(word, "exit-", 5) != 0)
		return false;
	if (plain && !inside)
		p->depth -= p->depth > 0;
	else if (!inside)
		block_close(p, word);
	return true;
}

static void parse_line(struct parser *p, const char *line, size_t size)
{
	struct words w;

	words_split(&w, line, size);
	if (w.overflow)
		statement_errors_add(p->errors, p->line, w.column[0], false, NULL,
		    "more than %d words in one statement", WORDS_MAX);
	else if (w.count > 0 && *w.word[0] != '!' && *w.word[0] != '#' && !parse_exit(p, &w))
		parse_statement(p, &w);
	words_fini(&w);
}

/* ---- canonical order ---- */

/* Numbers within words compare as numbers: eth2 before eth10. */
static int natural_compare(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		size_t da = strspn(a, "0123456789"), db = strspn(b, "0123456789");

		if (da > 0 && db > 0) {
			int c = da != db ? (da < db ? -1 : 1) : strncmp(a, b, da);

			if (c != 0)
				return c;
			a += da;
			b += db;
		} else if (*a != *b) {
			return (uint8_t)*a < (uint8_t)*b ? -1 : 1;
		} else {
			a++;
			b++;
		}
	}
	return (*a != '\0') - (*b != '\0');
}

/* The second word of `neighbor X …`, into `name`. */
static void peer_name(const struct statement *s, char *name, size_t size)
{
	const char *start = strchr(s->text, ' ');
	size_t n;

	start = start != NULL ? start + 1 : "";
	n = strcspn(start, " ");
	if (n >= size)
		n = size - 1;
	memcpy(name, start, n);
	name[n] = '\0';
}

static int peer_compare(const struct statement *a, const struct statement *b)
{
	char x[128], y[128];
	struct ip ip, jp;

	peer_name(a, x, sizeof(x));
	peer_name(b, y, sizeof(y));
	if (ip_parse(x, &ip) && ip_parse(y, &jp))
		return ip_compare(&ip, &jp);
	return natural_compare(x, y);
}

static int statement_compare(const void *x, const void *y)
{
	const struct statement *a = *(struct statement *const *)x;
	const struct statement *b = *(struct statement *const *)y;
	int c = 0;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if ((a->row->flags & ROW_BY_PEER) != 0)
		c = peer_compare(a, b);
	if ((a->row->flags & ROW_AS_GIVEN) != 0)
		return a->order < b->order ? -1 : 1;
	if (c == 0 && a->row != b->row)
		return a->row < b->row ? -1 : 1;
	if (c == 0 && (a->row->flags & ROW_BY_NAME) != 0)
		c = natural_compare(a->key, b->key);
	return c != 0 ? c : (a->order > b->order) - (a->order < b->order);
}

static bool is_peer_group(const struct statement *bgp, const char *name)
{
	char declared[128];

	for (size_t i = 0; i < bgp->child_count; i++) {
		if ((bgp->children[i]->row->flags & ROW_PEER_GROUP) == 0)
			continue;
		peer_name(bgp->children[i], declared, sizeof(declared));
		if (strcmp(declared, name) == 0)
			return true;
	}
	return false;
}

/* Peer groups, then interfaces, then addresses. */
static unsigned peer_class(const struct statement *bgp, const struct statement *s)
{
	char name[128];
	struct ip ip;

	peer_name(s, name, sizeof(name));
	if (is_peer_group(bgp, name))
		return 0;
	return ip_parse(name, &ip) ? 2 : 1;
}

/* Rows of neighbors that follow each other in the table rank as one. */
static unsigned statement_rank(const struct statement *bgp, const struct statement *s)
{
	size_t row = (size_t)(s->row - grammar);

	if ((s->row->flags & ROW_AS_GIVEN) != 0) {
		while ((grammar[row - 1].flags & ROW_AS_GIVEN) != 0)
			row--;
		return (unsigned)row * 3;
	}
	if ((s->row->flags & ROW_BY_PEER) == 0)
		return (unsigned)row * 3;
	while (row > 0 && (grammar[row - 1].flags & ROW_BY_PEER) != 0)
		row--;
	return (unsigned)row * 3 + peer_class(bgp, s);
}

/* `bgp` is the instance that declares the peer groups of this block, or the block itself. */
static void statement_sort(struct statement *block, const struct statement *bgp)
{
	for (size_t i = 0; i < block->child_count; i++) {
		struct statement *s = block->children[i];
		enum node opens = s->row->opens;

		s->rank = statement_rank(bgp, s);
		statement_sort(s, opens == NODE_BGP || opens == NODE_BGP_VRF ? s : bgp);
	}
	if (block->child_count > 1)
		qsort(block->children, block->child_count, sizeof(struct statement *),
		    statement_compare);
}

struct statement *statement_parse(const char *text, struct statement_errors *errors)
{
	struct statement *root = mem_new(sizeof(*root));
	struct parser p = {.block = {root}, .node = {NODE_TOP}, .errors = errors};

	while (*text != '\0') {
		size_t size = strcspn(text, "\n");

		p.line++;
		parse_line(&p, text, size);
		text += size;
		text += *text == '\n';
	}
	statement_sort(root, root);
	return root;
}

/* ---- canonical text ---- */

static void print_indent(unsigned depth, struct str *out)
{
	while (depth-- > 0)
		str_add(out, " ");
}

/* One-line statements of the same group stand together, each block alone. */
static bool print_separated(const struct statement *a, const struct statement *b)
{
	if (a->row->opens != NODE_NONE || b->row->opens != NODE_NONE)
		return true;
	for (const struct grammar_row *row = a->row + 1; row <= b->row; row++)
		if ((row->flags & ROW_GROUP) != 0)
			return true;
	return false;
}

static bool is_family(const struct statement *s)
{
	return block_text(s->row->opens) != NULL;
}

static void print_children(const struct statement *block, unsigned depth, struct str *out)
{
	for (size_t i = 0; i < block->child_count; i++) {
		const struct statement *s = block->children[i];

		if (depth == 0 ? i > 0 && print_separated(block->children[i - 1], s)
			       : is_family(s)) {
			print_indent(depth, out);
			str_add(out, "!\n");
		}
		print_indent(depth, out);
		str_addf(out, "%s%s\n", s->no ? "no " : "", s->text);
		if (s->row->opens == NODE_NONE || s->no)
			continue;
		print_children(s, depth + 1, out);
		print_indent(depth, out);
		str_addf(out, "%s\n", node_exit(s->row->opens));
	}
	if (depth == 0 && block->child_count > 0)
		str_add(out, "!\n");
}

void statement_print(const struct statement *root, struct str *out)
{
	print_children(root, 0, out);
}
