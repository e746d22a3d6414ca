"""The feed as the broker follows it (SECURITY.md R1, R9): gone, back,
behind, and replaced by another."""

import signal
import time

import pytest

from broker.world import SOON, new_id
from harness.process import until


@pytest.mark.options(plugin_opt_stale_after=3600)
def test_postgres_away_keeps_sessions_and_what_is_refused(cluster, broker,
        connect, feed, issuer, leaf, device_id, observer):
    refused = new_id()
    gone = connect(issuer.device(refused), refused)
    feed.refuse(refused)
    gone.wait_end()
    live = connect(leaf, device_id)
    since = len(broker.log())
    cluster.stop(kill=True)
    try:
        broker.process.wait_log("event=feed.lost", since=since)
        live.publish(f"devices/{device_id}/up/a", "on")
        assert observer.next() == (f"devices/{device_id}/up/a", "on")
        assert connect(issuer.device(refused), refused).refused
        assert connect(leaf, f"{device_id}-1").connected
    finally:
        cluster.start()
    feed.refuse(device_id)
    live.wait_end()
    broker.process.wait_log("event=feed.back", since=since)
    assert connect(leaf, device_id).refused


@pytest.mark.options(plugin_opt_stale_after=2)
def test_r9_nobody_new_is_admitted_by_what_is_too_old(cluster, broker,
        connect, issuer, leaf, device_id, observer):
    """Who is connected stays, even through a reload."""
    def wait_for(outcome):
        end = time.monotonic() + 60
        other = new_id()
        while not getattr(connect(issuer.device(other), other), outcome):
            assert time.monotonic() < end, f"never {outcome}"
            time.sleep(0.3)

    cluster.stop(kill=True)
    try:
        wait_for("refused")
        assert "was not read for too long" in broker.log()
        broker.process.popen.send_signal(signal.SIGHUP)
        observer.publish("devices/x/down/a", "still here")
        assert observer.next() == ("devices/x/down/a", "still here")
    finally:
        cluster.start()
    wait_for("connected")


def test_notification_after_a_reconnect_still_wakes(broker, connect,
        database, feed, issuer):
    sessions = "FROM pg_stat_activity WHERE usename = 'latchkey_broker'"
    former = database.query(f"SELECT pid, pg_terminate_backend(pid) {sessions}")
    until(lambda: database.query(f"SELECT 1 {sessions} AND pid <> %s",
        (former[0][0],)))
    waited = []
    for _ in range(4):
        device_id = new_id()
        client = connect(issuer.device(device_id), device_id)
        feed.refuse(device_id)
        waited.append(client.wait_end())
    # By the clock alone, each after the first would take POLL_MS of
    # plugin/follow.c: two seconds.
    assert min(waited[1:]) < 1, waited


def test_new_epoch_is_read_from_its_start(broker, connect, database, feed,
        issuer, leaf, device_id):
    """After a recovery positions may begin anew under another epoch."""
    before, after = new_id(), new_id()
    feed.refuse(before)
    client = connect(issuer.device(after), after)
    database.query("UPDATE feed_head SET epoch = 2, position = 0")
    feed.refuse(after)
    client.wait_end()
    assert "event=feed.replaced" in broker.log()
    assert connect(issuer.device(before), before).refused
    assert connect(leaf, device_id).connected


def test_restored_feed_does_not_make_a_refusal_unseen(broker, connect,
        database, feed, issuer, leaf, device_id):
    """A backup without the last entries, which then went on differently to
    the same position, without a new epoch."""
    forgotten, later = new_id(), new_id()
    victim = connect(issuer.device(forgotten), forgotten)
    feed.refuse(forgotten)
    victim.wait_end()
    client = connect(issuer.device(later), later)
    connection = database.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM revocation")
        cursor.execute("UPDATE feed_head SET position = 0, "
            "sha256 = sha256('latchkey')")
        cursor.execute("INSERT INTO revocation (kind, device_id, reason) "
            "VALUES ('device', %s, 'test')", (later,))
    connection.close()
    client.wait_end()
    assert connect(issuer.device(forgotten), forgotten).refused
    assert connect(issuer.device(later), later).refused
    assert connect(leaf, device_id).connected


def test_expired_entries_are_not_loaded(make_broker, connect, database,
        issuer, leaf, device_id):
    database.query("INSERT INTO revocation (kind, serial, until, reason) "
        "VALUES ('certificate', %s, now() - interval '1 hour', 'test')",
        (leaf.serial,), role="service")
    broker = make_broker()
    assert connect(leaf, device_id, to=broker).connected


def test_entry_that_names_nothing_stops_no_other(broker, connect, database,
        feed, leaf, device_id):
    client = connect(leaf, device_id)
    database.query("INSERT INTO revocation (kind, reason) "
        "VALUES ('device', 'test')", role="service")
    feed.refuse(device_id)
    client.wait_end(SOON)
    assert "view.bad-entry" in broker.log()


def test_start_reads_a_long_feed_before_it_listens(make_broker, connect,
        database, feed, leaf, device_id):
    database.query("INSERT INTO revocation (kind, device_id, reason) "
        "SELECT 'device', gen_random_uuid(), 'test' "
        "FROM generate_series(1, 5200)", role="service")
    feed.refuse(device_id)
    broker = make_broker()
    assert connect(leaf, device_id, to=broker).refused
