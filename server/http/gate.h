/*
 * How fast new connections may come from one part of the network
 * (SECURITY.md H3): before anything is spent on a handshake, each is counted
 * against its address (an IPv6 site: its /64) and against the network around
 * it (IPv4 /24, IPv6 /48), which gets GATE_NETWORK times as much.  Each has a
 * bucket of tokens that fills at a steady rate.  The table has a fixed size;
 * when it is full, the bucket that is nearest to full is forgotten, so a
 * sender with many addresses gains nothing but its own forgetting.
 */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

#define GATE_NETWORK 4

struct gate;
struct sockaddr;

/* At most rate connections a second of one address in the long run, burst at
 * once; rate 0 lets all pass.  Threads may share it. */
struct gate *gate_new(int64_t rate, int64_t burst);
void gate_free(struct gate *g);
AUTO_STRUCT_DEFINE(gate, gate_free);

/* Counts one new connection at now (clock_mono_us); false: refuse it. */
bool gate_admit(struct gate *g, const struct sockaddr *from, int64_t now);

/* How many were refused since the last call. */
size_t gate_take_refused(struct gate *g);

#endif
