"""Channel binding: challengePassword against tls-unique and tls-exporter
(RFC 7030 section 3.5, RFC 5929, RFC 9266; est.md 33 to 37)."""

import base64
import re
import socket
import ssl

import pytest

from harness import der
from harness.crypto import PEM, certs_of_cms, key_pem, new_key
from harness.exporter import Exporter
from harness.http import Client, expect
from harness.players import Device

EST = "/.well-known/est"
OP_NO_EXTENDED_MASTER_SECRET = 1  # SSL_OP_…; Python has no name for it
LABEL = {"owner_approval": "none"}


def bound(key, binding, tag=0x13):
    """A request with the base64 of the binding as challengePassword."""
    return der.csr(key, attributes=der.tlv(0xa0, der.attribute(
        der.CHALLENGE_PASSWORD, der.tlv(tag, base64.b64encode(binding)))))


def message(operation, csr):
    body = base64.b64encode(csr)
    return (f"POST {EST}/{operation} HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/pkcs10\r\n"
        f"Content-Length: {len(body)}\r\n\r\n").encode() + body


class Session:
    """One TLS 1.2 connection whose tls-unique Python knows."""

    def __init__(self, stack, files, session=None, context=None, options=0):
        self.context = context
        if context is None:
            self.context = ssl.create_default_context(
                cafile=str(stack.material.ca))
            self.context.maximum_version = ssl.TLSVersion.TLSv1_2
            self.context.options |= options
            self.context.load_cert_chain(*files)
        self.socket = self.context.wrap_socket(
            socket.create_connection(("127.0.0.1", stack.port), 60),
            server_hostname="localhost", session=session)
        self.binding = self.socket.get_channel_binding("tls-unique")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def post(self, operation, csr):
        """(status, body)."""
        self.socket.sendall(message(operation, csr))
        data = b""
        while True:
            head, end, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
            if end and len(body) >= int(length[1]):
                return int(data.split()[1]), body
            part = self.socket.recv(65536)
            assert part, data
            data += part


@pytest.fixture
def free(stack, operator, maker):
    """use(**settings) -> a unit whose label asks no owner."""
    def use(**settings):
        expect(operator.call("PUT", "/labels/free",
            json={**LABEL, **settings}), 200, 201)
        expect(operator.call("PUT", f"/models/{maker.model}", json={
            "manufacturer": maker.id, "name": "Lamp", "profile": "free",
            "client_id": maker.client_id}), 200)
        device = Device(stack, maker)
        operator.allow(device)
        return device
    return use


def test_34_tls_unique_of_a_full_handshake(stack, free):
    device = free()
    with Session(stack, device.birth.session.cert) as s:
        status, body = s.post("simpleenroll", bound(device.key, s.binding))
        assert status == 200
        assert len(certs_of_cms(body)) == 1
        # As UTF8String, too.
        assert s.post("simpleenroll",
            bound(device.key, s.binding, 0x0c))[0] == 200


def test_34_tls_unique_of_a_resumed_handshake(stack, free):
    device = free()
    with Session(stack, device.birth.session.cert) as first:
        assert first.post("simpleenroll", bound(device.key,
            first.binding))[0] == 200
        with Session(stack, None, first.socket.session,
                first.context) as second:
            assert second.socket.session_reused
            assert second.binding != first.binding
            assert second.post("simpleenroll",
                bound(device.key, first.binding))[0] == 403
        with Session(stack, None, first.socket.session,
                first.context) as third:
            assert third.socket.session_reused
            assert third.post("simpleenroll",
                bound(device.key, third.binding))[0] == 200


def test_34_tls_unique_of_another_connection_is_403(stack, free):
    device = free()
    files = device.birth.session.cert
    with Session(stack, files) as one, Session(stack, files) as other:
        assert other.post("simpleenroll",
            bound(device.key, one.binding))[0] == 403
        assert one.post("simpleenroll",
            bound(device.key, one.binding))[0] == 200


def test_34_tls_unique_without_extended_master_secret_is_403(stack, free):
    """Two such connections can be made to have the same (RFC 7627)."""
    device = free()
    with Session(stack, device.birth.session.cert,
            options=OP_NO_EXTENDED_MASTER_SECRET) as s:
        assert s.post("simpleenroll",
            bound(device.key, s.binding))[0] == 403
        assert s.post("simpleenroll", der.csr(device.key))[0] == 200


def test_33_a_challenge_that_is_there_is_always_verified(stack, free):
    device = free()
    with Session(stack, device.birth.session.cert) as s:
        for wrong in (b"", b"\0" * 12, s.binding[:-1], s.binding + b"\0"):
            status, body = s.post("simpleenroll", bound(device.key, wrong))
            assert status == 403 and b"challengePassword" in body
        for text in (b"x" * 255, b"x" * 256, b"\0", s.binding,
                base64.b64encode(s.binding) + b"\0",
                base64.b64encode(s.binding).decode().encode("utf-16-be")):
            for tag in 0x04, 0x0c, 0x13, 0x14, 0x16, 0x1e:
                request = der.csr(device.key, attributes=der.tlv(0xa0,
                    der.attribute(der.CHALLENGE_PASSWORD,
                        der.tlv(tag, text))))
                assert s.post("simpleenroll", request)[0] == 403, (tag, text)
    # Over TLS 1.3, what is right for no connection.
    answer = expect(device.enroll(bound(device.key, b"\1" * 32)), 403)
    assert "tls-exporter" in answer.text
    expect(device.enroll(), 200)


def test_33_at_simplereenroll(stack, free):
    device = free()
    expect(device.enroll(), 200)
    with Session(stack, device.files()) as s:
        assert s.post("simplereenroll",
            bound(device.key, b"\0" * 12))[0] == 403
        assert s.post("simplereenroll",
            bound(device.key, s.binding))[0] == 200


def test_33_a_new_key_is_bound_as_well(stack, free):
    device, key = free(channel_binding="required"), new_key()
    with OpenSsl(stack, device.birth.session.cert) as s:
        status, body = s.post("simpleenroll", bound(device.key, s.binding))
        assert status == 200
    (certificate,) = certs_of_cms(body)
    operational = Client(stack, [certificate.public_bytes(PEM)],
        key_pem(device.key))
    with OpenSsl(stack, operational.session.cert) as s:
        assert s.post("simplereenroll", der.csr(key))[0] == 403
        assert s.post("simplereenroll", bound(key, s.binding[::-1]))[0] == 403
        assert s.post("simplereenroll", bound(key, s.binding))[0] == 200


def test_35_required_and_absent_is_403_with_a_text(stack, free):
    device = free(channel_binding="required")
    assert "challengePassword" in expect(device.enroll(), 403).text
    with Session(stack, device.birth.session.cert) as s:
        assert s.post("simpleenroll", bound(device.key, s.binding))[0] == 200


class OpenSsl(Exporter):
    def post(self, operation, csr):
        return self.send(message(operation, csr))


def test_36_tls_exporter_of_tls_1_3(stack, free):
    device = free(channel_binding="required")
    with OpenSsl(stack, device.birth.session.cert) as one:
        with OpenSsl(stack, device.birth.session.cert) as other:
            assert one.binding != other.binding
            assert other.post("simpleenroll",
                bound(device.key, one.binding))[0] == 403
        assert one.post("simpleenroll",
            bound(device.key, one.binding))[0] == 200


def test_36_tls_exporter_of_a_resumed_connection(stack, free, workdir):
    device, saved = free(channel_binding="required"), workdir / "session"
    files = device.birth.session.cert
    with OpenSsl(stack, files, "-sess_out", str(saved)) as first:
        assert first.post("simpleenroll",
            bound(device.key, first.binding))[0] == 200
    with OpenSsl(stack, files, "-sess_in", str(saved)) as second:
        assert second.reused and second.binding != first.binding
        assert second.post("simpleenroll",
            bound(device.key, first.binding))[0] == 403
        assert second.post("simpleenroll",
            bound(device.key, second.binding))[0] == 200


def test_37_an_authority_passes_on_what_binds_another_connection(
        operator, free):
    device = free()
    expect(device.enroll(), 200)
    expect(operator.call("PUT", "/labels/free", json={**LABEL,
        "channel_binding": "required"}), 200)
    certificate, key = operator.add_service("gate", ra_labels=["free"])
    authority = Client(operator.stack, [certificate.encode()], key)
    for attributes in (der.tlv(0xa0), der.tlv(0xa0, der.attribute(
            der.CHALLENGE_PASSWORD, der.tlv(0x13, b"of its own link")))):
        request = der.csr(device.key, attributes=attributes,
            subject=der.common_name(device.id.encode()))
        expect(authority.post(f"{EST}/simplereenroll",
            data=base64.b64encode(request),
            headers={"Content-Type": "application/pkcs10"}), 200)
    assert "challengePassword" in expect(device.renew(), 403).text
