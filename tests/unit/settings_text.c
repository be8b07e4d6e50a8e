/* See settings_text.h. A file of its own: `node` means something else to config/ and to speakers.h.
 */
#include "settings_text.h"

#include "base/check.h"
#include "config/config.h"

void settings_from_text(struct bgp_settings *s, const char *text)
{
	struct statement_errors errors = {0};
	struct config *c = config_load(text, &errors);

	check(errors.error_count == 0);
	bgp_settings_copy(s, &c->bgp);
	config_free(c);
	statement_errors_fini(&errors);
}
