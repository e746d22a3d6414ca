/*
 * QR codes (ISO/IEC 18004) of links, for another phone to read: encoded by
 * libqrencode, drawn as the path of an SVG or as text for a terminal.
 */
#ifndef CODEC_QR_H
#define CODEC_QR_H

#include <stdint.h>

#include "base/err.h"

struct ctx;

/* Modules on each side without the quiet zone, and row by row which are
 * dark (1). */
struct qr {
	int64_t size;
	const uint8_t *dark;
};

/* At error correction level M.  KIND_INVALID for text over 200 bytes. */
ERR_FN qr_encode(struct ctx *cx, const char *text, struct qr *out);

/* The "d" of a path of an SVG whose viewBox is "0 0 size size". */
const char *qr_path(struct ctx *cx, const struct qr *qr);

/* Lines of half blocks, two modules high each, with a quiet zone: light on
 * dark, as most terminals are. */
const char *qr_text(struct ctx *cx, const struct qr *qr);

#endif
