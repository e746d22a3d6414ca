"""Bootstrap tokens: what they stand in for, and what not (SECURITY.md A12),
how HTTP Basic carries them (est.md 41, 42, 44 and 45), and the devices
without an owner that come of them."""

import base64
import concurrent.futures

import pytest
from cryptography import x509

from harness.crypto import certs_of_cms, csr_der, new_key, spki
from harness.http import Client, expect
from harness.players import Device
from harness.process import run

EST = "/.well-known/est"
DAY = 86400


@pytest.fixture
def label(operator, maker):
    """label(**settings): the model's units enroll under "plant", which takes
    bootstrap tokens in the owner's place unless the settings say other."""
    def put(**settings):
        expect(operator.call("PUT", "/labels/plant", json={
            "authentication": ["birth", "bootstrap"],
            "bootstrap_replaces_owner": True, **settings}), 200, 201)
        expect(operator.call("PUT", f"/models/{maker.model}", json={
            "manufacturer": maker.id, "name": "Lamp",
            "client_id": maker.client_id, "profile": "plant"}), 200)
    put()
    return put


def make(operator, maker, *serials, status=201, **more):
    answer = expect(operator.call("POST", "/bootstrap-tokens", json={
        "manufacturer": maker.id, "label": "plant",
        **({"serials": serials} if serials else {}), **more}), status)
    return answer.json()["tokens"] if status == 201 else answer


@pytest.fixture
def token(operator, maker, device, label):
    """One for the unit, good for a day."""
    return make(operator, maker, device.serial)[0]


def enroll(stack, token, key, client=None, password=None, path=""):
    return (client or Client(stack)).post(f"{EST}/{path}simpleenroll",
        data=base64.b64encode(csr_der(key)),
        headers={"Content-Type": "application/pkcs10"},
        auth=(token["id"], password or token["password"]))


def kinds(operator):
    return [e["kind"] for e in operator.events()]


def state(operator, token):
    rows = expect(operator.call("GET", "/bootstrap-tokens"),
        200).json()["tokens"]
    return {row["id"]: row["state"] for row in rows}[token["id"]]


# ---- what operators make


def test_password_is_shown_once_and_kept_as_a_hash(operator, token, database):
    assert len(base64.urlsafe_b64decode(token["password"] + "==")) >= 16
    listed = expect(operator.call("GET", "/bootstrap-tokens"), 200)
    assert token["id"] in listed.text
    assert token["password"] not in listed.text
    rows = str(database.query("SELECT * FROM bootstrap_token")) + str(
        database.query("SELECT * FROM event"))
    assert token["password"] not in rows
    assert "bootstrap.made" in kinds(operator)


def test_batch_is_made_page_by_page(operator, maker, label, stack):
    serials = [f"B-{n:03}" for n in range(101)]
    expect(operator.import_lines(maker.id, "serial,model,batch\n" + "".join(
        f"{s},{maker.model},week-7\n" for s in serials)), 200)
    page = expect(operator.call("POST", "/bootstrap-tokens", json={
        "manufacturer": maker.id, "label": "plant", "batch": "week-7"}),
        201).json()
    assert [t["serial"] for t in page["tokens"]] == serials[:100]
    (last,) = make(operator, maker, batch="week-7", after=page["next"])
    assert last["serial"] == serials[100]
    expect(enroll(stack, last, new_key()), 200)


def test_repeat_of_a_lost_answer_withdraws_the_first_token(operator, maker,
        device, label, stack):
    (first,) = make(operator, maker, device.serial)
    (second,) = make(operator, maker, device.serial)
    assert state(operator, first) == "withdrawn"
    expect(enroll(stack, first, device.key), 401)
    expect(enroll(stack, second, device.key), 200)


def test_calls_at_once_leave_a_unit_one_live_token(operator, maker, device,
        label, stack, database):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = [t for (t,) in pool.map(lambda _: make(operator, maker,
            device.serial), range(16))]
    assert database.value("SELECT count(*) FROM bootstrap_token WHERE "
        "used_at IS NULL AND withdrawn_at IS NULL") == 1
    assert sorted(state(operator, t) for t in made) == (
        ["open"] + 15 * ["withdrawn"])


@pytest.mark.parametrize("bad", [
    {"serials": []}, {"batch": "x"}, {"lifetime": 59},
    {"lifetime": 30 * DAY + 1}, {"label": "nowhere"}, {"label": "device"},
    {"serials": ["S"] * 101}, {"serials": ["\t"]}],
    ids=lambda b: "-".join(f"{k}-{str(v)[:8]}" for k, v in b.items()))
def test_tokens_cannot_be_made_like_this(operator, maker, device, label, bad):
    make(operator, maker, **{"serials": [device.serial], **bad}, status=400)


def test_unlisted_units_are_named(operator, maker, device, label):
    answer = make(operator, maker, device.serial, "SN-NOBODY", status=409)
    assert "SN-NOBODY" in answer.json()["detail"]
    assert "bootstrap.made" not in kinds(operator)


# ---- A12: in place of attestation alone


def test_bootstrap_never_replaces_the_owner_unless_the_label_says_so(
        operator, maker, owner, label, stack):
    label(bootstrap_replaces_owner=False)
    device = Device(stack, maker)
    operator.allow_with_code(device, "ROSE-7")
    (token,) = make(operator, maker, device.serial)
    answer = expect(enroll(stack, token, device.key), 202)
    assert int(answer.headers["Retry-After"]) > 0
    # consumed at issuance, not at 202; bound to the key from then on
    assert state(operator, token) == "open"
    expect(enroll(stack, token, new_key()), 403)
    shown = expect(owner.claim(device.serial, "ROSE-7"), 200).json()
    expect(owner.decide(shown, "approve"), 200)
    assert spki(certs_of_cms(expect(enroll(stack, token, device.key),
        200).content)[0].public_key()) == spki(device.key)
    assert state(operator, token) == "used"
    assert len(owner.devices().json()["devices"]) == 1


def test_bootstrap_never_for_a_unit_listed_with_its_key(operator, maker,
        label, stack):
    device = Device(stack, maker)
    expect(operator.import_lines(maker.id, "serial,model,key_sha256\n"
        f"{device.serial},{maker.model},{device.birth_key_sha256}\n"), 200)
    answer = make(operator, maker, device.serial, status=409)
    assert device.serial in answer.json()["detail"]


@pytest.mark.parametrize("column,value", [("ueid", "01" * 33),
    ("ek_sha256", "02" * 32), ("dac_subject", "CN=DAC Mvid:FFF1 Mpid:8000")])
def test_bootstrap_never_for_a_unit_listed_by_what_its_evidence_says(
        operator, maker, label, column, value):
    expect(operator.import_lines(maker.id, f"serial,model,{column}\n"
        f"SN-EVIDENCE,{maker.model},{value}\n"), 200)
    make(operator, maker, "SN-EVIDENCE", status=409)


def test_bootstrap_never_for_a_unit_that_showed_its_birth_key(operator,
        maker, device, token, stack):
    """Judged again at use: the proof may have come after the token."""
    device.authorize()
    expect(enroll(stack, token, device.key), 403)
    make(operator, maker, device.serial, status=409)
    assert state(operator, token) == "open"
    assert "bootstrap.refused" in kinds(operator)


def test_a2_key_that_the_token_is_not_for_opens_no_request(operator, maker,
        label, stack, database):
    """Or two keys would ask for one unit, which nobody could claim then."""
    label(bootstrap_replaces_owner=False)
    device = Device(stack, maker)
    operator.allow_with_code(device, "ROSE-7")
    (token,) = make(operator, maker, device.serial)
    keys = [new_key() for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = sorted(a.status_code for a in pool.map(
            lambda k: enroll(stack, token, k), keys))
    assert got == [202] + 7 * [403]
    assert database.value("SELECT count(*) FROM approval") == 1


def test_token_is_bound_to_the_first_key(operator, device, token, stack):
    expect(enroll(stack, token, device.key), 200)
    expect(enroll(stack, token, new_key()), 403)
    assert "bootstrap.second_key" in kinds(operator)


def test_of_two_keys_at_once_one_gets_the_token(device, token, stack,
        database):
    keys = [new_key() for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = sorted(a.status_code for a in pool.map(
            lambda k: enroll(stack, token, k), keys))
    assert got == [200] + 7 * [403]
    assert database.value("SELECT count(*) FROM certificate") == 1
    assert database.value("SELECT count(*) FROM device") == 1


def test_repeat_with_the_same_key_gets_the_same_certificate(token, device,
        stack, database):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        bodies = {expect(a, 200).content for a in pool.map(
            lambda _: enroll(stack, token, device.key), range(4))}
    bodies.add(expect(enroll(stack, token, device.key), 200).content)
    assert len(bodies) == 1
    assert database.value("SELECT count(*) FROM certificate") == 1


def test_expired_token_is_refused(token, device, stack, database):
    database.query("UPDATE bootstrap_token SET "
        "expires_at = now() - interval '1 second'")
    expect(enroll(stack, token, device.key), 401)


def test_withdrawn_token_is_refused(operator, token, device, stack):
    expect(operator.call("DELETE", f"/bootstrap-tokens/{token['id']}"), 204)
    expect(operator.call("DELETE", f"/bootstrap-tokens/{token['id']}"), 204)
    expect(operator.call("DELETE", "/bootstrap-tokens/nobody"), 404)
    expect(enroll(stack, token, device.key), 401)
    assert kinds(operator).count("bootstrap.withdrawn") == 1


def test_token_names_its_label_and_is_good_under_no_other(operator, maker,
        token, device, stack):
    expect(operator.call("PUT", "/labels/office", json={
        "authentication": ["bootstrap"]}), 201)
    model = {"manufacturer": maker.id, "name": "Lamp",
        "client_id": maker.client_id}
    expect(enroll(stack, token, device.key, path="office/"), 403)
    expect(operator.call("PUT", f"/models/{maker.model}", json={
        **model, "profile": "plant", "labels": ["office"]}), 200)
    expect(enroll(stack, token, device.key, path="office/"), 403)
    # nor under its own, once the model no longer names that
    expect(operator.call("PUT", f"/models/{maker.model}", json={
        **model, "profile": "office"}), 200)
    expect(enroll(stack, token, device.key, path="plant/"), 403)
    assert state(operator, token) == "open"


def test_label_that_no_longer_takes_tokens_refuses_them(token, device, label,
        stack):
    label(authentication=["birth"], bootstrap_replaces_owner=False,
        owner_approval="none")
    expect(enroll(stack, token, device.key), 403)


@pytest.mark.parametrize("column", ["quarantined_at", "lost_at",
    "revoked_at", "decommissioned_at"])
def test_flagged_unit_gets_nothing_for_its_token(token, device, stack,
        database, column):
    database.query(f"UPDATE birth SET {column} = now()")
    expect(enroll(stack, token, device.key), 403)
    assert database.value("SELECT count(*) FROM certificate") == 0


# ---- 41, 42, 44, 45: HTTP authentication


def test_wrong_and_missing_credentials_are_401_with_challenges(token, device,
        stack):
    client = Client(stack)
    none = client.post(f"{EST}/simpleenroll",
        data=base64.b64encode(csr_der(device.key)),
        headers={"Content-Type": "application/pkcs10"})
    wrong = enroll(stack, token, device.key, client, "wrong")
    unknown = enroll(stack, {"id": "bt-0", "password": "x"}, device.key,
        client)
    for answer in (none, wrong, unknown):
        expect(answer, 401)
        challenge = answer.headers["WWW-Authenticate"]
        assert 'Basic realm="' in challenge and "Bearer" in challenge
        assert 'charset="UTF-8"' in challenge
        assert answer.headers.get("Connection", "").lower() != "close"
    assert wrong.text.split("(")[0] == unknown.text.split("(")[0]
    expect(enroll(stack, token, device.key, client), 200)


def test_digest_is_not_offered_and_not_taken(token, device, stack):
    answer = Client(stack).post(f"{EST}/simpleenroll",
        data=base64.b64encode(csr_der(device.key)),
        headers={"Content-Type": "application/pkcs10",
            "Authorization": f'Digest username="{token["id"]}", realm="latch'
                'key", nonce="1", uri="/", response="00"'})
    assert "Digest" not in expect(answer, 401).headers["WWW-Authenticate"]


@pytest.mark.parametrize("value", [
    "Basic", "Basic ", "Basic !", "Basic YQ", "Basic OnB3",
    "Basic " + base64.b64encode(b"no colon").decode(),
    "Basic " + base64.b64encode(b"a:\xff").decode(),
    "Basic " + base64.b64encode(b"a\0:b").decode(),
    "Basic " + base64.b64encode(b"a:" + b"b" * 600).decode()],
    ids=range(9))
def test_malformed_basic_is_401(device, label, stack, value):
    answer = Client(stack).post(f"{EST}/simpleenroll",
        data=base64.b64encode(csr_der(device.key)), headers={
            "Content-Type": "application/pkcs10", "Authorization": value})
    expect(answer, 401)


@pytest.mark.settings(guesses_address=3)
def test_tries_of_an_address_are_limited_and_lock_no_unit_out(operator, token,
        device, stack):
    client = Client(stack)
    for _ in range(3):
        expect(enroll(stack, token, device.key, client, "wrong"), 401)
    answer = expect(enroll(stack, token, device.key, client, "wrong"), 429)
    assert int(answer.headers["Retry-After"]) > 0
    assert kinds(operator).count("bootstrap.tries_spent") == 1
    expect(enroll(stack, token, device.key, client), 200)


def test_good_birth_certificate_with_a_bad_password_is_401(token, device,
        stack):
    expect(enroll(stack, token, device.key, device.birth, "wrong"), 401)


def test_good_birth_certificate_beside_what_is_no_credential_is_401(stack,
        device, label):
    """Whatever is sent is judged, and is not as if it had not been sent."""
    path = f"{EST}/simpleenroll"
    for value in ("", "Basic", "Bearer", "Bearer a b", "Bearer a!b",
            "DPoP abc", "Digest username=\"x\"", "Negotiate YII=", "x"):
        answer = expect(device.birth.post(path, data=base64.b64encode(
            csr_der(device.key)), headers={"Authorization": value,
            "Content-Type": "application/pkcs10"}), 401)
        assert "Basic" in answer.headers["WWW-Authenticate"], value
    expect(device.enroll(), 202)


def test_bad_bearer_is_told_so_in_the_challenge(device):
    device.token = base64.b64encode(b"not a token").decode()
    answer = expect(device.enroll(), 401)
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


# ---- devices without an owner


def first_device(operator):
    (row,) = expect(operator.call("GET", "/devices"), 200).json()["devices"]
    return row


def test_device_without_an_owner_is_shown_and_revoked(operator, owner, token,
        device, stack):
    expect(enroll(stack, token, device.key), 200)
    row = first_device(operator)
    assert row["state"] == "owned" and "owner_id" not in row
    assert expect(operator.call("GET", f"/devices/{row['id']}"),
        200).json() == row
    assert owner.devices().json()["devices"] == []
    expect(owner.device(row["id"]), 404)
    expect(owner.release(row["id"]), 404)
    expect(operator.revoke(row["id"]), 200)
    expect(enroll(stack, token, device.key), 403)


def test_operator_ends_a_device_without_an_owner(operator, maker, token,
        device, stack):
    """A5: its unit comes anew, with another id and key."""
    device._received(expect(enroll(stack, token, device.key), 200))
    expect(operator.call("DELETE", f"/devices/{device.id}"), 204)
    expect(operator.call("DELETE", f"/devices/{device.id}"), 404)
    expect(operator.call("DELETE", "/devices/nobody"), 404)
    expect(device.renew(), 403)
    assert "device.released" in kinds(operator)
    expect(enroll(stack, token, new_key()), 403)
    (fresh,) = make(operator, maker, device.serial)
    expect(enroll(stack, fresh, device.key), 403)
    old_id, device.key = device.id, new_key()
    device._received(expect(enroll(stack, fresh, device.key), 200))
    assert device.id != old_id


def test_h4_operator_ends_no_ownership(operator, enrolled, owner):
    answer = expect(operator.call("DELETE", f"/devices/{enrolled.id}"), 409)
    assert "owner" in answer.json()["title"]
    expect(owner.device(enrolled.id), 200)
    expect(enrolled.renew(), 200)


def test_device_without_an_owner_takes_none_by_a_yes(operator, owner, label,
        maker, stack, database):
    """A unit whose certificate was had without an owner asks by its birth
    certificate and code: the platform's device is not given away."""
    label(owner_approval="none", bootstrap_replaces_owner=False,
        authentication=["birth", "token"])
    device = Device(stack, maker)
    operator.allow(device)
    expect(device.enroll(), 200)
    label(authentication=["birth", "token"], bootstrap_replaces_owner=False)
    other = new_key()
    expect(device.authorize(csr_der(other)), 200)
    answer = owner.approve(device.grant["user_code"])
    expect(answer, 409)
    assert database.query("SELECT owner_id FROM device") == [(None,)]
    assert database.value("SELECT count(*) FROM certificate") == 1


def test_birth_certificate_without_an_owner_is_for_one_key(operator, maker,
        label, stack):
    """A1 holds without an owner, too."""
    label(owner_approval="none", bootstrap_replaces_owner=False,
        authentication=["birth"])
    device = Device(stack, maker)
    operator.allow(device)
    first = expect(device.enroll(), 200).content
    assert expect(device.enroll(), 200).content == first
    expect(device.enroll(csr_der(new_key())), 403)
    assert "device.second_key" in kinds(operator)


def test_device_comes_back_after_expiry_with_another_token(operator, maker,
        token, device, stack, database):
    """R4: without an owner, by the same key and a new proof."""
    expect(enroll(stack, token, device.key), 200)
    database.query("UPDATE certificate SET not_after = "
        "now() - interval '1 hour'")
    expect(enroll(stack, token, device.key), 403)
    (again,) = make(operator, maker, device.serial)
    expect(enroll(stack, again, new_key()), 403)
    back = expect(enroll(stack, again, device.key), 200).content
    assert expect(enroll(stack, again, device.key), 200).content == back
    assert database.value("SELECT count(*) FROM device") == 1
    assert state(operator, again) == "used"


# ---- other people's clients


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_strongswan_enrolls_with_user_name_and_password(token, device, stack,
        workdir, tls):
    config, csr, key, out = (workdir / n for n in ("conf", "csr", "key",
        "out"))
    config.write_text("libtls {\n  version_min = %s\n  version_max = %s\n}\n"
        % (tls, tls))
    csr.write_bytes(csr_der(device.key))
    out.write_text(run("pki", "--est", "--url", stack.url, "--in", csr,
        "--cacert", stack.material.ca, "--cacert",
        stack.material.pki / "issuing.crt", "--userpass",
        f"{token['id']}:{token['password']}", "--outform", "pem",
        env={"STRONGSWAN_CONF": str(config)}))
    made = x509.load_pem_x509_certificate(out.read_bytes())
    assert spki(made.public_key()) == spki(device.key)


def test_curl_enrolls_with_user_name_and_password(token, device, stack,
        workdir):
    body = workdir / "csr.b64"
    body.write_bytes(base64.b64encode(csr_der(device.key)))
    answer = run("curl", "-sS", "--fail-with-body", "--cacert",
        stack.material.ca, "-u", f"{token['id']}:{token['password']}", "-H",
        "Content-Type: application/pkcs10", "--data-binary", f"@{body}",
        f"{stack.url}{EST}/simpleenroll")
    (made,) = certs_of_cms(answer.encode())
    assert spki(made.public_key()) == spki(device.key)
