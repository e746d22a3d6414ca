/*
 * "latchkeyd config": what the service would run with and where each value is
 * from, and the pages that are made from the table of settings.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>

#include "domain/settings.h"

/* Reads the settings of a file and of the environment; false after each fault
 * was said on stderr.  The caller has them released either way. */
bool
config_load(const char *path, struct settings *set, int from[CFG_KEYS_MAX]);

void config_release(struct settings *set);

/* The command line: its usage and every setting. */
int config_help(void);

/* Runs "latchkeyd config ..." for what follows that word; -1 for arguments
 * that it does not know. */
int config_command(int argc, char **argv);

#endif
