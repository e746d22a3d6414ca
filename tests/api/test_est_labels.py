"""Labels: what operators make of them, where their paths lead, and that no
caller chooses a weaker rule (SECURITY.md A8; est.md 7 to 9, 16 to 20, 23)."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.crypto import certs_of_cms, csr_der, key_pem, new_key
from harness.http import Client, expect
from harness.players import Device
from harness.raw import Raw

PKCS10 = {"Content-Type": "application/pkcs10"}


def put(operator, name, status=201, **settings):
    return expect(operator.call("PUT", f"/labels/{name}", json=settings),
        status)


def model(operator, maker, **fields):
    return operator.call("PUT", f"/models/{maker.model}", json={
        "manufacturer": maker.id, "name": "Lamp",
        "client_id": maker.client_id, **fields})


def post(client, path, key, token=None):
    headers = dict(PKCS10)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return client.post(path, data=base64.b64encode(csr_der(key)),
        headers=headers)


def enroll(device, label, token=True):
    path = f"{label}/" if label else ""
    return post(device.birth, f"/.well-known/est/{path}simpleenroll",
        device.key, device.token if token else None)


@pytest.fixture
def labelled(operator, maker):
    """The model's units may name "north", too; "south" is another label."""
    put(operator, "north", lifetime=3600)
    put(operator, "south")
    expect(model(operator, maker, labels=["north"]), 200)
    return maker


def approve(device, owner, label=None):
    fields = {"label": label} if label else {}
    expect(device.authorize(**fields), 200)
    expect(owner.approve(device.grant["user_code"]), 200)
    expect(device.poll_until_decided(), 200)
    return device


def is_north(certificate):
    """By its lifetime, backdating included."""
    life = certificate.not_valid_after - certificate.not_valid_before
    return life.total_seconds() == 3900


# -- what operators set


def test_label_has_defaults_and_versions(operator):
    made = put(operator, "north", lifetime=3600).json()
    assert (made["name"], made["version"], made["withdrawn"]) == (
        "north", 1, False)
    assert made["updated_by"]
    assert made["settings"]["lifetime"] == 3600
    assert made["settings"]["key_types"] == ["p256", "p384", "ed25519", "rsa"]
    assert made["settings"]["owner_approval"] == "required"
    same = put(operator, "north", 200, lifetime=3600).json()
    assert same["version"] == 1
    other = put(operator, "north", 200, lifetime=7200).json()
    assert (other["version"], other["settings"]["lifetime"]) == (2, 7200)
    names = [row["name"] for row in expect(
        operator.call("GET", "/labels"), 200).json()["labels"]]
    assert names == ["device", "north", "quarantine"]
    page = expect(operator.call("GET", "/labels?limit=1"), 200).json()
    assert page["next"] == "device"
    kinds = [e["kind"] for e in operator.events()]
    assert kinds.count("label.changed") == 2


@pytest.mark.parametrize("settings", [
    {"key_types": []}, {"key_types": ["p521"]}, {"rsa_bits": 1024},
    {"lifetime": 1}, {"lifetime": 400 * 86400}, {"backdate": 90000},
    {"subject": "O=Acme"}, {"subject": "CN=%x"}, {"spiffe": True},
    {"dns": ["*.example"]}, {"extended_key_usage": ["1.3.6.1.5.5.7.3.1"]},
    {"extended_key_usage": ["2.5.29.37.0"]}, {"policies": ["nonsense"]},
    {"ocsp_url": "ftp://x"}, {"issuer": "nobody"}, {"authentication": []},
    {"authentication": ["password"]}, {"owner_approval": "maybe"},
    {"bootstrap_replaces_owner": True}, {"renew_after": 96},
    {"renew_key": "old"}, {"superseded": "kept"}, {"clone": "ignore"},
    {"server_key": "on"}, {"server_key": "encrypted"},
    {"channel_binding": "never"}, {"csr_must_have": ["subject"]},
], ids=lambda s: "-".join(map(str, *s.items())))
def test_label_refusal_names_the_member(operator, settings):
    answer = put(operator, "north", 400, **settings).json()
    assert next(iter(settings)) in answer["detail"]


def test_unknown_member_is_refused(operator):
    put(operator, "north", 400, lifetyme=3600)


@pytest.mark.parametrize("name", ["cacerts", "simpleenroll", "csrattrs",
    "fullcmc", "v1", "oauth2", "assets", "North", "a_b", "-a", "x" * 64])
def test_label_may_not_have_the_name(operator, name):
    put(operator, name, 400)


def test_withdrawn_label_serves_nobody_and_comes_back(stack, operator, owner,
        labelled):
    device = Device(stack, labelled)
    operator.allow(device)
    path = "/.well-known/est/north/cacerts"
    expect(device.birth.get(path), 200)
    answer = expect(operator.call("DELETE", "/labels/north"), 409)
    assert labelled.model in answer.json()["detail"]
    approve(device, owner, "north")
    expect(enroll(device, "north"), 200)
    device._received(enroll(device, "north"))
    expect(model(operator, labelled), 200)
    expect(operator.call("DELETE", "/labels/north"), 204)
    expect(operator.call("DELETE", "/labels/north"), 204)
    expect(device.birth.get(path), 404)
    assert device.renew().status_code in (403, 404)
    expect(model(operator, labelled, labels=["north"]), 400)
    assert expect(operator.call("GET", "/labels/north"),
        200).json()["withdrawn"]
    assert "label.withdrawn" in [e["kind"] for e in operator.events()]
    put(operator, "north", 200, lifetime=3600)
    expect(device.birth.get(path), 200)


def test_labels_beyond_the_limit_are_not_added(operator, database):
    """Nodes keep so many in memory: another would push one out."""
    database.query("INSERT INTO label (name, settings) SELECT 'n-' || n, "
        "'{}' FROM generate_series(1, 997) n")
    put(operator, "north")
    assert "1000" in put(operator, "south", 400).json()["detail"]
    put(operator, "north", 200, lifetime=3600)
    put(operator, "n-7", 200, lifetime=3600)


def test_shipped_label_stays(operator):
    expect(operator.call("DELETE", "/labels/device"), 409)
    expect(operator.call("DELETE", "/labels/nobody"), 404)
    expect(operator.call("GET", "/labels/nobody"), 404)


def test_model_names_labels_that_are_there(operator, labelled):
    expect(model(operator, labelled, profile="nobody"), 400)
    expect(model(operator, labelled, labels=["north", "nobody"]), 400)
    expect(model(operator, labelled, labels=["north south"]), 400)
    changed = expect(model(operator, labelled, profile="south",
        labels=["north", "device"]), 200).json()
    assert (changed["profile"], changed["labels"]) == ("south",
        ["north", "device"])
    shown = expect(operator.call("GET", "/models"), 200).json()["models"]
    assert shown[0]["labels"] == ["north", "device"]


def test_change_reaches_the_other_node(make_stack, stack, operator):
    other = Client(make_stack())
    put(operator, "north")
    answer = other.get("/.well-known/est/north/cacerts")
    for _ in range(200):
        if answer.ok:
            break
        answer = other.get("/.well-known/est/north/cacerts")
    expect(answer, 200)


# -- 7, 8, 9: paths


@pytest.mark.parametrize("path, status", [
    ("/.well-known/est/north/cacerts", 200),
    ("/.well-known/est/n%6Frth/cacerts", 200),
    ("/north/.well-known/est/cacerts", 200),
    ("/.well-known/est/cacerts", 200),
    ("/.well-known/est/north/cacerts?x=1", 200),
    ("/.well-known/est/cacerts?x=1", 200),
    ("/.well-known/est/cacerts?", 200), ("/.well-known/est/cacerts?x", 200),
    ("/.well-known/est/cacerts?x=1&x=2&%&&=", 200),
    ("/.well-known/est/north/csrattrs?%ff", 204),
    ("/.well-known/est/nobody/cacerts", 404),
    ("/nobody/.well-known/est/cacerts", 404),
    ("/.well-known/est/north/south/cacerts", 404),
    ("/south/.well-known/est/north/cacerts", 404),
    ("/.well-known/est/cacerts/cacerts", 404),
    ("/cacerts/.well-known/est/cacerts", 404),
    ("/.well-known/est/north/", 404), ("/.well-known/est/north", 404),
    ("/.well-known/est/north/cacerts/", 404),
    ("/.well-known/est/north//cacerts", 404),
    ("/.well-known/est//cacerts", 404), ("//.well-known/est/cacerts", 404),
    ("/.well-known/est/NORTH/cacerts", 404),
    ("/.well-known/est/north/CACERTS", 404),
    ("/.well-known/est/north/nothing", 404),
    ("/.well-known/est/%6e%256frth/cacerts", 404),
    ("/.well-known/est/north%2Fcacerts", 400),
    ("/.well-known/est/%2e%2e/cacerts", 404),
    ("/.well-known/est/" + "x" * 64 + "/cacerts", 404),
])
def test_paths_of_labels(stack, labelled, path, status):
    with Raw(stack) as connection:
        connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        got, headers, _ = connection.read_answer()
    assert got == status
    if status == 404 and path.startswith("/.well-known/est/"):
        assert headers["content-type"] == "text/plain; charset=utf-8"


def test_wrong_method_says_which_are_right(labelled, stack):
    client = Client(stack)
    for base in ("/.well-known/est/", "/.well-known/est/north/",
            "/north/.well-known/est/"):
        answer = expect(client.post(base + "cacerts"), 405)
        assert answer.headers["Allow"] == "GET, HEAD"
        answer = expect(client.get(base + "simpleenroll"), 405)
        assert answer.headers["Allow"] == "POST"


# -- 16 to 20: /cacerts


def test_cacerts_are_each_once_without_signer_and_cacheable(stack, labelled):
    client = Client(stack)
    for path in ("/.well-known/est/cacerts", "/.well-known/est/north/cacerts"):
        answer = expect(client.get(path), 200)
        certs = certs_of_cms(answer.content)
        assert len({c.subject for c in certs}) == len(certs) == 2
        assert "max-age" in answer.headers["Cache-Control"]
        etag = answer.headers["ETag"]
        again = expect(client.get(path, headers={"If-None-Match": etag}), 304)
        assert again.headers["ETag"] == etag and not again.content
        expect(client.get(path, headers={"If-None-Match": '"other"'}), 200)


# -- A8


def test_a8_path_names_a_label_of_the_model(stack, operator, owner, labelled,
        database):
    device = Device(stack, labelled)
    operator.allow(device)
    approve(device, owner, "north")
    expect(enroll(device, "nobody"), 404)
    expect(enroll(device, "south"), 403)
    # A token is of the label that it was asked for under.
    expect(enroll(device, None), 401)
    expect(enroll(device, None, token=False), 403)
    answer = expect(enroll(device, "north"), 200)
    device._received(answer)
    assert is_north(device.certificate)
    rows = database.query("SELECT c.profile, d.profile FROM certificate c "
        "JOIN device d ON d.id = c.device_id")
    assert [tuple(r) for r in rows] == [("north", "north")]


def test_a8_alias_enrolls_as_the_path_does(stack, operator, owner, labelled):
    device = Device(stack, labelled)
    operator.allow(device)
    approve(device, owner, "north")
    answer = post(device.birth, "/north/.well-known/est/simpleenroll",
        device.key, device.token)
    device._received(expect(answer, 200))
    expect(post(device.operational, "/north/.well-known/est/simplereenroll",
        device.key), 200)


def test_a8_unlabelled_token_is_good_for_no_label(stack, operator, owner,
        labelled):
    device = Device(stack, labelled)
    operator.allow(device)
    approve(device, owner)
    expect(enroll(device, "north"), 401)
    expect(enroll(device, "device"), 200)


def test_a8_code_is_refused_for_a_label_of_others(stack, operator, labelled):
    device = Device(stack, labelled)
    operator.allow(device)
    assert device.authorize(label="south").status_code == 400
    assert device.authorize(label="nobody").status_code == 400


def test_a8_claim_under_one_label_is_not_another_s(stack, operator, owner,
        labelled):
    device = Device(stack, labelled)
    operator.allow_with_code(device, "4711-0815")
    expect(enroll(device, "north"), 202)
    expect(enroll(device, None), 403)
    approval = expect(owner.claim(device.serial, "4711-0815"), 200).json()
    expect(owner.decide(approval, "approve"), 200)
    expect(enroll(device, "device"), 403)
    expect(enroll(device, "north"), 200)


def test_a8_renewal_stays_in_the_certificate_s_label(stack, operator, owner,
        labelled):
    device = Device(stack, labelled)
    operator.allow(device)
    approve(device, owner, "north")
    device._received(expect(enroll(device, "north"), 200))
    reenroll = "/.well-known/est/{}simplereenroll"
    other = Client(stack, device.chain, key_pem(device.key))
    expect(post(other, reenroll.format("device/"), device.key), 403)
    expect(post(device.operational, reenroll.format("nobody/"), device.key),
        404)
    answer = expect(post(device.operational, reenroll.format(""), device.key),
        200)
    device._received(answer)
    assert is_north(device.certificate)
    expect(post(device.operational, reenroll.format("north/"), device.key),
        200)


def test_a8_certified_device_does_not_change_its_label_by_itself(stack,
        operator, owner, labelled):
    device = Device(stack, labelled)
    operator.allow(device)
    approve(device, owner, "north")
    expect(enroll(device, "north"), 200)
    device.token = None
    expect(enroll(device, "device"), 403)
    (again,) = certs_of_cms(expect(enroll(device, None), 200).content)
    assert is_north(again)


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize("asks", [{"authentication": ["token"]},
    {"channel_binding": "required"}, {"csr_must_have": ["subjectAltName"]}],
    ids=lambda a: next(iter(a)))
def test_a8_device_comes_back_under_its_own_label_alone(stack, operator,
        labelled, database, asks, forgotten):
    """R4: the path without a label asks what the device's label asks."""
    put(operator, "north", 200, owner_approval="none", lifetime=3600)
    put(operator, "device", 200, owner_approval="none")
    expect(model(operator, labelled, labels=["north", "south"]), 200)
    put(operator, "south", 200, owner_approval="none")
    device = Device(stack, labelled)
    operator.allow(device)
    device._received(expect(enroll(device, "north"), 200))
    database.query("DELETE FROM certificate" if forgotten else
        "UPDATE certificate SET not_after = now() - interval '1 hour'")
    put(operator, "north", 200, owner_approval="none", lifetime=3600, **asks)
    expect(enroll(device, None), 400 if "csr_must_have" in asks else 403)
    expect(enroll(device, "south"), 403)
    put(operator, "north", 200, owner_approval="none", lifetime=3600)
    expect(enroll(device, "south"), 403)
    device._received(expect(enroll(device, None), 200))
    assert is_north(device.certificate)
    rows = database.query("SELECT DISTINCT c.profile, d.profile FROM "
        "certificate c JOIN device d ON d.id = c.device_id")
    assert [tuple(r) for r in rows] == [("north", "north")]


def test_authentication_of_the_label_is_demanded(stack, operator, owner,
        labelled):
    put(operator, "north", 200, authentication=["token"])
    device = Device(stack, labelled)
    operator.allow(device)
    expect(enroll(device, "north"), 403)
    put(operator, "north", 200, authentication=["birth"])
    assert device.authorize(label="north").status_code == 400


# -- 23: keys


@pytest.mark.parametrize("settings, key, status", [
    ({"key_types": ["p256"]}, new_key, 200),
    ({"key_types": ["p384", "rsa"]}, new_key, 403),
    ({"key_types": ["p256"]},
        lambda: ec.generate_private_key(ec.SECP384R1()), 403),
    ({"key_types": ["rsa"]},
        lambda: rsa.generate_private_key(65537, 2048), 200),
    ({"key_types": ["rsa"], "rsa_bits": 3072},
        lambda: rsa.generate_private_key(65537, 2048), 403),
], ids=["p256", "p256-not-named", "p384-not-named", "rsa", "rsa-too-short"])
def test_keys_that_the_label_names(stack, operator, owner, labelled, settings,
        key, status):
    put(operator, "north", 200, **settings)
    device = Device(stack, labelled)
    operator.allow(device)
    device.key = key()
    approve(device, owner, "north")
    expect(enroll(device, "north"), status)


# -- the command line


def test_command_line_sets_shows_and_removes(stack, operator, maker, database,
        workdir):
    token = database.admin_token
    settings = workdir / "north.json"
    settings.write_text('{"lifetime": 3600, "renew_after": 50}')
    assert "version 1" in stack.cli("label", "set", "north", "--file",
        settings, "--key-types", "p256,p384", "--renew-key", "same",
        token=token)
    shown = expect(operator.call("GET", "/labels/north"),
        200).json()["settings"]
    assert (shown["lifetime"], shown["renew_after"], shown["renew_key"],
        shown["key_types"]) == (3600, 50, "same", ["p256", "p384"])
    assert "north" in stack.cli("label", "list", token=token)
    settings.write_text('{"lifetime": "1h"}')
    with pytest.raises(Exception, match=f'{settings}: member "lifetime"'):
        stack.cli("label", "set", "north", "--file", settings, token=token)
    assert "3600" in stack.cli("label", "show", "north", token=token)
    stack.cli("model", "add", maker.model, "--manufacturer", maker.id,
        "--name", "Lamp", "--client-id", maker.client_id, "--label", "north",
        token=token)
    assert expect(operator.call("GET", f"/models/{maker.model}"),
        200).json()["labels"] == ["north"]
    expect(model(operator, maker), 200)
    assert "withdrawn" in stack.cli("label", "remove", "north", token=token)
