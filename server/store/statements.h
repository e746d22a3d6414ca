/*
 * The statements that latchkeyd prepares on each of its connections: one
 * list a file of this folder.
 */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

#include "store/db.h"

extern const struct stmt *const *const store_statements[];

#endif
