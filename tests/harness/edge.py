"""HAProxy in front of nodes, as deploy/haproxy has it."""

import datetime
import os
import pathlib
import re
import socket
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from .crypto import PEM, key_pem, new_key
from .process import REPO, Process, free_port, until

HAPROXY = "/usr/sbin/haproxy"


def self_signed(name="edge"):
    """(certificate, key) in PEM: what a node pins."""
    key = new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.datetime.utcnow() - datetime.timedelta(days=1)
    return (x509.CertificateBuilder().subject_name(subject)
        .issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256()).public_bytes(PEM), key_pem(key))


class Edge:
    """The proxy and what its nodes have to be set to.  edge.start(stacks)
    when they listen; from then on clients of the stacks come through it,
    and settings["port"] is the node's own."""

    def __init__(self, directory, material):
        self.dir, self.material = pathlib.Path(directory), material
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.process = None
        files = self.dir / "haproxy"
        files.mkdir()
        certificate, key = self_signed()
        self.certs = files / "hop.crt"
        self.certs.write_bytes(certificate)
        (files / "hop.pem").write_bytes(certificate + key)
        (files / "edge.pem").write_text(
            (material.pki / "server.crt").read_text()
            + (material.pki / "server.key").read_text())
        (files / "ca.crt").write_text(material.ca.read_text())
        (files / "client-cert-chain.lua").write_text((REPO
            / "deploy/haproxy/client-cert-chain.lua").read_text())

    @property
    def shown(self):
        """The file of the certificate and key that it shows to nodes."""
        return (self.dir / "haproxy/hop.pem",)

    def node(self):
        """Settings of a node behind it."""
        return {"issuer": self.url, "proxy_listen": "127.0.0.1",
            "proxy_port": free_port(), "proxy_certs": self.certs}

    def config(self, stacks):
        """The shipped file with this test's places in it."""
        text = (REPO / "deploy/haproxy/haproxy.cfg").read_text()
        for pattern, value in (
                ("/etc/haproxy/latchkey", self.dir / "haproxy"),
                (r"bind :443 ", f"bind 127.0.0.1:{self.port} "),
                (r"bind \[::\]:443 ", f"bind [::1]:{self.port} "),
                (r"id\.example\.com", "localhost"),
                (r"(?m)^\tserver .*\n", ""),
                (r"maxconn \d+", "maxconn 1000"),
                # Nobody is late here, however slow the machine is.
                (r"timeout (connect|check|client|http-request) \d+s",
                    r"timeout \1 120s"),
                (r"log /dev/log local0", "log stdout format raw daemon")):
            assert re.search(pattern, text), pattern
            text = re.sub(pattern, str(value), text)
        if not has_ipv6():
            text = re.sub(r"\tbind \[::1\].*\n", "", text)
        if os.getuid() != 0:
            text = re.sub(r"\t(user|group|chroot) .*\n", "", text)
        nodes = "".join(f"\tserver node{i} 127.0.0.1:"
            f"{s.settings['proxy_port']}\n" for i, s in enumerate(stacks))
        return text.replace("\t# On this machine", nodes +
            "\t# On this machine")

    def start(self, *stacks, client=None):
        """client: another timeout for what clients leave unfinished."""
        path = self.dir / "haproxy.cfg"
        text = self.config(stacks)
        if client:
            text = text.replace("timeout client 120s",
                f"timeout client {client}")
        path.write_text(text)
        subprocess.run([HAPROXY, "-c", "-f", path], check=True)
        self.process = Process([HAPROXY, "-db", "-f", path],
            self.dir / "haproxy.log")
        until(self.serves)
        for stack in stacks:
            stack.url, stack.port = self.url, self.port
        return self

    def serves(self):
        assert self.process.popen.poll() is None, self.log()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self):
        return (self.dir / "haproxy.log").read_text(errors="replace")

    def stop(self):
        if self.process:
            self.process.kill()


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError:
        return False
    return True
