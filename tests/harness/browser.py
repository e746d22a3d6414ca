"""Real Chromium at the width of a phone, with a virtual authenticator."""

import base64
import hashlib
import os
import time

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (Encoding,
    PublicFormat)
from selenium import webdriver
from selenium.common.exceptions import (NoSuchElementException,
    StaleElementReferenceException)
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import (
    VirtualAuthenticatorOptions)

WIDTH, HEIGHT = 360, 740
PATIENCE = 60


def pin(certificate_file):
    """SHA-256 of the key that the browser is to trust."""
    certificate = x509.load_pem_x509_certificate(
        certificate_file.read_bytes())
    spki = certificate.public_key().public_bytes(Encoding.DER,
        PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def settled(act):
    """Does it on the view that is there now, should another come between
    finding a thing and touching it."""
    while True:
        try:
            return act()
        except (NoSuchElementException, StaleElementReferenceException):
            time.sleep(0.05)


class Browser:
    """A phone: pages of one stack, and the taps that were made."""

    def __init__(self, stack, directory, language="en", width=WIDTH):
        self.stack, self.taps = stack, 0
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu",
                "--disable-quic", "--no-first-run", "--disable-sync",
                "--disable-background-networking", "--disable-dev-shm-usage",
                "--disable-component-update", f"--lang={language}",
                f"--user-data-dir={directory}/profile",
                # From the address that the devices of the tests ask from.
                "--host-resolver-rules=MAP localhost 127.0.0.1",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                "--ignore-certificate-errors-spki-list="
                + pin(stack.material.pki / "server.crt")):
            options.add_argument(argument)
        options.add_experimental_option("prefs",
            {"intl.accept_languages": language})
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": {
            "width": width, "height": HEIGHT, "pixelRatio": 2.0}})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(
            "/usr/bin/chromedriver", env={**os.environ,
                "HOME": str(directory)}), options=options)
        self.driver.set_page_load_timeout(PATIENCE)
        self.driver.set_script_timeout(PATIENCE)
        self.driver.add_virtual_authenticator(VirtualAuthenticatorOptions(
            protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
            transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True, has_user_verification=True,
            is_user_consenting=True, is_user_verified=True))

    def open(self, path):
        self.driver.get(self.stack.url + path)

    def _find(self, css):
        for element in self.driver.find_elements(By.CSS_SELECTOR, css):
            try:
                if element.is_displayed() and element.is_enabled():
                    return element
            except (NoSuchElementException, StaleElementReferenceException):
                pass
        return None

    def wait(self, css):
        """The first element that can be seen and used."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            element = self._find(css)
            if element:
                return element
            time.sleep(0.05)
        raise AssertionError(f"no {css} on the page:\n{self.text()}")

    def wait_text(self, text):
        until = time.monotonic() + PATIENCE
        while text not in self.text():
            assert time.monotonic() < until, f"no {text!r}:\n{self.text()}"
            time.sleep(0.05)

    def wait_title(self, text):
        """Until the view of that heading is there, and not just its file."""
        until = time.monotonic() + PATIENCE
        while not (self.driver.title.startswith(text) and
                "Latchkey" in self.driver.title):
            assert time.monotonic() < until, (
                f"{self.driver.title!r}:\n{self.text()}")
            time.sleep(0.05)

    def wait_url(self, part):
        until = time.monotonic() + PATIENCE
        while part not in self.driver.current_url:
            assert time.monotonic() < until, self.driver.current_url
            time.sleep(0.05)

    def text(self):
        return settled(lambda: self.driver.find_element(
            By.TAG_NAME, "body").text)

    def tap(self, css):
        settled(lambda: self.wait(css).click())
        self.taps += 1

    def type(self, css, text):
        settled(lambda: self.wait(css).send_keys(text))

    def key(self, *keys):
        """On whatever has the focus."""
        settled(lambda: self.driver.switch_to.active_element.send_keys(*keys))

    def before_each_page(self, script):
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument",
            {"source": script})

    def sign_up(self, name="Ada Lovelace"):
        self.tap("#to-sign-up")
        self.type("input[autocomplete=name]", name)
        self.tap("#sign-up")

    def run(self, script, *args):
        return self.driver.execute_script(script, *args)

    def scheme(self, name):
        """light or dark."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name}]})

    def screenshot(self, path):
        """The whole page, below what is in view, too."""
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot",
            {"captureBeyondViewport": True})
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self):
        """What the browser's console says of the pages: nothing but answers
        that a page expects."""
        return [entry["message"] for entry in self.driver.get_log("browser")
            if "Failed to load resource" not in entry["message"]]

    def close(self):
        self.driver.quit()
