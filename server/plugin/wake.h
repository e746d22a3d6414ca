/*
 * Makes the broker's loop turn now.  Mosquitto 2.0 sleeps in epoll_wait for
 * up to 100 ms and calls the tick once a turn; it has no call that another
 * thread may use to wake it.  A signal does: epoll_wait ends with EINTR,
 * which the loop expects.  The signal is SIGURG, ignored by default and used
 * by nobody here, and it stays blocked on the broker's thread: the loop
 * alone unblocks it (it sets its own mask around epoll_wait), so nothing but
 * that sleep is ever interrupted.  One that comes just before the sleep is
 * lost, therefore it is repeated until the tick has answered; a broker that
 * never unblocks it only loses the haste.
 */
#ifndef PLUGIN_WAKE_H
#define PLUGIN_WAKE_H

#include "base/auto.h"

struct wake;

/* Called on the thread that is to be woken. */
struct wake *wake_new(void);
/* Called on the same thread; nobody asks any more. */
void wake_free(struct wake *w);
AUTO_STRUCT_DEFINE(wake, wake_free);

/* Asks for a turn of the loop; from any thread, without waiting. */
void wake_ask(struct wake *w);

/* The loop has turned: what was asked for until now is answered. */
void wake_answer(struct wake *w);

#endif
