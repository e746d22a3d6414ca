#include "domain/label_rule.h"

#include "base/arena.h"

const struct err ERR_LABEL_REFUSED = { KIND_FORBIDDEN, "label-refused",
	"This device does not enroll under this label, or not in this way." };

/* Whether the word is one of a list that spaces separate. */
static bool
is_among(const char *list, const char *word)
{
	size_t n = strlen(word);
	const char *p;

	for (p = list; p != NULL && *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (len == n && strncmp(p, word, n) == 0)
			return true;
		p += len;
	}
	return false;
}

const struct err *
label_rule_proof(struct ctx *cx, const struct label *label, enum label_auth by)
{
	if ((label->auth & by) != 0)
		return NULL;
	return fail(cx, &ERR_LABEL_REFUSED, "label %s takes no %s", label->name,
	    by == LABEL_TOKEN       ? "enroll token"
	    : by == LABEL_BOOTSTRAP ? "bootstrap token"
				    : "birth certificate");
}

const struct err *
label_rule_unit(
    struct ctx *cx, struct unit *unit, const char *named, enum label_auth by)
{
	const struct err *e;
	struct label label;

	if (named != NULL) {
		if (strcmp(named, unit->profile) != 0 &&
		    !is_among(unit->labels, named))
			return fail(cx, &ERR_LABEL_REFUSED,
			    "model %s does not name label %s", unit->model_id,
			    named);
		unit->profile = named;
		unit->labelled = true;
	}
	e = label_get(cx, unit->profile, &label);
	return e != NULL ? e : label_rule_proof(cx, &label, by);
}

const struct err *
label_rule_device(
    struct ctx *cx, const struct device_caller *device, const char *named)
{
	if (named == NULL || strcmp(named, device->profile) == 0)
		return NULL;
	return fail(cx, &ERR_LABEL_REFUSED,
	    "the certificate is of label %s, not %s", device->profile, named);
}

bool
label_rule_fits(const struct unit *unit, const char *asked)
{
	if (asked == NULL)
		return !unit->labelled;
	return strcmp(asked, unit->profile) == 0;
}
