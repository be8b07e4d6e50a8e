/*
 * Packing: a batch of what a peer is to be told becomes as few UPDATEs as it fits in.
 *
 * The batch is grouped by interned attributes, in order of their creation, and within these in
 * order of the queue; withdrawals go before. The order of UPDATEs thus depends on history alone.
 * Messages are built in the speaker's buffer and given to the session in pieces of its size.
 */
#include "bgp/packer.h"

#include <stdlib.h>

#include "bgp/speaker.h"

/* Messages under way to the session. */
struct packer {
	struct adj_rib_out *o;
	struct session *session;
	size_t used;
	unsigned messages;
	mono_t now;
};

static void packer_flush(struct packer *k)
{
	if (k->used != 0)
		session_send(k->session, k->o->peer->bgp->buffer, k->used, k->messages, k->now);
	k->used = 0;
	k->messages = 0;
}

/* Where the next message can be built. */
static uint8_t *packer_room(struct packer *k)
{
	if (SEND_BUFFER_SIZE - k->used < MESSAGE_MAX_EXTENDED)
		packer_flush(k);
	return k->o->peer->bgp->buffer + k->used;
}

static void packer_take(struct packer *k, size_t size)
{
	k->used += size;
	k->messages += size != 0;
}

static void begin(struct packer *k, struct update_writer *u, const struct attrs *attrs)
{
	const struct update_context *c = &k->session->transmit;

	if (attrs == NULL)
		update_begin_unreach(u, packer_room(k), c, k->o->family);
	else
		update_begin_reach(u, packer_room(k), c, k->o->family, attrs);
}

static void log_out(const struct packer *k, const struct nlri *n, const struct attrs *attrs)
{
	struct log *log = k->o->peer->bgp->log;
	struct str text = {0};

	if (!log_debugs(log, LOG_BGP_UPDATE_OUT))
		return;
	nlri_text(n, &text);
	str_add(&text, attrs == NULL ? " -- unreachable" : " ");
	if (attrs != NULL)
		attrs_text(attrs, &text);
	log_debug(
	    log, LOG_BGP_UPDATE_OUT, "%s send UPDATE %s", peer_name(k->o->peer), str_text(&text));
	str_fini(&text);
}

void pending_forgo(struct adj_rib_out *o, struct pending *p)
{
	struct loc_rib *rib = &o->peer->bgp->rib;

	attrs_release(rib->attrs, p->attrs);
	extra_release(&rib->extras, p->extra);
	p->attrs = NULL;
	p->extra = NULL;
}

/* Attributes alone that fill a message: the route stays with us. */
static void too_large(struct packer *k, struct pending *p, const struct nlri *n)
{
	struct str text = {0};

	nlri_text(n, &text);
	log_warning(k->o->peer->bgp->log, LOG_BGP, "%s: %s not advertised: attributes too large",
	    peer_name(k->o->peer), str_text(&text));
	str_fini(&text);
	pending_forgo(k->o, p);
	if (p->out->attrs != NULL) {
		struct update_writer u;

		begin(k, &u, NULL);
		update_add(&u, n);
		packer_take(k, update_end(&u));
	}
}

/* One run of pending with the same attributes becomes as few messages as it fits in. `attrs` are
 * lent: too_large() may let go of the last of its own. */
static void pack_run(struct packer *k, const struct attrs *attrs, struct pending *p, size_t count)
{
	struct update_writer u;
	bool empty = true;

	begin(k, &u, attrs);
	for (size_t i = 0; i < count; i++) {
		struct nlri n;

		dest_nlri(p[i].dest, attrs == NULL ? p[i].out->extra : p[i].extra, &n);
		n.path_id = adj_rib_out_path_id(k->o, p[i].out);
		if (!update_add(&u, &n) && !empty) {
			packer_take(k, update_end(&u));
			begin(k, &u, attrs);
			empty = true;
			i--;
			continue;
		}
		if (u.count == 0) {
			too_large(k, &p[i], &n);
			begin(k, &u, attrs);
			continue;
		}
		empty = false;
		log_out(k, &n, attrs);
	}
	packer_take(k, update_end(&u));
}

static int pending_compare(const void *a, const void *b)
{
	const struct pending *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

void packer_send(struct adj_rib_out *o, struct pending *p, size_t count, mono_t now)
{
	struct packer k = {.o = o, .session = o->peer->up, .now = now};
	const struct attrs *attrs;

	qsort(p, count, sizeof(*p), pending_compare);
	for (size_t i = 0, j; i < count; i = j) {
		for (j = i + 1; j < count && p[j].attrs == p[i].attrs; j++)
			;
		attrs = p[i].attrs == NULL ? NULL : attrs_hold(p[i].attrs);
		pack_run(&k, attrs, p + i, j - i);
		attrs_release(o->peer->bgp->rib.attrs, attrs);
	}
	packer_flush(&k);
}

void packer_withdraw(
    struct adj_rib_out *o, const struct nlri *const *list, size_t count, mono_t now)
{
	struct packer k = {.o = o, .session = o->peer->up, .now = now};
	struct update_writer u;

	begin(&k, &u, NULL);
	for (size_t i = 0; i < count; i++) {
		log_out(&k, list[i], NULL);
		if (update_add(&u, list[i]))
			continue;
		packer_take(&k, update_end(&u));
		begin(&k, &u, NULL);
		update_add(&u, list[i]);
	}
	packer_take(&k, update_end(&u));
	packer_flush(&k);
}
