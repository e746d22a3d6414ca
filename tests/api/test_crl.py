"""Our own revocation lists (RFC 5280 section 5), as openssl reads them."""

import gzip
import time
import urllib.error
import urllib.request
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from harness.http import Client, expect
from harness.players import Operator
from harness.process import REPO, free_port, run

PATH = "/crl/issuing.crl"
WAIT = 60  # seconds, for what takes far below one


def wait_for(stack, wanted):
    """The list once wanted(list) is true, with the answer it came in."""
    end = time.monotonic() + WAIT
    while True:
        answer = Client(stack).get(PATH,
            headers={"Accept-Encoding": "identity"})
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


def fetch(url, **headers):
    """(body, headers) once the list is there."""
    end = time.monotonic() + WAIT
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url,
                    headers=headers)) as answer:
                return answer.read(), answer.headers
        except urllib.error.HTTPError as e:
            if e.code != 503 or time.monotonic() > end:
                raise
            time.sleep(0.05)


def pem(directory, name, *lists):
    """A file of lists, as openssl reads them."""
    file = directory / name
    file.write_bytes(b"".join(x509.load_der_x509_crl(crl).public_bytes(
        serialization.Encoding.PEM) for crl in lists))
    return file


def judge(directory, leaf, lists, *flags):
    """What openssl verify says of a certificate by those lists."""
    return run("sh", "-c", 'openssl verify "$@" 2>&1 || true', "sh",
        "-crl_check", *flags, "-CAfile", directory / "trust.pem", "-CRLfile",
        lists, leaf)


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


def test_openssl_judges_by_day_and_by_deltas(make_stack, database, workdir):
    """A service's certificate names the list of the day on which it expires;
    a complete list from before its revocation and the delta from after it
    refuse it together."""
    port = free_port()
    base = f"http://127.0.0.1:{port}/crl/issuing"
    profiles = workdir / "profiles.conf"
    profiles.write_text((REPO / "pki/profiles.conf").read_text().replace(
        "kind = service\n",
        f"kind = service\ncrl_url = {base}/{{day}}.crl\n"))
    node = make_stack(status_listen="127.0.0.1", status_port=port,
        status_url=f"http://127.0.0.1:{port}", profiles=profiles)
    (workdir / "trust.pem").write_bytes(node.material.ca.read_bytes()
        + (node.material.pki / "issuing.crt").read_bytes())
    operator = Operator(node, database.admin_token)
    chain, _ = operator.add_service("meter")
    leaf = workdir / "leaf.pem"
    leaf.write_text(chain)
    certificate = x509.load_pem_x509_certificate(chain.encode())
    point = certificate.extensions.get_extension_for_class(
        x509.CRLDistributionPoints).value[0].full_name[0].value
    day = certificate.not_valid_after
    assert point == f"{base}/{day:%Y-%m-%d}.crl"
    before, _ = fetch(f"{base}.crl")
    assert x509.load_der_x509_crl(before).extensions.get_extension_for_class(
        x509.FreshestCRL).value[0].full_name[0].value == f"{base}/delta.crl"
    mine, head = fetch(point)
    other, _ = fetch(f"{base}/{day - timedelta(days=9):%Y-%m-%d}.crl")
    assert ": OK" in judge(workdir, leaf, pem(workdir, "mine.pem", mine))
    # Another day's list says nothing of it.
    assert "different CRL scope" in judge(workdir, leaf,
        pem(workdir, "other.pem", other))
    for nothing in "2020-01-01", "2026-1-1", "2026-11-28T00:00:00Z", "all":
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetch(f"{base}/{nothing}.crl")
    expect(operator.call("DELETE", "/services/meter"), 200, 204)
    wait_for(node, listed(certificate))
    mine, again = fetch(point)
    assert again["ETag"] != head["ETag"]
    assert "certificate revoked" in judge(workdir, leaf,
        pem(workdir, "mine.pem", mine))
    delta, _ = fetch(f"{base}/delta.crl")
    both = pem(workdir, "both.pem", before, delta)
    assert "certificate revoked" in judge(workdir, leaf, both, "-use_deltas",
        "-extended_crl")
    assert ": OK" in judge(workdir, leaf, pem(workdir, "old.pem", before))


def test_what_is_refused_beforehand_is_on_every_list(make_stack, database):
    """Nobody here knows when it expires, so each day's list has it, too; and
    OCSP says the same."""
    port = free_port()
    base = f"http://127.0.0.1:{port}/crl/issuing"
    node = make_stack(status_listen="127.0.0.1", status_port=port,
        status_url=f"http://127.0.0.1:{port}")
    operator = Operator(node, database.admin_token)
    serial = "5f" * 16

    def has(crl):
        return crl.get_revoked_certificate_by_serial_number(int(serial, 16))

    wait_for(node, lambda crl: not has(crl))
    expect(operator.call("POST", f"/certificates/{serial}/revoke", json={
        "reason": "keyCompromise", "preemptive": True}), 200)
    crl, _ = wait_for(node, has)
    assert has(crl).extensions.get_extension_for_class(
        x509.CRLReason).value.reason == x509.ReasonFlags.key_compromise
    today = crl.last_update
    for days in 0, 30, 397:
        day = today + timedelta(days=days)
        assert has(x509.load_der_x509_crl(fetch(
            f"{base}/{day:%Y-%m-%d}.crl")[0])), day
    assert has(x509.load_der_x509_crl(fetch(f"{base}/delta.crl")[0]))


def test_a_long_list_is_sent_compressed_to_those_who_ask(make_stack,
        database):
    """With a tag of its own (RFC 9110 section 8.8.3.3)."""
    port = free_port()
    node = make_stack(status_listen="127.0.0.1", status_port=port)
    database.query("INSERT INTO revocation (kind, serial, until, reason) "
        "SELECT 'certificate', substring(sha256(n::text::bytea) FOR 16), "
        "now() + interval '60 days', 'superseded' "
        "FROM generate_series(1, 2000) n")
    wait_for(node, lambda crl: len(crl) >= 2000)
    url = f"http://127.0.0.1:{port}{PATH}"
    plain, head = fetch(url)
    small, coded = fetch(url, **{"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in head
    assert coded["Content-Encoding"] == "gzip"
    assert coded["Vary"] == head["Vary"] == "Accept-Encoding"
    assert len(small) < len(plain) and gzip.decompress(small) == plain
    for coding, tag, status in ("gzip", coded["ETag"], 304), (
            "identity", head["ETag"], 304), (
            "identity", coded["ETag"], 200), ("gzip;q=0", coded["ETag"], 200):
        answer = Client(node).get(PATH, headers={"Accept-Encoding": coding,
            "If-None-Match": tag})
        assert answer.status_code == status, (coding, tag)
