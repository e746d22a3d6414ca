#include "tests/vectors/cost.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/limits.h"
#include "tests/vectors/engine.h"

static unsigned long verdicts; /* of each evidence; 0: none */
static bool counting;
static int64_t checks, checks_ns;

static int64_t
cpu_ns(void)
{
	return (int64_t)clock() * (1000000000 / CLOCKS_PER_SEC);
}

/* The linker leads every signature check of the service here (Makefile). */
int __real_EVP_DigestVerify(EVP_MD_CTX *c, const unsigned char *sig,
    size_t nsig, const unsigned char *msg, size_t n);
int __wrap_EVP_DigestVerify(EVP_MD_CTX *c, const unsigned char *sig,
    size_t nsig, const unsigned char *msg, size_t n);

int
__wrap_EVP_DigestVerify(EVP_MD_CTX *c, const unsigned char *sig, size_t nsig,
    const unsigned char *msg, size_t n)
{
	int64_t began;
	int r;

	if (!counting)
		return __real_EVP_DigestVerify(c, sig, nsig, msg, n);
	began = cpu_ns();
	r = __real_EVP_DigestVerify(c, sig, nsig, msg, n);
	checks_ns += cpu_ns() - began;
	checks++;
	return r;
}

void
cost_start(unsigned long count)
{
	verdicts = count;
}

/* So many verdicts, in memory that is given back after each. */
static int64_t
judge(
    const char *format, struct bytes evidence, const struct attest_basis *basis)
{
	AUTO_STRUCT(arena) *arena = arena_new(LIMIT_ARENA);
	struct ctx cx = engine_cx;
	int64_t began = cpu_ns();
	struct verdict v;
	unsigned long i;

	cx.arena = arena;
	for (i = 0; i < verdicts; i++) {
		arena_reset(arena);
		if (attest_judge(&cx, format, evidence, basis, &v) != NULL)
			return 0;
	}
	return cpu_ns() - began;
}

void
cost_tell(
    const char *format, struct bytes evidence, const struct attest_basis *basis)
{
	int64_t n = (int64_t)verdicts, all;

	if (n == 0)
		return;
	checks = checks_ns = 0;
	counting = true;
	(void)judge(format, evidence, basis);
	counting = false;
	/* Once more without a look at the clock within. */
	all = judge(format, evidence, basis);
	(void)printf("cost %s %" PRId64 " %" PRId64 " %" PRId64 "\n", format,
	    all / n, checks_ns / n, checks / n);
}
