/*
 * show running-config, show version, show evpnd counters.
 */
#include "ctl/command.h"

#include <string.h>

enum ctl_outcome show_running_config(struct command *k)
{
	if (strcmp(k->w->word[k->w->count - 1], "no-header") != 0)
		str_add(k->out, "Building configuration...\n\nCurrent configuration:\n!\n");
	if (k->c->config != NULL)
		statement_print(k->c->config->tree, k->out);
	str_add(k->out, "end\n");
	return CTL_ACCEPTED;
}

enum ctl_outcome show_version(struct command *k)
{
	const struct config *config = k->c->config;

	str_addf(k->out, "evpnd %s%s%s%s\n", k->c->version,
	    config != NULL && config->hostname[0] != '\0' ? " (" : "",
	    config != NULL ? config->hostname : "",
	    config != NULL && config->hostname[0] != '\0' ? ")" : "");
	return CTL_ACCEPTED;
}

enum ctl_outcome show_counters(struct command *k)
{
	const struct evpn_counters *n = evpn_counters(k->c->evpn);
	const struct {
		const char *key, *text;
		uint64_t value;
	} rows[] = {
	    {"kernelOps", "kernel operations issued", n->kernel.ops},
	    {"kernelFailed", "refused by the kernel", n->kernel.failed},
	    {"kernelMismatched", "not issued: the slot was not as expected", n->kernel.mismatched},
	    {"repaired", "foreign entries hit in the kernel's window, restored",
		n->kernel.repaired},
	    {"repairsGivenUp", "foreign entries hit and not restored: refused too often",
		n->kernel.repairs_given_up},
	    {"blocked", "slots held by a foreign entry", n->kernel.blocked},
	    {"overruns", "netlink overruns", n->kernel.overruns},
	    {"auditDifferences", "differences found by the audit",
		n->kernel.audit_kernel + n->kernel.audit_desired + k->c->fib_differences},
	    {"contested", "pins overtaken by a remote claim", n->contested},
	    {"alarms", "alarms raised", n->alarms},
	    {"duplicates", "duplicate addresses detected", n->duplicates},
	    {"restored", "records restored from the state file", n->restored},
	    {"stateRecordsIgnored", "records of the state file ignored", n->state_records_ignored},
	    {"limitReached", "times a table was full", n->limit_reached},
	};
	struct json_object *o;

	if (!k->json) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			str_addf(k->out, "%-55s %10llu\n", rows[i].text,
			    (unsigned long long)rows[i].value);
		return CTL_ACCEPTED;
	}
	o = json_object_new_object();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		json_add_number(o, rows[i].key, (int64_t)rows[i].value);
	return command_json(k, o);
}
