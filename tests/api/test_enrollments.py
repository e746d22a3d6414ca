"""Records of enrollments: found by device, code and request, step by step
with reason codes and a hint."""

import json
import uuid

import pytest

from harness.crypto import new_key
from harness.http import expect
from harness.players import Device

ADMIN = "/enrollments"


def records(operator, query=""):
    return expect(operator.call("GET", ADMIN + "?" + query),
        200).json()["enrollments"]


def show(operator, any_id):
    return expect(operator.call("GET", f"{ADMIN}/{any_id}"), 200).json()


def steps(record):
    return [s["kind"] for s in record["steps"]]


def by_code(operator, code):
    return operator.call("POST", ADMIN + "/lookup", json={"user_code": code})


def test_an_enrollment_is_one_record_from_the_first_request_on(operator,
        device, owner, stack, database):
    asked = expect(device.authorize(), 200)
    rid = asked.headers["X-Request-Id"]
    waiting = show(operator, rid)
    assert waiting["state"] == "waiting" and "reason_code" not in waiting
    assert waiting["hint"] == "Nobody has typed its code yet."
    code = device.grant["user_code"]
    assert expect(by_code(operator, code.lower().replace("-", " ")),
        200).json() == waiting
    owner.lookup(code)
    shown = show(operator, waiting["id"])
    assert "has not decided" in shown["hint"]
    expect(owner.approve(code), 200)
    assert show(operator, rid)["state"] == "approved"
    device.onboard_after_yes()
    done = show(operator, rid)
    assert done["id"] == waiting["id"] == done["approval_id"]
    assert done["state"] == "enrolled" and "reason_code" not in done
    assert (done["model"], done["serial"]) == (device.maker.model,
        device.serial)
    assert (done["device_id"], done["owner_id"]) == (device.id, owner.id)
    assert [k for k in steps(done) if k != "certificate.used"] == [
        "approval.requested", "approval.approved", "token.issued",
        "certificate.issued"]
    assert {s["result"] for s in done["steps"]} == {"done"}
    # By any of its requests, by its device, by its code a while later.
    for step in done["steps"]:
        if "request_id" in step:
            assert show(operator, step["request_id"]) == done
    (row,) = records(operator, f"device={device.id}")
    assert row["id"] == done["id"] and row["state"] == "enrolled"
    assert expect(by_code(operator, code), 200).json() == done
    # What is stored for it was stored before there were records.
    assert code not in json.dumps(done)
    token = database.admin_token
    out = stack.cli("enrollment", "show", "--device", device.id, token=token)
    assert "enrolled" in out and "It got its certificate." in out
    assert stack.cli("enrollment", "show", "--code", code, token=token) == out
    assert stack.cli("enrollment", "show", "--request", rid,
        token=token) == out
    assert json.loads(stack.cli("enrollment", "show", done["id"], "--json",
        token=token)) == done
    assert done["id"] in stack.cli("enrollment", "list", "--since", "1h",
        "--model", device.maker.model, "--state", "enrolled", token=token)


def test_a_refusal_of_a_unit_is_recorded_with_its_reason(operator, device,
        owner):
    """E5: the device is told a code and an id; the operator why, and what to
    do."""
    expect(device.authorize(), 200)
    expect(owner.deny(device.grant["user_code"]), 200)
    denied = records(operator)[0]
    assert denied["state"] == "denied"
    assert show(operator, denied["id"])["reason_code"] == "access_denied"
    device.token = "A" * 43
    refused = expect(device.enroll(), 401)
    rid = refused.headers["X-Request-Id"]
    record = show(operator, rid)
    (step,) = [s for s in record["steps"] if s.get("request_id") == rid]
    assert step["result"] == "refused" and step["code"] == "invalid_token"
    assert step["detail"] == "no such token for this unit and key"
    assert step["detail"] not in refused.text
    # The same unit tries again, and its record says why it failed so far.
    device.key = new_key()
    expect(device.authorize(), 200)
    record = show(operator, by_code(operator,
        device.grant["user_code"]).json()["id"])
    assert record["state"] == "waiting"


def test_a_unit_that_is_not_listed_has_a_record_by_its_request(operator,
        stack, maker, device):
    stranger = Device(stack, maker)
    refused = expect(stranger.authorize(), 400, 401, 403)
    record = show(operator, refused.headers["X-Request-Id"])
    assert record["state"] == "refused"
    assert record["reason_code"] == "attestation-refused"
    assert "latchkey allowlist import" in record["hint"]
    assert "the unit is not on the allowlist" in record["steps"][0]["detail"]
    assert record["id"] in [r["id"] for r in records(operator,
        "state=refused")]
    assert records(operator, "state=enrolled") == []


def test_a_code_that_nobody_approved_is_found_and_expired(operator, device,
        database):
    expect(device.authorize(), 200)
    database.query("UPDATE approval SET expires_at = now()")
    record = expect(by_code(operator, device.grant["user_code"]), 200).json()
    assert record["state"] == "expired"
    assert record["reason_code"] == "expired_token"
    assert steps(record) == ["approval.requested", "approval.expired"]


def test_a_request_that_was_replaced_still_has_its_record(operator, device):
    first = expect(device.authorize(), 200)
    second = expect(device.authorize(), 200)
    old = show(operator, first.headers["X-Request-Id"])
    new = show(operator, second.headers["X-Request-Id"])
    assert (old["state"], new["state"]) == ("replaced", "waiting")
    assert old["id"] != new["id"]


def test_e3_a_unit_that_is_refused_again_and_again_fills_nothing(operator,
        device, enrolled, database, stack):
    """What proved nothing leaves no row; of a unit few, the last says so."""
    device.token = "A" * 43
    for _ in range(25):
        expect(device.enroll(), 401)
    kept = database.query("SELECT detail FROM event WHERE kind = "
        "'enrollment.refused' ORDER BY at")
    assert len(kept) == 20
    assert ["in the log alone" in d for (d,) in kept] == [False] * 19 + [True]
    assert stack.log().count("no such token for this unit and key") >= 25
    before = database.value("SELECT count(*) FROM event")
    for _ in range(5):
        expect(operator.http.call("POST", "/.well-known/est/simpleenroll",
            data="AAAA", headers={"Content-Type": "application/pkcs10"}), 401)
    assert database.value("SELECT count(*) FROM event") == before


@pytest.mark.parametrize("query, hint", [
    ("device=LAMP", "device"), ("model=A", "model"), ("state=lost", "state"),
    ("from=soon", "from"), ("after=1", "after"), ("modle=lamp-1", "modle"),
    ("from=2026-11-02&to=2026-11-01", "from")])
def test_a_filter_that_means_nothing_is_refused_with_a_hint(operator, query,
        hint):
    refused = expect(operator.call("GET", ADMIN + "?" + query), 400).json()
    assert refused["detail"].startswith(hint + ":"), refused


def test_what_is_not_there_is_not_found(operator, stack, database):
    for wrong in (str(uuid.uuid4()), "x", str(uuid.uuid4()).upper()):
        expect(operator.call("GET", f"{ADMIN}/{wrong}"), 404)
    for wrong in ("BBBB-BBBB", "AEIO", "B"):
        expect(by_code(operator, wrong), 404)
    expect(operator.call("POST", ADMIN + "/lookup", json={}), 400)
    for argv in ([], ["a", "--code", "b"]):
        with pytest.raises(AssertionError, match="one of ID"):
            stack.cli("enrollment", "show", *argv,
                token=database.admin_token)


def test_records_are_paged_while_more_come(operator, device, database):
    for _ in range(5):
        expect(device.authorize(), 200)
    seen, after = [], ""
    while after is not None:
        got = expect(operator.call("GET", ADMIN + "?limit=2&after=" + after),
            200).json()
        seen, after = seen + got["enrollments"], got.get("next")
        if len(seen) == 2:
            expect(device.authorize(), 200)
    assert len({r["id"] for r in seen}) == len(seen) == 5
    assert [r["at"] for r in seen] == sorted(
        (r["at"] for r in seen), reverse=True)
