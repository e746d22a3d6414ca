/*
 * The route table as JSON, for "latchkeyd routes" and for the test that
 * holds it against api/openapi.yaml.
 */
#ifndef HTTP_CATALOG_H
#define HTTP_CATALOG_H

#include <stdio.h>

/* Prints every row; 0, the exit status. */
int catalog_print(FILE *f);

#endif
