"""OCSP (RFC 6960, 5019, 9654; SECURITY.md R10) as others ask for it:
openssl's client, and requests made by cryptography, over both listeners."""

import base64
import datetime
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from harness.crypto import ending
from harness.http import Client, expect
from harness.players import now
from harness.process import free_port, run, until
from harness.stack import move_clock, moved_clock

MIME = {"Content-Type": "application/ocsp-request"}
WAIT = 60  # seconds, for what takes far below one


@pytest.fixture
def stack(make_stack):
    stack = make_stack(status_listen="127.0.0.1", status_port=free_port())
    stack.plain = f"http://127.0.0.1:{stack.settings['status_port']}/ocsp"
    return stack


def issuer(stack):
    return x509.load_pem_x509_certificate(
        (stack.material.pki / "issuing.crt").read_bytes())


def request(stack, certificate, algorithm=hashes.SHA1(), nonce=None):
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate,
        issuer(stack), algorithm)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), False)
    return builder.build().public_bytes(
        serialization.Encoding.DER)


def post(stack, der):
    return expect(Client(stack).post("/ocsp", data=der, headers=MIME), 200)


def ask(stack, *args, **kwargs):
    return ocsp.load_der_ocsp_response(
        post(stack, request(stack, *args, **kwargs)).content)


def get_plain(stack, der, quote=True):
    """(headers, body) of a GET over the plain listener."""
    text = base64.b64encode(der).decode()
    url = f"{stack.plain}/{urllib.parse.quote(text, '') if quote else text}"
    with urllib.request.urlopen(url, timeout=WAIT) as answer:
        return answer.headers, answer.read()


def openssl(stack, device, digest="-sha1", *more):
    """What openssl's client says, its verification of the answer included."""
    trust = device.stack.dir / "trust.pem"
    trust.write_bytes(stack.material.ca.read_bytes()
        + (stack.material.pki / "issuing.crt").read_bytes())
    return run("openssl", "ocsp", "-url", stack.plain, "-issuer",
        stack.material.pki / "issuing.crt", digest, "-cert", device.files()[0],
        "-CAfile", trust, "-timeout", WAIT, *more)


def wait_for(stack, certificate, status):
    """The answer once it is that, asked for by GET, as caches have it."""
    end = time.monotonic() + WAIT
    while True:
        answer = ocsp.load_der_ocsp_response(
            get_plain(stack, request(stack, certificate))[1])
        if answer.certificate_status == status:
            return answer
        assert time.monotonic() < end, answer.certificate_status
        time.sleep(0.02)


def test_openssl_believes_the_answer(stack, enrolled):
    assert ": good" in openssl(stack, enrolled)
    assert ": good" in openssl(stack, enrolled, "-sha256", "-no_nonce")


def test_answers_are_delegated_and_live_for_minutes(stack, enrolled):
    for algorithm in hashes.SHA1(), hashes.SHA256():
        for _ in range(2):  # the second one is kept
            answer = ask(stack, enrolled.certificate, algorithm)
            assert answer.certificate_status == ocsp.OCSPCertStatus.GOOD
            assert isinstance(answer.hash_algorithm, type(algorithm))
            lives = answer.next_update - answer.this_update
            assert lives.total_seconds() == 300
    (responder,) = answer.certificates
    assert list(responder.extensions.get_extension_for_oid(
        ExtensionOID.EXTENDED_KEY_USAGE).value) == [
        ExtendedKeyUsageOID.OCSP_SIGNING]
    responder.extensions.get_extension_for_oid(ExtensionOID.OCSP_NO_CHECK)
    assert responder.issuer == issuer(stack).subject


def test_get_is_for_caches(stack, enrolled):
    der = request(stack, enrolled.certificate)
    for quote in True, False:
        headers, body = get_plain(stack, der, quote)
        answer = ocsp.load_der_ocsp_response(body)
        assert answer.certificate_status == ocsp.OCSPCertStatus.GOOD
        words = dict(w.strip().partition("=")[::2]
            for w in headers["Cache-Control"].split(","))
        assert 0 < int(words["max-age"]) <= 300 and "public" in words
        assert headers["Expires"] and headers["Last-Modified"]
    text = urllib.parse.quote(base64.b64encode(der).decode(), "")
    again = Client(stack).get(f"/ocsp/{text}",
        headers={"If-None-Match": headers["ETag"]})
    assert again.status_code == 304 and not again.content


def test_nonce_is_repeated_and_never_kept(stack, enrolled):
    for n in 1, 16, 32:
        nonce = bytes(range(n))
        sent = post(stack, request(stack, enrolled.certificate, nonce=nonce))
        assert sent.headers["Cache-Control"] == "no-store"
        answer = ocsp.load_der_ocsp_response(sent.content)
        assert answer.extensions.get_extension_for_class(
            x509.OCSPNonce).value.nonce == nonce
    # RFC 9654 section 2.1: longer ones may be left out, up to 128 octets.
    assert not list(ask(stack, enrolled.certificate,
        nonce=bytes(33)).extensions)
    for nonce in b"", bytes(129):
        assert ask(stack, enrolled.certificate, nonce=nonce
            ).response_status == ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_what_we_did_not_issue(stack, enrolled):
    # Below our CA, and not made by the service.
    other = ending(x509.load_pem_x509_certificate(
        (stack.material.pki / "server.crt").read_bytes()),
        now() + datetime.timedelta(days=1), serialization.load_pem_private_key(
        (stack.material.pki / "issuing.key").read_bytes(), None), serial=4711)
    unknown = ask(stack, other)
    assert unknown.certificate_status == ocsp.OCSPCertStatus.UNKNOWN
    # The longest number, named by either hash.
    key = serialization.load_pem_private_key(
        (stack.material.pki / "issuing.key").read_bytes(), None)
    for algorithm in hashes.SHA1(), hashes.SHA256():
        long = ask(stack, ending(enrolled.certificate,
            now() + datetime.timedelta(days=1), key, serial=2 ** 159 - 1),
            algorithm)
        assert long.certificate_status == ocsp.OCSPCertStatus.UNKNOWN
        assert long.hash_algorithm.name == algorithm.name
    foreign = ask(stack, x509.load_pem_x509_certificate(
        enrolled.birth_chain[0]))
    assert foreign.response_status == ocsp.OCSPResponseStatus.UNAUTHORIZED
    for body in b"", b"\x30\x00", request(stack, other) + b"\x00":
        refused = ocsp.load_der_ocsp_response(post(stack, body).content)
        assert refused.response_status \
            == ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    wrong = Client(stack).post("/ocsp", data=b"", headers={
        "Content-Type": "text/plain"})
    assert wrong.status_code == 415
    # The plain listener has the status and nothing else.
    with pytest.raises(urllib.error.HTTPError) as e:
        urllib.request.urlopen(stack.plain.replace("/ocsp", "/healthz"))
    assert e.value.code == 404


def handshake(stack, version):
    """What openssl's client says of the handshake and the answer in it."""
    return subprocess.run(["openssl", "s_client", "-status", version,
        "-connect", f"localhost:{stack.port}", "-CAfile", stack.material.ca],
        stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout


def test_our_own_status_is_sent_with_our_certificate(stack, database):
    """RFC 6066 section 8, in both versions; and what is asked about it is
    answered alike."""
    own = x509.load_pem_x509_certificate(
        (stack.material.pki / "server.crt").read_bytes())
    for version in "-tls1_2", "-tls1_3":
        said = until(lambda: "Cert Status: good" in (
            text := handshake(stack, version)) and text)
        assert "OCSP Response Status: successful" in said
        assert "Verify return code: 0 (ok)" in said
    assert ask(stack, own).certificate_status == ocsp.OCSPCertStatus.GOOD
    database.query("INSERT INTO revocation (kind, serial, until, reason) "
        "VALUES ('certificate', %s, now() + interval '60 days', "
        "'keyCompromise')", (own.serial_number.to_bytes(16, "big"),))
    until(lambda: "Cert Status: revoked" in handshake(stack, "-tls1_3"))
    assert ask(stack, own).certificate_status == ocsp.OCSPCertStatus.REVOKED


def test_r10_a_clock_that_was_set_back_leaves_nothing_from_the_future(stack,
        workdir):
    """Answers, lists, the staple and the responder's certificate are made
    anew: nobody would believe them, or for too long."""
    own = x509.load_pem_x509_certificate(
        (stack.material.pki / "server.crt").read_bytes())
    clock = workdir / "clock"
    move_clock(clock, 2 * 3600)
    stack.stop()
    stack.env = moved_clock(clock)
    stack.start()
    soon = now().replace(tzinfo=None) + datetime.timedelta(hours=1)

    def times():
        """thisUpdate of each, and the responder's notBefore."""
        answer = ask(stack, own)
        crl = Client(stack).get("/crl/issuing.crl")
        staple = re.search("This Update: (.*)", handshake(stack, "-tls1_3"))
        return answer.certificates and crl.status_code == 200 and staple and [
            answer.this_update, answer.certificates[0].not_valid_before,
            x509.load_der_x509_crl(crl.content).last_update,
            datetime.datetime.strptime(staple[1], "%b %d %H:%M:%S %Y GMT")]

    assert until(lambda: (t := times()) and min(t) >= soon
        - datetime.timedelta(minutes=10))
    move_clock(clock, 0)
    assert until(lambda: (t := times()) and max(t) < soon)


def test_r10_a_revocation_drops_what_is_kept(make_stack, stack, enrolled,
        operator):
    """On the node that revoked, and on another; by its device, and after it
    was asked about just before."""
    peer = make_stack(status_listen="127.0.0.1", status_port=free_port())
    peer.plain = f"http://127.0.0.1:{peer.settings['status_port']}/ocsp"
    for node in stack, peer:
        wait_for(node, enrolled.certificate, ocsp.OCSPCertStatus.GOOD)
    before = now().replace(microsecond=0, tzinfo=None)
    expect(operator.revoke(enrolled.id, "keyCompromise"), 200, 204)
    for node in stack, peer:
        answer = wait_for(node, enrolled.certificate,
            ocsp.OCSPCertStatus.REVOKED)
        assert answer.revocation_reason == x509.ReasonFlags.key_compromise
        assert answer.revocation_time >= before
    assert "keyCompromise" in openssl(stack, enrolled)


def test_an_operator_learns_whose_it_is(stack, enrolled, operator):
    path = f"/certificates/{enrolled.serial_number.hex()}"
    good = expect(operator.call("GET", path), 200).json()
    assert good["state"] == "good" and good["device_id"] == enrolled.id
    expect(operator.revoke(enrolled.id, "superseded"), 200, 204)
    gone = expect(operator.call("GET", path.upper().replace("CERTIFICATES",
        "certificates")), 200).json()
    assert gone["state"] == "revoked" and gone["reason"] == "superseded"
    assert gone["serial"] == enrolled.serial_number.hex()
    for unknown in "00", "xyz", "0" * 42:
        assert operator.call("GET", f"/certificates/{unknown}"
            ).status_code == 404


def test_a_certificate_is_revoked_by_its_serial(stack, enrolled):
    """As one is whose successor was used."""
    wait_for(stack, enrolled.certificate, ocsp.OCSPCertStatus.GOOD)
    stack.database.query("INSERT INTO revocation (kind, serial, until, "
        "reason) VALUES ('certificate', %s, now() + interval '1 day', "
        "'superseded')", (enrolled.serial_number,))
    answer = wait_for(stack, enrolled.certificate,
        ocsp.OCSPCertStatus.REVOKED)
    assert answer.revocation_reason == x509.ReasonFlags.superseded


def test_without_the_database_nothing_is_said(stack, enrolled, cluster,
        database):
    """The feed is not heard either, so that what was kept is gone."""
    wait_for(stack, enrolled.certificate, ocsp.OCSPCertStatus.GOOD)
    door = f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS"
    cluster.sql(f"{door} false; SELECT pg_terminate_backend(pid) FROM "
        f"pg_stat_activity WHERE datname = '{database.name}'")
    end = time.monotonic() + WAIT
    while ask(stack, enrolled.certificate).response_status \
            != ocsp.OCSPResponseStatus.TRY_LATER:
        assert time.monotonic() < end
        time.sleep(0.1)
    cluster.sql(f"{door} true")
    end = time.monotonic() + WAIT
    while ask(stack, enrolled.certificate).response_status \
            != ocsp.OCSPResponseStatus.SUCCESSFUL:
        assert time.monotonic() < end
        time.sleep(0.1)
