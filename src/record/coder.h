/*
 * One description for both directions: a coder either writes a struct's fields into bytes or fills
 * them from bytes, so encoder and decoder cannot disagree about order or width. Numbers are in
 * network byte order. Failure is sticky, as in base/bytes.h.
 */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/types.h"

struct coder {
	struct writer *writer; /* encoding */
	struct reader *reader; /* decoding, when writer is NULL */
	struct arena *arena;   /* decoding: what the struct points to is made here */
};

static inline bool coder_decodes(const struct coder *c)
{
	return c->writer == NULL;
}

/* Nothing failed so far. */
bool coder_ok(const struct coder *c);
void coder_fail(struct coder *c);

void code_u8(struct coder *c, uint8_t *v);
void code_u16(struct coder *c, uint16_t *v);
void code_u32(struct coder *c, uint32_t *v);
void code_u64(struct coder *c, uint64_t *v);
void code_i64(struct coder *c, int64_t *v);
void code_int(struct coder *c, int *v);
/* One byte; a value other than 0 and 1 fails. */
void code_bool(struct coder *c, bool *v);
void code_size(struct coder *c, size_t *v);
/* `size` bytes as they are. */
void code_bytes(struct coder *c, void *bytes, size_t size);
/* Text in an array of `size` bytes; decoding demands a NUL in it. */
void code_text_array(struct coder *c, char *text, size_t size);
/* Length (32 bits) and bytes. Decoded bytes are a copy in the arena, with a NUL behind them; NULL
 * stays NULL. */
void code_blob(struct coder *c, const uint8_t **bytes, size_t *size);
/* NUL-terminated text or NULL; text with a NUL inside fails. */
void code_text(struct coder *c, const char **text);

/* An enum below `count`: one byte; anything else fails and leaves 0. */
#define code_enum(c, field, count)                                                                 \
	do {                                                                                       \
		uint8_t code_enum_v = (uint8_t) * (field);                                         \
		code_u8(c, &code_enum_v);                                                          \
		if (code_enum_v >= (count)) {                                                      \
			coder_fail(c);                                                             \
			code_enum_v = 0;                                                           \
		}                                                                                  \
		*(field) = code_enum_v;                                                            \
	} while (0)

void code_mac(struct coder *c, struct mac *mac);
void code_ip(struct coder *c, struct ip *ip);
void code_prefix(struct coder *c, struct prefix *prefix);
void code_ifindex(struct coder *c, ifindex_t *ifindex);
void code_vni(struct coder *c, vni_t *vni);
