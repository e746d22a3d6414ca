#include "attest/policy.h"

#include "attest/policy_names.h"

/* What may follow the numbers of a semantic version. */
#define ALPHABET                                  \
	"0123456789-.+abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* A version being read: numbers with dots between. */
static bool
take_number(const char **p, uint64_t *n)
{
	const char *start = *p;

	*n = 0;
	while (**p >= '0' && **p <= '9') {
		if (*n > UINT64_MAX / 10 - 1)
			return false;
		*n = *n * 10 + (uint64_t)(*(*p)++ - '0');
	}
	/* No leading zero (SemVer 2.0.0 section 2). */
	return *p > start && (*start != '0' || *p == start + 1);
}

/* Numbers of both side by side, a missing one being 0; what follows them is
 * left at a and b.  False if one has none where it must. */
static bool
compare_numbers(const char **a, const char **b, int *order)
{
	bool more_a = true, more_b = true;
	uint64_t x, y;

	*order = 0;
	while (more_a || more_b) {
		x = y = 0;
		if ((more_a && !take_number(a, &x)) ||
		    (more_b && !take_number(b, &y)))
			return false;
		if (*order == 0 && x != y)
			*order = x < y ? -1 : 1;
		more_a = more_a && **a == '.' && (*a)++ != NULL;
		more_b = more_b && **b == '.' && (*b)++ != NULL;
	}
	return true;
}

static size_t
identifier(const char *p)
{
	return strcspn(p, ".+");
}

/* One identifier of a pre-release (section 11.4): numbers by value and below
 * words, words by their bytes. */
static int
compare_identifier(const char *a, size_t n, const char *b, size_t m)
{
	bool num_a = strspn(a, "0123456789") >= n;
	bool num_b = strspn(b, "0123456789") >= m;
	int order;

	if (num_a != num_b)
		return num_a ? -1 : 1;
	if (num_a && n != m)
		return n < m ? -1 : 1;
	order = strncmp(a, b, n < m ? n : m);
	return order != 0 || n == m ? order : n < m ? -1 : 1;
}

/* What follows the numbers: -PRE.RELEASE, then +BUILD, which does not count. */
static bool
compare_rest(const char *a, const char *b, int *order)
{
	size_t n, m;

	if (a[strspn(a, ALPHABET)] != '\0' || b[strspn(b, ALPHABET)] != '\0')
		return false;
	*order = 0;
	if ((*a == '-') != (*b == '-'))
		*order = *a == '-' ? -1 : 1;
	while ((*a == '-' || *a == '.') && (*b == '-' || *b == '.')) {
		n = identifier(++a);
		m = identifier(++b);
		if (n == 0 || m == 0)
			return false;
		if (*order == 0)
			*order = compare_identifier(a, n, b, m);
		a += n;
		b += m;
	}
	/* More identifiers are higher. */
	if (*order == 0 && (*a == '.') != (*b == '.'))
		*order = *a == '.' ? 1 : -1;
	return true;
}

bool
version_at_least(int64_t scheme, const char *a, const char *b)
{
	int order, rest;

	if (a == NULL || b == NULL || !compare_numbers(&a, &b, &order))
		return false;
	if (scheme != SCHEME_SEMVER)
		return *a == '\0' && *b == '\0' && order >= 0;
	if ((*a != '\0' && *a != '-' && *a != '+') ||
	    (*b != '\0' && *b != '-' && *b != '+') ||
	    !compare_rest(a, b, &rest))
		return false;
	return order > 0 || (order == 0 && rest >= 0);
}

static bool
is_listed(const char *const *list, size_t n, const char *s)
{
	size_t i;

	for (i = 0; i < n && s != NULL; i++)
		if (strcmp(list[i], s) == 0)
			return true;
	return n == 0;
}

static bool
is_hex_of(struct ctx *cx, struct bytes wanted, const char *have)
{
	return wanted.n == 0 ||
	       (have != NULL &&
		   strcmp(bytes_hex(cx->arena, wanted), have) == 0);
}

static bool
hw_version_ok(const struct attest_policy *p, const char *have)
{
	return (p->least_hw_version == NULL ||
		   version_at_least(
		       SCHEME_INTEGERS, have, p->least_hw_version)) &&
	       (p->most_hw_version == NULL ||
		   version_at_least(SCHEME_INTEGERS, p->most_hw_version, have));
}

static void
apply_identity(struct ctx *cx, const struct attest_policy *p, struct verdict *v)
{
	const struct facts *f = &v->facts;

	if (!is_listed(p->profile, p->n_profiles, f->profile))
		verdict_refuse(cx, v, LAYER_POLICY, "profile",
		    "The evidence's profile is not one that the model uses.");
	if (v->grade < p->least_grade && v->accepted)
		verdict_refuse(cx, v, LAYER_POLICY, "grade",
		    "The evidence is of grade %s, the model needs %s.",
		    grade_name(v->grade), grade_name(p->least_grade));
	if (p->ueid_required && f->ueid.n == 0)
		verdict_refuse(cx, v, LAYER_POLICY, "no-identity",
		    "The evidence does not say which device it is of.");
	if (p->serial_pattern != NULL &&
	    (f->serial == NULL || !pattern_fits(p->serial_pattern, f->serial)))
		verdict_refuse(cx, v, LAYER_POLICY, "serial",
		    "The serial number is not one of the model's, or is not "
		    "said.");
	if (p->oem.n > 0 && !bytes_eq(p->oem, f->oem))
		verdict_refuse(cx, v, LAYER_POLICY, "oem",
		    "The evidence names another maker.");
	if (!is_hex_of(cx, p->hw_model, f->model))
		verdict_refuse(cx, v, LAYER_POLICY, "hw-model",
		    "The evidence names another model of hardware.");
	if (!is_hex_of(cx, p->implementation_id, f->hw_version))
		verdict_refuse(cx, v, LAYER_POLICY, "implementation-id",
		    "The evidence names another implementation.");
	if (!hw_version_ok(p, f->hw_version))
		verdict_refuse(cx, v, LAYER_POLICY, "hw-version",
		    "The version of the hardware is not one that the model "
		    "takes, or is not said in numbers.");
}

static void
apply_state(struct ctx *cx, const struct attest_policy *p, struct verdict *v)
{
	const struct facts *f = &v->facts;

	if (p->secure_boot && f->secure_boot != KNOWN_YES)
		verdict_refuse(cx, v, LAYER_POLICY, "secure-boot",
		    f->secure_boot == KNOWN_NO
			? "The device did not start by secure boot."
			: "The evidence does not say that the device started "
			  "by secure boot.");
	if (f->debug < p->least_debug)
		verdict_refuse(cx, v, LAYER_POLICY, "debug",
		    "Debugging is less closed than the model asks, or "
		    "nothing is said of it.");
	if (p->lifecycle_secured &&
	    (f->lifecycle < 0x3000 || f->lifecycle > 0x30ff))
		verdict_refuse(cx, v, LAYER_POLICY, "lifecycle",
		    "The device is not in the secured state of its life.");
}

/* An entry allows what agrees with all that it says. */
static bool
allows(const struct measurement *entry, const struct measurement *have)
{
	if (entry->type != NULL &&
	    (have->type == NULL || strcmp(entry->type, have->type) != 0))
		return false;
	if (entry->version != NULL &&
	    (have->version == NULL ||
		strcmp(entry->version, have->version) != 0))
		return false;
	return (entry->value.n == 0 || bytes_eq(entry->value, have->value)) &&
	       (entry->signer.n == 0 || bytes_eq(entry->signer, have->signer));
}

/* Everything that was measured is allowed; nothing measured is nothing
 * shown. */
static bool
measurements_ok(const struct attest_policy *p, const struct facts *f)
{
	size_t i, k;

	for (i = 0; i < f->n_measurements; i++) {
		for (k = 0; k < p->n_measurements; k++)
			if (allows(&p->measurement[k], &f->measurement[i]))
				break;
		if (k == p->n_measurements)
			return false;
	}
	return f->n_measurements > 0;
}

int64_t
policy_sw_scheme(const struct attest_policy *p, const struct facts *f)
{
	if (p->sw_scheme != 0)
		return p->sw_scheme;
	return f->sw_scheme != 0 ? f->sw_scheme : SCHEME_SEMVER;
}

static void
apply_firmware(struct ctx *cx, const struct attest_policy *p,
    const char *earlier_sw, struct verdict *v)
{
	const struct facts *f = &v->facts;
	int64_t scheme = policy_sw_scheme(p, f);
	struct finding found = { .layer = LAYER_POLICY,
		.severity = FINDING_REFUSAL,
		.elsewhere = true,
		.code = "measurement",
		.words = "Software was measured that is not allowed." };

	/* Semantic versions and others have no order between them. */
	if (p->least_sw_version != NULL &&
	    ((f->sw_scheme != 0 && (f->sw_scheme == SCHEME_SEMVER) !=
				       (scheme == SCHEME_SEMVER)) ||
		!version_at_least(scheme, f->sw_version, p->least_sw_version)))
		verdict_refuse(cx, v, LAYER_POLICY, "sw-version",
		    "The software is older than %s, or its version is not "
		    "said.",
		    p->least_sw_version);
	if (earlier_sw != NULL && !p->sw_may_go_down &&
	    !version_at_least(scheme, f->sw_version, earlier_sw))
		verdict_refuse(cx, v, LAYER_POLICY, "downgrade",
		    "The software is older than what this device has shown "
		    "before.");
	if (p->n_measurements > 0 && !measurements_ok(p, f))
		verdict_add(v, &found);
}

static const struct submodule *
submodule_named(const struct facts *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->n_submodules; i++)
		if (f->submodule[i].name != NULL &&
		    strcmp(f->submodule[i].name, name) == 0)
			return &f->submodule[i];
	return NULL;
}

/* The part that is named is there, by claims of the same signer, and is what
 * the rule asks. */
static bool
submodule_ok(const struct attest_policy *p, const struct facts *f,
    const struct submodule_rule *rule)
{
	const struct submodule *m = submodule_named(f, rule->name);
	struct facts of = { .sw_scheme = m == NULL ? 0 : m->sw_scheme };
	int64_t scheme = policy_sw_scheme(p, &of);

	if (m == NULL || !m->judged || m->debug < rule->least_debug ||
	    (rule->secure_boot && m->secure_boot != KNOWN_YES))
		return false;
	return rule->least_sw_version == NULL ||
	       ((of.sw_scheme == 0 ||
		    versions_have_order(of.sw_scheme, scheme)) &&
		   version_at_least(
		       scheme, m->sw_version, rule->least_sw_version));
}

static void
apply_submodules(
    struct ctx *cx, const struct attest_policy *p, struct verdict *v)
{
	size_t i;

	for (i = 0; i < p->n_submodules; i++)
		if (!submodule_ok(p, &v->facts, &p->submodule[i]))
			verdict_refuse(cx, v, LAYER_POLICY, "submodule",
			    "The part %s is missing, was not judged, or is "
			    "not in the state that the model asks of it.",
			    p->submodule[i].name);
}

void
policy_apply(struct ctx *cx, const struct attest_policy *p,
    const char *earlier_sw, struct verdict *v)
{
	policy_deny(p, v);
	apply_identity(cx, p, v);
	apply_state(cx, p, v);
	apply_firmware(cx, p, earlier_sw, v);
	apply_submodules(cx, p, v);
}

bool
versions_have_order(int64_t a, int64_t b)
{
	return (a == SCHEME_SEMVER) == (b == SCHEME_SEMVER);
}

void
policy_downgrade(struct ctx *cx, const struct attest_policy *p,
    const char *earlier, int64_t earlier_scheme, struct verdict *v)
{
	const struct facts *f = &v->facts;
	int64_t scheme = policy_sw_scheme(p, f);

	if (earlier == NULL || p->sw_may_go_down)
		return;
	if (!versions_have_order(scheme, earlier_scheme))
		verdict_refuse(cx, v, LAYER_POLICY, "downgrade",
		    "The software's version is of another scheme than what "
		    "this device has shown before.");
	else if (!version_at_least(scheme, f->sw_version, earlier))
		verdict_refuse(cx, v, LAYER_POLICY, "downgrade",
		    "The software is older than what this device has shown "
		    "before.");
}

bool
policy_takes(const struct attest_policy *p, const char *format)
{
	return is_listed(p->format, p->n_formats, format);
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_matter(const struct attest_policy *a, const struct attest_policy *b)
{
	size_t i;

	for (i = 0; i < a->n_pids && i < b->n_pids; i++)
		if (a->pid[i] != b->pid[i])
			return false;
	return a->vid == b->vid && a->n_pids == b->n_pids &&
	       a->cd_test == b->cd_test &&
	       a->cd_provisional == b->cd_provisional &&
	       a->cd_optional == b->cd_optional &&
	       same_text(a->cd_certificate_id, b->cd_certificate_id) &&
	       a->cd_device_type == b->cd_device_type &&
	       a->cd_version == b->cd_version;
}

static bool
same_pcrs(const struct attest_policy *a, const struct attest_policy *b)
{
	size_t i;

	if (a->n_pcrs != b->n_pcrs)
		return false;
	for (i = 0; i < a->n_pcrs; i++)
		if (a->pcr[i].index != b->pcr[i].index ||
		    !bytes_eq(a->pcr[i].sha256, b->pcr[i].sha256))
			return false;
	return true;
}

static bool
same_boot(const struct attest_policy *a, const struct attest_policy *b)
{
	size_t i;

	if (a->n_boot != b->n_boot)
		return false;
	for (i = 0; i < a->n_boot; i++)
		if (a->boot[i].pcr != b->boot[i].pcr ||
		    !bytes_eq(a->boot[i].digest, b->boot[i].digest))
			return false;
	return true;
}

void
policy_rejudge(struct ctx *cx, const char *format,
    const struct attest_policy *now, const struct attest_policy *then,
    struct verdict *v)
{
	if (!policy_takes(now, format))
		verdict_refuse(cx, v, LAYER_POLICY, "format",
		    "The model does not take evidence of the format %s.",
		    format);
	if ((strcmp(format, "matter") == 0 && !same_matter(now, then)) ||
	    (now->n_pcrs > 0 && !same_pcrs(now, then)) ||
	    (now->n_boot > 0 && !same_boot(now, then)) ||
	    (now->crl_required && !then->crl_required) ||
	    (then->mac_allowed && !now->mac_allowed))
		verdict_refuse(cx, v, LAYER_POLICY, "policy-changed",
		    "The model asks by now what only new evidence can "
		    "answer.");
	if (v->accepted)
		policy_apply(cx, now, NULL, v);
}
