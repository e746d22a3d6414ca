/*
 * SHA-256 of a file that is too large to be held in memory.
 */
#ifndef PKI_DIGEST_FILE_H
#define PKI_DIGEST_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads fd from offset 0 to its end, without moving its position; false if
 * it cannot be read. */
bool digest_file(int fd, uint8_t out[32]);

#endif
