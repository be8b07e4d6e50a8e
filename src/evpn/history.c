/*
 * History: what happened to a MAC, as 24 bytes a moment. Text is made on show, or while somebody
 * watches. A MAC without local part keeps none: a hundred thousand remote MACs are installed alike.
 */
#include "evpn/history.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "evpn/instance.h"

#define HISTORY_FIRST 4

static const char *claim_word(uint8_t kind)
{
	static const char *const words[] = {
	    [CLAIM_NONE] = "none",
	    [CLAIM_LEARNED] = "learned",
	    [CLAIM_PINNED] = "pinned",
	    [CLAIM_OWN] = "own",
	    [CLAIM_BLOCKED] = "blocked",
	};

	return words[kind];
}

static const char *slot_word(uint8_t kind)
{
	static const char *const words[] = {
	    [SLOT_FDB] = "bridge FDB",
	    [SLOT_VXLAN_FDB] = "VXLAN FDB",
	    [SLOT_FLOOD] = "flood",
	    [SLOT_NEIGH] = "neighbour",
	    [SLOT_ROUTE] = "route",
	    [SLOT_BRIDGE_PORT] = "bridge port",
	    [SLOT_ADDR] = "address",
	    [SLOT_NEXTHOP] = "nexthop",
	    [SLOT_LINK] = "link",
	};

	return words[kind];
}

static const char *verb_word(uint32_t verb)
{
	static const char *const words[] = {
	    [KERNEL_ADD] = "add",
	    [KERNEL_CHANGE] = "change",
	    [KERNEL_DELETE] = "delete",
	    [KERNEL_READ] = "read",
	    [KERNEL_PROBE] = "probe",
	    [KERNEL_SET] = "set",
	};

	return words[verb];
}

static void claim_text(const struct evpn *v, const struct moment *m, char *text, size_t size)
{
	const struct mirror_link *l = mirror_link(v->mirror, (ifindex_t){m->b});

	if (m->a == CLAIM_NONE)
		snprintf(text, size, "local claim gone");
	else
		snprintf(text, size, "local claim %s%s on %s", claim_word(m->a),
		    m->c != 0 ? " sticky" : "", l != NULL ? l->link.name : "a port");
}

static void route_text(const struct evpn *v, const struct moment *m, char *text, size_t size)
{
	char ip[IP_TEXT_MAX];

	if (m->a == REMOTE_NONE || m->c == 0 || m->c > v->imports.vtep_count)
		snprintf(text, size, "no remote route");
	else
		snprintf(text, size, "remote %s sequence %u via %s",
		    m->a == REMOTE_STICKY ? "sticky" : "plain", m->b,
		    ip_text(&v->imports.vteps[m->c - 1]->ip, ip));
}

static void result_text(const struct moment *m, char *text, size_t size)
{
	if (m->c == KERNEL_DONE)
		snprintf(text, size, "%s: done", slot_word(m->a));
	else if (m->c == KERNEL_MISMATCH)
		snprintf(text, size, "%s: not as expected, nothing written", slot_word(m->a));
	else
		snprintf(text, size, "%s: refused, error %u", slot_word(m->a), m->b);
}

void history_text(const struct evpn *v, const struct moment *m, char *text, size_t size)
{
	switch ((enum moment_kind)m->kind) {
	case MOMENT_CLAIM:
		claim_text(v, m, text, size);
		break;
	case MOMENT_ROUTE:
		route_text(v, m, text, size);
		break;
	case MOMENT_DECIDED:
		snprintf(text, size, "%s; sequence %u", mobility_row_text((enum mobility_row)m->a),
		    m->b);
		break;
	case MOMENT_WITHDRAWN:
		snprintf(text, size, "route withdrawn");
		break;
	case MOMENT_WRITTEN:
		snprintf(text, size, "%s: %s", slot_word(m->a), verb_word(m->b));
		break;
	case MOMENT_RESULT:
		result_text(m, text, size);
		break;
	case MOMENT_REPAIRED:
		snprintf(text, size, "%s: foreign entry hit and restored", slot_word(m->a));
		break;
	case MOMENT_CONTESTED:
		snprintf(text, size, "contested: a remote sequence stays above ours");
		break;
	case MOMENT_DUPLICATE:
		snprintf(text, size, "duplicate: %u moves between learned claims", m->b);
		break;
	case MOMENT_STICKY:
		snprintf(text, size, "learned here while a remote route is sticky");
		break;
	case MOMENT_CLEARED:
		snprintf(text, size, "no longer held for a duplicate");
		break;
	case MOMENT_RELEASED:
		if (m->b == 0)
			snprintf(text, size, "the release is over");
		else
			snprintf(text, size, "released by command for %u s", m->b);
		break;
	}
}

static enum evpn_note_kind note_kind(uint8_t kind)
{
	static const enum evpn_note_kind kinds[] = {
	    [MOMENT_CLAIM] = NOTE_SEEN,
	    [MOMENT_ROUTE] = NOTE_SEEN,
	    [MOMENT_DECIDED] = NOTE_DECIDED,
	    [MOMENT_WITHDRAWN] = NOTE_DECIDED,
	    [MOMENT_WRITTEN] = NOTE_WRITTEN,
	    [MOMENT_RESULT] = NOTE_RESULT,
	    [MOMENT_REPAIRED] = NOTE_REPAIRED,
	    [MOMENT_CONTESTED] = NOTE_ALARM,
	    [MOMENT_DUPLICATE] = NOTE_ALARM,
	    [MOMENT_STICKY] = NOTE_ALARM,
	    [MOMENT_CLEARED] = NOTE_DECIDED,
	    [MOMENT_RELEASED] = NOTE_DECIDED,
	};

	return kinds[kind];
}

static void keep(struct mac_local *l, const struct moment *moment)
{
	struct history *h = l->history;
	uint32_t room = h == NULL ? 0 : h->room;

	if (h == NULL || (h->count == room && room < EVPN_HISTORY)) {
		room = room == 0 ? HISTORY_FIRST : room * 2;
		h = mem_resize(h, sizeof(*h) + room * sizeof(*h->moments));
		if (l->history == NULL)
			h->count = 0;
		h->room = room;
		l->history = h;
	}
	h->moments[h->count++ % h->room] = *moment;
}

static void tell(
    struct evpn *v, const struct mac_entry *m, const struct ip *ip, const struct moment *moment)
{
	char text[sizeof(((struct evpn_transition *)0)->text)];
	struct evpn_note note = {.at = moment->at,
	    .kind = note_kind(moment->kind),
	    .vni = m->key.vni,
	    .mac = m->key.mac,
	    .writer = moment->writer,
	    .text = text};

	if (ip != NULL)
		note.ip = *ip;
	history_text(v, moment, text, sizeof(text));
	v->host.note(v->host.context, &note);
}

void history_add(struct evpn *v, struct mac_entry *m, const struct ip *ip, struct moment moment)
{
	if (m == NULL)
		return;
	moment.at = v->now;
	if (m->local != NULL)
		keep(m->local, &moment);
	if (v->watched)
		tell(v, m, ip, &moment);
}

size_t history_list(const struct evpn *v, const struct history *h, struct arena *arena,
    struct evpn_transition **transitions)
{
	size_t count = h == NULL ? 0 : h->count < h->room ? h->count : h->room;

	*transitions = arena_new(arena, (count + 1) * sizeof(**transitions));
	for (size_t i = 0; i < count; i++) {
		const struct moment *m = &h->moments[(h->count - count + i) % h->room];

		(*transitions)[i].at = m->at;
		(*transitions)[i].writer = m->writer;
		history_text(v, m, (*transitions)[i].text, sizeof((*transitions)[i].text));
	}
	return count;
}
