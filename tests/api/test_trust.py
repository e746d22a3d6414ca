"""What is trusted of a maker: how far an anchor goes and for how long, what
its CA revoked, and by which names a unit is listed."""

import datetime

import pytest
from cryptography.x509 import Name, NameAttribute
from cryptography.x509.oid import NameOID

from harness.crypto import new_key, spki_pem
from harness.http import expect
from harness.players import Device, Maker, now


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
    put_maker(operator, "other")
    assert expect(add_anchor(operator, "other", public_key=pem),
        409).json()["type"].endswith("anchor-shared")


@pytest.mark.parametrize("body", [
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
    from cryptography import x509
    put_maker(operator)
    ours = x509.load_pem_x509_certificate(
        (material.pki / "issuing.crt").read_bytes()).public_key()
    from cryptography.hazmat.primitives import serialization
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
