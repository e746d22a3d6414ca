/*
 * The live sessions, by the broker's client pointer, with the certificate
 * each was opened with.  A session is judged by one function, at each
 * message and in the sweep that follows a change of the view or a second of
 * the clock; the sweep names those that must be cut, in slices, because the
 * broker's one loop stands still meanwhile.
 */
#ifndef PLUGIN_SESSIONS_H
#define PLUGIN_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "plugin/decide.h"
#include "plugin/view.h"

/* <id> is 36 characters, a suffix up to 17, a service's name up to 63. */
#define SESSION_CLIENT_ID_BYTES 96

struct session {
	const void *client; /* never followed */
	char client_id[SESSION_CLIENT_ID_BYTES];
	struct who who;
	uint8_t serial[VIEW_ID_BYTES];
	int64_t not_before, not_after;
	bool quarantined; /* when it was opened */
};

/* Why the session must end, or NULL: refused, expired, or quarantined since
 * it was opened. */
const char *
session_over(const struct view *v, const struct session *s, int64_t now);

struct sessions;

struct sessions *sessions_new(void);
void sessions_free(struct sessions *s);
AUTO_STRUCT_DEFINE(sessions, sessions_free);

/* Records a session, in place of the one that this client had. */
void sessions_put(struct sessions *s, const struct session *in);
/* Whichever the client had is over; a client that has none is no matter. */
void sessions_remove(struct sessions *s, const void *client);
/* Borrowed until the next call that changes the table; NULL if none. */
const struct session *
sessions_get(const struct sessions *s, const void *client);
size_t sessions_count(const struct sessions *s);

/* Asks for a sweep over all sessions. */
void sessions_judge_all(struct sessions *s);

struct sweep {
	const struct view *view;
	int64_t now;
	size_t max_look, max_cut;
	/* Ends the session; the session may be removed meanwhile. */
	void (*cut)(void *arg, const struct session *s, const char *why);
	void *arg;
};

/* One slice of the sweep that was asked for; true once none is left.  A
 * session is removed from the table when it was cut. */
bool sessions_sweep(struct sessions *s, const struct sweep *sweep);

#endif
