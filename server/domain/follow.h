/*
 * The thread that hears of what happened through other nodes: an owner's
 * decision, so that the device's next poll learns of it, notices that apps
 * wait for, a change of the labels, and what the feed refuses.  Within a second
 * by NOTIFY, within five by asking when a notification was lost.
 */
#ifndef DOMAIN_FOLLOW_H
#define DOMAIN_FOLLOW_H

struct follow;
struct svc;

struct follow *follow_start(const struct svc *svc, const char *conninfo);
/* Stops the thread and waits for its end. */
void follow_stop(struct follow *f);

#endif
