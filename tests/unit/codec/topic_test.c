#include "tests/unit/unit.h"

#include "codec/topic.h"

static void
the_corpus_is_judged_as_its_folders_say(void **state)
{
	(void)state;
	unit_corpus("topic", topic_filter_valid);
}

static void
names_hold_no_wildcards_or_controls(void **state)
{
	static const struct bytes good[] = { ROW("a"), ROW("/"), ROW("a/b"),
		ROW("a//b"), ROW("$SYS/x"), ROW(" "), ROW("\xc3\xa4"),
		ROW("\xc2\xa0") };
	static const struct bytes bad[] = { ROW(""), ROW("+"), ROW("#"),
		ROW("a/+"), ROW("a#"), ROW("a+b"), ROW("a\0b"), ROW("a\nb"),
		ROW("a\x7f"), ROW("\xc2\x80"), ROW("\xc2\x9f"), ROW("\xff"),
		ROW("\xc2"), ROW("\xed\xa0\x80") };
	uint8_t *p = arena_alloc(cx.arena, 65536);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		assert_true(topic_valid_publish(good[i]));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(topic_valid_publish(bad[i]));
	assert_false(topic_valid_publish(BYTES_NONE));
	memset(p, 'a', 65536);
	assert_true(topic_valid_publish((struct bytes){ p, 65535 }));
	assert_false(topic_valid_publish((struct bytes){ p, 65536 }));
}

/* MQTT 5.0 section 4.7.1. */
static void
wildcards_fill_whole_levels(void **state)
{
	static const struct bytes good[] = { ROW("#"), ROW("+"), ROW("a/#"),
		ROW("a/+/b"), ROW("+/+/#"), ROW("/#"), ROW("+/"), ROW("/+"),
		ROW("$SYS/#"), ROW("a//#") };
	static const struct bytes bad[] = { ROW(""), ROW("a#"), ROW("#/a"),
		ROW("a/#/b"), ROW("##"), ROW("a+"), ROW("+a/b"), ROW("a/++"),
		ROW("#/"), ROW("a/#b"), ROW("a/b+/c"), ROW("\xff/#"),
		ROW("a\0/#") };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		assert_true(topic_filter_valid(good[i]));
	for (i = 0; i < COUNT(bad); i++)
		assert_false(topic_filter_valid(bad[i]));
	assert_false(topic_filter_valid(BYTES_NONE));
}

/* SECURITY.md R8. */
static void
grants_stay_out_of_the_brokers_own(void **state)
{
	uint8_t p[LIMIT_TOPIC + 1];

	(void)state;
	assert_true(topic_grant_valid(LIT("devices/+/up/#")));
	assert_true(topic_grant_valid(LIT("a$b/#")));
	assert_false(topic_grant_valid(LIT("$SYS/#")));
	assert_false(topic_grant_valid(LIT("$share/g/a")));
	assert_false(topic_grant_valid(LIT("$CONTROL/x")));
	assert_false(topic_grant_valid(LIT("$")));
	assert_false(topic_grant_valid(LIT("")));
	memset(p, 'a', sizeof(p));
	assert_true(topic_grant_valid((struct bytes){ p, LIMIT_TOPIC }));
	assert_false(topic_grant_valid((struct bytes){ p, LIMIT_TOPIC + 1 }));
}

/* The examples of MQTT 5.0 sections 4.7.1 and 4.7.2, and the confinement of
 * devices. */
static void
filters_match_as_the_standard_says(void **state)
{
	static const struct {
		const char *filter, *topic;
		bool want;
	} rows[] = {
		{ "sport/tennis/player1/#", "sport/tennis/player1", true },
		{ "sport/tennis/player1/#", "sport/tennis/player1/r", true },
		{ "sport/tennis/player1/#", "sport/tennis/player1/s/w", true },
		{ "sport/#", "sport", true },
		{ "sport/#", "sports", false },
		{ "#", "a/b", true },
		{ "#", "/", true },
		{ "sport/tennis/+", "sport/tennis/player1", true },
		{ "sport/tennis/+", "sport/tennis/player1/r", false },
		{ "sport/+", "sport", false },
		{ "sport/+", "sport/", true },
		{ "+/+", "/finance", true },
		{ "/+", "/finance", true },
		{ "+", "/finance", false },
		{ "+", "a", true },
		{ "a/+/c", "a//c", true },
		{ "a", "a/", false },
		{ "a/", "a", false },
		{ "#", "$SYS/x", false },
		{ "+/monitor/Clients", "$SYS/monitor/Clients", false },
		{ "$SYS/#", "$SYS/x", true },
		{ "$SYS/#", "$SYS", true },
		{ "a/#", "a/$x", true },
		{ "a/+", "a/$x", true },
		{ "A", "a", false },
		{ "devices/1/up/#", "devices/1/up/t", true },
		{ "devices/1/up/#", "devices/1/upper", false },
		{ "devices/1/up/#", "devices/11/up/t", false },
		{ "devices/1/up/#", "devices/1/down/t", false },
		{ "devices/1/up/#", "/devices/1/up/t", false },
		{ "devices/1/up/#", "devices//1/up/t", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct bytes f = bytes_str(rows[i].filter);
		struct bytes t = bytes_str(rows[i].topic);

		if (topic_matches(f, t) != rows[i].want)
			print_error("%s %s\n", rows[i].filter, rows[i].topic);
		assert_int_equal(topic_matches(f, t), rows[i].want);
	}
}

static void
filters_are_confined(void **state)
{
	static const struct {
		const char *filter, *allowed;
		bool want;
	} rows[] = {
		{ "devices/1/down/#", "devices/1/down/#", true },
		{ "devices/1/down/+", "devices/1/down/#", true },
		{ "devices/1/down/a/+/#", "devices/1/down/#", true },
		{ "devices/1/down", "devices/1/down/#", true },
		{ "devices/1/+", "devices/1/down/#", false },
		{ "devices/+/down/#", "devices/1/down/#", false },
		{ "devices/1/#", "devices/1/down/#", false },
		{ "#", "devices/1/down/#", false },
		{ "+/1/down/#", "devices/1/down/#", false },
		{ "$share/g/devices/1/down/#", "devices/1/down/#", false },
		{ "devices/+/up/#", "devices/+/up/#", true },
		{ "devices/7/up/a", "devices/+/up/#", true },
		{ "devices/#", "devices/+/up/#", false },
		{ "#", "#", true },
		{ "+/#", "#", true },
		{ "a/#", "a/+", false },
		{ "a/+", "a/+", true },
		{ "a/b", "a/+", true },
		{ "a/", "a/+", true },
		{ "a", "a/+", false },
		{ "a/+/c", "a/b/c", false },
		{ "$SYS/#", "#", false },
		{ "$SYS/x", "+/x", false },
		{ "$SYS/x", "$SYS/#", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct bytes f = bytes_str(rows[i].filter);
		struct bytes a = bytes_str(rows[i].allowed);

		if (topic_filter_within(f, a) != rows[i].want)
			print_error("%s %s\n", rows[i].filter, rows[i].allowed);
		assert_int_equal(topic_filter_within(f, a), rows[i].want);
	}
}

/* All texts of one to depth levels from the given words. */
static size_t
enumerate(const char *const *words, size_t nwords, size_t depth,
    struct bytes *out, bool (*valid)(struct bytes))
{
	size_t n = 0, level, i, total = 1;

	for (level = 1; level <= depth; level++) {
		total *= nwords;
		for (i = 0; i < total; i++) {
			const char *s = words[i % nwords];
			size_t rest = i / nwords, j;

			for (j = 1; j < level; j++, rest /= nwords)
				s = arena_printf(
				    cx.arena, "%s/%s", s, words[rest % nwords]);
			if (valid(bytes_str(s)))
				out[n++] = bytes_str(s);
		}
	}
	return n;
}

static bool
any(struct bytes name)
{
	(void)name;
	return true;
}

/* Confinement is what the set of matched names says, tried on every pair of
 * filters of up to three levels and every name of up to four; the empty name
 * too, though nobody can publish to it. */
static void
confinement_agrees_with_matching(void **state)
{
	static const char *const filter_words[] = { "a", "", "$x", "+", "#" };
	static const char *const topic_words[] = { "a", "", "$x", "z" };
	static struct bytes filter[200], topic[400];
	size_t nf, nt, i, j, k;

	(void)state;
	nf = enumerate(
	    filter_words, COUNT(filter_words), 3, filter, topic_filter_valid);
	nt = enumerate(topic_words, COUNT(topic_words), 4, topic, any);
	for (i = 0; i < nf; i++) {
		for (j = 0; j < nf; j++) {
			bool inside = true;

			for (k = 0; k < nt && inside; k++)
				inside = !topic_matches(filter[i], topic[k]) ||
					 topic_matches(filter[j], topic[k]);
			/* As the header says. */
			if (bytes_eq(filter[i], LIT("#")) &&
			    bytes_eq(filter[j], LIT("+/#")))
				inside = false;
			if (topic_filter_within(filter[i], filter[j]) != inside)
				print_error("%s %s\n",
				    (const char *)filter[i].p,
				    (const char *)filter[j].p);
			assert_int_equal(
			    topic_filter_within(filter[i], filter[j]), inside);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(the_corpus_is_judged_as_its_folders_say),
		UNIT_TEST(names_hold_no_wildcards_or_controls),
		UNIT_TEST(wildcards_fill_whole_levels),
		UNIT_TEST(grants_stay_out_of_the_brokers_own),
		UNIT_TEST(filters_match_as_the_standard_says),
		UNIT_TEST(filters_are_confined),
		UNIT_TEST(confinement_agrees_with_matching),
	};

	return cmocka_run_group_tests_name("codec/topic", tests, NULL, NULL);
}
