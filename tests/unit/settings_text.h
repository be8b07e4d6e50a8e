/*
 * BGP settings from the text of a configuration, as a daemon reads it.
 */
#pragma once

#include "bgp/settings.h"

/* Any error in `text` fails the test. *s is overwritten, not freed; owned by the caller. */
void settings_from_text(struct bgp_settings *s, const char *text);
