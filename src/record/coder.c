/*
 * Primitives of the coder. Each one knows both directions; nothing else does.
 */
#include "record/coder.h"

#include <string.h>

bool coder_ok(const struct coder *c)
{
	return coder_decodes(c) ? !c->reader->failed : !c->writer->overflow;
}

void coder_fail(struct coder *c)
{
	if (coder_decodes(c))
		reader_fail(c->reader);
	else
		c->writer->overflow = true;
}

void code_u8(struct coder *c, uint8_t *v)
{
	if (coder_decodes(c))
		*v = read_u8(c->reader);
	else
		write_u8(c->writer, *v);
}

void code_u16(struct coder *c, uint16_t *v)
{
	if (coder_decodes(c))
		*v = read_u16(c->reader);
	else
		write_u16(c->writer, *v);
}

void code_u32(struct coder *c, uint32_t *v)
{
	if (coder_decodes(c))
		*v = read_u32(c->reader);
	else
		write_u32(c->writer, *v);
}

void code_u64(struct coder *c, uint64_t *v)
{
	if (coder_decodes(c))
		*v = read_u64(c->reader);
	else
		write_u64(c->writer, *v);
}

void code_i64(struct coder *c, int64_t *v)
{
	uint64_t bits = (uint64_t)*v;

	code_u64(c, &bits);
	*v = (int64_t)bits;
}

void code_int(struct coder *c, int *v)
{
	uint32_t bits = (uint32_t)*v;

	code_u32(c, &bits);
	*v = (int)bits;
}

void code_bool(struct coder *c, bool *v)
{
	uint8_t byte = *v ? 1 : 0;

	code_u8(c, &byte);
	if (byte > 1)
		coder_fail(c);
	*v = byte == 1;
}

void code_size(struct coder *c, size_t *v)
{
	uint64_t wide = *v;

	code_u64(c, &wide);
	*v = (size_t)wide;
}

void code_bytes(struct coder *c, void *bytes, size_t size)
{
	if (coder_decodes(c))
		read_bytes(c->reader, bytes, size);
	else
		write_bytes(c->writer, bytes, size);
}

void code_text_array(struct coder *c, char *text, size_t size)
{
	code_bytes(c, text, size);
	if (memchr(text, '\0', size) == NULL) {
		coder_fail(c);
		memset(text, 0, size);
	}
}

/* Presence, length, bytes. */
static void decode_blob(struct coder *c, const uint8_t **bytes, size_t *size)
{
	bool present = false;
	const uint8_t *view;
	uint8_t *copy;

	*bytes = NULL;
	*size = 0;
	code_bool(c, &present);
	if (!present)
		return;
	*size = read_u32(c->reader);
	view = *size > 0 ? read_view(c->reader, *size) : NULL;
	if (!coder_ok(c)) {
		*size = 0;
		return;
	}
	copy = arena_new(c->arena, *size + 1);
	if (*size > 0)
		memcpy(copy, view, *size);
	*bytes = copy;
}

void code_blob(struct coder *c, const uint8_t **bytes, size_t *size)
{
	bool present = *bytes != NULL;

	if (coder_decodes(c)) {
		decode_blob(c, bytes, size);
		return;
	}
	code_bool(c, &present);
	if (!present)
		return;
	if (*size > UINT32_MAX) {
		coder_fail(c);
		return;
	}
	write_u32(c->writer, (uint32_t)*size);
	write_bytes(c->writer, *bytes, *size);
}

void code_text(struct coder *c, const char **text)
{
	const uint8_t *bytes = (const uint8_t *)*text;
	size_t size = !coder_decodes(c) && *text != NULL ? strlen(*text) : 0;

	code_blob(c, &bytes, &size);
	if (bytes != NULL && memchr(bytes, '\0', size) != NULL)
		coder_fail(c);
	*text = (const char *)bytes;
}

void code_mac(struct coder *c, struct mac *mac)
{
	code_bytes(c, mac->b, sizeof(mac->b));
}

void code_ip(struct coder *c, struct ip *ip)
{
	code_u8(c, &ip->family);
	if (ip->family != IP_NONE && ip->family != IP_V4 && ip->family != IP_V6) {
		coder_fail(c);
		*ip = (struct ip){0};
	}
	code_bytes(c, ip->b, ip_size(ip));
}

void code_prefix(struct coder *c, struct prefix *prefix)
{
	code_ip(c, &prefix->addr);
	code_u8(c, &prefix->len);
	if (prefix->len > ip_size(&prefix->addr) * 8) {
		coder_fail(c);
		prefix->len = 0;
	}
}

void code_ifindex(struct coder *c, ifindex_t *ifindex)
{
	code_u32(c, &ifindex->v);
}

void code_vni(struct coder *c, vni_t *vni)
{
	code_u32(c, &vni->v);
}
