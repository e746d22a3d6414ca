/*
 * Every parser of foreign bytes under libFuzzer, one row each.  The program
 * is linked under each row's name and runs the row it is called by:
 *	build/san-fuzz-clang/fuzz/json tests/corpus/json
 * and, in "make check", replay.c runs it over the corpus without libFuzzer.
 * must() states what has to hold for any input beyond memory safety, which
 * is the sanitizers' part.
 */
#include "tests/fuzz/fuzz.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/trace.h"
#include "codec/basic.h"
#include "codec/birth_line.h"
#include "codec/form.h"
#include "codec/gzip.h"
#include "codec/hop.h"
#include "codec/json.h"
#include "codec/label_json.h"
#include "codec/lines.h"
#include "codec/matter.h"
#include "codec/matter_tlv.h"
#include "codec/topic.h"
#include "codec/topic_rules.h"
#include "codec/webauthn.h"
#include "domain/client_text.h"
#include "domain/dpop.h"
#include "domain/label_read.h"
#include "domain/notices.h"
#include "domain/prompt.h"
#include "domain/svc.h"
#include "http/guard.h"
#include "pki/template.h"

struct ctx cx;

struct part {
	const char *name;
	struct bytes hex;
};

static const struct json_field part_fields[] = {
	JSON_F_STR(part, name, 9, true),
	JSON_F_HEX(part, hex, 9, false),
	JSON_END,
};

struct whole {
	const char *str, *raw;
	int64_t num, any, at;
	bool flag;
	struct bytes b64u, hex;
	struct json_strs strs;
	struct part obj;
	struct json_list list;
};

static const struct json_field whole_fields[] = {
	JSON_F_STR(whole, str, 8, true),
	JSON_F_INT(whole, num, 100, false),
	JSON_F_INT(whole, any, 0, false),
	JSON_F_BOOL(whole, flag, false),
	JSON_F_B64U(whole, b64u, 4, false),
	JSON_F_HEX(whole, hex, 4, false),
	JSON_F_TIME(whole, at, false),
	JSON_F_STRS(whole, strs, 2, 3, false),
	JSON_F_OBJ(whole, obj, part_fields, false),
	JSON_F_RAW(whole, raw, 400, false),
	{ "list", JSON_LIST, offsetof(struct whole, list), 3, false,
	    part_fields, sizeof(struct part) },
	JSON_END,
};

/* What was read can be written, is read again, and is then the same text. */
static void
fuzz_json(struct bytes in)
{
	struct whole w = { .obj = { "", BYTES_NONE } }, again = { 0 };
	struct bytes one, two;

	if (json_read_open(&cx, in, whole_fields, &w) != NULL)
		return;
	must(json_write(&cx, whole_fields, &w, &one) == NULL);
	must(json_read(&cx, one, whole_fields, &again) == NULL);
	must(json_write(&cx, whole_fields, &again, &two) == NULL);
	must(bytes_eq(one, two));
}

static void
fuzz_form(struct bytes in)
{
	static const char *const known[] = { "client_id", "scope", NULL };
	struct form *f;
	const char *other;

	if (form_parse(&cx, in, &f) != NULL)
		return;
	(void)form_get(f, "client_id");
	other = form_unknown(f, known);
	must(other == NULL || strcmp(other, "client_id") != 0);
}

/* Client data, authenticator data, an attestation object, or a key: what one
 * reads is no other, and all that was found lies within the input. */
static void
fuzz_webauthn(struct bytes in)
{
	struct webauthn_attestation a;
	struct webauthn_client client;
	struct webauthn_data data;
	struct webauthn_key key;

	if (webauthn_client_read(&cx, in, &client) == NULL)
		must(client.type != NULL && client.origin != NULL);
	if (webauthn_attestation_read(&cx, in, &a) == NULL)
		in = a.data;
	if (webauthn_data_read(&cx, in, true, &data) == NULL) {
		must(data.credential_id.n + data.key.n < in.n);
		in = data.key;
	} else if (webauthn_data_read(&cx, in, false, &data) == NULL)
		must(data.credential_id.n == 0 && data.key.n == 0);
	if (webauthn_key_read(&cx, in, &key) == NULL)
		must((key.alg == WEBAUTHN_RS256) == (key.x.n == 0));
}

/* A traceparent, and the rest of the input a tracestate.  What is taken is
 * written so that it is taken again as the same. */
static void
fuzz_trace(struct bytes in)
{
	static const char uuid[] = "01a1ff5e-0c4d-7a21-a48c-b92090d06383";
	char *text = bytes_to_str(cx.arena, in), out[TRACE_PARENT_BYTES];
	char kept[TRACE_STATE_MAX + 1];
	struct trace t, again;
	char *state;

	if (text == NULL)
		return;
	state = strchr(text, '\n');
	if (state != NULL)
		*state++ = '\0';
	trace_begin(&t, uuid, text, state);
	trace_copy(&t, &again, kept);
	trace_parent(&again, out);
	must(strlen(out) == sizeof(out) - 1);
	must(trace_parse(out, &again));
	must(strcmp(again.id, t.id) == 0 && strcmp(again.span, t.span) == 0);
	must(again.flags == t.flags && t.flags <= 1);
	must(t.state == NULL || (t.state == state && trace_state_ok(kept)));
	must(t.state == NULL || strpbrk(t.state, "\r\n") == NULL);
}

/* What is after "Basic " in Authorization: it is nothing but the two, joined
 * by a colon, in base64. */
static void
fuzz_basic(struct bytes in)
{
	struct bytes whole, again;
	struct basic b;

	if (!basic_parse(cx.arena, in, &b))
		return;
	must(strchr(b.user, ':') == NULL);
	again = bytes_str(arena_printf(cx.arena, "%s:%s", b.user, b.password));
	must(bytes_from_b64(cx.arena, in, &whole) && bytes_eq(whole, again));
}

/* NDJSON or CSV, as a file of an import. */
static void
fuzz_birth_line(struct bytes in)
{
	AUTO_STRUCT(lines) *l = lines_new(LIMIT_IMPORT_LINE);
	struct birth_columns columns = { .n = 0 };
	struct birth_line b;
	struct line line;

	while (lines_next(l, &in, true, &line)) {
		const struct err *e;

		if (line.text.n > 0 && line.text.p[0] == '{')
			e = birth_json_line(&cx, line.text, &b);
		else if (columns.n == 0)
			e = birth_csv_header(&cx, line.text, &columns);
		else
			e = birth_csv_line(&cx, &columns, line.text, &b);
		must(e == NULL || cx.reason != NULL);
		if (e != NULL)
			return;
	}
}

/* Two filters and a name, one a line: confinement never lets a name out. */
static void
fuzz_topic(struct bytes in)
{
	AUTO_STRUCT(lines) *l = lines_new(LIMIT_TOPIC);
	struct bytes text[3];
	struct line line;
	size_t i;

	for (i = 0; i < 3; i++) {
		if (!lines_next(l, &in, true, &line))
			return;
		text[i] = bytes_dup(cx.arena, line.text);
	}
	(void)topic_grant_valid(text[0]);
	if (!topic_filter_valid(text[0]) || !topic_filter_valid(text[1]) ||
	    !topic_valid_publish(text[2]))
		return;
	if (topic_filter_within(text[0], text[1]) &&
	    topic_matches(text[0], text[2]))
		must(topic_matches(text[1], text[2]));
	must(topic_filter_within(text[2], text[1]) ==
	     topic_matches(text[1], text[2]));
}

/* Rules of devices at the broker: whatever is allowed to publish, or by a
 * wildcard, is below the device's own id. */
static void
fuzz_topic_rules(struct bytes in)
{
	static const struct topic_names names = { "dev1", "model1", "prof1" };
	char why[TOPIC_RULES_WHY], topic[LIMIT_TOPIC + 1];
	const struct topic_profile *p;
	struct topic_rules rules;
	size_t i;

	if (!topic_rules_read(cx.arena, in, &rules, why)) {
		must(why[0] != '\0');
		return;
	}
	must(topic_name_ok(names.model));
	(void)topic_rules_of(&rules, names.profile);
	for (p = rules.v; p < rules.v + rules.n; p++)
		for (i = 0; i < p->n; i++) {
			must(topic_rule_expand(
			    p->rule[i].pattern, &names, topic));
			must(topic_grant_valid(bytes_str(topic)));
			if (p->rule[i].may != TOPIC_SUBSCRIBE ||
			    strpbrk(topic, "+#") != NULL)
				must(strstr(topic, "dev1") != NULL);
		}
}

/* An operator's settings of a label: what was read can be written and read
 * again, and what was found possible gives every device its names. */
static void
fuzz_label(struct bytes in)
{
	struct label_json read, again;
	struct label l;
	struct issue io = { .profile = &l.cert,
		.id = "00000000-0000-4000-8000-000000000000",
		.model = "lamp-1",
		.manufacturer = "acme",
		.unit_serial = "SN-1" };
	struct subject_value subject[SUBJECT_PARTS];
	const char *const *names;
	const char *text;
	size_t n;

	if (label_json_read(&cx, in, &read) != NULL)
		return;
	must(label_json_write(&cx, &read, &text) == NULL);
	must(label_json_read(&cx, bytes_str(text), &again) == NULL);
	if (label_read(&cx, "fleet", &read, &l) != NULL ||
	    label_check(&cx, &l) != NULL)
		return;
	(void)!template_subject_values(&cx, &io, subject, &n);
	(void)!template_names(&cx, &io, &names);
}

/* A proof of possession: what is good beside an access token is good without
 * one (RFC 9449 section 4.3). */
static void
fuzz_dpop(struct bytes in)
{
	const char *proof = bytes_to_str(cx.arena, in);
	struct dpop_request rq = { .method = "POST",
		.url = "https://id.example.com/oauth2/token",
		.access_token = "token",
		.now = cx.now,
		.window = 300 };
	struct dpop_proof p;
	const struct err *e;

	if (proof == NULL)
		return;
	e = dpop_read(&cx, proof, &rq, &p);
	rq.access_token = NULL;
	if (dpop_read(&cx, proof, &rq, &p) != NULL)
		must(e != NULL);
	else
		must(*p.jti != '\0');
}

/* What apps and operators say in short texts: an origin is where a redirect
 * URI begins, and no text is two things. */
static void
fuzz_app(struct bytes in)
{
	const char *text = bytes_to_str(cx.arena, in);
	struct client_android app;
	int64_t epoch, position;
	unsigned prompt = 0;

	if (text == NULL)
		return;
	if (client_origin_ok(text) && strlen(text) < CLIENT_URI)
		must(client_redirect_ok(arena_printf(cx.arena, "%s/", text)));
	if (client_redirect_ok(text))
		must(client_has_redirect(text, text));
	(void)client_has_redirect("http://127.0.0.1/a\nhttps://b.c/d", text);
	if (client_android_read(text, &app))
		must(client_android_ok(text) && !client_ios_ok(text));
	if (prompt_parse(text, &prompt))
		must(prompt != 0 && !max_age_parse(text, &epoch));
	if (max_age_parse(text, &epoch))
		must(!notices_cursor_read(text, &epoch, &position));
	if (notices_cursor_read(text, &epoch, &position))
		must(strcmp(text, arena_printf(cx.arena, "%lld.%lld",
				      (long long)epoch, (long long)position)) ==
		     0);
}

/* What decodes has one base64url text. */
static void
fuzz_base64(struct bytes in)
{
	struct bytes out, back;

	if (bytes_from_b64u(cx.arena, in, &out))
		must(bytes_eq(in, bytes_str(bytes_b64u(cx.arena, out))));
	if (bytes_from_b64(cx.arena, in, &out)) {
		must(bytes_from_b64(
		    cx.arena, bytes_str(bytes_b64(cx.arena, out)), &back));
		must(bytes_eq(out, back));
	}
}

/* The records of Matter, and any other element. */
static void
fuzz_matter(struct bytes in)
{
	struct matter_cd cd;
	struct matter_elements elements;
	struct matter_nocsr nocsr;
	struct tlv t;

	if (matter_cd_parse(&cx, in, &cd) == NULL)
		must(cd.n_pids > 0 && cd.certificate_id.n == MATTER_CERT_ID);
	if (matter_elements_parse(&cx, in, &elements) == NULL)
		must(elements.nonce.n == MATTER_NONCE);
	if (matter_nocsr_parse(&cx, in, &nocsr) == NULL)
		must(nocsr.nonce.n == MATTER_NONCE);
	while (tlv_next(&in, &t))
		must(t.bytes.n == 0 || t.bytes.p + t.bytes.n <= in.p);
}

static void
fuzz_path(struct bytes in)
{
	const char *target = bytes_to_str(cx.arena, in), *path, *query;

	if (target == NULL || guard_path(&cx, target, &path, &query) != NULL)
		return;
	must(strlen(path) <= LIMIT_PATH);
	for (; *path != '\0'; path++)
		must(*path >= ' ' && *path < 0x7f);
}

static void
fuzz_coding(struct bytes in)
{
	const char *text = bytes_to_str(cx.arena, in);

	if (text != NULL && gzip_accepted(text))
		must(strcasestr(text, "gzip") != NULL ||
		     strchr(text, '*') != NULL);
}

/* Cuts the next word off the text, up to a separator that is overwritten
 * with NUL, as libmicrohttpd does; NULL at the end. */
static char *
cut(char **text, const char *separator)
{
	char *word = *text, *end = strstr(word, separator);

	if (end == NULL)
		return NULL;
	memset(end, 0, strlen(separator));
	*text = end + strlen(separator);
	return word;
}

/* A head as libmicrohttpd hands it over. */
static void
fuzz_head(struct bytes in)
{
	struct head_field fields[LIMIT_HEADER_FIELDS + 1];
	struct head h = { .field = fields };
	char *text = bytes_to_str(cx.arena, in), *line;
	struct framing fr;

	if (text == NULL)
		return;
	h.method = cut(&text, " ");
	h.target = h.method == NULL ? NULL : cut(&text, " ");
	h.version = h.target == NULL ? NULL : cut(&text, "\r\n");
	if (h.version == NULL)
		return;
	while ((line = cut(&text, "\r\n")) != NULL && *line != '\0' &&
	       h.n <= LIMIT_HEADER_FIELDS) {
		char *value = line, *name = cut(&value, ":");

		if (name == NULL)
			return;
		value += strspn(value, " \t");
		fields[h.n++] = (struct head_field){ name, value, strlen(name),
			strlen(value) };
	}
	h.size = (size_t)(text - h.method);
	if (guard_head(&cx, &h, &fr) != NULL)
		return;
	must(!(fr.chunked && fr.has_length) && guard_target(&h));
	line = (char *)(uintptr_t)guard_list(&cx, &h, "accept");
	must((line == NULL) == (guard_field(&h, "accept") == NULL));
	must(guard_single(&h, "accept") == NULL || line != NULL);
}

/* Client-Cert, Client-Cert-Chain and Forwarded, a line each: a chain is
 * written back as it was read, but for spaces, and an address is one. */
static void
fuzz_hop(struct bytes in)
{
	char *text = bytes_to_str(cx.arena, in), *cert, *more;
	struct hop_chain c;
	const char *address;

	if (text == NULL)
		return;
	cert = cut(&text, "\n");
	more = cert == NULL ? NULL : cut(&text, "\n");
	if (hop_forwarded_read(&cx, bytes_str(text), &address) == NULL)
		must(strspn(address, "0123456789abcdef.:") == strlen(address));
	if (more == NULL ||
	    hop_chain_read(&cx, bytes_str(cert),
		*more == '\0' ? BYTES_NONE : bytes_str(more), &c) != NULL)
		return;
	must(c.n > 0 && c.n <= LIMIT_CHAIN);
	must(strcmp(cert, arena_printf(cx.arena,
			      ":%s:", bytes_b64(cx.arena, c.cert[0]))) == 0);
}

static const struct row {
	const char *name;
	void (*fn)(struct bytes in);
} rows[] = {
	{ "json", fuzz_json },
	{ "form", fuzz_form },
	{ "basic", fuzz_basic },
	{ "trace", fuzz_trace },
	{ "webauthn", fuzz_webauthn },
	{ "birth_line", fuzz_birth_line },
	{ "topic", fuzz_topic },
	{ "topic_rules", fuzz_topic_rules },
	{ "jwk", fuzz_jwk },
	{ "jwks", fuzz_jwks },
	{ "jws", fuzz_jws },
	{ "dpop", fuzz_dpop },
	{ "app", fuzz_app },
	{ "label", fuzz_label },
	{ "base64", fuzz_base64 },
	{ "csr", fuzz_csr },
	{ "csrattrs", fuzz_csrattrs },
	{ "multipart", fuzz_multipart },
	{ "capabilities", fuzz_capabilities },
	{ "names", fuzz_names },
	{ "body", fuzz_body },
	{ "path", fuzz_path },
	{ "coding", fuzz_coding },
	{ "head", fuzz_head },
	{ "hop", fuzz_hop },
	{ "cert", fuzz_cert },
	{ "chain", fuzz_chain },
	{ "certpath", fuzz_certpath },
	{ "crl", fuzz_crl },
	{ "ocsp", fuzz_ocsp },
	{ "idevid", fuzz_idevid },
	{ "dice", fuzz_dice },
	{ "eat", fuzz_eat },
	{ "psa", fuzz_psa },
	{ "policy", fuzz_policy },
	{ "pem", fuzz_pem },
	{ "cms", fuzz_cms },
	{ "cms_signed", fuzz_cms_signed },
	{ "matter", fuzz_matter },
	{ "matter_cert", fuzz_matter_cert },
	{ "matter_evidence", fuzz_matter_evidence },
	{ "cbor", fuzz_cbor },
	{ "cose", fuzz_cose },
	{ "corim", fuzz_corim },
	{ "tpm", fuzz_tpm },
	{ "tpm_log", fuzz_tpm_log },
	{ "tpm_evidence", fuzz_tpm_evidence },
	{ "ek", fuzz_ek },
};

static const struct row *row;
static char trust_domain[] = "fleet.example";
static const struct svc svc = { .set = { .trust_domain = trust_domain } };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
void fuzz_end(void);

/* For replay.c; libFuzzer never ends a row in peace. */
void
fuzz_end(void)
{
	arena_free(cx.arena);
	cx.arena = NULL;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *slash = strrchr((*argv)[0], '/');
	const char *name = slash == NULL ? (*argv)[0] : slash + 1;
	size_t i;

	(void)argc;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			row = &rows[i];
	must(row != NULL);
	cx = (struct ctx){ .arena = arena_new(LIMIT_ARENA),
		.svc = &svc,
		.rid = "00000000-0000-4000-8000-000000000000",
		.now = INT64_C(1795219200) };
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > LIMIT_BODY_EST)
		return -1;
	arena_reset(cx.arena);
	row->fn((struct bytes){ p, n });
	return 0;
}
