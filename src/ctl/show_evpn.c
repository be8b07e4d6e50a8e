/*
 * show evpn …: as zebra of FRR 8.4 prints it, sorted. Flags are ours: FRR's speak of multihoming.
 */
#include "bgp/extcomm.h"
#include "ctl/command.h"

#include <stdio.h>
#include <string.h>

static const char *yes_no(bool b)
{
	return b ? "Yes" : "No";
}

static enum ctl_outcome no_such_vni(struct command *k, vni_t vni)
{
	if (k->json)
		return command_json(k, json_object_new_object());
	return command_refuse(k, "VNI %u does not exist", vni.v);
}

static unsigned l3_vni_count(const struct command *k)
{
	unsigned n = 0;

	for (size_t i = 0; k->c->config != NULL && i < k->c->config->vrf_count; i++)
		n += k->c->config->vrfs[i].vni.v != 0;
	return n;
}

enum ctl_outcome show_evpn(struct command *k)
{
	static const struct evpn_settings none;
	const struct evpn_settings *s = k->c->config != NULL ? &k->c->config->evpn : &none;
	struct evpn_vni_view view;
	unsigned l2 = 0, l3 = l3_vni_count(k);
	struct json_object *o;

	while (evpn_vni_at(k->c->evpn, l2, &view))
		l2++;
	if (!k->json) {
		str_addf(k->out, "L2 VNIs: %u\nL3 VNIs: %u\nAdvertise gateway mac-ip: %s\n", l2, l3,
		    yes_no(s->advertise_default_gw));
		str_addf(k->out, "Advertise svi mac-ip: %s\nAdvertise svi mac: No\n",
		    yes_no(s->advertise_svi_ip));
		str_addf(k->out,
		    "Duplicate address detection: %s\n  Detection max-moves %u, time %u\n",
		    s->duplicates.enabled ? "Enable" : "Disable", s->duplicates.max_moves,
		    s->duplicates.time_s);
		return CTL_ACCEPTED;
	}
	o = json_object_new_object();
	json_add_text(o, "advertiseGatewayMacip", yes_no(s->advertise_default_gw));
	json_add_text(o, "advertiseSviMacip", yes_no(s->advertise_svi_ip));
	json_add_number(o, "numVnis", l2 + l3);
	json_add_number(o, "numL2Vnis", l2);
	json_add_number(o, "numL3Vnis", l3);
	json_add_bool(o, "isDuplicateAddrDetection", s->duplicates.enabled);
	json_add_number(o, "maxMoves", s->duplicates.max_moves);
	json_add_number(o, "detectionTime", s->duplicates.time_s);
	json_add_number(o, "detectionFreezeTime", s->duplicates.freeze_s);
	return command_json(k, o);
}

/* ---- VNIs ---- */

static struct json_object *vtep_array(const struct evpn_vni_view *v)
{
	struct json_object *list = json_object_new_array();
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < v->remote_vtep_count; i++)
		json_object_array_add(
		    list, json_object_new_string(ip_text(&v->remote_vteps[i], text)));
	return list;
}

static void add_vni_row(
    const struct command *k, struct json_object *o, const struct evpn_vni_view *v)
{
	struct json_object *row = json_object_new_object();
	char port[PORT_TEXT_MAX], key[16];

	json_add_number(row, "vni", v->vni.v);
	json_add_text(row, "type", "L2");
	json_add_text(row, "vxlanIf", port_text(k->c, v->vxlan, port));
	json_add_number(row, "numMacs", v->mac_count);
	json_add_number(row, "numArpNd", v->arp_count);
	json_add_number(row, "numRemoteVteps", (int64_t)v->remote_vtep_count);
	json_add_text(row, "tenantVrf", "default");
	json_object_object_add(row, "remoteVteps", vtep_array(v));
	snprintf(key, sizeof(key), "%u", v->vni.v);
	json_object_object_add(o, key, row);
}

enum ctl_outcome show_evpn_vnis(struct command *k)
{
	struct json_object *o = json_object_new_object();
	struct evpn_vni_view v;
	char port[PORT_TEXT_MAX];

	if (!k->json)
		str_addf(k->out, "%-10s %-4s %-21s %-8s %-8s %-15s %-37s\n", "VNI", "Type",
		    "VxLAN IF", "# MACs", "# ARPs", "# Remote VTEPs", "Tenant VRF");
	for (size_t i = 0; evpn_vni_at(k->c->evpn, i, &v); i++) {
		if (k->json)
			add_vni_row(k, o, &v);
		else
			str_addf(k->out, "%-10u %-4s %-21s %-8u %-8u %-15zu %-37s\n", v.vni.v, "L2",
			    port_text(k->c, v.vxlan, port), v.mac_count, v.arp_count,
			    v.remote_vtep_count, "default");
	}
	if (k->json)
		return command_json(k, o);
	json_object_put(o);
	return CTL_ACCEPTED;
}

static struct json_object *vni_json(const struct command *k, const struct evpn_vni_view *v)
{
	const struct config *c = k->c->config;
	struct json_object *o = json_object_new_object();
	char port[PORT_TEXT_MAX];

	json_add_number(o, "vni", v->vni.v);
	json_add_text(o, "type", "L2");
	json_add_text(o, "vrf", "default");
	json_add_text(o, "vxlanInterface", port_text(k->c, v->vxlan, port));
	json_add_number(o, "ifindex", v->vxlan.v);
	if (v->svi.v != 0) {
		json_add_text(o, "sviInterface", port_text(k->c, v->svi, port));
		json_add_number(o, "sviIfindex", v->svi.v);
	}
	json_add_ip(o, "vtepIp", &v->vtep);
	json_add_text(o, "mcastGroup", "0.0.0.0");
	json_add_text(
	    o, "advertiseGatewayMacip", yes_no(c != NULL && c->evpn.advertise_default_gw));
	json_add_text(o, "advertiseSviMacip", yes_no(c != NULL && c->evpn.advertise_svi_ip));
	json_add_number(o, "numMacs", v->mac_count);
	json_add_number(o, "numArpNd", v->arp_count);
	json_object_object_add(o, "numRemoteVteps", vtep_array(v));
	return o;
}

static void vni_rts(struct str *out, const char *what, const struct extcomm *rts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		str_addf(out, " %s ", what);
		extcomm_text(&rts[i], out);
		str_add(out, "\n");
	}
}

static void vni_text(struct command *k, const struct evpn_vni_view *v)
{
	const struct config *c = k->c->config;
	char port[PORT_TEXT_MAX], ip[IP_TEXT_MAX], rd[RD_TEXT_MAX];
	struct str *out = k->out;

	str_addf(out, "VNI: %u\n Type: L2\n Tenant VRF: default\n", v->vni.v);
	str_addf(out, " VxLAN interface: %s\n VxLAN ifIndex: %u\n", port_text(k->c, v->vxlan, port),
	    v->vxlan.v);
	if (v->svi.v != 0)
		str_addf(out, " SVI interface: %s\n SVI ifIndex: %u\n",
		    port_text(k->c, v->svi, port), v->svi.v);
	if (v->vlan != 0)
		str_addf(out, " Bridge: %s, VLAN %u\n", port_text(k->c, v->bridge, port), v->vlan);
	str_addf(out, " Local VTEP IP: %s\n Mcast group: 0.0.0.0\n", ip_text(&v->vtep, ip));
	str_addf(out, " RD: %s\n", rd_text(&v->rd, rd));
	if (v->auto_rt)
		str_addf(out, " Import RT:*:%u (automatic)\n", v->vni.v);
	vni_rts(out, "Import", v->import_rts, v->import_count);
	vni_rts(out, "Export", v->export_rts, v->export_count);
	if (!v->active)
		str_addf(
		    out, " Inactive: %s\n", v->inactive_reason != NULL ? v->inactive_reason : "?");
	if (v->remote_vtep_count == 0)
		str_add(out, " No remote VTEPs known for this VNI\n");
	else
		str_add(out, " Remote VTEPs for this VNI:\n");
	for (size_t i = 0; i < v->remote_vtep_count; i++)
		str_addf(out, "  %s flood: %s\n", ip_text(&v->remote_vteps[i], ip),
		    c != NULL && c->evpn.flooding_disabled ? "-" : "HER");
	str_addf(out,
	    " Number of MACs (local and remote) known for this VNI: %u\n"
	    " Number of ARPs (IPv4 and IPv6, local and remote) known for this VNI: %u\n",
	    v->mac_count, v->arp_count);
	str_addf(out, " Advertise-gw-macip: %s\n Advertise-svi-macip: %s\n",
	    yes_no(c != NULL && c->evpn.advertise_default_gw),
	    yes_no(c != NULL && c->evpn.advertise_svi_ip));
}

enum ctl_outcome show_evpn_vni(struct command *k)
{
	vni_t vni = command_vni(k);
	struct evpn_vni_view v;

	if (!command_find_vni(k, vni, &v))
		return no_such_vni(k, vni);
	if (k->json)
		return command_json(k, vni_json(k, &v));
	vni_text(k, &v);
	return CTL_ACCEPTED;
}

enum ctl_outcome show_evpn_vni_detail(struct command *k)
{
	struct json_object *list = json_object_new_array();
	struct evpn_vni_view v;

	for (size_t i = 0; evpn_vni_at(k->c->evpn, i, &v); i++) {
		if (k->json) {
			json_object_array_add(list, vni_json(k, &v));
		} else {
			vni_text(k, &v);
			str_add(k->out, "\n");
		}
	}
	if (k->json)
		return command_json(k, list);
	json_object_put(list);
	return CTL_ACCEPTED;
}

/* ---- MACs ---- */

enum mac_place { PLACE_NOWHERE, PLACE_LOCAL, PLACE_REMOTE };

/* A MAC that only our memory knows (its floor), or that is an address of this host, is nowhere. */
static enum mac_place mac_place(const struct evpn_mac_view *m)
{
	if (m->decision.advertise)
		return PLACE_LOCAL;
	if (m->claim.kind == CLAIM_OWN)
		return PLACE_NOWHERE;
	if (m->remote.kind != REMOTE_NONE)
		return PLACE_REMOTE;
	return m->claim.kind == CLAIM_LEARNED || m->claim.kind == CLAIM_PINNED ? PLACE_LOCAL
									       : PLACE_NOWHERE;
}

static bool mac_is_sticky(const struct evpn_mac_view *m)
{
	return mac_place(m) == PLACE_LOCAL ? m->decision.advertise_sticky
					   : m->remote.kind == REMOTE_STICKY;
}

static const char *mac_flags(const struct evpn_mac_view *m, char *text)
{
	size_t n = 0;

	if (mac_is_sticky(m))
		text[n++] = 'S';
	if (m->decision.contested)
		text[n++] = 'C';
	if (m->memory.frozen)
		text[n++] = 'D';
	if (m->fdb_status == SLOT_BLOCKED || m->vxlan_status == SLOT_BLOCKED ||
	    m->claim.kind == CLAIM_BLOCKED)
		text[n++] = 'B';
	text[n] = '\0';
	return text;
}

struct mac_walk {
	struct command *k;
	struct json_object *macs; /* NULL: text */
	struct str text;
	const struct evpn_vni_view *vni;
	struct ip vtep; /* only those behind it; IP_NONE all */
	unsigned count;
};

static void mac_add_json(
    const struct command *k, struct json_object *o, const struct evpn_mac_view *m, uint16_t vlan)
{
	char port[PORT_TEXT_MAX];

	json_add_text(o, "type", mac_place(m) == PLACE_LOCAL ? "local" : "remote");
	if (mac_place(m) == PLACE_LOCAL) {
		json_add_text(o, "intf", port_text(k->c, m->port, port));
		if (vlan != 0)
			json_add_number(o, "vlan", vlan);
	} else {
		json_add_ip(o, "remoteVtep", &m->remote.vtep);
	}
	if (mac_is_sticky(m))
		json_add_bool(o, "stickyMac", true);
	json_add_number(o, "localSequence", m->local_sequence);
	json_add_number(o, "remoteSequence", m->remote_sequence);
	json_add_number(o, "detectionCount", m->detected_moves);
	json_add_bool(o, "isDuplicate", m->memory.frozen);
	if (m->decision.contested)
		json_add_bool(o, "contested", true);
}

static void mac_visit(void *context, const struct evpn_mac_view *m)
{
	struct mac_walk *walk = context;
	enum mac_place place = mac_place(m);
	char mac[MAC_TEXT_MAX], where[IP_TEXT_MAX], flags[8], vlan[8] = "";

	if (place == PLACE_NOWHERE ||
	    (walk->vtep.family != IP_NONE &&
		(place != PLACE_REMOTE || !ip_equal(&walk->vtep, &m->remote.vtep))))
		return;
	walk->count++;
	mac_text(&m->mac, mac);
	if (walk->macs != NULL) {
		struct json_object *o = json_object_new_object();

		mac_add_json(walk->k, o, m, walk->vni->vlan);
		json_object_object_add(walk->macs, mac, o);
		return;
	}
	if (place == PLACE_LOCAL)
		port_text(walk->k->c, m->port, where);
	else
		ip_text(&m->remote.vtep, where);
	if (place == PLACE_LOCAL && walk->vni->vlan != 0)
		snprintf(vlan, sizeof(vlan), "%u", walk->vni->vlan);
	str_addf(&walk->text, "%-17s %-6s %-5s %-30s %-5s %u/%u\n", mac,
	    place == PLACE_LOCAL ? "local" : "remote", mac_flags(m, flags), where, vlan,
	    m->local_sequence, m->remote_sequence);
}

static void mac_table(struct command *k, const struct evpn_vni_view *v, bool all)
{
	struct mac_walk walk = {.k = k, .vni = v};
	const char *vtep = command_word(k, "vtep");

	if (vtep != NULL)
		ip_parse(vtep, &walk.vtep);
	evpn_walk_macs(k->c->evpn, v->vni, k->c->arena, &walk, mac_visit);
	if (all)
		str_addf(k->out, "\nVNI %u #MACs (local and remote) %u\n\n", v->vni.v, walk.count);
	else
		str_addf(k->out, "Number of MACs (local and remote) known for this VNI: %u\n",
		    walk.count);
	str_addf(k->out,
	    "Flags: S=sticky, C=contested, B=blocked by a foreign entry, D=duplicate (frozen)\n"
	    "%-17s %-6s %-5s %-30s %-5s %s\n%s",
	    "MAC", "Type", "Flags", "Intf/Remote ES/VTEP", "VLAN", "Seq #'s", str_text(&walk.text));
	str_fini(&walk.text);
}

static struct json_object *mac_table_json(struct command *k, const struct evpn_vni_view *v)
{
	struct mac_walk walk = {.k = k, .vni = v, .macs = json_object_new_object()};
	struct json_object *o = json_object_new_object();
	const char *vtep = command_word(k, "vtep");

	if (vtep != NULL)
		ip_parse(vtep, &walk.vtep);
	evpn_walk_macs(k->c->evpn, v->vni, k->c->arena, &walk, mac_visit);
	json_add_number(o, "numMacs", walk.count);
	json_object_object_add(o, "macs", walk.macs);
	return o;
}

/* One VNI, or all, by a function that prints and one that makes JSON. */
static enum ctl_outcome per_vni(struct command *k,
    void (*table)(struct command *k, const struct evpn_vni_view *v, bool all),
    struct json_object *(*json)(struct command *k, const struct evpn_vni_view *v))
{
	vni_t vni = command_vni(k);
	struct json_object *o;
	struct evpn_vni_view v;
	char key[16];

	if (vni.v != 0 && !command_find_vni(k, vni, &v))
		return no_such_vni(k, vni);
	if (vni.v != 0 && k->json)
		return command_json(k, json(k, &v));
	if (vni.v != 0) {
		table(k, &v, false);
		return CTL_ACCEPTED;
	}
	o = json_object_new_object();
	for (size_t i = 0; evpn_vni_at(k->c->evpn, i, &v); i++) {
		snprintf(key, sizeof(key), "%u", v.vni.v);
		if (k->json)
			json_object_object_add(o, key, json(k, &v));
		else
			table(k, &v, true);
	}
	if (k->json)
		return command_json(k, o);
	json_object_put(o);
	return CTL_ACCEPTED;
}

enum ctl_outcome show_evpn_macs(struct command *k)
{
	return per_vni(k, mac_table, mac_table_json);
}

/* ---- neighbours ---- */

struct neigh_walk {
	struct command *k;
	struct json_object *json; /* NULL: text */
	struct str text;
	const char *only;	 /* the address asked for; NULL all */
	const struct mac *mac;	 /* only those of this MAC; NULL all */
	struct json_object *ips; /* of one MAC: their addresses */
	unsigned count;
};

static void neigh_json(struct neigh_walk *walk, const struct evpn_neigh_view *n, const char *ip)
{
	struct json_object *o = json_object_new_object();
	char mac[MAC_TEXT_MAX];

	json_add_text(o, "type", n->local ? "local" : "remote");
	json_add_text(o, "state", "active");
	json_add_text(o, "mac", mac_text(&n->mac, mac));
	if (!n->local)
		json_add_ip(o, "remoteVtep", &n->vtep);
	json_add_number(o, "localSequence", n->local_sequence);
	json_add_number(o, "remoteSequence", n->remote_sequence);
	json_add_number(o, "detectionCount", 0);
	json_add_bool(o, "isDuplicate", false);
	json_object_object_add(walk->json, ip, o);
}

static void neigh_visit(void *context, const struct evpn_neigh_view *n)
{
	struct neigh_walk *walk = context;
	char ip[IP_TEXT_MAX], mac[MAC_TEXT_MAX], vtep[IP_TEXT_MAX] = "", flags[4] = "";

	ip_text(&n->ip, ip);
	if ((!n->local && !n->remote) || (walk->only != NULL && strcmp(walk->only, ip) != 0))
		return;
	walk->count++;
	if (walk->json != NULL) {
		neigh_json(walk, n, ip);
		return;
	}
	if (!n->local)
		ip_text(&n->vtep, vtep);
	snprintf(flags, sizeof(flags), "%s%s", n->local && n->pinned ? "P" : "",
	    n->status == SLOT_BLOCKED ? "B" : "");
	str_addf(&walk->text, "%-15s %-6s %-5s %-8s %-17s %-30s %u/%u\n", ip,
	    n->local ? "local" : "remote", flags, "active", mac_text(&n->mac, mac), vtep,
	    n->local_sequence, n->remote_sequence);
}

/* In canonical form, so that 2001:DB8::1 finds 2001:db8::1. */
static const char *wanted_ip(const struct command *k, char *text)
{
	const char *word = command_word(k, "ip");
	struct ip ip;

	return word != NULL && ip_parse(word, &ip) ? ip_text(&ip, text) : NULL;
}

static void neigh_table(struct command *k, const struct evpn_vni_view *v, bool all)
{
	char only[IP_TEXT_MAX];
	struct neigh_walk walk = {.k = k, .only = wanted_ip(k, only)};

	evpn_walk_neighs(k->c->evpn, v->vni, k->c->arena, &walk, neigh_visit);
	if (all)
		str_addf(k->out, "\nVNI %u #ARP (IPv4 and IPv6, local and remote) %u\n\n", v->vni.v,
		    walk.count);
	else
		str_addf(k->out, "Number of ARPs (local and remote) known for this VNI: %u\n",
		    walk.count);
	str_addf(k->out,
	    "Flags: P=pinned, B=blocked by a foreign entry\n%-15s %-6s %-5s %-8s %-17s %-30s "
	    "%s\n%s",
	    "Neighbor", "Type", "Flags", "State", "MAC", "Remote ES/VTEP", "Seq #'s",
	    str_text(&walk.text));
	str_fini(&walk.text);
}

static struct json_object *neigh_table_json(struct command *k, const struct evpn_vni_view *v)
{
	char only[IP_TEXT_MAX];
	struct neigh_walk walk = {
	    .k = k, .only = wanted_ip(k, only), .json = json_object_new_object()};

	json_add_number(walk.json, "numArpNd", 0);
	evpn_walk_neighs(k->c->evpn, v->vni, k->c->arena, &walk, neigh_visit);
	json_add_number(walk.json, "numArpNd", walk.count);
	return walk.json;
}

enum ctl_outcome show_evpn_neighs(struct command *k)
{
	return per_vni(k, neigh_table, neigh_table_json);
}

/* ---- one MAC ---- */

static void mac_neigh_visit(void *context, const struct evpn_neigh_view *n)
{
	struct neigh_walk *walk = context;
	char ip[IP_TEXT_MAX];

	if ((!n->local && !n->remote) || !mac_equal(&n->mac, walk->mac))
		return;
	walk->count++;
	ip_text(&n->ip, ip);
	if (walk->ips != NULL)
		json_object_array_add(walk->ips, json_object_new_string(ip));
	else
		str_addf(&walk->text, "    %s Active\n", ip);
}

static enum ctl_outcome mac_json(struct command *k, const struct evpn_mac_view *m, uint16_t vlan)
{
	struct json_object *o = json_object_new_object(), *all = json_object_new_object(),
			   *neighbors;
	struct neigh_walk walk = {.k = k, .mac = &m->mac, .ips = json_object_new_array()};
	char mac[MAC_TEXT_MAX];

	mac_add_json(k, o, m, vlan);
	if (mac_place(m) == PLACE_LOCAL)
		json_add_number(o, "ifindex", m->port.v);
	json_add_number(o, "syncNeighCount", 0);
	evpn_walk_neighs(k->c->evpn, m->vni, k->c->arena, &walk, mac_neigh_visit);
	if (walk.count == 0) {
		json_add_text(o, "neighbors", "none");
		json_object_put(walk.ips);
	} else {
		neighbors = json_object_new_object();
		json_object_object_add(neighbors, "active", walk.ips);
		json_object_object_add(neighbors, "inactive", json_object_new_array());
		json_object_object_add(o, "neighbors", neighbors);
	}
	json_object_object_add(all, mac_text(&m->mac, mac), o);
	return command_json(k, all);
}

enum ctl_outcome show_evpn_mac(struct command *k)
{
	vni_t vni = command_vni(k);
	struct neigh_walk walk = {.k = k};
	struct evpn_vni_view v;
	struct evpn_mac_view m;
	struct mac mac = {0};
	char text[IP_TEXT_MAX];

	if (!command_find_vni(k, vni, &v))
		return no_such_vni(k, vni);
	mac_parse(k->w->word[6], &mac); /* the grammar saw that it is one */
	if (!evpn_mac_get(k->c->evpn, vni, &mac, &m))
		return k->json ? command_json(k, json_object_new_object())
			       : command_refuse(k, "Requested MAC does not exist in VNI %u", vni.v);
	if (k->json)
		return mac_json(k, &m, v.vlan);
	str_addf(k->out, "MAC: %s\n", mac_text(&mac, text));
	if (mac_place(&m) == PLACE_LOCAL)
		str_addf(k->out, " Intf: %s(%u) VLAN: %u%s\n", port_text(k->c, m.port, text),
		    m.port.v, v.vlan, mac_is_sticky(&m) ? " Sticky Mac" : "");
	else if (mac_place(&m) == PLACE_REMOTE)
		str_addf(k->out, " Remote VTEP: %s%s\n", ip_text(&m.remote.vtep, text),
		    mac_is_sticky(&m) ? " Sticky Mac" : "");
	else
		str_add(k->out, " Auto Mac\n");
	str_addf(k->out, " Local Seq: %u Remote Seq: %u\n Neighbors:\n", m.local_sequence,
	    m.remote_sequence);
	walk.mac = &m.mac;
	evpn_walk_neighs(k->c->evpn, vni, k->c->arena, &walk, mac_neigh_visit);
	str_add(k->out, walk.count > 0 ? str_text(&walk.text) : "    No Neighbors\n");
	str_fini(&walk.text);
	return CTL_ACCEPTED;
}
