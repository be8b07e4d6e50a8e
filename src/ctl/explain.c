/*
 * explain: why a MAC or an address is where it is, in sentences: who claims it and since which
 * generation, what others say and in which order we believe them, what we remember, who owns the
 * kernel's slots and whether they hold what we wrote, and what happened last.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <string.h>

static const char *claim_words(const struct claim *claim)
{
	switch (claim->kind) {
	case CLAIM_NONE:
		return "nobody on this host claims it";
	case CLAIM_LEARNED:
		return "learned by the kernel from traffic";
	case CLAIM_PINNED:
		return claim->sticky ? "pinned by a static, sticky entry"
				     : "pinned by a static entry";
	case CLAIM_OWN:
		return "an address of this host itself";
	case CLAIM_BLOCKED:
		return "no claim: a foreign entry on the VXLAN port, or a locked one, holds the "
		       "slot";
	}
	return "";
}

static const char *status_words(enum slot_status status)
{
	switch (status) {
	case SLOT_EMPTY:
		return "nothing of ours is wanted or there";
	case SLOT_SYNCED:
		return "ours, and holds what is wanted";
	case SLOT_PENDING:
		return "a write is under way or due";
	case SLOT_BLOCKED:
		return "wanted, but a foreign entry holds it: left alone";
	case SLOT_FOREIGN:
		return "somebody else's entry: left alone";
	case SLOT_ORPHAN:
		return "looks like ours, but we do not remember writing it (see `remove orphans`)";
	}
	return "";
}

static const char *ledger_words(uint8_t state)
{
	switch ((enum ledger_state)state) {
	case LEDGER_NONE:
		return "we wrote nothing";
	case LEDGER_INTENT:
		return "we are about to write";
	case LEDGER_HALF:
		return "we wrote the first half of a sticky entry";
	case LEDGER_WRITTEN:
		return "we wrote";
	}
	return "";
}

/* ---- what stands where ---- */

static void heading(struct command *k, const struct evpn_mac_view *m, const struct evpn_vni_view *v)
{
	char mac[MAC_TEXT_MAX], bridge[PORT_TEXT_MAX], vxlan[PORT_TEXT_MAX];

	str_addf(k->out, "MAC %s in VNI %u (", mac_text(&m->mac, mac), m->vni.v);
	if (v->vlan != 0)
		str_addf(k->out, "VLAN %u of ", v->vlan);
	str_addf(k->out, "%s, %s)\n\n", port_text(k->c, v->bridge, bridge),
	    port_text(k->c, v->vxlan, vxlan));
}

/* The one sentence that most readers came for. */
static void verdict(struct command *k, const struct evpn_mac_view *m)
{
	char port[PORT_TEXT_MAX], vtep[IP_TEXT_MAX];
	const struct mobility_decision *d = &m->decision;

	if (d->advertise)
		str_addf(k->out, "It is here, on %s, and we advertise it with sequence %u%s.\n",
		    port_text(k->c, m->port, port), d->sequence,
		    d->advertise_sticky ? " and the static flag" : "");
	else if (m->claim.kind == CLAIM_OWN)
		str_add(
		    k->out, "It is an address of this host; it is never advertised as a host's.\n");
	else if (d->wish == WISH_REMOTE)
		str_addf(k->out, "It is behind VTEP %s, and we send its frames there.\n",
		    ip_text(&m->remote.vtep, vtep));
	else if (d->row == ROW_RELEASED)
		str_add(k->out, "It is not here; our entries for it were taken away by command, so "
				"that an agent can add its own.\n");
	else if (m->memory.frozen)
		str_add(
		    k->out, "It is frozen by duplicate address detection: nothing is changed.\n");
	else
		str_add(
		    k->out, "It is nowhere that we know of; we advertise and install nothing.\n");
	str_addf(k->out, "Decided by: %s.\n", mobility_row_text(d->row));
	if (d->contested && mono_before(m->contested_since, k->c->now))
		str_addf(k->out,
		    "Contested for %lld s: a remote claim has a higher sequence (%u), so the "
		    "fabric "
		    "believes it; `reclaim mac` would take it back.\n",
		    (long long)(mono_ms_between(m->contested_since, k->c->now) / 1000),
		    m->remote.highest_sequence);
	else if (d->contested)
		str_add(k->out, "Contested: a remote claim has a higher sequence.\n");
	if (d->advertise && !d->advertise_sticky && m->remote.kind == REMOTE_STICKY)
		str_add(k->out,
		    "Others keep the remote sticky route: our entry has no sticky flag, so "
		    "our route cannot displace it elsewhere.\n");
}

static void claim_section(struct command *k, const struct evpn_mac_view *m)
{
	char port[PORT_TEXT_MAX];

	str_addf(k->out, "\nLocal claim: %s", claim_words(&m->claim));
	if (m->port.v != 0 && m->claim.kind != CLAIM_NONE)
		str_addf(k->out, " on %s", port_text(k->c, m->port, port));
	if (m->claim.kind == CLAIM_LEARNED || m->claim.kind == CLAIM_PINNED)
		str_addf(k->out, ", generation %u", m->generation);
	str_add(k->out, ".\n");
}

static void memory_section(struct command *k, const struct evpn_mac_view *m)
{
	const struct mobility_memory *r = &m->memory;

	str_add(k->out, "Memory: ");
	if (r->own_valid)
		str_addf(k->out, "own sequence %u, ", r->own);
	else
		str_add(k->out, "no sequence of our own, ");
	if (r->floor_valid)
		str_addf(k->out, "floor %u (a new claim starts above it)", r->floor);
	else
		str_add(k->out, "no floor");
	str_addf(k->out, "%s%s.\n", r->owes_bump ? ", one bump owed" : "",
	    m->detected_moves > 0 ? ", moves counted by duplicate detection" : "");
}

static void remote_section(struct command *k, const struct evpn_mac_view *m)
{
	struct evpn_remote_view *r;
	size_t count = evpn_mac_remotes(k->c->evpn, m->vni, &m->mac, k->c->arena, &r);
	char vtep[IP_TEXT_MAX], rd[RD_TEXT_MAX], ip[IP_TEXT_MAX];

	if (count == 0) {
		str_add(k->out, "\nRemote claims: none.\n");
		return;
	}
	str_add(k->out, "\nRemote claims, best first (sticky, then sequence, then lower VTEP):\n");
	for (size_t i = 0; i < count; i++)
		str_addf(k->out, "  %zu. VTEP %-15s RD %-21s sequence %u%s%s%s%s  <- %s\n", i + 1,
		    ip_text(&r[i].vtep, vtep), rd_text(&r[i].rd, rd), r[i].sequence,
		    r[i].has_mobility ? "" : " (no mobility community)",
		    r[i].sticky ? ", sticky" : "", r[i].ip.family != IP_NONE ? ", with " : "",
		    r[i].ip.family != IP_NONE ? ip_text(&r[i].ip, ip) : "",
		    r[i].step != NULL ? r[i].step : "");
}

/* ---- kernel slots: what the kernel says beside what we wrote ---- */

static void flags_text(uint16_t nud, uint8_t ntf, struct str *out)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} nuds[] = {{NUD_PERMANENT, "permanent"}, {NUD_NOARP, "static"},
	    {NUD_REACHABLE, "reachable"}, {NUD_STALE, "stale"}, {NUD_DELAY, "delay"},
	    {NUD_PROBE, "probe"}, {NUD_FAILED, "failed"}, {NUD_INCOMPLETE, "incomplete"}};

	for (size_t i = 0; i < sizeof(nuds) / sizeof(nuds[0]); i++)
		if ((nud & nuds[i].bit) != 0)
			str_addf(out, " %s", nuds[i].name);
	if ((ntf & NTF_STICKY) != 0)
		str_add(out, " sticky");
	if ((ntf & NTF_EXT_LEARNED) != 0)
		str_add(out, " extern_learn");
	if ((ntf & NTF_ROUTER) != 0)
		str_add(out, " router");
}

static void slot_open(struct command *k, const char *name, enum slot_status status)
{
	str_addf(k->out, "  %-13s %s", name, status_words(status));
}

static void slot_close(struct command *k, const struct slot *slot)
{
	if (slot->op != 0)
		str_addf(k->out, "; operation %u under way", slot->op);
	str_add(k->out, ".\n");
}

static void fdb_entry_text(struct command *k, const struct fdb_entry *e)
{
	char port[PORT_TEXT_MAX];

	str_addf(k->out, " %s", port_text(k->c, e->port, port));
	flags_text(e->nud, e->ntf, k->out);
	if (e->locked)
		str_add(k->out, " locked");
}

static void fdb_section(struct command *k, const struct evpn_mac_view *m)
{
	const struct fdb_slot *f = m->fdb;
	struct slot_content ledger;
	struct slot_key key;

	slot_open(k, "bridge FDB:", m->fdb_status);
	if (f == NULL) {
		str_add(k->out, "; the slot is empty.\n");
		return;
	}
	str_add(k->out, f->slot.present ? "; the kernel has" : "; the kernel has no entry");
	if (f->slot.present)
		fdb_entry_text(k, &f->entry);
	str_addf(k->out, "; %s", ledger_words(f->slot.ledger));
	if (f->slot.ledger != LEDGER_NONE) {
		key = slot_key_fdb(f->key.bridge, f->key.vlan, &f->key.mac);
		ledger = mirror_ledger(k->c->mirror, &key);
		fdb_entry_text(k, &ledger.fdb);
	}
	slot_close(k, &f->slot);
}

static void vxlan_entry_text(struct command *k, const struct vxlan_fdb_entry *e)
{
	char ip[IP_TEXT_MAX];

	if (e->nhid != 0)
		str_addf(k->out, " nexthop group %u", e->nhid);
	else
		str_addf(k->out, " %s", ip_text(&e->dst, ip));
	flags_text(e->nud, e->ntf, k->out);
}

static void vxlan_section(struct command *k, const struct evpn_mac_view *m)
{
	const struct vxlan_fdb_slot *f = m->vxlan_fdb;
	struct slot_content ledger;
	struct slot_key key;

	slot_open(k, "VXLAN FDB:", m->vxlan_status);
	if (f == NULL) {
		str_add(k->out, "; the slot is empty.\n");
		return;
	}
	str_add(k->out, f->slot.present ? "; the kernel has" : "; the kernel has no entry");
	if (f->slot.present)
		vxlan_entry_text(k, &f->entry);
	str_addf(k->out, "; %s", ledger_words(f->slot.ledger));
	if (f->slot.ledger != LEDGER_NONE) {
		key = slot_key_vxlan_fdb(f->key.dev, f->key.source_vni, &f->key.mac);
		ledger = mirror_ledger(k->c->mirror, &key);
		vxlan_entry_text(k, &ledger.vxlan_fdb);
	}
	slot_close(k, &f->slot);
}

static void neigh_entry_text(struct command *k, const struct neigh_entry *e)
{
	char mac[MAC_TEXT_MAX];

	str_addf(k->out, " %s", mac_text(&e->lladdr, mac));
	flags_text(e->nud, e->ntf, k->out);
	if (e->protocol != 0)
		str_addf(k->out, " proto %u", e->protocol);
}

static void neigh_section(struct command *k, const struct evpn_neigh_view *n)
{
	const struct neigh_slot *s = n->slot;
	struct slot_content ledger;
	struct slot_key key;
	char ip[IP_TEXT_MAX], port[PORT_TEXT_MAX];

	str_addf(k->out, "  neighbour %s", ip_text(&n->ip, ip));
	if (s != NULL)
		str_addf(k->out, " on %s", port_text(k->c, s->key.dev, port));
	str_addf(k->out, ": %s", status_words(n->status));
	if (s == NULL) {
		str_add(k->out, "; the slot is empty.\n");
		return;
	}
	str_add(k->out, s->slot.present ? "; the kernel has" : "; the kernel has no entry");
	if (s->slot.present)
		neigh_entry_text(k, &s->entry);
	str_addf(k->out, "; %s", ledger_words(s->slot.ledger));
	if (s->slot.ledger != LEDGER_NONE) {
		key = slot_key_neigh(s->key.dev, &s->key.ip);
		ledger = mirror_ledger(k->c->mirror, &key);
		neigh_entry_text(k, &ledger.neigh);
	}
	slot_close(k, &s->slot);
}

struct explain_walk {
	struct command *k;
	const struct mac *mac; /* neighbours of this MAC … */
	const struct ip *ip;   /* … or with this address */
	unsigned count;
	struct {
		vni_t vni;
		struct mac mac;
	} found[16]; /* whose they are */
};

static void neigh_of_mac(void *context, const struct evpn_neigh_view *n)
{
	struct explain_walk *walk = context;

	if (mac_equal(&n->mac, walk->mac))
		neigh_section(walk->k, n);
}

/* ---- history ---- */

static void history_section(struct command *k, const struct evpn_mac_view *m)
{
	struct evpn_transition *t;
	size_t count = evpn_mac_history(k->c->evpn, m->vni, &m->mac, k->c->arena, &t);
	char clock[CLOCK_TEXT_MAX];

	if (count == 0) {
		str_add(k->out, "\nHistory: none kept (only MACs with a local part have one).\n");
		return;
	}
	str_addf(k->out, "\nWhat happened (the last %zu, newest last; UTC):\n", count);
	for (size_t i = 0; i < count; i++) {
		str_addf(k->out, "  %s  %s", clock_text(k->c, t[i].at, clock), t[i].text);
		if (t[i].writer != 0)
			str_addf(k->out, " (writer %u)", t[i].writer);
		str_add(k->out, "\n");
	}
}

static void explain_view(
    struct command *k, const struct evpn_mac_view *m, const struct evpn_vni_view *v)
{
	struct explain_walk walk = {.k = k, .mac = &m->mac};

	heading(k, m, v);
	verdict(k, m);
	claim_section(k, m);
	memory_section(k, m);
	remote_section(k, m);
	str_add(k->out, "\nKernel:\n");
	fdb_section(k, m);
	vxlan_section(k, m);
	evpn_walk_neighs(k->c->evpn, m->vni, k->c->arena, &walk, neigh_of_mac);
	history_section(k, m);
}

/* In the VNI asked for, or in all. Number of places where the MAC is known. */
static unsigned explain_everywhere(struct command *k, vni_t vni, const struct mac *mac)
{
	struct evpn_vni_view v;
	struct evpn_mac_view m;
	unsigned found = 0;

	for (size_t i = 0; evpn_vni_at(k->c->evpn, i, &v); i++) {
		if ((vni.v != 0 && !vni_equal(v.vni, vni)) ||
		    !evpn_mac_get(k->c->evpn, v.vni, mac, &m))
			continue;
		if (found++ > 0)
			str_add(k->out, "\n");
		explain_view(k, &m, &v);
	}
	return found;
}

static enum ctl_outcome unknown(struct command *k, const char *what, vni_t vni)
{
	if (vni.v != 0)
		return command_refuse(k,
		    "%s is not known in VNI %u: no claim, no route, no memory of one", what, vni.v);
	return command_refuse(
	    k, "%s is not known in any VNI: no claim, no route, no memory of one", what);
}

enum ctl_outcome explain_mac(struct command *k)
{
	vni_t vni = command_vni(k);
	struct mac mac = {0};

	mac_parse(k->w->word[2], &mac); /* the grammar saw that it is one */
	if (explain_everywhere(k, vni, &mac) == 0)
		return unknown(k, k->w->word[2], vni);
	return CTL_ACCEPTED;
}

static void neigh_with_ip(void *context, const struct evpn_neigh_view *n)
{
	struct explain_walk *walk = context;
	char ip[IP_TEXT_MAX], mac[MAC_TEXT_MAX], vtep[IP_TEXT_MAX];
	struct str *out = walk->k->out;

	if (!ip_equal(&n->ip, walk->ip))
		return;
	str_addf(out, "%s in VNI %u belongs to %s", ip_text(&n->ip, ip), n->vni.v,
	    mac_text(&n->mac, mac));
	if (n->local)
		str_addf(out, ", %s here.\n", n->pinned ? "pinned" : "learned");
	else if (n->remote)
		str_addf(out, ", said by VTEP %s.\n", ip_text(&n->vtep, vtep));
	else
		str_add(out, ", last known.\n");
	neigh_section(walk->k, n);
	str_add(out, "\n");
	if (walk->count < sizeof(walk->found) / sizeof(walk->found[0])) {
		walk->found[walk->count].vni = n->vni;
		walk->found[walk->count].mac = n->mac;
	}
	walk->count++;
}

enum ctl_outcome explain_ip(struct command *k)
{
	vni_t vni = command_vni(k);
	struct ip ip = {0};
	struct explain_walk walk = {.k = k, .ip = &ip};

	ip_parse(k->w->word[2], &ip);
	evpn_walk_neighs(k->c->evpn, vni, k->c->arena, &walk, neigh_with_ip);
	if (walk.count == 0)
		return unknown(k, k->w->word[2], vni);
	for (unsigned i = 0; i < walk.count && i < sizeof(walk.found) / sizeof(walk.found[0]); i++)
		explain_everywhere(k, walk.found[i].vni, &walk.found[i].mac);
	return CTL_ACCEPTED;
}

/* ---- commands that change something ---- */

enum ctl_outcome reclaim_mac(struct command *k)
{
	vni_t vni = command_vni(k);
	struct evpn_vni_view v;
	struct evpn_mac_view m;
	struct mac mac = {0};
	unsigned done = 0;

	mac_parse(k->w->word[2], &mac);
	for (size_t i = 0; evpn_vni_at(k->c->evpn, i, &v); i++) {
		if ((vni.v != 0 && !vni_equal(v.vni, vni)) ||
		    !evpn_mac_get(k->c->evpn, v.vni, &mac, &m) || !m.decision.contested ||
		    !evpn_reclaim(k->c->evpn, &mac, v.vni, k->c->now))
			continue;
		str_addf(k->out, "%s in VNI %u will be advertised above the others\n",
		    k->w->word[2], v.vni.v);
		done++;
	}
	if (done == 0)
		return command_refuse(
		    k, "%s is not a contested pin here: nothing to reclaim", k->w->word[2]);
	return CTL_ACCEPTED;
}

enum ctl_outcome remove_orphans(struct command *k)
{
	str_addf(
	    k->out, "%u entries are being removed\n", evpn_remove_orphans(k->c->evpn, k->c->now));
	return CTL_ACCEPTED;
}
