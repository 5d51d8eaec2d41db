"""The page in a real browser: as a clerk, on a phone, without scripts, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from node_api.doors import Door, DoorApp, Receive, Scope, Send
from tests.support.asgi_server import serve
from tests.support.chromium import Page, open_browser
from tests.support.verifying_home import VerifyingHome

SHOWN = "!document.getElementById('result').hidden"
VERDICT = "document.querySelector('#result .verdict')"


class Site:
    """The page as a front serves it; `status` makes the node refuse what is posted."""

    def __init__(self, home: VerifyingHome) -> None:
        self._hot = home.open()
        self.status = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.status and scope["method"] == "POST":
            headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"2")]
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            await send({"type": "http.response.body", "body": b"{}"})
            return
        await self._hot(scope, receive, send)


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with open_browser() as page:
        yield page


@pytest.fixture(scope="module")
def site(unchanged: VerifyingHome) -> Site:
    return Site(unchanged)


@pytest.fixture(scope="module")
def url(site: Site) -> Iterator[str]:
    with serve(DoorApp(site, Door.PUBLIC)) as base:
        yield f"{base}/verify"


@pytest.fixture(scope="module")
def files(unchanged: VerifyingHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("files")
    (directory / "genuine.zhenglian.json").write_bytes(unchanged.documents[0])
    (directory / "photo.jpg").write_bytes(b"\xff\xd8\xff" + bytes(2_000))
    (directory / "scan.pdf").write_bytes(bytes(2 << 20))
    return directory


def verify(page: Page, url: str, file: Path, lang: str = "zh") -> str:
    """Picks a file, presses the button, and gives the class of the verdict."""
    page.open(f"{url}?lang={lang}")
    page.choose_file("#file", file)
    return press(page)


def press(page: Page) -> str:
    page.evaluate("document.getElementById('submit').click()")
    page.wait(SHOWN)
    return str(page.evaluate(f"{VERDICT}.className"))


def text(page: Page, selector: str = "#result") -> str:
    return str(page.evaluate(f"document.querySelector('{selector}').innerText"))


@pytest.mark.parametrize("width", [1000, 360])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_verdict_is_read_without_scrolling_sideways(
    browser: Page, url: str, files: Path, width: int, lang: str
) -> None:
    browser.set_width(width)
    assert verify(browser, url, files / "genuine.zhenglian.json", lang) == "verdict passed"
    told = text(browser)
    assert ("通过" if lang == "zh" else "Passed") in told
    assert "持证人0" in told
    assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.evaluate("document.activeElement.id") == "result"
    browser.evaluate("document.querySelector('#result details').open = true")
    assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.complaints == []


def test_another_file_is_verified_on_the_same_page(browser: Page, url: str, files: Path) -> None:
    assert verify(browser, url, files / "genuine.zhenglian.json") == "verdict passed"
    browser.choose_file("#file", files / "photo.jpg")
    browser.evaluate("document.getElementById('submit').click()")
    browser.wait(f"{VERDICT}.className === 'verdict failed'")
    assert "文件不是完整的证照" in text(browser)
    assert text(browser, "#chosen") == "photo.jpg"


def test_words_are_said_where_there_is_no_verdict(
    browser: Page, site: Site, url: str, files: Path
) -> None:
    browser.open(url)
    assert press(browser) == "verdict problem"
    assert "No file has been chosen" in text(browser) or "还没有选择文件" in text(browser)
    verify(browser, url, files / "scan.pdf")
    assert "文件太大" in text(browser)
    for status, told in ((429, "现在核验的人太多"), (503, "暂时不可用"), (413, "文件太大")):
        site.status = status
        try:
            verify(browser, url, files / "genuine.zhenglian.json")
        finally:
            site.status = 0
        assert told in text(browser)
    browser.complaints.clear()  # the browser notes every refused request


def test_a_clerk_without_a_network_is_told_so(browser: Page, url: str, files: Path) -> None:
    browser.open(f"{url}?lang=zh")
    browser.choose_file("#file", files / "genuine.zhenglian.json")
    browser.set_offline(offline=True)
    try:
        assert press(browser) == "verdict problem"
    finally:
        browser.set_offline(offline=False)
    assert "连不上核验服务" in text(browser)
    assert press(browser)
    browser.wait(f"{VERDICT}.className === 'verdict passed'")
    browser.complaints.clear()


def test_the_form_works_without_scripts(browser: Page, url: str, files: Path) -> None:
    browser.set_scripts(enabled=False)
    try:
        browser.open(f"{url}?lang=zh")
        browser.choose_file("#file", files / "genuine.zhenglian.json")
        assert browser.evaluate("document.getElementById('submit').click()") is None
        browser.wait(f"{VERDICT} && {VERDICT}.className === 'verdict passed'")
        assert "打印结果" not in text(browser)
    finally:
        browser.set_scripts(enabled=True)
    assert browser.complaints == []


def test_the_page_can_be_used_by_keyboard_alone(browser: Page, url: str) -> None:
    browser.open(f"{url}?lang=zh")
    reached = []
    for _ in range(6):
        for kind in ("keyDown", "keyUp"):
            browser.call(
                "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9
            )
        reached.append(
            browser.evaluate("document.activeElement.id || document.activeElement.tagName")
        )
    assert reached == ["A", "A", "file", "SUMMARY", "SUMMARY", "submit"]
