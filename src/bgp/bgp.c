/*
 * The BGP speaker: peers, connections, dispatch.
 */
#include "bgp/bgp.h"

#include "base/mem.h"

struct bgp {
	struct bgp_start start;
	struct bgp_settings settings;
};

struct bgp *bgp_new(const struct bgp_start *start)
{
	struct bgp *b = mem_new(sizeof(*b));

	b->start = *start;
	return b;
}

void bgp_free(struct bgp *b)
{
	bgp_settings_fini(&b->settings);
	mem_free(b);
}

void bgp_configure(struct bgp *b, const struct bgp_settings *s, mono_t now)
{
	(void)now;
	bgp_settings_fini(&b->settings);
	bgp_settings_copy(&b->settings, s);
}

void bgp_interface_changed(struct bgp *b, const struct bgp_interface *i, mono_t now)
{
	(void)b, (void)i, (void)now;
}

void bgp_interface_gone(struct bgp *b, ifindex_t ifindex, mono_t now)
{
	(void)b, (void)ifindex, (void)now;
}

void bgp_neighbor_seen(
    struct bgp *b, ifindex_t ifindex, const struct ip *link_local, uint16_t lifetime_s, mono_t now)
{
	(void)b, (void)ifindex, (void)link_local, (void)lifetime_s, (void)now;
}

bool bgp_wants_ra(const struct bgp *b, ifindex_t ifindex)
{
	(void)b, (void)ifindex;
	return false;
}

void bgp_connected(
    struct bgp *b, uint32_t conn, const struct ip *local, const struct ip *remote, mono_t now)
{
	(void)b, (void)conn, (void)local, (void)remote, (void)now;
}

bool bgp_accepted(struct bgp *b, uint32_t conn, const struct ip *local, const struct ip *remote,
    ifindex_t ifindex, mono_t now)
{
	(void)local, (void)remote, (void)ifindex, (void)now;
	b->start.host.close(b->start.host.context, conn);
	return false;
}

void bgp_received(struct bgp *b, uint32_t conn, const uint8_t *bytes, size_t size, mono_t now)
{
	(void)b, (void)conn, (void)bytes, (void)size, (void)now;
}

void bgp_drained(struct bgp *b, uint32_t conn, mono_t now)
{
	(void)b, (void)conn, (void)now;
}

void bgp_closed(struct bgp *b, uint32_t conn, int error, mono_t now)
{
	(void)b, (void)conn, (void)error, (void)now;
}

void bgp_originate(struct bgp *b, const struct nlri *nlri, const struct attrs *attrs)
{
	(void)b, (void)nlri, (void)attrs;
}

void bgp_withdraw(struct bgp *b, const struct nlri *nlri)
{
	(void)b, (void)nlri;
}

bool bgp_run(struct bgp *b, mono_t now)
{
	(void)b, (void)now;
	return false;
}

mono_t bgp_deadline(const struct bgp *b)
{
	(void)b;
	return MONO_NEVER;
}

void bgp_stop(struct bgp *b, mono_t now)
{
	(void)b, (void)now;
}

bool bgp_converged(const struct bgp *b)
{
	(void)b;
	return false;
}

bool bgp_peer_at(const struct bgp *b, size_t index, struct bgp_peer_view *view)
{
	(void)b, (void)index, (void)view;
	return false;
}

struct ip bgp_router_id(const struct bgp *b)
{
	return b->settings.router_id;
}

uint32_t bgp_as(const struct bgp *b)
{
	return b->settings.as;
}

void bgp_walk(const struct bgp *b, enum bgp_family family, struct arena *arena, void *context,
    void (*visit)(
	void *context, const struct nlri *nlri, const struct bgp_dest_route *routes, size_t count))
{
	(void)b, (void)family, (void)arena, (void)context, (void)visit;
}

size_t bgp_dest_count(const struct bgp *b, enum bgp_family family)
{
	(void)b, (void)family;
	return 0;
}
