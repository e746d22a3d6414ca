"""A software TPM as its maker leaves it: swtpm, with a certificate for its
endorsement key below a CA of its own."""

import hashlib
import os
import pathlib
import secrets
import shutil
import struct
import subprocess
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from . import der

ATTRIBUTES = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|"
DER = serialization.Encoding.DER
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
# By kind of endorsement key: its persistent handle, its certificate, how its
# use is authorised (TCG EK Credential Profile, annex B), the AK's algorithm.
KINDS = {
    "rsa": ("0x81010001", "0x01C00002", True,
        "rsa2048:rsassa-sha256:null"),
    # Template L-2, which swtpm leaves to whoever wants it
    "p256": ("ek.ctx", "0x01C0000A", True, "ecc256:ecdsa-sha256:null"),
    "p384": ("0x81010016", "0x01C00016", False,
        "ecc256:ecdsa-sha256:null"),
}


class Measured(bytes):
    """The digest of something that a log does not hold."""


def measured(events):
    """(PCR, digest, data); of what is a digest already, no data."""
    return [(pcr, bytes(data), b"a path") if isinstance(data, Measured) else
        (pcr, hashlib.sha256(data).digest(), data) for pcr, data in events]


def event_log(events):
    """TCG PC Client Platform Firmware Profile, section 10: SHA-256 alone."""
    log = struct.pack("<II20sI", 0, 3, b"", 33) + b"Spec ID Event03\0" + (
        struct.pack("<IBBBBIHHB", 0, 0, 2, 0, 2, 1, 11, 32, 0))
    for pcr, digest, data in measured(events):
        log += struct.pack("<IIIH32sI", pcr, 1, 1, 11, digest, len(data)
            ) + data
    return log


def run(*argv, **kwargs):
    done = subprocess.run([str(a) for a in argv], capture_output=True,
        timeout=120, **kwargs)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


class SoftTpm:
    def __init__(self, kind="rsa"):
        self.handle, self.nv, self.policy, self.ak_kind = KINDS[kind]
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-tpm-"))
        self.popen = self.log = None
        try:
            self._manufacture(kind)
            self._start()
            if kind == "p256":
                self._certify_p256()
        except BaseException:
            self.close()
            raise

    def _manufacture(self, kind):
        ca, state = self.dir / "ca", self.dir / "state"
        ca.mkdir()
        state.mkdir()
        (self.dir / "options").write_text("--platform-manufacturer Acme\n"
            "--platform-version 1.0\n--platform-model HomeHub\n")
        (self.dir / "ca.conf").write_text(f"statedir={ca}\n"
            f"signingkey={ca}/signkey.pem\nissuercert={ca}/issuercert.pem\n"
            f"certserial={ca}/certserial\n")
        (self.dir / "setup.conf").write_text(
            f"create_certs_tool={shutil.which('swtpm_localca')}\n"
            f"create_certs_tool_config={self.dir}/ca.conf\n"
            f"create_certs_tool_options={self.dir}/options\n")
        run("swtpm_setup", "--tpm2", "--tpmstate", state, "--create-ek-cert",
            "--lock-nvram", "--overwrite", "--config",
            self.dir / "setup.conf", *(["--ecc"] if kind == "p384" else []))
        self.root = (ca / "swtpm-localca-rootca-cert.pem").read_text()
        self.issuer = x509.load_pem_x509_certificate(
            (ca / "issuercert.pem").read_bytes()).public_bytes(DER)

    def _certify_p256(self):
        """As its maker would: the key of the template, and a certificate in
        the place where others look for it."""
        ca = self.dir / "ca"
        self.tool("createek", "-c", self.handle, "-G", "ecc", "-u", "ek.pem",
            "-f", "pem")
        point = serialization.load_pem_public_key(
            self.file("ek.pem")).public_numbers()
        run("swtpm_cert", "--tpm2", "--type", "ek", "--decryption",
            "--ecc-x", f"{point.x:064x}", "--ecc-y", f"{point.y:064x}",
            "--ecc-curveid", "secp256r1", "--signkey", ca / "signkey.pem",
            "--issuercert", ca / "issuercert.pem", "--serial", "77",
            "--days", "3650", "--tpm-manufacturer", "id:00001014",
            "--tpm-model", "swtpm", "--tpm-version", "id:20191023",
            "--tpm-spec-family", "2.0", "--tpm-spec-level", "0",
            "--tpm-spec-revision", "164",
            "--out-cert", self.dir / "ek-made.der")
        size = (self.dir / "ek-made.der").stat().st_size
        self.tool("nvdefine", "-C", "o", "-s", str(size), "-a",
            "ownerread|ownerwrite|authread|authwrite|no_da", self.nv)
        self.tool("nvwrite", "-C", "o", "-i", "ek-made.der", self.nv)

    def _start(self):
        socket = self.dir / "sock"
        self.popen = subprocess.Popen(["swtpm", "socket", "--tpm2",
            "--tpmstate", f"dir={self.dir}/state",
            "--server", f"type=unixio,path={socket}",
            "--ctrl", f"type=unixio,path={socket}.ctrl",
            "--flags", "not-need-init,startup-clear"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.env = {**os.environ, "TPM2TOOLS_TCTI": f"swtpm:path={socket}"}
        end = time.monotonic() + 60
        while not pathlib.Path(f"{socket}.ctrl").exists():
            assert time.monotonic() < end and self.popen.poll() is None
            time.sleep(0.01)

    def close(self):
        if self.popen:
            self.popen.terminate()
            self.popen.wait(60)
        shutil.rmtree(self.dir)

    def tool(self, name, *argv):
        """A tool of tpm2-tools; swtpm has three slots for what it loads."""
        out = run(f"tpm2_{name}", *argv, cwd=self.dir, env=self.env)
        if name in ("createprimary", "load", "activatecredential",
                "createek"):
            run("tpm2_flushcontext", "-t", cwd=self.dir, env=self.env)
        return out

    def file(self, name):
        return (self.dir / name).read_bytes()

    def make_keys(self, ak_attributes="restricted|sign"):
        """An attestation key, and one for TLS."""
        self.tool("nvread", "-C", "o", self.nv, "-o", "ek.der")
        self.tool("readpublic", "-c", self.handle, "-o", "ek.pub")
        run("tpm2_flushcontext", "-t", cwd=self.dir, env=self.env)
        self.tool("createprimary", "-C", "o", "-G", "ecc", "-c", "srk.ctx")
        for name, kind, attributes in (
                ("ak", self.ak_kind, ak_attributes),
                ("tls", "ecc256:ecdsa-sha256:null", "sign")):
            self.tool("create", "-C", "srk.ctx", "-G", kind, "-u",
                f"{name}.pub", "-r", f"{name}.priv", "-a",
                ATTRIBUTES + attributes)
            run("tpm2_flushcontext", "-t", cwd=self.dir, env=self.env)
            self.tool("load", "-C", "srk.ctx", "-u", f"{name}.pub", "-r",
                f"{name}.priv", "-c", f"{name}.ctx", "-n", f"{name}.name")
        self.tool("readpublic", "-c", "tls.ctx", "-f", "der", "-o", "tls.der")
        run("tpm2_flushcontext", "-t", cwd=self.dir, env=self.env)
        self.key = self.file("tls.der")

    @property
    def ek_spki(self):
        return x509.load_der_x509_certificate(self.file("ek.der")
            ).public_key().public_bytes(DER, SPKI)

    def keys(self):
        """The parts that every evidence begins with."""
        return {"ek_cert": [self.file("ek.der"), self.issuer],
            "ek_pub": self.file("ek.pub"), "ak_pub": self.file("ak.pub")}

    def activate(self, blob, sealed):
        """TPM2_ActivateCredential: the secret, or an assertion."""
        (self.dir / "blob").write_bytes(
            bytes.fromhex("badcc0de00000001") + blob + sealed)
        auth = []
        if self.policy:
            self.tool("startauthsession", "--policy-session", "-S", "s.ctx")
            self.tool("policysecret", "-S", "s.ctx", "-c", "e")
            auth = ["-P", "session:s.ctx"]
        secret = f"secret-{secrets.token_hex(4)}"
        self.tool("activatecredential", "-c", "ak.ctx", "-C", self.handle,
            "-i", "blob", "-o", secret, *auth)
        if self.policy:
            self.tool("flushcontext", "s.ctx")
        return self.file(secret)

    def quote(self, extra, pcrs=range(8)):
        self.tool("quote", "-c", "ak.ctx", "-l",
            "sha256:" + ",".join(map(str, pcrs)), "-q", extra.hex(), "-m",
            "quote", "-s", "quote.sig", "-g", "sha256")
        values = b""
        for pcr in pcrs:
            self.tool("pcrread", f"sha256:{pcr}", "-o", "pcr")
            values += bytes([pcr]) + self.file("pcr")
        run("tpm2_flushcontext", "-t", cwd=self.dir, env=self.env)
        return {"quote": self.file("quote"),
            "quote_sig": self.file("quote.sig"), "pcrs": values}

    def boot(self, *events):
        """Measures (PCR, data) as firmware does; the log of it."""
        for pcr, digest, _ in measured(events):
            self.tool("pcrextend", f"{pcr}:sha256={digest.hex()}")
        return event_log(events)

    def csr(self):
        """A request for the TLS key, with an empty subject; the TPM signs it,
        since that key is not restricted."""
        info = der.seq(der.tlv(2, b"\0"), der.seq(), self.key, der.tlv(0xa0))
        (self.dir / "info").write_bytes(info)
        self.tool("sign", "-c", "tls.ctx", "-g", "sha256", "-f", "plain",
            "-o", "info.sig", "info")
        run("tpm2_flushcontext", "-t", cwd=self.dir, env=self.env)
        return der.seq(info, der.ECDSA_SHA256,
            der.tlv(3, b"\0" + self.file("info.sig")))

    def certify(self):
        self.tool("certify", "-c", "tls.ctx", "-C", "ak.ctx", "-g", "sha256",
            "-o", "certify", "-s", "certify.sig", "-f", "tss")
        run("tpm2_flushcontext", "-t", cwd=self.dir, env=self.env)
        return {"key_pub": self.file("tls.pub"),
            "certify": self.file("certify"),
            "certify_sig": self.file("certify.sig")}
