"""The page where an owner lets an app in, in a real browser."""

from harness.app import App, query_of
from harness.http import expect

from .test_pages import check


def test_owner_lets_an_app_in_and_another_time_does_not(
        browser, stack, operator):
    app = App(stack, operator, redirect_uris=[stack.url + "/done"])
    app.redirect = stack.url + "/done"

    def ask(**wishes):
        handle, verifier = app.ask(scope="devices", **wishes)
        browser.driver.get("about:blank")
        browser.open(f"/authorize#{handle}")
        return verifier

    verifier = ask()
    check(browser, "Sign in")
    browser.sign_up()
    check(browser, "Let Lamp app in?")
    assert browser.driver.current_url == stack.url + "/authorize"
    text = browser.text()
    for word in ("Ada Lovelace", "see your devices", stack.url):
        assert word in text, word
    assert "know that it is you" not in text
    sizes = [browser.wait(css).size for css in ("#allow", "#refuse")]
    assert sizes[0] == sizes[1]
    browser.tap("#allow")
    browser.wait_url("/done?")
    answer = query_of(browser.driver.current_url)
    tokens = expect(app.redeem(answer["code"], verifier), 200).json()
    expect(app.call("GET", "/v1/devices", tokens["access_token"]), 200)

    # It wants to know that it is still the owner who sits there.
    ask(prompt="login")
    check(browser, "Sign in")
    browser.tap("#sign-in")
    check(browser, "Let Lamp app in?")
    browser.tap("#refuse")
    browser.wait_url("/done?")
    assert query_of(browser.driver.current_url)["error"] == "access_denied"
