"""What devices may do by the profile and model that their certificates name
(plugin_opt_topics), and what SIGHUP changes of it."""

import signal

import pytest
from cryptography.x509.oid import NameOID

from broker.world import SOON, new_id
from harness.process import until

RULES = """
model O
profile OU
rules *
    publish devices/%d/up/#
    subscribe devices/%d/down/#
rules meter
    retain meters/%m/%d/state
    publish meters/%m/%d/up/#
    subscribe meters/%m/all
"""
DENIED = 128


@pytest.fixture
def broker(make_broker, workdir):
    rules = workdir / "topics"
    rules.write_text(RULES)
    broker = make_broker(plugin_opt_topics=rules)
    broker.rules = rules
    return broker


@pytest.fixture
def meter(issuer, connect, observer):
    """A device whose certificate names its model and profile."""
    device_id = new_id()
    leaf = issuer.device(device_id, units=[
        (NameOID.ORGANIZATION_NAME, "L1"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "meter")])
    client = connect(leaf, device_id, clean=False)
    assert client.connected
    client.id, client.leaf = device_id, leaf
    return client


def arrives(client, observer, topic, **kwargs):
    client.publish(topic, "marker", **kwargs)
    return observer.next() == (topic, "marker")


def test_profile_and_model_of_the_certificate_choose_the_topics(meter,
        observer, connect, leaf, device_id, backend):
    own = f"meters/L1/{meter.id}"
    for topic in (f"devices/{meter.id}/up/a", f"meters/L2/{meter.id}/up/a",
            f"meters/L1/{new_id()}/up/a", "meters/L1/all"):
        meter.publish(topic)
    meter.publish(f"{own}/up/a", retain=True)
    assert arrives(meter, observer, f"{own}/up/a")
    assert arrives(meter, observer, f"{own}/state", retain=True)
    late = connect(backend, "backend-late")
    late.subscribe("#")
    assert late.next() == (f"{own}/state", "marker")
    assert meter.subscribe("meters/L1/all", 1) == 1
    for topic in ("meters/L2/all", "meters/+/all",
            f"devices/{meter.id}/down/#"):
        assert meter.subscribe(topic) >= DENIED, topic
    # What is queued for it while it is away, when there is no certificate.
    meter.close()
    observer.publish("meters/L1/all", "later")
    again = connect(meter.leaf, meter.id, clean=False)
    assert again.next() == ("meters/L1/all", "later")
    # One whose certificate names nothing has what all have.
    other = connect(leaf, device_id)
    assert other.subscribe("meters/L1/all") >= DENIED
    assert observer.next() == ("meters/L1/all", "later")
    assert arrives(other, observer, f"devices/{device_id}/up/a")


def test_sighup_reads_the_rules_again_and_keeps_them_if_they_are_bad(broker,
        meter, observer):
    def reload(text):
        broker.rules.write_text(text)
        since = len(broker.log())
        broker.process.popen.send_signal(signal.SIGHUP)
        broker.process.wait_log("event=reload", since=since)
        return broker.log()[since:]

    assert "topics=kept" in reload(RULES + "\tpublish everything/#\n")
    assert arrives(meter, observer, f"meters/L1/{meter.id}/up/a")
    assert "topics=read" in reload(RULES.replace("meters/", "m/"))
    assert meter.connected
    meter.publish(f"meters/L1/{meter.id}/up/a")
    assert arrives(meter, observer, f"m/L1/{meter.id}/up/a")


def test_bad_rules_stop_the_start(make_broker, workdir):
    (workdir / "bad").write_text("rules *\n\tpublish #\n")
    for path in (workdir / "bad", "/nonexistent"):
        with pytest.raises(AssertionError, match="ended with"):
            make_broker(plugin_opt_topics=path)


@pytest.mark.parametrize("restart", [False, True])
def test_a5_what_was_retained_for_a_released_device_is_purged(broker, connect,
        observer, backend, feed, settle, restart):
    """Also what the plugin did not see, from before it was started."""
    gone, stays = new_id(), new_id()
    for device_id in (gone, stays):
        observer.publish(f"devices/{device_id}/down/config", "v2",
            retain=True)
        assert observer.next()[1] == "v2"
    if restart:
        broker.stop()
        broker.start()
    feed.refuse(gone)
    settle()
    late = connect(backend, "backend-late", retry=True)

    def kept():
        late.unsubscribe("devices/+/down/config")
        late.subscribe("devices/+/down/config")
        late.publish("end")
        late.subscribe("end")
        found = []
        while True:
            topic, payload = late.next()
            if topic == "end":
                return found
            if payload:
                found.append(topic)

    late.subscribe("end")
    assert kept() == [f"devices/{stays}/down/config"]
    # Nor is it there for anybody else, or to be written again.
    late.publish(f"devices/{gone}/down/config", "v3", retain=True)
    assert kept() == [f"devices/{stays}/down/config"]


def test_sighup_reads_where_the_database_is(broker, connect, feed, issuer,
        database, settle):
    """A password that was changed needs no restart."""
    conninfo = broker.dir / "broker.conninfo"
    name = "latchkey-moved"
    conninfo.write_text(database.conninfo("broker")
        + f" application_name={name}\n")
    broker.process.popen.send_signal(signal.SIGHUP)
    until(lambda: database.query("SELECT 1 FROM pg_stat_activity WHERE "
        "application_name = %s", (name,)), SOON)
    settle()
