"""What units proved: judged again by the policy of now, never less than
before, and on record."""

import json
import threading

import pytest

from harness.http import expect
from harness.players import Device, Maker
from test_attestation import Unit, ask, refused
from harness.process import latchkey


@pytest.fixture
def maker(operator):
    maker = Maker()
    operator.register(maker)
    return maker


@pytest.fixture
def unit(stack, operator, maker):
    unit = Unit(stack, maker)
    unit.list(operator)
    return unit


def log(operator, **query):
    return expect(operator.call("GET", "/attestations", params=query),
        200).json()["attestations"]


def again(answer, operator):
    """403 that says to attest again; the code of what was found."""
    assert "send evidence again" in expect(answer, 403).text
    attempt = answer.headers["X-Request-Id"]
    record = expect(operator.call("GET", f"/attestations/{attempt}"),
        200).json()
    assert not record["accepted"]
    assert operator.events()[-1]["code"] == "attest-again"
    return record["verdict"]["findings"][0]["code"]


def test_an_approval_is_judged_by_the_policy_of_now(
        stack, operator, maker, owner, unit):
    plain = Device(stack, maker)
    operator.allow(plain)
    expect(unit.attest(version="1.2.0"), 200)
    expect(plain.authorize(), 200)
    for device in (unit, plain):
        expect(owner.approve(device.grant["user_code"]), 200)
        expect(device.poll(), 200)
    for asked, found in (({"min_version": "1.3.0"}, "sw-version"),
            ({"formats": ["idevid"]}, "format"),
            ({"deny": {"ueids": [unit.ueid.hex()]}}, "denied"),
            ({"pcrs": [{"index": 1}]}, "policy-changed")):
        expect(ask(operator, maker, **asked), 200)
        assert again(unit.enroll(), operator) == found
    # the yes was not used up
    expect(ask(operator, maker, min_version="1.2.0", secure_boot=True), 200)
    assert again(plain.enroll(), operator) == "no-evidence"
    expect(unit.enroll(), 200)
    expect(operator.call("PUT", f"/models/{maker.model}/policy",
        json={"policy": {}}), 200)
    expect(plain.enroll(), 200)


def test_a_renewal_is_judged_by_the_policy_of_now(
        operator, maker, owner, unit, database):
    expect(unit.attest(version="1.2.0"), 200)
    expect(owner.approve(unit.grant["user_code"]), 200)
    expect(unit.poll(), 200)
    expect(unit.enroll(), 200)
    expect(unit.renew(), 200)
    expect(ask(operator, maker, min_version="1.3.0"), 200)
    assert again(unit.renew(), operator) == "sw-version"
    expect(unit.attest(version="1.3.0"), 200)
    expect(unit.renew(), 200)

    # evidence of long ago
    expect(ask(operator, maker, reattest_every=86400), 200)
    expect(unit.renew(), 200)
    database.query("UPDATE attested SET at = at - interval '2 days'")
    assert again(unit.renew(), operator) == "too-old"
    expect(unit.attest(version="1.3.0"), 200)
    expect(unit.renew(), 200)

    # an old version that was taken once is not, when that ends
    expect(ask(operator, maker, allow_downgrade=True), 200)
    expect(unit.attest(version="1.0.0"), 200)
    expect(ask(operator, maker), 200)
    assert again(unit.renew(), operator) == "downgrade"


def test_less_than_what_comes_at_the_same_time_is_a_downgrade(
        operator, unit, database):
    expect(unit.attest(version="1.0.0"), 200)
    answers = []
    with database.connect() as db:
        cursor = db.cursor()
        cursor.execute("SELECT FROM birth FOR UPDATE")
        thread = threading.Thread(target=lambda: answers.append(
            unit.attest(version="2.0.0")))
        thread.start()
        database.wait_blocked()
        cursor.execute("UPDATE birth SET sw_version = '3.0.0', "
            "sw_scheme = 16384 WHERE sw_version IS NOT NULL")
        db.commit()
        thread.join(60)
    assert "downgrade" in refused(answers[0], operator)
    assert database.value("SELECT sw_version FROM birth") == "3.0.0"


def test_versions_of_two_schemes_have_no_order(
        operator, maker, unit, database):
    expect(ask(operator, maker, version_scheme="integers"), 200)
    expect(unit.attest(version="7"), 200)
    expect(ask(operator, maker, version_scheme="semver"), 200)
    assert "another scheme" in refused(unit.attest(version="8.0.0"), operator)
    expect(ask(operator, maker, version_scheme="semver",
        allow_downgrade=True), 200)
    expect(unit.attest(version="1.0.0"), 200)
    assert database.query("SELECT sw_version, sw_scheme FROM birth") == [
        ("1.0.0", 16384)]


def test_attempts_are_on_record_and_the_owner_reads_own_ones(
        stack, operator, maker, owner, unit, database):
    bad = unit.attest(version="x", evidence=b"\xff")
    refused(bad, operator)
    good = unit.attest(version="1.2.0")
    expect(owner.approve(unit.grant["user_code"]), 200)
    expect(unit.poll(), 200)
    expect(unit.enroll(), 200)
    expect(ask(operator, maker, min_version="2.0.0"), 200)
    again(unit.renew(), operator)
    device = database.value("SELECT id::text FROM device")
    rows = log(operator, model=maker.model)
    assert [(r["accepted"], r.get("format"), r.get("device_id"))
        for r in rows] == [(False, "psa", device), (True, "psa", None),
            (False, "psa", None)]
    assert rows[2]["id"] == bad.headers["X-Request-Id"]
    assert rows[1]["id"] == good.headers["X-Request-Id"]
    assert log(operator, unit=rows[0]["unit"]) == rows
    assert log(operator, device=device) == rows[:1]
    page = expect(operator.call("GET", "/attestations?limit=2"), 200).json()
    assert log(operator, after=page["next"]) == rows[2:]
    record = expect(operator.call("GET", f"/attestations/{rows[2]['id']}"),
        200).json()
    assert record["verdict"]["findings"][0]["layer"] == "parse"
    for query in ({"device": "x"}, {"unit": "-1"}, {"after": "x"}):
        expect(operator.call("GET", "/attestations", params=query), 400)
    expect(operator.call("GET", "/attestations/x"), 404)

    # E5: in plain words, with what led to the ownership
    said = expect(owner.call("GET", f"/v1/devices/{device}/attestations"),
        200).json()["attestations"]
    assert [(s["accepted"], s["grade"]) for s in said] == [
        (False, "none"), (True, "hardware"), (False, "none")]
    assert said[0]["words"] == [
        "The software is older than 2.0.0, or its version is not said."]
    expect(operator.add_owner().call("GET",
        f"/v1/devices/{device}/attestations"), 404)

    env = {"LATCHKEY_URL": stack.url,
        "LATCHKEY_CA": str(stack.material.ca),
        "LATCHKEY_ADMIN_TOKEN": database.admin_token}
    code, out, err = latchkey("attest", "log", "--model", maker.model,
        "--json", env=env)
    assert (code, err) == (0, "")
    assert json.loads(out)["attestations"] == rows
    code, out, err = latchkey("attest", "show", rows[0]["id"], env=env)
    assert (code, err) == (0, "") and "older than 2.0.0" in out

    # records of one unit's refusals have a budget
    database.query("UPDATE guess SET n = 100 WHERE "
        "bucket = 'attestation-refused'")
    expect(unit.attest(evidence=b"\xff"), 400)
    assert log(operator) == rows
