"""Who may open a session at the broker (SECURITY.md R7, R8, R9)."""

import datetime
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from broker.world import CLIENT_AUTH, Issuer, Leaf, new_id
from harness.crypto import PEM, key_pem, new_key
from harness.players import Maker


def test_device_connects_with_its_certificate(connect, leaf, device_id):
    assert connect(leaf, device_id).connected


def test_client_without_certificate_is_refused(connect, device_id):
    client = connect(None, device_id, username=device_id)
    assert not client.connected


def test_four_more_client_ids_are_the_devices_own(connect, leaf, device_id):
    for suffix in ("-1", "-2", "-3", "-4"):
        assert connect(leaf, device_id + suffix).connected


def test_other_client_ids_are_refused(connect, leaf, device_id):
    for client_id in (new_id(), device_id + "-5", device_id + "-0",
            device_id + "-1x", device_id.upper(), "backend", device_id[:-1],
            ""):
        assert not connect(leaf, client_id).connected, client_id


def test_client_id_begins_no_field_of_the_log(broker, connect, leaf):
    assert connect(leaf, "x event=session.admitted client=\u00e4y").refused
    assert "client=x?event=session.admitted?client=??y reason=" in broker.log()


def test_user_name_of_the_client_counts_for_nothing(connect, leaf, device_id,
        observer):
    client = connect(leaf, device_id, username="service:backend")
    assert client.connected
    client.publish("elsewhere", "no")
    client.publish(f"devices/{device_id}/up/a", "yes")
    assert observer.next() == (f"devices/{device_id}/up/a", "yes")


SHAPES = {
    "no URI": lambda i: dict(uris=[], dns=["a.example"]),
    "no names": lambda i: dict(uris=[]),
    "two URIs": lambda i: dict(
        uris=[f"urn:uuid:{i}", f"urn:uuid:{new_id()}"]),
    "the same URI twice": lambda i: dict(uris=[f"urn:uuid:{i}"] * 2),
    "a SPIFFE id without a trust domain here": lambda i: dict(
        uris=[f"spiffe://fleet.example/device/{i}"]),
    "another's URI": lambda i: dict(uris=[f"urn:uuid:{new_id()}"]),
    "another's CN": lambda i: dict(cn=new_id()),
    "upper case": lambda i: dict(cn=i.upper(),
        uris=[f"urn:uuid:{i.upper()}"]),
    "a wildcard": lambda i: dict(cn="+", uris=["urn:uuid:+"]),
    "no purpose": lambda i: dict(purposes=()),
    "a server's purpose too": lambda i: dict(purposes=(
        *CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)),
    "a service's URI": lambda i: dict(uris=[f"urn:latchkey:service:{i}"]),
}


def test_certificate_of_ours_that_names_no_device_is_refused(connect, issuer,
        device_id):
    for shape, change in SHAPES.items():
        fields = {"cn": device_id, "uris": [f"urn:uuid:{device_id}"],
            **change(device_id)}
        leaf = issuer.leaf(fields.pop("cn"), fields.pop("uris"), **fields)
        assert not connect(leaf, device_id).connected, shape


def spiffe(device_id, domain="fleet.example"):
    return f"spiffe://{domain}/device/{device_id}"


@pytest.mark.options(plugin_opt_trust_domain="fleet.example")
def test_spiffe_id_of_our_trust_domain_is_a_device(connect, issuer,
        device_id):
    leaf = issuer.leaf(device_id, [spiffe(device_id)])
    assert connect(leaf, device_id).connected


@pytest.mark.options(plugin_opt_trust_domain="fleet.example")
def test_r7_other_spiffe_ids_are_refused(connect, issuer, device_id):
    own = spiffe(device_id)
    for uris in ([spiffe(device_id, "other.example")],
            [spiffe(device_id, "fleet.example.other")],
            [spiffe(new_id())], [own + "/"], [own + "/x"],
            [f"spiffe://fleet.example/service/{device_id}"],
            [own.upper()], [own, f"urn:uuid:{device_id}"], [own, own]):
        leaf = issuer.leaf(device_id, uris)
        assert not connect(leaf, device_id).connected, uris


def test_dns_name_may_stand_beside_the_device_s_uri(connect, issuer,
        device_id):
    leaf = issuer.leaf(device_id, [f"urn:uuid:{device_id}"],
        dns=["a.example"])
    assert connect(leaf, device_id).connected


def test_expired_certificate_is_refused(connect, issuer, device_id):
    assert not connect(issuer.device(device_id, seconds=-1),
        device_id).connected


def test_birth_certificate_is_refused(connect, device_id):
    maker, key = Maker(), new_key()
    chain = maker.birth_certificate(key, "S1")
    leaf = Leaf(x509.load_pem_x509_certificate(chain[0]), key,
        tuple(x509.load_pem_x509_certificate(c) for c in chain[1:]))
    assert not connect(leaf, device_id).connected


def issuing_below(material, directory):
    """Another issuing CA under our own root, not listed, which took the
    listed one's name."""
    listed = x509.load_pem_x509_certificate(
        (material.pki / "issuing.crt").read_bytes())
    root_key = serialization.load_pem_private_key(
        (material.root / "root.key").read_bytes(), None)
    key, now = new_key(), datetime.datetime.utcnow()
    certificate = (x509.CertificateBuilder()
        .subject_name(listed.subject).issuer_name(listed.issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(x509.KeyUsage(False, False, False, False, False, True,
            True, False, False), True)
        .sign(root_key, hashes.SHA256()))
    (directory / "other.crt").write_bytes(certificate.public_bytes(PEM))
    (directory / "other.key").write_bytes(key_pem(key))
    return Issuer(directory / "other.crt", directory / "other.key")


def test_issuer_that_is_not_listed_is_refused_whatever_its_name(broker,
        connect, material, workdir, device_id):
    leaf = issuing_below(material, workdir).device(device_id)
    client = connect(leaf, device_id)
    assert client.refused, "the handshake was to pass, the plugin to refuse"
    assert "chain" in broker.log()


def test_refused_device_cannot_connect(make_broker, connect, feed, leaf,
        device_id):
    feed.refuse(device_id)
    broker = make_broker()
    assert connect(leaf, device_id, to=broker).refused
    assert connect(leaf, device_id + "-1", to=broker).refused


def test_refused_certificate_cannot_connect_but_its_successor_can(
        make_broker, connect, feed, issuer, leaf, device_id):
    feed.refuse_serial(leaf)
    broker = make_broker()
    assert connect(leaf, device_id, to=broker).refused
    assert connect(issuer.device(device_id), device_id, to=broker).connected


def test_service_connects_by_its_name_and_suffixes(connect, observer,
        backend):
    for client_id in ("backend-1", "backend-eu2", "backend-0123456789abcdef"):
        assert connect(backend, client_id).connected
    for client_id in ("backend-", "backend-A", "backend-a-b", "backendx",
            "backend-0123456789abcdefg", "other"):
        assert not connect(backend, client_id).connected


def test_unknown_service_is_refused(connect, issuer, observer):
    assert connect(issuer.service("stranger"), "stranger").refused


def test_service_cannot_take_the_client_id_of_another(connect, feed, issuer,
        observer, backend):
    feed.service("backend-eu")
    assert connect(issuer.service("backend-eu"), "backend-eu",
        retry=True).connected
    assert connect(backend, "backend-eu").refused


def test_nobody_connects_before_the_feed_was_read(make_broker, connect,
        database, leaf, device_id):
    class Away:
        """A database that is not there yet."""
        def conninfo(self, role):
            return f"host=/nonexistent dbname=x user=latchkey_{role}"

    broker = make_broker(database=Away())
    assert connect(leaf, device_id, to=broker).refused
    assert "latchkey: event=feed.lost" in broker.log()


def test_mosquitto_pub_and_sub_with_a_certificate(broker, material, workdir,
        leaf, device_id, observer):
    (workdir / "c.pem").write_bytes(b"".join(
        c.public_bytes(PEM) for c in (leaf.certificate, *leaf.chain)))
    (workdir / "k.pem").write_bytes(key_pem(leaf.key))
    tls = ["-h", "localhost", "-p", str(broker.port), "--cafile",
        str(material.ca), "--cert", str(workdir / "c.pem"), "--key",
        str(workdir / "k.pem")]
    topic = f"devices/{device_id}/up/t"
    subprocess.run(["mosquitto_pub", *tls, "-i", device_id, "-q", "1", "-t",
        topic, "-m", "21.5"], check=True, timeout=120)
    assert observer.next() == (topic, "21.5")
    with subprocess.Popen(["mosquitto_sub", *tls, "-i", device_id + "-1",
            "-t", f"devices/{device_id}/down/#", "-C", "1", "-W", "20"],
            text=True, stdout=subprocess.PIPE) as sub:
        while sub.poll() is None:  # it does not tell when it listens
            observer.publish(f"devices/{device_id}/down/set", "on")
            time.sleep(0.1)
        assert sub.stdout.read() == "on\n"
    assert sub.returncode == 0


def test_bad_options_stop_the_start(make_broker):
    for options in ({"plugin_opt_colour": "red"},
            {"plugin_opt_stale_after": "soon"},
            {"plugin_opt_stale_after": "0"},
            {"plugin_opt_issuer": "/nonexistent"}):
        with pytest.raises(AssertionError, match="ended with"):
            make_broker(**options)


def test_mqtt_5_client_is_told_why(connect, leaf):
    client = connect(leaf, new_id(), version=5)
    assert client.rc == 0x87


