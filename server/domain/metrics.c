#include "domain/metrics.h"

#include "base/mem.h"
#include "domain/svc.h"

/* Findings of all formats are some 200; models are what operators named. */
#define VERDICTS 512
#define CERTIFICATES 150
#define GRANTS 8

struct metrics *
metrics_new(void)
{
	struct metrics *m = mem_new(1, sizeof(*m));

	m->verdicts = tally_new(VERDICTS);
	m->certificates = tally_new(CERTIFICATES);
	m->tokens = tally_new(GRANTS);
	return m;
}

void
metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	tally_free(m->verdicts);
	tally_free(m->certificates);
	tally_free(m->tokens);
	mem_free(m);
}

void
metrics_verdict(const struct ctx *cx, const char *format, const char *reason)
{
	tally_add(cx->svc->metrics->verdicts, format == NULL ? "none" : format,
	    reason);
}

void
metrics_certificate(const struct ctx *cx, const char *what, const char *model)
{
	tally_add(cx->svc->metrics->certificates, what,
	    model == NULL ? "none" : model);
}

void
metrics_token(const struct ctx *cx, const char *grant)
{
	tally_add(cx->svc->metrics->tokens, grant, "");
}

void
metrics_acknowledged(const struct ctx *cx, bool followed)
{
	struct metrics *m = cx->svc->metrics;

	tally_more(followed ? &m->followed : &m->unfollowed, 1);
}
