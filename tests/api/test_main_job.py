"""The main job from end to end, played in Python."""

import datetime
import ssl
import time

import requests

from harness.crypto import certs_of_cms, new_key, spki, spki_sha256
from harness.http import Client, expect
from harness.mqtt import Mqtt
from harness.players import Device
from harness.process import run

def test_attest_approve_enroll_connect_renew_revoke(broker, device, owner,
        operator, database):
    stack = device.stack
    # Attest and ask.
    expect(device.authorize(), 200)
    assert device.grant["verification_uri"] == stack.url + "/activate"
    assert device.poll().json()["error"] == "authorization_pending"

    # The owner sees verified facts and says yes.
    shown = expect(owner.lookup(device.grant["user_code"]), 200).json()
    facts = shown["facts"]
    assert facts["manufacturer_id"] == device.maker.id
    assert facts["serial"] == device.serial
    assert facts["key_sha256"] == spki_sha256(device.key)
    assert facts["attestation"] == {"format": "idevid", "grade": "software"}
    decided = expect(owner.decide(shown, "approve"), 200).json()
    assert decided["state"] == "approved"

    # Token and certificate.
    expect(device.poll_until_decided(), 200)
    answer = expect(device.enroll(), 200)
    assert answer.content.endswith(b"\n")
    assert answer.content.count(b"\n") == 1
    certificate = device.certificate
    assert device.id == decided["device_id"]
    assert spki(certificate.public_key()) == spki(device.key)
    life = certificate.not_valid_after - certificate.not_valid_before
    assert datetime.timedelta(hours=24) <= life <= datetime.timedelta(
        hours=24, minutes=5)
    extensions = run("openssl", "x509", "-noout", "-ext",
        "subjectAltName,extendedKeyUsage,keyUsage", "-in", device.files()[0])
    assert {line.strip() for line in extensions.splitlines()
        if line.startswith(" ")} == {f"URI:urn:uuid:{device.id}",
        "TLS Web Client Authentication", "Digital Signature"}
    assert certificate.serial_number.bit_length() > 64
    assert database.value("SELECT count(*) FROM certificate "
        "WHERE serial = %s", (device.serial_number,)) == 1

    # Its own topics, and the platform's back end.
    pem, key = operator.add_service("backend", publish=["devices/+/down/#"],
        subscribe=["devices/+/up/#"])
    files = [stack.dir / "backend.crt", stack.dir / "backend.key"]
    files[0].write_text(pem)
    files[1].write_bytes(key)
    backend = Mqtt.connect_when_known(broker, files, "backend")
    assert backend.subscribe("devices/+/up/#") == 1
    session = Mqtt(broker, device.files(), device.id).connect()
    assert session.subscribe(f"devices/{device.id}/down/#") == 1
    session.publish(f"devices/{device.id}/up/state", b"on")
    assert backend.get() == (f"devices/{device.id}/up/state", b"on")
    backend.publish(f"devices/{device.id}/down/set", b"off")
    assert session.get() == (f"devices/{device.id}/down/set", b"off")

    # The next certificate, with a new key.
    first = certificate.serial_number
    expect(device.renew(new_key()), 200)
    assert device.certificate.serial_number != first
    assert expect(owner.devices(), 200).json()["devices"][0]["id"] == device.id

    # Revoked: the open session is cut, and nothing works again.
    sent = time.monotonic()
    assert operator.revoke(device.id).ok
    cut = session.wait_end() - sent
    assert cut < 10, f"cut after {cut:.3f} s"
    again = Mqtt(broker, device.files(), device.id)
    assert again.try_connect() != 0
    again.close()
    assert device.renew().status_code in (401, 403)
    assert device.authorize().status_code in (400, 401, 403)
    assert "device.revoked" in {e["kind"] for e in operator.events(
        f"?device={device.id}")}
    for one in (backend, session):
        one.close()


def test_denial_is_final(device, owner):
    expect(device.authorize(), 200)
    assert expect(owner.deny(device.grant["user_code"]), 200).json()[
        "state"] == "denied"
    answer = device.poll_until_decided()
    assert answer.json()["error"] == "access_denied"
    assert not owner.lookup(device.grant["user_code"]).ok
    assert expect(owner.devices(), 200).json()["devices"] == []


def test_lost_answers_give_the_same_certificate_again(device, owner,
        database):
    device.onboard(owner)
    first = device.certificate
    expect(device.enroll(), 200)
    assert device.certificate == first
    old, old_key = device.files(), device.key
    key = new_key()
    expect(device.renew(key), 200)
    second = device.certificate
    device.operational.session.close()
    device.operational.session.cert = old
    device.key = old_key
    expect(device.renew(key), 200)
    assert device.certificate == second
    assert database.value("SELECT count(*) FROM certificate") == 2


def test_released_device_is_refused_and_can_be_claimed_again(device, owner,
        operator):
    device.onboard(owner)
    old_id, operational = device.id, device.operational
    expect(owner.release(device.id), 204)
    assert device.renew().status_code in (401, 403)
    other = operator.add_owner("Grace")
    device.key, device.token = new_key(), None
    device.onboard(other)
    assert device.id != old_id
    assert owner.device(device.id).status_code == 404
    expect(other.device(device.id), 200)
    operational.close()


def test_unlisted_unit_and_unknown_maker_are_refused_with_a_request_id(
        stack, maker, operator):
    for kind, unit in (("unlisted", Device(stack, maker)),
            ("unknown", Device(stack, type(maker)("other", "lamp-2")))):
        answer = unit.authorize()
        assert answer.status_code in (400, 401, 403), kind
        rid = answer.headers["X-Request-Id"]
        assert f"rid={rid}" in stack.log()
        assert [e for e in operator.events(f"?request={rid}")
            if e.get("detail")], kind


def test_service_answers_over_tls_12_and_13_alone(stack):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        class Adapter(requests.adapters.HTTPAdapter):
            def init_poolmanager(self, *args, **kwargs):
                context = ssl.create_default_context(
                    cafile=str(stack.material.ca))
                context.minimum_version = context.maximum_version = version
                super().init_poolmanager(*args, ssl_context=context, **kwargs)
        client = Client(stack)
        client.session.mount("https://", Adapter())
        expect(client.get("/healthz"), 200)
    assert len(certs_of_cms(Client(stack).get(
        "/.well-known/est/cacerts").content)) == 2
