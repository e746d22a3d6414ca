/*
 * A table of settings on paper: the help of a command, the commented example
 * file and the reference page, all made from its rows, so that none of them
 * can differ from what the program takes (base/cfg).
 */
#ifndef BASE_CFG_PRINT_H
#define BASE_CFG_PRINT_H

#include <stddef.h>
#include <stdio.h>

struct cfg_key;

/* Every key with its default, meaning and range in groups, 80 columns wide. */
void cfg_print_help(FILE *f, const struct cfg_key *keys, size_t n);

/* A file that could be used as it is: what has a default behind '#'. */
void cfg_print_example(FILE *f, const struct cfg_key *keys, size_t n);

/* Markdown: a heading for each group and each key. */
void cfg_print_reference(
    FILE *f, const struct cfg_key *keys, size_t n, const char *prefix);

#endif
