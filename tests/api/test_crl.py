"""Our own revocation lists (RFC 5280 section 5), as openssl reads them."""

import time
import urllib.request

from cryptography import x509

from harness.http import Client, expect
from harness.process import free_port, run

PATH = "/crl/issuing.crl"
WAIT = 60  # seconds, for what takes far below one


def wait_for(stack, wanted):
    """The list once wanted(list) is true, with the answer it came in."""
    end = time.monotonic() + WAIT
    while True:
        answer = Client(stack).get(PATH)
        if answer.status_code == 200:
            crl = x509.load_der_x509_crl(answer.content)
            if wanted(crl):
                return crl, answer
        assert answer.status_code in (200, 503)
        assert time.monotonic() < end
        time.sleep(0.05)


def listed(certificate):
    number = certificate.serial_number
    return lambda crl: \
        crl.get_revoked_certificate_by_serial_number(number) is not None


def verify(stack, device, crl):
    """openssl verify -crl_check: what it says of the device."""
    directory = stack.dir
    trust = directory / "trust.pem"
    trust.write_bytes(stack.material.ca.read_bytes()
        + (stack.material.pki / "issuing.crt").read_bytes())
    file = directory / "list.der"
    file.write_bytes(crl)
    run("openssl", "crl", "-inform", "DER", "-in", file, "-out",
        directory / "list.pem")
    run("openssl", "crl", "-in", directory / "list.pem", "-CAfile", trust,
        "-noout", "-verify")
    leaf = directory / "leaf.pem"
    leaf.write_bytes(device.chain[0])
    return run("sh", "-c", 'openssl verify -crl_check -CAfile "$1" '
        '-CRLfile "$2" "$3" 2>&1 || true', "sh", trust,
        directory / "list.pem", leaf)


def number(crl):
    return crl.extensions.get_extension_for_class(
        x509.CRLNumber).value.crl_number


def test_a_revocation_is_listed_and_openssl_refuses(make_stack, stack,
        enrolled, operator):
    """On the node that revoked and on another, over TLS and without."""
    port = free_port()
    peer = make_stack(status_listen="127.0.0.1", status_port=port)
    before, answer = wait_for(stack, lambda crl: True)
    assert len(before) == 0
    assert (before.next_update - before.last_update).total_seconds() == 86400
    assert ": OK" in verify(stack, enrolled, answer.content)
    expect(operator.revoke(enrolled.id, "keyCompromise"), 200, 204)
    for node in stack, peer:
        crl, answer = wait_for(node, listed(enrolled.certificate))
    entry = crl.get_revoked_certificate_by_serial_number(
        enrolled.certificate.serial_number)
    assert entry.extensions.get_extension_for_class(
        x509.CRLReason).value.reason == x509.ReasonFlags.key_compromise
    assert number(crl) > number(before)
    assert "certificate revoked" in verify(peer, enrolled, answer.content)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{PATH}") as plain:
        assert plain.read() == answer.content
    # A list that is as it was is not sent again.
    again = Client(peer).get(PATH,
        headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    assert Client(peer).get("/crl/other.crl").status_code == 404
    assert Client(peer).get("/crl/issuing").status_code == 404


def test_r6_a_restored_database_takes_nothing_off_the_list(stack, enrolled,
        operator, database):
    """A feed that is not the one which was read is read again, on top."""
    expect(operator.revoke(enrolled.id, "superseded"), 200, 204)
    first, _ = wait_for(stack, listed(enrolled.certificate))
    # As a backup from before the revocation would have it.
    database.query("DELETE FROM revocation")
    database.query("UPDATE feed_head SET epoch = epoch + 1, position = 0, "
        "sha256 = sha256('restored')")
    other = bytes([1] * 16)
    database.query("INSERT INTO revocation (kind, serial, until, reason) "
        "VALUES ('certificate', %s, now() + interval '60 days', "
        "'superseded')", (other,))
    crl, _ = wait_for(stack, lambda crl:
        crl.get_revoked_certificate_by_serial_number(
            int.from_bytes(other, "big")))
    assert listed(enrolled.certificate)(crl) and number(crl) > number(first)
