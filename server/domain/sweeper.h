/*
 * The task that sweeps sets of units (domain/sets): it wakes with a new
 * one, or looks every few seconds, and takes one slice of the oldest open
 * set at a time, each its own transaction.
 */
#ifndef DOMAIN_SWEEPER_H
#define DOMAIN_SWEEPER_H

#include "domain/task.h"

extern const struct task_kind SWEEPER;

#endif
