"""HTTPS as a client of the service speaks it; every answer is held against
the contract."""

import pathlib
import tempfile

import requests

from . import openapi


class Client:
    """One caller.  A certificate is a list of PEM certificates, leaf first,
    and its key in PEM."""

    def __init__(self, stack, certificates=None, key=None):
        self.stack = stack
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(stack.material.ca)
        if certificates:
            self.use_certificate(certificates, key)

    def use_certificate(self, certificates, key):
        directory = pathlib.Path(tempfile.mkdtemp(dir=self.stack.dir))
        cert_file, key_file = directory / "cert.pem", directory / "key.pem"
        cert_file.write_bytes(b"".join(certificates))
        key_file.write_bytes(key)
        self.session.close()
        self.session.cert = (str(cert_file), str(key_file))

    def come_from(self, address):
        """Every request from another address of this machine."""

        class From(requests.adapters.HTTPAdapter):
            def init_poolmanager(self, *args, **kwargs):
                super().init_poolmanager(*args, **kwargs,
                    source_address=(address, 0))

        self.session.mount("https://", From())

    def call(self, method, path, **kwargs):
        """One request and its answer, checked against the contract."""
        kwargs.setdefault("timeout", 300)
        kwargs.setdefault("allow_redirects", False)
        return openapi.check(whole(
            self.session.request(method, self.stack.url + path, **kwargs)))

    def get(self, path, **kwargs):
        return self.call("GET", path, **kwargs)

    def post(self, path, **kwargs):
        return self.call("POST", path, **kwargs)

    def put(self, path, **kwargs):
        return self.call("PUT", path, **kwargs)

    def delete(self, path, **kwargs):
        return self.call("DELETE", path, **kwargs)

    def close(self):
        self.session.close()


def whole(response):
    """The answer, if all of it came.  requests takes a connection that
    ends early, as it does when the service is killed, for the end of the
    body."""
    promised = int(response.headers.get("Content-Length", 0))
    if response.request.method != "HEAD" and response.raw.tell() < promised:
        raise requests.ConnectionError(f"{response.raw.tell()} of {promised} "
            "bytes came")
    return response


def expect(response, *statuses):
    """The answer, if it has one of the statuses."""
    assert response.status_code in statuses, (
        f"{response.request.method} {response.request.path_url}: "
        f"{response.status_code}, not {statuses}\n{response.text}")
    return response
