/*
 * EVPN settings: ownership only.
 */
#include "evpn/settings.h"

#include "base/mem.h"

void evpn_settings_fini(struct evpn_settings *s)
{
	for (size_t i = 0; i < s->vni_count; i++) {
		mem_free(s->vnis[i].import_rts);
		mem_free(s->vnis[i].export_rts);
	}
	mem_free(s->vnis);
	*s = (struct evpn_settings){0};
}
