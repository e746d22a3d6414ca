#include "plugin/wake.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <semaphore.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

#define SIGNAL SIGURG
#define AGAIN_MS 1
/* Then the loop's own turn is due, or it is busy. */
#define TRIES 100

struct wake {
	pthread_t thread, target;
	sem_t asks;
	atomic_bool asked, stop;
	struct sigaction before;
};

static void
nothing(int signal)
{
	(void)signal;
}

static void
signal_set(sigset_t *set)
{
	must(sigemptyset(set) == 0);
	must(sigaddset(set, SIGNAL) == 0);
}

static void *
run(void *arg)
{
	struct wake *w = arg;
	int i;

	for (;;) {
		while (sem_wait(&w->asks) != 0)
			must(errno == EINTR);
		if (atomic_load(&w->stop))
			return NULL;
		for (i = 0; i < TRIES && atomic_load(&w->asked); i++) {
			must(pthread_kill(w->target, SIGNAL) == 0);
			(void)poll(NULL, 0, AGAIN_MS);
		}
	}
}

struct wake *
wake_new(void)
{
	struct wake *w = mem_new(1, sizeof(*w));
	struct sigaction act = { .sa_handler = nothing,
		.sa_flags = SA_RESTART };
	sigset_t all, ours;

	w->target = pthread_self();
	must(sem_init(&w->asks, 0, 0) == 0);
	must(sigaction(SIGNAL, &act, &w->before) == 0);
	/* All others belong to the broker's own thread. */
	must(sigfillset(&all) == 0);
	must(pthread_sigmask(SIG_SETMASK, &all, &ours) == 0);
	must(pthread_create(&w->thread, NULL, run, w) == 0);
	must(sigaddset(&ours, SIGNAL) == 0);
	must(pthread_sigmask(SIG_SETMASK, &ours, NULL) == 0);
	return w;
}

void
wake_free(struct wake *w)
{
	static const struct timespec at_once = { 0, 0 };
	sigset_t ours;

	if (w == NULL)
		return;
	atomic_store(&w->asked, false);
	atomic_store(&w->stop, true);
	must(sem_post(&w->asks) == 0);
	must(pthread_join(w->thread, NULL) == 0);
	/* The handler goes with the library: none may be left pending. */
	signal_set(&ours);
	(void)sigtimedwait(&ours, NULL, &at_once);
	must(sigaction(SIGNAL, &w->before, NULL) == 0);
	must(pthread_sigmask(SIG_UNBLOCK, &ours, NULL) == 0);
	must(sem_destroy(&w->asks) == 0);
	mem_free(w);
}

void
wake_ask(struct wake *w)
{
	if (!atomic_exchange(&w->asked, true))
		must(sem_post(&w->asks) == 0);
}

void
wake_answer(struct wake *w)
{
	atomic_store(&w->asked, false);
}
