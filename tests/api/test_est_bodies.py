"""EST checklist 10 to 15: what a body may look like, and what a refusal
does.  "Read" is 202 here: the unit is known and its owner has yet to say
yes."""

import base64
import re

import pytest

from api.test_est_transport import CACERTS, enroll_text
from api.test_http_hostile import request
from harness.crypto import csr_der
from harness.raw import Raw

PATH = "/.well-known/est/simpleenroll"
PKCS10 = {"Content-Type": "application/pkcs10"}


@pytest.fixture
def post(device):
    """post(body, headers) -> the answer to a simpleenroll of the unit."""
    def call(body, headers=None):
        return device.birth.post(PATH, data=body,
            headers=PKCS10 if headers is None else headers)
    return call


@pytest.fixture
def text(device):
    return base64.b64encode(csr_der(device.key)).decode()


def columns(text, n, end="\n"):
    return end.join(text[i:i + n] for i in range(0, len(text), n)) + end


def status_of(answer):
    """Its status; a refusal is text for a human, one line."""
    if answer.status_code >= 400:
        kind = answer.headers["Content-Type"]
        assert kind == "text/plain; charset=utf-8"
        assert re.fullmatch(r"[ -~]+ \(request [0-9a-f-]{36}\)\n",
            answer.text)
        assert "smime-type" not in kind
    return answer.status_code


# -- 10: white space


def test_base64_is_read_whatever_its_lines(post, text):
    for body in (text, text + "\n", columns(text, 20), columns(text, 64),
            columns(text, 76, "\r\n"), " " + text, "\r\n\t " + text + " \r\n",
            columns(text, 1, " "), columns(text, 4, "\t")):
        assert status_of(post(body)) == 202, body


def test_no_other_character_is_skipped(post, text):
    for extra in "\v\f\0\u00a0!-_.,#\x1b":
        for body in (extra + text, text[:40] + extra + text[40:],
                text + extra):
            assert status_of(post(body.encode())) == 400, extra


def test_armour_der_base64url_and_nothing_are_400(post, text, device):
    label = "CERTIFICATE REQUEST"
    armour = (f"-----BEGIN {label}-----\n{columns(text, 64)}"
        f"-----END {label}-----\n")
    url = base64.urlsafe_b64encode(b"\xfb\xff\xfe" * 30)
    for body in (armour, csr_der(device.key), url, "", " \r\n", "AAAA",
            text[:-8], text[: len(text) // 2], "garbage"):
        assert status_of(post(body)) == 400, body


# -- 11: Content-Transfer-Encoding


def test_content_transfer_encoding_is_ignored(post, text):
    for encoding in ("base64", "binary", "BASE64", "8bit", "nonsense",
            "quoted-printable", ""):
        assert status_of(post(text, {**PKCS10,
            "Content-Transfer-Encoding": encoding})) == 202, encoding


# -- 12: media type


def test_media_type_ignores_case_and_parameters(post, text):
    for kind in ("application/pkcs10", "Application/PKCS10",
            "application/pkcs10; charset=utf-8", "application/pkcs10;x=y",
            "application/pkcs10 ; a=\"b; c\"", "APPLICATION/pkcs10\t;q"):
        assert status_of(post(text, {"Content-Type": kind})) == 202, kind


def test_other_media_type_is_415(post, text):
    for kind in ("application/pkcs10x", "application/pkcs1",
            "application/x-pkcs10", "application/pkcs7-mime", "text/plain",
            "application", "application/pkcs10, text/plain", "*/*", "",
            "multipart/mixed; boundary=application/pkcs10"):
        assert status_of(post(text, {"Content-Type": kind})) == 415, kind


def test_missing_media_type_is_415(post, text):
    assert status_of(post(text, {})) == 415


# -- 13: nothing missing, nothing left over


@pytest.mark.parametrize("n", [0, 1, 2])
def test_padding_is_required_and_ends_the_text(post, device, n):
    # A CSR whose length leaves n characters of padding.
    for _ in range(200):
        text = base64.b64encode(csr_der(device.key)).decode()
        if text.count("=") == n:
            break
    else:
        pytest.skip("no signature of that length came")
    bare = text.rstrip("=")
    assert status_of(post(text)) == 202
    for body in (bare + "=" * (n + 1), bare + "=" * (n + 4),
            text + "AAAA", text + text, text + "="):
        assert status_of(post(body)) == 400, body
    if n > 0:
        for body in (bare, bare + "=" * (n - 1), bare[:-1] + "=" * (n + 1),
                "=" + bare):
            assert status_of(post(body)) == 400, body


def test_bytes_after_the_der_are_400(post, device):
    der = csr_der(device.key)
    for extra in (b"\0", b"\n", b"\0\0", der, b"\x05\0"):
        assert status_of(post(base64.b64encode(der + extra))) == 400


def test_der_of_indefinite_or_long_form_is_400(post, device):
    der = csr_der(device.key)
    assert der[1] == 0x81
    for shape in (b"\x30\x82\0" + der[2:], b"\x30\x80" + der[3:] + b"\0\0",
            b"\x30\x84\0\0\0" + der[2:]):
        assert status_of(post(base64.b64encode(shape))) == 400


# -- 14: length


def test_body_at_the_limit_is_read_and_over_it_413(post, text):
    limit = 64 * 1024
    assert status_of(post(text + " " * (limit - len(text)))) == 202
    assert status_of(post(text + " " * (limit - len(text) + 1))) == 413
    assert status_of(post("A" * 10**6)) == 413


def test_no_length_and_not_chunked_is_411(stack, device):
    with Raw(stack, certificate=device.birth.session.cert) as raw:
        status, headers, body = raw.send(request(f"POST {PATH} HTTP/1.1",
            "Content-Type: application/pkcs10")).read_answer()
    assert status == 411
    assert headers["content-type"].startswith("text/plain")


def test_chunked_body_is_read(post, text):
    for size in (1, 7, 64, 10000):
        assert status_of(post(text[i:i + size].encode()
            for i in range(0, len(text), size))) == 202, size


def test_expect_100_continue_is_answered_with_100_and_then_the_answer(
        stack, device, text):
    whole = enroll_text(device, "Expect: 100-continue", body=text)
    head, body = whole.split("\r\n\r\n", 1)
    with Raw(stack, certificate=device.birth.session.cert) as raw:
        raw.send(head + "\r\n\r\n")
        assert raw.tls.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert raw.send(body).read_answer()[0] == 202
        assert raw.send(CACERTS).read_answer()[0] == 200


def test_expect_100_continue_of_a_body_too_large_is_413_at_once(
        stack, device):
    with Raw(stack, certificate=device.birth.session.cert) as raw:
        status, headers, _ = raw.send(request(f"POST {PATH} HTTP/1.1",
            "Content-Type: application/pkcs10", "Content-Length: 70000",
            "Expect: 100-continue")).read_answer()
    assert status == 413
    assert headers["connection"] == "close"


def test_two_differing_lengths_are_400_and_closed(stack, device, text):
    with Raw(stack, certificate=device.birth.session.cert) as raw:
        answer = raw.send(enroll_text(device,
            f"Content-Length: {len(text) + 1}", body=text)
            + CACERTS).read_to_end()
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"400"]


def test_header_of_20_kb_is_431(stack):
    with Raw(stack) as raw:
        answer = raw.send(request("GET /.well-known/est/cacerts HTTP/1.1",
            f"X-Large: {'a' * 20000}")).read_to_end()
    assert answer.startswith(b"HTTP/1.1 431 ")


# -- 15: errors


def test_no_refusal_repeats_what_was_sent(post, device, text):
    secret = "c2VjcmV0LXNlY3JldA"
    for answer in (post(secret), post(text, {
            "Content-Type": f"text/{secret}"}), post(text, {**PKCS10,
            "Authorization": f"Bearer {secret}"})):
        assert secret not in answer.text
        assert secret not in str(answer.headers)
