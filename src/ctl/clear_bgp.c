/*
 * clear bgp …, in FRR's forms: one neighbor or all, the session or the routes of one family or all.
 */
#include "ctl/command.h"

#include <string.h>

static bool has_word(const struct command *k, const char *word)
{
	for (unsigned i = 2; i < k->w->count; i++)
		if (strcmp(k->w->word[i], word) == 0)
			return true;
	return false;
}

static enum bgp_clear kind_of(const struct command *k)
{
	bool in = has_word(k, "in"), out = has_word(k, "out");

	if (in || out)
		return in ? BGP_CLEAR_IN : BGP_CLEAR_OUT;
	return has_word(k, "soft") ? BGP_CLEAR_BOTH : BGP_CLEAR_SESSION;
}

static enum ctl_outcome clear(struct command *k, const char *who, const bool families[BGP_FAMILIES])
{
	bool all = strcmp(who, "*") == 0;
	const char *refused;
	size_t n =
	    bgp_clear(k->c->bgp, all ? NULL : who, families, kind_of(k), k->c->now, &refused);

	if (n == 0)
		return all ? command_refuse(k, "There are no neighbors")
			   : command_refuse(k, "There is no neighbor %.80s", who);
	if (refused != NULL)
		return command_refuse(k,
		    "Inbound soft reconfig for %s not possible: it has neither route refresh nor "
		    "`soft-reconfiguration inbound`",
		    refused);
	return CTL_ACCEPTED;
}

enum ctl_outcome clear_bgp(struct command *k)
{
	static const bool every[BGP_FAMILIES] = {true, true, true};

	return clear(k, command_word(k, "bgp"), every);
}

enum ctl_outcome clear_bgp_family(struct command *k)
{
	const char *first = command_word(k, "bgp"), *who;
	bool families[BGP_FAMILIES] = {
	    [BGP_IPV4_UNICAST] = strcmp(first, "ipv4") == 0,
	    [BGP_IPV6_UNICAST] = strcmp(first, "ipv6") == 0,
	    [BGP_L2VPN_EVPN] = strcmp(first, "l2vpn") == 0,
	};

	who = command_word(k, families[BGP_L2VPN_EVPN] ? "evpn" : "unicast");
	return clear(k, who != NULL ? who : command_word(k, first), families);
}
