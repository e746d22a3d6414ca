#include "plugin/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

AUTO_DEFINE(FILE, (void)fclose);

static const char MAGIC[] = "latchkey-view-1\n";
#define MAGIC_BYTES (sizeof(MAGIC) - 1)
#define PURPOSE "broker-snapshot"

#define ENTRY_BYTES 25
#define MARK_BYTES 57
#define RECORD_MAX (256 * KIB)
#define ENTRIES_MAX ((RECORD_MAX - 1) / ENTRY_BYTES)
/* Beyond twice what it would be if made anew. */
#define SLACK (8 * (int64_t)MIB)

struct snapshot {
	char *path, *fresh; /* the file, and the one that is being made */
	const struct mac_key *key;
	int fd;          /* where records are added, or -1 */
	bool beginning;  /* fd is of the fresh file */
	bool failed;     /* and was reported */
	bool holds_more; /* than the present feed: never made anew */
	uint8_t mac[MAC_BYTES];
	int64_t size, useful; /* what of it says something, at least */
	uint8_t *record;
	size_t n;
};

struct snapshot *
snapshot_new(const char *path, const struct mac_key *key)
{
	struct snapshot *s = mem_new(1, sizeof(*s));
	size_t n = strlen(path) + sizeof(".new");

	s->path = mem_strdup(path);
	s->fresh = mem_new(1, n);
	(void)snprintf(s->fresh, n, "%s.new", path);
	s->key = key;
	s->fd = -1;
	s->record = mem_raw(RECORD_MAX);
	return s;
}

static void
close_file(struct snapshot *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
	s->beginning = false;
}

void
snapshot_free(struct snapshot *s)
{
	if (s == NULL)
		return;
	close_file(s);
	mem_free(s->path);
	mem_free(s->fresh);
	mem_free(s->record);
	mem_free(s);
}

/* The file before stays as it was; it is older than what is known. */
static void
give_up(struct snapshot *s, const char *what)
{
	if (!s->failed)
		LOG(NULL, "snapshot.failed", LOG_S("file", s->path),
		    LOG_S("step", what),
		    LOG_S("reason", strerrordesc_np(errno)));
	s->failed = true;
	if (s->beginning)
		(void)unlink(s->fresh);
	close_file(s);
}

void
snapshot_drop(struct snapshot *s)
{
	if (!s->beginning)
		return;
	(void)unlink(s->fresh);
	close_file(s);
}

/* ------------------------------------------------------------- records */

static void
put_byte(struct snapshot *s, uint8_t byte)
{
	must(s->n < RECORD_MAX);
	s->record[s->n++] = byte;
}

static void
put(struct snapshot *s, const void *p, size_t n)
{
	must(n <= RECORD_MAX - s->n);
	memcpy(s->record + s->n, p, n);
	s->n += n;
}

static void
put_int(struct snapshot *s, int64_t value)
{
	int shift;

	for (shift = 56; shift >= 0; shift -= 8)
		put_byte(s, (uint8_t)((uint64_t)value >> shift));
}

static int64_t
get_int(const uint8_t *p)
{
	uint64_t value = 0;
	int i;

	for (i = 0; i < 8; i++)
		value = value << 8 | p[i];
	return (int64_t)value;
}

static bool
write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t did = write(fd, p, n);

		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0)
			return false;
		p += did;
		n -= (size_t)did;
	}
	return true;
}

static void
next_mac(const struct snapshot *s, struct bytes payload, uint8_t out[MAC_BYTES])
{
	struct bytes parts[] = { BYTES_OF(s->mac), payload };

	mac_compute(s->key, PURPOSE, parts, 2, out);
}

/* What was put since the last one. */
static void
write_record(struct snapshot *s)
{
	struct bytes payload = { s->record, s->n };
	uint8_t head[4] = { 0, (uint8_t)(s->n >> 16), (uint8_t)(s->n >> 8),
		(uint8_t)s->n };
	uint8_t mac[MAC_BYTES];

	s->n = 0;
	if (s->fd < 0)
		return;
	next_mac(s, payload, mac);
	if (!write_all(s->fd, head, sizeof(head)) ||
	    !write_all(s->fd, payload.p, payload.n) ||
	    !write_all(s->fd, mac, sizeof(mac))) {
		give_up(s, "write");
		return;
	}
	memcpy(s->mac, mac, sizeof(mac));
	s->size += (int64_t)(sizeof(head) + payload.n + sizeof(mac));
}

/* ------------------------------------------------------------- reading */

static bool
take_entries(struct view *v, struct bytes in)
{
	if (in.n % ENTRY_BYTES != 0)
		return false;
	for (; in.n > 0; in.p += ENTRY_BYTES, in.n -= ENTRY_BYTES) {
		struct view_entry e = { .until = get_int(in.p + 17) };

		if (in.p[0] > VIEW_KNOWN || in.p[0] == VIEW_SERVICE ||
		    in.p[0] == VIEW_REMOVED || e.until < 0)
			return false;
		e.kind = (enum view_kind)in.p[0];
		memcpy(e.id, in.p + 1, sizeof(e.id));
		view_apply(v, &e);
	}
	return true;
}

static bool
take_text(struct bytes *in, const char **out)
{
	const uint8_t *end = in->n == 0 ? NULL : memchr(in->p, '\0', in->n);
	size_t n;

	if (end == NULL)
		return false;
	n = (size_t)(end - in->p) + 1;
	*out = (const char *)in->p;
	in->p += n;
	in->n -= n;
	return true;
}

static bool
take_service(struct view *v, struct bytes in)
{
	struct view_topic topics[2 * LIMIT_TOPICS + 1];
	const char *name, *text;
	bool withdrawn;
	size_t n = 0;

	if (in.n == 0)
		return false;
	withdrawn = in.p[0] != 0;
	in.p++;
	in.n--;
	if (!take_text(&in, &name))
		return false;
	if (!withdrawn)
		topics[n++] = (struct view_topic){ .service = name };
	while (in.n > 0) {
		if (!take_text(&in, &text) || (*text != '>' && *text != '<') ||
		    n == sizeof(topics) / sizeof(topics[0]))
			return false;
		topics[n++] = (struct view_topic){
			.service = name,
			.topic = text + 1,
			.publish = *text == '>',
		};
	}
	view_put_service(v, service_new(name, topics, n));
	return true;
}

static bool
take_mark(struct snapshot_head *head, struct bytes in)
{
	if (in.n != MARK_BYTES - 1)
		return false;
	head->mark.epoch = get_int(in.p);
	head->mark.position = get_int(in.p + 8);
	memcpy(head->mark.sha256, in.p + 16, 32);
	head->read_at = get_int(in.p + 48);
	return head->mark.epoch > 0;
}

static bool
take_record(struct snapshot *s, struct view *v, struct snapshot_head *head)
{
	struct bytes in = { s->record + 1, s->n - 1 };

	switch (s->record[0]) {
	case 'E':
		return take_entries(v, in);
	case 'S':
		return take_service(v, in);
	case 'M':
		return take_mark(head, in);
	case 'R':
		view_keep_refusals(v);
		s->holds_more = true;
		return in.n == 0;
	default:
		return false;
	}
}

/* The next record that is whole; what was cut off at the end is none.
 * False if it is not what was written. */
static bool
read_record(struct snapshot *s, FILE *f, bool *end)
{
	uint8_t head[4], mac[MAC_BYTES], want[MAC_BYTES];

	s->n = 0;
	*end = fread(head, 1, sizeof(head), f) != sizeof(head);
	if (*end)
		return true;
	s->n = (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (head[0] != 0 || s->n == 0 || s->n > RECORD_MAX)
		return false;
	*end = fread(s->record, 1, s->n, f) != s->n ||
	       fread(mac, 1, sizeof(mac), f) != sizeof(mac);
	if (*end)
		return true;
	next_mac(s, (struct bytes){ s->record, s->n }, want);
	if (!bytes_eq(BYTES_OF(mac), BYTES_OF(want)))
		return false;
	memcpy(s->mac, mac, sizeof(mac));
	s->size += (int64_t)(sizeof(head) + s->n + sizeof(mac));
	return true;
}

static void
start_chain(struct snapshot *s)
{
	struct bytes magic = { (const uint8_t *)MAGIC, MAGIC_BYTES };

	mac_compute(s->key, PURPOSE, &magic, 1, s->mac);
	s->size = (int64_t)MAGIC_BYTES;
	s->n = 0;
}

static bool
read_records(
    struct snapshot *s, FILE *f, struct view *v, struct snapshot_head *head)
{
	char magic[MAGIC_BYTES];
	bool end = false;

	start_chain(s);
	if (fread(magic, 1, sizeof(magic), f) != sizeof(magic) ||
	    strncmp(magic, MAGIC, sizeof(magic)) != 0)
		return false;
	for (;;) {
		if (!read_record(s, f, &end))
			return false;
		if (end)
			break;
		if (!take_record(s, v, head))
			return false;
	}
	s->n = 0;
	return head->mark.epoch > 0; /* it has a mark */
}

/* Kept for whoever looks into it, and out of the way of the next. */
static void
put_aside(struct snapshot *s)
{
	char bad[FILE_WHY_BYTES];

	LOG(NULL, "snapshot.bad", LOG_S("file", s->path));
	(void)snprintf(bad, sizeof(bad), "%s.bad", s->path);
	(void)rename(s->path, bad);
}

enum snapshot_found
snapshot_read(struct snapshot *s, struct view *v, struct snapshot_head *out)
{
	AUTO(FILE) *f = fopen(s->path, "re");

	*out = (struct snapshot_head){ .read_at = 0 };
	if (f == NULL)
		return SNAPSHOT_NONE;
	if (!read_records(s, f, v, out)) {
		put_aside(s);
		return SNAPSHOT_BAD;
	}
	s->useful = (int64_t)(view_count(v) * ENTRY_BYTES);
	s->fd = open(s->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (s->fd < 0 || ftruncate(s->fd, s->size) != 0)
		give_up(s, "open");
	return SNAPSHOT_READ;
}

/* ------------------------------------------------------------- writing */

/* A new file, of nothing. */
static void
make_file(struct snapshot *s)
{
	close_file(s);
	(void)unlink(s->fresh);
	s->fd = open(s->fresh,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	s->beginning = s->fd >= 0;
	start_chain(s);
	s->useful = 0;
	if (s->fd < 0 || !write_all(s->fd, (const uint8_t *)MAGIC, MAGIC_BYTES))
		give_up(s, "create");
}

/* Whether the file can be added to, read again if need be. */
static bool
is_open(struct snapshot *s)
{
	AUTO_STRUCT(view) *v = view_new();
	struct snapshot_head head;

	return s->fd >= 0 || snapshot_read(s, v, &head) == SNAPSHOT_READ;
}

void
snapshot_begin(struct snapshot *s)
{
	snapshot_drop(s);
	if (s->holds_more && is_open(s))
		snapshot_replaced(s);
	else
		make_file(s);
}

void
snapshot_entries(struct snapshot *s, const struct view_entry *entries, size_t n)
{
	size_t i;

	must(n <= ENTRIES_MAX);
	put_byte(s, 'E');
	for (i = 0; i < n; i++) {
		if (entries[i].kind == VIEW_SERVICE ||
		    entries[i].kind == VIEW_REMOVED)
			continue;
		put_byte(s, (uint8_t)entries[i].kind);
		put(s, entries[i].id, sizeof(entries[i].id));
		put_int(s, entries[i].until);
	}
	if (s->beginning)
		s->useful += (int64_t)s->n;
	write_record(s);
}

static void
put_topics(struct snapshot *s, uint8_t direction, char *const *topics)
{
	for (; *topics != NULL; topics++) {
		put_byte(s, direction);
		put(s, *topics, strlen(*topics) + 1);
	}
}

void
snapshot_service(struct snapshot *s, const struct service *service)
{
	put_byte(s, 'S');
	put_byte(s, service->withdrawn);
	put(s, service->name, strlen(service->name) + 1);
	put_topics(s, '>', service->publish);
	put_topics(s, '<', service->subscribe);
	write_record(s);
}

void
snapshot_replaced(struct snapshot *s)
{
	put_byte(s, 'R');
	write_record(s);
	s->holds_more = true;
}

/* The directory, too: the new name has to be there after a crash. */
static bool
take_place(struct snapshot *s)
{
	const char *slash = strrchr(s->path, '/');
	char dir[FILE_WHY_BYTES];
	int fd;
	bool ok;

	if (rename(s->fresh, s->path) != 0)
		return false;
	s->beginning = false;
	(void)snprintf(dir, sizeof(dir), "%.*s",
	    slash == NULL ? 1 : (int)(slash - s->path) + 1,
	    slash == NULL ? "." : s->path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

void
snapshot_mark(struct snapshot *s, const struct snapshot_head *head)
{
	put_byte(s, 'M');
	put_int(s, head->mark.epoch);
	put_int(s, head->mark.position);
	put(s, head->mark.sha256, sizeof(head->mark.sha256));
	put_int(s, head->read_at);
	write_record(s);
	if (s->fd < 0)
		return;
	if (fdatasync(s->fd) != 0) {
		give_up(s, "sync");
		return;
	}
	if (s->beginning && !take_place(s)) {
		give_up(s, "rename");
		return;
	}
	if (s->failed)
		LOG(NULL, "snapshot.back", LOG_S("file", s->path));
	s->failed = false;
}

bool
snapshot_wants_all(const struct snapshot *s)
{
	return s->fd < 0 || (!s->holds_more && s->size > 2 * s->useful + SLACK);
}

bool
snapshot_is_kept(const struct snapshot *s)
{
	return s->fd >= 0 && !s->failed;
}
