/*
 * Destinations that are to be decided, in the order in which they became so; what concerns a route
 * from here before all others. Each is queued once, whatever happens to it before its turn. A
 * family may be held: what others announce of it then waits in a queue of its own.
 */
#include "base/mem.h"
#include "bgp/loc_rib.h"

static void queue_push(struct dest_queue *q, struct dest *d)
{
	d->dirty_next = NULL;
	if (q->last == NULL)
		q->first = d;
	else
		q->last->dirty_next = d;
	q->last = d;
	q->count++;
}

static struct dest *queue_shift(struct dest_queue *q)
{
	struct dest *d = q->first;

	if (d == NULL)
		return NULL;
	q->first = d->dirty_next;
	if (q->first == NULL)
		q->last = NULL;
	q->count--;
	d->dirty = false;
	return d;
}

/* It stays where it waits, for that queue has no way out of its middle: there it is found once
 * more, and nothing is left to be done about it. It is dirty until then, and so lives as long. */
static void overtake(struct loc_rib *rib, struct dest *d)
{
	struct dest_list *l = &rib->overtaking;

	if (l->count == l->room) {
		l->room = l->room * 2 + 16;
		l->all = mem_resize(l->all, l->room * sizeof(struct dest *));
	}
	l->all[l->count++] = d;
	d->urgent = true;
}

void loc_rib_mark_dirty(struct loc_rib *rib, struct dest *d, bool urgent)
{
	if (d->dirty && urgent && !d->urgent)
		overtake(rib, d);
	if (d->dirty)
		return;
	d->dirty = true;
	d->urgent = urgent;
	queue_push(urgent		  ? &rib->urgent
		   : rib->held[d->family] ? &rib->waiting[d->family]
					  : &rib->dirty,
	    d);
}

void loc_rib_hold(struct loc_rib *rib, enum bgp_family family, bool on)
{
	struct dest_queue *from = &rib->waiting[family], *to = &rib->dirty;

	rib->held[family] = on;
	if (on || from->first == NULL)
		return;
	if (to->last == NULL)
		to->first = from->first;
	else
		to->last->dirty_next = from->first;
	to->last = from->last;
	to->count += from->count;
	*from = (struct dest_queue){0};
}

void loc_rib_nexthops_changed(struct loc_rib *rib)
{
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		for (struct dest *d = f == BGP_L2VPN_EVPN ? NULL : loc_rib_after(rib, f, NULL);
		     d != NULL; d = loc_rib_after(rib, f, d))
			for (const struct path *p = d->paths; p != NULL; p = p->next) {
				const struct nexthop *n = nexthop_at(&rib->nexthops, p->nexthop);

				if (n != NULL && n->changed) {
					loc_rib_mark_dirty(rib, d, false);
					break;
				}
			}
	nexthop_settle(&rib->nexthops);
}

void loc_rib_mark_all_dirty(struct loc_rib *rib, enum bgp_family family)
{
	for (struct dest *d = loc_rib_after(rib, family, NULL); d != NULL;
	     d = loc_rib_after(rib, family, d))
		loc_rib_mark_dirty(rib, d, false);
}

static struct dest *next_overtaking(struct loc_rib *rib)
{
	struct dest_list *l = &rib->overtaking;

	if (l->taken < l->count)
		return l->all[l->taken++];
	l->taken = l->count = 0;
	return NULL;
}

struct dest *loc_rib_next_dirty(struct loc_rib *rib)
{
	struct dest *d = next_overtaking(rib);

	if (d == NULL)
		d = queue_shift(&rib->urgent);
	return d != NULL ? d : queue_shift(&rib->dirty);
}

bool loc_rib_pending(const struct loc_rib *rib)
{
	return rib->overtaking.taken < rib->overtaking.count || rib->urgent.first != NULL ||
	       rib->dirty.first != NULL;
}
