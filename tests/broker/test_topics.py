"""What a connected client may do (SECURITY.md R8), seen from outside: what
is denied never reaches the platform's back end, which sees everything."""

import pytest

from broker.world import new_id

DENIED = 128


@pytest.fixture
def device(connect, leaf, device_id, observer):
    client = connect(leaf, device_id)
    assert client.connected
    return client


def arrives(client, observer, topic, payload="marker", **kwargs):
    """Whether it arrives, and nothing that was sent before it does."""
    client.publish(topic, payload, **kwargs)
    return observer.next() == (topic, payload)


def test_device_is_confined_to_publishing_below_up(device, device_id,
        observer):
    own = f"devices/{device_id}"
    for topic in (f"{own}/down/a", f"{own}/quarantine/a", own, f"{own}/upper",
            f"devices/{new_id()}/up/a", "devices", "elsewhere", "/",
            f"/{own}/up/a", f"{own.upper()}/up/a"):
        device.publish(topic)
    assert arrives(device, observer, f"{own}/up/a")
    assert arrives(device, observer, f"{own}/up/a/b/c")


def test_device_subscribes_at_or_below_down_alone(device, device_id):
    own = f"devices/{device_id}"
    for topic in (f"{own}/down/#", f"{own}/down/a", f"{own}/down/+/b"):
        assert device.subscribe(topic) == 0, topic
    for topic in ("#", "+/#", "+/+/+", "devices/#", "devices/+/down/#",
            f"+/{device_id}/down/#", f"{own}/#", f"{own}/+", f"{own}/up/#",
            f"{own}/quarantine/#", f"devices/{new_id()}/down/#", "/#"):
        assert device.subscribe(topic) >= DENIED, topic


def test_dollar_topics_are_denied(connect, leaf, device_id, observer):
    device = connect(leaf, device_id, version=5)
    own = f"devices/{device_id}"
    for topic in ("$SYS/#", "$SYS/broker/uptime", "$CONTROL/#",
            f"$share/group/{own}/down/#", "$share/group/#", "$other/a"):
        assert device.subscribe(topic) >= DENIED, topic
        assert observer.subscribe(topic) >= DENIED, topic
    for topic in ("$SYS/broker/a", "$CONTROL/dynamic-security/v1", "$a"):
        device.publish(topic)
    assert arrives(device, observer, f"{own}/up/a")


def test_old_clients_and_bridges_get_no_more(connect, leaf, device_id,
        observer):
    """MQTT 3.1 has no way to say that a subscription was refused."""
    own = f"devices/{device_id}"
    for version, bridge in (3, False), (3, True), (4, True):
        device = connect(leaf, device_id, version=version, bridge=bridge)
        assert device.connected
        for topic in ("#", "$SYS/#", f"{own}/up/#"):
            assert device.subscribe(topic) >= DENIED or version == 3
        observer.publish("platform/a")
        device.publish("elsewhere")
        device.publish(f"{own}/up/a", "kept", retain=True)
        assert observer.next() == ("platform/a", "x")
        assert arrives(device, observer, f"{own}/up/a")
        assert device.nothing()


def test_shared_subscription_on_own_topics_gets_nothing(connect, leaf,
        device_id, observer):
    device = connect(leaf, device_id, version=5)
    device.subscribe(f"$share/group/devices/{device_id}/down/#")
    observer.publish(f"devices/{device_id}/down/a")
    assert device.nothing()


def test_device_receives_its_own_down_topics_alone(device, device_id,
        observer):
    own = f"devices/{device_id}"
    device.subscribe(f"{own}/down/#")
    observer.publish(f"{own}/up/a", "no")
    observer.publish(f"devices/{new_id()}/down/a", "no")
    observer.publish(f"{own}/down/a", "yes")
    assert device.next() == (f"{own}/down/a", "yes")


def test_device_may_not_retain(connect, leaf, device, device_id, observer,
        backend):
    topic = f"devices/{device_id}/up/a"
    device.publish(topic, "kept", retain=True)
    assert arrives(device, observer, topic)
    late = connect(backend, "backend-late")
    late.subscribe("#")
    assert late.nothing()


def test_service_may_retain_and_the_device_reads_it(device, device_id,
        observer):
    topic = f"devices/{device_id}/down/config"
    observer.publish(topic, "v2", retain=True)
    device.subscribe(f"devices/{device_id}/down/#")
    assert device.next() == (topic, "v2")


def test_will_goes_only_where_the_device_may_publish(connect, issuer,
        observer):
    for branch, retain, expected in (("up/gone", False, True),
            ("up/gone", True, False), ("down/gone", False, False)):
        device_id = new_id()
        topic = f"devices/{device_id}/{branch}"
        device = connect(issuer.device(device_id), device_id, will={
            "topic": topic, "payload": "bye", "retain": retain})
        if device.connected:  # the broker also refuses a CONNECT for it
            device.drop()
        if expected:
            assert observer.next() == (topic, "bye")
        else:
            assert observer.nothing(), (branch, retain)


def test_service_is_confined_to_its_topics(connect, feed, issuer, device_id,
        observer):
    feed.service("meter", publish=["devices/+/down/tariff"],
        subscribe=["devices/+/up/meter/#"])
    meter = connect(issuer.service("meter"), "meter", retry=True)
    assert meter.subscribe("devices/+/up/meter/#") == 0
    assert meter.subscribe(f"devices/{device_id}/up/meter/a") == 0
    for topic in ("#", "devices/+/up/#", "devices/#", "devices/+/+/meter/#",
            "devices/+/down/tariff"):
        assert meter.subscribe(topic) >= DENIED, topic
    meter.publish("devices/a/down/other")
    meter.publish("devices/a/up/meter/x")
    assert arrives(meter, observer, f"devices/{device_id}/down/tariff")
    observer.publish(f"devices/{device_id}/up/other", "no")
    observer.publish(f"devices/{device_id}/up/meter/a", "yes")
    assert meter.next() == (f"devices/{device_id}/up/meter/a", "yes")


def test_changed_topics_of_a_service_count_at_once(connect, feed, settle,
        issuer, observer):
    feed.service("meter", publish=["a"])
    meter = connect(issuer.service("meter"), "meter", retry=True)
    assert arrives(meter, observer, "a")
    feed.service("meter", publish=["b"], subscribe=["c"])
    settle()
    assert meter.subscribe("c") == 0
    meter.publish("a")
    assert arrives(meter, observer, "b")


def test_quarantined_device_has_its_quarantine_topics_alone(connect, feed,
        settle, leaf, device_id, observer):
    own = f"devices/{device_id}"
    feed.quarantine(device_id)
    settle()
    device = connect(leaf, device_id)
    assert device.connected
    assert device.subscribe(f"{own}/down/#") >= DENIED
    assert device.subscribe(f"{own}/quarantine/#") == 0
    device.publish(f"{own}/up/a")
    assert arrives(device, observer, f"{own}/quarantine/report")
    assert device.next() == (f"{own}/quarantine/report", "marker")
    observer.publish(f"{own}/quarantine/fix", "do")
    assert device.next() == (f"{own}/quarantine/fix", "do")
