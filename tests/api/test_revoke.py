"""What operators take away: one certificate, a device for good (SECURITY.md
A9, R2, R4)."""

import os
import subprocess
import time
import uuid

import psycopg2
import pytest

from harness.crypto import new_key
from harness.http import expect
from harness.players import Device, Maker
from harness.process import BUILD, REPORT


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


def test_what_is_no_serial_number_is_404(operator):
    for serial in ("00", "zz", "0", "5f" * 17):
        expect(revoke(operator, serial, preemptive=True), 404)


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


# ------------------------------------------------------------------- sets


def finished(operator, set_id):
    end = time.monotonic() + 60
    while True:
        row = expect(operator.call("GET", f"/sets/{set_id}"), 200).json()
        if row["state"] in ("done", "stopped"):
            return row
        assert time.monotonic() < end, row
        time.sleep(0.05)


def count(operator, **of):
    return expect(operator.call("POST", "/sets/count", json=of), 200).json()


def start(operator, set_id=None, **of):
    set_id = set_id or str(uuid.uuid4())
    return set_id, operator.call("PUT", f"/sets/{set_id}", json=of)


def sweep(operator, **of):
    n = count(operator, **of)["units"]
    set_id, answer = start(operator, count=n, **of)
    expect(answer, 200)
    return finished(operator, set_id)


def add_units(database, model, n, **columns):
    """Units without devices, quickly."""
    names = "".join(f", {name}" for name in columns)
    database.query("INSERT INTO birth (manufacturer_id, model_id, serial"
        f"{names}) SELECT manufacturer_id, id, 'BULK-' || i"
        + ", %s" * len(columns) + " FROM model, generate_series(1, %s) i "
        "WHERE id = %s", (*columns.values(), n, model), role="service")


def test_a_set_is_counted_then_revoked_and_no_other_unit(database, operator,
        maker, enrolled, owner):
    add_units(database, maker.model, 250, batch="B7", sw_version="1.9")
    database.query("UPDATE birth SET batch = 'B8', sw_version = '2.0' "
        "WHERE serial = %s", (enrolled.serial,), role="service")
    why = {"action": "revoke", "reason": "superseded"}
    for of, units, devices in (
            ({"model": maker.model}, 251, 1),
            ({"manufacturer": maker.id}, 251, 1),
            ({"model": maker.model, "batch": "B7"}, 250, 0),
            ({"model": maker.model, "sw_version": "2.0"}, 1, 1),
            ({"owner": owner.id}, 1, 1),
            ({"manufacturer": maker.id, "serials": ["BULK-3", "NONE",
                enrolled.serial]}, 2, 1)):
        assert count(operator, **of, **why) == {
            "units": units, "devices": devices}, of
    assert database.value("SELECT count(*) FROM unit_set") == 0

    def revoked():
        return database.value("SELECT count(*) FROM birth WHERE revoked_at "
            "IS NOT NULL")

    row = sweep(operator, model=maker.model, batch="B7", **why)
    assert (row["state"], row["found"], row["swept"]) == ("done", 250, 250)
    assert revoked() == 250 and feed(database) == []
    expect(enrolled.renew(new_key()), 200)
    listed = {"manufacturer": maker.id, "serials": [enrolled.serial]}
    row = sweep(operator, **listed, **why)
    assert (row["state"], row["swept"]) == ("done", 1)
    assert revoked() == 251
    assert feed(database) == [("device", None, enrolled.id, "superseded")]
    assert enrolled.renew(new_key()).status_code == 403
    assert database.value("SELECT count(*) FROM event WHERE "
        "kind = 'device.revoked' AND request_id = %s", (row["id"],)) == 1
    # Again: nothing is left to do.
    assert sweep(operator, **listed, **why)["state"] == "done"
    assert len(feed(database)) == 1


def test_a_set_of_those_who_came_by_an_anchor(database, operator, maker,
        enrolled, device, stack, owner):
    """Another CA of the same maker is in other hands; it may be removed."""
    other = Maker(maker.id, maker.model)
    anchor = expect(operator.call("POST", f"/manufacturers/{maker.id}/anchors",
        json={"certificate": other.anchor_pem}), 201).json()["id"]
    bad = Device(stack, other)
    operator.allow(bad)
    bad.onboard(owner)
    add_units(database, maker.model, 3)
    why = {"action": "revoke", "reason": "keyCompromise",
        "manufacturer": maker.id, "anchor": anchor}
    expect(operator.call("DELETE",
        f"/manufacturers/{maker.id}/anchors/{anchor}"), 204)
    assert count(operator, **why) == {"units": 1, "devices": 1}
    assert sweep(operator, **why)["swept"] == 1
    assert feed(database)[-1] == ("device", None, bad.id, "keyCompromise")
    expect(bad.renew(new_key()), 403)
    expect(enrolled.renew(new_key()), 200)
    # Who proves itself by another anchor is of that one.
    database.query("UPDATE birth SET anchor_id = %s WHERE serial = %s",
        (anchor, enrolled.serial))
    assert count(operator, **why)["units"] == 2
    enrolled.token = None
    enrolled.enroll()
    assert count(operator, **why)["units"] == 1


def test_a_set_that_has_grown_since_it_was_counted_stops(database, operator,
        maker, enrolled):
    of = {"action": "revoke", "reason": "superseded", "model": maker.model}
    n = count(operator, **of)["units"]
    add_units(database, maker.model, 1)
    set_id, answer = start(operator, count=n, **of)
    expect(answer, 200)
    row = finished(operator, set_id)
    assert (row["state"], row["found"], row["swept"]) == ("stopped", n + 1, 0)
    assert feed(database) == []
    expect(enrolled.renew(new_key()), 200)
    kinds = [e["kind"] for e in operator.events()]
    assert "set.started" in kinds and "set.stopped" in kinds


def test_a_set_is_quarantined_with_a_reason_and_lifted(database, operator,
        maker, enrolled, owner):
    of = {"reason": "odd traffic", "model": maker.model}
    sweep(operator, action="quarantine", **of)
    row = operator.call("GET", f"/devices/{enrolled.id}").json()
    assert row["quarantined"] and row["quarantine_reason"] == "odd traffic"
    row, = owner.devices().json()["devices"]
    assert row["quarantine_reason"] == "odd traffic"
    sweep(operator, action="lift", **of)
    row = operator.call("GET", f"/devices/{enrolled.id}").json()
    assert not row["quarantined"] and "quarantine_reason" not in row
    assert [row[0] for row in feed(database)] == ["quarantine", "lift"]


def test_r5_lifting_a_set_frees_nobody_that_its_owner_lost(database,
        operator, maker, enrolled):
    sweep(operator, action="quarantine", reason="odd", model=maker.model)
    database.query("UPDATE birth SET lost_at = now()")
    sweep(operator, action="lift", reason="fine", model=maker.model)
    row = operator.call("GET", f"/devices/{enrolled.id}").json()
    assert row["lost"] and not row["quarantined"]
    # As far as brokers are concerned it is where it was.
    assert [row[0] for row in feed(database)] == ["quarantine"]
    sweep(operator, action="revoke", reason="keyCompromise",
        model=maker.model)
    assert [row[0] for row in feed(database)] == ["quarantine", "device"]


def test_a_repeated_start_is_one_set_and_another_is_refused(operator, maker,
        enrolled):
    of = {"action": "quarantine", "reason": "odd", "model": maker.model}
    set_id, first = start(operator, count=1, **of)
    expect(first, 200)
    expect(start(operator, set_id, count=1, **of)[1], 200)
    expect(start(operator, set_id, count=2, **of)[1], 409)
    finished(operator, set_id)


def test_what_names_no_set_is_refused(operator, maker):
    for of, status in (
            ({"batch": "B7"}, 400),
            ({}, 400),
            ({"model": maker.model, "action": "burn"}, 400),
            ({"model": maker.model, "reason": "because"}, 400),
            ({"owner": "me"}, 400),
            ({"anchor": str(uuid.uuid4())}, 400),
            ({"model": maker.model, "anchor": "root"}, 400),
            ({"model": maker.model, "serials": []}, 400),
            ({"model": "no-such-model"}, 404)):
        of = {"action": "revoke", "reason": "superseded", **of}
        expect(operator.call("POST", "/sets/count", json=of), status)
        expect(start(operator, count=0, **of)[1], status)


def test_r3_who_issues_while_a_set_is_open_is_refused_or_waited_for(database,
        operator, maker, enrolled):
    """A transaction that began before the block, and may not have seen it,
    is waited out; one that begins later is refused, before its unit's turn
    in the sweep has come."""
    of = {"action": "revoke", "reason": "superseded", "model": maker.model}
    older = database.connect("service")
    older.autocommit = False
    cursor = older.cursor()
    cursor.execute("SELECT count(*) FROM unit_set")
    set_id, answer = start(operator, count=1, **of)
    expect(answer, 200)
    assert enrolled.renew(new_key()).status_code == 403
    row = operator.call("GET", f"/sets/{set_id}").json()
    assert row["state"] == "waiting"
    assert feed(database) == []
    # What the older one issues is swept with the rest.
    cursor.execute("INSERT INTO certificate (serial, not_before, not_after, "
        "device_id, profile, key_sha256, der) SELECT '\\x5f', now(), "
        "now() + interval '1 hour', id, 'device', sha256('k'), '' "
        "FROM device WHERE id = %s", (enrolled.id,))
    older.commit()
    assert finished(operator, set_id)["state"] == "done"
    assert database.value("SELECT count(*) FROM certificate "
        "WHERE revoked_at IS NULL") == 0
    older.close()


def test_r3_certificates_of_a_list_are_blocked_first_then_swept(database,
        operator, enrolled):
    """None of their units renews in between; the units go on afterwards."""
    first = serial_of(enrolled)
    expect(enrolled.renew(new_key()), 200)
    unknown = "6e" * 16
    of = {"action": "revoke", "reason": "keyCompromise",
        "certificates": ["00" + first, unknown, first]}
    assert count(operator, **of) == {"units": 1, "devices": 1,
        "unknown": [unknown]}
    assert count(operator, **of, preemptive=True)["units"] == 2
    most = {**of, "certificates": [f"{(16 << 120) + n:x}" for n in range(5000)]}
    assert len(count(operator, **most)["unknown"]) == 5000
    assert database.value("SELECT count(*) FROM unit_set") == 0
    older = database.connect("service")
    older.autocommit = False
    older.cursor().execute("SELECT count(*) FROM unit_set")
    set_id, answer = start(operator, count=2, preemptive=True, **of)
    expect(answer, 200)
    assert enrolled.renew(new_key()).status_code == 403
    assert operator.call("GET", f"/sets/{set_id}").json()["state"] == "waiting"
    # A program that takes it for a set of units does nothing with it.
    with pytest.raises(psycopg2.Error, match="is one of certificates"):
        database.query("INSERT INTO unit_set_member (set_id, birth_id) "
            "SELECT %s, id FROM birth", (set_id,), role="service")
    older.commit()
    older.close()
    row = finished(operator, set_id)
    assert (row["state"], row["found"], row["swept"]) == ("done", 2, 2)
    assert sorted(feed(database)) == sorted(("certificate", serial, None,
        "keyCompromise") for serial in (first, unknown))
    assert database.query("SELECT revoked_at IS NOT NULL FROM certificate "
        "ORDER BY not_before, issued_at") == [(True,), (False,)]
    assert database.value("SELECT count(*) FROM event WHERE "
        "kind = 'certificate.revoked' AND request_id = %s", (set_id,)) == 2
    assert database.value("SELECT count(*) FROM key_use WHERE compromised") == 1
    expect(enrolled.renew(new_key()), 200)
    # A repeat finds it done; one of another size stops.
    assert sweep(operator, **of)["swept"] == 1
    set_id, _ = start(operator, count=3, **of)
    assert finished(operator, set_id)["state"] == "stopped"
    assert len(feed(database)) == 2
    for bad in ({"model": enrolled.maker.model}, {"action": "quarantine"},
            {"certificates": ["xyz"]}, {"certificates": []},
            {"certificates": [first], "serials": []}):
        expect(operator.call("POST", "/sets/count", json={**of, **bad}), 400)


def test_another_node_goes_on_with_a_set(database, stack, operator, maker,
        enrolled):
    """The thread of the first was killed with the set open."""
    of = {"action": "revoke", "reason": "superseded", "model": maker.model}
    older = database.connect("service")
    older.autocommit = False
    older.cursor().execute("SELECT 1")
    set_id, answer = start(operator, count=1, **of)
    expect(answer, 200)
    stack.kill()
    older.rollback()
    older.close()
    stack.restart()
    assert finished(operator, set_id)["state"] == "done"
    assert len(feed(database)) == 1


def test_a_set_from_the_command_line(stack, database, operator, maker,
        enrolled, tmp_path):
    def latchkey(*argv):
        done = subprocess.run([BUILD / "latchkey", *argv], env={
            **os.environ, "LATCHKEY_URL": stack.url,
            "LATCHKEY_CA": str(stack.material.ca),
            "LATCHKEY_ADMIN_TOKEN": database.admin_token},
            capture_output=True, text=True, timeout=60)
        assert not REPORT.search(done.stderr), done.stderr
        return done.returncode, done.stdout + done.stderr

    serials = tmp_path / "serials"
    serials.write_text(f"{enrolled.serial}\r\n\nNONE\n")
    of = ["revoke", "set", "--model", maker.model, "--serials", str(serials),
        "--reason", "superseded"]
    code, out = latchkey(*of)
    assert code == 0 and "1 units, 1 of them devices" in out, out
    code, out = latchkey(*of, "--count", "2")
    assert code != 0 and "nothing was changed" in out, out
    assert feed(database) == []
    code, out = latchkey(*of, "--count", "1")
    assert code == 0 and "revoke done, 1 units" in out, out
    for nothing in "\n", f"{enrolled.serial}\0\nNONE\n":
        serials.write_text(nothing)
        assert latchkey(*of)[0] == 2
    code, out = latchkey("revoke", "certificate", "5f" * 16, "--reason",
        "superseded", "--preemptive")
    assert code == 0 and "nobody known here" in out, out
    known = serial_of(enrolled)
    serials.write_text(f"{known}\n{'6e' * 16}\n")
    of = ["revoke", "certificates", str(serials), "--reason", "superseded"]
    code, out = latchkey(*of)
    assert code == 1 and "1 of 2 are known here" in out, out
    assert f"{'6e' * 16} is not known here" in out
    of.append("--preemptive")
    code, out = latchkey(*of)
    assert code == 0 and "2 certificates, 1 of them known" in out, out
    code, out = latchkey(*of, "--count", "1")
    assert code == 1 and "nothing was changed" in out, out
    entries = len(feed(database))
    for _ in range(2):
        code, out = latchkey(*of, "--count", "2")
        assert code == 0 and "2 certificates are refused" in out, out
    assert len(feed(database)) > entries
    code, out = latchkey("device", "decommission", enrolled.id)
    assert code == 0 and "never enrolled again" in out, out
