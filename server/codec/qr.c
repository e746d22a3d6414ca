#include "codec/qr.h"

#include <qrencode.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/mem.h"

#define TEXT_MAX 200
#define QUIET 2
/* Each module is at most a run of its own: "M99 99h99v1h-99z". */
#define RUN_BYTES 20
#define BLOCK_BYTES 3 /* of a half block in UTF-8 */

AUTO_DEFINE(QRcode, QRcode_free);

static const struct err ERR_QR = { KIND_INVALID, "bad-qr",
	"The text is too long for a QR code." };

const struct err *
qr_encode(struct ctx *cx, const char *text, struct qr *out)
{
	size_t n = strlen(text), i, modules;
	AUTO(QRcode) *code = NULL;
	uint8_t *dark;

	if (n == 0 || n > TEXT_MAX)
		return fail(cx, &ERR_QR, "qr: text of %zu bytes", n);
	code = QRcode_encodeData(
	    (int)n, (const unsigned char *)text, 0, QR_ECLEVEL_M);
	must(code != NULL); /* any 200 bytes fit, so memory has run out */
	modules = (size_t)code->width * (size_t)code->width;
	dark = arena_alloc(cx->arena, modules);
	for (i = 0; i < modules; i++)
		dark[i] = code->data[i] & 1;
	*out = (struct qr){ code->width, dark };
	return NULL;
}

static bool
is_dark(const struct qr *qr, int64_t x, int64_t y)
{
	return x >= 0 && y >= 0 && x < qr->size && y < qr->size &&
	       qr->dark[y * qr->size + x] == 1;
}

const char *
qr_path(struct ctx *cx, const struct qr *qr)
{
	size_t max = (size_t)(qr->size * qr->size) * RUN_BYTES + 1;
	char *text = arena_alloc(cx->arena, max);
	int64_t x, y, n;
	size_t o = 0;

	for (y = 0; y < qr->size; y++)
		for (x = 0; x < qr->size; x += n) {
			for (n = 0; is_dark(qr, x + n, y); n++)
				;
			if (n > 0)
				o += (size_t)snprintf(text + o, max - o,
				    "M%d %dh%dv1h-%dz", (int)x, (int)y, (int)n,
				    (int)n);
			n += n == 0;
		}
	text[o] = '\0';
	return text;
}

const char *
qr_text(struct ctx *cx, const struct qr *qr)
{
	/* What is light is drawn: by upper half, then by lower. */
	static const char *const blocks[2][2] = { { "\u2588", "\u2580" },
		{ "\u2584", " " } };
	int64_t side = qr->size + 2 * QUIET, x, y;
	size_t max = (size_t)((side * BLOCK_BYTES + 1) * (side / 2 + 1)) + 1;
	char *text = arena_alloc(cx->arena, max);
	size_t o = 0;

	for (y = -QUIET; y < qr->size + QUIET; y += 2) {
		for (x = -QUIET; x < qr->size + QUIET; x++)
			o += (size_t)snprintf(text + o, max - o, "%s",
			    blocks[is_dark(qr, x, y)][is_dark(qr, x, y + 1)]);
		text[o++] = '\n';
	}
	text[o] = '\0';
	return text;
}
