#include "pki/ocsp_request.h"

#include "pki/der.h"
#include "pki/ext.h"

const struct err ERR_BAD_OCSP = { KIND_INVALID, "bad-ocsp-request",
	"This is no OCSP request that is understood here (RFC 6960)." };
const struct err ERR_OCSP_ISSUER = { KIND_FORBIDDEN, "not-our-issuer",
	"The certificate is of no CA that is answered for here." };

#define NONCE_MOST 128 /* RFC 9654 section 2.1 */

static const struct {
	uint8_t oid[9];
	size_t oid_n, size;
} HASHES[OCSP_HASHES] = {
	[OCSP_SHA1] = { { 0x2b, 0x0e, 0x03, 0x02, 0x1a }, 5, 20 },
	[OCSP_SHA256] = { { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
			      0x01 },
	    9, 32 },
};

/* id-pkix-ocsp-nonce (RFC 9654 section 2.1) */
static const uint8_t OID_NONCE[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30,
	0x01, 0x02 };

/* AlgorithmIdentifier of a hash: parameters absent or NULL.  *hash is
 * OCSP_HASHES for one that is not known. */
static bool
read_hash(struct bytes algorithm, enum ocsp_hash *hash)
{
	struct bytes oid, null;
	size_t i;

	if (!der_take_oid(&algorithm, &oid))
		return false;
	if (algorithm.n > 0 && (!der_take(&algorithm, DER_NULL, &null) ||
				   null.n != 0 || algorithm.n != 0))
		return false;
	for (i = 0; i < OCSP_HASHES; i++)
		if (bytes_eq(
			oid, (struct bytes){ HASHES[i].oid, HASHES[i].oid_n }))
			break;
	*hash = (enum ocsp_hash)i;
	return true;
}

/* A positive INTEGER of at most 20 octets in its shortest form (RFC 5280
 * section 4.1.2.2), zero among them: some CA may have given it out. */
static bool
serial_ok(struct bytes serial)
{
	if (serial.n == 0 || serial.n > 21 || (serial.p[0] & 0x80) != 0)
		return false;
	if (serial.p[0] == 0)
		return serial.n == 1 || (serial.p[1] & 0x80) != 0;
	return serial.n <= 20;
}

/* CertID (section 4.1.1). */
static bool
take_cert_id(struct bytes *in, struct ocsp_cert_id *id)
{
	struct bytes seq, algorithm;

	if (!der_take_whole(in, DER_SEQUENCE, &id->whole))
		return false;
	seq = id->whole;
	if (!der_take(&seq, DER_SEQUENCE, &seq) ||
	    !der_take(&seq, DER_SEQUENCE, &algorithm) ||
	    !read_hash(algorithm, &id->hash) ||
	    !der_take(&seq, DER_OCTET_STRING, &id->issuer_name) ||
	    !der_take(&seq, DER_OCTET_STRING, &id->issuer_key) ||
	    !der_take(&seq, DER_INTEGER, &id->serial) || seq.n != 0 ||
	    !serial_ok(id->serial))
		return false;
	return id->hash == OCSP_HASHES ||
	       (id->issuer_name.n == HASHES[id->hash].size &&
		   id->issuer_key.n == HASHES[id->hash].size);
}

/* [tag] EXPLICIT Extensions, of which none may be critical and unknown
 * (section 4.4). */
static bool
take_extensions(struct bytes *in, uint8_t tag, struct ext_list *list)
{
	struct bytes v;
	size_t i;

	list->n = 0;
	if (!der_at(*in, tag))
		return true;
	if (!der_take(in, tag, &v) || !ext_list_parse(v, list))
		return false;
	for (i = 0; i < list->n; i++)
		if (list->v[i].critical &&
		    !bytes_eq(list->v[i].oid, BYTES_OF(OID_NONCE)))
			return false;
	return true;
}

/* Section 2.1 of RFC 9654: none, or more than 128 octets, is malformed. */
static bool
read_nonce(const struct ext_list *list, struct bytes *nonce)
{
	struct bytes v;
	size_t i;

	*nonce = BYTES_NONE;
	for (i = 0; i < list->n; i++) {
		if (!bytes_eq(list->v[i].oid, BYTES_OF(OID_NONCE)))
			continue;
		v = list->v[i].value;
		if (!der_take(&v, DER_OCTET_STRING, nonce) || v.n != 0 ||
		    nonce->n == 0 || nonce->n > NONCE_MOST)
			return false;
		if (nonce->n > LIMIT_OCSP_NONCE)
			*nonce = BYTES_NONE;
	}
	return true;
}

static bool
take_requests(struct bytes list, struct ocsp_request *out)
{
	struct ext_list unused;
	struct bytes one;

	out->n = 0;
	while (list.n > 0) {
		if (out->n == LIMIT_OCSP_CERTS ||
		    !der_take(&list, DER_SEQUENCE, &one) ||
		    !take_cert_id(&one, &out->cert[out->n]) ||
		    !take_extensions(
			&one, DER_CONTEXT_CONSTRUCTED(0), &unused) ||
		    one.n != 0)
			return false;
		out->n++;
	}
	return out->n > 0;
}

/* TBSRequest; version 1 may be written out, as some clients do. */
static bool
read_tbs(struct bytes tbs, struct ocsp_request *out)
{
	struct ext_list extensions;
	struct bytes v, requests;
	struct der_item name;
	unsigned version;

	if (der_at(tbs, DER_CONTEXT_CONSTRUCTED(0)) &&
	    (!der_take(&tbs, DER_CONTEXT_CONSTRUCTED(0), &v) ||
		!der_take_small(&v, &version) || version != 0 || v.n != 0))
		return false;
	if (der_at(tbs, DER_CONTEXT_CONSTRUCTED(1)) &&
	    (!der_take(&tbs, DER_CONTEXT_CONSTRUCTED(1), &v) ||
		!der_next(&v, &name) || v.n != 0))
		return false;
	return der_take(&tbs, DER_SEQUENCE, &requests) &&
	       take_requests(requests, out) &&
	       take_extensions(&tbs, DER_CONTEXT_CONSTRUCTED(2), &extensions) &&
	       tbs.n == 0 && read_nonce(&extensions, &out->nonce);
}

/* [0] EXPLICIT Signature: its form, as far as it can hide nothing. */
static bool
skip_signature(struct bytes *in)
{
	struct bytes v, seq, skip;

	if (in->n == 0)
		return true;
	if (!der_take(in, DER_CONTEXT_CONSTRUCTED(0), &v) ||
	    !der_take(&v, DER_SEQUENCE, &seq) || v.n != 0 ||
	    !der_take(&seq, DER_SEQUENCE, &skip) || !der_take_bits(&seq, &skip))
		return false;
	if (der_at(seq, DER_CONTEXT_CONSTRUCTED(0)) &&
	    !der_take(&seq, DER_CONTEXT_CONSTRUCTED(0), &skip))
		return false;
	return seq.n == 0;
}

const struct err *
ocsp_request_parse(struct ctx *cx, struct bytes der, struct ocsp_request *out)
{
	struct bytes request, tbs;
	size_t i;

	if (der.n > LIMIT_OCSP)
		return fail(cx, &ERR_BAD_OCSP, "ocsp: longer than the limit");
	if (!der_take(&der, DER_SEQUENCE, &request) || der.n != 0 ||
	    !der_take(&request, DER_SEQUENCE, &tbs) || !read_tbs(tbs, out) ||
	    !skip_signature(&request) || request.n != 0)
		return fail(cx, &ERR_BAD_OCSP,
		    "ocsp: not one request in DER (RFC 6960 section 4.1)");
	for (i = 0; i < out->n; i++)
		if (out->cert[i].hash == OCSP_HASHES)
			return fail(cx, &ERR_OCSP_ISSUER,
			    "ocsp: a hash that names no issuer here");
	return NULL;
}
