"""What renewals by EST mean at the broker: the certificate before, signs of
a clone, registration authorities."""

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from broker.world import Leaf
from harness.crypto import new_key
from harness.http import expect

END = "-----END CERTIFICATE-----\n"


@pytest.fixture
def rules(stack, database):
    """Sets the label of the test's devices."""

    def change(**settings):
        database.query("UPDATE label SET settings = %s, version = version + 1 "
            "WHERE name = 'device'", (json.dumps(settings),))
        stack.restart()

    return change


@pytest.fixture
def session(broker, connect, enrolled):
    """session() connects with the device's present certificate."""

    def start(n=0):
        return connect(Leaf(enrolled.certificate, enrolled.key),
            f"{enrolled.id}-{n}" if n else enrolled.id)

    return start


def test_first_use_of_the_successor_cuts_the_session_of_the_certificate_before(
        rules, session, enrolled):
    """The use that counts is the next one at EST: the broker only reads."""
    rules(superseded="revoked")
    old = session()
    assert old.connected
    expect(enrolled.renew(), 200)
    new = session(1)
    assert new.connected
    down = f"devices/{enrolled.id}/down/#"
    assert old.subscribe(down) == 0, "it was not used at EST yet"
    expect(enrolled.renew(), 200)
    old.wait_end()
    assert new.subscribe(down) == 0
    assert session(2).connected


def test_sign_of_a_clone_narrows_the_device_where_the_label_says_so(
        rules, session, enrolled):
    rules(clone="quarantine")
    thief = enrolled.operational
    expect(enrolled.renew(new_key()), 200)
    expect(enrolled.renew(), 200)  # the successor's first use (A9)
    online = session()
    assert online.connected
    enrolled.operational = thief
    expect(enrolled.renew(new_key()), 403)
    online.wait_end()
    again = session()
    assert again.subscribe(f"devices/{enrolled.id}/down/#") >= 128
    assert again.subscribe(f"devices/{enrolled.id}/quarantine/#") == 0


def test_registration_authority_is_a_service_at_the_broker(
        broker, connect, operator):
    certificates, key = operator.add_service("gate-7",
        publish=["demo/#"], ra_labels=["device"])
    leaf, *chain = (x509.load_pem_x509_certificate((block + END).encode())
        for block in certificates.split(END)[:-1])
    client = connect(Leaf(leaf, serialization.load_pem_private_key(key, None),
        tuple(chain)), "gate-7", retry=True)
    assert client.connected
