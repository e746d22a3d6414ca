"""Evidence of the format idevid, made here: there are no published cases."""

import datetime
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))

from harness.crypto import DER, new_key  # noqa: E402
from harness.evidence import bound, common_name, spki_of  # noqa: E402

ISSUER = "https://enroll.example"


def certificate(subject, key, issuer, signer, ca):
    """Valid at the engine's time, whatever the clock says."""
    return (x509.CertificateBuilder().subject_name(subject)
        .issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2026, 1, 1))
        .not_valid_after(datetime.datetime(2046, 1, 1))
        .add_extension(x509.BasicConstraints(ca, None), True)
        .add_extension(x509.KeyUsage(not ca, False, False, False, False, ca,
            ca, False, False), True)
        .sign(signer, hashes.SHA256()))


def idevid():
    """A unit with a chain of two below its maker's root."""
    root, between, unit, key = (new_key() for _ in range(4))
    names = common_name("root"), common_name("between"), x509.Name([
        x509.NameAttribute(NameOID.SERIAL_NUMBER, "SN-1")])
    chain = [certificate(names[2], unit, names[1], between, False),
        certificate(names[1], between, names[0], root, True)]
    nonce = bytes(32)
    return "idevid", [
        bound("idevid", ISSUER, nonce, spki_of(key), unit,
            chain=[c.public_bytes(DER) for c in chain]),
        certificate(names[0], root, names[0], root, True).public_bytes(DER),
        nonce, spki_of(key), ISSUER.encode()]
