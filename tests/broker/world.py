"""What the broker's tests play with: an issuer that makes certificates of
any shape, the feed of refusals, and MQTT clients."""

import dataclasses
import datetime
import queue
import socket
import ssl
import threading
import time
import uuid

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.crypto import PEM, key_pem, new_key

CLIENT_AUTH = (ExtendedKeyUsageOID.CLIENT_AUTH,)
NOT_AUTHORIZED = (5, 0x87)  # CONNACK of MQTT 3.1.1, and of 5.0
SOON = 60  # seconds; how long what must happen may take on a loaded machine


def new_id():
    return str(uuid.uuid4())


@dataclasses.dataclass
class Leaf:
    """A certificate with its key and what to send above it."""
    certificate: x509.Certificate
    key: object
    chain: tuple = ()

    @property
    def serial(self):
        number = self.certificate.serial_number
        return number.to_bytes((number.bit_length() + 7) // 8, "big")

    @property
    def not_after(self):
        return self.certificate.not_valid_after.replace(
            tzinfo=datetime.timezone.utc).timestamp()


class Issuer:
    """A CA of ours; a leaf is what pki/profiles.conf says unless told."""

    def __init__(self, certificate, key):
        self.certificate = x509.load_pem_x509_certificate(
            certificate.read_bytes())
        self.key = serialization.load_pem_private_key(key.read_bytes(), None)

    def key_id(self):
        kind = x509.AuthorityKeyIdentifier
        try:
            own = self.certificate.extensions.get_extension_for_class(
                x509.SubjectKeyIdentifier)
        except x509.ExtensionNotFound:
            return kind.from_issuer_public_key(self.key.public_key())
        return kind.from_issuer_subject_key_identifier(own.value)

    def leaf(self, cn, uris, seconds=3600, purposes=CLIENT_AUTH,
            dns=(), units=()):
        now = datetime.datetime.utcnow().replace(microsecond=0)
        key = new_key()
        builder = (x509.CertificateBuilder()
            .subject_name(x509.Name(
                [x509.NameAttribute(oid, value) for oid, value in units]
                + [x509.NameAttribute(NameOID.COMMON_NAME, cn)]))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number() >> 33 | 1 << 125)
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(seconds=seconds))
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(x509.KeyUsage(True, False, False, False, False,
                False, False, False, False), True)
            .add_extension(self.key_id(), False))
        if purposes:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage(purposes), False)
        names = [x509.UniformResourceIdentifier(u) for u in uris] + [
            x509.DNSName(d) for d in dns]
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(names), False)
        return Leaf(builder.sign(self.key, hashes.SHA256()), key,
            (self.certificate,))

    def device(self, device_id, **kwargs):
        return self.leaf(device_id, [f"urn:uuid:{device_id}"], **kwargs)

    def service(self, name, **kwargs):
        return self.leaf(name, [f"urn:latchkey:service:{name}"],
            **kwargs)


class Feed:
    """The feed as latchkeyd writes it, with its role."""

    def __init__(self, database):
        self.database = database

    def _append(self, kind, **columns):
        names = ["kind", "reason", *columns]
        values = [kind, "test", *columns.values()]
        self.database.query(
            f"INSERT INTO revocation ({', '.join(names)}) VALUES "
            f"({', '.join(['%s'] * len(names))})", values, role="service")

    def refuse(self, device_id):
        self._append("device", device_id=device_id)

    def refuse_serial(self, leaf):
        self._append("certificate", serial=leaf.serial,
            until=leaf.certificate.not_valid_after)

    def quarantine(self, device_id):
        self._append("quarantine", device_id=device_id)

    def lift(self, device_id):
        self._append("lift", device_id=device_id)

    def service(self, name, publish=(), subscribe=()):
        """Makes a service or changes its topics."""
        self.database.query("INSERT INTO service (name, publish, subscribe) "
            "VALUES (%s, %s, %s) ON CONFLICT (name) DO UPDATE SET "
            "publish = excluded.publish, subscribe = excluded.subscribe",
            (name, list(publish), list(subscribe)), role="service")
        self._append("service", service_name=name)

    def withdraw(self, name):
        self.database.query("UPDATE service SET withdrawn_at = now() "
            "WHERE name = %s", (name,), role="service")
        self._append("service", service_name=name)


def will_after(seconds):
    """MQTT 5.0 properties of a will that waits."""
    properties = Properties(PacketTypes.WILLMESSAGE)
    properties.WillDelayInterval = seconds
    return properties


class Mqtt:
    """One MQTT connection, driven step by step."""

    def __init__(self, broker, material, workdir, leaf, client_id,
            clean=True, version=4, will=None, username=None, retry=False,
            expiry=0, bridge=False):
        self.broker, self.retry = broker, retry
        self.messages = queue.Queue()
        self.answered, self.ended = threading.Event(), threading.Event()
        self.acks = {}
        self.rc = self.ended_at = self.thread = None
        v5 = version == 5
        self.client = client = paho.Client(client_id, protocol=version,
            **({} if v5 else {"clean_session": clean}))
        self.options = {}
        if v5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = expiry
            self.options = {"clean_start": clean, "properties": properties}
        context = ssl.create_default_context(cafile=str(material.ca))
        if leaf is not None:
            path = workdir / f"{uuid.uuid4()}.pem"
            path.write_bytes(key_pem(leaf.key) + b"".join(
                c.public_bytes(PEM)
                for c in (leaf.certificate, *leaf.chain)))
            context.load_cert_chain(path)
        client.tls_set_context(context)
        if will:
            client.will_set(**will)
        if bridge:
            client.enable_bridge_mode()
        if username:
            client.username_pw_set(username, "x")
        client.on_connect = self._on_connect
        client.on_message = lambda c, u, m: self.messages.put(m)
        client.on_subscribe = lambda c, u, mid, granted, *_: self._ack(
            mid, granted)
        client.on_unsubscribe = lambda c, u, mid, *_: self._ack(mid, None)
        client.on_publish = lambda c, u, mid: self._ack(mid, None)

    def _on_connect(self, client, userdata, flags, rc, *_):
        self.rc = rc if isinstance(rc, int) else rc.value
        self.session_present = flags["session present"]
        self.answered.set()

    def _ack(self, mid, value):
        self.acks.setdefault(mid, queue.Queue()).put(value)

    def _wait_ack(self, mid):
        return self.acks.setdefault(mid, queue.Queue()).get(timeout=SOON)

    def _run(self):
        """The network loop; unlike paho's own it never reconnects, and takes
        a refused handshake for an end like any other."""
        try:
            while self.running and self.client.loop(0.05) == 0:
                pass
        except OSError:
            pass
        self.ended_at = time.monotonic()
        self.ended.set()
        self.answered.set()

    def connect(self):
        """Tries once (or, with retry, until the broker knows who it is);
        rc is the CONNACK's code, or None if the TLS handshake failed."""
        end = time.monotonic() + SOON
        while True:
            self.answered.clear()
            self.ended.clear()
            self.rc, self.running = None, True
            try:
                self.client.connect("localhost", self.broker.port,
                    **self.options)
            except OSError:
                return self
            self.thread = threading.Thread(target=self._run, daemon=True)
            self.thread.start()
            assert self.answered.wait(SOON)
            if self.rc == 0 or not self.retry or time.monotonic() > end:
                return self
            self.stop()
            time.sleep(0.05)

    def stop(self):
        """Ends the loop, not the connection."""
        self.running = False
        if self.thread:
            self.thread.join()

    @property
    def connected(self):
        return self.rc == 0 and not self.ended.is_set()

    @property
    def refused(self):
        return self.rc in NOT_AUTHORIZED

    def subscribe(self, topic, qos=0):
        """What the broker granted: the qos, or 128 and above."""
        (granted,) = self._wait_ack(self.client.subscribe(topic, qos)[1])
        return granted if isinstance(granted, int) else granted.value

    def unsubscribe(self, topic):
        self._wait_ack(self.client.unsubscribe(topic)[1])

    def publish(self, topic, payload="x", qos=1, retain=False):
        """Waits for the acknowledgement, which 3.1.1 also sends for what
        it throws away."""
        self._wait_ack(self.client.publish(topic, payload, qos, retain).mid)

    def next(self, timeout=SOON):
        """The next message as (topic, payload)."""
        message = self.messages.get(timeout=timeout)
        return message.topic, message.payload.decode()

    def nothing(self, seconds=0.3):
        """Whether no message arrives for that long."""
        try:
            self.messages.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def wait_end(self, timeout=SOON):
        """Seconds until the broker ended the connection."""
        start = time.monotonic()
        assert self.ended.wait(timeout), "the session was not cut"
        return self.ended_at - start

    def drop(self):
        """Loses the connection without a DISCONNECT, so that the broker
        sends the will."""
        self.stop()
        self.client.socket().shutdown(socket.SHUT_RDWR)
        self.client.socket().close()

    def close(self):
        """Says DISCONNECT if it still can."""
        try:
            self.client.disconnect()
        except OSError:
            pass
        self.stop()
