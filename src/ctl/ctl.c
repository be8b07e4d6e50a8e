/*
 * Control commands: the table, and finding the row for a line. Patterns are those of the
 * configuration's grammar (config/grammar.h). Commands are written out: abbreviations are answered
 * with a hint, not guessed, because scripts outlive the commands that made them unique.
 */
#include "ctl/ctl.h"

#include "base/mem.h"
#include "config/grammar.h"
#include "ctl/command.h"

#include <string.h>

static command_handler watch, help;

#define VNI "<1-16777215>"
#define ROUTES "routes|received-routes|filtered-routes|advertised-routes"
#define BFD_OPTIONS "[multihop] [local-address IP] [interface WORD] [vrf WORD]"

static const struct {
	const char *pattern;
	command_handler *handle;
	const char *help; /* NULL: another spelling */
} commands[] = {
    {"show bgp summary [json]", show_bgp_summary, "peers and their state"},
    {"show ip bgp summary [json]", show_bgp_summary, NULL},
    {"show bgp ipv4|ipv6 [unicast] summary [json]", show_bgp_family_summary, NULL},
    {"show bgp l2vpn evpn summary [json]", show_bgp_evpn_summary, "peers of the EVPN family"},
    {"show bgp neighbors graceful-restart [json]", show_bgp_restart, "graceful restart by peer"},
    {"show bgp ipv4|ipv6 [unicast] neighbors graceful-restart [json]", show_bgp_restart, NULL},
    {"show bgp l2vpn evpn neighbors graceful-restart [json]", show_bgp_restart, NULL},
    {"show ip bgp neighbors graceful-restart [json]", show_bgp_restart, NULL},
    {"show bgp neighbors|neighbor [json]", show_bgp_neighbors, "all there is to know of peers"},
    {"show ip bgp neighbors|neighbor [json]", show_bgp_neighbors, NULL},
    {"show bgp ipv4|ipv6 [unicast] neighbors|neighbor [json]", show_bgp_neighbors, NULL},
    {"show bgp l2vpn evpn neighbors|neighbor [json]", show_bgp_neighbors, NULL},
    {"show bgp vrf WORD neighbors|neighbor [json]", show_bgp_neighbors, NULL},
    {"show bgp neighbors|neighbor WORD [json]", show_bgp_neighbors, "… of one"},
    {"show ip bgp neighbors|neighbor WORD [json]", show_bgp_neighbors, NULL},
    {"show bgp ipv4|ipv6 [unicast] neighbors|neighbor WORD [json]", show_bgp_neighbors, NULL},
    {"show bgp l2vpn evpn neighbors|neighbor WORD [json]", show_bgp_neighbors, NULL},
    {"show bgp vrf WORD neighbors|neighbor WORD [json]", show_bgp_neighbors, NULL},
    {"show bgp ipv4|ipv6 [unicast] neighbors|neighbor WORD " ROUTES " [json]", show_neighbor_routes,
	"what it sent, what it was told"},
    {"show bgp l2vpn evpn neighbors|neighbor WORD " ROUTES " [json]", show_neighbor_routes, NULL},
    {"show bgp neighbors|neighbor WORD " ROUTES " [json]", show_neighbor_routes, NULL},
    {"show ip bgp neighbors|neighbor WORD " ROUTES " [json]", show_neighbor_routes, NULL},
    {"show ip bgp ipv4|ipv6 [unicast] neighbors|neighbor WORD " ROUTES " [json]",
	show_neighbor_routes, NULL},
    {"show bgp l2vpn evpn [route] [json]", show_bgp_evpn, "EVPN routes by route distinguisher"},
    {"show bgp l2vpn evpn route type macip|multicast|<1-5> [json]", show_bgp_evpn, NULL},
    {"show bgp ipv4|ipv6 [unicast] [json]", show_bgp_unicast, "underlay routes"},
    {"show ip bgp [json]", show_bgp_unicast, NULL},
    {"show bgp ipv4|ipv6 [unicast] [PREFIX] bestpath [json]", show_bgp_bestpath,
	"which step of the decision ranks each route"},
    {"show bgp l2vpn evpn [route] bestpath [json]", show_bgp_bestpath, NULL},
    {"show bgp nexthop [json]", show_bgp_nexthop, "next hops, as BGP decides with them"},
    {"show ip|ipv6 nht [json]", show_nht, "next hops, and what they resolve to"},
    {"show evpn [json]", show_evpn, "EVPN as a whole"},
    {"show evpn vni [json]", show_evpn_vnis, "VNIs of this host"},
    {"show evpn vni detail [json]", show_evpn_vni_detail, NULL},
    {"show evpn vni " VNI " [json]", show_evpn_vni, "one VNI, with its VTEPs"},
    {"show evpn mac vni all|" VNI " [json]", show_evpn_macs, "MACs, local and remote"},
    {"show evpn mac vni all|" VNI " vtep IP [json]", show_evpn_macs, NULL},
    {"show evpn mac vni " VNI " mac MAC [json]", show_evpn_mac, "one MAC"},
    {"show evpn arp-cache vni all|" VNI " [json]", show_evpn_neighs, "neighbours (ARP, ND)"},
    {"show evpn arp-cache vni " VNI " ip IP [json]", show_evpn_neighs, NULL},
    {"show evpn audit [json]", show_audit, "kernel, what is known and what is wanted compared"},
    {"show bfd [vrf WORD] peers [json]", show_bfd_peers, "BFD peers and their state"},
    {"show bfd [vrf WORD] peers brief [json]", show_bfd_brief, NULL},
    {"show bfd [vrf WORD] peers counters [json]", show_bfd_counters, "BFD packets and flaps"},
    {"show bfd peer IP " BFD_OPTIONS " [json]", show_bfd_peer, "one BFD peer"},
    {"show bfd peer IP " BFD_OPTIONS " counters [json]", show_bfd_peer_counters, NULL},
    {"show bfd discards [json]", show_bfd_discards,
	"BFD packets that were not believed, by reason"},
    {"show evpnd counters [json]", show_counters, "what was written, repaired, refused"},
    {"show running-config [no-header]", show_running_config, "the configuration in force"},
    {"show version", show_version, "the version of evpnd"},
    {"explain mac MAC [vni " VNI "]", explain_mac, "why this MAC is where it is"},
    {"explain ip IP [vni " VNI "]", explain_ip, "why this address is where it is"},
    {"watch", watch, "decisions as they happen, until interrupted"},
    {"reclaim mac MAC [vni " VNI "]", reclaim_mac, "advertise a contested pin above the others"},
    {"release mac MAC [vni " VNI "] [for <1-300>]", release_mac,
	"make room for an agent that adds exclusively"},
    {"clear bgp WORD [soft] [in|out]", clear_bgp,
	"end a session (* all), or ask for and tell routes again"},
    {"clear ip bgp WORD [soft] [in|out]", clear_bgp, NULL},
    {"clear bgp ipv4|ipv6 WORD [soft] [in|out]", clear_bgp_family, NULL},
    {"clear bgp ipv4|ipv6 unicast WORD [soft] [in|out]", clear_bgp_family, NULL},
    {"clear bgp l2vpn evpn WORD [soft] [in|out]", clear_bgp_family, NULL},
    {"clear evpn dup-addr vni all|" VNI, clear_duplicates, "duplicate detection starts anew"},
    {"clear evpn dup-addr vni " VNI " mac MAC", clear_duplicates, NULL},
    {"clear evpn dup-addr vni " VNI " ip IP", clear_duplicates, NULL},
    {"audit", audit_now, "compare them now"},
    {"remove orphans", remove_orphans, "entries that look like ours and nobody claims"},
    {"help", help, "this list"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static enum ctl_outcome watch(struct command *k)
{
	(void)k;
	return CTL_WATCH;
}

static enum ctl_outcome help(struct command *k)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].help != NULL)
			str_addf(k->out, "%-48s %s\n", commands[i].pattern, commands[i].help);
	return CTL_ACCEPTED;
}

/* Says what is wrong with the line: the first word that fits nowhere, and what would. */
static enum ctl_outcome refuse(struct command *k)
{
	const char *patterns[COMMANDS];
	struct str wanted = {0};
	struct match m, best = {0};
	char *hint;

	for (size_t i = 0; i < COMMANDS; i++) {
		patterns[i] = commands[i].pattern;
		grammar_match(patterns[i], k->w, 0, &m);
		if (m.full && !best.full)
			best = m;
		if (!best.full &&
		    (m.reached > best.reached || (m.reached == best.reached && m.incomplete)))
			best = m;
	}
	hint = patterns_hint(patterns, COMMANDS, k->w, 0);
	if (best.full) {
		grammar_token_text(best.bad_token, best.bad_token_size, &wanted);
		command_refuse(k, "`%.80s` is not %s", k->w->word[best.bad], str_text(&wanted));
	} else if (best.incomplete) {
		command_refuse(k, "Command incomplete%s%s", hint != NULL ? "; " : "",
		    hint != NULL ? hint : "");
	} else {
		command_refuse(k, "Unknown command: `%.80s`%s%s", k->w->word[best.reached],
		    hint != NULL ? "; " : ": try `help`", hint != NULL ? hint : "");
	}
	str_fini(&wanted);
	mem_free(hint);
	return CTL_REFUSED;
}

static enum ctl_outcome dispatch(struct command *k)
{
	struct match m;

	if (k->w->count == 0)
		return command_refuse(k, "Empty command: try `help`");
	if (k->w->overflow)
		return command_refuse(k, "More than %d words", WORDS_MAX);
	for (size_t i = 0; i < COMMANDS; i++) {
		grammar_match(commands[i].pattern, k->w, 0, &m);
		if (m.full && m.bad == WORDS_MAX)
			return commands[i].handle(k);
	}
	return refuse(k);
}

enum ctl_outcome ctl_run(const struct ctl_context *c, const char *line, struct str *out)
{
	enum ctl_outcome outcome;
	struct words w;
	struct command k = {.c = c, .w = &w, .out = out};

	words_split(&w, line, strlen(line));
	k.json = w.count > 0 && strcmp(w.word[w.count - 1], "json") == 0;
	outcome = dispatch(&k);
	words_fini(&w);
	return outcome;
}

static const char *note_kind_text(enum evpn_note_kind kind)
{
	switch (kind) {
	case NOTE_SEEN:
		return "seen";
	case NOTE_DECIDED:
		return "decided";
	case NOTE_WRITTEN:
		return "written";
	case NOTE_RESULT:
		return "result";
	case NOTE_REPAIRED:
		return "REPAIRED";
	case NOTE_ALARM:
		return "ALARM";
	}
	return "";
}

void ctl_note_text(const struct ctl_context *c, const struct evpn_note *note, struct str *out)
{
	char clock[CLOCK_TEXT_MAX], mac[MAC_TEXT_MAX], ip[IP_TEXT_MAX];

	str_addf(out, "%s  vni %-8u %s  %-8s  ", clock_text(c, note->at, clock), note->vni.v,
	    mac_text(&note->mac, mac), note_kind_text(note->kind));
	if (note->ip.family != IP_NONE)
		str_addf(out, "%s: ", ip_text(&note->ip, ip));
	str_add(out, note->text);
	if (note->writer != 0)
		str_addf(out, " (writer %u)", note->writer);
	str_add(out, "\n");
}
