/*
 * `interface X` and `vrf X` blocks. Both come in order of name, as the canonical order has them.
 */
#include "base/mem.h"
#include "config/loading.h"

#include <stdio.h>
#include <string.h>

/* Names of links: at most 15 bytes (IFNAMSIZ). */
static bool name_fits(struct loading *l, const struct statement *s, const char *name)
{
	if (strlen(name) < 16)
		return true;
	loading_report(
	    l, s, false, NULL, "`%.80s` is longer than an interface name can be (15)", name);
	return false;
}

void on_interface(struct loading *l, const struct statement *s, const struct words *w)
{
	struct config *c = l->c;

	l->interface = NULL;
	if (!name_fits(l, s, w->word[1]))
		return;
	c->interfaces =
	    mem_resize(c->interfaces, (c->interface_count + 1) * sizeof(*c->interfaces));
	l->interface = &c->interfaces[c->interface_count++];
	*l->interface = (struct interface_settings){.ra = ra_settings_default()};
	snprintf(l->interface->name, sizeof(l->interface->name), "%s", w->word[1]);
}

void on_address(struct loading *l, const struct statement *s, const struct words *w)
{
	struct interface_settings *i = l->interface;
	struct prefix p;

	if (i == NULL || !word_address(w->word[2], &p))
		return;
	if (w->count > 3)
		loading_report(l, s, true, NULL, "the `peer` address has no effect yet");
	i->addresses = mem_resize(i->addresses, (i->address_count + 1) * sizeof(*i->addresses));
	i->addresses[i->address_count++] = p;
}

void on_interface_description(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	if (l->interface != NULL)
		l->interface->description = words_join(w, 1);
}

void on_interface_shutdown(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	if (l->interface == NULL)
		return;
	l->interface->said_up = s->no;
	l->interface->said_down = !s->no;
}

void on_vrf(struct loading *l, const struct statement *s, const struct words *w)
{
	struct config *c = l->c;

	l->vrf = NULL;
	if (!name_fits(l, s, w->word[1]))
		return;
	c->vrfs = mem_resize(c->vrfs, (c->vrf_count + 1) * sizeof(*c->vrfs));
	l->vrf = &c->vrfs[c->vrf_count++];
	*l->vrf = (struct vrf_settings){0};
	snprintf(l->vrf->name, sizeof(l->vrf->name), "%s", w->word[1]);
}

void on_vrf_vni(struct loading *l, const struct statement *s, const struct words *w)
{
	uint32_t n;

	if (l->vrf == NULL || !word_number(w->word[1], 1, VNI_MAX, &n))
		return;
	for (size_t i = 0; i < l->c->vrf_count; i++)
		if (l->c->vrfs[i].vni.v == n)
			loading_report(l, s, false, NULL, "VNI %u belongs to VRF %s already", n,
			    l->c->vrfs[i].name);
	l->vrf->vni = (vni_t){n};
}
