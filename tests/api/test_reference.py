"""Pages that anybody may see: what their headers forbid (SECURITY.md P6), and
/docs, the interface as a page made from api/openapi.yaml."""

import html.parser

import pytest
import yaml

from harness.http import Client, expect
from harness.process import REPO

PAGES = ("/sign-in", "/authorize", "/activate", "/accept", "/home", "/join",
    "/devices", "/account", "/docs", "/assets/app.js")


@pytest.fixture
def get(stack):
    client = Client(stack)
    yield lambda path: expect(client.get(path), 200)
    client.close()


def test_p6_pages_are_not_framed_referred_or_kept(get):
    for path in PAGES:
        headers = get(path).headers
        rules = dict(rule.strip().split(" ", 1) for rule in
            headers["Content-Security-Policy"].split(";"))
        assert rules["frame-ancestors"] == "'none'", path
        assert rules["default-src"] == "'none'", path
        assert rules["script-src"] == "'self'", path
        assert rules["base-uri"] == rules["form-action"] == "'none'", path
        assert headers["Referrer-Policy"] == "no-referrer", path
        assert headers["Cache-Control"] == "no-store", path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert headers["X-Content-Type-Options"] == "nosniff", path


class Page(html.parser.HTMLParser):
    """The names of a page's parts, and where it leads."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.tags, self.said = set(), set(), set(), ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.add(tag)
        assert "style" not in attrs  # the policy would forbid it
        if "id" in attrs:
            assert attrs["id"] not in self.ids
            self.ids.add(attrs["id"])
        self.links |= {attrs[a] for a in ("href", "src") if a in attrs}

    def handle_data(self, data):
        self.said += data


def test_reference_shows_every_route_and_loads_nothing_from_elsewhere(get):
    page = Page(get("/docs").text)
    contract = yaml.safe_load((REPO / "api/openapi.yaml").read_text())
    for path, item in contract["paths"].items():
        for operation in item.values():
            if "operationId" in operation:
                assert operation["operationId"] in page.ids
                assert path in page.said
    for name in contract["components"]["schemas"]:
        assert f"schema-{name}" in page.ids
    assert not page.tags & {"script", "style", "img", "iframe", "form"}
    for link in page.links:
        assert link[0] == "/" or link[1:] in page.ids, link
        if link[0] == "/":
            get(link)
