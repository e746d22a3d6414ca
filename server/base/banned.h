/*
 * Forced into every translation unit by the Makefile (-include): functions
 * that invite overflow, locale or thread surprises do not compile.  Memory
 * and time are further restricted outside base/ by tests/lint/banned.sh,
 * because library headers use those names themselves, as OpenSSL's do rand.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Macros under _FORTIFY_SOURCE with clang, which could not be poisoned. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat strtok sprintf vsprintf gets
#pragma GCC poison gmtime localtime asctime ctime atoi atol atof
#pragma GCC poison system popen tmpnam mktemp

#endif
