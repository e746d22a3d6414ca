"""Who acts in a test: the maker in the factory, the device, its owner and
the platform's operator."""

import base64
import datetime
import hashlib
import secrets
import time
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from .crypto import (DER, PEM, b64u, certs_of_cms, csr_der, ending, hash_for,
    jws, key_pem, new_key, sign_rs, spki_pem, spki_sha256)
from .http import Client, expect
from .process import until

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
FOREVER = datetime.datetime(9999, 12, 31, 23, 59, 59)  # IEEE 802.1AR 8.7


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


class Maker:
    """A manufacturer: its CA, and the birth certificates (IEEE 802.1AR)."""

    def __init__(self, name="acme", model="lamp-1", parent=None,
            make_key=new_key):
        self.id, self.model, self.client_id = name, model, f"{model}-app"
        self.key, self.parent = make_key(), parent
        self.name = x509.Name([
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COMMON_NAME,
                f"{name} {'intermediate' if parent else 'root'} "
                f"{secrets.token_hex(4)}")])
        issuer = parent or self
        usage = x509.KeyUsage(False, False, False, False, False, True, True,
            False, False)
        self.certificate = (x509.CertificateBuilder()
            .subject_name(self.name).issuer_name(issuer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now() - datetime.timedelta(days=1))
            .not_valid_after(now() + datetime.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(usage, True)
            .sign(issuer.key, hash_for(issuer.key)))

    @property
    def anchor_pem(self):
        return self.certificate.public_bytes(PEM).decode()

    def birth_certificate(self, key, serial, not_after=FOREVER,
            not_before=None, extensions=(), subject=None):
        """The chain of a unit, PEM, leaf first, without the root."""
        builder = (x509.CertificateBuilder()
            .subject_name(x509.Name(subject or [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.id),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)]))
            .issuer_name(self.name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before or
                now() - datetime.timedelta(hours=1))
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(x509.KeyUsage(True, False, False, False, False,
                False, False, False, False), True))
        for extension in extensions:
            builder = builder.add_extension(extension, False)
        leaf = builder.sign(self.key, hash_for(self.key))
        chain = [leaf.public_bytes(PEM)]
        if self.parent:
            chain.append(self.certificate.public_bytes(PEM))
        return chain


class Device:
    """A unit with its birth key, and the life it leads."""

    def __init__(self, stack, maker, serial=None, make_key=new_key,
            **birth):
        self.stack, self.maker = stack, maker
        self.serial = serial or f"SN-{secrets.token_hex(6).upper()}"
        self.birth_key = make_key()
        self.birth_chain = maker.birth_certificate(self.birth_key,
            self.serial, **birth)
        self.birth_key_sha256 = spki_sha256(self.birth_key)
        self.key = make_key()
        self.certificate = None
        self.birth = Client(stack, self.birth_chain, key_pem(self.birth_key))
        self.grant = self.token = None

    # -- what it sends; each returns the answer as it came

    def authorize(self, csr=None, **fields):
        """RFC 8628 section 3.1."""
        answer = self.birth.post("/oauth2/device_authorization", data={
            "client_id": self.maker.client_id,
            "csr": b64u(csr or csr_der(self.key)), **fields})
        if answer.ok:
            self.grant = answer.json()
        return answer

    def poll(self, **fields):
        """RFC 8628 section 3.4."""
        answer = self.birth.post("/oauth2/token", data={
            "grant_type": DEVICE_GRANT,
            "device_code": self.grant["device_code"],
            "client_id": self.maker.client_id, **fields})
        if answer.ok:
            self.token = answer.json()["access_token"]
        return answer

    def enroll(self, csr=None, token=True, client=None):
        """RFC 7030 section 4.2.1, with the enroll token if it has one."""
        headers = {"Content-Type": "application/pkcs10"}
        if token and self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = (client or self.birth).post("/.well-known/est/simpleenroll",
            data=base64.b64encode(csr or csr_der(self.key)), headers=headers)
        if answer.status_code == 200:
            self._received(answer)
        return answer

    def renew(self, key=None, csr=None):
        """RFC 7030 section 4.2.2; with key, a new one (rekey)."""
        key = key or self.key
        answer = self.operational.post("/.well-known/est/simplereenroll",
            data=base64.b64encode(csr or csr_der(key)),
            headers={"Content-Type": "application/pkcs10"})
        if answer.status_code == 200:
            self.key = key
            self._received(answer)
        return answer

    # -- what it has then

    def _received(self, answer):
        (self.certificate,) = certs_of_cms(answer.content)
        self.operational = Client(self.stack, self.chain, key_pem(self.key))

    @property
    def chain(self):
        """Leaf and issuing CA, PEM."""
        return [self.certificate.public_bytes(PEM),
            (self.stack.material.pki / "issuing.crt").read_bytes()]

    @property
    def id(self):
        """The device id, as its certificate says it."""
        (cn,) = self.certificate.subject.get_attributes_for_oid(
            NameOID.COMMON_NAME)
        return cn.value

    @property
    def serial_number(self):
        """Of its certificate, in hex as the feed writes it."""
        number = self.certificate.serial_number
        return number.to_bytes((number.bit_length() + 7) // 8, "big")

    def files(self):
        """(certificate file, key file) for other people's programs."""
        return self.operational.session.cert

    def ends_in(self, seconds):
        """Its certificate, here and in the database, as if it had been
        issued to end then: no test need wait for one to expire."""
        issuing = self.stack.material.pki / "issuing.key"
        self.certificate = ending(self.certificate,
            now() + datetime.timedelta(seconds=seconds),
            serialization.load_pem_private_key(issuing.read_bytes(), None))
        changed = self.stack.database.query("UPDATE certificate SET "
            "not_after = %s, der = %s WHERE serial = %s RETURNING 1", (
                self.certificate.not_valid_after.replace(
                    tzinfo=datetime.timezone.utc),
                self.certificate.public_bytes(DER), self.serial_number))
        assert changed == [(1,)], changed
        self.operational = Client(self.stack, self.chain, key_pem(self.key))

    def obtain_token(self, owner):
        """The grant, up to the enroll token."""
        expect(self.authorize(), 200)
        expect(owner.approve(self.grant["user_code"]), 200)
        return self.obtain_approved_token()

    def obtain_approved_token(self):
        """Polls until the yes has reached it."""
        expect(self.poll_until_decided(), 200)
        return self

    def onboard_after_yes(self):
        """What is left of the way once the owner has said yes."""
        self.obtain_approved_token()
        expect(self.enroll(), 200)
        return self

    def poll_until_decided(self):
        """Polls until something else is said than to wait: a decision is
        heard by notification, a little later than it is made."""

        def decided():
            answer = self.poll()
            pending = not answer.ok and answer.json()["error"] in (
                "authorization_pending", "slow_down")
            return [] if pending else [answer]  # a refusal is false

        return until(decided)[0]

    def onboard(self, owner):
        """The whole way from the birth certificate to an operational one."""
        self.obtain_token(owner)
        expect(self.enroll(), 200)
        return self


class Owner:
    """A companion app with its ES256 key."""

    def __init__(self, stack, owner_id, key):
        self.stack, self.id, self.key = stack, owner_id, key
        self.http = Client(stack)

    def bearer(self, method, path, **changes):
        """The proof an app sends with each call."""
        issued = int(time.time())
        claims = {"iss": self.id, "aud": self.stack.url, "iat": issued,
            "exp": issued + 120, "htm": method,
            "htu": self.stack.url + path, **changes}
        return jws(self.key, {"alg": "ES256", "typ": "owner+jwt"}, claims)

    def call(self, method, path, query="", **kwargs):
        return self.http.call(method, path + query, headers={
            "Authorization": f"Bearer {self.bearer(method, path)}"}, **kwargs)

    def lookup(self, user_code):
        return self.call("POST", "/v1/approvals/lookup",
            json={"user_code": user_code})

    def claim(self, serial, claim_code, **fields):
        return self.call("POST", "/v1/claims", json={"serial": serial,
            "claim_code": claim_code, **fields})

    def decide(self, approval, decision, key=None, **changes):
        """Signs and sends a decision over what lookup showed."""
        text = (f"latchkey-decision-v1\n{approval['id']}\n{decision}\n"
            f"{approval['digest']}")
        body = {"decision": decision, "digest": approval["digest"],
            "signature": b64u(sign_rs(key or self.key, text.encode())),
            **changes}
        return self.call("POST", f"/v1/approvals/{approval['id']}/decision",
            json=body)

    def approve(self, user_code):
        return self.decide(expect(self.lookup(user_code), 200).json(),
            "approve")

    def deny(self, user_code):
        return self.decide(expect(self.lookup(user_code), 200).json(), "deny")

    def devices(self, query=""):
        return self.call("GET", "/v1/devices", query)

    def device(self, device_id):
        return self.call("GET", f"/v1/devices/{device_id}")

    def release(self, device_id):
        return self.call("DELETE", f"/v1/devices/{device_id}")


class Operator:
    """The platform team, by its REST interface."""

    def __init__(self, stack, token):
        self.stack, self.token = stack, token
        self.http = Client(stack)

    def call(self, method, path, **kwargs):
        headers = {"Authorization": f"Bearer {self.token}",
            **kwargs.pop("headers", {})}
        return self.http.call(method, "/v1/admin" + path, headers=headers,
            **kwargs)

    def register(self, maker, **model):
        """Manufacturer, anchor and model; several models may share one."""
        expect(self.call("PUT", f"/manufacturers/{maker.id}",
            json={"name": maker.id.title()}), 200, 201)
        root = maker
        while root.parent:
            root = root.parent
        added = self.call("POST", f"/manufacturers/{maker.id}/anchors",
            json={"certificate": root.anchor_pem})
        assert added.status_code in (200, 201), added.text
        expect(self.call("PUT", f"/models/{maker.model}", json={
            "manufacturer": maker.id, "name": maker.model.title(),
            "client_id": maker.client_id, **model}), 200, 201)

    def import_lines(self, maker_id, text, kind="text/csv", import_id=None,
            skip_bad=False, **kwargs):
        query = f"?manufacturer={maker_id}" + (
            "&skip_bad=yes" if skip_bad else "")
        return self.call("PUT", f"/imports/{import_id or uuid.uuid4()}{query}",
            data=text, headers={"Content-Type": kind}, **kwargs)

    def allow(self, *devices):
        """Puts units on the allowlist, by serial number."""
        lines = ["serial,model"] + [
            f"{d.serial},{d.maker.model}" for d in devices]
        answer = expect(self.import_lines(devices[0].maker.id,
            "\n".join(lines) + "\n"), 200).json()
        assert answer["state"] == "done", answer
        return answer

    def allow_with_code(self, device, code):
        """The same with the claim code that is printed on the unit."""
        digest = hashlib.sha256(f"{device.serial}:{code}".encode())
        answer = expect(self.import_lines(device.maker.id,
            "serial,model,claim_code_sha256\n"
            f"{device.serial},{device.maker.model},{digest.hexdigest()}\n"),
            200).json()
        assert answer["state"] == "done", answer
        return code

    def add_owner(self, name="Ada"):
        key = new_key()
        answer = self.call("POST", "/owners", json={"name": name,
            "app_key": spki_pem(key)})
        assert answer.status_code in (200, 201), answer.text
        return Owner(self.stack, answer.json()["id"], key)

    def revoke(self, device_id, reason="keyCompromise"):
        return self.call("POST", f"/devices/{device_id}/revoke",
            json={"reason": reason})

    def quarantine(self, device_id, reason="odd traffic"):
        return self.call("POST", f"/devices/{device_id}/quarantine",
            json={"reason": reason})

    def lift(self, device_id):
        return self.call("POST", f"/devices/{device_id}/lift", json={})

    def events(self, query=""):
        return expect(self.call("GET", "/events" + query),
            200).json()["events"]

    def add_service(self, name, publish=(), subscribe=(), **more):
        """A broker client of the platform: (certificate PEM, key PEM)."""
        expect(self.call("PUT", f"/services/{name}", json={
            "publish": list(publish), "subscribe": list(subscribe), **more}),
            200, 201)
        key = new_key()
        answer = self.call("POST", f"/services/{name}/certificates",
            json={"csr": b64u(csr_der(key, name))})
        assert answer.status_code in (200, 201), answer.text
        made = answer.json()
        return made["certificate"] + made["chain"], key_pem(key)
