"""What the broker knows of the feed, on its own disk: loaded when it starts
without Postgres (SECURITY.md R9), and never believed beyond its age."""

import resource
import shutil
import time

import pytest

from broker.world import SOON, new_id
from harness.process import until

MARGIN = 3600  # seconds: nothing here depends on how fast the machine is


@pytest.fixture
def world(make_broker, cluster, feed, settle, issuer, connect, broker):
    """A broker that knew of one refused device when Postgres stopped, and a
    way to start it again without."""
    class World:
        refused, innocent = new_id(), new_id()
        snapshot = broker.dir / "view.snapshot"

        def away(self, **options):
            feed.refuse(self.refused)
            settle()
            broker.stop()  # after a mark: it was on disk before the cut
            cluster.stop(kill=True)
            broker.options.update(options)

        def start(self):
            broker.start()

        def admitted(self, device_id):
            client = connect(issuer.device(device_id), device_id)
            assert client.connected or client.refused
            return client.connected

    yield World()
    cluster.start()


def wait_mark(broker):
    """Until what settle() did is on disk: each change moves the file."""
    path = broker.dir / "view.snapshot"
    until(lambda: path.exists() and path.stat().st_size > 300)


def test_snapshot_is_the_owner_s_alone(broker, settle):
    settle()
    wait_mark(broker)
    for name in ("view.snapshot", "view.snapshot.key"):
        assert (broker.dir / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.options(plugin_opt_stale_after=MARGIN)
def test_start_without_postgres_admits_by_the_snapshot(world, broker, feed,
        cluster, connect, issuer):
    world.away()
    world.start()
    assert not world.admitted(world.refused)
    assert world.admitted(world.innocent)
    live = connect(issuer.device(world.innocent), f"{world.innocent}-1")
    since = len(broker.log())
    cluster.start()
    # It reads on from where it was: no second reading of the whole.
    feed.refuse(world.innocent)
    live.wait_end()
    assert "event=feed.loaded" not in broker.log()[since:]


def test_r9_snapshot_that_is_too_old_admits_nobody(world, broker):
    world.away(plugin_opt_stale_after=1)
    time.sleep(2)  # that it is older is what this is about
    world.start()
    assert "event=snapshot.read" in broker.log()
    assert not world.admitted(world.innocent)
    assert "was not read for too long" in broker.log()


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.options(plugin_opt_stale_after=MARGIN)
@pytest.mark.parametrize("how", ["garbled", "gone", "no key", "empty"])
def test_r9_without_a_good_snapshot_nobody_is_admitted(world, broker, cluster,
        how):
    world.away()
    if how == "garbled":
        damage(world.snapshot)
    elif how == "empty":
        world.snapshot.write_bytes(b"")
    else:
        (world.snapshot if how == "gone"
            else broker.dir / "view.snapshot.key").unlink()
    world.start()
    assert not world.admitted(world.innocent)
    if how != "gone":
        assert "event=snapshot.bad" in broker.log()
    cluster.start()
    until(lambda: world.admitted(world.innocent), SOON)
    assert not world.admitted(world.refused)


@pytest.mark.options(plugin_opt_stale_after=MARGIN)
def test_older_snapshot_is_read_on_from_where_it_was(world, broker, feed,
        settle, connect, issuer):
    """It is as good as its age says; what it misses comes with the feed."""
    settle()
    wait_mark(broker)
    shutil.copy(world.snapshot, broker.dir / "older")
    feed.refuse(world.refused)
    settle()
    broker.stop()
    shutil.move(broker.dir / "older", world.snapshot)
    world.start()  # which waits for the feed: it can be read
    assert not world.admitted(world.refused)
    assert world.admitted(world.innocent)


@pytest.mark.options(plugin_opt_stale_after=MARGIN)
def test_snapshot_of_another_epoch_keeps_its_refusals(world, broker, database,
        feed, settle, connect, issuer):
    feed.refuse(world.refused)
    settle()
    broker.stop()
    connection = database.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM revocation")
        cursor.execute("UPDATE feed_head SET epoch = 2, position = 0, "
            "sha256 = sha256('latchkey')")
    connection.close()
    for _ in range(2):  # and what is on disk by then does, too
        world.start()
        broker.process.wait_log("event=feed.replaced" if _ == 0
            else "event=snapshot.read")
        client = connect(issuer.device(world.innocent), world.innocent)
        assert client.connected
        until(lambda: not world.admitted(world.refused), SOON)
        settle()
        broker.stop()
    world.start()


def test_disk_full_under_the_snapshot_stops_no_cut(broker, database, connect,
        feed, issuer, leaf, device_id):
    """Files of this process may not grow beyond what the log needs."""
    client = connect(leaf, device_id)
    assert client.connected
    limits = resource.prlimit(broker.process.popen.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(broker.process.popen.pid, resource.RLIMIT_FSIZE,
        (1 << 17, limits[1]))
    database.query("INSERT INTO revocation (kind, device_id, reason) "
        "SELECT 'device', gen_random_uuid(), 'test' "
        "FROM generate_series(1, 5500)", role="service")
    broker.process.wait_log("event=snapshot.failed")
    feed.refuse(device_id)
    client.wait_end()
    assert connect(leaf, device_id).refused
    resource.prlimit(broker.process.popen.pid, resource.RLIMIT_FSIZE, limits)
    broker.process.wait_log("event=snapshot.back")


@pytest.mark.options(plugin_opt_stale_after=MARGIN)
def test_clock_that_was_set_back_admits_nobody_until_all_is_read_again(world,
        broker, cluster, connect, issuer):
    """What had expired by it and was dropped counts again; and by such a
    clock nobody knows how old a snapshot is."""
    broker.stop()
    broker.set_clock(0)
    world.start()
    assert world.admitted(world.innocent)
    since = len(broker.log())
    broker.set_clock(-200)
    broker.process.wait_log("event=clock.back", since=since)
    broker.process.wait_log("event=feed.loaded", since=since)
    until(lambda: world.admitted(world.innocent), SOON)
    broker.set_clock(0)
    world.away()
    broker.set_clock(-200)
    world.start()
    assert "event=snapshot.read" in broker.log()
    assert not world.admitted(world.innocent)
    assert not world.admitted(world.refused)
