"""Requests that are malformed, ambiguous, stalled or too many: 4xx or a closed
connection, never 500, never a second answer (SECURITY.md H1)."""

import base64
import datetime
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from harness.crypto import PEM, csr_der, key_pem
from harness.http import Client
from harness.players import Device, Maker, now
from harness.process import until
from harness.raw import Raw, exchange, parse_head

SMUGGLED = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def request(line, *headers, host=True, body=""):
    return ("\r\n".join([line, *(["Host: localhost"] if host else []),
        *headers]) + "\r\n\r\n" + body)


GET = "GET /healthz HTTP/1.1"
POST = "POST /v1/claims HTTP/1.1"

SHAPES = {
    "length and chunked": request(POST, "Content-Length: 5",
        "Transfer-Encoding: chunked", body="0\r\n\r\n"),
    "two differing lengths": request(POST, "Content-Length: 5",
        "Content-Length: 6", body="hello"),
    "two equal lengths": request(POST, "Content-Length: 5",
        "Content-Length: 5", body="hello"),
    "list of lengths": request(POST, "Content-Length: 5, 5", body="hello"),
    "signed length": request(POST, "Content-Length: +5", body="hello"),
    "negative length": request(POST, "Content-Length: -5", body="hello"),
    "hex length": request(POST, "Content-Length: 0x5", body="hello"),
    "empty length": request(POST, "Content-Length:", body="hello"),
    "length over 2^64": request(POST,
        "Content-Length: 99999999999999999999999", body="hello"),
    "gzip, chunked": request(POST, "Transfer-Encoding: gzip, chunked",
        body="0\r\n\r\n"),
    "chunked twice": request(POST, "Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked", body="0\r\n\r\n"),
    "chunked, chunked": request(POST, "Transfer-Encoding: chunked, chunked",
        body="0\r\n\r\n"),
    "identity": request(POST, "Transfer-Encoding: identity", body="hello"),
    "xchunked": request(POST, "Transfer-Encoding: xchunked",
        body="0\r\n\r\n"),
    "chunked with parameter": request(POST,
        "Transfer-Encoding: chunked;q=1", body="0\r\n\r\n"),
    "chunked in HTTP/1.0": request("POST /v1/claims HTTP/1.0",
        "Transfer-Encoding: chunked", body="0\r\n\r\n"),
    "space before colon": request(POST, "Content-Length : 5", body="hello"),
    "tab before colon": request(POST, "Transfer-Encoding\t: chunked",
        body="0\r\n\r\n"),
    "brackets in a name": request(GET, "X[0]: 1"),
    "empty name": request(GET, ": 1"),
    "no colon": request(GET, "nonsense"),
    "folded line": request(GET, "X-A: 1", " Content-Length: 5"),
    "folded first line": request(GET, " X-A: 1"),
    "control in a value": request(GET, "X-A: a\x01b"),
    "two Host": request(GET, "Host: other"),
    "two equal Host": request(GET, "Host: localhost"),
    "no Host": request(GET, host=False),
    "empty Host": request(GET, "Host:", host=False),
    "Host with a path": request(GET, "Host: localhost/x", host=False),
    "Host with a user": request(GET, "Host: a@localhost", host=False),
    "two Authorization": request(GET, "Authorization: Bearer a",
        "Authorization: Bearer b"),
    "two DPoP": request(GET, "DPoP: a", "DPoP: b"),
    "two Content-Type": request(GET, "Content-Type: text/csv",
        "content-type: text/csv"),
    "two Client-Cert": request(GET, "Client-Cert: :YQ==:",
        "Client-Cert: :Yg==:"),
    "other Expect": request(GET, "Expect: 200-maybe"),
    "absolute form of another": request("GET https://other/ HTTP/1.1"),
    "absolute form without TLS": request("GET http://localhost/ HTTP/1.1"),
    "absolute form with a longer name": request(
        "GET https://localhost.other/healthz HTTP/1.1"),
    "absolute form without a path": request("GET https://localhost HTTP/1.1"),
    "absolute form without Host": request(
        "GET https://localhost/healthz HTTP/1.1", host=False),
    "CONNECT": request("CONNECT localhost:443 HTTP/1.1"),
    "CONNECT with a path": request("CONNECT /healthz HTTP/1.1"),
    "OPTIONS *": request("OPTIONS * HTTP/1.1"),
    "no slash": request("GET healthz HTTP/1.1"),
    "encoded NUL": request("GET /healthz%00 HTTP/1.1"),
    "encoded slash": request("GET /assets%2fstyle.css HTTP/1.1"),
    "encoded newline": request("GET /healthz%0a HTTP/1.1"),
    "half an escape": request("GET /healthz%2 HTTP/1.1"),
    "lone percent": request("GET /% HTTP/1.1"),
    "no hex": request("GET /%zz HTTP/1.1"),
    "encoded byte over 127": request("GET /%ff HTTP/1.1"),
    "raw byte over 127": request("GET /\u00e9 HTTP/1.1"),
    "backslash": request("GET /..\\healthz HTTP/1.1"),
    "method with a bracket": request("GE(T /healthz HTTP/1.1"),
    "path over the limit": request(f"GET /{'a' * 600} HTTP/1.1"),
}


def test_ambiguous_request_is_refused_and_its_tail_never_read(stack):
    wrong = {}
    for shape, text in SHAPES.items():
        answer = exchange(stack, text + SMUGGLED)
        # The library's own parser sends the head of a refusal twice.
        if (set(re.findall(rb"HTTP/1\.1 (\d+)", answer)) not in (
                {b"400"}, {b"413"}) or b"\r\nok\n" in answer):
            wrong[shape] = answer
    assert wrong == {}


def test_honest_headers_in_any_split_are_served(stack):
    fields = [f"X-{n}:{' ' * (n % 3)}{'v' * n * 5}" for n in range(40)]
    data = request(GET, "Accept:", "Cookie: a=b; c=\"d\"", *fields).encode()
    assert 4000 < len(data) < 6000
    for size in (1, 7, 1000, len(data)):
        with Raw(stack) as raw:
            raw.tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(2):
                for at in range(0, len(data), size):
                    raw.send(data[at:at + size])
                assert raw.read_answer()[0] == 200, size


GARBAGE = [
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
    b"GET /heal\0thz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\0\0\0\0\r\n\r\n",
    b"GET /healthz\r\n\r\n",
    b"GET  /healthz HTTP/1.1 x\r\n\r\n",
    b"GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"GET /healthz XTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\r" * 5000,
    b"\xff" * 5000 + b"\r\n\r\n",
    b"A" * 20000,
    b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 20000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: 1\r\n" * 100 + b"\r\n",
    b"GET /healthz HTTP/1.1\nHost: localhost\n\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\nX: 1\r\n\r\n",
]


@pytest.mark.settings(request_timeout="2s")
def test_garbage_gets_one_refusal_or_none(stack):
    wrong = {}
    for data in GARBAGE:
        answer = exchange(stack, data)
        if set(re.findall(rb"HTTP/1\.1 (\d+)", answer)) - {b"400", b"414",
                b"431", b"413", b"505"}:
            wrong[data[:100]] = answer
    assert wrong == {}
    assert_serves(stack)


def assert_serves(stack):
    """A connection that came too slowly for a short request_timeout of the
    test may be dropped, as that says."""
    for _ in range(5):
        try:
            with Raw(stack) as raw:
                status, headers, body = raw.send(SMUGGLED).read_answer()
            break
        except (OSError, AssertionError):
            continue
    assert (status, body) == (200, b"ok\n")
    return headers


def test_refusal_of_the_librarys_parser_has_a_log_line(stack):
    answer = exchange(stack, request(POST, "Content-Length: 5x"))
    assert answer.startswith(b"HTTP/1.1 400 ")
    stack.process.wait_log(r"event=request rid=\S+ trace=\S+ method=- route=- "
        r"status=400 code=refused-by-parser")


def test_two_requests_on_one_connection_are_answered_in_order(stack):
    answer = exchange(stack, SMUGGLED + request("GET /nothing HTTP/1.1")
        + request(GET, "Connection: close"))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"404", b"200"]


def answer_of(stack, data):
    with Raw(stack) as raw:
        return raw.send(data).read_answer()


def test_every_answer_names_its_request(stack):
    seen = {answer_of(stack, data)[1]["x-request-id"] for data in (
        SMUGGLED, request("GET /nothing HTTP/1.1"),
        request("OPTIONS * HTTP/1.1"))}
    assert len(seen) == 3
    for rid in seen:
        stack.process.wait_log(f"event=request rid={rid} ")


@pytest.mark.parametrize("line,status,allow", [
    ("GET /nothing HTTP/1.1", 404, None),
    ("GET /healthz/ HTTP/1.1", 404, None),
    ("GET /Healthz HTTP/1.1", 404, None),
    ("GET /assets/../healthz HTTP/1.1", 404, None),
    ("GET /assets/nothing.css HTTP/1.1", 404, None),
    ("DELETE /healthz HTTP/1.1", 405, "GET, HEAD"),
    ("OPTIONS /healthz HTTP/1.1", 405, "GET, HEAD"),
    ("TRACE /healthz HTTP/1.1", 405, "GET, HEAD"),
    ("get /healthz HTTP/1.1", 405, "GET, HEAD"),
])
def test_wrong_path_and_wrong_method(stack, line, status, allow):
    with Raw(stack) as raw:
        got, headers, body = raw.send(request(line)).read_answer()
        assert got == status
        assert headers.get("allow") == allow
        assert headers["content-type"] == "application/problem+json"
        assert b"urn:latchkey:error:" in body
        # Refused, but well-formed: the connection lives on.
        assert raw.send(SMUGGLED).read_answer()[0] == 200


def test_head_is_get_without_its_body(stack):
    answer = exchange(stack, request("HEAD /healthz HTTP/1.1",
        "Connection: close"))
    head, body = answer.split(b"\r\n\r\n", 1)
    status, headers = parse_head(head)
    assert (status, body, headers["content-length"]) == (200, b"", "3")


def test_http_1_0_without_host_is_served_and_closed(stack):
    answer = exchange(stack, "GET /healthz HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"ok\n")


def test_get_with_a_body_is_413(stack):
    status, _, _ = answer_of(stack, request(GET, "Content-Length: 5",
        body="hello"))
    assert status == 413


def test_post_without_length_is_411(stack):
    assert answer_of(stack, request(POST,
        "Content-Type: application/json"))[0] == 411


@pytest.mark.parametrize("size", [16 * 1024 + 1, 10**6, 10**12])
def test_announced_body_over_the_limit_is_413(stack, size):
    body = "x" * (size if size <= 10**6 else 100)
    assert answer_of(stack, request(POST, f"Content-Length: {size}",
        "Content-Type: application/json", body=body))[0] == 413


def test_announced_body_over_the_limit_is_413_before_100_continue(stack):
    assert answer_of(stack, request(POST, "Content-Length: 999999",
        "Content-Type: application/json", "Expect: 100-continue"))[0] == 413


def test_chunked_body_over_the_limit_is_413(stack):
    chunk = "1000\r\n" + "x" * 0x1000 + "\r\n"
    assert answer_of(stack, request(POST, "Transfer-Encoding: chunked",
        "Content-Type: application/json",
        body=chunk * 5 + "0\r\n\r\n"))[0] == 413


@pytest.mark.parametrize("size", ["fffffffffffffffff", "-1", "x", "", "0x5"])
def test_bad_chunk_size_is_no_second_request(stack, size):
    answer = exchange(stack, request(POST, "Transfer-Encoding: chunked",
        "Content-Type: application/json",
        body=f"{size}\r\nhello\r\n0\r\n\r\n" + SMUGGLED))
    assert b"\r\nok\n" not in answer
    assert not re.search(rb"HTTP/1\.1 5", answer)


@pytest.mark.parametrize("headers", [
    [], ["Content-Type: text/plain"], ["Content-Type: application/jsonx"],
    ["Content-Type: application/x-www-form-urlencoded"],
    ["Content-Type: application/json", "Content-Encoding: gzip"]])
def test_other_content_type_is_415(stack, headers):
    assert answer_of(stack, request(POST, "Content-Length: 2", *headers,
        body="{}"))[0] == 415


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON",
    "application/json; charset=utf-8"])
def test_owner_route_without_a_bearer_is_401_with_a_challenge(stack, kind):
    status, headers, _ = answer_of(stack, request(POST, "Content-Length: 2",
        f"Content-Type: {kind}", body="{}"))
    assert status == 401
    assert headers["www-authenticate"].startswith("Bearer ")


def test_repeated_query_parameter_is_400(stack):
    assert answer_of(stack, request(
        "GET /healthz?a=1&a=2 HTTP/1.1"))[0] == 400
    assert answer_of(stack, request("GET /healthz?a=%zz HTTP/1.1"))[0] == 400


# -- time


@pytest.mark.settings(request_timeout="5s", idle_timeout="15s")
def test_headers_at_a_byte_a_second_are_dropped(stack):
    began = time.monotonic()
    with Raw(stack) as raw:
        with pytest.raises(OSError):
            for byte in (GET + "\r\n" + "X: 1\r\n" * 20).encode():
                raw.send(bytes([byte]))
                time.sleep(0.2)
        assert time.monotonic() - began > 4


@pytest.mark.settings(request_timeout="5s", idle_timeout="15s")
def test_stalled_body_is_dropped(stack):
    began = time.monotonic()
    with Raw(stack) as raw:
        raw.send(request(POST, "Content-Length: 10",
            "Content-Type: application/json", body="{"))
        assert raw.is_closed(60)
    assert time.monotonic() - began > 4


def put_import(maker, *headers, length):
    return request(f"PUT /v1/admin/imports/{uuid.uuid4()}?manufacturer="
        f"{maker.id} HTTP/1.1", "Content-Type: text/csv",
        f"Content-Length: {length}", *headers)


@pytest.mark.settings(request_timeout="8s", idle_timeout="15s")
def test_import_that_makes_progress_may_take_long(stack, maker, database):
    part = b"serial,model\n" + b"x\n" * 40000
    with Raw(stack) as raw:
        raw.send(put_import(maker,
            f"Authorization: Bearer {database.admin_token}",
            length=5 * len(part)))
        for _ in range(5):
            raw.send(part)
            time.sleep(2)
        assert raw.read_answer()[0] == 200


@pytest.mark.settings(request_timeout="5s", idle_timeout="15s")
def test_import_that_stands_still_is_dropped(stack, maker, database):
    with Raw(stack) as raw:
        raw.send(put_import(maker,
            f"Authorization: Bearer {database.admin_token}",
            length=10**6) + "serial,model\n")
        with pytest.raises(OSError):
            for _ in range(600):
                raw.send("x\n" * 10)
                time.sleep(0.1)


@pytest.mark.parametrize("headers", [[], ["Authorization: Bearer lk_a_b_c"]])
def test_import_of_a_stranger_is_401_before_its_body(stack, maker, headers):
    assert answer_of(stack, put_import(maker, *headers,
        length=10**9))[0] == 401
    # A body in the making is a file without a name.
    fds = pathlib.Path(f"/proc/{stack.process.pid}/fd").iterdir()
    assert not [f for f in fds if os.readlink(f).endswith("(deleted)")]


@pytest.mark.settings(request_timeout="60s", idle_timeout="4s")
def test_idle_connection_is_closed(stack):
    began = time.monotonic()
    with Raw(stack) as raw:
        assert raw.send(SMUGGLED).read_answer()[0] == 200
        assert raw.is_closed(30)
    assert time.monotonic() - began > 3


def costs_nothing(stack):
    """Whether it comes to rest."""

    def rests():
        before = stack.process.cpu_seconds()
        time.sleep(1)
        return stack.process.cpu_seconds() - before < 0.2

    return until(rests)


@pytest.mark.settings(request_timeout="10s", idle_timeout="10s")
def test_fifty_stalled_hellos_cost_no_cpu_and_are_dropped(stack):
    clients = [socket.create_connection(("127.0.0.1", stack.port))
        for _ in range(50)]
    try:
        for client in clients:
            client.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert costs_nothing(stack)
        assert_serves(stack)
        for client in clients:
            client.settimeout(60)
            try:
                while client.recv(100):
                    pass
            except ConnectionError:
                pass
    finally:
        for client in clients:
            client.close()


@pytest.mark.settings(per_address=5)
def test_connections_of_one_address_are_limited(stack):
    clients = [socket.create_connection(("127.0.0.1", stack.port))
        for _ in range(20)]
    closed = set()

    def all_closed():
        closed.update(select.select(clients, [], [], 0)[0])
        return len(closed) >= 15

    until(all_closed)
    time.sleep(0.3)
    all_closed()
    assert len(closed) == 15
    for client in clients:
        client.close()
    assert_serves(stack)


# -- TLS


@pytest.mark.parametrize("option,works", [("-tls1_3", True),
    ("-tls1_2", True), ("-tls1_1", False)])
def test_tls_versions(stack, option, works):
    done = subprocess.run(["openssl", "s_client", "-connect",
        f"localhost:{stack.port}", option, "-cipher", "ALL:@SECLEVEL=0",
        "-CAfile", str(stack.material.ca)], input=b"", capture_output=True)
    assert (b"Verify return code: 0" in done.stdout and
        b"Cipher is (NONE)" not in done.stdout) == works


def test_openssl_client_needs_no_second_round_for_its_key_share(stack):
    done = subprocess.run(["openssl", "s_client", "-connect",
        f"localhost:{stack.port}", "-tls1_3", "-msg"], input=b"",
        capture_output=True)
    assert done.stdout.count(b"ServerHello") == 1


@pytest.fixture
def own_certificate(material, workdir, make_stack):
    """A stack whose TLS files are its own, to be replaced."""
    for name in ("server.crt", "server.key"):
        shutil.copy(material.pki / name, workdir / name)
    return make_stack(tls_cert=workdir / "server.crt",
        tls_key=workdir / "server.key"), workdir


def served_serial(stack):
    with Raw(stack) as raw:
        return raw.tls.getpeercert()["serialNumber"]


def test_changed_certificate_is_served_without_a_restart(
        own_certificate, material, tmp_path):
    stack, directory = own_certificate
    with Raw(stack) as old:
        first = old.tls.getpeercert()["serialNumber"]
        make_server_certificate(material, tmp_path)
        for name in ("server.key", "server.crt"):
            shutil.copy(tmp_path / name, directory / (name + ".new"))
            (directory / (name + ".new")).rename(directory / name)
        stack.process.wait_log("event=tls.reloaded")
        assert served_serial(stack) != first
        assert old.send(SMUGGLED).read_answer()[0] == 200


def make_server_certificate(material, out):
    """Another server certificate of the same issuing CA."""
    def openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True,
            capture_output=True)

    (out / "ext").write_text("subjectAltName=DNS:localhost\n"
        "extendedKeyUsage=serverAuth\n")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
        out / "server.key")
    openssl("req", "-new", "-key", out / "server.key", "-subj",
        "/CN=localhost", "-out", out / "csr")
    openssl("x509", "-req", "-in", out / "csr", "-CA",
        material.pki / "issuing.crt", "-CAkey", material.pki / "issuing.key",
        "-set_serial", "0x1234567890", "-days", "2", "-extfile", out / "ext",
        "-out", out / "leaf")
    (out / "server.crt").write_bytes((out / "leaf").read_bytes() +
        (material.pki / "issuing.crt").read_bytes())


def test_bad_new_certificate_is_logged_and_the_old_one_kept(own_certificate):
    stack, directory = own_certificate
    first = served_serial(stack)
    (directory / "server.crt").write_text("no certificate\n")
    stack.process.wait_log("event=tls.reload_failed")
    assert served_serial(stack) == first


# -- the queue, and stopping


@pytest.fixture
def slow(database):
    """While held, /readyz waits in the database."""
    connection = database.connect()
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE pg_inherits IN ACCESS EXCLUSIVE MODE")
    yield connection
    connection.close()


READY = request("GET /readyz HTTP/1.1")


def fill_open_lane(stack):
    """A worker busy and the open lane full: only reserved room is left."""
    clients = [Raw(stack).send(READY) for _ in range(12)]
    stack.process.wait_log("route=/readyz status=503")
    return clients


@pytest.mark.settings(workers=1, queue=8)
def test_full_queue_is_503_with_retry_after_at_once(stack, slow):
    clients = fill_open_lane(stack)
    began = time.monotonic()
    status, headers, _ = answer_of(stack, READY)
    assert status == 503
    assert time.monotonic() - began < 10
    assert int(headers["retry-after"]) >= 1
    assert_serves(stack)
    slow.rollback()
    statuses = [c.read_answer()[0] for c in clients]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 6


@pytest.mark.settings(workers=1, queue=8)
def test_renewal_and_operator_pass_a_flood_that_a_stranger_cannot(
        stack, enrolled, database, slow):
    flood = fill_open_lane(stack)
    line = "GET /v1/admin/manufacturers HTTP/1.1"
    assert answer_of(stack, request(line,
        "Authorization: Bearer lk_aaaaaaaa_" + "b" * 32 + "_" + "0" * 16)
        )[0] == 503
    with ThreadPoolExecutor(2) as pool:
        operator = pool.submit(answer_of, stack, request(line,
            f"Authorization: Bearer {database.admin_token}"))
        renewal = pool.submit(enrolled.renew)
        time.sleep(0.5)
        slow.rollback()
        assert operator.result()[0] == 200
        assert renewal.result().status_code == 200
    assert {c.read_answer()[0] for c in flood} == {200, 503}


def own_leaf(device, not_after, key=None):
    """A device certificate that the issuing CA might have made."""
    pki = device.stack.material.pki
    ca = x509.load_pem_x509_certificate((pki / "issuing.crt").read_bytes())
    ca_key = serialization.load_pem_private_key(
        (pki / "issuing.key").read_bytes(), None)
    old = device.certificate
    builder = (x509.CertificateBuilder().subject_name(old.subject)
        .issuer_name(ca.subject).public_key(device.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - datetime.timedelta(days=9))
        .not_valid_after(not_after))
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    leaf = builder.sign(key or ca_key, hashes.SHA256())
    return Client(device.stack, [leaf.public_bytes(PEM),
        (pki / "issuing.crt").read_bytes()], key_pem(device.key))


@pytest.mark.settings(workers=1, queue=8)
def test_expired_foreign_or_forged_certificate_gets_no_reserved_lane(
        stack, enrolled, slow):
    day = datetime.timedelta(days=1)
    stranger = Device(stack, Maker())
    outsiders = {"expired": own_leaf(enrolled, now() - day),
        "forged": own_leaf(enrolled, now() + day, Maker().key),
        "foreign": stranger.birth, "birth": enrolled.birth}
    flood = fill_open_lane(stack)
    assert answer_of(stack, READY)[0] == 503, "the open lane is not full"
    body = base64.b64encode(csr_der(enrolled.key))
    statuses = {name: client.post("/.well-known/est/simplereenroll",
        data=body, headers={"Content-Type": "application/pkcs10"}
        ).status_code for name, client in outsiders.items()}
    slow.rollback()
    assert statuses == dict.fromkeys(outsiders, 503)
    for raw in flood:
        raw.read_answer()


@pytest.mark.settings(workers=2)
def test_client_gone_while_its_request_runs_harms_nobody(stack, slow):
    for _ in range(6):
        Raw(stack).send(READY).tls.close()
    time.sleep(0.3)
    slow.rollback()
    assert_serves(stack)
    assert answer_of(stack, READY)[0] == 200


def test_sigterm_finishes_what_is_in_flight_and_closes_what_is_idle(
        stack, slow, database):
    idle, busy = Raw(stack), Raw(stack)
    assert idle.send(SMUGGLED).read_answer()[0] == 200
    busy.send(READY)
    database.wait_blocked()
    stack.process.popen.terminate()
    assert idle.is_closed(60)
    until(lambda: not stack.listens())
    slow.rollback()
    status, headers, _ = busy.read_answer()
    assert status == 200
    assert headers["connection"] == "close"
    stack.stop()
    assert "event=stopped" in stack.log()


def test_port_in_use_stops_the_start_with_a_reason(stack, workdir):
    second = workdir / "second.conf"
    text = (stack.dir / "latchkeyd.conf").read_text()
    second.write_text(text)
    done = subprocess.run([stack.process.popen.args[0], "--config", second],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "Address already in use" in done.stderr


@pytest.mark.parametrize("line,reason", [
    ("nonsense = 1", "unknown key"), ("workers = 0", "workers"),
    ("workers = many", "workers"), ("idle_timeout = 20s", "idle_timeout"),
])
def test_bad_setting_stops_the_start_with_its_line(
        stack, workdir, line, reason):
    bad = workdir / "bad.conf"
    bad.write_text((stack.dir / "latchkeyd.conf").read_text() + line + "\n")
    done = subprocess.run([stack.process.popen.args[0], "--config", bad],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert reason in done.stderr and "bad.conf:" in done.stderr
