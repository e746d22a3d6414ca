/*
 * The static files for people (api/web), read once at start: what a request
 * can get is this list, so no path of a request ever meets the file system.
 */
#ifndef HTTP_PAGES_H
#define HTTP_PAGES_H

#include "base/auto.h"
#include "base/bytes.h"

#define PAGES_WHY_BYTES 256

struct page {
	const char *name; /* activate.html */
	const char *type; /* Content-Type */
	struct bytes body;
};

struct pages;

/* Every file of dir whose suffix is known (.html, .css, .svg, .js, .png);
 * NULL with the reason in why. */
struct pages *pages_load(const char *dir, char why[PAGES_WHY_BYTES]);
void pages_free(struct pages *ps);
AUTO_STRUCT_DEFINE(pages, pages_free);

/* Borrowed; NULL if there is none of that name. */
const struct page *pages_get(const struct pages *ps, const char *name);

#endif
