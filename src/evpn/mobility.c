/*
 * MAC mobility: one pure function, the table of docs/mobility.md in code, row by row.
 *
 * Its inputs are facts: the local claim, the best imported route, what we remember. It has no time
 * and no side effect, so the whole space of its inputs is enumerated by a test.
 *
 * Two rules carry the promise. A pinned entry (somebody's will) is never touched and is always
 * advertised. And the sequence rises only when a claim is new, never in answer to a remote route:
 * two hosts that both pin a MAC cannot race upwards.
 *
 * RFC 7432 sections 7.7 and 15; RFC 9721 for MAC+IP. Which neighbours and slots follow from the
 * decision is the business of mac.c, neigh.c and desired.c.
 */
#include "evpn/mobility.h"

static uint32_t above(uint32_t sequence)
{
	return sequence == UINT32_MAX ? sequence : sequence + 1;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t own_sequence(const struct mobility_memory *memory)
{
	return memory->own_valid ? memory->own : 0;
}

/* Above everything that anybody may still hold of this MAC; 0 when nothing was ever seen. */
static uint32_t bumped_sequence(const struct remote *remote, const struct mobility_memory *memory)
{
	uint32_t sequence = own_sequence(memory);

	if (remote->kind != REMOTE_NONE)
		sequence = larger(sequence, above(remote->highest_sequence));
	if (memory->floor_valid)
		sequence = larger(sequence, above(memory->floor));
	return sequence;
}

static void install_remote(struct mobility_decision *d, enum mobility_row row)
{
	d->row = row;
	d->wish = WISH_REMOTE;
	d->displace_learned = true;
}

static void advertise_new(struct mobility_decision *d, const struct remote *remote,
    const struct mobility_memory *memory, enum mobility_row row)
{
	d->row = row;
	d->advertise = true;
	d->bumped = true;
	d->sequence = bumped_sequence(remote, memory);
}

static void advertise_held(
    struct mobility_decision *d, const struct mobility_memory *memory, enum mobility_row row)
{
	d->row = row;
	d->advertise = true;
	d->sequence = own_sequence(memory);
}

static void decide_pinned(struct mobility_decision *d, const struct claim *claim,
    const struct remote *remote, const struct mobility_memory *memory, bool sticky_sequence_zero)
{
	if (memory->owes_bump)
		advertise_new(d, remote, memory, ROW_PINNED_NEW);
	else
		advertise_held(d, memory, ROW_PINNED);
	d->advertise_sticky = claim->sticky;
	/* RFC 7432 section 15.2 to the letter, on request. */
	if (claim->sticky && sticky_sequence_zero)
		d->sequence = 0;
	d->contested = remote->kind != REMOTE_NONE && remote->sequence > d->sequence;
}

/* The same sequence on both sides: the lower VTEP address has it (RFC 7432 section 15). */
static void decide_tie(struct mobility_decision *d, const struct remote *remote,
    const struct mobility_memory *memory, const struct ip *vtep)
{
	if (ip_compare(vtep, &remote->vtep) < 0)
		advertise_held(d, memory, ROW_LEARNED_TIE_WON);
	else
		install_remote(d, ROW_LEARNED_TIE_LOST);
}

static void decide_learned(struct mobility_decision *d, const struct remote *remote,
    const struct mobility_memory *memory, const struct ip *vtep)
{
	uint32_t own = own_sequence(memory);

	if (remote->kind == REMOTE_STICKY) {
		install_remote(d, ROW_LEARNED_STICKY);
		d->alarm_sticky = true;
	} else if (memory->owes_bump) {
		advertise_new(d, remote, memory, ROW_LEARNED_NEW);
	} else if (remote->kind == REMOTE_NONE || remote->sequence < own) {
		advertise_held(d, memory, ROW_LEARNED_HELD);
	} else if (remote->sequence > own) {
		install_remote(d, ROW_LEARNED_LOST);
	} else {
		decide_tie(d, remote, memory, vtep);
	}
}

static void decide_none(
    struct mobility_decision *d, const struct remote *remote, const struct mobility_memory *memory)
{
	if (memory->released)
		d->row = ROW_RELEASED;
	else if (remote->kind == REMOTE_NONE)
		d->row = ROW_IDLE;
	else
		install_remote(d, ROW_REMOTE);
}

/* A frozen MAC keeps its last advertisement and slot, while it has anything to keep them for. */
static bool decide_frozen(struct mobility_decision *d, const struct claim *claim,
    const struct remote *remote, const struct mobility_memory *memory)
{
	bool learned = claim->kind == CLAIM_LEARNED;

	if (!memory->frozen || (!learned && (memory->released || claim->kind != CLAIM_NONE)))
		return false;
	if (!learned && remote->kind == REMOTE_NONE)
		return false;
	d->row = ROW_FROZEN;
	d->wish = WISH_KEEP;
	d->advertise = learned && memory->advertised;
	return true;
}

struct mobility_decision mobility_decide(const struct claim *claim, const struct remote *remote,
    const struct mobility_memory *memory, const struct ip *vtep, bool sticky_sequence_zero)
{
	struct mobility_decision d = {.wish = WISH_NOTHING, .sequence = own_sequence(memory)};

	if (decide_frozen(&d, claim, remote, memory))
		return d;
	switch (claim->kind) {
	case CLAIM_NONE:
		decide_none(&d, remote, memory);
		break;
	case CLAIM_LEARNED:
		decide_learned(&d, remote, memory, vtep);
		break;
	case CLAIM_PINNED:
		decide_pinned(&d, claim, remote, memory, sticky_sequence_zero);
		break;
	case CLAIM_OWN:
		d.row = ROW_OWN;
		break;
	case CLAIM_BLOCKED:
		d.row = ROW_BLOCKED;
		break;
	}
	return d;
}

const char *mobility_row_text(enum mobility_row row)
{
	static const char *const texts[] = {
	    [ROW_IDLE] = "neither claimed here nor advertised by others",
	    [ROW_REMOTE] = "not claimed here: goes to the remote VTEP",
	    [ROW_RELEASED] = "released by command: kept free for an agent that adds exclusively",
	    [ROW_OWN] = "an address of this host: never a host route",
	    [ROW_BLOCKED] = "a foreign or locked entry holds the slot: left alone",
	    [ROW_PINNED_NEW] = "pinned here, newly written: advertised above all others",
	    [ROW_PINNED] = "pinned here: stays as advertised",
	    [ROW_LEARNED_NEW] = "learned here, newly: advertised above all others",
	    [ROW_LEARNED_LOST] = "learned here, but a remote sequence is higher: withdrawn",
	    [ROW_LEARNED_TIE_LOST] =
		"learned here, same sequence, the remote VTEP is lower: withdrawn",
	    [ROW_LEARNED_TIE_WON] = "learned here, same sequence, our VTEP is lower: kept",
	    [ROW_LEARNED_HELD] = "learned here: stays as advertised",
	    [ROW_LEARNED_STICKY] = "learned here, but a remote route is sticky: withdrawn",
	    [ROW_FROZEN] = "frozen by duplicate detection: nothing changes",
	};

	return texts[row];
}
