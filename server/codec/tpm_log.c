#include "codec/tpm_log.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "codec/tpm.h"

#define EV_NO_ACTION 3
#define MAX_BANKS 8
#define MAX_DIGEST 64
#define LEAST_EVENT 16 /* bytes of one, less than any has */

static const char SPEC_ID[16] = "Spec ID Event03";
static const char LOCALITY[16] = "StartupLocality";

/* What the header names. */
struct banks {
	struct {
		uint16_t alg, size;
	} v[MAX_BANKS];
	size_t n;
	uint16_t wanted;
};

static const struct err *
bad(struct ctx *cx, const char *reason)
{
	return fail(cx, &ERR_BAD_TPM, "event log: %s", reason);
}

/* Little endian, unlike all else of a TPM. */
static bool
take(struct bytes *in, size_t n, struct bytes *out)
{
	if (in->n < n)
		return false;
	*out = (struct bytes){ in->p, n };
	in->p += n;
	in->n -= n;
	return true;
}

static bool
take_le(struct bytes *in, size_t n, uint64_t *v)
{
	struct bytes b;

	if (!take(in, n, &b))
		return false;
	for (*v = 0; n > 0; n--)
		*v = *v << 8 | b.p[n - 1];
	return true;
}

static bool
starts_with(struct bytes data, const char name[16])
{
	return data.n >= 16 && bytes_eq((struct bytes){ data.p, 16 },
				   (struct bytes){ (const uint8_t *)name, 16 });
}

/* TCG_PCClientPCREvent, the form of SHA-1 (section 10.2.1). */
static bool
take_sha1_event(struct bytes *in, uint64_t *type, struct tpm_event *out)
{
	uint64_t pcr, size;

	if (!take_le(in, 4, &pcr) || !take_le(in, 4, type) ||
	    !take(in, 20, &out->digest) || !take_le(in, 4, &size) ||
	    size > in->n || !take(in, (size_t)size, &out->data))
		return false;
	out->pcr = (uint32_t)pcr;
	return true;
}

/* TCG_EfiSpecIdEvent (section 10.4.5.1). */
static bool
read_header(struct bytes data, struct banks *out)
{
	uint64_t n, alg, size, vendor;
	struct bytes skip;
	size_t i;

	if (!take(&data, sizeof(SPEC_ID) + 8, &skip) ||
	    !take_le(&data, 4, &n) || n < 1 || n > MAX_BANKS)
		return false;
	for (out->n = 0; out->n < n; out->n++) {
		if (!take_le(&data, 2, &alg) || !take_le(&data, 2, &size) ||
		    size < 1 || size > MAX_DIGEST)
			return false;
		if (tpm_hash_bytes((uint16_t)alg) != 0 &&
		    tpm_hash_bytes((uint16_t)alg) != size)
			return false;
		for (i = 0; i < out->n; i++)
			if (out->v[i].alg == alg)
				return false;
		out->v[out->n].alg = (uint16_t)alg;
		out->v[out->n].size = (uint16_t)size;
	}
	return take_le(&data, 1, &vendor) && vendor == data.n;
}

static bool
has_bank(const struct banks *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->v[i].alg == b->wanted)
			return true;
	return false;
}

/* TPML_DIGEST_VALUES: one digest of each bank, in any order. */
static bool
take_digests(struct bytes *in, const struct banks *banks, struct tpm_event *out)
{
	bool seen[MAX_BANKS] = { false };
	struct bytes digest;
	uint64_t n, alg;
	size_t i;

	if (!take_le(in, 4, &n) || n != banks->n)
		return false;
	for (; n > 0; n--) {
		if (!take_le(in, 2, &alg))
			return false;
		for (i = 0; i < banks->n && banks->v[i].alg != alg; i++)
			;
		if (i == banks->n || seen[i] ||
		    !take(in, banks->v[i].size, &digest))
			return false;
		seen[i] = true;
		if (alg == banks->wanted)
			out->digest = digest;
	}
	return true;
}

/* TCG_PCR_EVENT2 (section 10.2.2). */
static bool
take_event(struct bytes *in, const struct banks *banks, uint64_t *type,
    struct tpm_event *out)
{
	uint64_t pcr, size;

	if (!take_le(in, 4, &pcr) || !take_le(in, 4, type) ||
	    !take_digests(in, banks, out) || !take_le(in, 4, &size) ||
	    size > in->n || !take(in, (size_t)size, &out->data))
		return false;
	out->pcr = (uint32_t)pcr;
	return true;
}

/* Keeps an event, or what one that was not extended says (section 10.4.5.3). */
static bool
keep(struct tpm_log *out, uint64_t type, const struct tpm_event *e)
{
	if (type == EV_NO_ACTION) {
		if (starts_with(e->data, LOCALITY)) {
			if (e->data.n != sizeof(LOCALITY) + 1)
				return false;
			out->locality = e->data.p[sizeof(LOCALITY)];
		}
		return true;
	}
	if (e->pcr >= LIMIT_PCRS || out->n == LIMIT_EVENTS)
		return false;
	out->event[out->n++] = *e;
	return true;
}

bool
tpm_log_is_sha1(struct bytes in)
{
	struct tpm_event first;
	uint64_t type;

	return take_sha1_event(&in, &type, &first) &&
	       !(type == EV_NO_ACTION && starts_with(first.data, SPEC_ID));
}

const struct err *
tpm_log_read(
    struct ctx *cx, struct bytes in, uint16_t bank, struct tpm_log *out)
{
	struct banks banks = { .wanted = bank };
	bool sha1 = tpm_log_is_sha1(in), ok;
	struct tpm_event e;
	uint64_t type;
	size_t most;

	*out = (struct tpm_log){ .n = 0 };
	if (in.n > LIMIT_EVENT_LOG)
		return bad(cx, "longer than the limit");
	if (sha1)
		banks.v[banks.n++].alg = TPM_ALG_SHA1;
	else if (!take_sha1_event(&in, &type, &e) ||
		 !read_header(e.data, &banks))
		return bad(cx, "no header that can be read");
	if (!has_bank(&banks))
		return bad(cx, "the quoted bank is not in it");
	most = in.n / LEAST_EVENT + 1;
	if (most > LIMIT_EVENTS)
		most = LIMIT_EVENTS;
	out->event = arena_alloc(cx->arena, most * sizeof(*out->event));
	while (in.n > 0) {
		ok = sha1 ? take_sha1_event(&in, &type, &e)
			  : take_event(&in, &banks, &type, &e);
		if (!ok || !keep(out, type, &e))
			return bad(cx, "an event is cut, has other digests "
				       "than the header names, or there are "
				       "too many");
	}
	return NULL;
}

bool
tpm_log_secure_boot(struct bytes data, bool *on)
{
	/* EFI_GLOBAL_VARIABLE, the lengths of name (10 characters) and value
	 * are in 8 bytes each, then both. */
	static const uint8_t guid[] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93,
		0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };
	static const uint8_t name[] = { 'S', 0, 'e', 0, 'c', 0, 'u', 0, 'r', 0,
		'e', 0, 'B', 0, 'o', 0, 'o', 0, 't', 0 };
	struct bytes part;
	uint64_t n, size;

	if (!take(&data, sizeof(guid), &part) ||
	    !bytes_eq(part, BYTES_OF(guid)) || !take_le(&data, 8, &n) ||
	    !take_le(&data, 8, &size) || n != sizeof(name) / 2 ||
	    !take(&data, sizeof(name), &part) ||
	    !bytes_eq(part, BYTES_OF(name)) || size != data.n)
		return false;
	/* No variable, or another value than 1: it is off. */
	*on = size == 1 && data.p[0] == 1;
	return true;
}
