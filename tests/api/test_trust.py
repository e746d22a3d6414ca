"""What is trusted of a maker: how far an anchor goes and for how long, what
its CA revoked, and by which names a unit is listed."""

import base64
import datetime
import hashlib
import http.server
import os
import threading
import pathlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import Name, NameAttribute
from cryptography.x509.oid import NameOID

from harness import der
from harness.crypto import PEM, b64u, csr_der, key_pem, new_key, spki_pem
from harness.evidence import nonce_of
from harness.http import Client, expect
from harness.players import Device, Maker, now
from harness.process import until
from test_attest_formats import Idevid


def at(**delta):
    return (now() + datetime.timedelta(**delta)).isoformat() + "Z"


def anchors(operator, maker="acme"):
    return expect(operator.call("GET", f"/manufacturers/{maker}/anchors"),
        200).json()["anchors"]


def add_anchor(operator, maker="acme", **body):
    return operator.call("POST", f"/manufacturers/{maker}/anchors", json=body)


def put_maker(operator, name="acme"):
    expect(operator.call("PUT", f"/manufacturers/{name}",
        json={"name": name}), 200, 201)


def births(operator, maker):
    return expect(operator.call("GET", f"/manufacturers/{maker.id}/births"),
        200).json()["births"]


# ------------------------------------------------------------------ anchors

def test_the_key_of_a_signer_is_an_anchor_of_its_own_kind(operator):
    put_maker(operator)
    pem = spki_pem(new_key())
    made = expect(add_anchor(operator, public_key=pem, key_id="0a0b"),
        201).json()
    assert made["kind"] == "public_key" and made["key_id"] == "0a0b"
    assert made["public_key"].strip() == pem.strip()
    assert "certificate" not in made
    expect(add_anchor(operator, public_key=pem, key_id="0a0b"), 200)
    # What is there is not said to be otherwise, and not made so unseen.
    for other in ({"key_id": "0c"}, {}, {"key_id": "0a0b",
            "in_hardware": True}, {"key_id": "0a0b",
            "valid_until": at(days=1)}):
        assert code(add_anchor(operator, public_key=pem, **other),
            409) == "anchor-differs"
    put_maker(operator, "other")
    assert expect(add_anchor(operator, "other", public_key=pem),
        409).json()["type"].endswith("anchor-shared")


def test_a_secret_is_never_shown_and_never_two_makers(operator, database):
    put_maker(operator)
    plain = os.urandom(32)
    secret = b64u(plain)
    made = expect(add_anchor(operator, secret=secret, key_id="0a",
        in_hardware=True), 201).json()
    assert made["kind"] == "secret" and made["in_hardware"]
    assert not {"secret", "certificate", "public_key"} & set(made)
    expect(add_anchor(operator, secret=secret, key_id="0a"), 409)
    assert expect(add_anchor(operator, secret=secret, key_id="0a",
        in_hardware=True), 200).json()["id"] == made["id"]
    (listed_,) = anchors(operator)
    assert set(listed_) == set(made) and listed_["sha256"] == made["sha256"]
    assert secret not in str(operator.events())
    put_maker(operator, "other")
    expect(add_anchor(operator, "other", secret=secret), 409)
    # A plain hash of a secret could be searched for.
    digest = hashlib.sha256(plain).hexdigest()
    assert made["sha256"] != digest and made["spki_sha256"] != digest


@pytest.mark.parametrize("body", [
    {"secret": b64u(bytes(31))}, {"secret": b64u(bytes(65))},
    {"secret": b64u(bytes(32)), "public_key": spki_pem(new_key())},
    {"secret": b64u(bytes(32)), "vendor_id": 1},
    {"certificate": Maker().anchor_pem, "in_hardware": True},
    {}, {"public_key": "x"}, {"public_key": Maker().anchor_pem},
    {"certificate": Maker().anchor_pem, "public_key": spki_pem(new_key())},
    {"certificate": Maker().anchor_pem, "vendor_id": 65536},
    {"certificate": Maker().anchor_pem, "valid_from": at(days=2),
        "valid_until": at(days=1)},
    {"public_key": spki_pem(new_key()), "intermediate": Maker().anchor_pem}])
def test_an_anchor_that_says_too_much_or_nothing_is_400(operator, body):
    put_maker(operator)
    expect(add_anchor(operator, **body), 400)


def test_our_own_keys_are_no_anchors(operator, material):
    put_maker(operator)
    ours = x509.load_pem_x509_certificate(
        (material.pki / "issuing.crt").read_bytes()).public_key()
    pem = ours.public_bytes(serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    expect(add_anchor(operator, public_key=pem), 400)


def test_vendor_ids_keep_apart_makers_that_share_an_anchor(operator):
    root = Maker("forum")
    for name in ("one", "two"):
        put_maker(operator, name)
    expect(add_anchor(operator, "one", certificate=root.anchor_pem,
        vendor_id=0xFFF1), 201)
    expect(add_anchor(operator, "two", certificate=root.anchor_pem), 409)
    expect(add_anchor(operator, "two", certificate=root.anchor_pem,
        vendor_id=0xFFF1), 409)
    made = expect(add_anchor(operator, "two", certificate=root.anchor_pem,
        vendor_id=0xFFF2), 201).json()
    assert made["vendor_id"] == 0xFFF2


def test_an_anchor_counts_within_its_time_alone(stack, operator):
    for when, status in (({"valid_from": at(hours=1)}, 400),
            ({"valid_until": at(hours=-1)}, 400),
            ({"valid_from": at(hours=-1), "valid_until": at(hours=1)}, 200)):
        maker = Maker(f"m{abs(hash(str(when))) % 10**8}",
            f"l{abs(hash(str(when))) % 10**8}")
        device = Device(stack, maker)
        operator.register(maker)
        (whole,) = anchors(operator, maker.id)
        expect(operator.call("DELETE",
            f"/manufacturers/{maker.id}/anchors/{whole['id']}"), 204)
        expect(add_anchor(operator, maker.id,
            certificate=maker.anchor_pem, **when), 201)
        operator.allow(device)
        expect(device.authorize(), status)


def test_an_anchor_with_a_vendor_id_serves_matter_alone(stack, operator):
    maker = Maker()
    operator.register(maker)
    (whole,) = anchors(operator)
    expect(operator.call("DELETE",
        f"/manufacturers/acme/anchors/{whole['id']}"), 204)
    expect(add_anchor(operator, certificate=maker.anchor_pem,
        vendor_id=0xFFF1), 201)
    device = Device(stack, maker)
    operator.allow(device)
    expect(device.authorize(), 400)


VECTORS = pathlib.Path(__file__).parent.parent / "vectors" / "matter"


def pem_of(*names, kind="CERTIFICATE"):
    """Files of the published cases."""
    return "".join(f"-----BEGIN {kind}-----\n"
        + base64.encodebytes((VECTORS / n).read_bytes()).decode()
        + f"-----END {kind}-----\n" for n in names)


def test_a_signer_of_declarations_vouches_for_no_unit_and_serves_all(
        stack, operator):
    signer = pem_of("trust/cd-signing-test.der")
    for name in ("one", "two"):
        put_maker(operator, name)
        made = expect(add_anchor(operator, name, certificate=signer,
            kind="declaration"), 201).json()
        assert made["kind"] == "declaration"
        expect(add_anchor(operator, name, certificate=signer,
            kind="declaration"), 200)
    expect(add_anchor(operator, "one", certificate=signer), 400)
    # a CA that a maker's units are below, as a signer: they are refused
    maker = Maker()
    operator.register(maker)
    (whole,) = anchors(operator)
    expect(operator.call("DELETE",
        f"/manufacturers/acme/anchors/{whole['id']}"), 204)
    expect(add_anchor(operator, certificate=maker.anchor_pem,
        kind="declaration"), 201)
    device = Device(stack, maker)
    operator.allow(device)
    expect(device.authorize(), 400)


@pytest.mark.parametrize("body", [{"kind": "paa"}, {"kind": "certificate"},
    {"kind": "declaration", "vendor_id": 7},
    {"kind": "crl_signer", "intermediate": Maker().anchor_pem}])
def test_a_signer_of_another_kind_or_with_a_scope_is_400(operator, body):
    put_maker(operator)
    expect(add_anchor(operator, certificate=Maker().anchor_pem, **body), 400)
    expect(add_anchor(operator, public_key=spki_pem(new_key()),
        kind="declaration"), 400)


def test_a_set_of_matter_authorities_is_added_for_one_vendor(
        stack, operator, workdir):
    put_maker(operator)
    put_maker(operator, "other")
    path = workdir / "paa.pem"
    path.write_text(pem_of("trust/paa-fff1.der", "trust/paa-novid.der",
        "real-paa-roots/CN_Kasa_Matter_PAA_vid_0x1391.der",
        "trust/CSA_Matter_CD_Signing_Key_001.der"))

    def add(maker, vendor):
        return stack.cli("anchor", "import", maker, path, "--vendor-id",
            vendor, token=operator.token)

    assert "2 of 4 authorities" in add("acme", "fff1")
    assert "2 of 4 authorities" in add("acme", "fff1")
    assert {(a["subject"].split(",")[-1], a["vendor_id"])
        for a in anchors(operator)} >= {("CN=Matter Test PAA", 0xFFF1)}
    assert len(anchors(operator)) == 2
    # with the lists of its authorities and of who signs in their place
    lists, signers = workdir / "crls.pem", workdir / "signers.pem"
    lists.write_text(pem_of("revocation/Chip-Test-PAA-FFF1-CRL.der",
        "revocation/Chip-Test-PAA-FFF1-Delegated-CRL.der", kind="X509 CRL"))
    signers.write_text(pem_of(
        "revocation/Chip-Test-PAA-Delegate-FFF1-Cert.der"))
    done = stack.cli("anchor", "import", "acme", path, "--vendor-id", "fff1",
        "--crls", lists, "--crl-signers", signers, token=operator.token)
    assert done.count("list ") == 2
    stored = expect(operator.call("GET", "/manufacturers/acme/crls"),
        200).json()["crls"]
    assert [c["entries"] for c in stored] == [1, 1]
    # shared by makers, each with its own vendor id
    assert "2 of 4 authorities" in add("other", "1391")


# ---------------------------------------------------------- names of a unit

def listed(operator, maker, head, *rows, state="done"):
    answer = expect(operator.import_lines(maker.id,
        "\n".join([head, *rows]) + "\n"), 200, 422).json()
    assert answer["state"] == state, answer
    return answer


def test_a_unit_listed_by_its_matter_subject_enrolls_with_that_subject_alone(
        stack, operator, owner):
    maker = Maker()
    operator.register(maker)

    def unit(cn):
        return Device(stack, maker, subject=Name([
            NameAttribute(NameOID.COMMON_NAME, cn)]))

    right, wrong = unit("DAC 0001 Mvid:FFF1 Mpid:8000"), unit("DAC 0002")
    listed(operator, maker, "model,dac_subject",
        f"{maker.model},CN=DAC 0001 Mvid:FFF1 Mpid:8000")
    expect(wrong.authorize(), 400)
    right.onboard(owner)
    (birth,) = births(operator, maker)
    assert birth["dac_subject"] == "CN=DAC 0001 Mvid:FFF1 Mpid:8000"
    assert birth["pinned_key_sha256"] == right.birth_key_sha256
    assert birth["pinned_at"]
    # A11: the name alone is no proof once a key was seen
    again = unit("DAC 0001 Mvid:FFF1 Mpid:8000")
    expect(again.authorize(), 400)


def test_endorsement_keys_and_matter_subjects_name_one_unit(operator):
    maker = Maker()
    operator.register(maker)
    ek, head = "ab" * 32, "model,serial,ek_sha256,dac_subject"
    row = f"{maker.model},S-1,{ek},CN=DAC 1"
    assert listed(operator, maker, head, row)["added"] == 1
    assert listed(operator, maker, head, row)["unchanged"] == 1
    assert listed(operator, maker, "model,ek_sha256",
        f"{maker.model},{ek}")["unchanged"] == 1
    bad = listed(operator, maker, head, f"{maker.model},S-2,{ek},",
        f"{maker.model},S-1,{'cd' * 32},", f"{maker.model},S-3,,CN=DAC 1",
        f"{maker.model},S-4,{'ef' * 32},", f"{maker.model},S-5,{'ef' * 32},",
        f"{maker.model},S-6,,CN=DAC 6", f"{maker.model},S-7,,CN=DAC 6",
        state="failed")
    assert [e["line"] for e in bad["errors"]] == [2, 3, 4, 6, 8]
    (birth,) = births(operator, maker)
    assert birth["ek_sha256"] == ek


# --------------------------------------------------------- revocation lists

def make_crl(maker, *revoked, days=1, age=0, key=None, delta=False):
    """A list of the maker's CA over certificates (or their numbers)."""
    made = now() - datetime.timedelta(hours=1) + datetime.timedelta(
        seconds=age)
    builder = (x509.CertificateRevocationListBuilder()
        .issuer_name(maker.name).last_update(made)
        .next_update(now() + datetime.timedelta(days=days))
        .add_extension(x509.CRLNumber(1), False))
    if delta:
        builder = builder.add_extension(x509.DeltaCRLIndicator(1), True)
    for number in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(number)
            .revocation_date(made).build())
    return builder.sign(key or maker.key, hashes.SHA256()).public_bytes(
        PEM).decode()


def add_crl(operator, maker, crl, **body):
    return operator.call("POST", f"/manufacturers/{maker.id}/crls",
        json={"crl": crl, **body})


def number_of(device):
    return x509.load_pem_x509_certificate(
        device.birth_chain[0]).serial_number


def code(answer, status):
    return expect(answer, status).json()["type"].rsplit(":", 1)[1]


def test_a_unit_on_its_makers_list_is_refused_and_the_others_are_not(
        stack, operator):
    maker = Maker()
    operator.register(maker)
    bad, good = Device(stack, maker), Device(stack, maker)
    operator.allow(bad, good)
    expect(bad.authorize(), 200)
    listed_now = expect(add_crl(operator, maker,
        make_crl(maker, *range(1, 1200), number_of(bad))), 201).json()
    assert listed_now["entries"] == 1200
    expect(bad.authorize(), 400)
    (event, *_) = [e for e in operator.events()
        if e["kind"] == "attestation.refused"]
    assert "revoked by its maker" in event["detail"]
    expect(good.authorize(), 200)
    # removed from the list by a newer one
    expect(add_crl(operator, maker, make_crl(maker, age=60)), 201)
    expect(bad.authorize(), 200)
    (only,) = expect(operator.call("GET", "/manufacturers/acme/crls"),
        200).json()["crls"]
    assert only["entries"] == 0
    expect(operator.call("DELETE",
        f"/manufacturers/acme/crls/{only['id']}"), 204)
    expect(operator.call("DELETE",
        f"/manufacturers/acme/crls/{only['id']}"), 404)


def test_a_list_is_never_replaced_by_an_older_one(operator):
    maker = Maker()
    operator.register(maker)
    newer, older = make_crl(maker, 7, age=60), make_crl(maker)
    expect(add_crl(operator, maker, newer), 201)
    expect(add_crl(operator, maker, newer), 200)
    assert code(add_crl(operator, maker, older), 409) == "crl-old"


def test_a_list_that_no_ca_of_the_maker_signed_is_refused(operator):
    maker, other = Maker(), Maker("other", "lamp-2")
    for m in (maker, other):
        operator.register(m)
    forged = make_crl(maker, 7, key=other.key)
    for crl in (make_crl(other, 7), forged):
        assert code(add_crl(operator, maker, crl), 400) == "crl-signer"
    assert code(add_crl(operator, maker, forged, issuer=other.anchor_pem),
        400) == "crl-signer"
    for bad in ("", "x", maker.anchor_pem, make_crl(maker) * 2,
            make_crl(maker, days=-1 / 48), make_crl(maker, 7, delta=True)):
        assert code(add_crl(operator, maker, bad), 400) == "bad-crl"
    expect(add_crl(operator, Maker("nobody"), forged), 404)


def long_crl(maker, *revoked):
    """Of more than a megabyte, by hand: libraries make long ones slowly."""
    first, last = (der.tlv(0x17, f"{t:%y%m%d%H%M%SZ}".encode())
        for t in (now() - datetime.timedelta(hours=1),
            now() + datetime.timedelta(days=1)))
    numbers = [(1 << 120) + n for n in range(40000 - len(revoked))]
    entries = (der.seq(der.tlv(0x02, n.to_bytes(21, "big").lstrip(b"\0")),
        first) for n in [*numbers, *revoked])
    number = der.seq(bytes.fromhex("0603551d14"), der.tlv(0x04,
        b"\x02\x01\x01"))
    tbs = der.seq(b"\x02\x01\x01", der.ECDSA_SHA256,
        maker.name.public_bytes(), first, last, der.seq(*entries),
        der.tlv(0xa0, der.seq(number)))
    body = der.seq(tbs, der.ECDSA_SHA256, der.tlv(0x03, b"\0" +
        maker.key.sign(tbs, ec.ECDSA(hashes.SHA256()))))
    assert len(body) > 1024 * 1024
    return "".join(("-----BEGIN X509 CRL-----\n",
        base64.encodebytes(body).decode(), "-----END X509 CRL-----\n"))


def test_a_makers_list_may_be_long_and_evidence_is_held_against_it(
        stack, operator, database):
    maker = Maker()
    operator.register(maker)
    good, bad = Idevid(stack, maker), Idevid(stack, maker)
    for unit in (good, bad):
        operator.allow(unit)
    set_policy(operator, maker, evidence={"crl_required": True})

    def attest(unit):
        nonce = nonce_of(stack)
        answer = unit.send("idevid", unit.evidence(nonce, unit.key), nonce)
        return answer if answer.ok else [e for e in operator.events()
            if e["kind"] == "attestation.refused"][-1]["detail"]

    assert "path-no-crl" in attest(good)
    text = long_crl(maker, number_of(bad))
    assert expect(add_crl(operator, maker, text), 201).json()[
        "entries"] == 40000
    assert database.value("SELECT count(*) FROM crl_entry") == 40000
    expect(attest(good), 200)
    assert "path-revoked" in attest(bad)
    # As when it came before lists had heads: it covers nobody, and the same
    # list again is no older one.
    database.query("UPDATE crl SET head = NULL")
    assert "path-no-crl" in attest(good)
    assert "path-revoked" in attest(bad)
    expect(add_crl(operator, maker, text), 201)
    expect(attest(good), 200)
    # Aged: what it revoked stays revoked.
    database.query("UPDATE crl SET head = NULL")
    set_policy(operator, maker, evidence={})
    expect(attest(good), 200)
    assert "path-revoked" in attest(bad)


def test_where_a_current_list_is_required_a_birth_chain_needs_it(
        stack, operator):
    maker = Maker()
    operator.register(maker)
    device = Device(stack, maker)
    operator.allow(device)
    # What evidence it is asked beside does not matter here.
    set_policy(operator, maker, evidence={"crl_required": True})
    expect(device.authorize(), 400)
    assert "birth chain: path-no-crl" in stack.log()
    expect(add_crl(operator, maker, make_crl(maker)), 201)
    expect(device.authorize(), 400)
    assert operator.events()[-1]["kind"] == "attestation.refused"


def test_the_ca_below_an_anchor_may_revoke_and_be_revoked(stack, operator):
    root = Maker("acme")
    below = Maker("acme", parent=root)
    operator.register(below)
    one, two = Device(stack, below), Device(stack, below)
    operator.allow(one, two)
    crl = make_crl(below, number_of(one))
    assert code(add_crl(operator, below, crl), 400) == "crl-signer"
    expect(add_crl(operator, below, crl, issuer=below.anchor_pem), 201)
    expect(one.authorize(), 400)
    expect(two.authorize(), 200)
    expect(add_crl(operator, root, make_crl(root,
        below.certificate.serial_number)), 201)
    expect(two.authorize(), 400)


def test_a_delegate_of_a_matter_authority_may_revoke(operator, database):
    put_maker(operator)
    maker = Maker("acme")
    expect(add_anchor(operator, vendor_id=0xFFF1,
        certificate=pem_of("trust/paa-fff1.der")), 201)
    crl = pem_of("revocation/Chip-Test-PAA-FFF1-Delegated-CRL.der",
        kind="X509 CRL")
    delegate = pem_of("revocation/Chip-Test-PAA-Delegate-FFF1-Cert.der")
    assert code(add_crl(operator, maker, crl), 400) == "crl-signer"
    expect(add_crl(operator, maker, crl, issuer=delegate), 201)
    # its entry names no issuer: it is the authority's
    direct = pem_of("revocation/Chip-Test-PAA-FFF1-CRL.der",
        kind="X509 CRL")
    expect(add_crl(operator, maker, direct), 201)
    assert database.query("SELECT count(DISTINCT issuer_sha256), count(*) "
        "FROM crl_entry") == [(1, 2)]


def test_one_makers_list_says_nothing_of_anothers_units(stack, operator):
    maker, other = Maker(), Maker("other", "lamp-2")
    for m in (maker, other):
        operator.register(m)
    device = Device(stack, maker)
    operator.allow(device)
    expect(add_crl(operator, other, make_crl(other, number_of(device))), 201)
    expect(device.authorize(), 200)


# ------------------------------------------------- who comes for the first time

def fleet(stack, operator, n, policy, lines=None, listed_units=True):
    """n units of a model with that policy; lines adds a batch to each."""
    maker = Maker()
    operator.register(maker, policy=policy)
    units = [Device(stack, maker) for _ in range(n)]
    if listed_units:
        listed(operator, maker, "serial,model,batch", *[
            f"{u.serial},{maker.model},{lines[i] if lines else ''}"
            for i, u in enumerate(units)])
    return maker, units


def set_policy(operator, maker, **policy):
    operator.register(maker, policy=policy)


def refused_for(operator):
    return [e["detail"] for e in operator.events()
        if e["kind"] == "attestation.refused"][0]


def test_a_closed_model_takes_nobody_new_and_keeps_who_came(stack, operator):
    maker, (old, new) = fleet(stack, operator, 2, {})
    expect(old.authorize(), 200)
    set_policy(operator, maker, enrollment={"allowlist": "closed"})
    expect(old.authorize(), 200)
    expect(new.authorize(), 400)
    assert "closed" in refused_for(operator)


@pytest.mark.parametrize("window,status", [
    ({"from": at(hours=1)}, 400), ({"until": at(hours=-1)}, 400),
    ({"from": at(hours=-1), "until": at(hours=1)}, 200)])
def test_new_units_come_within_the_enrollment_window(stack, operator, window,
        status):
    _, (unit,) = fleet(stack, operator, 1, {"enrollment": window})
    expect(unit.authorize(), status)


@pytest.mark.parametrize("bound", ["units", "units_per_hour"])
def test_a_batch_has_as_many_units_as_its_model_allows(stack, operator, bound):
    maker, units = fleet(stack, operator, 4, {"enrollment": {bound: 2}},
        lines=["a", "a", "a", "b"])
    for unit, status in zip(units, (200, 200, 400, 200)):
        expect(unit.authorize(), status)
    assert "batch a" in refused_for(operator)
    expect(units[0].authorize(), 200)
    # a changed policy counts anew, who came included
    set_policy(operator, maker, enrollment={bound: 3})
    expect(units[2].authorize(), 200)


def test_an_hour_later_the_next_units_may_come(stack, operator, database):
    _, units = fleet(stack, operator, 2, {"enrollment": {"units_per_hour": 1}})
    expect(units[0].authorize(), 200)
    expect(units[1].authorize(), 400)
    database.query("UPDATE admission SET hour = hour - interval '61 minutes'")
    expect(units[1].authorize(), 200)


OPEN = {"key_protection": "hardware", "enrollment": {"allowlist": "open"}}


def test_an_open_model_takes_a_unit_that_nobody_listed(
        stack, operator, owner):
    maker, (unit,) = fleet(stack, operator, 1, OPEN, listed_units=False)
    unit.onboard(owner)
    (birth,) = births(operator, maker)
    assert birth["serial"] == unit.serial and birth["opened_at"]
    assert birth["pinned_key_sha256"] == unit.birth_key_sha256
    assert "unit.opened" in [e["kind"] for e in operator.events()]
    # A11: the same name with another key is a clone, not one more unit
    again = Device(stack, maker, unit.serial)
    expect(again.authorize(), 400)
    assert len(births(operator, maker)) == 1


def test_an_open_model_asks_a_chain_a_name_and_room(stack, operator):
    maker, _ = fleet(stack, operator, 0, {**OPEN,
        "enrollment": {"allowlist": "open", "units": 1}},
        listed_units=False)
    nameless = Device(stack, maker, subject=[
        NameAttribute(NameOID.COMMON_NAME, "no serial")])
    expect(nameless.authorize(), 400)
    impostor = Maker()
    impostor.name = maker.name
    expect(Device(stack, impostor).authorize(), 400)
    expect(Device(stack, maker).authorize(), 200)
    expect(Device(stack, maker).authorize(), 400)
    assert len(births(operator, maker)) == 1


def test_a_revoked_certificate_opens_nothing(stack, operator):
    maker, (unit,) = fleet(stack, operator, 1, OPEN, listed_units=False)
    expect(add_crl(operator, maker, make_crl(maker, number_of(unit))), 201)
    expect(unit.authorize(), 400)
    assert births(operator, maker) == []


# ------------------------------------------------------------ signs of clones

def signs(operator):
    return [(e["kind"], e.get("device_id")) for e in operator.events()
        if e["kind"].startswith("unit.") or e["kind"] == "device.second_key"]


@pytest.mark.parametrize("clones", ["refuse", "quarantine"])
def test_a10_one_unit_from_two_keys_is_an_event_and_nothing_more(
        stack, operator, owner, clones):
    maker, (unit,) = fleet(stack, operator, 1, {"clones": clones})
    unit.onboard(owner)
    expect(Device(stack, maker, unit.serial).authorize(), 400)
    assert signs(operator) == [("unit.second_birth_key", unit.id)]
    expect(unit.renew(), 200)


@pytest.mark.parametrize("clones,status", [("refuse", 200),
    ("quarantine", 403)])
def test_a10_one_birth_key_on_two_units_is_a_sign_on_the_keys_own(
        stack, operator, owner, clones, status):
    maker, (unit, other) = fleet(stack, operator, 2, {"clones": clones})
    unit.onboard(owner)
    copy = Device(stack, maker, other.serial)
    copy.birth_key = unit.birth_key
    copy.birth_chain = maker.birth_certificate(unit.birth_key, other.serial)
    copy.birth = Client(stack, copy.birth_chain, key_pem(unit.birth_key))
    expect(copy.authorize(), 400)
    assert signs(operator) == [("unit.birth_key_shared", unit.id)]
    assert owner.device(unit.id).json()["quarantined"] is (status == 403)
    expect(other.authorize(), 200)


@pytest.mark.parametrize("clones", ["refuse", "quarantine"])
def test_a1_a_second_enrollment_of_a_live_unit_is_refused_and_a_sign(
        stack, operator, owner, clones):
    _, (unit,) = fleet(stack, operator, 1, {"clones": clones})
    unit.onboard(owner)
    expect(unit.enroll(csr_der(new_key()), token=False), 403)
    assert signs(operator) == [("device.second_key", unit.id)]
    assert owner.device(unit.id).json()["quarantined"] is (
        clones == "quarantine")


# ------------------------------------------------------- fetched on a schedule

@pytest.fixture
def web():
    """A CA's web server; its files by name, and who asked for what."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = self.server.files.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", "/good.crl")
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                pass  # it had enough

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files = {}
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def add_source(operator, maker, url, **body):
    return operator.call("POST", f"/manufacturers/{maker.id}/crl-sources",
        json={"url": url, **body})


def fetched(operator, maker, url):
    """The source, once it was fetched or failed."""
    return until(lambda: [s for s in expect(operator.call("GET",
        f"/manufacturers/{maker.id}/crl-sources"), 200).json()["crl_sources"]
        if s["url"] == url and ("fetched_at" in s or "failed_at" in s)])[0]


def test_a_list_is_fetched_and_counts_like_one_handed_in(stack, operator, web):
    maker = Maker()
    operator.register(maker)
    unit = Device(stack, maker)
    operator.allow(unit)
    der = x509.load_pem_x509_crl(make_crl(maker, number_of(unit)).encode()
        ).public_bytes(serialization.Encoding.DER)
    web.files["/good.crl"] = (200, der)
    made = expect(add_source(operator, maker, web.url + "/good.crl"),
        201).json()
    source = fetched(operator, maker, web.url + "/good.crl")
    assert "failure" not in source and source["every"] == 3600
    expect(unit.authorize(), 400)
    (crl,) = expect(operator.call("GET", "/manufacturers/acme/crls"),
        200).json()["crls"]
    assert crl["url"] == web.url + "/good.crl"
    assert expect(add_source(operator, maker, web.url + "/good.crl",
        every=60), 200).json()["id"] == made["id"]
    path = f"/manufacturers/acme/crl-sources/{made['id']}"
    expect(operator.call("DELETE", path), 204)
    expect(operator.call("DELETE", path), 404)
    expect(unit.authorize(), 400)


def test_what_cannot_be_fetched_or_is_no_list_is_an_event_once(
        stack, operator, web):
    maker = Maker()
    operator.register(maker)
    web.files.update({
        "/moved.crl": (302, b""), "/html": (200, b"<html>"),
        "/huge": (200, b"0" * (1 << 23)),
        "/forged": (200, make_crl(maker, 7, key=new_key()).encode())})
    for path, why in (("/missing", "status 404"), ("/moved.crl", "status 302"),
            ("/html", "crl"), ("/huge", "more than"),
            ("/forged", "no anchor of acme signed")):
        expect(add_source(operator, maker, web.url + path), 201)
        assert why in fetched(operator, maker, web.url + path)["failure"]
    failed = [e for e in operator.events() if e["kind"] == "crl.fetch_failed"]
    assert len(failed) == 5
    assert expect(operator.call("GET", "/manufacturers/acme/crls"),
        200).json()["crls"] == []


@pytest.mark.parametrize("body", [
    {"url": "file:///etc/passwd"}, {"url": "ftp://a/b"}, {"url": "http://"},
    {"url": "http://user:password@a/"}, {"url": "http://a/ b"},
    {"url": "http://a/" + "b" * 256}, {"url": "http://a/", "every": 1},
    {"url": "http://a/", "issuer": "x"}, {}])
def test_a_source_that_cannot_be_is_400(operator, body):
    maker = Maker()
    operator.register(maker)
    expect(operator.call("POST", "/manufacturers/acme/crl-sources",
        json=body), 400)
