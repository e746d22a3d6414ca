#include "attest/endorse.h"

#include "base/arena.h"
#include "pki/key.h"

static const struct err *
ask_class(struct ctx *cx, struct bytes class_id, struct attest_policy *policy)
{
	if (policy->implementation_id.n == 0)
		policy->implementation_id = class_id;
	if (!bytes_eq(policy->implementation_id, class_id))
		return fail(cx, &ERR_BAD_CORIM,
		    "corim: values of another implementation than the "
		    "policy's, or of several");
	return NULL;
}

const struct err *
endorse_policy(
    struct ctx *cx, const struct corim *c, struct attest_policy *policy)
{
	const struct corim_value *v;
	const struct err *e;
	size_t i;

	for (i = 0; i < c->n_values; i++) {
		v = &c->value[i];
		e = ask_class(cx, v->class_id, policy);
		if (e != NULL)
			return e;
		if (policy->measurement == NULL)
			policy->measurement = arena_alloc(cx->arena,
			    LIMIT_REFERENCES * sizeof(*policy->measurement));
		if (policy->n_measurements == LIMIT_REFERENCES)
			return fail(cx, &ERR_BAD_CORIM,
			    "corim: more values than the policy's limit");
		policy->measurement[policy->n_measurements++] =
		    (struct measurement){ .type = v->type,
			    .version = v->version,
			    .value = v->digest,
			    .signer = v->signer };
	}
	return NULL;
}

const struct err *
endorse_anchors(struct ctx *cx, const struct corim *c,
    struct attest_anchor *anchor, size_t *n)
{
	struct key_facts facts;
	const struct err *e;
	size_t i;

	for (i = 0; i < c->n_keys; i++) {
		if (*n == LIMIT_ANCHORS)
			return fail(cx, &ERR_BAD_CORIM,
			    "corim: more keys than the limit");
		anchor[*n] = (struct attest_anchor){ .kind = ANCHOR_PUBLIC_KEY,
			.id = c->key[i].instance };
		e = key_read_pem(
		    cx, bytes_str(c->key[i].pem), &anchor[*n].value, &facts);
		if (e != NULL)
			return e;
		++*n;
	}
	return NULL;
}
