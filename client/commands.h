/*
 * The tables of commands, one per file cmd_*.c; main shows and runs them.
 */
#ifndef CLIENT_COMMANDS_H
#define CLIENT_COMMANDS_H

#include "client/command.h"

extern const struct command setup_commands[];
extern const struct command store_commands[];
extern const struct command operator_commands[];
extern const struct command token_commands[];
extern const struct command proposal_commands[];
extern const struct command health_commands[];
extern const struct command keys_commands[];
extern const struct command client_commands[];
extern const struct command owner_commands[];
extern const struct command import_commands[];
extern const struct command service_commands[];
extern const struct command bootstrap_commands[];
extern const struct command simulate_commands[];
extern const struct command demo_commands[];
extern const struct command registry_commands[];
extern const struct command policy_commands[];
extern const struct command trust_commands[];
extern const struct command inspect_commands[];
extern const struct command attest_commands[];
extern const struct command label_commands[];
extern const struct command device_commands[];
extern const struct command enrollment_commands[];
extern const struct command audit_commands[];
extern const struct command verify_commands[];
extern const struct command explain_commands[];
extern const struct command revoke_commands[];
extern const struct command set_commands[];
extern const struct command broker_commands[];
extern const struct command status_commands[];
extern const struct command drill_commands[];
extern const struct command recover_commands[];

#endif
