/*
 * The version of all programs, which are released together.
 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define LATCHKEY_VERSION "0.1.0"

#endif
