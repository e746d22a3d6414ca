/*
 * The only source of randomness: the kernel's.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

#define UUID_TEXT_BYTES 37

/* Fills p with n random bytes; aborts if the kernel refuses. */
void rng_bytes(void *p, size_t n);

/* A random number below limit, without bias. */
uint32_t rng_below(uint32_t limit);

/* A random (version 4) UUID in lower case text, RFC 9562. */
void rng_uuid(char out[UUID_TEXT_BYTES]);

#endif
