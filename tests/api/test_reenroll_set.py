"""Sets of units that must have new certificates by a deadline: who may renew
until then, what ends at it, and who comes back (SECURITY.md R3, R4)."""

import datetime
import json
import os
import subprocess
import uuid

import pytest

from harness.crypto import new_key
from harness.http import expect
from harness.players import Device, Maker, Operator
from harness.process import BUILD, REPORT, until


@pytest.fixture
def fleet(database, make_stack):
    """Two devices of one model, too young to renew by their label."""
    database.query("UPDATE label SET settings = %s WHERE name = 'device'",
        (json.dumps({"renew_after": 50}),))
    stack = make_stack()
    operator, maker = Operator(stack, database.admin_token), Maker()
    operator.register(maker)
    owner = operator.add_owner()
    units = [Device(stack, maker) for _ in range(2)]
    for unit in units:
        operator.allow(unit)
        unit.onboard(owner)
        unit.token, unit.owner, unit.operator = None, owner, operator
        expect(unit.renew(), 429)
    return units


def body(fleet, **more):
    return {"action": "reenroll", "reason": "a new CA",
        "model": fleet[0].maker.model, **more}


def deadline(**ahead):
    when = datetime.datetime.utcnow() + datetime.timedelta(**ahead)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(operator, set_id):
    return expect(operator.call("GET", f"/sets/{set_id}"), 200).json()


def reaches(operator, set_id, state):
    assert until(lambda: shown(operator, set_id)["state"] == state), \
        shown(operator, set_id)
    return shown(operator, set_id)


def begin(fleet):
    operator, set_id = fleet[0].operator, str(uuid.uuid4())
    expect(operator.call("PUT", f"/sets/{set_id}",
        json=body(fleet, count=2, by=deadline(hours=2))), 200)
    return set_id


def pass_deadline(database, set_id):
    database.query("UPDATE unit_set SET deadline = now() - interval '1 s' "
        "WHERE id = %s", (set_id,))


def serial_of(device):
    return device.certificate.serial_number


def refused(database):
    return {int.from_bytes(bytes(serial), "big"): reason
        for serial, reason in database.query(
            "SELECT serial, reason FROM revocation")}


def test_a_set_is_renewed_by_its_deadline_or_comes_back(database, fleet):
    quick, slow = fleet
    operator = quick.operator
    old = [serial_of(quick), serial_of(slow)]
    counted = expect(operator.call("POST", "/sets/count", json=body(fleet)),
        200).json()
    assert counted == {"units": 2, "devices": 2}
    set_id = begin(fleet)
    row = reaches(operator, set_id, "renewing")
    assert (row["found"], row["renewed"], row["left"]) == (2, 0, 2)
    assert refused(database) == {}

    # At once, whatever the label says; the new one is as young as it looks.
    expect(quick.renew(new_key()), 200)
    expect(quick.renew(), 429)
    row = shown(operator, set_id)
    assert (row["renewed"], row["left"], row["ended"]) == (1, 1, 0)

    pass_deadline(database, set_id)
    row = reaches(operator, set_id, "done")
    assert (row["swept"], row["renewed"], row["left"], row["ended"]) == (
        2, 1, 0, 1)
    assert refused(database) == dict.fromkeys(old, "superseded")
    expect(slow.renew(), 403)
    expect(quick.renew(), 429)  # it is good
    expect(operator.call("DELETE", f"/sets/{set_id}"), 409)

    def told(device, kind):
        return len([e for e in operator.events(f"?device={device.id}")
            if e["kind"] == kind])
    assert [told(d, "device.renew_by") for d in fleet] == [1, 1]
    assert [told(d, "device.overdue") for d in fleet] == [0, 1]
    assert database.query("SELECT device_id FROM notice "
        "WHERE kind = 'device.overdue'") == [(slow.id,)]

    # Back with its birth certificate, without its owner, for the same key.
    was, key = slow.id, slow.key
    slow.key = new_key()
    expect(slow.enroll(), 403)
    slow.key = key
    expect(slow.enroll(), 200)
    assert slow.id == was and serial_of(slow) not in old
    first = serial_of(slow)
    expect(slow.enroll(), 200)
    assert serial_of(slow) == first, "a repeat gets the same"
    expect(slow.renew(), 429)


def test_a_key_that_is_refused_later_does_not_come_back(database, fleet):
    slow = fleet[1]
    set_id = begin(fleet)
    reaches(slow.operator, set_id, "renewing")
    pass_deadline(database, set_id)
    assert reaches(slow.operator, set_id, "done")["ended"] == 2
    expect(slow.operator.call("POST",
        f"/certificates/{serial_of(slow):040x}/revoke",
        json={"reason": "keyCompromise"}), 200)
    expect(slow.enroll(), 403)


def test_a_deadline_outlives_a_restart_and_can_be_cancelled(database, fleet):
    operator, stack = fleet[0].operator, fleet[0].stack
    set_id = begin(fleet)
    stack.kill()
    stack.restart()
    reaches(operator, set_id, "renewing")
    for _ in range(2):
        row = expect(operator.call("DELETE", f"/sets/{set_id}"), 200).json()
        assert row["state"] == "cancelled"
    # A later set is swept; this one never is.
    pass_deadline(database, set_id)
    other = expect(operator.call("PUT", f"/sets/{uuid.uuid4()}", json={
        "action": "lift", "reason": "fine", "count": 2,
        "model": fleet[0].maker.model}), 200).json()["id"]
    reaches(operator, other, "done")
    assert shown(operator, set_id)["state"] == "cancelled"
    assert refused(database) == {}
    expect(fleet[0].renew(), 429)
    expect(operator.call("DELETE", f"/sets/{other}"), 409)
    expect(operator.call("DELETE", f"/sets/{uuid.uuid4()}"), 404)
    for bad in ({}, {"by": deadline(hours=-1)}, {"by": deadline(days=400)},
            {"by": deadline(hours=1), "action": "quarantine"}):
        expect(operator.call("PUT", f"/sets/{uuid.uuid4()}",
            json=body(fleet, count=2) | bad), 400)


def test_a_deadline_from_the_command_line(database, fleet):
    stack = fleet[0].stack

    def latchkey(*argv):
        done = subprocess.run([BUILD / "latchkey", "reenroll", *argv], env={
            **os.environ, "LATCHKEY_URL": stack.url,
            "LATCHKEY_CA": str(stack.material.ca),
            "LATCHKEY_ADMIN_TOKEN": database.admin_token},
            capture_output=True, text=True, timeout=120)
        assert not REPORT.search(done.stderr), done.stderr
        return done.returncode, done.stdout + done.stderr

    of = ["set", "--model", fleet[0].maker.model, "--reason", "a new CA"]
    code, out = latchkey(*of, "--by", "2h")
    assert code == 0 and "to reenroll them" in out, out
    assert latchkey(*of, "--by", "soon")[0] == 2
    code, out = latchkey(*of, "--by", "2h", "--count", "3")
    assert code != 0 and "nothing was changed" in out, out
    code, out = latchkey(*of, "--by", "2h", "--count", "2")
    assert code == 0 and "2 units have to renew" in out, out
    set_id = out.split()[1].rstrip(":")
    code, out = latchkey("show", set_id, "--json")
    assert code == 0 and json.loads(out)["left"] == 2, out
    code, out = latchkey("show", set_id)
    assert code == 0 and "renewing" in out, out
    code, out = latchkey("cancel", set_id)
    assert code == 0 and "cancelled" in out, out
    expect(fleet[0].renew(), 429)
