#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "client/commands.h"
#include "client/store_env.h"
#include "pki/digest.h"
#include "store/chain.h"

#define PAGE_ARENA (8 * MIB)
/* What the first entry of a feed follows. */
#define BEGINNING "latchkey"
#define MARK "%" PRId64 ":%" PRId64
#define MARK_OF(x) (x)->epoch, (x)->position

static const struct option_row verify_options[] = {
	{ "noted", "MARK",
	    "what an earlier run ended with: EPOCH:POSITION:HASH", false },
	OPTIONS_END,
};

struct check {
	struct chain_entry last; /* that was found right; in check's memory */
	struct chain_entry noted;
	uint8_t sha256[SHA256_BYTES], noted_sha256[SHA256_BYTES];
	bool found; /* the one that was noted */
	int64_t n;
};

/* EPOCH:POSITION:HASH */
static const struct err *
read_noted(struct cli *cli, struct check *k)
{
	const char *text = cli_option(cli, "noted");
	long long epoch, position;
	struct bytes hash;
	int at = 0;

	if (text == NULL)
		return NULL;
	if (sscanf(text, "%9lld:%18lld:%n", &epoch, &position, &at) != 2 ||
	    at == 0 ||
	    !bytes_from_hex(cli->cx.arena, bytes_str(text + at), &hash) ||
	    hash.n != SHA256_BYTES)
		return fail(&cli->cx, &ERR_USAGE,
		    "--noted: EPOCH:POSITION:HASH, as the last line has it");
	memcpy(k->noted_sha256, hash.p, SHA256_BYTES);
	k->noted = (struct chain_entry){ .epoch = epoch,
		.position = position,
		.sha256 = BYTES_OF(k->noted_sha256) };
	return NULL;
}

static bool
same_place(const struct chain_entry *a, const struct chain_entry *b)
{
	return a->epoch == b->epoch && a->position == b->position;
}

/* An epoch begins anew at 1, and its first entry follows the one before. */
static bool
follows(const struct chain_entry *x, const struct chain_entry *last)
{
	return x->epoch == last->epoch
		   ? x->position == last->position + 1
		   : x->epoch > last->epoch && x->position == 1;
}

static const struct err *
check_entry(struct ctx *cx, struct check *k, const struct chain_entry *x)
{
	size_t n = strlen(x->content);
	uint8_t *text = arena_alloc(cx->arena, SHA256_BYTES + n);
	uint8_t sha256[SHA256_BYTES];

	if (!follows(x, &k->last))
		return fail(cx, &ERR_LOCAL,
		    "broken: entry " MARK " comes after " MARK
		    ", and those between are gone",
		    MARK_OF(x), MARK_OF(&k->last));
	if (!bytes_eq(x->previous, k->last.sha256))
		return fail(cx, &ERR_LOCAL,
		    "broken: entry " MARK " does not follow entry " MARK
		    " as that is now",
		    MARK_OF(x), MARK_OF(&k->last));
	memcpy(text, k->sha256, SHA256_BYTES);
	memcpy(text + SHA256_BYTES, x->content, n);
	digest_sha256((struct bytes){ text, SHA256_BYTES + n }, sha256);
	if (!bytes_eq(x->sha256, BYTES_OF(sha256)))
		return fail(cx, &ERR_LOCAL,
		    "broken: the content of entry " MARK
		    " is not what its hash was made of",
		    MARK_OF(x));
	k->found = k->found || same_place(x, &k->noted);
	if (same_place(x, &k->noted) && !bytes_eq(x->sha256, k->noted.sha256))
		return fail(cx, &ERR_LOCAL,
		    "broken: entry " MARK
		    " is another than was noted: the feed was written anew",
		    MARK_OF(x));
	memcpy(k->sha256, sha256, SHA256_BYTES);
	k->last.epoch = x->epoch;
	k->last.position = x->position;
	k->n++;
	return NULL;
}

/* A page at a time, in memory of its own. */
static const struct err *
check_entries(struct cli *cli, struct check *k, const struct chain_entry *head)
{
	AUTO_STRUCT(arena) *a = arena_new(PAGE_ARENA);
	struct chain_entry *page;
	const struct err *e = NULL;
	struct ctx cx = cli->cx;
	size_t i, n = 1;

	cx.arena = a;
	while (e == NULL && n > 0) {
		arena_reset(a);
		e = chain_read(&cx, &k->last, head, &page, &n);
		for (i = 0; e == NULL && i < n; i++)
			e = check_entry(&cx, k, &page[i]);
	}
	if (e != NULL && cx.reason != NULL)
		cli->cx.reason = arena_strdup(cli->cx.arena, cx.reason);
	return e;
}

static const struct err *
check_all(struct cli *cli, struct check *k)
{
	struct chain_entry head;
	const struct err *e = chain_head(&cli->cx, &head);

	k->last.sha256 = BYTES_OF(k->sha256);
	digest_sha256(bytes_str(BEGINNING), k->sha256);
	if (e == NULL)
		e = check_entries(cli, k, &head);
	if (e != NULL)
		return e;
	if (!bytes_eq(head.sha256, k->last.sha256) ||
	    (head.position > 0 && !same_place(&head, &k->last)))
		return fail(&cli->cx, &ERR_LOCAL,
		    "broken: the newest entry, " MARK ", is gone",
		    MARK_OF(&head));
	if (k->noted.position > 0 && !k->found)
		return fail(&cli->cx, &ERR_LOCAL,
		    "broken: entry " MARK ", which was noted, is gone",
		    MARK_OF(&k->noted));
	printf("%" PRId64 " entries of the feed, each as it was written\n"
	       "to be noted elsewhere: " MARK ":%s\n",
	    k->n, MARK_OF(&k->last), bytes_hex(cli->cx.arena, k->last.sha256));
	return NULL;
}

static const struct err *
run_verify(struct cli *cli)
{
	static const struct stmt *const *const lists[] = { chain_stmts, NULL };
	struct check k = { .last = { .epoch = 1 } };
	const struct err *e = read_noted(cli, &k);

	if (e == NULL)
		e = store_env_db(cli, lists);
	if (e != NULL)
		return e;
	e = check_all(cli, &k);
	db_free(cli->cx.db);
	return e;
}

const struct command verify_commands[] = {
	{ "audit verify", "", "checks the chain of the feed of refusals",
	    verify_options, run_verify,
	    "Reads the database itself (LATCHKEY_DB; any role that may read "
	    "the feed), computes\nthe hash of each entry anew, and ends with "
	    "1 at the first that is not as it was\nwritten, or is gone.  "
	    "Whoever writes all of the feed anew is found out by --noted,\n"
	    "with what an earlier run ended with." },
	{ .name = NULL },
};
