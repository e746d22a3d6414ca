"""OAuth for apps, beside node's oidc-provider, which has its state in memory,
as one process, where ours is in Postgres and durable; and what guessers could
read from the clock."""

import contextlib
import json
import subprocess
import threading
import time
import uuid

from cryptography.hazmat.primitives import serialization

from harness.app import App, tls_certificate
from harness.crypto import PEM, jws, key_pem
from harness.process import REPO, free_port
from rig import load

CLIENTS = REPO / "tests/clients"
CHAINS, CONNECTIONS, SECONDS = 64, 16, 4
TOKENS = 30_000  # more than are asked about in that time
SECRET = "client_id=app&client_secret=secret-of-the-app"
DEVICE_GRANT = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"

FAMILIES = """
INSERT INTO token_family (id, client_id, owner_id, scope, code_mac,
    code_challenge, code_expires_at, redirect_uri, signed_in_at, generation,
    issued_at, expires_at)
    SELECT id::uuid, %(client)s, %(owner)s, 'openid devices',
    sha256(id::bytea), '', now(), 'https://app.example/done', now(), 1,
    now(), now() + interval '1 day' FROM unit
"""


class Provider:
    """The peer, with as many of its tokens as there are chains."""

    def __init__(self, rig):
        subprocess.run([CLIENTS / "install.sh"], check=True)
        self.port, pki = free_port(), rig.material.pki
        self.popen = subprocess.Popen(["/usr/bin/node",
            "--experimental-global-webcrypto", "--no-warnings",
            CLIENTS / "provider.mjs"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.popen.stdin.write(json.dumps({"port": self.port,
            "chains": CHAINS, "cert": str(pki / "server.crt"),
            "key": str(pki / "server.key")}) + "\n")
        self.popen.stdin.flush()
        self.given = json.loads(self.popen.stdout.readline())

    def cpu(self):
        return {"service": [self.popen.pid]}

    def stop(self):
        self.popen.kill()
        self.popen.wait()

    def device_code(self):
        answer = load_once(self.port, "/device/auth",
            f"{SECRET}&scope=openid")
        return answer["device_code"]


def load_once(port, path, form):
    """One request, its answer's JSON."""
    return json.loads(subprocess.check_output(["curl", "-sk", "-d", form,
        f"https://localhost:{port}{path}"], text=True))


def each(result):
    """Rate, and CPU of one."""
    assert result["failed"] == 0, result
    return (result["n"] / result["seconds"],
        result["cpu_us"]["service"] / result["n"])


def provider_polls(rig, rows):
    """Of one code, which is pending."""
    peer = Provider(rig)
    try:
        _, us = each(load("request", port=peer.port, path="/token",
            body=f"{SECRET}&grant_type={DEVICE_GRANT}"
            f"&device_code={peer.device_code()}", status=400,
            connections=CONNECTIONS, seconds=SECONDS, cpu=peer.cpu()))
    finally:
        peer.stop()
    rows.add("device-code polls: oidc-provider's CPU", us)


def access_tokens(rig, app, n):
    """As many tokens of as many families, as the service would sign them."""
    file = sorted((rig.material.pki / "tokens").iterdir())[0]
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    kid = app.http.get("/oauth2/jwks").json()["keys"][0]["kid"]
    ids = [str(uuid.uuid4()) for _ in range(n)]
    rig.prepare("id text", [["", i] for i in ids], FAMILIES,
        {"client": app.id, "owner": rig.owner.id})
    now = int(time.time())
    claims = {"iss": rig.stack.url, "sub": rig.owner.id,
        "aud": rig.stack.url, "client_id": app.id, "scope": "openid devices",
        "iat": now, "exp": now + 300, "auth_time": now}
    return [jws(key, {"alg": "ES256", "typ": "at+jwt", "kid": kid},
        {**claims, "jti": f"{i}.1"}) for i in ids]


def introspection(rig, rows, app, peer):
    """Of a new token each time, and of the same ones again."""
    checker = App(rig.stack, rig.operator, "checker", confidential=True,
        dpop=False, redirect_uris=[], introspects=True)
    built, key = tls_certificate(checker.key)
    shown, bodies = rig.dir / "checker.pem", rig.dir / "bodies"
    shown.write_bytes(built.public_bytes(PEM) + key_pem(key))
    tokens = access_tokens(rig, app, TOKENS)
    limit = each(load("request", port=peer.port, path="/token/introspection",
        body=f"{SECRET}&token={peer.given[0]['access']}",
        connections=CONNECTIONS, seconds=SECONDS, cpu=peer.cpu()))
    cpu = rig.cpu()

    def ask(name, some):
        bodies.write_text("".join(
            f"client_id={checker.id}&token={t}\n" for t in some))
        got = load("request", port=rig.stack.port, path="/oauth2/introspect",
            bodies=bodies, shown=shown, connections=CONNECTIONS,
            seconds=SECONDS, cpu=cpu)
        rate, us = each(got)
        rows.add(name, rate, limit[0])
        rows.add(f"{name}: service CPU", us, limit[1])
        return got["n"]

    n = ask("introspections of new tokens", tokens)
    assert n < TOKENS, "too few tokens"
    with forgetting(rig):
        ask("introspections", tokens[:n])
    ask("introspections from memory", tokens[:256])


@contextlib.contextmanager
def forgetting(rig):
    """Ten times a second something ends: no answer is from memory."""
    over = threading.Event()

    def run():
        while not over.wait(0.1):
            rig.database.query("UPDATE client SET name = name")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def refreshes(rig, rows, app, peer):
    """Each connection spends its token, then the one that it was given; with
    ID tokens, as the peer gives them."""
    file = rig.dir / "refresh"
    got = {}
    for name, port, tokens, form, path, cpu in (
            ("ours", rig.stack.port, [app.tokens(rig.owner)["refresh_token"]
                for _ in range(CHAINS)], f"client_id={app.id}",
                "/oauth2/token", rig.cpu()),
            ("theirs", peer.port, [g["refresh"] for g in peer.given], SECRET,
                "/token", peer.cpu())):
        file.write_text("\n".join(tokens) + "\n")
        got[name] = each(load("refresh", port=port, path=path,
            body=f"{form}&grant_type=refresh_token&refresh_token=",
            tokens_file=file, connections=CHAINS, seconds=SECONDS, cpu=cpu))
    rows.add("refreshes", got["ours"][0], got["theirs"][0])
    rows.add("refreshes: service CPU", got["ours"][1], got["theirs"][1])


def measure(rig, rows):
    app = App(rig.stack, rig.operator, dpop=False)
    peer = Provider(rig)
    try:
        introspection(rig, rows, app, peer)
        refreshes(rig, rows, app, peer)
    finally:
        peer.stop()
