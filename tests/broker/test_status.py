"""What operators see of a broker: metrics, the status topic, its log; and
several brokers at once."""

import json
import re
import socket
import ssl

import pytest

from broker.world import SOON, new_id
from harness.crypto import PEM, key_pem
from harness.process import until


@pytest.fixture
def broker(make_broker, workdir):
    broker = make_broker(plugin_opt_name="eu-1",
        plugin_opt_metrics=workdir / "broker.prom",
        plugin_opt_status_topic="brokers/eu-1")
    broker.metrics = workdir / "broker.prom"
    return broker


def numbers(broker):
    return {name: float(value) for name, value in re.findall(
        r"^latchkey_broker_(\S+) (\S+)$", broker.metrics.read_text(), re.M)}


def test_metrics_say_what_the_broker_knows_and_does(broker, connect, feed,
        issuer, leaf, device_id):
    refused = new_id()
    for _ in range(3):
        feed.refuse(refused)
    until(lambda: connect(issuer.device(refused), refused).refused, SOON)
    live = connect(leaf, device_id)
    live.publish("elsewhere")
    feed.quarantine(device_id)
    live.wait_end()
    until(lambda: broker.metrics.exists() and numbers(broker).get(
        'cuts_total{reason="quarantined"}') == 1, SOON)
    now = numbers(broker)
    assert now['entries{kind="device"}'] == 1
    assert now['entries{kind="quarantine"}'] == 1
    assert now["feed_position"] == 4 and now["feed_lag"] == 0
    assert now['refusals_total{reason="device-refused"}'] >= 1
    assert now["denials_total"] >= 1 and now["sessions"] == 0
    assert now["admissions_total"] >= 1
    assert now["view_loaded"] == now["admitting"] == 1
    assert now["snapshot_kept"] == 1
    assert now["tick_seconds_count"] > 0
    text = broker.metrics.read_text()
    for name in re.findall(r"^(latchkey_\w+)", text, re.M):
        base = re.sub(r"_(sum|count)$", "", name)
        assert f"# TYPE {base} " in text, name
    # A decision is logged when it is another than the last.
    for _ in range(3):
        assert connect(issuer.device(refused), refused).refused
    assert broker.log().count(f"session.refused client={refused}") == 1


def test_status_topic_is_retained_for_services(broker, connect, feed, issuer,
        leaf, device_id):
    feed.service("watch", subscribe=["brokers/+"])
    watch = connect(issuer.service("watch"), "watch", retry=True)
    assert watch.subscribe("brokers/+") == 0
    status = {}
    while not status.get("snapshot"):  # it is on disk in a moment
        topic, payload = watch.next()
        status = json.loads(payload)
        assert topic == "brokers/eu-1" and status["name"] == "eu-1"
    assert status["admitting"] is True and status["entries"] == 0
    assert connect(leaf, device_id).subscribe("brokers/+") >= 128


def spoken(broker, material, workdir, leaf, client_id):
    """A connection that speaks MQTT 5.0 itself: paho does not show a reason
    code that comes alone."""
    path = workdir / "raw.pem"
    path.write_bytes(key_pem(leaf.key) + leaf.certificate.public_bytes(PEM))
    context = ssl.create_default_context(cafile=str(material.ca))
    context.load_cert_chain(path)
    sock = context.wrap_socket(socket.create_connection(
        ("localhost", broker.port), SOON), server_hostname="localhost")
    rest = (b"\0\4MQTT\5\2\0\x3c\0" + len(client_id).to_bytes(2, "big")
        + client_id.encode())
    sock.sendall(bytes([0x10, len(rest)]) + rest)
    return sock


def test_mqtt_5_client_is_told_why_it_is_cut(broker, material, workdir, feed,
        leaf, device_id):
    """DISCONNECT with 0x98, administrative action (section 3.14.2.1)."""
    with spoken(broker, material, workdir, leaf, device_id) as sock:
        assert sock.recv(1) == b"\x20"
        rest = sock.recv(sock.recv(1)[0])
        assert rest[1] == 0, "CONNACK: success"
        feed.refuse(device_id)
        assert sock.recv(1) == b"\xe0"
        assert sock.recv(sock.recv(1)[0])[0] == 0x98
        assert sock.recv(1) == b""


def test_several_brokers_cut_alike(broker, make_broker, connect, feed, issuer,
        leaf, device_id):
    second = make_broker(plugin_opt_name="eu-2")
    clients = [connect(leaf, device_id, to=broker),
        connect(leaf, f"{device_id}-1", to=second)]
    assert all(client.connected for client in clients)
    feed.refuse(device_id)
    for client, at in zip(clients, (broker, second)):
        client.wait_end()
        assert connect(leaf, device_id, to=at).refused
