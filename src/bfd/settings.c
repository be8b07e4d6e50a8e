/*
 * BFD settings: ownership, copies, profiles.
 */
#include "bfd/settings.h"

#include <string.h>

#include "base/mem.h"

void bfd_settings_fini(struct bfd_settings *s)
{
	mem_free(s->profiles);
	mem_free(s->peers);
	*s = (struct bfd_settings){0};
}

void bfd_settings_copy(struct bfd_settings *to, const struct bfd_settings *from)
{
	*to = *from;
	to->profiles = mem_dup(from->profiles, from->profile_count * sizeof(*from->profiles));
	to->peers = mem_dup(from->peers, from->peer_count * sizeof(*from->peers));
}

const struct bfd_profile *bfd_settings_profile(const struct bfd_settings *s, const char *name)
{
	for (size_t i = 0; i < s->profile_count; i++)
		if (strcmp(s->profiles[i].name, name) == 0)
			return &s->profiles[i];
	return NULL;
}

static void overlay(struct bfd_params *to, const struct bfd_values *v)
{
	if ((v->has & BFD_HAS_TRANSMIT) != 0)
		to->transmit_us = v->params.transmit_us;
	if ((v->has & BFD_HAS_RECEIVE) != 0)
		to->receive_us = v->params.receive_us;
	if ((v->has & BFD_HAS_MULTIPLIER) != 0)
		to->multiplier = v->params.multiplier;
	if ((v->has & BFD_HAS_MINIMUM_TTL) != 0)
		to->minimum_ttl = v->params.minimum_ttl;
	if ((v->has & BFD_HAS_PASSIVE) != 0)
		to->passive = v->params.passive;
	if ((v->has & BFD_HAS_SHUTDOWN) != 0)
		to->shutdown = v->params.shutdown;
	if ((v->has & BFD_HAS_ECHO) != 0)
		to->echo = v->params.echo;
	if ((v->has & BFD_HAS_ECHO_TRANSMIT) != 0)
		to->echo_transmit_us = v->params.echo_transmit_us;
	if ((v->has & BFD_HAS_ECHO_RECEIVE) != 0)
		to->echo_receive_us = v->params.echo_receive_us;
}

struct bfd_params bfd_settings_resolve(
    const struct bfd_settings *s, const char *profile, const struct bfd_values *values)
{
	struct bfd_params p = {.transmit_us = 300000,
	    .receive_us = 300000,
	    .echo_transmit_us = 50000,
	    .echo_receive_us = 50000,
	    .multiplier = 3,
	    .minimum_ttl = 254};
	const struct bfd_profile *named = bfd_settings_profile(s, profile);

	if (named != NULL)
		overlay(&p, &named->values);
	overlay(&p, values);
	return p;
}

int bfd_key_compare(const struct bfd_key *a, const struct bfd_key *b)
{
	int order = ip_compare(&a->remote, &b->remote);

	if (order == 0)
		order = strcmp(a->vrf, b->vrf);
	if (order == 0)
		order = a->multihop - b->multihop;
	if (order == 0)
		order = strcmp(a->interface, b->interface);
	return order != 0 ? order : ip_compare(&a->local, &b->local);
}
