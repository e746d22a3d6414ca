"""SECURITY.md A1, A2, A4, A9 and A11: the attacks that approval and issuance
must survive, one test each."""

import base64
import hashlib
import time

import pytest

from harness.crypto import csr_der, key_pem, new_key, spki_sha256
from harness.http import Client, expect
from harness.players import Device, Maker, now
from harness.raw import Raw


def kinds(operator, query=""):
    return [e["kind"] for e in operator.events(query)]


# ---- A1: a birth key alone never re-enrolls an owned unit


def test_a1_cloned_birth_key_gets_no_certificate_for_its_own_key(
        enrolled, operator):
    thief_key = new_key()
    expect(enrolled.enroll(csr_der(thief_key), token=False), 403)
    assert "device.second_key" in kinds(
        operator, f"?device={enrolled.id}")
    assert expect(enrolled.renew(), 200), "the incumbent stays"


def test_a1_same_key_gets_the_same_certificate_again(enrolled):
    first = enrolled.certificate
    expect(enrolled.enroll(token=False), 200)
    assert enrolled.certificate == first


def test_a1_an_approval_issues_once(enrolled, database):
    expect(enrolled.enroll(), 200)
    expect(enrolled.enroll(), 200)
    assert database.value("SELECT count(*) FROM certificate") == 1
    assert database.value("SELECT state FROM approval") == "consumed"


def test_a1_factory_reset_needs_the_same_owners_new_yes(
        enrolled, owner, operator, database):
    old_id, old_serial = enrolled.id, enrolled.serial_number
    enrolled.key = new_key()
    enrolled.token = None
    expect(enrolled.authorize(), 200)
    code = enrolled.grant["user_code"]
    stranger = operator.add_owner("Eve")
    expect(stranger.lookup(code), 404)
    expect(owner.approve(code), 200)
    expect(enrolled.poll_until_decided(), 200)
    expect(enrolled.enroll(), 200)
    assert enrolled.id == old_id, "the same ownership"
    assert database.value("SELECT reason FROM revocation WHERE serial = %s",
        (old_serial,)) == "superseded"


def test_a1_released_unit_needs_a_new_key_and_gets_a_new_id(
        enrolled, owner, operator):
    old_id, old_key = enrolled.id, enrolled.key
    expect(owner.release(old_id), 204)
    expect(enrolled.renew(), 403)
    expect(enrolled.authorize(), 400)  # A5: the key was that ownership's
    enrolled.key, enrolled.token = new_key(), None
    enrolled.onboard(operator.add_owner("Bob"))
    assert enrolled.id != old_id
    enrolled.key, enrolled.token = old_key, None
    expect(enrolled.enroll(token=False), 403)


# ---- A2: the yes is for the key that gets certified


def test_a2_no_evidence_no_user_code(stack, maker):
    anonymous = Client(stack)
    expect(anonymous.post("/oauth2/device_authorization", data={
        "client_id": maker.client_id, "csr": "AAAA"}), 401)


def test_a2_unlisted_unit_gets_no_user_code(stack, maker, operator):
    refused = expect(Device(stack, maker).authorize(), 400)
    rid = refused.headers["X-Request-Id"]
    (event,) = operator.events(f"?request={rid}")
    assert event["kind"] == "attestation.refused"
    assert "allowlist" in event["detail"]
    assert "allowlist" not in refused.text, "E5: the sender learns nothing"


def test_a2_token_is_for_the_approved_key_and_unit_alone(
        stack, maker, operator, device, owner):
    other = Device(stack, maker)
    operator.allow(other)
    expect(device.authorize(), 200)
    expect(owner.approve(device.grant["user_code"]), 200)
    expect(device.poll(), 200)
    expect(device.enroll(csr_der(new_key())), 401)
    other.token = device.token
    expect(other.enroll(), 401)
    expect(other.enroll(csr_der(device.key)), 401)
    token, device.token = device.token, "A" * 43
    expect(device.enroll(), 401)
    device.token = token
    expect(device.enroll(), 200)


def test_a2_token_ends(device, owner, database):
    expect(device.authorize(), 200)
    expect(owner.approve(device.grant["user_code"]), 200)
    expect(device.poll(), 200)
    database.query(
        "UPDATE approval SET token_expires_at = now() - interval '1 s'")
    expect(device.enroll(), 401)


def test_a2_csr_must_prove_possession(device):
    csr = bytearray(csr_der(device.key))
    csr[-1] ^= 1
    expect(device.authorize(bytes(csr)), 400)


def test_a2_code_is_bound_to_the_certificate_that_asked(
        stack, maker, operator, device, owner):
    thief = Device(stack, maker)
    operator.allow(thief)
    expect(device.authorize(), 200)
    thief.grant = device.grant
    answer = expect(thief.poll(), 400)
    assert answer.json()["error"] == "invalid_grant"
    expect(owner.approve(device.grant["user_code"]), 200)
    assert expect(thief.poll(), 400).json()["error"] == "invalid_grant"
    expect(device.poll(), 200)


def test_a2_decision_is_the_owners_over_what_was_shown(
        device, owner, operator):
    expect(device.authorize(), 200)
    shown = expect(owner.lookup(device.grant["user_code"]), 200).json()
    stranger = operator.add_owner("Eve")
    expect(stranger.decide(shown, "approve"), 404)
    expect(owner.decide(shown, "approve", key=stranger.key), 403)
    expect(owner.decide({**shown, "digest": "A" * 43}, "approve"), 409)
    assert shown["facts"]["key_sha256"] == spki_sha256(device.key)
    expect(owner.decide(shown, "approve"), 200)
    expect(owner.decide(shown, "approve"), 200)
    expect(owner.decide(shown, "deny"), 409)


@pytest.mark.parametrize("flag", ["quarantined_at", "lost_at", "revoked_at",
    "decommissioned_at"])
def test_r5_flagged_unit_cannot_be_approved(device, owner, database, flag):
    expect(device.authorize(), 200)
    shown = expect(owner.lookup(device.grant["user_code"]), 200).json()
    database.query(f"UPDATE birth SET {flag} = now()")
    expect(owner.decide(shown, "approve"), 409)
    assert database.value("SELECT count(*) FROM device") == 0


def test_a5_key_of_another_ownership_cannot_be_approved(
        device, owner, database):
    expect(device.authorize(), 200)
    shown = expect(owner.lookup(device.grant["user_code"]), 200).json()
    database.query("INSERT INTO key_use VALUES (decode(%s, 'hex'), "
        "gen_random_uuid())", (spki_sha256(device.key),))
    expect(owner.decide(shown, "approve"), 409)
    assert database.value("SELECT count(*) FROM device") == 0


def test_a2_two_pending_keys_block_the_claim(stack, maker, operator, owner):
    device = Device(stack, maker)
    claim = allow_with_code(operator, device, "TULIP-42")
    expect(device.enroll(), 202)
    device.key = new_key()
    expect(device.enroll(), 202)
    expect(owner.claim(device.serial, claim), 409)
    assert "claim.two_keys" in kinds(operator)


def allow_with_code(operator, device, code):
    digest = hashlib.sha256(f"{device.serial}:{code}".encode()).hexdigest()
    answer = expect(operator.import_lines(device.maker.id,
        "serial,model,claim_code_sha256\n"
        f"{device.serial},{device.maker.model},{digest}\n"), 200).json()
    assert answer["state"] == "done", answer
    return code


def test_a6_claim_works_only_while_the_unit_asks_and_once(
        stack, maker, operator, owner):
    device = Device(stack, maker)
    code = allow_with_code(operator, device, "TULIP-42")
    wrong = expect(owner.claim(device.serial, "TULIP-43"), 404).json()
    early = expect(owner.claim(device.serial, code), 404).json()
    assert wrong["type"] == early["type"], "told apart"
    retry = expect(device.enroll(), 202)
    assert 1 <= int(retry.headers["Retry-After"]) <= 60
    shown = expect(owner.claim(device.serial, code), 200).json()
    expect(owner.decide(shown, "approve"), 200)
    expect(device.enroll(), 200)
    expect(owner.claim(device.serial, code), 404)
    thief = operator.add_owner("Eve")
    expect(thief.claim(device.serial, code), 404)


@pytest.mark.settings(guesses_unit=3)
def test_a6_a_stickers_code_is_not_guessed_by_many_hands(
        stack, maker, operator, owner):
    device = Device(stack, maker)
    code = allow_with_code(operator, device, "TULIP-42")
    expect(device.enroll(), 202)
    for n in range(3):
        expect(operator.add_owner(f"Eve {n}").claim(device.serial,
            f"TULIP-{n}"), 404)
    for tried in (code, "TULIP-4"):
        refused = expect(owner.claim(device.serial, tried), 429)
        assert int(refused.headers["Retry-After"]) >= 1
    expect(owner.claim("another", code), 404)
    told = [e for e in operator.events() if e["kind"] == "codes.limited"]
    assert [e["detail"] for e in told] == ["unit"]


def test_denial_is_final_for_that_code(device, owner):
    expect(device.authorize(), 200)
    expect(owner.deny(device.grant["user_code"]), 200)
    device.poll_until_decided()
    for _ in range(2):
        assert expect(device.poll(), 400).json()["error"] == "access_denied"
    expect(device.enroll(token=False), 403)


# ---- A4: nothing about a client is trusted because of the connection


def test_a4_revocation_is_seen_on_the_open_connection(enrolled, operator):
    client = enrolled.operational
    expect(enrolled.renew(), 200)
    expect(operator.revoke(enrolled.id), 200)
    enrolled.operational = client
    expect(enrolled.renew(), 403)
    expect(enrolled.authorize(), 400)
    expect(enrolled.enroll(token=False), 403)


def test_a4_expiry_is_seen_on_the_open_connection(stack, enrolled):
    body = base64.b64encode(csr_der(enrolled.key)).decode()
    request = ("POST /.well-known/est/simplereenroll HTTP/1.1\r\n"
        "Host: localhost\r\nContent-Type: application/pkcs10\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}")
    for seconds in (3, 30, 300):  # the first that is enough for one call
        enrolled.ends_in(seconds)
        with Raw(stack, certificate=enrolled.files()) as raw:
            statuses = [raw.send(request).read_answer()[0]]
            while statuses[-1] == 200 and len(statuses) < 1000:
                time.sleep(0.5)
                statuses.append(raw.send(request).read_answer()[0])
        assert statuses[-1] == 403
        assert now() >= enrolled.certificate.not_valid_after
        if len(statuses) > 1:
            return
    pytest.fail("no call came in time")


def test_r4_expired_device_returns_with_the_same_key_and_birth(enrolled):
    first = enrolled.serial_number
    enrolled.ends_in(-1)
    expect(enrolled.enroll(token=False), 200)
    assert enrolled.serial_number != first
    expect(enrolled.renew(), 200)


# ---- A9: repeats, and keys that are refused for good


def test_a9_lost_reply_gets_the_same_certificate(enrolled, database):
    old, first = enrolled.operational, new_key()
    expect(enrolled.renew(first), 200)
    renewed = enrolled.certificate
    enrolled.operational = old
    expect(enrolled.renew(first), 200)
    assert enrolled.certificate == renewed
    assert database.value("SELECT count(*) FROM certificate") == 2


def test_a9_a_certificate_has_one_successor(enrolled, operator):
    old = enrolled.operational
    expect(enrolled.renew(new_key()), 200)
    enrolled.operational = old
    expect(enrolled.renew(new_key()), 403)
    seen = kinds(operator, f"?device={enrolled.id}")
    assert "device.renewed_already" in seen
    assert "device.clone_suspected" not in seen


def test_a9_superseded_after_the_successors_first_use(enrolled, operator):
    old, key = enrolled.operational, new_key()
    expect(enrolled.renew(key), 200)
    expect(enrolled.renew(new_key()), 200)  # the successor is in use
    enrolled.operational = old
    expect(enrolled.renew(key), 403)
    refused = [e for e in operator.events(f"?device={enrolled.id}")
        if e["kind"] == "device.clone_suspected"]
    assert refused and "beside its successor" in refused[0]["detail"]


def test_a9_any_use_of_the_successor_supersedes(enrolled):
    old, key = enrolled.operational, new_key()
    expect(enrolled.renew(key), 200)
    expect(enrolled.renew(csr=b"no request"), 400)
    enrolled.operational = old
    expect(enrolled.renew(key), 403)


def test_a9_renewal_with_the_same_key(enrolled):
    first = enrolled.certificate
    expect(enrolled.renew(), 200)
    assert enrolled.certificate != first
    expect(enrolled.renew(), 200)


def test_a9_keys_of_others_are_refused(
        stack, maker, operator, owner, enrolled):
    other = Device(stack, maker)
    operator.allow(other)
    other.onboard(owner)
    expect(other.renew(enrolled.key), 403)
    expect(other.renew(other.birth_key), 403)
    expect(other.renew(enrolled.birth_key), 403)
    other.key = enrolled.key
    expect(other.authorize(), 400)
    other.key = other.birth_key
    expect(other.authorize(), 400)


def test_a9_compromised_keys_are_refused_for_good(
        stack, maker, operator, owner, enrolled):
    expect(operator.revoke(enrolled.id, "keyCompromise"), 200)
    other = Device(stack, maker)
    operator.allow(other)
    other.key = enrolled.key
    expect(other.authorize(), 400)


def test_a9_a_refused_key_is_refused_in_the_issuing_statement(
        enrolled, database):
    """Whatever became of the device: its row alone says it."""
    database.query("UPDATE key_use SET compromised = true")
    expect(enrolled.renew(), 403)
    assert database.value("SELECT count(*) FROM certificate") == 1
    expect(enrolled.renew(new_key()), 200)


# ---- A11: what a unit is


def test_a11_a_serial_belongs_to_its_maker(stack, operator, maker, device):
    rival = Maker("rival", "bulb-9")
    operator.register(rival)
    clone = Device(stack, rival, serial=device.serial)
    clone.maker = maker
    expect(clone.authorize(), 400)


def test_a11_first_success_pins_the_birth_key(
        stack, maker, operator, device):
    expect(device.authorize(), 200)
    second = Device(stack, maker, serial=device.serial)
    expect(second.authorize(), 400)
    expect(device.authorize(), 200)
    refused = [e for e in operator.events()
        if e["kind"] == "attestation.refused"]
    assert any("pinned another" in e["detail"] for e in refused)


def test_a11_one_birth_key_is_not_two_units(stack, maker, operator, device):
    expect(device.authorize(), 200)
    twin = Device(stack, maker)
    twin.birth_key = device.birth_key
    chain = maker.birth_certificate(device.birth_key, twin.serial)
    twin.birth = Client(stack, chain, key_pem(device.birth_key))
    operator.allow(twin)
    expect(twin.authorize(), 400)


def test_a11_frozen_maker_keeps_only_known_units(
        stack, maker, operator, device):
    expect(device.authorize(), 200)
    new = Device(stack, maker)
    operator.allow(new)
    expect(operator.call("PUT", f"/manufacturers/{maker.id}", json={
        "name": "Acme", "frozen": True}), 200)
    expect(new.authorize(), 400)
    expect(device.authorize(), 200)


def test_a11_our_own_ca_is_no_anchor(stack, maker, operator):
    for name in ("root.crt", "issuing.crt"):
        pem = (stack.material.pki / name).read_text()
        refused = expect(operator.call("POST",
            f"/manufacturers/{maker.id}/anchors",
            json={"certificate": pem}), 400)
        assert refused.json()["detail"]


def test_a11_a_shared_anchor_needs_disjoint_scopes(stack, operator):
    root = Maker("contract-ca")
    one = Maker("one", "m-one", parent=root)
    two = Maker("two", "m-two", parent=root)
    for maker in (one, two):
        expect(operator.call("PUT", f"/manufacturers/{maker.id}",
            json={"name": maker.id}), 201)
        expect(operator.call("PUT", f"/models/{maker.model}", json={
            "manufacturer": maker.id, "name": maker.model,
            "client_id": maker.client_id}), 201)
    path = "/manufacturers/{}/anchors".format
    added = operator.call("POST", path("one"),
        json={"certificate": root.anchor_pem, "intermediate": one.anchor_pem})
    assert added.status_code in (200, 201), added.text
    refused = operator.call("POST", path("two"),
        json={"certificate": root.anchor_pem})
    assert refused.status_code in (400, 409), refused.text
    refused = operator.call("POST", path("two"),
        json={"certificate": root.anchor_pem, "intermediate": one.anchor_pem})
    assert refused.status_code in (400, 409), refused.text
    added = operator.call("POST", path("two"),
        json={"certificate": root.anchor_pem, "intermediate": two.anchor_pem})
    assert added.status_code in (200, 201), added.text
    mine, theirs = Device(stack, one), Device(stack, two)
    operator.allow(mine)
    operator.allow(theirs)
    expect(mine.authorize(), 200)
    expect(theirs.authorize(), 200)
    stray = Device(stack, two, serial=mine.serial)
    stray.maker = one
    expect(stray.authorize(), 400)


def test_a11_a_makers_ca_below_anothers_anchor_makes_none_of_its_units(
        stack, operator, maker, device):
    leaky = Maker("leaky", "bulb-9", parent=maker)
    expect(operator.call("PUT", "/manufacturers/leaky",
        json={"name": "Leaky"}), 201)
    expect(operator.call("POST", "/manufacturers/leaky/anchors",
        json={"certificate": leaky.anchor_pem}), 201)
    expect(operator.call("PUT", "/models/bulb-9", json={
        "manufacturer": "leaky", "name": "Bulb",
        "client_id": leaky.client_id}), 201)
    forged = Device(stack, leaky, serial=device.serial)
    forged.maker = maker
    refused = expect(forged.authorize(), 400)
    (event,) = operator.events(
        f"?request={refused.headers['X-Request-Id']}")
    assert "another manufacturer's" in event["detail"]
    own = Device(stack, leaky)
    operator.allow(own)
    expect(own.authorize(), 200)
    expect(device.authorize(), 200)
    # A serial number that both list is each one's own.
    twin = Device(stack, leaky, serial=device.serial)
    operator.allow(twin)
    expect(twin.authorize(), 200)
    expect(device.authorize(), 200)
