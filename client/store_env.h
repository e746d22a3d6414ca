/*
 * The commands that work on the database itself: where it is, and the key of
 * keyed hashes, come from the environment.
 */
#ifndef CLIENT_STORE_ENV_H
#define CLIENT_STORE_ENV_H

#include "client/command.h"
#include "pki/mac.h"
#include "store/db.h"

/* A connection by LATCHKEY_DB, with the migrator's role, for one command, as
 * cli->cx.db. */
ERR_FN store_env_db(struct cli *cli, const struct stmt *const *const *lists);

/* The key of LATCHKEY_MAC_KEY, freed by the caller. */
ERR_FN store_env_mac(struct cli *cli, struct mac_key **out);

#endif
