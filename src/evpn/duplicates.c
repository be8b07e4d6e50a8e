/*
 * Duplicate detection: M moves within N seconds, counted between learned claims only. A pin is
 * somebody's will, so it neither counts nor freezes. The window starts with the first move and
 * starts anew when it is over, as RFC 7432 section 15.1 has it.
 */
#include "evpn/duplicates.h"

bool duplicates_move(struct duplicates *d, const struct evpn_settings *s, mono_t now)
{
	if (!s->duplicates.enabled || d->detected)
		return false;
	if (d->moves == 0 || mono_reached(mono_add_s(d->since, s->duplicates.time_s), now)) {
		d->since = now;
		d->moves = 0;
	}
	if (++d->moves < s->duplicates.max_moves)
		return false;
	d->detected = true;
	d->detected_at = now;
	return true;
}

mono_t duplicates_thaw(const struct duplicates *d, const struct evpn_settings *s)
{
	if (s->duplicates.freeze_s == 0)
		return MONO_NEVER;
	return mono_add_s(d->detected_at, s->duplicates.freeze_s);
}
