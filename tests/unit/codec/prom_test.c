#include "codec/prom.h"

#include "tests/unit/unit.h"

static struct buf b;

static void
says(const char *text)
{
	struct bytes got;

	assert_true(buf_bytes(&b, &got));
	assert_string_equal(bytes_to_str(cx.arena, got), text);
	buf_init(&b, cx.arena, 4096);
}

static void
samples_have_labels_and_values(void **state)
{
	(void)state;
	buf_init(&b, cx.arena, 4096);
	prom_gauge(&b, "x_depth", "How deep.", -3);
	says("# HELP x_depth How deep.\n# TYPE x_depth gauge\nx_depth -3\n");
	prom_sample(&b, "x",
	    (struct prom_labels){
		.v = { { "a", "1" }, { "b", "" }, { "c", "z" } } },
	    7);
	says("x{a=\"1\",b=\"\",c=\"z\"} 7\n");
	prom_sample_us(&b, "x_seconds", PROM_NONE, 1500000);
	says("x_seconds 1.500000\n");
}

/* What a value holds cannot end it, its line, or begin another sample. */
static void
values_are_escaped(void **state)
{
	(void)state;
	buf_init(&b, cx.arena, 4096);
	prom_sample(&b, "x", PROM_ONE("a", "\"} 1\nx{a=\"\\"), 7);
	says("x{a=\"\\\"} 1\\nx{a=\\\"\\\\\"} 7\n");
	prom_sample(&b, "x", PROM_ONE("a", "\n"), 7);
	says("x{a=\"\\n\"} 7\n");
}

static void
buckets_add_up_to_the_count(void **state)
{
	struct timing t = { 0 };

	(void)state;
	buf_init(&b, cx.arena, 4096);
	timing_add(&t, 2000);
	timing_add(&t, 3000);
	timing_add(&t, 60000000);
	prom_timing(&b, "x", PROM_ONE("a", "1"), &t);
	says("x_bucket{a=\"1\",le=\"0.001\"} 0\n"
	     "x_bucket{a=\"1\",le=\"0.0025\"} 1\n"
	     "x_bucket{a=\"1\",le=\"0.005\"} 2\n"
	     "x_bucket{a=\"1\",le=\"0.01\"} 2\n"
	     "x_bucket{a=\"1\",le=\"0.025\"} 2\n"
	     "x_bucket{a=\"1\",le=\"0.05\"} 2\n"
	     "x_bucket{a=\"1\",le=\"0.1\"} 2\n"
	     "x_bucket{a=\"1\",le=\"0.25\"} 2\n"
	     "x_bucket{a=\"1\",le=\"0.5\"} 2\n"
	     "x_bucket{a=\"1\",le=\"1\"} 2\n"
	     "x_bucket{a=\"1\",le=\"2.5\"} 2\n"
	     "x_bucket{a=\"1\",le=\"5\"} 2\n"
	     "x_bucket{a=\"1\",le=\"10\"} 2\n"
	     "x_bucket{a=\"1\",le=\"+Inf\"} 3\n"
	     "x_sum{a=\"1\"} 60.005000\nx_count{a=\"1\"} 3\n");
	prom_timing(&b, "x", PROM_NONE, &(struct timing){ 0 });
	assert_true(b.n > 0 && !b.overflow);
}

static void
a_tally_is_a_counter_by_its_words(void **state)
{
	static const char *const two[2] = { "format", "reason" };
	static const char *const one[2] = { "code", NULL };
	AUTO_STRUCT(tally) *t = tally_new(1);

	(void)state;
	buf_init(&b, cx.arena, 4096);
	tally_add(t, "x509", "accepted");
	tally_add(t, "psa", "accepted");
	prom_tally(&b, "n_total", "N.", two, t);
	says("# HELP n_total N.\n# TYPE n_total counter\n"
	     "n_total{format=\"x509\",reason=\"accepted\"} 1\n"
	     "n_total{format=\"other\",reason=\"other\"} 1\n");
	prom_tally(&b, "n_total", "N.", one, t);
	says("# HELP n_total N.\n# TYPE n_total counter\n"
	     "n_total{code=\"x509\"} 1\nn_total{code=\"other\"} 1\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(samples_have_labels_and_values),
		UNIT_TEST(values_are_escaped),
		UNIT_TEST(buckets_add_up_to_the_count),
		UNIT_TEST(a_tally_is_a_counter_by_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
