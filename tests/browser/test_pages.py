"""The owner's pages in a real browser, at the width of a phone."""

import json
import urllib.parse

import pytest
from selenium.webdriver.common.keys import Keys

from harness.app import Hub
from harness.http import expect
from harness.process import until

FAST = pytest.mark.settings(code_interval="1s")

# What an eye or a screen reader would stumble over: wider than the phone,
# targets that are too small, controls without a name, poor contrast.
FAULTS = r"""
const faults = [];
if (document.documentElement.scrollWidth > innerWidth)
  faults.push(`scrolls sideways: ${document.documentElement.scrollWidth}`);
if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
if (!document.documentElement.lang) faults.push("no language");
const seen = (e) => e.checkVisibility() && e.getClientRects().length;
for (const e of document.querySelectorAll("button, input, summary, a")) {
  if (!seen(e)) continue;
  const name = e.getAttribute("aria-label") || e.textContent.trim() ||
    [...(e.labels || [])].map((l) => l.textContent).join();
  if (!name) faults.push(`no name: ${e.outerHTML}`);
  const box = e.getBoundingClientRect();
  if (e.matches("button, input, summary, a.button") && box.height < 44)
    faults.push(`${box.height} px high: ${e.outerHTML}`);
}
const parse = (text) => text.match(/[\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) =>
  c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (e) => {
  for (; e; e = e.parentElement) {
    const back = parse(getComputedStyle(e).backgroundColor);
    if (back.length < 4 || back[3] > 0) return back;
  }
  return [255, 255, 255];
};
for (const e of document.querySelectorAll("body *")) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 &&
    n.textContent.trim());
  if (!own || !seen(e) || e.disabled || e.closest("noscript")) continue;
  const [a, b] = [light(parse(getComputedStyle(e).color)),
    light(behind(e))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(1)}: ${e.outerHTML}`);
}
if (/\{\w+\}|undefined|\[object/.test(document.body.innerText))
  faults.push("a word that is not filled in");
const key = document.body.innerText.match(/^[a-z]+\.[a-z-]+$/m);
if (key) faults.push(`a word that is missing: ${key}`);
return faults;
"""


def check(browser, title, focus="H1"):
    """Waits for the view, and looks at it in both schemes."""
    browser.wait_title(title)
    for scheme in ("dark", "light"):
        browser.scheme(scheme)
        assert browser.run(FAULTS) == [], title
    if focus:
        assert browser.run(
            "return document.activeElement.tagName") == focus, title


def sign_up_and_look(browser, device):
    """A new owner who typed the code of the device."""
    browser.open("/activate")
    browser.sign_up()
    expect(device.authorize(), 200)
    browser.type("#code", device.grant["user_code"])
    browser.tap("#continue")


@FAST
def test_from_code_to_certificate_in_four_taps(browser, device):
    expect(device.authorize(), 200)
    browser.open("/activate")
    check(browser, "Sign in")
    browser.sign_up()
    check(browser, "Add your device")
    # A person without an account needed two taps for it.
    browser.type("#code", device.grant["user_code"].lower())
    browser.tap("#continue")
    check(browser, "Is this your device?")
    text = browser.text()
    for word in ("Ada Lovelace", device.serial, "Acme", "Lamp-1",
            "Proved by the maker’s certificate", "First seen here",
            "None here", "Is this the device", "in the same network",
            "Asked at"):
        assert word in text, word
    sizes = [browser.wait(css).size for css in ("#approve", "#deny")]
    assert sizes[0] == sizes[1]
    browser.tap("#approve")
    check(browser, "Added")
    assert browser.taps <= 4
    device.onboard_after_yes()
    browser.tap("main a.button")
    check(browser, "Your devices")
    assert "Connected" in browser.text()
    assert browser.complaints() == []


@FAST
def test_signed_in_already_it_takes_two_taps_and_a_link_gives_half_the_code(
        browser, device):
    browser.open("/devices")
    browser.sign_up()
    check(browser, "Your devices")
    assert "no devices yet" in browser.text()
    expect(device.authorize(), 200)
    link = device.grant["verification_uri_complete"]
    browser.taps = 0
    browser.driver.get(link)
    check(browser, "Add your device")
    code = device.grant["user_code"]
    # The code is nowhere to be seen but on the device (P1).
    assert browser.driver.current_url == browser.stack.url + "/activate"
    assert code not in browser.text() and code[5:] not in browser.text()
    browser.type("#code", "BBBB")
    browser.tap("#continue")
    browser.wait_text("Nothing waits with this code")
    browser.wait("#code").clear()
    browser.type("#code", code[5:])
    browser.taps = 0
    browser.tap("#continue")
    browser.tap("#deny")
    check(browser, "Denied")
    assert browser.taps == 2
    browser.tap("#report")
    browser.wait_text("Thank you")
    assert device.poll().json()["error"] in ("access_denied",
        "authorization_pending", "slow_down")
    assert browser.complaints() == []


@FAST
def test_owner_finds_what_was_lost_and_lets_it_go(browser, device, operator,
        database):
    sign_up_and_look(browser, device)
    browser.tap("#approve")
    check(browser, "Added")
    device.onboard_after_yes()
    browser.open(f"/devices#{device.id}")
    check(browser, "Lamp-1")
    for word in ("Connected", "You approved it", "first certificate",
            device.serial):
        assert word in browser.text(), word
    browser.tap("details:nth-of-type(1) summary")
    browser.tap("#lost")
    browser.wait_text("It cannot connect until")
    assert device.renew().status_code in (401, 403)
    # The operator's word does not undo the owner's (R5).
    for change in (operator.quarantine, operator.lift):
        assert change(device.id).ok
    assert database.value("SELECT kind FROM revocation ORDER BY position "
        "DESC LIMIT 1") == "quarantine"
    browser.open(f"/devices#{device.id}")
    browser.driver.refresh()
    browser.wait_text("Lost")
    browser.tap("details:nth-of-type(3) summary")
    browser.tap("#release")
    browser.wait_text("say that it was found first")
    browser.tap("details:nth-of-type(1) summary")
    browser.tap("#found")
    browser.wait_text("Connected")
    expect(device.renew(), 200)
    browser.tap("details:nth-of-type(3) summary")
    browser.tap("#release")
    check(browser, "Your devices")
    browser.wait_text("no devices yet")
    assert device.renew().status_code in (401, 403)
    assert browser.complaints() == []


@FAST
def test_owner_lets_sensors_in_and_removes_them(browser, device):
    sign_up_and_look(browser, device)
    browser.tap("#approve")
    check(browser, "Added")
    hub = Hub(device.onboard_after_yes())
    browser.open(f"/devices#{device.id}")
    check(browser, "Lamp-1")
    assert "Sensors behind it" not in browser.text()
    warm, odd = (expect(hub.register(serial, name=name), 200).json()
        for serial, name in (("T-1", "Living room"), ("T-2", "<b>Odd</b>")))
    browser.open("/devices")
    browser.wait_text("A sensor waits")
    check(browser, "Your devices")
    browser.tap(".card a")
    check(browser, "Lamp-1")
    for word in ("Sensors behind it", "Living room", "<b>Odd</b>", "T-2",
            "send what it measures and take commands",
            "It named a sensor behind it"):
        assert word in browser.text(), word
    browser.tap(f"[id='deny-{odd['id']}']")
    browser.wait_text("You did not let a sensor behind it in")
    browser.tap(f"[id='approve-{warm['id']}']")
    browser.wait_text("You let a sensor behind it in")
    check(browser, "Lamp-1")
    assert "Let in" in browser.text() and "Odd" not in browser.text()
    expect(hub.trade(odd["subject_token"]), 400)
    expect(hub.trade(warm["subject_token"]), 200)
    browser.tap("main > details summary")
    browser.tap("#lost")
    browser.wait_text("nothing that they send is taken")
    expect(hub.trade(warm["subject_token"]), 400)
    browser.tap("main > details summary")
    browser.tap("#found")
    browser.wait_text("You said that it was found")
    browser.tap("li details summary")
    check(browser, "Lamp-1", focus=None)
    browser.tap(f"[id='remove-{warm['id']}']")
    browser.wait_text("You removed a sensor behind it")
    check(browser, "Lamp-1")
    assert "Sensors behind it" not in browser.text()
    expect(hub.trade(warm["subject_token"]), 400)
    assert browser.complaints() == []


def test_account_page_in_german_with_recovery_codes(make_browser):
    browser = make_browser(language="de")
    browser.open("/account")
    check(browser, "Anmelden")
    browser.sign_up("Ada")
    check(browser, "Ihr Konto")
    browser.tap("#codes")
    code = browser.wait(".codes code").text
    browser.tap("#sign-out")
    check(browser, "Anmelden")
    assert browser.run("return document.querySelector('nav')") is None
    browser.tap("#sign-in")
    check(browser, "Ihr Konto")
    assert "7 Codes" not in browser.text() and "8 Codes" in browser.text()
    browser.tap("#sign-out")
    browser.tap("main > p button.link")
    check(browser, "Code verwenden")
    browser.type("input", code)
    browser.driver.remove_all_credentials()
    browser.tap("main button[type=submit]")
    check(browser, "Neuen Passkey")
    browser.tap("main button[type=submit]")
    check(browser, "Anmelden")
    browser.tap("#sign-in")
    check(browser, "Ihr Konto")
    assert "Am " in browser.text() and "7 Codes" in browser.text()
    # On to pages of ours, and nowhere else.
    for there, title in (("/home", "Ihr Zuhause"),
            ("//evil.example/home", "Ihre Geräte"),
            ("https://[", "Ihre Geräte"), ("javascript:0", "Ihre Geräte")):
        browser.open("/sign-in?next=" + urllib.parse.quote(there))
        browser.wait_title(title)
    assert browser.complaints() == []


def test_pages_hold_nothing_but_our_own_files(browser):
    browser.open("/account")
    browser.wait("#sign-in")
    loaded = browser.run("return performance.getEntriesByType('resource')"
        ".map((e) => e.name)")
    assert loaded and all(url.startswith(browser.stack.url + "/")
        for url in loaded), loaded


@FAST
def test_by_keyboard_alone_and_errors_are_announced(browser, device):
    browser.open("/activate")
    browser.sign_up()
    check(browser, "Add your device")
    expect(device.authorize(), 200)

    def reach(name):
        """The next thing by Tab, which can be seen to have the focus."""
        for _ in range(12):
            browser.key(Keys.TAB)
            there = browser.run("const e = document.activeElement; "
                "return [e.id, getComputedStyle(e).outlineStyle]")
            assert there[1] not in ("none", "auto") or not there[0], there
            if there[0] == name:
                return
        raise AssertionError(f"no way to {name} by Tab")

    reach("code")
    browser.key("BBBB-BBBB", Keys.ENTER)
    browser.wait("[aria-live] [role=alert]")
    assert browser.run("const e = document.querySelector('#code'); return "
        "document.getElementById(e.getAttribute('aria-describedby'))"
        ".textContent").startswith("Capital")
    browser.run("document.querySelector('#code').value = ''; "
        "document.querySelector('#code').focus()")
    browser.key(device.grant["user_code"], Keys.ENTER)
    check(browser, "Is this your device?")
    # No comes first, and neither is chosen already.
    reach("deny")
    reach("approve")
    browser.key(Keys.ENTER)
    check(browser, "Added")
    device.onboard_after_yes()
    assert browser.complaints() == []


@FAST
def test_what_is_over_is_said_and_another_code_can_be_typed(browser, device):
    sign_up_and_look(browser, device)
    check(browser, "Is this your device?")
    expect(device.authorize(), 200)  # replaces it (P3)
    browser.tap("#approve")
    check(browser, "Too late")
    browser.tap("#again")
    check(browser, "Add your device")
    browser.type("#code", device.grant["user_code"])
    browser.tap("#continue")
    check(browser, "Is this your device?")


@FAST
def test_p1_scanned_code_is_half_of_it_and_other_pictures_are_none(
        browser, device):
    browser.open("/activate")
    browser.sign_up()
    check(browser, "Add your device")
    expect(device.authorize(), 200)
    link = device.grant["verification_uri_complete"]
    # This browser reads no pictures: what it would see, one after another.
    browser.before_each_page("""
        const seen = ["hello", "https://evil.example/activate#BBBBBBBB",
            "javascript:alert(1)", location.origin + "/accept#BBBBBBBB", %r];
        window.BarcodeDetector = class {
            async detect() {
                return [{ rawValue: seen.shift() }];
            }
        };""" % link)
    browser.open("/activate")
    browser.tap("#scan")
    browser.wait_text("You came by a link or picture")
    check(browser, "Add your device")
    code = device.grant["user_code"]
    assert code[5:] not in browser.text() and browser.run(
        "return document.querySelector('video')") is None
    browser.type("#code", code[5:])
    browser.tap("#continue")
    check(browser, "Is this your device?")
    assert browser.complaints() == []


@FAST
def test_owner_takes_all_data_along_and_leaves(browser, device, workdir,
        database):
    sign_up_and_look(browser, device)
    browser.tap("#approve")
    check(browser, "Added")
    device.onboard_after_yes()
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {
        "behavior": "allow", "downloadPath": str(workdir)})
    browser.open("/account")
    check(browser, "Your account")
    browser.tap("#export")
    file, = until(lambda: list(workdir.glob("account.json")))
    kept = until(lambda: file.stat().st_size and json.loads(file.read_text()))
    assert kept["account"]["name"] == "Ada Lovelace"
    assert kept["devices"][0]["serial"] == device.serial
    assert "approval.approved" in {
        e["kind"] for e in kept["devices"][0]["history"]}
    assert kept["homes"] == [] and kept["home"]["members"] == []
    browser.tap("details.deed summary")
    browser.tap("#delete")
    check(browser, "Deleted")
    assert device.renew().status_code in (401, 403)
    assert database.value("SELECT count(*) FROM owner WHERE name <> ''") == 0
    browser.open("/devices")
    check(browser, "Sign in")
