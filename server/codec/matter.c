#include "codec/matter.h"

#include "codec/matter_tlv.h"

const struct err ERR_BAD_MATTER = { KIND_INVALID, "bad-matter",
	"This is no attestation record of Matter." };

#define MEMBERS 12 /* context tags 0 to 11 */

/* A structure's members by their tags. */
struct record {
	struct tlv member[MEMBERS];
	bool has[MEMBERS];
};

static const struct err *
bad(struct ctx *cx, const char *what, const char *why)
{
	return fail(cx, &ERR_BAD_MATTER, "matter: %s: %s", what, why);
}

/* Members stand in the order of their tags, and once.  An open record may
 * have further ones, which are skipped: of a later version, or a vendor's. */
static bool
read_members(struct bytes in, int last, bool open, struct record *out)
{
	int before = -1;
	struct tlv m;

	while (in.n > 0) {
		if (!tlv_next(&in, &m))
			return false;
		if (m.tag == TLV_OF_PROFILE && open)
			continue;
		if (m.tag <= before || (m.tag > last && !open))
			return false;
		before = m.tag;
		if (m.tag > last)
			continue;
		out->member[m.tag] = m;
		out->has[m.tag] = true;
	}
	return true;
}

/* One anonymous structure that is all of the input. */
static bool
read_record(struct bytes in, int last, bool open, struct record *out)
{
	struct tlv whole;

	*out = (struct record){ .has = { false } };
	return tlv_next(&in, &whole) && in.n == 0 && whole.kind == TLV_STRUCT &&
	       whole.tag == TLV_ANONYMOUS &&
	       read_members(whole.bytes, last, open, out);
}

static bool
get_uint(const struct record *r, int tag, uint64_t max, uint64_t *v)
{
	if (!r->has[tag] || r->member[tag].kind != TLV_UINT ||
	    r->member[tag].number > max)
		return false;
	*v = r->member[tag].number;
	return true;
}

static bool
get_u16(const struct record *r, int tag, uint16_t *v)
{
	uint64_t number;

	if (!get_uint(r, tag, UINT16_MAX, &number))
		return false;
	*v = (uint16_t)number;
	return true;
}

static bool
get_string(const struct record *r, int tag, enum tlv_kind kind, size_t n,
    struct bytes *out)
{
	if (!r->has[tag] || r->member[tag].kind != kind ||
	    (n > 0 && r->member[tag].bytes.n != n))
		return false;
	*out = r->member[tag].bytes;
	return true;
}

/* product_id_array: 1 to 100 of them. */
static bool
get_pids(const struct record *r, int tag, struct matter_cd *out)
{
	struct bytes in = r->member[tag].bytes;
	struct tlv it;

	if (!r->has[tag] || r->member[tag].kind != TLV_ARRAY)
		return false;
	while (in.n > 0) {
		if (out->n_pids == LIMIT_MATTER_PIDS || !tlv_next(&in, &it) ||
		    it.kind != TLV_UINT || it.number > UINT16_MAX)
			return false;
		out->pid[out->n_pids++] = (uint16_t)it.number;
	}
	return out->n_pids > 0;
}

/* authorized_paa_list: absent, or 1 to 10 key ids. */
static bool
get_paas(const struct record *r, int tag, struct matter_cd *out)
{
	struct bytes in = r->member[tag].bytes;
	struct tlv it;

	if (!r->has[tag])
		return true;
	if (r->member[tag].kind != TLV_ARRAY)
		return false;
	while (in.n > 0) {
		if (out->n_paas == LIMIT_MATTER_PAAS || !tlv_next(&in, &it) ||
		    it.kind != TLV_BYTES || it.bytes.n != MATTER_KEY_ID)
			return false;
		out->paa[out->n_paas++] = it.bytes;
	}
	return out->n_paas > 0;
}

/* dac_origin_vendor_id and dac_origin_product_id: both or none. */
static bool
get_origin(const struct record *r, struct matter_cd *out)
{
	if (!r->has[9] && !r->has[10])
		return true;
	out->has_origin = true;
	return get_u16(r, 9, &out->origin_vid) &&
	       get_u16(r, 10, &out->origin_pid);
}

const struct err *
matter_cd_parse(struct ctx *cx, struct bytes tlv, struct matter_cd *out)
{
	uint64_t format, device_type, level, info, type;
	struct record r;

	*out = (struct matter_cd){ .n_pids = 0 };
	if (!read_record(tlv, 11, false, &r))
		return bad(cx, "declaration", "not its structure");
	if (!get_uint(&r, 0, UINT16_MAX, &format) || format != 1)
		return bad(cx, "declaration", "format_version is not 1");
	if (!get_u16(&r, 1, &out->vid) || !get_pids(&r, 2, out) ||
	    !get_uint(&r, 3, UINT32_MAX, &device_type))
		return bad(cx, "declaration", "vendor, products or type");
	out->device_type = (uint32_t)device_type;
	if (!get_string(&r, 4, TLV_TEXT, MATTER_CERT_ID, &out->certificate_id))
		return bad(cx, "declaration", "certificate_id");
	/* Both reserved, and zero. */
	if (!get_uint(&r, 5, 0, &level) || !get_uint(&r, 6, 0, &info))
		return bad(cx, "declaration", "security level or information");
	if (!get_u16(&r, 7, &out->version) ||
	    !get_uint(&r, 8, MATTER_CD_OFFICIAL, &type))
		return bad(cx, "declaration", "version or certification_type");
	out->type = (enum matter_cd_type)type;
	if (!get_origin(&r, out))
		return bad(cx, "declaration", "half an origin");
	if (!get_paas(&r, 11, out))
		return bad(cx, "declaration", "authorized_paa_list");
	return NULL;
}

const struct err *
matter_elements_parse(
    struct ctx *cx, struct bytes tlv, struct matter_elements *out)
{
	struct record r;

	*out = (struct matter_elements){ .nonce = BYTES_NONE };
	/* certification_declaration, attestation_nonce, timestamp (of a clock
	 * that we do not know) and firmware_information. */
	if (!read_record(tlv, 4, true, &r) ||
	    !get_string(&r, 1, TLV_BYTES, 0, &out->declaration) ||
	    !get_string(&r, 2, TLV_BYTES, MATTER_NONCE, &out->nonce) ||
	    !r.has[3] || r.member[3].kind != TLV_UINT ||
	    (r.has[4] && !get_string(&r, 4, TLV_BYTES, 0, &out->firmware)))
		return bad(cx, "attestation elements", "not their structure");
	return NULL;
}

const struct err *
matter_nocsr_parse(struct ctx *cx, struct bytes tlv, struct matter_nocsr *out)
{
	struct record r;

	*out = (struct matter_nocsr){ .nonce = BYTES_NONE };
	if (!read_record(tlv, 2, true, &r) ||
	    !get_string(&r, 1, TLV_BYTES, 0, &out->csr) ||
	    !get_string(&r, 2, TLV_BYTES, MATTER_NONCE, &out->nonce))
		return bad(cx, "NOCSR elements", "not their structure");
	return NULL;
}
