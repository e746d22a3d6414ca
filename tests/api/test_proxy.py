"""Behind a proxy (docs/proxy.md): HAProxy as we ship it ends TLS and hands on
the client's certificate (RFC 9440) and address (RFC 7239)."""

import base64
import http.client
import socket
import ssl

import pytest

from api.test_attest_formats import Matter, attest, last_refusal, listed
from api.test_est_binding import Session, bound
from api.test_oauth_tokens import tls_certificate
from api.test_tls_resumption import VERSIONS, context
from api.test_tls_resumption import renew as renew_with
from harness.app import App
from harness.crypto import DER, PEM, certs_of_cms, csr_der, key_pem, new_key
from harness.edge import Edge, self_signed
from harness.evidence import nonce_of
from harness.http import Client, expect
from harness.players import Device, Maker

REENROLL = "/.well-known/est/simplereenroll"


@pytest.fixture
def edge(workdir, material):
    (workdir / "edge").mkdir()
    edge = Edge(workdir / "edge", material)
    yield edge
    edge.stop()


@pytest.fixture
def stack(make_stack, edge):
    """A node that clients reach through the proxy alone."""
    stack = make_stack(**edge.node())
    edge.start(stack)
    return stack


def said(certificate, *chain):
    """What a proxy says of who showed it (RFC 9440)."""
    def item(c):
        return f":{base64.b64encode(c.public_bytes(DER)).decode()}:"
    return {"Client-Cert": item(certificate),
        **({"Client-Cert-Chain": ", ".join(map(item, chain))} if chain
            else {})}


def renewal(device, key=None):
    return base64.b64encode(csr_der(key or device.key))


class Hop:
    """A connection to a node's listener for proxies, with a certificate or
    without."""

    def __init__(self, stack, files=None):
        tls = ssl.create_default_context(cafile=str(stack.material.ca))
        if files:
            tls.load_cert_chain(*files)
        self.http = http.client.HTTPSConnection("localhost",
            stack.settings["proxy_port"], context=tls, timeout=300)

    def call(self, method, path, body=None, **headers):
        """(status, body)."""
        self.http.request(method, path, body, {k: v for k, v in {
            "Forwarded": "for=192.0.2.1", **headers}.items() if v})
        answer = self.http.getresponse()
        return answer.status, answer.read()

    def renew(self, device, **headers):
        return self.call("POST", REENROLL, renewal(device), **{
            "Content-Type": "application/pkcs10", **headers})


class UnixHop(Hop):
    """The same by a unix socket."""

    def __init__(self, path):
        self.http = http.client.HTTPConnection("localhost")
        self.http.sock = socket.socket(socket.AF_UNIX)
        self.http.sock.settimeout(300)
        self.http.sock.connect(str(path))


def self_signed_client():
    certificate, key = self_signed("other")
    return [certificate], key


def test_main_way_goes_through_a_proxy(stack, device, owner, operator):
    device.onboard(owner)
    before = device.certificate
    expect(device.renew(new_key()), 200)
    assert device.certificate != before
    expect(operator.revoke(device.id), 200)
    expect(device.renew(), 403)


def test_a4_one_connection_carries_many_clients(stack, edge, operator, maker,
        owner):
    one, two = Device(stack, maker), Device(stack, maker)
    operator.allow(one, two)
    one.onboard(owner)
    two.onboard(owner)
    hop = Hop(stack, edge.shown)
    for device in (one, two, one):
        status, body = hop.renew(device, **said(device.certificate))
        (new,) = certs_of_cms(body)
        assert (status, new.subject) == (200, device.certificate.subject)
    assert hop.renew(one)[0] == 401
    connection = hop.http.sock
    expect(operator.revoke(one.id), 200)
    assert hop.renew(one, **said(one.certificate))[0] == 403
    assert hop.renew(two, **said(two.certificate))[0] == 200
    assert hop.http.sock is connection is not None, "it is the proxy's"


def test_intermediate_certificates_come_along(stack, operator):
    root = Maker("acme", "lamp-2")
    first = Maker("acme", "lamp-2", parent=root)
    maker = Maker("acme", "lamp-2", parent=first)
    operator.register(maker)
    device = Device(stack, maker)
    operator.allow(device)
    chain = device.birth_chain + [first.certificate.public_bytes(PEM)]
    device.birth = Client(stack, chain, key_pem(device.birth_key))
    expect(device.authorize(), 200)
    # E4: what is too long is refused as it would be without a proxy.
    device.birth = Client(stack, chain + chain[1:] * 2,
        key_pem(device.birth_key))
    expect(device.authorize(), 400)
    assert "the client chain is longer than 5" in stack.log()


@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
def test_sessions_that_would_lack_intermediates_are_not_resumed(
        enrolled, version):
    made = context(enrolled, version)
    status, session, _ = renew_with(enrolled, made)
    assert status == 200
    status, _, resumed = renew_with(enrolled, made, session)
    assert (status, resumed) == (200, False)


def test_h2_forged_certificate_counts_for_nothing(stack, edge, enrolled):
    forged = said(enrolled.certificate)

    def post(client, headers):
        return client.post(REENROLL, data=renewal(enrolled), headers={
            "Content-Type": "application/pkcs10", **headers})

    # At the edge, by nobody and by somebody else.
    expect(post(Client(stack), forged), 401)
    expect(post(Client(stack, *self_signed_client()), forged), 403)
    # Where proxies come, by who is none: without a certificate, and with a
    # device's.
    for shown in (None, enrolled.files()):
        status, body = Hop(stack, shown).renew(enrolled, **forged)
        assert status == 403 and b"for the proxies" in body
    assert Hop(stack, edge.shown).renew(enrolled, **forged)[0] == 200
    # At the node's own listener.
    stack.url = f"https://localhost:{stack.settings['port']}"
    for headers in (forged, {"client-cert": forged["Client-Cert"],
            "X-Forwarded-Client-Cert": forged["Client-Cert"]}):
        expect(post(Client(stack), headers), 401)
        expect(post(Client(stack, *self_signed_client()), headers), 403)


def test_h2_malformed_words_of_a_proxy_are_refused(stack, edge, enrolled):
    good = said(enrolled.certificate)
    cert = good["Client-Cert"]
    for change in ({"Forwarded": None}, {"Forwarded": "for=unknown"},
            {"Forwarded": "for=192.0.2.1, for=192.0.2.2"},
            {"Forwarded": "for=192.0.2.1;proto=http"},
            {"Client-Cert": cert.strip(":")}, {"Client-Cert": "::"},
            {"Client-Cert": f"{cert}, {cert}"},
            {"Client-Cert": None, "Client-Cert-Chain": cert}):
        assert Hop(stack, edge.shown).renew(enrolled, **{
            **good, **change})[0] == 400, change
    assert Hop(stack, edge.shown).renew(enrolled, **good)[0] == 200


@pytest.mark.settings(guesses_address=3)
def test_h2_limits_are_for_the_address_that_the_proxy_says(stack, edge):
    """Wrong passwords of bootstrap tokens, some with a forged address."""
    def tries(**headers):
        return Client(stack).post("/.well-known/est/simpleenroll",
            data=base64.b64encode(csr_der(new_key())), auth=("x", "wrong"),
            headers={"Content-Type": "application/pkcs10", **headers})

    assert [tries(Forwarded=f"for=192.0.2.{n}", **{
        "X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(4)
        ] == [401, 401, 401, 429]
    hop = Hop(stack, edge.shown)
    for address, status in (("192.0.2.7", 401), ('"[2001:db8::1]:9"', 401)):
        assert hop.call("POST", "/.well-known/est/simpleenroll",
            base64.b64encode(csr_der(new_key())), **{
                "Content-Type": "application/pkcs10",
                "Authorization": "Basic eDp3cm9uZw==",  # x:wrong
                "Forwarded": f"for={address}"})[0] == status, address


def test_h2_binding_that_cannot_be_checked_is_refused(stack, enrolled,
        operator, maker):
    with Session(stack, enrolled.files()) as s:
        status, body = s.post("simplereenroll", bound(new_key(), s.binding))
    assert status == 403 and b"tls-unique" in body
    # E2: the same for Matter's evidence.
    unit = listed(stack, operator, maker, Matter)
    assert attest(unit, nonce_of(stack)) == 403
    assert "The connection has no challenge" in last_refusal(operator)


def test_rfc8705_token_is_bound_to_the_certificate_that_the_proxy_saw(
        stack, operator, owner):
    (own, key), (other, other_key) = tls_certificate(), tls_certificate()
    app = App(stack, operator, dpop=False, http=Client(stack,
        [own.public_bytes(PEM)], key_pem(key)))
    token = app.tokens(owner)["access_token"]
    expect(app.call("GET", "/v1/devices", token), 200)
    for thief in (Client(stack),
            Client(stack, [other.public_bytes(PEM)], key_pem(other_key))):
        expect(thief.get("/v1/devices", headers={
            "Authorization": f"Bearer {token}", **said(own)}), 401)


def test_unix_socket_is_for_a_proxy_on_the_same_machine(
        stack, make_stack, enrolled, workdir):
    path = workdir / "proxy.sock"
    node = make_stack(issuer=stack.url, proxy_listen=path)
    assert path.stat().st_mode & 0o777 == 0o660
    hop = UnixHop(path)
    assert hop.call("GET", "/readyz")[0] == 200
    assert hop.renew(enrolled, **said(enrolled.certificate))[0] == 200
    assert hop.renew(enrolled)[0] == 401
    assert UnixHop(path).call("GET", "/readyz", Forwarded=None)[0] == 400
    node.stop()
    assert not path.exists()
