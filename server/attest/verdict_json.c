#include "attest/verdict_json.h"

#include "base/arena.h"
#include "codec/json.h"

#define TEXT_MAX 4096
#define BYTES_MAX 4096

struct finding_out {
	const char *layer, *severity, *code, *words;
	bool elsewhere;
};

struct measurement_out {
	const char *type, *version;
	struct bytes value, signer_id;
};

struct boot_out {
	int64_t pcr;
	struct bytes digest;
};

struct part_out {
	const char *name, *secure_boot, *debug, *sw_version, *sw_scheme;
	bool judged;
};

struct facts_out {
	const char *serial, *model, *hw_version, *sw_version, *profile;
	const char *secure_boot, *debug, *lifecycle, *sw_scheme;
	struct bytes ueid, oem_id, boot_seed, key, ek_sha256, birth_key_sha256;
	struct json_list measurements, boot, submodules;
};

struct verdict_out {
	bool accepted;
	const char *grade;
	struct json_list findings;
	struct facts_out facts;
};

static const struct json_field finding_fields[] = {
	JSON_F_STR(finding_out, layer, 16, true),
	JSON_F_STR(finding_out, severity, 16, true),
	JSON_F_STR(finding_out, code, 64, true),
	JSON_F_STR(finding_out, words, TEXT_MAX, true),
	JSON_F_BOOL(finding_out, elsewhere, true),
	JSON_END,
};

static const struct json_field measurement_fields[] = {
	JSON_F_STR(measurement_out, type, TEXT_MAX, false),
	JSON_F_STR(measurement_out, version, TEXT_MAX, false),
	JSON_F_HEX(measurement_out, value, BYTES_MAX, true),
	JSON_F_HEX(measurement_out, signer_id, BYTES_MAX, false),
	JSON_END,
};

static const struct json_field part_fields[] = {
	JSON_F_STR(part_out, name, TEXT_MAX, false),
	JSON_F_BOOL(part_out, judged, true),
	JSON_F_RAW(part_out, secure_boot, 8, false),
	JSON_F_STR(part_out, debug, 64, false),
	JSON_F_STR(part_out, sw_version, TEXT_MAX, false),
	JSON_F_RAW(part_out, sw_scheme, 32, false),
	JSON_END,
};

static const struct json_field boot_fields[] = {
	JSON_F_INT(boot_out, pcr, LIMIT_PCRS - 1, true),
	JSON_F_HEX(boot_out, digest, BYTES_MAX, true),
	JSON_END,
};

static const struct json_field facts_fields[] = {
	JSON_F_STR(facts_out, serial, TEXT_MAX, false),
	JSON_F_HEX(facts_out, ueid, BYTES_MAX, false),
	JSON_F_HEX(facts_out, oem_id, BYTES_MAX, false),
	JSON_F_STR(facts_out, model, TEXT_MAX, false),
	JSON_F_STR(facts_out, hw_version, TEXT_MAX, false),
	JSON_F_STR(facts_out, sw_version, TEXT_MAX, false),
	JSON_F_RAW(facts_out, sw_scheme, 32, false),
	JSON_F_STR(facts_out, profile, TEXT_MAX, false),
	JSON_F_RAW(facts_out, secure_boot, 8, false),
	JSON_F_STR(facts_out, debug, 64, false),
	JSON_F_RAW(facts_out, lifecycle, 32, false),
	JSON_F_HEX(facts_out, boot_seed, BYTES_MAX, false),
	JSON_F_HEX(facts_out, ek_sha256, BYTES_MAX, false),
	JSON_F_HEX(facts_out, birth_key_sha256, BYTES_MAX, false),
	JSON_F_HEX(facts_out, key, BYTES_MAX, false),
	JSON_F_LIST(facts_out, measurements, LIMIT_MEASUREMENTS,
	    measurement_out, measurement_fields),
	JSON_F_LIST(facts_out, boot, LIMIT_BOOT_EVENTS, boot_out, boot_fields),
	JSON_F_LIST(
	    facts_out, submodules, LIMIT_SUBMODS, part_out, part_fields),
	JSON_END,
};

static const struct json_field verdict_fields[] = {
	JSON_F_BOOL(verdict_out, accepted, true),
	JSON_F_STR(verdict_out, grade, 16, true),
	JSON_F_LIST(
	    verdict_out, findings, LIMIT_FINDINGS, finding_out, finding_fields),
	JSON_F_OBJ(verdict_out, facts, facts_fields, true),
	JSON_END,
};

static const char *
known_name(enum known k)
{
	if (k == KNOWN_NOT)
		return NULL;
	return k == KNOWN_YES ? "true" : "false";
}

/* A number that is not the one that stands for nothing. */
static const char *
number(struct ctx *cx, int64_t n, int64_t nothing)
{
	return n == nothing ? NULL
			    : arena_printf(cx->arena, "%lld", (long long)n);
}

static struct json_list
fill_parts(struct ctx *cx, const struct facts *f)
{
	struct part_out *out =
	    arena_alloc(cx->arena, (f->n_submodules + 1) * sizeof(*out));
	size_t i;

	for (i = 0; i < f->n_submodules; i++) {
		const struct submodule *m = &f->submodule[i];

		out[i] = (struct part_out){ m->name, known_name(m->secure_boot),
			debug_name(m->debug), m->sw_version,
			number(cx, m->sw_scheme, 0), m->judged };
	}
	return (struct json_list){ out, f->n_submodules };
}

static void
fill_facts(struct ctx *cx, const struct facts *f, struct facts_out *out)
{
	struct measurement_out *m =
	    arena_alloc(cx->arena, (f->n_measurements + 1) * sizeof(*m));
	struct boot_out *b =
	    arena_alloc(cx->arena, (f->n_boot + 1) * sizeof(*b));
	size_t i;

	for (i = 0; i < f->n_measurements; i++)
		m[i] = (struct measurement_out){ f->measurement[i].type,
			f->measurement[i].version, f->measurement[i].value,
			f->measurement[i].signer };
	for (i = 0; i < f->n_boot; i++)
		b[i] = (struct boot_out){ f->boot[i].pcr, f->boot[i].digest };
	*out = (struct facts_out){
		.serial = f->serial,
		.ueid = f->ueid,
		.oem_id = f->oem,
		.model = f->model,
		.hw_version = f->hw_version,
		.sw_version = f->sw_version,
		.sw_scheme = number(cx, f->sw_scheme, 0),
		.profile = f->profile,
		.secure_boot = known_name(f->secure_boot),
		.debug = debug_name(f->debug),
		.lifecycle = number(cx, f->lifecycle, -1),
		.boot_seed = f->boot_seed,
		.ek_sha256 = f->ek_sha256,
		.birth_key_sha256 = f->birth_key_sha256,
		.key = f->key_spki,
		.measurements = { m, f->n_measurements },
		.boot = { b, f->n_boot },
		.submodules = fill_parts(cx, f),
	};
}

const struct err *
verdict_json(struct ctx *cx, const struct verdict *v, struct bytes *out)
{
	struct finding_out *f =
	    arena_alloc(cx->arena, (v->n_findings + 1) * sizeof(*f));
	struct verdict_out whole = { v->accepted, grade_name(v->grade),
		{ f, v->n_findings }, { .serial = NULL } };
	size_t i;

	for (i = 0; i < v->n_findings; i++)
		f[i] = (struct finding_out){ layer_name(v->finding[i].layer),
			severity_name(v->finding[i].severity),
			v->finding[i].code, v->finding[i].words,
			v->finding[i].elsewhere };
	fill_facts(cx, &v->facts, &whole.facts);
	return json_write(cx, verdict_fields, &whole, out);
}

static bool
read_grade(const char *name, enum grade *out)
{
	for (*out = GRADE_NONE; *out <= GRADE_HARDWARE; (*out)++)
		if (strcmp(grade_name(*out), name) == 0)
			return true;
	return false;
}

static enum debug_state
read_debug(const char *name)
{
	enum debug_state s;

	for (s = DEBUG_ENABLED; s <= DEBUG_DISABLED_FULLY_AND_PERMANENTLY; s++)
		if (name != NULL && strcmp(debug_name(s), name) == 0)
			return s;
	return DEBUG_UNKNOWN;
}

static enum known
read_known(const char *text)
{
	if (text == NULL)
		return KNOWN_NOT;
	return strcmp(text, "true") == 0 ? KNOWN_YES : KNOWN_NO;
}

static void
read_parts(const struct json_list *in, struct facts *out)
{
	const struct part_out *p = in->v;

	for (; out->n_submodules < in->n; p++)
		out->submodule[out->n_submodules++] = (struct submodule){
			.name = p->name,
			.judged = p->judged,
			.secure_boot = read_known(p->secure_boot),
			.debug = read_debug(p->debug),
			.sw_version = p->sw_version,
			.sw_scheme = p->sw_scheme == NULL
					 ? 0
					 : strtoll(p->sw_scheme, NULL, 10),
		};
}

static void
read_facts(const struct facts_out *in, struct facts *out)
{
	const struct measurement_out *m = in->measurements.v;
	const struct boot_out *b = in->boot.v;
	size_t i;

	*out = (struct facts){
		.serial = in->serial,
		.ueid = in->ueid,
		.oem = in->oem_id,
		.model = in->model,
		.hw_version = in->hw_version,
		.sw_version = in->sw_version,
		.sw_scheme = in->sw_scheme == NULL
				 ? 0
				 : strtoll(in->sw_scheme, NULL, 10),
		.profile = in->profile,
		.secure_boot = read_known(in->secure_boot),
		.debug = read_debug(in->debug),
		.lifecycle = in->lifecycle == NULL
				 ? -1
				 : strtoll(in->lifecycle, NULL, 10),
		.boot_seed = in->boot_seed,
		.ek_sha256 = in->ek_sha256,
		.birth_key_sha256 = in->birth_key_sha256,
		.key_spki = in->key,
		.n_measurements = in->measurements.n,
		.n_boot = in->boot.n,
	};
	for (i = 0; i < in->measurements.n; i++)
		out->measurement[i] = (struct measurement){ m[i].type,
			m[i].version, m[i].value, m[i].signer_id };
	read_parts(&in->submodules, out);
	for (i = 0; i < out->n_boot; i++)
		out->boot[i] =
		    (struct boot_event){ (uint32_t)b[i].pcr, b[i].digest };
}

static enum layer
read_layer(const char *name)
{
	enum layer l;

	for (l = LAYER_PARSE; l < LAYER_POLICY; l++)
		if (strcmp(layer_name(l), name) == 0)
			break;
	return l;
}

static enum severity
read_severity(const char *name)
{
	enum severity s;

	for (s = FINDING_NOTE; s < FINDING_REFUSAL; s++)
		if (strcmp(severity_name(s), name) == 0)
			break;
	return s;
}

static void
read_findings(const struct json_list *in, struct verdict *out)
{
	const struct finding_out *f = in->v;

	for (; out->n_findings < in->n; f++)
		out->finding[out->n_findings++] =
		    (struct finding){ read_layer(f->layer),
			    read_severity(f->severity), f->elsewhere, f->code,
			    f->words };
}

const struct err *
verdict_json_read(struct ctx *cx, struct bytes text, struct verdict *out)
{
	struct verdict_out in = { .grade = NULL };
	const struct err *e = json_read(cx, text, verdict_fields, &in);

	verdict_init(out);
	if (e != NULL)
		return e;
	if (!read_grade(in.grade, &out->grade))
		return fail(cx, &ERR_BAD_JSON, "verdict: grade %s", in.grade);
	out->accepted = in.accepted;
	read_findings(&in.findings, out);
	read_facts(&in.facts, &out->facts);
	return NULL;
}
