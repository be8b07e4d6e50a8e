/*
 * Echo. A packet is addressed to ourselves and handed to the peer, whose forwarding sends it back:
 * its BFD never sees it. What is in it is our affair (RFC 5880 section 5): version, length and
 * discriminator as FRR has them, then a number of this run, so that nobody who has not seen one can
 * make one up, and our clock, from which the round trip is read.
 *
 * A peer may say that it loops and not do it (FRR's does, whatever its kernel forwards). To take a
 * session down for that would take it down for ever. So echo counts from the first packet that came
 * back: until then its absence only ends the attempt, and one packet each RETRY_MS finds out
 * whether that has changed. Control packets go on at their own pace in any case.
 */
#include "bfd/echo.h"

#define VERSION 1
#define RETRY_MS 30000

void bfd_echo_set(struct bfd_echo *e, uint32_t interval_us, mono_t now)
{
	if (interval_us == 0) {
		e->state = BFD_ECHO_OFF;
	} else if (e->interval_us == 0) {
		e->state = BFD_ECHO_TRYING;
		e->cookie = 0;
		e->jitter = 0; /* at once */
		e->sent_at = e->heard_at = now;
	}
	e->interval_us = interval_us;
}

static mono_t add_us(mono_t t, uint64_t us)
{
	return (mono_t){t.ns + (int64_t)us * 1000};
}

static mono_t send_at(const struct bfd_echo *e)
{
	if (e->state == BFD_ECHO_OFF)
		return MONO_NEVER;
	if (e->state == BFD_ECHO_NOT_LOOPED)
		return e->retry_at;
	return add_us(e->sent_at, (uint64_t)e->interval_us * e->jitter / 1000);
}

static mono_t lost_at(const struct bfd_echo *e, uint8_t multiplier)
{
	if (e->state == BFD_ECHO_OFF || e->state == BFD_ECHO_NOT_LOOPED)
		return MONO_NEVER;
	return add_us(e->heard_at, (uint64_t)e->interval_us * multiplier);
}

bool bfd_echo_send(struct bfd_echo *e, uint32_t discriminator, uint32_t random, mono_t now,
    uint8_t bytes[BFD_ECHO_SIZE])
{
	struct writer w = writer_to(bytes, BFD_ECHO_SIZE);

	if (!mono_reached(send_at(e), now))
		return false;
	if (e->state == BFD_ECHO_NOT_LOOPED)
		e->retry_at = mono_add_ms(now, RETRY_MS);
	if (e->cookie == 0)
		e->cookie = random | 1;
	write_u8(&w, VERSION);
	write_u8(&w, BFD_ECHO_SIZE);
	write_u16(&w, 0);
	write_u32(&w, discriminator);
	write_u32(&w, 0);
	write_u32(&w, e->cookie);
	write_u32(&w, (uint32_t)((uint64_t)now.ns >> 32));
	write_u32(&w, (uint32_t)now.ns);
	e->sent++;
	e->sent_at = now;
	e->jitter = 750 + random % 251;
	return true;
}

uint32_t bfd_echo_discriminator(const uint8_t *bytes, size_t size)
{
	struct reader r = reader_from(bytes, size);
	uint8_t version = read_u8(&r), length = read_u8(&r);

	read_u16(&r);
	return version == VERSION && length == BFD_ECHO_SIZE && size >= BFD_ECHO_SIZE ? read_u32(&r)
										      : 0;
}

bool bfd_echo_received(struct bfd_echo *e, const uint8_t *bytes, size_t size, mono_t now)
{
	struct reader r = reader_from(bytes, size);
	mono_t sent_at;
	uint32_t cookie;

	read_u64(&r);
	read_u32(&r);
	cookie = read_u32(&r);
	sent_at.ns = (int64_t)read_u64(&r);
	if (r.failed || e->state == BFD_ECHO_OFF || cookie == 0 || cookie != e->cookie ||
	    !mono_reached(sent_at, now))
		return false;
	/* A late one says nothing of now. */
	if (mono_before(add_us(sent_at, UINT32_MAX), now))
		return false;
	e->rtt_us[e->received++ % BFD_ECHO_SAMPLES] = (uint32_t)((now.ns - sent_at.ns) / 1000);
	e->state = BFD_ECHO_LOOPED;
	e->heard_at = now;
	return true;
}

bool bfd_echo_lost(struct bfd_echo *e, uint8_t multiplier, mono_t now)
{
	if (!mono_reached(lost_at(e, multiplier), now))
		return false;
	if (e->state == BFD_ECHO_LOOPED)
		return true;
	e->state = BFD_ECHO_NOT_LOOPED;
	e->retry_at = mono_add_ms(now, RETRY_MS);
	return false;
}

mono_t bfd_echo_deadline(const struct bfd_echo *e, uint8_t multiplier)
{
	return mono_min(send_at(e), lost_at(e, multiplier));
}

void bfd_echo_report(const struct bfd_echo *e, struct bfd_session_report *r)
{
	uint64_t sum = 0, n = e->received < BFD_ECHO_SAMPLES ? e->received : BFD_ECHO_SAMPLES;

	r->echo = e->state;
	r->echo_sent = e->sent;
	r->echo_received = e->received;
	for (uint64_t i = 0; i < n; i++) {
		sum += e->rtt_us[i];
		if (i == 0 || e->rtt_us[i] < r->rtt_min_us)
			r->rtt_min_us = e->rtt_us[i];
		if (e->rtt_us[i] > r->rtt_max_us)
			r->rtt_max_us = e->rtt_us[i];
	}
	r->rtt_avg_us = n > 0 ? (uint32_t)(sum / n) : 0;
}
