#include "domain/import.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/birth_line.h"
#include "codec/lines.h"
#include "domain/code.h"
#include "domain/operator.h"
#include "domain/svc.h"
#include "pki/cert.h"
#include "pki/digest_file.h"
#include "store/event.h"
#include "store/registry.h"

/* A batch is one COPY and one commit, and a step of the progress shown. */
#define BATCH_LINES 20000
#define BATCH_SECONDS 120
#define STORE_SECONDS 300
/* Rows are sent when so many bytes of them are gathered. */
#define SEND_BYTES (64 * KIB)
#define READ_BYTES (64 * KIB)
#define BUSY_RETRY 5

const struct err ERR_IMPORT = { KIND_INVALID, "bad-import",
	"The import cannot be run like that." };
const struct err ERR_IMPORT_ID = { KIND_CONFLICT, "import-id-used",
	"This import id was used for another file." };
const struct err ERR_IMPORT_BUSY = { KIND_UNAVAILABLE, "import-busy",
	"Another import is running; try again when it is done." };

/* One import under way. */
struct run {
	struct ctx *cx;
	struct ctx line_cx; /* the same with memory for one line */
	int fd;
	off_t at;
	uint8_t *chunk;
	struct bytes unread; /* of the chunk */
	bool last;           /* nothing follows the chunk */
	struct lines *lines;
	bool csv, have_head, bad_head;
	struct birth_columns columns;
	struct arena *rows_arena;
	struct buf rows; /* gathered for COPY */
	int64_t pid, staged;
	struct import *im;
	struct import_errors errors;
};

/* Reasons may quote the file: only printable ASCII goes on. */
static const char *
printable(struct ctx *cx, const char *s)
{
	char *copy = arena_strdup(cx->arena, s == NULL ? "malformed" : s), *p;

	for (p = copy; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return copy;
}

static void
note_bad(struct run *run, int64_t line, const char *reason)
{
	run->im->bad++;
	if (run->errors.n < LIMIT_IMPORT_ERRORS)
		run->errors.v[run->errors.n++] =
		    (struct import_error){ line, printable(run->cx, reason) };
}

/* The next line; *more is false at the end. */
static ERR_FN
next_line(struct run *run, struct line *line, bool *more)
{
	ssize_t n;

	for (;;) {
		*more = lines_next(run->lines, &run->unread, run->last, line);
		if (*more || run->last)
			return NULL;
		n = pread(run->fd, run->chunk, READ_BYTES, run->at);
		if (n < 0)
			return fail(run->cx, &ERR_INTERNAL,
			    "import: the body cannot be read");
		run->at += n;
		run->last = n == 0;
		run->unread = (struct bytes){ run->chunk, (size_t)n };
	}
}

/* What a birth certificate says of the unit, and that it does not
 * contradict the line.  It is not judged here: each presentation is. */
static ERR_FN
read_certificate(struct ctx *cx, struct birth_line *b, struct import_unit *u)
{
	struct bytes key;
	struct cert c;
	const struct err *e = cert_parse(cx, b->certificate, &c);

	if (e != NULL)
		return e;
	key = bytes_dup(cx->arena, BYTES_OF(c.key_sha256));
	if (c.is_ca)
		return fail(cx, &ERR_BAD_BIRTH, "certificate: is a CA's");
	if (b->key_sha256.n == 0)
		b->key_sha256 = key;
	if (!bytes_eq(b->key_sha256, key))
		return fail(
		    cx, &ERR_BAD_BIRTH, "key_sha256: is not the certificate's");
	if (b->serial == NULL && c.subject_serial != NULL &&
	    text_is_serial(bytes_str(c.subject_serial)))
		b->serial = c.subject_serial;
	if (b->serial != NULL && c.subject_serial != NULL &&
	    strcmp(b->serial, c.subject_serial) != 0)
		return fail(
		    cx, &ERR_BAD_BIRTH, "serial: is not the certificate's");
	u->certificate_sha256 = bytes_dup(cx->arena, BYTES_OF(c.sha256));
	return NULL;
}

/* A parsed line as it is staged. */
static ERR_FN
read_unit(struct run *run, struct birth_line *b, struct import_unit *u)
{
	struct ctx *cx = &run->line_cx;
	const struct err *e = NULL;
	uint8_t mac[32];

	if (b->certificate.n > 0)
		e = read_certificate(cx, b, u);
	if (e != NULL)
		return e;
	if (b->claim_code_sha256.n > 0) {
		if (b->serial == NULL) {
			cx->reason = "claim_code_sha256: needs a serial";
			return &ERR_BAD_BIRTH;
		}
		code_claim_mac(cx, run->im->manufacturer_id, b->serial,
		    b->claim_code_sha256.p, mac);
		u->claim_code_mac = bytes_dup(cx->arena, BYTES_OF(mac));
	}
	u->model_id = b->model;
	u->serial = b->serial;
	u->batch = b->batch;
	u->boot_test = b->boot_test;
	u->made_at = b->made_at;
	u->key_sha256 = b->key_sha256;
	u->ueid = b->ueid;
	u->ek_sha256 = b->ek_sha256;
	u->dac_subject = b->dac_subject;
	return NULL;
}

/* The head row of a CSV file; without one the file says nothing. */
static void
read_head(struct run *run, const struct line *line)
{
	run->have_head = true;
	if (line->too_long || birth_csv_header(&run->line_cx, line->text,
				  &run->columns) != NULL) {
		run->bad_head = true;
		note_bad(run, line->number,
		    line->too_long ? "head: too long" : run->line_cx.reason);
	}
}

static ERR_FN
send_rows(struct run *run)
{
	const struct err *e;
	struct bytes rows;

	must(buf_bytes(&run->rows, &rows));
	e = rows.n == 0 ? NULL : import_stage_send(run->cx, rows);
	arena_reset(run->rows_arena);
	buf_init(&run->rows, run->rows_arena, 4 * SEND_BYTES);
	return e;
}

/* One line of the file: staged, or noted as bad. */
static ERR_FN
take_line(struct run *run, const struct line *line)
{
	struct import_unit u = { .line = line->number };
	struct birth_line b = { 0 };
	const struct err *e;

	run->im->lines++;
	if (line->too_long) {
		note_bad(run, line->number, "longer than a line may be");
		return NULL;
	}
	if (run->csv)
		e = birth_csv_line(
		    &run->line_cx, &run->columns, line->text, &b);
	else
		e = birth_json_line(&run->line_cx, line->text, &b);
	if (e == NULL)
		e = read_unit(run, &b, &u);
	if (e != NULL) {
		note_bad(run, line->number, run->line_cx.reason);
		return NULL;
	}
	run->staged++;
	import_stage_unit(&run->rows, run->im->id, &u);
	return run->rows.n < SEND_BYTES ? NULL : send_rows(run);
}

/* Up to BATCH_LINES lines, within one COPY; *more is false at the end. */
static ERR_FN
copy_batch(struct run *run, bool *more)
{
	const struct err *e = NULL;
	struct line line;
	int n;

	for (n = 0; e == NULL && n < BATCH_LINES; n++) {
		arena_reset(run->line_cx.arena);
		e = next_line(run, &line, more);
		if (e != NULL || !*more)
			break;
		if (run->csv && !run->have_head)
			read_head(run, &line);
		else if (line.text.n > 0 || line.too_long)
			e = take_line(run, &line);
		if (run->bad_head)
			*more = false;
		if (!*more)
			break;
	}
	return e != NULL ? e : send_rows(run);
}

static ERR_FN
stage_batch(struct run *run, bool *more)
{
	const struct err *e;
	TX tx = { 0 };

	e = tx_begin(run->cx, &tx);
	if (e == NULL)
		e = tx_patience(&tx, BATCH_SECONDS);
	if (e == NULL)
		e = import_stage_begin(run->cx);
	if (e == NULL)
		e = copy_batch(run, more);
	if (e == NULL)
		e = import_stage_end(run->cx);
	if (e == NULL)
		e = import_progress(run->cx, run->im, run->pid);
	return e != NULL ? e : tx_commit(&tx);
}

/* Reads the whole file into staging. */
static ERR_FN
stage(struct run *run)
{
	AUTO_STRUCT(arena) *line_arena = arena_new(LIMIT_ARENA);
	AUTO_STRUCT(arena) *rows_arena = arena_new(LIMIT_ARENA);
	AUTO_STRUCT(lines) *lines = lines_new(LIMIT_IMPORT_LINE);
	const struct err *e = NULL;
	bool more = true;

	run->line_cx = *run->cx;
	run->line_cx.arena = line_arena;
	run->rows_arena = rows_arena;
	run->lines = lines;
	run->chunk = arena_alloc(run->cx->arena, READ_BYTES);
	buf_init(&run->rows, rows_arena, 4 * SEND_BYTES);
	while (e == NULL && more)
		e = stage_batch(run, &more);
	if (e == NULL && run->csv && !run->have_head) {
		run->bad_head = true;
		note_bad(run, 1, "there is no head row");
	}
	return e;
}

static ERR_FN
finish(struct run *run, const struct admin_caller *by)
{
	struct import *im = run->im;
	struct ctx *cx = run->cx;
	const struct err *e = import_finish(cx, im, run->pid, &run->errors);

	if (e != NULL)
		return e;
	return event_add(
	    cx, &(struct event){
		    .kind = strcmp(im->state, "done") == 0 ? "import.done"
							   : "import.failed",
		    .manufacturer_id = im->manufacturer_id,
		    .admin_token_id = by->token_id,
		    .detail = arena_printf(cx->arena,
			"%s: %" PRId64 " lines, %" PRId64 " added, %" PRId64
			" unchanged, %" PRId64 " bad",
			im->id, im->lines, im->added, im->unchanged, im->bad),
		});
}

/* Whether what was found wrong forbids to store the rest. */
static bool
is_refused(const struct run *run)
{
	return run->bad_head || (run->im->bad > 0 && !run->im->skip_bad);
}

/* All or nothing: judges and stores in one transaction, which is left
 * without commit where lines are bad and may not be skipped. */
static ERR_FN
store(struct run *run, const struct admin_caller *by)
{
	struct import *im = run->im;
	const struct err *e;
	TX tx = { 0 };

	e = tx_begin(run->cx, &tx);
	if (e == NULL)
		e = tx_patience(&tx, STORE_SECONDS);
	if (e == NULL)
		e = import_judge(run->cx, im, run->staged, &run->errors);
	if (e != NULL || is_refused(run))
		return e;
	e = import_store(run->cx, im);
	if (e != NULL)
		return e;
	im->state = "done";
	e = finish(run, by);
	return e != NULL ? e : tx_commit(&tx);
}

static ERR_FN
record_refusal(struct run *run, const struct admin_caller *by)
{
	const struct err *e;
	TX tx = { 0 };

	run->im->state = "failed";
	run->im->unchanged = 0;
	e = tx_begin(run->cx, &tx);
	if (e == NULL)
		e = finish(run, by);
	return e != NULL ? e : tx_commit(&tx);
}

static ERR_FN
start(struct ctx *cx, const struct import *im)
{
	const struct err *e;
	TX tx = { 0 };

	e = tx_begin(cx, &tx);
	if (e == NULL)
		e = import_start(cx, im);
	return e != NULL ? e : tx_commit(&tx);
}

/* With the lock held. */
static ERR_FN
run_locked(struct run *run, const struct admin_caller *by)
{
	struct import *im = run->im;
	const struct err *e;

	im->state = "staging";
	e = start(run->cx, im);
	if (e == NULL)
		e = stage(run);
	im->state = "storing";
	if (e == NULL)
		e = import_progress(run->cx, im, run->pid);
	if (e == NULL)
		e = store(run, by);
	if (e == NULL && is_refused(run))
		e = record_refusal(run, by);
	return e;
}

/* What the caller asks for, as a record; refuses what cannot be run. */
static ERR_FN
check_in(struct ctx *cx, const struct admin_caller *by,
    const struct import_in *in, struct import *im)
{
	struct manufacturer m;
	const struct err *e;

	if (!text_is_uuid(bytes_str(in->id)))
		return fail(cx, &ERR_IMPORT, "id: a UUID in lower case");
	if (in->manufacturer_id == NULL)
		return fail(cx, &ERR_IMPORT, "manufacturer: is missing");
	if (by->only_manufacturer != NULL &&
	    strcmp(by->only_manufacturer, in->manufacturer_id) != 0)
		return fail(cx, &ERR_ADMIN_SCOPE,
		    "this token imports births of %s alone",
		    by->only_manufacturer);
	if (in->skip_bad != NULL && strcmp(in->skip_bad, "yes") != 0 &&
	    strcmp(in->skip_bad, "no") != 0)
		return fail(cx, &ERR_IMPORT, "skip_bad: yes or no");
	e = manufacturer_get(cx, in->manufacturer_id, &m);
	if (e != NULL)
		return e;
	*im = (struct import){
		.id = in->id,
		.manufacturer_id = in->manufacturer_id,
		.token_id = by->token_id,
		.skip_bad = in->skip_bad != NULL && *in->skip_bad == 'y',
		.errors = "[]",
	};
	if (!digest_file(in->fd, im->body_sha256))
		return fail(cx, &ERR_INTERNAL, "import: the body is away");
	return NULL;
}

/* An import of this id that there is already; *done if it needs no work. */
static ERR_FN
check_earlier(
    struct ctx *cx, const struct import *im, struct import *out, bool *done)
{
	struct import old;
	const struct err *e;
	bool found;

	*done = false;
	e = import_find(cx, im->id, &found, &old);
	if (e != NULL || !found)
		return e;
	if (strcmp(old.manufacturer_id, im->manufacturer_id) != 0 ||
	    !bytes_eq(BYTES_OF(old.body_sha256), BYTES_OF(im->body_sha256)))
		return fail(cx, &ERR_IMPORT_ID, "%s was another file", im->id);
	*done = strcmp(old.state, "done") == 0;
	if (*done)
		*out = old;
	return NULL;
}

/* The lock, given back when the scope ends. */
struct hold {
	struct ctx *cx; /* NULL: not held */
};

static void
hold_end(struct hold *h)
{
	if (h->cx != NULL)
		import_unlock(h->cx);
}

const struct err *
import_run(struct ctx *cx, const struct admin_caller *by,
    const struct import_in *in, struct import *out)
{
	__attribute__((cleanup(hold_end))) struct hold hold = { NULL };
	struct run run = { .cx = cx, .fd = in->fd, .im = out };
	struct import im;
	const struct err *e;
	bool busy, done;

	run.csv = strcmp(in->content_type, "text/csv") == 0;
	e = check_in(cx, by, in, &im);
	if (e == NULL)
		e = check_earlier(cx, &im, out, &done);
	if (e != NULL || done)
		return e;
	e = import_lock(cx, &run.pid, &busy);
	if (e != NULL)
		return e;
	if (busy) {
		cx->retry_after = BUSY_RETRY;
		return fail(cx, &ERR_IMPORT_BUSY, "another import is running");
	}
	hold.cx = cx;
	/* It may have been done while we waited for nothing. */
	e = check_earlier(cx, &im, out, &done);
	if (e != NULL || done)
		return e;
	*out = im;
	return run_locked(&run, by);
}

const struct err *
import_status(struct ctx *cx, const struct admin_caller *by, const char *id,
    struct import *out)
{
	const struct err *e;
	bool found;

	if (!text_is_uuid(bytes_str(id)))
		return fail(cx, &ERR_NOT_FOUND, "no UUID in lower case");
	e = import_find(cx, id, &found, out);
	if (e != NULL)
		return e;
	if (!found ||
	    (by->only_manufacturer != NULL &&
		strcmp(by->only_manufacturer, out->manufacturer_id) != 0))
		return fail(cx, &ERR_NOT_FOUND, "no import %s", id);
	return NULL;
}
