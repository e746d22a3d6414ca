/*
 * The thread that sweeps sets of units (domain/sets): it wakes with a new
 * one, or looks every few seconds, and takes one slice of the oldest open
 * set at a time, each its own transaction.
 */
#ifndef DOMAIN_SWEEPER_H
#define DOMAIN_SWEEPER_H

struct sweeper;
struct svc;

struct sweeper *sweeper_start(const struct svc *svc, const char *conninfo);
/* Stops the thread and waits for its end. */
void sweeper_stop(struct sweeper *w);

#endif
