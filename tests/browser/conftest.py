"""A phone for each test."""

import pytest

from harness.browser import Browser


@pytest.fixture
def make_browser(stack, workdir):
    """open(language=, width=) -> a Browser with a passkey store."""
    browsers = []

    def start(**options):
        directory = workdir / f"browser{len(browsers)}"
        directory.mkdir()
        browsers.append(Browser(stack, directory, **options))
        return browsers[-1]

    yield start
    for browser in browsers:
        browser.close()


@pytest.fixture
def browser(make_browser):
    return make_browser()
