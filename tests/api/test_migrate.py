"""Migrations and daily housekeeping, with the migrator's role."""

import shutil
import subprocess

import pytest

from harness.http import Client
from harness.process import BUILD, REPO, until


@pytest.fixture
def empty(cluster):
    database = cluster.create()
    yield database
    database.drop()


def latchkey(database, *argv, role="migrator"):
    return subprocess.run([BUILD / "latchkey", *argv],
        env={"LATCHKEY_DB": database.conninfo(role), "PATH": "/usr/bin"},
        capture_output=True, text=True, timeout=120, cwd=REPO)


@pytest.fixture
def files(workdir):
    """A copy of the migrations, to be spoilt."""
    return shutil.copytree(REPO / "db/migrations", workdir / "migrations")


SHIPPED = sorted((int(p.name[:4]),) for p in
    (REPO / "db/migrations").glob("*.sql"))
NEXT = f"{len(SHIPPED) + 1:04}"
GAP = f"{len(SHIPPED) + 2:04}"


def applied(database):
    return database.query("SELECT version FROM schema_migration ORDER BY 1")


def test_migrating_again_changes_nothing(empty):
    for _ in range(2):
        done = latchkey(empty, "migrate")
        assert done.returncode == 0, done.stderr
    assert applied(empty) == SHIPPED
    assert applied(empty) == empty.query("SELECT version FROM "
        "schema_migration", role="service")


def test_an_applied_file_that_changed_is_refused(empty, files):
    assert latchkey(empty, "migrate", "--migrations", files).returncode == 0
    (first,) = files.glob("0001_*.sql")
    first.write_text(first.read_text() + "-- changed\n")
    done = latchkey(empty, "migrate", "--migrations", files)
    assert done.returncode != 0 and "changed" in done.stderr


def test_a_failing_file_leaves_nothing_of_itself(empty, files):
    (files / f"{NEXT}_bad.sql").write_text("CREATE TABLE half (x int);\n"
        "SELECT 1 / 0;\n")
    done = latchkey(empty, "migrate", "--migrations", files)
    assert done.returncode != 0 and f"{NEXT}_bad.sql" in done.stderr
    assert applied(empty) == SHIPPED
    assert empty.query("SELECT to_regclass('half')") == [(None,)]


@pytest.mark.parametrize("deadlocks, code", [(3, 0), (30, 1)])
def test_a_file_that_met_a_deadlock_is_tried_again(empty, files, deadlocks,
        code):
    """As with requests of a service that goes on meanwhile; a sequence is
    what no rollback takes back."""
    goes = f"SET LOCAL latchkey.works_from = {SHIPPED[-1][0]};\n"
    (files / f"{NEXT}_tries.sql").write_text(goes + "CREATE SEQUENCE tries;\n")
    (files / f"{GAP}_met.sql").write_text(goes + "CREATE TABLE met (x int);\n"
        f"DO $$ BEGIN IF nextval('tries') <= {deadlocks} THEN RAISE "
        "EXCEPTION 'met' USING ERRCODE = '40P01'; END IF; END $$;\n")
    done = latchkey(empty, "migrate", "--migrations", files)
    assert done.returncode == code, done.stderr
    assert empty.query("SELECT count(*) FROM pg_class WHERE relname = 'met'"
        ) == [(1 - code,)]
    assert empty.query("SELECT last_value FROM tries") == [
        (4 if code == 0 else 21,)]


@pytest.mark.parametrize("name", [f"{GAP}_gap.sql", "fix.sql", "0001_two.sql"])
def test_files_are_numbered_without_gaps(empty, files, name):
    (files / name).write_text("SELECT 1;\n")
    done = latchkey(empty, "migrate", "--migrations", files)
    assert done.returncode != 0 and "expected" in done.stderr
    assert empty.query("SELECT to_regclass('birth')") == [(None,)]


def test_a_schema_from_the_future_is_left_alone(empty, files):
    (files / f"{NEXT}_later.sql").write_text("CREATE TABLE later (x int);\n")
    latchkey(empty, "migrate", "--migrations", files)
    assert applied(empty) == SHIPPED + [(int(NEXT),)]
    done = latchkey(empty, "migrate")
    assert done.returncode != 0 and f"version {int(NEXT)}" in done.stderr


def test_maintaining_makes_a_week_ahead_and_clears_what_is_over(database):
    database.query("INSERT INTO guess VALUES "
        "('owner', 'x', now() - interval '2 days', 1), "
        "('owner', 'x', now(), 1)")
    database.query("INSERT INTO import_line (import_id, line) VALUES "
        "(gen_random_uuid(), 1)")
    database.query("DO $$ BEGIN EXECUTE format('DROP TABLE event_%s', "
        "to_char((now() AT TIME ZONE 'UTC')::date + 7, 'YYYYMMDD')); END $$")
    done = latchkey(database, "maintain")
    assert done.returncode == 0, done.stderr
    assert "made event_" in done.stdout and "guess" in done.stdout
    assert database.query("SELECT count(*) FROM guess") == [(1,)]
    assert database.query("SELECT count(*) FROM import_line") == [(0,)]
    assert database.query("SELECT partition_days_ahead() >= 7") == [(True,)]
    again = latchkey(database, "maintain")
    assert again.returncode == 0 and "made" not in again.stdout
    database.query("DO $$ DECLARE t text; BEGIN FOR t IN SELECT inhrelid::"
        "regclass FROM pg_inherits WHERE inhparent = 'event'::regclass "
        "LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END $$")
    assert database.query("SELECT partition_days_ahead()") == [(-1,)]


def test_the_services_role_cannot_migrate_nor_maintain(database, empty):
    assert latchkey(empty, "migrate", role="service").returncode != 0
    assert latchkey(database, "maintain", role="service").returncode != 0


def test_a_migration_says_which_programs_work_with_it(empty, files):
    oldest = SHIPPED[-1][0]
    (files / f"{NEXT}_later.sql").write_text(
        f"SET LOCAL latchkey.works_from = {oldest};\n"
        "CREATE TABLE later (x int);\n")
    (files / f"{GAP}_other.sql").write_text("CREATE TABLE other (x int);\n")
    # It then finds that it is not among them itself.
    latchkey(empty, "migrate", "--migrations", files)
    assert empty.query("SELECT works_from FROM schema_migration WHERE "
        "version > %s ORDER BY version", (oldest,)) == [(oldest,), (None,)]


def test_node_works_on_with_a_later_schema_that_says_so(stack, database):
    def schema(works_from):
        database.query("UPDATE schema_migration SET works_from = %s WHERE "
            "version = 9999", (works_from,))
        database.query("SELECT pg_terminate_backend(pid) FROM "
            "pg_stat_activity WHERE datname = current_database() AND "
            "pid <> pg_backend_pid()")

    def ready():
        return Client(stack).get("/readyz").status_code

    until(lambda: ready() == 200)
    database.query("INSERT INTO schema_migration (version, name, sha256) "
        "VALUES (9999, 'later', '')")
    schema(None)
    until(lambda: ready() == 503)
    assert "needs a program of version 9999" in stack.log()
    schema(SHIPPED[-1][0])
    until(lambda: ready() == 200)
