from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from ledger.formats.evidence import MAX_EVIDENCE_SIZE
from node_api.hot.routes import HotPaths
from node_api.web.forms import parse_form
from node_api.web.language import Language, choose_language
from tests.ledger.actions.homes import make_row, write_rows
from tests.support.verifying_home import VerifyingHome, ask


@pytest.fixture
def hot(unchanged: VerifyingHome) -> HotPaths:
    return unchanged.open()


def post(hot: HotPaths, document: bytes, lang: str = "zh", **fields: str) -> httpx.Response:
    files = {"file": ("a.zhenglian.json", document)}
    return ask(hot, "POST", f"/verify?lang={lang}", files=files, data=fields)


class Outline(HTMLParser):
    """Opens and closes of a page, to see that it is well-formed."""

    VOID = frozenset({"meta", "link", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.fields: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert not any(name.startswith("on") for name in given), tag
        assert "style" not in given
        if found := given.get("id"):
            self.ids.append(found)
        if tag == "label" and (target := given.get("for")):
            self.labelled.add(target)
        if tag in {"input", "select", "textarea"}:
            self.fields.add(given["id"] or "")
        if tag not in self.VOID:
            self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_well_formed_and_every_field_has_a_label(hot: HotPaths, lang: str) -> None:
    page = ask(hot, "GET", f"/verify?lang={lang}").text
    outline = Outline(page)
    assert outline.open_tags == []
    assert len(outline.ids) == len({*outline.ids})
    assert outline.fields == outline.labelled
    assert f'lang="{Language(lang).tag}"' in page


def test_the_address_alone_leads_to_the_page(hot: HotPaths) -> None:
    answer = ask(hot, "GET", "/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/verify")
    assert ask(hot, "POST", "/").status_code == 405


def test_nothing_comes_from_elsewhere_and_nothing_runs_but_our_own_file(hot: HotPaths) -> None:
    answer = ask(hot, "GET", "/verify")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert re.findall(r'(?:src|href|action)="(?!/verify|data:,|#)([^"]*)"', answer.text) == []
    for path in re.findall(r'(?:src|href)="(/verify/[^"]*)"', answer.text):
        found = ask(hot, "GET", path)
        assert "immutable" in found.headers["cache-control"]
        assert "http" not in found.text.replace("https://", "http")


def test_the_language_is_asked_for_or_the_browsers_and_else_chinese() -> None:
    assert choose_language("", "") is Language.ZH
    assert choose_language("", "fr, de;q=0.5") is Language.ZH
    assert choose_language("", "en-GB,en;q=0.9,zh-CN;q=0.3") is Language.EN
    assert choose_language("", "zh-CN,zh;q=0.9,en;q=0.8") is Language.ZH
    assert choose_language("", "en;q=0, zh") is Language.ZH
    assert choose_language("", "en;q=nonsense") is Language.ZH
    assert choose_language("en", "zh") is Language.EN
    assert choose_language("tlh", "en") is Language.EN


@pytest.mark.parametrize(
    ("lang", "verdict", "name"), [("zh", "通过", "持证人1"), ("en", "Passed", "Holder name")]
)
def test_a_posted_file_gets_its_verdict_without_a_script(
    unchanged: VerifyingHome, hot: HotPaths, lang: str, verdict: str, name: str
) -> None:
    answer = post(hot, unchanged.documents[1], lang)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert f"</span>{verdict}</p>" in answer.text
    assert name in answer.text
    assert 'class="verdict passed"' in answer.text
    Outline(answer.text)


def test_a_pasted_text_is_judged_too(unchanged: VerifyingHome, hot: HotPaths) -> None:
    text = unchanged.documents[1].decode()
    assert 'class="verdict passed"' in post(hot, b"", text=text).text


def test_the_reasons_and_the_next_step_are_said_once_each(hot: HotPaths) -> None:
    answer = post(hot, b"a photograph", "en")
    assert answer.status_code == 200
    assert answer.text.count("Ask the holder to present it again, or fetch it anew") == 1
    assert 'class="verdict failed"' in answer.text


def test_an_index_that_is_not_there_is_said_in_words(verifying: VerifyingHome) -> None:
    verifying.index.unlink()
    answer = post(verifying.open(), verifying.documents[0])
    assert 'class="verdict indeterminate"' in answer.text
    assert "本核验点暂时读不到账本" in answer.text
    assert "这不代表证照无效" in answer.text


@pytest.mark.parametrize(
    ("document", "fields", "status", "told"),
    [
        (b"", {}, 422, "还没有选择文件"),
        (b" \n", {}, 422, "还没有选择文件"),
        (bytes(MAX_EVIDENCE_SIZE + 1), {}, 413, "文件太大"),
        (bytes(3 * MAX_EVIDENCE_SIZE), {}, 413, "文件太大"),
        (b"x", {"as_of": "yesterday"}, 422, "填写的选项有误"),
        (b"x", {"relying_region": "chongqing"}, 422, "填写的选项有误"),
    ],
)
def test_what_cannot_be_verified_is_said_in_words(
    hot: HotPaths, document: bytes, fields: dict[str, str], status: int, told: str
) -> None:
    answer = post(hot, document, **fields)
    result = answer.text.partition('id="result"')[2].partition("</section>")[0]
    assert (answer.status_code, told in result) == (status, True)


def test_what_a_certificate_says_is_never_markup(verifying: VerifyingHome, tmp_path: Any) -> None:
    from ledger.actions.presentation import present
    from tests.ledger.actions.homes import identify

    evil = '<img src=x onerror="alert(1)">{FILE}'
    row = make_row(7, 企业名称=evil)
    verifying.ledger.issue(write_rows(tmp_path / "rows.csv", [row]))
    with verifying.ledger.open() as workspace:
        document = present(workspace, identify(7), None).to_json()
    page = post(verifying.open(), document).text
    assert "<img" not in page
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;{FILE}" in page


def test_the_time_that_is_asked_about_is_chinas(unchanged: VerifyingHome, hot: HotPaths) -> None:
    answer = post(hot, unchanged.documents[0], as_of="2025-01-05T10:00")
    assert "2025年1月5日 10:00:00（北京时间）" in answer.text
    assert "所问时点证照尚未颁发" in answer.text


def test_other_methods_are_refused(hot: HotPaths) -> None:
    assert ask(hot, "PUT", "/verify").status_code == 405
    assert ask(hot, "POST", "/verify/page.css").status_code == 405


def test_forms_are_read_strictly() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n'
        b"Content-Type: text/plain\r\n\r\nA\r\n--bc\r\n\r\n--b--\r\n"
    )
    assert parse_form("multipart/form-data; boundary=b", body).fields == {"file": b"A\r\n--bc\r\n"}
    whole = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nA\r\n\r\nB\r\n--b--\r\n'
    assert parse_form('multipart/form-data; boundary="b"', whole).text("text") == "A\r\n\r\nB"
