#include "pki/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"

#define PATH_BYTES 512
#define MAC_HEX (2 * MAC_BYTES)
#define LINES "journal"
#define MARK "journal-mark"
#define MARK_BYTES 256

AUTO_DEFINE(FILE, (void)fclose);

struct journal {
	pthread_mutex_t lock; /* of all below */
	char *dir;
	const struct mac_key *key;
	int fd;
	int64_t size, max; /* of one of the two files */
};

static void
path_of(const char *dir, const char *name, char out[PATH_BYTES])
{
	(void)snprintf(out, PATH_BYTES, "%.400s/%s", dir, name);
}

/* The MAC of a text in hex. */
static void
mac_hex(const struct mac_key *key, const char *purpose, struct bytes text,
    char out[MAC_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t mac[MAC_BYTES];
	size_t i;

	mac_compute(key, purpose, &text, 1, mac);
	for (i = 0; i < MAC_BYTES; i++) {
		out[2 * i] = digits[mac[i] >> 4];
		out[2 * i + 1] = digits[mac[i] & 15];
	}
	out[MAC_HEX] = '\0';
}

static bool
open_file(struct journal *j)
{
	char path[PATH_BYTES];
	struct stat st;

	path_of(j->dir, "journal", path);
	j->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (j->fd < 0 || fstat(j->fd, &st) != 0)
		return false;
	j->size = st.st_size;
	/* Ends the line that a crash may have left unfinished. */
	return j->size == 0 || write(j->fd, "\n", 1) == 1;
}

struct journal *
journal_open(const char *dir, const struct mac_key *key, int64_t max_bytes,
    char why[JOURNAL_WHY_BYTES])
{
	struct journal *j = mem_new(1, sizeof(*j));

	j->dir = mem_strdup(dir);
	j->key = key;
	j->max = max_bytes / 2;
	must(pthread_mutex_init(&j->lock, NULL) == 0);
	if (open_file(j))
		return j;
	(void)snprintf(why, JOURNAL_WHY_BYTES, "%.200s/journal: %s", dir,
	    strerrordesc_np(errno));
	journal_free(j);
	return NULL;
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->fd >= 0)
		(void)close(j->fd);
	must(pthread_mutex_destroy(&j->lock) == 0);
	mem_free(j->dir);
	mem_free(j);
}

/* The full file becomes the older one. */
static bool
turn_over(struct journal *j)
{
	char path[PATH_BYTES], older[PATH_BYTES];

	path_of(j->dir, "journal", path);
	path_of(j->dir, "journal.1", older);
	if (fdatasync(j->fd) != 0 || rename(path, older) != 0)
		return false;
	(void)close(j->fd);
	return open_file(j);
}

static bool
add_locked(struct journal *j, struct iovec text[2], ssize_t n)
{
	if (j->size > 0 && j->size + n > j->max && !turn_over(j))
		return false;
	if (writev(j->fd, text, 2) != n)
		return false;
	j->size += n;
	return true;
}

bool
journal_add(struct journal *j, const char *line)
{
	char mac[MAC_HEX + 1], text[JOURNAL_LINE_BYTES + 1];
	struct iovec parts[2] = { { mac, MAC_HEX + 1 }, { text, 0 } };
	size_t n = strlen(line);
	bool ok;

	must(memchr(line, '\n', n) == NULL);
	if (n >= sizeof(text)) {
		errno = EMSGSIZE;
		return false;
	}
	/* All workers wait for this lock: only the write is within. */
	mac_hex(j->key, LINES, (struct bytes){ (const uint8_t *)line, n }, mac);
	mac[MAC_HEX] = ' ';
	memcpy(text, line, n);
	text[n] = '\n';
	parts[1].iov_len = n + 1;
	must(pthread_mutex_lock(&j->lock) == 0);
	ok = add_locked(j, parts, (ssize_t)(MAC_HEX + 1 + n + 1));
	must(pthread_mutex_unlock(&j->lock) == 0);
	return ok;
}

bool
journal_sync(struct journal *j)
{
	bool ok;
	int fd;

	/* What turns over meanwhile is synced by that; nobody waits. */
	must(pthread_mutex_lock(&j->lock) == 0);
	fd = fcntl(j->fd, F_DUPFD_CLOEXEC, 0);
	must(pthread_mutex_unlock(&j->lock) == 0);
	ok = fd >= 0 && fdatasync(fd) == 0;
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

/* "MAC TEXT": the text, or NULL if the MAC is another. */
static const char *
checked(const struct mac_key *key, const char *purpose, const char *line)
{
	char mac[MAC_HEX + 1];

	if (strlen(line) < MAC_HEX + 1 || line[MAC_HEX] != ' ')
		return NULL;
	mac_hex(key, purpose, bytes_str(line + MAC_HEX + 1), mac);
	if (!bytes_eq((struct bytes){ (const uint8_t *)line, MAC_HEX },
		(struct bytes){ (const uint8_t *)mac, MAC_HEX }))
		return NULL;
	return line + MAC_HEX + 1;
}

static bool
read_lines(FILE *f, const struct mac_key *key, struct journal_reader *r)
{
	char line[JOURNAL_LINE_BYTES + MAC_HEX + 3];

	while (fgets(line, sizeof(line), f) != NULL) {
		const char *text;

		line[strcspn(line, "\n")] = '\0';
		if (*line == '\0')
			continue;
		text = checked(key, LINES, line);
		if (text == NULL)
			r->bad++;
		else if (!r->fn(r->arg, text))
			return true;
	}
	return ferror(f) == 0;
}

bool
journal_read(const char *dir, const struct mac_key *key,
    struct journal_reader *r, char why[JOURNAL_WHY_BYTES])
{
	static const char *const names[] = { "journal.1", "journal" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		AUTO(FILE) *f = NULL;
		char path[PATH_BYTES];

		path_of(dir, names[i], path);
		f = fopen(path, "re");
		if (f == NULL && errno == ENOENT)
			continue;
		if (f == NULL || !read_lines(f, key, r)) {
			(void)snprintf(why, JOURNAL_WHY_BYTES, "%.200s: %s",
			    path, strerrordesc_np(errno));
			return false;
		}
	}
	return true;
}

static bool
write_whole(const char *path, const char *text)
{
	size_t n = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, n) == (ssize_t)n && fdatasync(fd) == 0;
	return close(fd) == 0 && ok;
}

bool
journal_put_mark(
    const char *dir, const struct mac_key *key, const struct journal_mark *mark)
{
	char path[PATH_BYTES], temp[PATH_BYTES], mac[MAC_HEX + 1];
	char hex[2 * sizeof(mark->sha256) + 1];
	char line[MARK_BYTES], text[MARK_BYTES + MAC_HEX + 2];
	size_t i;

	for (i = 0; i < sizeof(mark->sha256); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", mark->sha256[i]);
	(void)snprintf(line, sizeof(line), "%" PRId64 " %" PRId64 " %s",
	    mark->epoch, mark->position, hex);
	mac_hex(key, MARK, bytes_str(line), mac);
	(void)snprintf(text, sizeof(text), "%s %s", mac, line);
	path_of(dir, "mark", path);
	/* latchkey recover may write one beside a running node. */
	(void)snprintf(
	    temp, sizeof(temp), "%.400s/mark.%ld", dir, (long)getpid());
	return write_whole(temp, text) && rename(temp, path) == 0;
}

/* "EPOCH POSITION SHA256", as it was written above. */
static bool
read_mark(const char *text, struct journal_mark *out)
{
	unsigned int byte;
	int at = 0, used = 0;
	size_t i;

	if (sscanf(text, "%" SCNd64 " %" SCNd64 " %n", &out->epoch,
		&out->position, &at) != 2)
		return false;
	for (i = 0; i < sizeof(out->sha256); i++, at += used) {
		if (sscanf(text + at, "%2x%n", &byte, &used) != 1 || used != 2)
			return false;
		out->sha256[i] = (uint8_t)byte;
	}
	return text[at] == '\0';
}

bool
journal_get_mark(
    const char *dir, const struct mac_key *key, struct journal_mark *out)
{
	char path[PATH_BYTES], text[MARK_BYTES + MAC_HEX + 2];
	AUTO(FILE) *f = NULL;
	const char *line;
	size_t n;

	path_of(dir, "mark", path);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	line = checked(key, MARK, text);
	return line != NULL && read_mark(line, out);
}
