"""Sessions that end because somebody said so (SECURITY.md R5, R8): cut on
the broker's next tick, without a will, and what was queued is not read."""

import signal
import time

import psycopg2
import pytest

from broker.world import SOON, new_id, will_after

TICK = 10  # seconds: NOTIFY, a read and a tick, on a loaded machine


@pytest.fixture
def device(connect, leaf, device_id):
    client = connect(leaf, device_id, will={
        "topic": f"devices/{device_id}/up/will", "payload": "bye"})
    assert client.connected
    return client


def test_revoked_device_is_cut_with_all_its_sessions(connect, feed, leaf,
        device, device_id):
    others = [connect(leaf, f"{device_id}-{n}") for n in (1, 2, 3, 4)]
    feed.refuse(device_id)
    for client in (device, *others):
        assert client.wait_end() < TICK
    assert connect(leaf, device_id).refused
    assert connect(leaf, f"{device_id}-3").refused


def test_cut_sends_no_will_and_spares_others(connect, feed, issuer, device,
        device_id, observer):
    neighbour = new_id()
    bystander = connect(issuer.device(neighbour), neighbour)
    feed.refuse(device_id)
    device.wait_end()
    bystander.publish(f"devices/{neighbour}/up/a", "still here")
    assert observer.next() == (f"devices/{neighbour}/up/a", "still here")
    assert bystander.connected and observer.connected


def test_refused_certificate_is_cut_and_its_successor_stays(connect, feed,
        issuer, leaf, device, device_id):
    successor = connect(issuer.device(device_id), f"{device_id}-1")
    feed.refuse_serial(leaf)
    assert device.wait_end() < TICK
    assert successor.connected
    assert connect(leaf, device_id).refused
    assert connect(issuer.device(device_id), device_id).connected


def test_entering_quarantine_cuts_and_lifting_gives_all_back(connect, feed,
        leaf, device, device_id, observer):
    feed.quarantine(device_id)
    assert device.wait_end() < TICK
    again = connect(leaf, device_id)
    assert again.connected
    again.publish(f"devices/{device_id}/up/a", "no")
    again.publish(f"devices/{device_id}/quarantine/a", "yes")
    assert observer.next() == (f"devices/{device_id}/quarantine/a", "yes")
    feed.lift(device_id)
    end = time.monotonic() + SOON
    while again.subscribe(f"devices/{device_id}/down/#") >= 128:
        assert time.monotonic() < end
    again.publish(f"devices/{device_id}/up/a", "back")
    assert observer.next() == (f"devices/{device_id}/up/a", "back")
    feed.quarantine(device_id)
    assert again.wait_end() < TICK


def test_session_in_quarantine_stays_until_revoked(connect, feed, leaf,
        device, device_id):
    feed.quarantine(device_id)
    device.wait_end()
    again = connect(leaf, device_id)
    feed.quarantine(device_id)
    assert not again.ended.wait(0.5)
    feed.refuse(device_id)
    assert again.wait_end() < TICK


def test_withdrawn_service_is_cut_and_refused(connect, feed, backend,
        observer):
    feed.withdraw("backend")
    assert observer.wait_end() < TICK
    assert connect(backend, "backend").refused


def connect_briefly(connect, issuer, device_id):
    """With a certificate that ends as soon as a machine like this one can
    still connect."""
    for seconds in (4, 40):
        leaf = issuer.device(device_id, seconds=seconds)
        client = connect(leaf, device_id)
        if client.rc == 0:
            return leaf, client
    raise AssertionError(client.broker.log())


def test_session_ends_with_its_certificate(connect, issuer, device_id):
    leaf, client = connect_briefly(connect, issuer, device_id)
    client.wait_end(leaf.not_after - time.time() + TICK)
    assert time.time() > leaf.not_after
    assert not connect(leaf, device_id).connected


def test_renewed_session_outlives_the_former_certificate(connect, issuer,
        device_id):
    leaf, former = connect_briefly(connect, issuer, device_id)
    client = connect(issuer.device(device_id), device_id)
    former.wait_end()  # taken over, as MQTT has it
    assert not client.ended.wait(leaf.not_after - time.time() + 2)
    client.publish(f"devices/{device_id}/up/a")


def test_taken_over_session_can_still_be_cut(connect, feed, leaf, device,
        device_id):
    again = connect(leaf, device_id)
    device.wait_end()
    assert again.connected
    feed.refuse(device_id)
    assert again.wait_end() < TICK


def test_queue_of_an_offline_session_is_read_later(connect, leaf, device_id,
        observer):
    topic = f"devices/{device_id}/down/a"
    offline = connect(leaf, device_id, clean=False)
    offline.subscribe(f"devices/{device_id}/down/#", qos=1)
    offline.close()
    observer.publish(topic, "while offline")
    online = connect(leaf, device_id, clean=False)
    assert online.session_present
    assert online.next() == (topic, "while offline")


def test_quarantine_denies_what_was_and_will_be_queued(connect, feed, settle,
        leaf, device_id, observer):
    topic = f"devices/{device_id}/down/a"
    offline = connect(leaf, device_id, clean=False)
    offline.subscribe(f"devices/{device_id}/down/#", qos=1)
    offline.close()
    observer.publish(topic, "before")
    feed.quarantine(device_id)
    settle()
    observer.publish(topic, "meanwhile")
    again = connect(leaf, device_id, clean=False)
    assert again.session_present
    assert again.nothing()
    feed.lift(device_id)
    settle()
    observer.publish(topic, "lifted")
    assert again.next() == (topic, "lifted")


def test_nothing_is_queued_for_a_refused_device(broker, connect, feed, settle,
        leaf, device_id, observer):
    client = connect(leaf, device_id, clean=False)
    client.subscribe(f"devices/{device_id}/down/#", qos=1)
    feed.refuse(device_id)
    client.wait_end()
    observer.publish(f"devices/{device_id}/down/a", "secret")
    broker.stop()
    assert b"secret" not in (broker.dir / "mosquitto.db").read_bytes()


def test_will_that_waited_is_not_sent_for_a_device_refused_meanwhile(connect,
        feed, issuer, observer):
    for refuse in (False, True):
        device_id = new_id()
        topic = f"devices/{device_id}/up/will"
        device = connect(issuer.device(device_id), device_id, version=5,
            expiry=60, will={"topic": topic, "payload": "bye",
                "properties": will_after(5 if refuse else 1)})
        device.drop()
        if refuse:
            feed.refuse(device_id)
            assert observer.nothing(7)
        else:
            assert observer.next() == (topic, "bye")


def test_reload_signal_keeps_live_and_offline_sessions(broker, connect,
        issuer, leaf, device, device_id, observer):
    other = new_id()
    offline = connect(issuer.device(other), other, clean=False)
    offline.subscribe(f"devices/{other}/down/#", qos=1)
    offline.close()
    since = len(broker.log())
    broker.process.popen.send_signal(signal.SIGHUP)
    broker.process.wait_log("Reloading config", since=since)
    device.publish(f"devices/{device_id}/up/a", "after")
    assert observer.next() == (f"devices/{device_id}/up/a", "after")
    observer.publish(f"devices/{other}/down/a", "queued")
    again = connect(issuer.device(other), other, clean=False)
    assert again.session_present
    assert again.next() == (f"devices/{other}/down/a", "queued")


def test_session_can_be_cut_after_a_reload(broker, connect, feed, device,
        device_id):
    since = len(broker.log())
    broker.process.popen.send_signal(signal.SIGHUP)
    broker.process.wait_log("Reloading config", since=since)
    feed.refuse(device_id)
    assert device.wait_end() < TICK


def test_hundreds_of_entries_at_once_cut_whom_they_name(broker, connect,
        database, issuer):
    ids = [new_id() for _ in range(20)]
    clients = [connect(issuer.device(i), i) for i in ids]
    database.query("INSERT INTO revocation (kind, device_id, reason) "
        "SELECT 'device', gen_random_uuid(), 'test' "
        "FROM generate_series(1, 5200)", role="service")
    for device_id in ids[:10]:
        database.query("INSERT INTO revocation (kind, device_id, reason) "
            "VALUES ('device', %s, 'test')", (device_id,), role="service")
    for client in clients[:10]:
        client.wait_end()
    assert all(client.connected for client in clients[10:])


def test_role_of_the_broker_can_only_read(database):
    for statement in ("INSERT INTO revocation (kind, reason) VALUES "
            "('device', 'x')", "DELETE FROM revocation",
            "UPDATE feed_head SET position = 0", "SELECT * FROM owner",
            "UPDATE service SET publish = '{#}'"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            database.query(statement, role="broker")
