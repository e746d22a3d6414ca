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

/*
 * A version 7 UUID in lower case text (RFC 9562, section 5.7): 48 bits of
 * milliseconds, then 74 random bits.  Rows made at about the same time then
 * stand together in an index, however many there are.
 */
void rng_uuid(char out[UUID_TEXT_BYTES]);

#endif
