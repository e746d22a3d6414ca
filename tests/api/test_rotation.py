"""A new issuing CA and a new root while devices go on, as in
docs/rotation.md, with openssl as the relying party."""

import copy
import shutil
import socket
import ssl

import pytest
from cryptography import x509

from harness.crypto import certs_of_cms
from harness.http import Client, expect
from harness.players import Device, Maker, Operator
from harness.process import BUILD, free_port, run, until
from harness.stack import Stack

PEM = "-----BEGIN CERTIFICATE-----"


@pytest.fixture
def changing(workdir, material):
    """A copy, since it is changed."""
    mine = copy.copy(material)
    mine.pki, mine.root = workdir / "pki", workdir / "root"
    shutil.copytree(material.pki, mine.pki)
    shutil.copytree(material.root, mine.root)
    mine.ca, mine.mac_key = mine.pki / "root.crt", mine.pki / "mac.key"
    return mine


@pytest.fixture
def stack(workdir, database, changing):
    port = free_port()
    directory = workdir / "node"
    directory.mkdir()
    stack = Stack(directory, database, changing, status_listen="127.0.0.1",
        status_port=port, status_url=f"http://127.0.0.1:{port}")
    yield stack.start()
    stack.stop()


def restart(stack, **settings):
    stack.settings.update(settings)
    stack.restart()


def cacerts(stack):
    return certs_of_cms(expect(Client(stack).get(
        "/.well-known/est/cacerts"), 200).content)


def certificate(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def is_listed(stack, name, leaf):
    """Whether the list of the CA of that name has the certificate."""
    answer = Client(stack).get(f"/crl/{name}.crl")
    return answer.status_code == 200 and (
        x509.load_der_x509_crl(answer.content)
        .get_revoked_certificate_by_serial_number(leaf.serial_number))


def ocsp(stack, workdir, issuer, leaf):
    """What openssl hears of a certificate (PEM)."""
    path = workdir / "asked.pem"
    path.write_bytes(leaf)
    return run("openssl", "ocsp", "-issuer", issuer, "-cert", path,
        "-CAfile", stack.material.ca, "-url",
        stack.settings["status_url"] + "/ocsp")


def verify(workdir, leaf, trusted, *untrusted):
    """openssl verify: leaf (PEM) by way of untrusted to the one trusted."""
    for name, pems in (("t", [trusted]), ("u", untrusted), ("l", [leaf])):
        (workdir / f"{name}.pem").write_text("".join(pems))
    return run("openssl", "verify", "-CAfile", workdir / "t.pem",
        "-untrusted", workdir / "u.pem", workdir / "l.pem")


def rotate(*argv):
    run(BUILD / "latchkey", "ca", "rotate", *argv)


def served(stack):
    with socket.create_connection(("localhost", stack.port)) as tcp:
        context = ssl.create_default_context(cafile=stack.material.ca)
        with context.wrap_socket(tcp, server_hostname="localhost") as tls:
            return x509.load_der_x509_certificate(tls.getpeercert(True))


def test_next_certificate_of_the_server_is_served_without_a_restart(stack,
        workdir):
    pki, first = stack.material.pki, served(stack)
    order = [BUILD / "latchkey", "ca", "server", "--dir", pki, "--dns"]
    with pytest.raises(AssertionError, match="not a DNS name"):
        run(*order, "a b")
    with pytest.raises(AssertionError, match="NAME.crt and NAME.key"):
        run(*order, "localhost", "--issuer", pki / "issuing.key")
    assert certificate(pki / "server.crt") == first
    run(*order, "localhost", "--dns", "id.example.com")
    until(lambda: served(stack) == certificate(pki / "server.crt"))
    second = served(stack)
    assert second.serial_number != first.serial_number
    assert second.public_key() != first.public_key()
    assert second.extensions.get_extension_for_class(
        x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName) == ["localhost", "id.example.com"]
    assert (pki / "server.key").stat().st_mode & 0o777 == 0o600
    # By the next issuing CA, as after a rotation.
    cas = workdir / "cas"
    rotate("issuing", "issuing-2", "--dir", pki, "--root-dir",
        stack.material.root, "--issuers-dir", cas)
    run(*order, "localhost", "--issuer", cas / "issuing-2.crt")
    until(lambda: served(stack).issuer
        == certificate(cas / "issuing-2.crt").subject)


def test_devices_go_on_below_a_new_issuing_ca_and_a_new_root(stack, database,
        workdir):
    material = stack.material
    operator, maker = Operator(stack, database.admin_token), Maker()
    operator.register(maker)
    device = Device(stack, maker)
    operator.allow(device)
    device.onboard(operator.add_owner())
    first = device.certificate, device.chain[0]
    old_pem, cas = material.pki / "issuing.crt", workdir / "cas"
    old = certificate(old_pem)

    rotate("issuing", "issuing-2", "--dir", material.pki, "--root-dir",
        material.root, "--issuers-dir", cas)
    new_pem = cas / "issuing-2.crt"
    new = certificate(new_pem)
    assert (cas / "issuing.crt").read_bytes() == old_pem.read_bytes()
    assert (cas / "issuing.key").stat().st_mode & 0o777 == 0o600
    # Known before it is used.
    restart(stack, issuers_dir=cas, issuing_also="issuing-2")
    assert {old, new} < set(cacerts(stack)) and len(cacerts(stack)) == 3
    restart(stack, issuing_also="issuing", issuing_cert=new_pem,
        issuing_key=cas / "issuing-2.key")
    assert {old, new} < set(cacerts(stack)) and len(cacerts(stack)) == 3
    expect(device.renew(), 200)
    assert device.certificate.issuer == new.subject
    assert first[0].issuer == old.subject != new.subject
    for issuer, leaf in (old_pem, first[1]), (new_pem, device.chain[0]):
        assert "asked.pem: good" in ocsp(stack, workdir, issuer, leaf)
    expect(operator.revoke(device.id), 200, 204)
    # Each by its own CA, whose list is where it was.
    until(lambda: is_listed(stack, "issuing", first[0]))
    until(lambda: is_listed(stack, "issuing-2", device.certificate))
    assert not is_listed(stack, "issuing", device.certificate)
    for issuer, leaf in (old_pem, first[1]), (new_pem, device.chain[0]):
        assert "asked.pem: revoked" in ocsp(stack, workdir, issuer, leaf)

    rotate("root", "--dir", material.pki, "--root-dir", material.root,
        "--new-root-dir", workdir / "root-2")
    stack.restart()
    assert len(cacerts(stack)) == 6
    new_root, old_root, old_with_new, new_with_old = (PEM + text for text in
        material.ca.read_text().split(PEM)[1:])
    # What is below the old root, for those who know the new one alone.
    leaf = device.chain[0].decode()
    assert "OK" in verify(workdir, leaf, new_root, new_pem.read_text(),
        old_with_new)
    # What is below the new one, for those who know the old one alone.
    run(BUILD / "latchkey", "ca", "issuing", "issuing-3", "--dir",
        material.pki, "--root-dir", workdir / "root-2", "--issuers-dir", cas)
    next_ca = (cas / "issuing-3.crt").read_text()
    assert "OK" in verify(workdir, next_ca, old_root, new_with_old)
    assert "OK" in verify(workdir, next_ca, new_root, old_with_new)
    with pytest.raises(Exception, match="root.key"):
        rotate("root", "--dir", material.pki, "--root-dir",
            workdir / "root-2", "--new-root-dir", workdir / "root-2")


def test_a_compromised_issuing_ca_loses_trust_at_once(stack, database,
        workdir):
    """The runbook: its certificates are nobody's from the restart on, and
    devices come back with their birth certificates."""
    material = stack.material
    operator, maker = Operator(stack, database.admin_token), Maker()
    operator.register(maker)
    device = Device(stack, maker)
    operator.allow(device)
    device.onboard(operator.add_owner())
    who = device.id
    cas = workdir / "cas"
    rotate("issuing", "issuing-2", "--dir", material.pki, "--root-dir",
        material.root, "--issuers-dir", cas)
    for name in "issuing.crt", "issuing.key":
        (cas / name).unlink()
    restart(stack, issuers_dir=cas, issuing_cert=cas / "issuing-2.crt",
        issuing_key=cas / "issuing-2.key")
    assert device.renew().status_code in (401, 403)
    expect(device.enroll(), 200)
    assert device.certificate.issuer == certificate(
        cas / "issuing-2.crt").subject
    assert device.id == who
    expect(device.renew(), 200)
