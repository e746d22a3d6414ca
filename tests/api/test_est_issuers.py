"""Labels with an issuing CA of their own, below the same root."""

import re
import subprocess

import pytest
from cryptography import x509

from harness.crypto import certs_of_cms, key_pem
from harness.http import Client, expect
from harness.players import Device


@pytest.fixture
def stack(make_stack, material, workdir):
    return make_stack(issuers_dir=material.issuing("emea", workdir / "cas"))


@pytest.fixture
def emea(stack):
    """The other CA's certificate."""
    return x509.load_pem_x509_certificate(
        (stack.settings["issuers_dir"] / "emea.crt").read_bytes())


@pytest.fixture
def labelled(operator, maker):
    expect(operator.call("PUT", "/labels/north", json={"issuer": "emea"}),
        201)
    operator.register(maker, profile="north")
    return maker


def test_label_chooses_its_issuing_ca(stack, operator, owner, labelled, emea,
        workdir):
    device = Device(stack, labelled)
    operator.allow(device)
    device.onboard(owner)
    assert device.certificate.issuer == emea.subject
    leaf, chain = workdir / "leaf.pem", workdir / "chain.pem"
    leaf.write_bytes(device.chain[0])
    chain.write_bytes((stack.settings["issuers_dir"] / "emea.crt")
        .read_bytes())
    subprocess.run(["openssl", "verify", "-purpose", "sslclient", "-CAfile",
        stack.material.ca, "-untrusted", chain, leaf], check=True)
    # And it is one of ours when it comes back.
    expect(device.renew(), 200)
    assert device.certificate.issuer == emea.subject
    expect(device.renew(), 200)


def test_cacerts_of_a_label_hold_its_issuing_ca(stack, labelled, emea):
    client = Client(stack)
    main = certs_of_cms(expect(
        client.get("/.well-known/est/cacerts"), 200).content)
    north = certs_of_cms(expect(
        client.get("/.well-known/est/north/cacerts"), 200).content)
    assert emea in north and emea not in main
    assert len(north) == len(main) == 2
    assert len({c.subject for c in north} & {c.subject for c in main}) == 1


def test_issuer_that_is_not_here_is_503_for_its_label_alone(stack, make_stack,
        operator, owner, labelled, database):
    there = make_stack()
    other = Client(there)
    answer = expect(other.get("/.well-known/est/north/cacerts"), 503)
    assert int(answer.headers["Retry-After"]) > 0
    expect(other.get("/.well-known/est/cacerts"), 200)
    # Enrolling there issues nothing and spends nothing: the same token is
    # good on the node that has the issuer.
    device = Device(stack, labelled)
    operator.allow(device)
    device.obtain_token(owner)
    answer = expect(device.enroll(client=Client(there, device.birth_chain,
        key_pem(device.birth_key))), 503)
    assert int(answer.headers["Retry-After"]) > 0
    assert database.value("SELECT count(*) FROM certificate") == 0
    expect(device.enroll(), 200)
    assert database.value("SELECT count(*) FROM certificate") == 1


def test_missing_issuer_is_logged_once_with_what_to_do(stack, make_stack,
        operator, labelled, workdir):
    bare, cas = make_stack(), workdir / "none"
    cas.mkdir()
    bare.process.wait_log(r"event=label\.issuer_missing .*label=north "
        r"issuer=emea hint=.*issuers_dir")
    empty = make_stack(issuers_dir=cas)
    line = (r"event=label\.issuer_missing .*label=%s issuer=emea "
        r"hint=.*emea\.crt and emea\.key into " + re.escape(str(cas)))
    empty.process.wait_log(line % "north")
    # One that comes later is said, too, and nothing is said twice.
    expect(operator.call("PUT", "/labels/south", json={"issuer": "emea"}),
        201)
    empty.process.wait_log(line % "south")
    assert len(re.findall(line % "north", empty.log())) == 1
    assert "issuer_missing" not in stack.log()


def test_issuers_key_that_others_may_read_stops_the_start(stack):
    key = stack.settings["issuers_dir"] / "emea.key"
    key.chmod(0o640)
    stack.stop()
    with pytest.raises(AssertionError):
        stack.start()
    assert "emea.key: others may read or write this secret" in stack.log()
    stack.process = None
    key.chmod(0o600)
    stack.start()


def test_own_issuing_cas_are_no_makers_anchor(stack, operator, maker):
    pem = (stack.settings["issuers_dir"] / "emea.crt").read_text()
    expect(operator.call("POST", f"/manufacturers/{maker.id}/anchors",
        json={"certificate": pem}), 400)


def test_issuing_ca_is_made_once_and_by_a_good_name(stack, material, workdir):
    for name in ("emea", "issuing", "Emea", "../x"):
        with pytest.raises((subprocess.CalledProcessError, AssertionError,
                RuntimeError)):
            material.issuing(name, stack.settings["issuers_dir"])
