/*
 * Control commands.
 */
#include "ctl/ctl.h"

enum ctl_outcome ctl_run(const struct ctl_context *c, const char *line, struct str *out)
{
	(void)c;
	str_addf(out, "unknown command: %s\n", line);
	return CTL_REFUSED;
}

void ctl_note_text(const struct ctl_context *c, const struct evpn_note *note, struct str *out)
{
	(void)c;
	str_addf(out, "%s\n", note->text);
}
