"""The broker with the plugin and a database, without latchkeyd: these tests
write the feed themselves and issue their own certificates, so that each can
have exactly the shape and the lifetime it is about.  tests/broker/test_e2e.py
is the one that goes the whole way."""

import pathlib
import tempfile
import types

import pytest

from broker.world import Feed, Issuer, Mqtt, new_id
from harness.stack import Broker


@pytest.fixture(scope="session")
def issuer(material):
    """Issues with the key of the listed issuing CA."""
    return Issuer(material.pki / "issuing.crt", material.pki / "issuing.key")


@pytest.fixture
def feed(database):
    return Feed(database)


@pytest.fixture
def make_broker(request, workdir, database, material):
    """start(database=..., **options) -> a running Broker."""
    brokers = []

    def start(**changes):
        directory = pathlib.Path(tempfile.mkdtemp("-broker", dir=workdir))
        broker = Broker(directory, types.SimpleNamespace(material=material,
            database=changes.pop("database", database)), **changes)
        request.node.latchkey_started = [*brokers, broker]
        broker.start()
        brokers.append(broker)
        return broker

    yield start
    for broker in brokers:
        broker.stop()


@pytest.fixture
def broker(request, make_broker):
    options = {}
    for mark in reversed(list(request.node.iter_markers("options"))):
        options.update(mark.kwargs)
    return make_broker(**options)


@pytest.fixture
def connect(broker, material, workdir):
    """connect(certificate, client id, ...) -> Mqtt, whatever the outcome."""
    clients = []

    def start(leaf, client_id, to=None, **kwargs):
        client = Mqtt(to or broker, material, workdir, leaf, client_id,
            **kwargs)
        clients.append(client)
        return client.connect()

    yield start
    for client in clients:
        client.close()


@pytest.fixture
def device_id():
    return new_id()


@pytest.fixture
def leaf(issuer, device_id):
    """A device's certificate and key."""
    return issuer.device(device_id)


@pytest.fixture
def backend(feed, issuer):
    """A service that sees and sends everything, and its certificate."""
    feed.service("backend", publish=["#"], subscribe=["#"])
    return issuer.service("backend")


@pytest.fixture
def observer(backend, broker, connect):
    """What reaches the platform, as a connected client."""
    client = connect(backend, "backend", retry=True)
    assert client.subscribe("#") == 0
    return client


@pytest.fixture
def settle(broker, connect, feed, issuer):
    """settle(): the broker knows every entry of the feed."""
    def wait():
        probe_id = new_id()
        probe = connect(issuer.device(probe_id), probe_id)
        feed.refuse(probe_id)
        probe.wait_end()

    return wait
