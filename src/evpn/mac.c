/*
 * MACs: facts in, mobility_decide(), consequences out.
 *
 * The handlers record the local claim when its row changes: arrival is the fact, so generations
 * and debts are kept here at once, and only then is the MAC marked dirty. Evaluation reads facts
 * alone and may be repeated at will.
 *
 * Invariants: a route of ours is out only for a MAC with a local claim; `own` never falls while
 * the claim lives; the floor is at least every sequence seen or advertised since the MAC was last
 * forgotten.
 *
 * RFC 7432 sections 7.7, 10.1, 15; RFC 9721. Which route is best is import.c's business, what the
 * slots do is desired.c's.
 */
#include "evpn/mac.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "evpn/advertise.h"
#include "evpn/instance.h"
#include "record/state.h"

struct mac_restored {
	struct mac_key key;
	struct claim claim;
	ifindex_t port;
	uint32_t own, floor;
};

void macs_init(struct evpn *v, uint64_t seed)
{
	struct mac_table *t = &v->macs;

	map_init(&t->map, offsetof(struct mac_entry, key), sizeof(struct mac_key), seed);
	pool_init(&t->pool, sizeof(struct mac_entry));
	map_init(&t->ports, offsetof(struct port, ifindex), sizeof(ifindex_t), seed);
	map_init(&t->restored, offsetof(struct mac_restored, key), sizeof(struct mac_key), seed);
	list_init(&t->contested);
	list_init(&t->frozen);
	list_init(&t->released);
	t->dirty_end = &t->dirty;
}

static void local_free(struct mac_local *l)
{
	if (l == NULL)
		return;
	mem_free(l->history);
	mem_free(l);
}

static void restored_clear(struct mac_table *t)
{
	struct mac_restored *r;

	for (size_t at = 0; (r = map_next(&t->restored, &at)) != NULL;)
		mem_free(r);
	map_fini(&t->restored);
}

void macs_fini(struct evpn *v)
{
	struct mac_table *t = &v->macs;
	struct mac_entry *m;
	struct port *p;

	for (size_t at = 0; (m = map_next(&t->map, &at)) != NULL;) {
		local_free(m->local);
		pool_free(&t->pool, m);
	}
	pool_fini(&t->pool);
	for (size_t at = 0; (p = map_next(&t->ports, &at)) != NULL;)
		mem_free(p);
	restored_clear(t);
	map_fini(&t->map);
	map_fini(&t->ports);
	mem_free(t->idle);
}

/* ---- the table ------------------------------------------------------------------------------ */

int mac_compare(const void *a, const void *b)
{
	const struct mac_entry *x = a, *y = b;

	if (!vni_equal(x->key.vni, y->key.vni))
		return x->key.vni.v < y->key.vni.v ? -1 : 1;
	return memcmp(x->key.mac.b, y->key.mac.b, sizeof(x->key.mac.b));
}

struct mac_entry *mac_find(const struct evpn *v, vni_t vni, const struct mac *mac)
{
	struct mac_key key = {.vni = vni, .mac = *mac};

	return map_find(&v->macs.map, &key);
}

struct mac_entry *mac_get(struct evpn *v, struct mac_vrf *vrf, const struct mac *mac)
{
	struct mac_entry *m = mac_find(v, vrf->vni, mac);

	if (m == NULL) {
		if (v->macs.map.count >= MACS_MAX) {
			v->counters.limit_reached++;
			return NULL;
		}
		m = pool_new(&v->macs.pool);
		m->key = (struct mac_key){.vni = vrf->vni, .mac = *mac};
		map_insert(&v->macs.map, m);
		vrf->mac_count++;
	} else if (m->idle) {
		m->idle = false;
		vrf->mac_count++;
	}
	return m;
}

struct mac_local *mac_local_get(struct evpn *v, struct mac_entry *m)
{
	if (m->local == NULL) {
		m->local = mem_new(sizeof(*m->local));
		v->macs.local_count++;
		m->local->mac = m;
		m->local->contested_since = MONO_NEVER;
		m->local->row_decided = ROW_IDLE;
	}
	return m->local;
}

void mac_mark(struct evpn *v, struct mac_entry *m)
{
	if (m->dirty)
		return;
	m->dirty = true;
	m->next_dirty = NULL;
	*v->macs.dirty_end = m;
	v->macs.dirty_end = &m->next_dirty;
	v->macs.dirty_count++;
}

struct mac_entry *mac_take_dirty(struct evpn *v)
{
	struct mac_entry *m = v->macs.dirty;

	if (m == NULL)
		return NULL;
	v->macs.dirty = m->next_dirty;
	if (v->macs.dirty == NULL)
		v->macs.dirty_end = &v->macs.dirty;
	v->macs.dirty_count--;
	m->dirty = false;
	return m;
}

void mac_mark_all(struct evpn *v)
{
	struct mac_entry **all =
	    (struct mac_entry **)map_sorted(&v->macs.map, &v->arena, mac_compare);

	for (size_t i = 0; i < v->macs.map.count; i++)
		mac_mark(v, all[i]);
}

void mac_raise_floor(struct mac_entry *m, uint32_t sequence)
{
	if (!m->floor_valid || sequence > m->floor)
		m->floor = sequence;
	m->floor_valid = true;
}

/* ---- gone, but remembered for the floor's time ----------------------------------------------- */

static bool has_facts(const struct mac_entry *m)
{
	const struct mac_local *l = m->local;

	if (m->routes != NULL)
		return true;
	return l != NULL && (l->row.kind != CLAIM_NONE || l->neighs != NULL || l->advertised ||
				mac_is_released(m));
}

static void forget(struct evpn *v, struct mac_entry *m)
{
	if (m->local != NULL && list_linked(&m->local->frozen_node))
		list_remove(&v->macs.frozen, &m->local->frozen_node);
	v->macs.local_count -= m->local != NULL;
	map_remove(&v->macs.map, &m->key);
	local_free(m->local);
	pool_free(&v->macs.pool, m);
}

static void revive(struct evpn *v, struct mac_entry *m)
{
	m->idle = false;
	mac_vrf_find(v, m->key.vni)->mac_count++;
}

/* The oldest of the remembered ones; it may have come back, and gone again since. */
static void idle_pop(struct evpn *v)
{
	struct mac_table *t = &v->macs;
	struct mac_idle *oldest = &t->idle[t->idle_first];
	struct mac_entry *m = map_find(&t->map, &oldest->key);

	/* A dirty one goes idle again when it is evaluated. */
	if (m != NULL && m->idle && m->idle_since_s == oldest->since_s) {
		if (m->dirty)
			revive(v, m);
		else
			forget(v, m);
	}
	t->idle_first = (t->idle_first + 1) % MACS_REMEMBERED_MAX;
	t->idle_count--;
}

static uint32_t seconds(mono_t t)
{
	return (uint32_t)(t.ns / 1000000000);
}

static void remember_idle(struct evpn *v, struct mac_vrf *vrf, struct mac_entry *m)
{
	struct mac_table *t = &v->macs;

	vrf->mac_count -= m->idle ? 0 : 1;
	m->idle = true;
	m->idle_since_s = seconds(v->now);
	if (t->idle == NULL)
		t->idle = mem_new_array(MACS_REMEMBERED_MAX, sizeof(*t->idle));
	if (t->idle_count == MACS_REMEMBERED_MAX)
		idle_pop(v);
	t->idle[(t->idle_first + t->idle_count++) % MACS_REMEMBERED_MAX] =
	    (struct mac_idle){m->key, m->idle_since_s};
}

/* ---- ports: a pinned row is a claim only where frames can go ------------------------------------
 */

static bool port_is_usable(const struct evpn *v, ifindex_t ifindex)
{
	const struct mirror_link *l = mirror_link(v->mirror, ifindex);

	if (l == NULL || !l->link.admin_up || !l->link.running)
		return false;
	return !l->link.port.valid || l->link.port.state == 3;
}

static struct port *port_get(struct evpn *v, ifindex_t ifindex)
{
	struct port *p = map_find(&v->macs.ports, &ifindex);

	if (p == NULL) {
		p = mem_new(sizeof(*p));
		p->ifindex = ifindex;
		p->usable = port_is_usable(v, ifindex);
		list_init(&p->macs);
		map_insert(&v->macs.ports, p);
	}
	return p;
}

static void put_on_port(struct evpn *v, struct mac_local *l, ifindex_t ifindex)
{
	struct port *old = l->on_port;

	if (old != NULL && ifindex_equal(old->ifindex, ifindex))
		return;
	if (old != NULL) {
		list_remove(&old->macs, &l->port_node);
		if (old->macs.count == 0) {
			map_remove(&v->macs.ports, &old->ifindex);
			mem_free(old);
		}
	}
	l->on_port = ifindex.v == 0 ? NULL : port_get(v, ifindex);
	if (l->on_port != NULL)
		list_append(&l->on_port->macs, &l->port_node);
}

/* ---- the claim --------------------------------------------------------------------------------
 */

static bool is_host_claim(const struct claim *c)
{
	return c->kind == CLAIM_LEARNED || c->kind == CLAIM_PINNED;
}

/* A claim of the start dump with the content that we advertised before the restart: nothing is
 * owed, the sequence goes on. */
static bool take_restored(struct evpn *v, struct mac_entry *m)
{
	struct mac_local *l = m->local;
	struct mac_restored *r = map_find(&v->macs.restored, &m->key);

	if (r == NULL)
		return false;
	mac_raise_floor(m, r->floor);
	if (r->claim.kind != l->claim.kind || r->claim.sticky != l->claim.sticky ||
	    !ifindex_equal(r->port, l->port))
		return false;
	l->own = r->own;
	l->own_valid = true;
	v->counters.restored++;
	return true;
}

static void new_generation(struct evpn *v, struct mac_entry *m, bool start)
{
	struct mac_local *l = m->local;

	l->generation++;
	l->debt = DEBT_NONE;
	if (start && take_restored(v, m)) {
		l->owes_bump = false;
	} else if (start) {
		l->owes_bump = false;
		l->debt = DEBT_HIDDEN;
	} else {
		l->owes_bump = true;
		l->debt = v->converged ? DEBT_NONE : DEBT_EARLY;
	}
}

static void claim_gone(struct mac_entry *m)
{
	struct mac_local *l = m->local;

	if (l->own_valid)
		mac_raise_floor(m, l->own);
	l->own_valid = false;
	l->own = 0;
	l->owes_bump = false;
	l->debt = DEBT_NONE;
	l->sticky_told = false;
}

static void release_ends(struct evpn *v, struct mac_entry *m)
{
	if (!mac_is_released(m))
		return;
	list_remove(&v->macs.released, &m->local->released_node);
	history_add(v, m, NULL, (struct moment){.kind = MOMENT_RELEASED});
	mac_mark(v, m);
	neigh_mark_of_mac(v, m);
}

/* From row and port to claim; a change is a fact of its own. */
static void settle_claim(struct evpn *v, struct mac_entry *m, ifindex_t port, bool start)
{
	struct mac_local *l = m->local;
	struct claim claim = l->row;

	if (claim.kind == CLAIM_PINNED && !l->on_port->usable)
		claim = (struct claim){0};
	if (claim.kind == CLAIM_NONE)
		port = (ifindex_t){0};
	mac_mark(v, m);
	if (claim.kind == l->claim.kind && claim.sticky == l->claim.sticky &&
	    ifindex_equal(port, l->port))
		return;
	l->claim = claim;
	l->port = port;
	if (claim.kind != CLAIM_NONE)
		release_ends(v, m);
	if (is_host_claim(&claim))
		new_generation(v, m, start);
	else
		claim_gone(m);
	history_add(v, m, NULL,
	    (struct moment){.kind = MOMENT_CLAIM,
		.a = (uint8_t)claim.kind,
		.b = port.v,
		.c = claim.sticky,
		.writer = v->writer});
}

/* Our own row on our VXLAN port, and what the kernel learned there, is no claim and no obstacle. */
static struct claim claim_of_row(
    const struct evpn *v, const struct mac_vrf *vrf, const struct fdb_entry *row)
{
	const struct mirror_link *port = mirror_link(v->mirror, row->port);
	bool pinned = (row->nud & NUD_NOARP) != 0;

	if (row->locked)
		return (struct claim){.kind = CLAIM_BLOCKED};
	if (ifindex_equal(row->port, vrf->place.bridge) || (row->nud & NUD_PERMANENT) != 0)
		return (struct claim){.kind = CLAIM_OWN};
	if (ifindex_equal(row->port, vrf->place.vxlan) ||
	    (port != NULL && port->link.kind == LINK_VXLAN))
		return (struct claim){.kind = pinned ? CLAIM_BLOCKED : CLAIM_NONE};
	/* The kernel never learns sticky: somebody wrote that too. */
	if (pinned || (row->ntf & NTF_STICKY) != 0)
		return (struct claim){.kind = CLAIM_PINNED, .sticky = (row->ntf & NTF_STICKY) != 0};
	return (struct claim){.kind = CLAIM_LEARNED};
}

void mac_observe(struct evpn *v, struct mac_vrf *vrf, const struct mac *mac,
    const struct fdb_entry *row, bool start)
{
	struct claim claim = row == NULL ? (struct claim){0} : claim_of_row(v, vrf, row);
	struct mac_entry *m = mac_find(v, vrf->vni, mac);

	if (mac_is_group(mac))
		return;
	if (claim.kind == CLAIM_NONE && (m == NULL || m->local == NULL)) {
		if (m != NULL)
			mac_mark(v, m);
		return;
	}
	m = mac_get(v, vrf, mac);
	if (m == NULL)
		return;
	mac_local_get(v, m)->row = claim;
	put_on_port(v, m->local, is_host_claim(&claim) ? row->port : (ifindex_t){0});
	settle_claim(v, m, row == NULL ? (ifindex_t){0} : row->port, start);
}

void mac_port_changed(struct evpn *v, ifindex_t ifindex)
{
	struct port *p = map_find(&v->macs.ports, &ifindex);

	if (p == NULL || p->usable == port_is_usable(v, ifindex))
		return;
	p->usable = !p->usable;
	for (struct list_node *n = list_first(&p->macs); n != NULL; n = list_after(&p->macs, n)) {
		struct mac_local *l = list_entry(n, struct mac_local, port_node);

		settle_claim(v, l->mac, ifindex, false);
	}
}

/* ---- consequences -----------------------------------------------------------------------------
 */

struct state_mac mac_state(const struct mac_entry *m)
{
	const struct mac_local *l = m->local;

	return (struct state_mac){.vni = m->key.vni,
	    .mac = m->key.mac,
	    .claim = l->claim,
	    .port = l->port,
	    .own = l->own,
	    .floor = m->floor};
}

static void remember(struct evpn *v, const struct mac_entry *m)
{
	struct state_record record = {.kind = STATE_MAC};

	record.mac = mac_state(m);
	state_remember(v, &record);
}

void mac_withdraw(struct evpn *v, struct mac_entry *m)
{
	const struct mac_vrf *vrf = mac_vrf_find(v, m->key.vni);

	if (!mac_is_advertised(m))
		return;
	withdraw_mac_ip(v, &vrf->rd, &m->key.mac, NULL);
	m->local->advertised = false;
	history_add(v, m, NULL, (struct moment){.kind = MOMENT_WITHDRAWN});
	neigh_mark_of_mac(v, m);
}

static void advertise(struct evpn *v, const struct mac_vrf *vrf, struct mac_entry *m,
    const struct mobility_decision *d)
{
	struct mac_local *l = m->local;

	l->own = d->sequence;
	l->own_valid = true;
	mac_raise_floor(m, d->sequence);
	if (l->advertised && l->advertised_sequence == d->sequence &&
	    l->advertised_sticky == d->advertise_sticky)
		return;
	l->advertised = true;
	l->advertised_sequence = d->sequence;
	l->advertised_sticky = d->advertise_sticky;
	remember(v, m);
	advertise_mac_ip(v, vrf, &m->key.mac, NULL, d->sequence, d->advertise_sticky);
	neigh_mark_of_mac(v, m);
}

static void watch_contested(struct evpn *v, struct mac_local *l, bool contested)
{
	bool was = list_linked(&l->contested_node);

	if (contested == was)
		return;
	if (contested) {
		l->contested_since = v->now;
		l->contested_told = false;
		list_append(&v->macs.contested, &l->contested_node);
		v->counters.contested++;
	} else {
		l->contested_since = MONO_NEVER;
		list_remove(&v->macs.contested, &l->contested_node);
	}
}

static void alarm_raise(struct evpn *v, struct mac_entry *m, struct moment moment, const char *what)
{
	char mac[MAC_TEXT_MAX];

	v->counters.alarms++;
	log_warning(
	    v->log, LOG_EVPN, "VNI %u MAC %s: %s", m->key.vni.v, mac_text(&m->key.mac, mac), what);
	history_add(v, m, NULL, moment);
}

static void watch_sticky(struct evpn *v, struct mac_entry *m, const struct mobility_decision *d)
{
	if (d->alarm_sticky && !m->local->sticky_told) {
		m->local->sticky_told = true;
		alarm_raise(v, m, (struct moment){.kind = MOMENT_STICKY},
		    "seen here while a remote route says it is sticky");
	}
}

/* A move between learned claims: it came here from a plain route, or went there. */
static bool is_move(
    const struct mac_local *l, const struct mobility_decision *d, const struct remote *r)
{
	if (d->row == ROW_LEARNED_NEW)
		return r->kind == REMOTE_PLAIN;
	return l->advertised && (d->row == ROW_LEARNED_LOST || d->row == ROW_LEARNED_TIE_LOST);
}

static void count_move(struct evpn *v, struct mac_entry *m)
{
	struct mac_local *l = m->local;

	if (!duplicates_move(&l->duplicates, &v->settings, v->now))
		return;
	v->counters.duplicates++;
	alarm_raise(v, m, (struct moment){.kind = MOMENT_DUPLICATE, .b = l->duplicates.moves},
	    "duplicate: it moves between learned claims");
	if (!v->settings.duplicates.freeze)
		return;
	l->frozen = true;
	list_append(&v->macs.frozen, &l->frozen_node);
}

static void note_decision(struct evpn *v, struct mac_entry *m, const struct mobility_decision *d)
{
	if (m->local->row_decided == d->row && !d->bumped)
		return;
	m->local->row_decided = (uint8_t)d->row;
	history_add(v, m, NULL,
	    (struct moment){.kind = MOMENT_DECIDED, .a = (uint8_t)d->row, .b = d->sequence});
}

static void follow_local(struct evpn *v, const struct mac_vrf *vrf, struct mac_entry *m,
    const struct mobility_decision *d, const struct remote *r)
{
	struct mac_local *l = m->local;

	note_decision(v, m, d);
	if (is_move(l, d, r))
		count_move(v, m);
	watch_sticky(v, m, d);
	watch_contested(v, l, d->contested);
	if (d->bumped)
		l->owes_bump = false;
	if (d->advertise)
		advertise(v, vrf, m, d);
	else
		mac_withdraw(v, m);
}

void mac_evaluate(struct evpn *v, struct mac_entry *m)
{
	struct mac_vrf *vrf = mac_vrf_find(v, m->key.vni);
	struct remote r = mac_remote(v, m);
	struct mobility_decision d = mac_decide(v, vrf, m, &r);

	if (m->local != NULL)
		follow_local(v, vrf, m, &d, &r);
	desired_mac(v, vrf, m, &d, &r);
	m->audited = false;
	if (!m->idle && !has_facts(m))
		remember_idle(v, vrf, m);
}

void mac_raise_own(struct evpn *v, struct mac_entry *m, uint32_t sequence)
{
	struct mac_local *l = m->local;

	if (l == NULL || !l->own_valid || sequence <= l->own)
		return;
	l->own = sequence;
	mac_raise_floor(m, sequence);
	mac_mark(v, m);
}

/* ---- start, command, time ---------------------------------------------------------------------
 */

/* What was advertised provisionally is paid for if others are at least as high. */
static void settle_debt(struct evpn *v, struct mac_entry *m)
{
	struct mac_local *l = m->local;
	struct remote r = mac_remote(v, m);

	if (l->debt == DEBT_NONE)
		return;
	l->debt = DEBT_NONE;
	if (!l->own_valid || (r.kind != REMOTE_NONE && r.highest_sequence >= l->own) ||
	    (m->floor_valid && m->floor > l->own))
		l->owes_bump = true;
	mac_mark(v, m);
}

void mac_converged(struct evpn *v)
{
	struct mac_entry **all =
	    (struct mac_entry **)map_sorted(&v->macs.map, &v->arena, mac_compare);

	for (size_t i = 0; i < v->macs.map.count; i++)
		if (all[i]->local != NULL)
			settle_debt(v, all[i]);
	restored_clear(&v->macs);
	map_init(&v->macs.restored, offsetof(struct mac_restored, key), sizeof(struct mac_key), 0);
}

void mac_restore(struct evpn *v, const struct state_mac *mac)
{
	struct mac_key key = {.vni = mac->vni, .mac = mac->mac};
	struct mac_restored *r = map_find(&v->macs.restored, &key);

	if (r == NULL) {
		r = mem_new(sizeof(*r));
		r->key = key;
		map_insert(&v->macs.restored, r);
	}
	r->claim = mac->claim;
	r->port = mac->port;
	r->own = mac->own;
	r->floor = mac->floor;
}

bool mac_reclaim(struct evpn *v, struct mac_entry *m)
{
	if (m->local == NULL || m->local->claim.kind != CLAIM_PINNED ||
	    !list_linked(&m->local->contested_node))
		return false;
	m->local->owes_bump = true;
	mac_mark(v, m);
	return true;
}

bool mac_release(struct evpn *v, struct mac_entry *m, uint32_t seconds)
{
	const struct mac_vrf *vrf = mac_vrf_find(v, m->key.vni);
	struct mac_local *l;

	if (mac_claim(v, vrf, m).kind != CLAIM_NONE)
		return false;
	l = mac_local_get(v, m);
	l->released_until = mono_add_s(v->now, seconds);
	if (!list_linked(&l->released_node))
		list_append(&v->macs.released, &l->released_node);
	history_add(v, m, NULL, (struct moment){.kind = MOMENT_RELEASED, .b = seconds});
	mac_mark(v, m);
	neigh_mark_of_mac(v, m);
	return true;
}

static void releases_end(struct evpn *v)
{
	struct list_node *next;

	for (struct list_node *n = list_first(&v->macs.released); n != NULL; n = next) {
		struct mac_local *l = list_entry(n, struct mac_local, released_node);

		next = list_after(&v->macs.released, n);
		if (mono_reached(l->released_until, v->now))
			release_ends(v, l->mac);
	}
}

static mono_t contested_at(const struct evpn *v, const struct mac_local *l)
{
	return mono_add_s(l->contested_since, v->settings.contested_alarm_s);
}

static void alarm_contested(struct evpn *v)
{
	struct list *all = &v->macs.contested;

	for (struct list_node *n = list_first(all); n != NULL; n = list_after(all, n)) {
		struct mac_local *l = list_entry(n, struct mac_local, contested_node);

		if (!mono_reached(contested_at(v, l), v->now))
			return;
		if (l->contested_told)
			continue;
		l->contested_told = true;
		alarm_raise(v, l->mac, (struct moment){.kind = MOMENT_CONTESTED},
		    "pinned here, but another VTEP advertises a higher sequence");
	}
}

bool mac_clear_duplicate(struct evpn *v, struct mac_entry *m)
{
	struct mac_local *l = m->local;

	if (l == NULL || !l->duplicates.detected)
		return false;
	if (list_linked(&l->frozen_node))
		list_remove(&v->macs.frozen, &l->frozen_node);
	l->frozen = false;
	l->duplicates = (struct duplicates){0};
	history_add(v, m, NULL, (struct moment){.kind = MOMENT_CLEARED});
	mac_mark(v, m);
	return true;
}

static void thaw(struct evpn *v)
{
	struct list_node *n;

	while ((n = list_first(&v->macs.frozen)) != NULL) {
		struct mac_local *l = list_entry(n, struct mac_local, frozen_node);

		if (!mono_reached(duplicates_thaw(&l->duplicates, &v->settings), v->now))
			return;
		mac_clear_duplicate(v, l->mac);
	}
}

static mono_t idle_until(const struct mac_table *t)
{
	return mono_add_s((mono_t){0}, t->idle[t->idle_first].since_s + FLOOR_S + 1);
}

void mac_timers(struct evpn *v)
{
	struct mac_table *t = &v->macs;

	alarm_contested(v);
	thaw(v);
	releases_end(v);
	while (t->idle_count > 0 && mono_reached(idle_until(t), v->now))
		idle_pop(v);
}

mono_t mac_deadline(const struct evpn *v)
{
	const struct mac_table *t = &v->macs;
	mono_t due = t->idle_count > 0 ? idle_until(t) : MONO_NEVER;
	struct list_node *n;

	for (n = list_first(&t->contested); n != NULL; n = list_after(&t->contested, n)) {
		struct mac_local *l = list_entry(n, struct mac_local, contested_node);

		if (l->contested_told)
			continue;
		due = mono_min(due, contested_at(v, l));
		break;
	}
	for (n = list_first(&t->released); n != NULL; n = list_after(&t->released, n))
		due = mono_min(due, list_entry(n, struct mac_local, released_node)->released_until);
	if ((n = list_first(&t->frozen)) != NULL)
		due = mono_min(
		    due, duplicates_thaw(&list_entry(n, struct mac_local, frozen_node)->duplicates,
			     &v->settings));
	return due;
}
