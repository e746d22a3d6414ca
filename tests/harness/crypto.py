"""Keys, requests, certificates and signatures, by python3-cryptography."""

import base64
import hashlib
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature)
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def spki(key):
    """DER of a public key, or of a private key's public half."""
    public = key.public_key() if hasattr(key, "public_key") else key
    return public.public_bytes(DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)


def spki_pem(key):
    return key.public_key().public_bytes(PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def spki_sha256(key):
    return hashlib.sha256(spki(key)).hexdigest()


def key_pem(key):
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption())


def hash_for(key):
    """What this key signs certificates and requests with."""
    return (None if isinstance(key, ed25519.Ed25519PrivateKey)
        else hashes.SHA256())


def csr_der(key, cn=None, hash_=None, extensions=()):
    """A PKCS#10 request; an empty subject unless cn is given."""
    names = [x509.NameAttribute(NameOID.COMMON_NAME, cn)] if cn else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name(names))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hash_ or hash_for(key)).public_bytes(DER)


def ending(certificate, when, issuer_key, serial=None):
    """The same certificate as it would be with another end, and serial
    number."""
    builder = (x509.CertificateBuilder().subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(certificate.public_key())
        .serial_number(serial or certificate.serial_number)
        .not_valid_before(certificate.not_valid_before)
        .not_valid_after(when))
    for extension in certificate.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(issuer_key, hashes.SHA256())


def sign_rs(key, message):
    """ES256: r || s, 64 bytes (RFC 7518 section 3.4)."""
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def jws(key, header, claims):
    """A compact JWS, signed with ES256 whatever the header says."""
    head, body = (b64u(json.dumps(v).encode()) for v in (header, claims))
    return f"{head}.{body}.{b64u(sign_rs(key, f'{head}.{body}'.encode()))}"


def certs_of_cms(body):
    """The certificates of an EST answer: base64 of a certs-only CMS."""
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))
