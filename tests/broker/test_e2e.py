"""The whole way: what latchkeyd commits, the broker does."""

import time
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from broker.world import Leaf
from harness.crypto import new_key
from harness.http import expect
from harness.players import Device
from harness.process import until

END = "-----END CERTIFICATE-----\n"
CUT = 10  # seconds from sending the call, on a loaded machine


@pytest.fixture
def online(broker, connect, enrolled):
    """An enrolled device at the broker, with the certificate it was given."""
    leaf = Leaf(enrolled.certificate, enrolled.key)
    client = connect(leaf, enrolled.id)
    assert client.connected
    client.leaf = leaf
    return client


@pytest.fixture
def backend(operator):
    """A service as the operator adds it, its certificate from the answer."""
    certificates, key = operator.add_service("backend",
        publish=["devices/+/down/#"], subscribe=["devices/+/up/#"])
    leaf, *chain = (x509.load_pem_x509_certificate((block + END).encode())
        for block in certificates.split(END)[:-1])
    return Leaf(leaf, serialization.load_pem_private_key(key, None),
        tuple(chain))


def test_enrolled_device_talks_with_the_platform(online, enrolled, connect,
        backend):
    service = connect(backend, "backend", retry=True)
    assert service.subscribe("devices/+/up/#") == 0
    online.subscribe(f"devices/{enrolled.id}/down/#")
    online.publish(f"devices/{enrolled.id}/up/hello", "1")
    assert service.next() == (f"devices/{enrolled.id}/up/hello", "1")
    service.publish(f"devices/{enrolled.id}/down/set", "2")
    assert online.next() == (f"devices/{enrolled.id}/down/set", "2")


def test_revoking_cuts_the_open_session(online, enrolled, connect, operator):
    start = time.monotonic()
    expect(operator.revoke(enrolled.id), 200)
    online.wait_end()
    assert online.ended_at - start < CUT
    assert connect(online.leaf, enrolled.id).refused


def test_who_did_not_renew_by_the_deadline_is_cut(online, enrolled, connect,
        operator, owner, maker, stack, database):
    other = Device(stack, maker)
    operator.allow(other)
    other.onboard(owner)
    set_id = str(uuid.uuid4())
    expect(operator.call("PUT", f"/sets/{set_id}", json={
        "action": "reenroll", "reason": "a new CA", "model": maker.model,
        "count": 2, "by": "2027-06-01T00:00:00Z"}), 200)

    def state():
        return expect(operator.call("GET", f"/sets/{set_id}"),
            200).json()["state"]

    assert until(lambda: state() == "renewing")
    expect(other.renew(new_key()), 200)
    renewed = Leaf(other.certificate, other.key)
    stays = connect(renewed, other.id)
    # Until the deadline nobody is cut.
    assert connect(online.leaf, f"{enrolled.id}-2").connected
    database.query("UPDATE unit_set SET deadline = now() - interval '1 s'")
    online.wait_end()
    assert until(lambda: state() == "done")
    assert connect(online.leaf, enrolled.id).refused
    assert stays.connected and not stays.ended.is_set()
    # Back with a new certificate, it is let in again.
    enrolled.token = None
    expect(enrolled.enroll(), 200)
    again = connect(Leaf(enrolled.certificate, enrolled.key), enrolled.id)
    assert again.connected


def test_release_by_the_owner_cuts_the_open_session(online, enrolled,
        connect, owner):
    expect(owner.release(enrolled.id), 204)
    online.wait_end()
    assert connect(online.leaf, enrolled.id).refused


def test_quarantine_narrows_and_lifting_widens(online, enrolled, connect,
        operator):
    expect(operator.quarantine(enrolled.id), 200)
    online.wait_end()
    again = connect(online.leaf, enrolled.id)
    assert again.connected
    assert again.subscribe(f"devices/{enrolled.id}/down/#") >= 128
    assert again.subscribe(f"devices/{enrolled.id}/quarantine/#") == 0
    expect(enrolled.renew(), 200)
    narrow = connect(Leaf(enrolled.certificate, enrolled.key),
        f"{enrolled.id}-1")
    assert narrow.subscribe(f"devices/{enrolled.id}/down/#") >= 128
    expect(operator.lift(enrolled.id), 200)
    until(lambda: again.subscribe(f"devices/{enrolled.id}/down/#") < 128,
        CUT)


def test_renewed_certificate_connects_with_the_same_id(online, enrolled,
        connect):
    former = enrolled.id
    expect(enrolled.renew(), 200)
    assert enrolled.id == former
    leaf = Leaf(enrolled.certificate, enrolled.key)
    assert connect(leaf, f"{former}-1").connected


def test_withdrawn_service_is_cut(broker, connect, operator, backend):
    service = connect(backend, "backend", retry=True)
    assert service.connected
    expect(operator.call("DELETE", "/services/backend"), 204)
    service.wait_end()
    assert connect(backend, "backend").refused


def test_session_ends_with_its_certificate(enrolled, connect):
    for seconds in (5, 50):  # the first that is enough to connect
        enrolled.ends_in(seconds)
        leaf = Leaf(enrolled.certificate, enrolled.key)
        client = connect(leaf, enrolled.id)
        if client.rc == 0:
            break
    client.wait_end(leaf.not_after - time.time() + CUT)
    assert time.time() >= leaf.not_after
    expect(enrolled.renew(), 403)
