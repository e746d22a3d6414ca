"""The words of the pages: in each language, and every one that is used."""

import re

from harness.process import REPO

LITERAL = re.compile(r'"([a-z]+(?:[.-][a-z-]+)*)"')
TEMPLATE = re.compile(r"`([a-z.-]*\$\{[^`]*)`")


def words_of(browser):
    browser.open("/sign-in")
    browser.wait("#sign-in")
    return browser.driver.execute_async_script("""
        const done = arguments[0];
        import("/assets/strings.js").then(({ default: s }) => done(s));""")


def test_every_word_that_is_used_is_there_in_each_language(browser):
    words = words_of(browser)
    assert set(words) == {"en", "de"}
    assert words["en"].keys() == words["de"].keys()
    for key, text in words["en"].items():
        fields = [sorted(re.findall(r"\{\w+\}", words[language][key]))
            for language in words]
        assert fields[0] == fields[1], key
        assert text.strip() and words["de"][key].strip(), key
    used, patterns = set(), []
    for file in (REPO / "api/web").glob("*.js"):
        if file.name == "strings.js":
            continue
        text = file.read_text()
        asked = set(re.findall(r'\bt\("([^"]+)"', text))
        assert asked <= words["en"].keys(), (file, asked)
        used |= set(LITERAL.findall(text))
        for template in TEMPLATE.findall(text):
            parts = re.split(r"\$\{[^}]*\}", template)
            patterns.append(re.compile(".+".join(map(re.escape, parts))))
    # Keys with a dot that stand as text are keys.
    dotted = {word for word in used if re.match(
        "(fact|how|check|network|before|first|home|state)\\.", word)}
    assert dotted <= words["en"].keys(), dotted - words["en"].keys()
    idle = {key for key in words["en"] if key not in used and
        not any(p.fullmatch(key) for p in patterns)}
    assert idle == set()
