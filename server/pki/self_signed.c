#include "pki/self_signed.h"

#include "base/arena.h"
#include "pki/build.h"
#include "pki/key_internal.h"
#include "pki/signer_internal.h"

/* Clocks differ. */
#define BACKDATE 300

struct bytes
self_signed(
    struct ctx *cx, const struct keypair *kp, const char *cn, int64_t not_after)
{
	struct build b = { .cn = cn,
		.spki = keypair_spki(cx, kp),
		.pathlen = -1,
		.not_before = cx->now - BACKDATE,
		.not_after = not_after };
	AUTO(X509) *x = NULL;
	struct bytes made, der;

	build_serial(b.serial);
	x = build_certificate(&b, NULL, kp->key);
	made = signer_encode(x);
	der = bytes_dup(cx->arena, made);
	OPENSSL_free((void *)(uintptr_t)made.p);
	return der;
}
