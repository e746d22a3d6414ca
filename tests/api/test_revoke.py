"""What operators take away: one certificate, a device for good (SECURITY.md
A9, R2, R4)."""

import pytest

from harness.crypto import new_key
from harness.http import expect


def feed(database):
    return database.query("SELECT kind, encode(serial, 'hex'), device_id, "
        "reason FROM revocation ORDER BY position")


def serial_of(device):
    number = device.certificate.serial_number
    return number.to_bytes((number.bit_length() + 7) // 8, "big").hex()


def revoke(operator, serial, reason="superseded", **more):
    return operator.call("POST", f"/certificates/{serial}/revoke",
        json={"reason": reason, **more})


def test_a_revoked_certificate_renews_nothing_and_its_device_lives(
        database, operator, enrolled):
    serial = serial_of(enrolled)
    answer = expect(revoke(operator, serial), 200).json()
    assert answer["serial"] == serial and answer["device"] == enrolled.id
    assert enrolled.renew(new_key()).status_code == 403
    assert feed(database) == [("certificate", serial, None, "superseded")]
    assert not operator.call("GET",
        f"/devices/{enrolled.id}").json()["revoked"]
    event, = [e for e in operator.events(f"?device={enrolled.id}")
        if e["kind"] == "certificate.revoked"]
    assert event["detail"] == f"serial {serial}, superseded"
    # Again, in another spelling: nothing new.
    expect(revoke(operator, "00" + serial.upper(), "unspecified"), 200)
    assert len(feed(database)) == 1


def test_a_compromised_certificate_takes_its_key_along(database, operator,
        enrolled):
    expect(revoke(operator, serial_of(enrolled), "keyCompromise"), 200)
    assert database.query("SELECT compromised FROM key_use") == [(True,)]


def test_an_unknown_serial_is_404_or_refused_beforehand(database, operator):
    serial = "5f" * 16
    expect(revoke(operator, serial), 404)
    for _ in range(2):
        answer = expect(revoke(operator, serial, preemptive=True), 200)
        assert answer.json() == {"serial": serial}
    assert feed(database) == [("certificate", serial, None, "superseded")]
    assert database.value("SELECT until FROM revocation") is None


@pytest.mark.parametrize("serial", ["00", "zz", "0", "5f" * 17])
def test_what_is_no_serial_number_is_404(operator, serial):
    expect(operator.call("POST", f"/certificates/{serial}/revoke",
        json={"reason": "superseded", "preemptive": True}), 404)


def test_a_reason_is_one_of_rfc_5280(operator, enrolled):
    expect(revoke(operator, serial_of(enrolled), "because"), 400)


def test_decommissioned_is_for_good(database, operator, enrolled, owner):
    for _ in range(2):
        answer = expect(operator.call("POST",
            f"/devices/{enrolled.id}/decommission", json={}), 200).json()
        assert answer["decommissioned"] and not answer["revoked"]
    assert feed(database) == [
        ("device", None, enrolled.id, "cessationOfOperation")]
    assert enrolled.renew(new_key()).status_code == 403
    kinds = [e["kind"] for e in operator.events(f"?device={enrolled.id}")]
    assert kinds.count("device.decommissioned") == 1
    # Neither lifting nor the owner's release frees the unit (R5).
    expect(operator.lift(enrolled.id), 200)
    assert operator.call("GET",
        f"/devices/{enrolled.id}").json()["decommissioned"]
