/*
 * What can be asked of a choice of statements; the table of them is in table.c.
 */
#include "table.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

const struct neighbor neighbors[NEIGHBORS] = {
    {"10.0.1.2", BY_ADDRESS, 65002},
    {"10.0.2.2", BY_ADDRESS, 65001},
    {"2001:db8:1::2", BY_ADDRESS, 65003},
    {"eth4", BY_LINK, 65004},
    {"eth5", BY_LINK, 65005},
    {"10.0.1.77", BY_RANGE, 65006},
};

#define GROUP_COUNT 2
#define OWNERS (NEIGHBORS + GROUP_COUNT)
static const char *const groups[GROUP_COUNT] = {"G1", "G2"};
static const char *const interfaces[] = {"eth4", "irb-99", "lo"};
static const char *const vnis[] = {"10099", "10200"};
static const struct entry {
	const char *map;
	unsigned number;
} entries[] = {{"M1", 5}, {"M1", 10}, {"M1", 20}, {"M2", 10}, {"M2", 30}, {"M3", 10}, {"M4", 10},
    {"M4", 20}, {"M5", 10}, {"M5", 20}};
#define INTERFACES (sizeof(interfaces) / sizeof(interfaces[0]))
#define VNIS (sizeof(vnis) / sizeof(vnis[0]))
#define ENTRIES (sizeof(entries) / sizeof(entries[0]))

uint32_t dice_below(struct dice *d, uint32_t limit)
{
	uint64_t z = (d->state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) % limit);
}

static bool chance(struct dice *d, uint32_t percent)
{
	return dice_below(d, 100) < percent;
}

/* ---- slots --------------------------------------------------------------------------------- */

static size_t owner_count(const struct row *r)
{
	switch (r->place) {
	case AT_PEER:
	case AT_PEER_IPV4:
	case AT_PEER_IPV6:
	case AT_PEER_EVPN:
		return OWNERS;
	case AT_INTERFACE:
		return INTERFACES;
	case AT_VNI:
		return VNIS;
	case AT_ENTRY:
		return ENTRIES;
	case AT_TOP:
	case AT_LIST:
	case AT_BGP:
	case AT_IPV4:
	case AT_IPV6:
	case AT_EVPN:
	case AT_AS:
		return 1;
	}
	return 0;
}

static bool is_peer_row(const struct row *r)
{
	return r->place >= AT_PEER && r->place <= AT_PEER_EVPN;
}

size_t slot_count(void)
{
	size_t n = 0;

	for (size_t r = 0; r < row_count; r++)
		n += owner_count(&rows[r]);
	check(n <= SLOTS_MAX);
	return n;
}

/* Slots of a row stand together, rows in order. */
static size_t slot_of(const struct row *row, size_t owner)
{
	size_t n = 0;

	for (const struct row *r = rows; r < row; r++)
		n += owner_count(r);
	return n + owner;
}

static const struct row *slot_row(size_t slot, size_t *owner)
{
	for (size_t r = 0; r < row_count; r++) {
		size_t n = owner_count(&rows[r]);

		*owner = slot;
		if (slot < n)
			return &rows[r];
		slot -= n;
	}
	check(false);
	return NULL;
}

static void owner_text(const struct row *r, size_t owner, struct str *out)
{
	if (is_peer_row(r))
		str_add(out, owner < NEIGHBORS ? neighbors[owner].name : groups[owner - NEIGHBORS]);
	else if (r->place == AT_INTERFACE)
		str_add(out, interfaces[owner]);
	else if (r->place == AT_VNI)
		str_add(out, vnis[owner]);
	else if (r->place == AT_ENTRY)
		str_addf(out, "%s %u", entries[owner].map, entries[owner].number);
}

/* The row says something of this neighbor or group. */
static bool row_concerns(const struct row *r, size_t owner)
{
	unsigned where = r->flags & (NUMBERED | UNNUMBERED | GROUPS);
	unsigned is = owner >= NEIGHBORS		  ? GROUPS
		      : neighbors[owner].found == BY_LINK ? UNNUMBERED
							  : NUMBERED;

	return !is_peer_row(r) || where == 0 || (where & is) != 0;
}

/* It may stand there: a neighbor by range has only what its group has. */
static bool row_fits(const struct row *r, size_t owner)
{
	return row_concerns(r, owner) &&
	       !(is_peer_row(r) && owner < NEIGHBORS && neighbors[owner].found == BY_RANGE);
}

static size_t value_count(const struct row *r)
{
	size_t n = 0;

	while (n < VALUES_MAX && r->values[n] != NULL)
		n++;
	return n;
}

/* Values count from 1; behind them stand the defaults, of both profiles. */
static const char *value_text(const struct row *r, uint8_t value)
{
	size_t n = value_count(r);

	return value == 0 ? NULL : value <= n ? r->values[value - 1] : r->defaults[value - n - 1];
}

size_t slot_statement(size_t slot)
{
	size_t owner;

	return (size_t)(slot_row(slot, &owner) - rows);
}

void slot_text(size_t slot, struct str *out)
{
	size_t owner;
	const struct row *r = slot_row(slot, &owner);

	owner_text(r, owner, out);
	str_addf(out, " / %s", r->key);
}

/* ---- what holds ---------------------------------------------------------------------------- */

static const struct row *row_find(enum place place, const char *key)
{
	for (size_t r = 0; r < row_count; r++)
		if (rows[r].place == place && strcmp(rows[r].key, key) == 0)
			return &rows[r];
	return NULL;
}

static const char *chosen(const struct choice *c, const struct row *r, size_t owner)
{
	return value_text(r, c->value[slot_of(r, owner)]);
}

enum profile choice_profile(const struct choice *c)
{
	const char *text = chosen(c, row_find(AT_TOP, "profile"), 0);

	return text != NULL && strstr(text, "datacenter") != NULL ? DATACENTER : TRADITIONAL;
}

static const char *own_as(const struct choice *c)
{
	const char *text = chosen(c, row_find(AT_AS, "as"), 0);

	return text != NULL ? text : "65001";
}

/* The longest range counts. */
static const char *range_of(const struct choice *c)
{
	const char *text = chosen(c, row_find(AT_BGP, "listen narrow"), 0);

	return text != NULL ? text : chosen(c, row_find(AT_BGP, "listen range"), 0);
}

/* `interface peer-group G`, unless it says so itself; NULL: neither. */
static const char *group_text(const struct choice *c, size_t neighbor)
{
	const char *own = chosen(c, row_find(AT_PEER, "peer-group"), neighbor);
	const char *by_link = chosen(c, row_find(AT_PEER, "interface"), neighbor);

	if (own != NULL || by_link == NULL ||
	    chosen(c, row_find(AT_PEER, "remote-as"), neighbor) != NULL)
		return own;
	return strstr(by_link, "peer-group");
}

/* The owner number of the neighbor's group; OWNERS: none. */
static size_t group_of(const struct choice *c, size_t neighbor)
{
	const char *text =
	    neighbors[neighbor].found == BY_RANGE ? range_of(c) : group_text(c, neighbor);

	text = text != NULL ? strstr(text, "peer-group ") : NULL;
	for (size_t g = 0; text != NULL && g < GROUP_COUNT; g++)
		if (strncmp(strchr(text, ' ') + 1, groups[g], strlen(groups[g])) == 0)
			return NEIGHBORS + g;
	return OWNERS;
}

static bool has_group_text(const struct choice *c, const struct row *r, size_t group, bool *ao)
{
	const char *text;

	while (!row_fits(r, group))
		r++;
	text = chosen(c, r, group);
	*ao = text != NULL && strncmp(text, "tcp-ao", 6) == 0;
	return text != NULL;
}

/* A TTL of its own beside one of its group may contradict it, a key for one kind of signature one
 * for the other: then it does not speak. */
static bool contradicts_group(const struct choice *c, const struct row *r, size_t owner)
{
	size_t group = owner < NEIGHBORS ? group_of(c, owner) : OWNERS;
	const char *own = chosen(c, r, owner);
	bool ao;

	if (group == OWNERS || own == NULL)
		return false;
	if (strcmp(r->key, "ttl") == 0)
		return has_group_text(c, r, group, &ao);
	return strcmp(r->key, "password") == 0 && has_group_text(c, r, group, &ao) &&
	       ao != (strncmp(own, "tcp-ao", 6) == 0);
}

static const char *peer_says(const struct choice *c, const struct row *r, size_t owner)
{
	if (contradicts_group(c, r, owner))
		return NULL;
	/* `interface` may say what another statement says too: only one of them may. */
	if (strcmp(r->key, "interface") == 0 && chosen(c, r, owner) != NULL &&
	    (chosen(c, row_find(AT_PEER, "remote-as"), owner) != NULL ||
		chosen(c, row_find(AT_PEER, "peer-group"), owner) != NULL))
		return r->values[0];
	return chosen(c, r, owner);
}

static const char *meaning(const char *text)
{
	const char *bar = strchr(text, '|');

	return bar == NULL ? text : bar + 1;
}

static const char *said_by_link(const struct choice *c, size_t owner)
{
	const struct row *r = row_find(AT_PEER, "interface");
	const char *text = row_fits(r, owner) ? peer_says(c, r, owner) : NULL;

	return text != NULL && strstr(text, "remote-as external") != NULL ? "remote-as external"
									  : NULL;
}

/* What a neighbor or group itself says; NULL nothing. */
static const char *said(const struct choice *c, size_t owner, const char *key)
{
	for (size_t r = 0; owner < OWNERS && r < row_count; r++) {
		const char *text;

		if (!is_peer_row(&rows[r]) || strcmp(rows[r].key, key) != 0 ||
		    !row_fits(&rows[r], owner))
			continue;
		text = peer_says(c, &rows[r], owner);
		if (text != NULL)
			return text;
	}
	return owner < OWNERS && strcmp(key, "remote-as") == 0 ? said_by_link(c, owner) : NULL;
}

static const char *default_of(const struct choice *c, size_t neighbor, const char *key)
{
	for (size_t r = 0; r < row_count; r++)
		if (is_peer_row(&rows[r]) && strcmp(rows[r].key, key) == 0 &&
		    row_concerns(&rows[r], neighbor))
			return rows[r].defaults[choice_profile(c)];
	return NULL;
}

const char *choice_effect(const struct choice *c, size_t neighbor, const char *key)
{
	const struct row *bgp = row_find(AT_BGP, key), *top = row_find(AT_TOP, key);
	const char *text = said(c, neighbor, key);

	if (text == NULL)
		text = said(c, group_of(c, neighbor), key);
	if (text == NULL && bgp != NULL)
		text = chosen(c, bgp, 0);
	if (text == NULL && top != NULL)
		text = chosen(c, top, 0);
	if (text == NULL)
		text = default_of(c, neighbor, key);
	return text == NULL ? NULL : meaning(text);
}

/* Whose very purpose is to end a session. */
static bool may_overflow(const struct choice *c, size_t neighbor)
{
	static const char *const keys[] = {"ipv4 limit", "ipv6 limit", "evpn limit"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *text = choice_effect(c, neighbor, keys[i]);

		if (text != NULL && strncmp(text, "maximum-prefix 2", 16) == 0)
			return true;
	}
	return false;
}

static bool says(const struct choice *c, size_t neighbor, const char *key, const char *what)
{
	const char *text = choice_effect(c, neighbor, key);

	return text != NULL && strcmp(text, what) == 0;
}

/* One who is refused comes again and again, and then nothing is ever the same. */
static bool is_welcome(const struct choice *c, size_t neighbor)
{
	return says(c, neighbor, "remote-as", "remote-as external") &&
	       !says(c, neighbor, "shutdown", "shutdown") && !may_overflow(c, neighbor) &&
	       (says(c, neighbor, "activate4", "activate") ||
		   says(c, neighbor, "activate6", "activate") ||
		   says(c, neighbor, "activate-evpn", "activate"));
}

bool choice_has(const struct choice *c, size_t neighbor)
{
	if (neighbors[neighbor].found == BY_RANGE)
		return range_of(c) != NULL && is_welcome(c, neighbor);
	return choice_effect(c, neighbor, "remote-as") != NULL &&
	       (neighbors[neighbor].found != BY_LINK || said(c, neighbor, "interface") != NULL);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* iBGP sends with the full TTL whatever `ebgp-multihop` says. */
static bool is_internal(const struct choice *c, size_t neighbor)
{
	const char *as = choice_effect(c, neighbor, "remote-as");
	const char *local = choice_effect(c, neighbor, "local-as");
	char own[16], number[16];

	snprintf(own, sizeof(own), "%s", local != NULL ? strrchr(local, ' ') + 1 : own_as(c));
	snprintf(number, sizeof(number), "%u", neighbors[neighbor].as);
	return as != NULL && (strcmp(as, "remote-as internal") == 0 ||
				 (strcmp(as, "remote-as @") == 0 && strcmp(own, number) == 0));
}

static bool matters(const struct row *r, size_t neighbor)
{
	if (neighbors[neighbor].found == BY_RANGE && strcmp(r->key, "port") == 0)
		return false; /* it is never connected to */
	return (r->flags & SESSION) != 0 && row_concerns(r, neighbor);
}

static const char *session_effect(const struct choice *c, size_t neighbor, const char *key)
{
	const char *text = choice_effect(c, neighbor, key);

	if (text != NULL && strncmp(text, "ebgp-multihop", 13) == 0 && is_internal(c, neighbor))
		return "internal";
	return text;
}

/* What an OPEN says of restarts depends on the neighbor's part in them (RFC 4724 section 3, RFC
 * 9494 section 3): nothing without one; a helper neither says what it has kept nor for how long. */
static bool says_of_restarts(const struct choice *c, size_t neighbor, const char *key)
{
	const char *mode = choice_effect(c, neighbor, "restart mode");

	if (strcmp(key, "restart time") == 0 || strcmp(key, "restart notification") == 0)
		return strcmp(mode, "graceful-restart-disable") != 0;
	if (strcmp(key, "forwarding") == 0 || strcmp(key, "long-lived") == 0)
		return strcmp(mode, "graceful-restart") == 0;
	return true;
}

bool choice_may_reset(
    const struct choice *from, const struct choice *to, size_t neighbor, const char **why)
{
	for (size_t r = 0; r < row_count; r++) {
		*why = rows[r].key;
		if (!matters(&rows[r], neighbor) || (!says_of_restarts(from, neighbor, *why) &&
							!says_of_restarts(to, neighbor, *why)))
			continue;
		if (rows[r].place == AT_AS) {
			if (strcmp(own_as(from), own_as(to)) != 0)
				return true;
		} else if (!same_text(session_effect(from, neighbor, rows[r].key),
			       session_effect(to, neighbor, rows[r].key))) {
			return true;
		}
	}
	*why = "maximum-prefix";
	return may_overflow(to, neighbor);
}

/* The same statement, if the group has it. */
static bool group_says(const struct choice *c, const struct row *row, size_t group)
{
	for (size_t r = 0; group < OWNERS && r < row_count; r++)
		if (rows[r].place == row->place && strcmp(rows[r].key, row->key) == 0 &&
		    row_fits(&rows[r], group) && chosen(c, &rows[r], group) != NULL)
			return true;
	return false;
}

static bool level_says(const struct choice *c, enum place place, const char *key)
{
	const struct row *r = row_find(place, key);

	return r != NULL && chosen(c, r, 0) != NULL;
}

uint8_t slot_default(const struct choice *c, size_t slot)
{
	size_t owner;
	const struct row *r = slot_row(slot, &owner);
	enum profile p = choice_profile(c);

	if (r->defaults[p] == NULL || !row_fits(r, owner) || c->value[slot] != 0)
		return 0;
	if (is_peer_row(r) && (level_says(c, AT_BGP, r->key) || level_says(c, AT_TOP, r->key)))
		return 0;
	if (is_peer_row(r) && owner < NEIGHBORS && group_says(c, r, group_of(c, owner)))
		return 0;
	if (r->place == AT_BGP && level_says(c, AT_TOP, r->key))
		return 0;
	return (uint8_t)(value_count(r) + p + 1);
}

/* ---- making -------------------------------------------------------------------------------- */

static uint8_t value_make(const struct choice *c, const struct row *r, struct dice *d)
{
	const char *standard = r->defaults[choice_profile(c)];
	size_t n = value_count(r);
	uint8_t value = (uint8_t)(1 + dice_below(d, (uint32_t)n + (standard != NULL)));

	return value <= n ? value : (uint8_t)(n + 1 + choice_profile(c));
}

static bool is_policy(const struct row *r)
{
	return r->place == AT_LIST || r->place == AT_ENTRY || (r->flags & POLICY) != 0;
}

static void slot_make(struct choice *c, size_t slot, uint32_t percent, struct dice *d)
{
	size_t owner;
	const struct row *r = slot_row(slot, &owner);

	if ((r->flags & OFTEN) != 0)
		percent = 80;
	c->value[slot] = 0;
	if (row_fits(r, owner) && chance(d, percent))
		c->value[slot] = value_make(c, r, d);
}

/* Sessions come up, lists are there, entries are short, and much is applied somewhere. */
static void policy_slot_make(struct choice *c, size_t slot, struct dice *d)
{
	size_t owner;
	const struct row *r = slot_row(slot, &owner);

	if ((r->flags & SESSION) != 0) {
		c->value[slot] = (r->flags & OFTEN) != 0 && row_fits(r, owner) ? 1 : 0;
	} else if (r->place == AT_BGP && strcmp(r->key, "requires-policy") == 0) {
		c->value[slot] = 1;
	} else if (is_policy(r)) {
		slot_make(c, slot, (r->flags & POLICY) != 0 ? 40 : 8, d);
	} else {
		slot_make(c, slot, 3, d);
	}
}

struct choice choice_empty(enum profile profile)
{
	struct choice c = {.about_policy = false};

	c.value[slot_of(row_find(AT_TOP, "profile"), 0)] = profile == DATACENTER ? 1 : 0;
	return c;
}

/* Values of one number, the default of the profile behind them. */
struct choice choice_of_value(uint8_t value)
{
	struct choice c = {.about_policy = false};

	for (size_t slot = 0; slot < slot_count(); slot++) {
		size_t owner, n;
		const struct row *r = slot_row(slot, &owner);

		n = value_count(r);
		if (!row_fits(r, owner))
			continue;
		if (value <= n)
			c.value[slot] = value;
		else if (value == n + 1 && r->defaults[0] != NULL)
			c.value[slot] = value;
		else if ((r->flags & OFTEN) != 0)
			c.value[slot] = 1;
	}
	return c;
}

/* The profile stands in the first slot: what is written out as default depends on it. */
void choice_make(struct choice *c, struct dice *d)
{
	static const uint32_t percents[] = {3, 10, 25};
	uint32_t percent = percents[dice_below(d, 3)];

	*c = choice_empty(chance(d, 50) ? DATACENTER : TRADITIONAL);
	c->about_policy = chance(d, 50);
	for (size_t slot = 1; slot < slot_count(); slot++)
		if (c->about_policy)
			policy_slot_make(c, slot, d);
		else
			slot_make(c, slot, percent, d);
}

void choice_make_room(struct choice *c, struct dice *d)
{
	for (size_t slot = 1; slot < slot_count(); slot++) {
		size_t owner;
		const struct row *r = slot_row(slot, &owner);

		if (r->defaults[choice_profile(c)] != NULL && chance(d, 60))
			c->value[slot] = 0;
	}
}

/* Few rows, and much depends on them. */
static bool is_flow(const struct row *r)
{
	return r->place == AT_ENTRY && (r->flags & POLICY) != 0;
}

static const struct row *row_to_change(const struct choice *from, struct dice *d)
{
	bool flow = from->about_policy && chance(d, 25);
	const struct row *r;

	do
		r = &rows[dice_below(d, (uint32_t)row_count)];
	while ((from->about_policy && !is_policy(r)) || (flow && !is_flow(r)));
	return r;
}

void choice_change(const struct choice *from, struct choice *to, struct dice *d)
{
	size_t changes = 1 + dice_below(d, chance(d, 70) ? 3 : 20);

	if (chance(d, 10)) {
		choice_make(to, d);
		return;
	}
	*to = *from;
	while (changes-- > 0) {
		const struct row *r = row_to_change(from, d);
		size_t slot = slot_of(r, dice_below(d, (uint32_t)owner_count(r)));

		slot_make(to, slot, from->value[slot] == 0 ? 100 : 50, d);
	}
}

/* ---- text ---------------------------------------------------------------------------------- */

static void add_text(const struct choice *c, const char *text, const char *at, struct str *out)
{
	for (; *text != '\0' && *text != '|'; text++) {
		if (*text == '@')
			str_add(out, at);
		else if (*text == '$')
			str_add(out, own_as(c));
		else
			str_add_bytes(out, text, 1);
	}
	str_add(out, "\n");
}

static void add_peer_text(
    const struct choice *c, size_t owner, const char *text, const char *indent, struct str *out)
{
	bool no = strncmp(text, "no ", 3) == 0;
	char as[16];

	snprintf(as, sizeof(as), "%u", owner < NEIGHBORS ? neighbors[owner].as : 65002);
	str_addf(out, "%s%sneighbor %s ", indent, no ? "no " : "",
	    owner < NEIGHBORS ? neighbors[owner].name : groups[owner - NEIGHBORS]);
	add_text(c, no ? text + 3 : text, as, out);
}

static void add_peers(const struct choice *c, enum place place, const char *indent, struct str *out)
{
	for (size_t r = 0; r < row_count; r++)
		for (size_t o = 0; rows[r].place == place && o < OWNERS; o++) {
			const char *text = peer_says(c, &rows[r], o);

			if (text != NULL && (o >= NEIGHBORS || choice_has(c, o)))
				add_peer_text(c, o, text, indent, out);
		}
}

static void add_plain(const struct choice *c, enum place place, size_t owner, const char *at,
    const char *indent, struct str *out)
{
	for (size_t r = 0; r < row_count; r++) {
		const char *text = rows[r].place == place ? chosen(c, &rows[r], owner) : NULL;

		if (text == NULL)
			continue;
		str_add(out, indent);
		add_text(c, text, at, out);
	}
}

static void add_entry(const struct choice *c, size_t entry, struct str *out)
{
	const char *action = chosen(c, row_find(AT_ENTRY, "action"), entry);
	const struct entry *e = &entries[entry];
	char further[16];

	if (action == NULL)
		return;
	snprintf(further, sizeof(further), "%u", e->number + 10);
	str_addf(out, "route-map %s %s %u\n", e->map, action, e->number);
	for (size_t r = 0; r < row_count; r++) {
		const char *text = rows[r].place == AT_ENTRY ? chosen(c, &rows[r], entry) : NULL;

		if (text == NULL || text == action)
			continue;
		str_add(out, " ");
		add_text(c, text, further, out);
	}
	str_add(out, "exit\n");
}

static void add_interface(const struct choice *c, size_t interface, struct str *out)
{
	char at[2] = {(char)('1' + interface), '\0'};

	str_addf(out, "interface %s\n", interfaces[interface]);
	add_plain(c, AT_INTERFACE, interface, at, " ", out);
	str_add(out, "exit\n");
}

static void add_family(
    const struct choice *c, const char *name, enum place plain, enum place peers, struct str *out)
{
	str_addf(out, " address-family %s\n", name);
	add_plain(c, plain, 0, "", "  ", out);
	add_peers(c, peers, "  ", out);
	for (size_t v = 0; plain == AT_EVPN && v < VNIS; v++) {
		str_addf(out, "  vni %s\n", vnis[v]);
		add_plain(c, AT_VNI, v, vnis[v], "   ", out);
		str_add(out, "  exit-vni\n");
	}
	str_add(out, " exit-address-family\n");
}

static void add_bgp(const struct choice *c, struct str *out)
{
	str_addf(out, "router bgp %s\n", own_as(c));
	for (size_t g = 0; g < GROUP_COUNT; g++)
		str_addf(out, " neighbor %s peer-group\n", groups[g]);
	add_plain(c, AT_BGP, 0, "", " ", out);
	add_peers(c, AT_PEER, " ", out);
	add_family(c, "ipv4 unicast", AT_IPV4, AT_PEER_IPV4, out);
	add_family(c, "ipv6 unicast", AT_IPV6, AT_PEER_IPV6, out);
	add_family(c, "l2vpn evpn", AT_EVPN, AT_PEER_EVPN, out);
	str_add(out, "exit\n");
}

void choice_text(const struct choice *c, struct str *out)
{
	add_plain(c, AT_TOP, 0, "", "", out);
	add_plain(c, AT_LIST, 0, "", "", out);
	for (size_t i = 0; i < ENTRIES; i++)
		add_entry(c, i, out);
	for (size_t i = 0; i < INTERFACES; i++)
		add_interface(c, i, out);
	add_bgp(c, out);
}

void choice_text_reversed(const struct choice *c, struct str *out)
{
	add_bgp(c, out);
	for (size_t i = INTERFACES; i-- > 0;)
		add_interface(c, i, out);
	for (size_t i = ENTRIES; i-- > 0;)
		add_entry(c, i, out);
	add_plain(c, AT_LIST, 0, "", "", out);
	add_plain(c, AT_TOP, 0, "", "", out);
}
