/*
 * Lists that policies refer to. The grammar has put a sequence number into each statement and has
 * checked the words of fixed shape; what is free text (communities, regular expressions) is checked
 * here.
 */
#include <string.h>

#include "base/mem.h"
#include "bgp/extcomm.h"
#include "config/loading.h"

static struct policy *policy_of(struct loading *l)
{
	return &l->c->bgp.policy;
}

/* The words `seq N permit|deny` from `at` on. */
static struct list_entry entry_begin(const struct words *w, unsigned at, enum rule_kind kind)
{
	struct list_entry e = {.kind = (uint8_t)kind};

	word_number(w->word[at + 1], 0, UINT32_MAX, &e.seq);
	e.permit = strcmp(w->word[at + 2], "permit") == 0;
	return e;
}

static void entry_add(
    struct loading *l, enum list_kind kind, const char *name, const struct list_entry *e)
{
	policy_list_add(policy_list_get(policy_of(l), kind, name), e);
}

/* ---- prefix-lists ---- */

static struct prefix any_prefix(uint8_t family)
{
	return (struct prefix){.addr = {.family = family}};
}

static uint8_t bits_of(uint8_t family)
{
	return family == IP_V6 ? 128 : 32;
}

static void read_range(const struct words *w, unsigned from, struct prefix_rule *r)
{
	for (unsigned i = from; i + 1 < w->count; i += 2) {
		uint32_t n = 0;

		word_number(w->word[i + 1], 0, 128, &n);
		*(strcmp(w->word[i], "ge") == 0 ? &r->ge : &r->le) = (uint8_t)n;
	}
}

static bool range_is_good(const struct prefix_rule *r)
{
	if (r->ge != 0 && (r->ge < r->prefix.len || r->ge > bits_of(r->prefix.addr.family)))
		return false;
	return r->le == 0 || (r->le >= r->prefix.len && r->le >= r->ge);
}

/* `ip|ipv6 prefix-list NAME seq N permit|deny P|any [ge X] [le Y]` */
void on_prefix_list(struct loading *l, const struct statement *s, const struct words *w)
{
	uint8_t family = strcmp(w->word[0], "ipv6") == 0 ? IP_V6 : IP_V4;
	struct list_entry e = entry_begin(w, 3, RULE_PREFIX);

	bool any = strcmp(w->word[6], "any") == 0;

	if (any) {
		e.prefix.prefix = any_prefix(family);
		e.prefix.le = bits_of(family);
	} else {
		prefix_parse(w->word[6], &e.prefix.prefix);
		read_range(w, 7, &e.prefix);
	}
	if ((any && w->count > 7) || !range_is_good(&e.prefix)) {
		loading_report(l, s, false,
		    mem_strdup("the length of the prefix <= ge <= le must hold"),
		    "`%.80s` describes no prefix", s->text);
		return;
	}
	entry_add(l, family == IP_V6 ? LIST_PREFIX6 : LIST_PREFIX4, w->word[2], &e);
}

/* A name that has only a description is a list that exists, and is empty. */
void on_prefix_list_description(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	policy_list_get(policy_of(l), strcmp(w->word[0], "ipv6") == 0 ? LIST_PREFIX6 : LIST_PREFIX4,
	    w->word[2]);
}

/* ---- access-lists ---- */

/* `P [exact-match]|any`, from `at` on. */
static bool read_zebra(const struct words *w, unsigned at, uint8_t family, struct list_entry *e)
{
	e->kind = RULE_PREFIX;
	if (strcmp(w->word[at], "any") == 0)
		e->prefix.prefix = any_prefix(family);
	else
		prefix_parse(w->word[at], &e->prefix.prefix);
	/* Exactly this length, or any that is not shorter. */
	if (at + 1 == w->count)
		e->prefix.le = bits_of(family);
	return at + 1 == w->count || (at + 2 == w->count && strchr(w->word[at], '/') != NULL &&
					 strcmp(w->word[at + 1], "exact-match") == 0);
}

void on_access_list6(struct loading *l, const struct statement *s, const struct words *w)
{
	struct list_entry e = entry_begin(w, 3, RULE_PREFIX);

	(void)s;
	read_zebra(w, 6, IP_V6, &e);
	entry_add(l, LIST_ACCESS6, w->word[2], &e);
}

static bool address4(const struct words *w, unsigned at, uint32_t *address)
{
	struct ip ip;

	if (at >= w->count || !ip_parse(w->word[at], &ip) || ip.family != IP_V4)
		return false;
	*address = ip_to_u32(&ip);
	return true;
}

/* `any`, `host A` or `A WILDCARD` from *at on; *at moves behind it. */
static bool read_pair(const struct words *w, unsigned *at, uint32_t *address, uint32_t *wildcard)
{
	unsigned first = *at;

	*at += 2;
	if (first < w->count && strcmp(w->word[first], "any") == 0) {
		*at = first + 1;
		*address = 0;
		*wildcard = UINT32_MAX;
		return true;
	}
	if (first < w->count && strcmp(w->word[first], "host") == 0) {
		*wildcard = 0;
		return address4(w, first + 1, address);
	}
	return address4(w, first, address) && address4(w, first + 1, wildcard);
}

/* `ip` and two pairs. */
static bool read_extended(const struct words *w, struct wildcard_rule *r)
{
	unsigned at = 6;

	r->extended = true;
	return read_pair(w, &at, &r->address, &r->wildcard) &&
	       read_pair(w, &at, &r->mask, &r->mask_wildcard) && at == w->count;
}

/* `[host] A` or `A WILDCARD`. */
static bool read_standard(const struct words *w, struct wildcard_rule *r)
{
	unsigned at = 5;

	if (w->count == 6)
		return address4(w, at, &r->address);
	return read_pair(w, &at, &r->address, &r->wildcard);
}

/* `access-list NAME seq N permit|deny …`: a prefix, an address, or with `ip` address and mask. */
void on_access_list(struct loading *l, const struct statement *s, const struct words *w)
{
	struct list_entry e = entry_begin(w, 2, RULE_WILDCARD);
	struct wildcard_rule *r = &e.wildcard;
	bool good;

	if (strcmp(w->word[5], "any") == 0 || strchr(w->word[5], '/') != NULL)
		good = read_zebra(w, 5, IP_V4, &e);
	else
		good = strcmp(w->word[5], "ip") == 0 ? read_extended(w, r) : read_standard(w, r);
	if (good)
		entry_add(l, LIST_ACCESS4, w->word[1], &e);
	else
		loading_report(l, s, false,
		    mem_strdup("an address is `any`, `host A.B.C.D` or A.B.C.D and wildcard bits"),
		    "`%.80s` is not complete", s->text);
}

/* ---- regular expressions ---- */

static bool pattern_read(struct loading *l, const struct statement *s, const struct words *w,
    unsigned from, struct list_entry *e)
{
	char *text = words_join(w, from);
	const char *error;

	e->kind = RULE_PATTERN;
	e->pattern = pattern_new(text, &error);
	if (e->pattern == NULL)
		loading_report(l, s, false, NULL, "`%.80s`: %s", text, error);
	mem_free(text);
	return e->pattern != NULL;
}

/* FRR's set: what else could be in the text of a path? */
void on_as_path_list(struct loading *l, const struct statement *s, const struct words *w)
{
	struct list_entry e = entry_begin(w, 4, RULE_PATTERN);
	char *text = words_join(w, 7);
	size_t good = strspn(text, "1234567890_^|[,{}() ]$*+.?-\\");

	if (text[good] != '\0')
		loading_report(l, s, false, NULL,
		    "`%c` cannot be in a regular expression for AS paths", text[good]);
	else if (pattern_read(l, s, w, 7, &e))
		entry_add(l, LIST_AS_PATH, w->word[3], &e);
	mem_free(text);
}

/* ---- communities ---- */

struct community_form {
	enum list_kind kind;
	uint16_t size;
	const char *wanted;
	bool (*parse)(const struct words *w, unsigned *at, void *value);
	size_t (*sort)(void *values, size_t count);
};

static bool parse_community(const struct words *w, unsigned *at, void *value)
{
	return community_parse(w->word[*at], value);
}

static bool parse_large(const struct words *w, unsigned *at, void *value)
{
	return large_community_parse(w->word[*at], value);
}

/* `rt X` or `soo X`. */
static bool parse_extcommunity(const struct words *w, unsigned *at, void *value)
{
	const char *kind = w->word[*at];

	if (++*at >= w->count)
		return false;
	if (strcmp(kind, "rt") == 0)
		return extcomm_rt_parse(w->word[*at], value);
	return strcmp(kind, "soo") == 0 && extcomm_soo_parse(w->word[*at], value);
}

static size_t sort_communities(void *values, size_t count)
{
	return communities_sort(values, count);
}

static size_t sort_large(void *values, size_t count)
{
	return large_communities_sort(values, count);
}

static size_t sort_extcommunities(void *values, size_t count)
{
	return extcomms_sort(values, count);
}

static const struct community_form forms[] = {
    {LIST_COMMUNITY, sizeof(uint32_t), "write AS:number, a number, or a name such as no-export",
	parse_community, sort_communities},
    {LIST_LARGE_COMMUNITY, sizeof(struct large_community), "write AS:number:number", parse_large,
	sort_large},
    {LIST_EXTCOMMUNITY, sizeof(struct extcomm), "write `rt AS:number` or `soo AS:number`",
	parse_extcommunity, sort_extcommunities},
};

static const struct community_form *form_of(enum list_kind kind)
{
	return &forms[kind - LIST_COMMUNITY];
}

bool config_communities(struct loading *l, const struct statement *s, const struct words *w,
    unsigned from, enum list_kind kind, struct set_rule *rule)
{
	const struct community_form *form = form_of(kind);
	uint8_t *values = mem_new_array(w->count, form->size);

	*rule = (struct set_rule){.values = values, .size = form->size};
	for (unsigned at = from; at < w->count; at++) {
		unsigned start = at;

		if (form->parse(w, &at, values + (size_t)rule->count * form->size)) {
			rule->count++;
			continue;
		}
		loading_report(l, s, false, mem_strdup(form->wanted), "`%.80s` is not a community",
		    w->word[at < w->count ? at : start]);
		mem_free(values);
		return false;
	}
	rule->count = (uint16_t)form->sort(values, rule->count);
	return true;
}

static enum list_kind community_kind(const char *word)
{
	if (strcmp(word, "community-list") == 0)
		return LIST_COMMUNITY;
	return strcmp(word, "large-community-list") == 0 ? LIST_LARGE_COMMUNITY : LIST_EXTCOMMUNITY;
}

/* `bgp …community-list standard|expanded NAME seq N permit|deny …`, or a number that tells. */
static bool is_expanded(const struct words *w)
{
	uint32_t number = 0;

	if (word_number(w->word[2], 1, 500, &number))
		return number >= 100;
	return strcmp(w->word[2], "expanded") == 0;
}

static bool style_agrees(const struct policy_list *list, const struct list_entry *e)
{
	return list->count == 0 || list->entries[0].kind == e->kind;
}

void on_community_list(struct loading *l, const struct statement *s, const struct words *w)
{
	enum list_kind kind = community_kind(w->word[1]);
	bool named = strcmp(w->word[2], "standard") == 0 || strcmp(w->word[2], "expanded") == 0;
	unsigned at = named ? 4 : 3;
	struct list_entry e = entry_begin(w, at, RULE_SET);
	struct policy_list *list;

	if (is_expanded(w) ? !pattern_read(l, s, w, at + 3, &e)
			   : !config_communities(l, s, w, at + 3, kind, &e.set))
		return;
	list = policy_list_get(policy_of(l), kind, w->word[at - 1]);
	if (style_agrees(list, &e)) {
		policy_list_add(list, &e);
		return;
	}
	loading_report(l, s, false, NULL, "%s %.80s is standard and expanded at once",
	    list_kind_name(kind), w->word[at - 1]);
	list_entry_fini(&e);
}
