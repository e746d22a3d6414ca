#include "attest/handle.h"

#include <string.h>

#include "attest/attest.h"
#include "base/arena.h"
#include "base/buf.h"
#include "pki/mac.h"

#define VERSION 1
#define TEXT_MAX 255
/* Version and purpose, two times 64 bits big endian, two hashes; then texts,
 * each after its length in one byte, 0 for none; then the MAC. */
#define HEAD_BYTES (2 + 8 + 8 + 32 + 32)

static void
put_64(struct buf *b, int64_t v)
{
	uint8_t out[8];
	size_t i;

	for (i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)((uint64_t)v >> (8 * (sizeof(out) - 1 - i)));
	buf_put(b, BYTES_OF(out));
}

static int64_t
get_64(const uint8_t in[8])
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		v = v << 8 | in[i];
	return (int64_t)v;
}

static bool
put_text(struct buf *b, const char *text)
{
	size_t n = text == NULL ? 0 : strlen(text);
	uint8_t length = (uint8_t)n;

	if (n > TEXT_MAX)
		return false;
	buf_put(b, (struct bytes){ &length, 1 });
	if (n > 0)
		buf_str(b, text);
	return true;
}

static bool
get_text(struct ctx *cx, struct bytes *in, const char **out)
{
	size_t n;

	*out = NULL;
	if (in->n == 0 || in->n - 1 < in->p[0])
		return false;
	n = in->p[0];
	if (n > 0)
		*out = bytes_to_str(cx->arena, (struct bytes){ in->p + 1, n });
	in->p += 1 + n;
	in->n -= 1 + n;
	return n == 0 || *out != NULL;
}

static void
hash(const struct mac_key *mac, const char *issuer, struct bytes text,
    uint8_t out[MAC_BYTES])
{
	const struct bytes parts[] = { bytes_str(issuer), text };

	mac_compute(mac, "attestation-handle", parts, 2, out);
}

const struct err *
handle_seal(struct ctx *cx, const struct mac_key *mac, const char *issuer,
    const struct handle *h, struct bytes *out)
{
	const char *const text[] = { h->format, h->grade, h->sw_version,
		h->secure_boot, h->debug };
	const uint8_t head[] = { VERSION, (uint8_t)h->purpose };
	uint8_t sum[MAC_BYTES];
	bool fits = true;
	struct buf b;
	size_t i;

	buf_init(&b, cx->arena, LIMIT_HANDLE);
	buf_put(&b, BYTES_OF(head));
	put_64(&b, h->ends_at);
	put_64(&b, h->birth_id);
	buf_put(&b, BYTES_OF(h->key_sha256));
	buf_put(&b, BYTES_OF(h->policy_sha256));
	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		fits = put_text(&b, text[i]) && fits;
	if (!fits || !buf_bytes(&b, out))
		return fail(cx, &ERR_BAD_EVIDENCE,
		    "what the evidence says is too long for a handle");
	hash(mac, issuer, *out, sum);
	buf_put(&b, BYTES_OF(sum));
	return buf_bytes(&b, out)
		   ? NULL
		   : fail(cx, &ERR_BAD_EVIDENCE, "a handle is too long");
}

static ERR_FN
read_sealed(struct ctx *cx, struct bytes in, struct handle *out)
{
	const char **text[] = { &out->format, &out->grade, &out->sw_version,
		&out->secure_boot, &out->debug };
	size_t i;

	*out = (struct handle){
		.purpose = (enum handle_purpose)in.p[1],
		.ends_at = get_64(in.p + 2),
		.birth_id = get_64(in.p + 10),
	};
	memcpy(out->key_sha256, in.p + 18, 32);
	memcpy(out->policy_sha256, in.p + 50, 32);
	in.p += HEAD_BYTES;
	in.n -= HEAD_BYTES;
	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (!get_text(cx, &in, text[i]))
			return fail(cx, &ERR_BAD_EVIDENCE,
			    "a handle of another version");
	return in.n == 0
		   ? NULL
		   : fail(cx, &ERR_BAD_EVIDENCE, "a handle of another version");
}

const struct err *
handle_open(struct ctx *cx, const struct mac_key *mac, const char *issuer,
    struct bytes sealed, struct handle *out)
{
	const struct err *e;
	uint8_t sum[MAC_BYTES];
	struct bytes text;

	if (sealed.n < HEAD_BYTES + MAC_BYTES || sealed.n > LIMIT_HANDLE)
		return fail(
		    cx, &ERR_BAD_EVIDENCE, "a handle of %zu bytes", sealed.n);
	text = (struct bytes){ sealed.p, sealed.n - MAC_BYTES };
	hash(mac, issuer, text, sum);
	if (!bytes_eq(
		(struct bytes){ sealed.p + text.n, MAC_BYTES }, BYTES_OF(sum)))
		return fail(cx, &ERR_BAD_EVIDENCE, "the handle is not ours");
	if (text.p[0] != VERSION)
		return fail(
		    cx, &ERR_BAD_EVIDENCE, "a handle of another version");
	e = read_sealed(cx, text, out);
	if (e == NULL && cx->now >= out->ends_at)
		return fail(cx, &ERR_BAD_EVIDENCE, "the handle has ended");
	return e;
}
