/*
 * One line of an allowlist: what a maker says of a unit it made.  CSV with a
 * head row, or one JSON object a line (NDJSON); the columns and members have
 * the same names and texts:
 *
 *	model              slug of a registered model; the only one required
 *	serial             as in the birth certificate's subject
 *	key_sha256         SHA-256 of the birth key's SPKI, hex
 *	ueid               RFC 9711 section 4.2.1, hex
 *	ek_sha256          SHA-256 of its TPM's endorsement key (SPKI), hex
 *	dac_subject        subject of its Matter certificate, RFC 2253 text
 *	certificate        birth certificate, base64 of its DER
 *	batch, boot_test   text that the owner is shown
 *	made_at            RFC 3339 in UTC, or a date
 *	claim_code_sha256  SHA-256 of the printed claim code, hex
 *
 * One of serial, key_sha256, ueid, ek_sha256, dac_subject and certificate must
 * be there.  An empty CSV field is an absent one.  Refusals set cx->reason but
 *are not logged: the import reports them by line number.
 */
#ifndef CODEC_BIRTH_LINE_H
#define CODEC_BIRTH_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct ctx;

#define BIRTH_COLUMNS 11

/* Absent: NULL, 0 or no bytes.  All of it is in the arena or borrowed from
 * the line. */
struct birth_line {
	const char *model, *serial, *batch, *boot_test, *dac_subject;
	int64_t made_at;
	struct bytes key_sha256, claim_code_sha256, ek_sha256; /* 32 bytes */
	struct bytes ueid;        /* 7 to 33 bytes */
	struct bytes certificate; /* DER, not yet parsed */
};

/* Which of our columns stands at each place of a row. */
struct birth_columns {
	uint8_t column[BIRTH_COLUMNS];
	size_t n;
};

extern const struct err ERR_BAD_BIRTH; /* KIND_INVALID, "bad-birth" */

/* Reads the head row: known columns only, each once, model among them; a
 * byte order mark before it is skipped. */
ERR_FN
birth_csv_header(struct ctx *cx, struct bytes line, struct birth_columns *out);

/* Reads one row below that head. */
ERR_FN birth_csv_line(struct ctx *cx, const struct birth_columns *columns,
    struct bytes line, struct birth_line *out);

/* Reads one line of NDJSON. */
ERR_FN
birth_json_line(struct ctx *cx, struct bytes line, struct birth_line *out);

#endif
