/*
 * `address-family l2vpn evpn` of the default instance, its `vni` blocks, and the statements that
 * only evpnd has (`evpn …` at top level).
 */
#include "base/mem.h"
#include "config/loading.h"

#include <string.h>

void on_advertise_all_vni(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->evpn.advertise_all_vni = !s->no;
}

void on_advertise_svi_ip(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->evpn.advertise_svi_ip = !s->no;
}

void on_advertise_default_gw(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->evpn.advertise_default_gw = !s->no;
}

void on_vni_svi_ip(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->vni->advertise_svi_ip = !s->no;
}

void on_vni_default_gw(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->vni->advertise_default_gw = !s->no;
}

void on_autort_rfc8365(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	(void)w;
	l->c->evpn.rfc8365_rt = true;
}

void on_flooding(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->c->evpn.flooding_disabled = strcmp(w->word[1], "disable") == 0;
}

void on_autort(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	word_asn(w->word[2], &l->c->evpn.as);
}

void on_duplicates_off(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)w;
	l->c->evpn.duplicates.enabled = !s->no;
}

void on_duplicates(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	word_number(w->word[2], 2, 1000, &l->c->evpn.duplicates.max_moves);
	word_number(w->word[4], 2, 1800, &l->c->evpn.duplicates.time_s);
}

void on_duplicates_freeze(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->c->evpn.duplicates.freeze = true;
	l->c->evpn.duplicates.freeze_s = 0;
	word_number(w->word[2], 30, 3600, &l->c->evpn.duplicates.freeze_s);
}

void on_sticky_sequence(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->c->evpn.sticky_sequence =
	    strcmp(w->word[3], "zero") == 0 ? STICKY_SEQUENCE_ZERO : STICKY_SEQUENCE_BUMP;
}

void on_port_learning(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->c->evpn.keep_port_learning = strcmp(w->word[2], "keep") == 0;
}

void on_contested_alarm(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	word_number(w->word[2], 1, 3600, &l->c->evpn.contested_alarm_s);
}

void on_audit_interval(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	word_number(w->word[2], 0, 86400, &l->c->evpn.audit_s);
}

/* VNIs come sorted, as the canonical order has them. */
void on_vni(struct loading *l, const struct statement *s, const struct words *w)
{
	struct evpn_settings *e = &l->c->evpn;
	uint32_t n = 0;

	(void)s;
	word_number(w->word[1], 1, VNI_MAX, &n);
	e->vnis = mem_resize(e->vnis, (e->vni_count + 1) * sizeof(*e->vnis));
	l->vni = &e->vnis[e->vni_count++];
	*l->vni = (struct vni_settings){.vni = {n}};
}

void on_vni_rd(struct loading *l, const struct statement *s, const struct words *w)
{
	(void)s;
	l->vni->has_rd = rd_parse(w->word[1], &l->vni->rd);
}

static void rt_add(struct extcomm **list, size_t *count, const struct extcomm *rt)
{
	for (size_t i = 0; i < *count; i++)
		if (extcomm_equal(&(*list)[i], rt))
			return;
	*list = mem_resize(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = *rt;
}

void on_vni_rt(struct loading *l, const struct statement *s, const struct words *w)
{
	struct extcomm rt;

	(void)s;
	if (!word_rt(w->word[2], &rt))
		return;
	if (strcmp(w->word[1], "export") != 0)
		rt_add(&l->vni->import_rts, &l->vni->import_count, &rt);
	if (strcmp(w->word[1], "import") != 0)
		rt_add(&l->vni->export_rts, &l->vni->export_count, &rt);
}
