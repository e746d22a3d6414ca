"""Other people's programs against the service and the broker, as a user
would call them: strongSwan's pki, curl, openssl, mosquitto's clients."""

import json
import subprocess
import time


from harness.process import run

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def curl(stack, *argv, certificate=None, **kwargs):
    """curl -s that fails on refusals and shows them."""
    pair = ("--cert", certificate[0], "--key",
        certificate[1]) if certificate else ()
    return run("curl", "-sS", "--fail-with-body", "--cacert",
        stack.material.ca, *pair, *argv, **kwargs)


def curl_enroll(device, owner, workdir):
    """The device's side in curl and openssl alone: (cert, key) files."""
    stack, birth = device.stack, device.birth.session.cert
    key, csr, cert = (workdir / n for n in ("dev.key", "dev.csr", "dev.crt"))
    run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
        "-out", key)
    run("openssl", "req", "-new", "-key", key, "-subj", "/CN=ignored",
        "-outform", "DER", "-out", csr)
    url64 = run("sh", "-c", f"openssl base64 -A -in {csr} | tr +/ -_ | "
        "tr -d =")
    grant = json.loads(curl(stack, f"{stack.url}/oauth2/device_authorization",
        "--data-urlencode", f"client_id={device.maker.client_id}",
        "--data-urlencode", f"csr={url64}", certificate=birth))
    assert owner.approve(grant["user_code"]).ok
    for _ in range(200):
        # Without --fail: a pending code is a 400.
        token = json.loads(run("curl", "-sS", "--cacert", stack.material.ca,
            "--cert", birth[0], "--key", birth[1],
            f"{stack.url}/oauth2/token",
            "--data-urlencode", f"grant_type={GRANT}",
            "--data-urlencode", f"device_code={grant['device_code']}",
            "--data-urlencode", f"client_id={device.maker.client_id}"))
        if "access_token" in token:
            break
        time.sleep(0.2)
    run("sh", "-c", f"openssl base64 -in {csr} | curl -sS --fail-with-body "
        f"--cacert {stack.material.ca} --cert {birth[0]} --key {birth[1]} "
        "-H 'Content-Type: application/pkcs10' "
        f"-H 'Authorization: Bearer {token['access_token']}' "
        f"--data-binary @- {stack.url}/.well-known/est/simpleenroll | "
        "openssl base64 -d -A | "
        f"openssl pkcs7 -inform DER -print_certs -out {cert}")
    return cert, key


def test_strongswan_reads_the_ca_certificates(stack, workdir):
    out = workdir / "ca.pem"
    run("pki", "--estca", "--url", stack.url, "--cacert", stack.material.ca,
        "--caout", out, "--outform", "pem", "--force")
    received = "".join(p.read_text() for p in workdir.glob("ca*.pem"))
    assert "BEGIN CERTIFICATE" in received
    run("openssl", "verify", "-CAfile", stack.material.ca,
        stack.material.pki / "issuing.crt")


def test_strongswan_renews_what_curl_and_openssl_enrolled(device, owner,
        workdir):
    stack = device.stack
    cert, key = curl_enroll(device, owner, workdir)
    run("openssl", "verify", "-CAfile", stack.material.ca, "-untrusted",
        stack.material.pki / "issuing.crt", "-purpose", "sslclient", cert)
    subject = run("openssl", "x509", "-in", cert, "-noout", "-subject",
        "-nameopt", "RFC2253").strip()
    request, renewed = workdir / "renew.p10", workdir / "renewed.pem"
    run("sh", "-c", f"pki --gen --type ecdsa --size 256 --outform pem "
        f"> {workdir}/new.key")
    name = subject.removeprefix("subject=").strip()
    run("sh", "-c", f"pki --req --type ecdsa --in {workdir}/new.key --dn "
        f"'{name}' --outform der > {request}")
    run("sh", "-c", f"pki --est --url {stack.url} --in {request} --cacert "
        f"{stack.material.ca} --cacert {stack.material.pki}/issuing.crt "
        f"--cert {cert} --key {key} --outform pem > {renewed}")
    assert run("openssl", "x509", "-in", renewed, "-noout", "-subject",
        "-nameopt", "RFC2253").strip() == subject


def test_mosquitto_clients_are_confined_to_the_devices_topics(device, owner,
        broker, workdir):
    cert, key = curl_enroll(device, owner, workdir)
    (listed,) = owner.devices().json()["devices"]
    own = f"devices/{listed['id']}"
    tls = ["-h", "localhost", "-p", str(broker.port), "--cafile",
        str(device.stack.material.ca), "--cert", str(cert), "--key", str(key)]

    run("mosquitto_pub", *tls, "-i", listed["id"], "-q", "1",
        "-t", f"{own}/up/state", "-m", "on")
    for topic in (f"{own}/down/#", "devices/+/up/#", "#", "$SYS/#",
            "$share/g/devices/x/down/#"):
        done = subprocess.run(["mosquitto_sub", *tls, "-i",
            f"{listed['id']}-1", "-t", topic, "-W", "1", "-d"],
            capture_output=True, text=True, timeout=120)
        refused = "rejected" in done.stdout + done.stderr or "128" in \
            done.stdout + done.stderr
        assert refused == (topic != f"{own}/down/#"), (topic, done)
    # An id that is not the device's is refused at once.
    done = subprocess.run(["mosquitto_pub", *tls, "-i", "someone-else",
        "-t", f"{own}/up/state", "-m", "on"], capture_output=True, text=True,
        timeout=120)
    assert done.returncode != 0
