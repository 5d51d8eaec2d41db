"""GET and POST /verify: the page, and the same page with a verdict in it.

The form works without JavaScript; the script only sends it without leaving the page. Both get the
result from here, so that the words are in one place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from importlib import resources
from typing import Final

from ledger.errors import LedgerError, MalformedInputError
from ledger.formats.civil_time import CHINA
from ledger.formats.evidence import MAX_EVIDENCE_SIZE
from node_api.doors import Receive, Scope, Send, header_of
from node_api.hot.http import answer, answer_problem, method_not_allowed, read_body
from node_api.hot.verify import VerifyHandler
from node_api.web.forms import Form, parse_form
from node_api.web.language import Language, choose_language
from node_api.web.render import render_page
from node_api.web.result import render_problem, render_result

PAGE_PATH: Final = "/verify"
DOOR_PATH: Final = "/"
"""Where whoever types a node's address alone is sent on to the page."""
FILES: Final[Mapping[str, tuple[str, bytes]]] = {
    "/verify/page.css": ("page.css", b"text/css; charset=utf-8"),
    "/verify/page.js": ("page.js", b"text/javascript; charset=utf-8"),
}
PagePaths: Final = frozenset({PAGE_PATH, DOOR_PATH, *FILES})
_MAX_FORM_BYTES: Final = 2 * MAX_EVIDENCE_SIZE + 16 * 1024
_KEPT: Final = ((b"cache-control", b"public, max-age=31536000, immutable"),)
_SECURITY: Final = (
    (
        b"content-security-policy",
        b"; ".join(
            (
                b"default-src 'none'",
                *(b"style-src 'self'", b"script-src 'self'", b"connect-src 'self'"),
                *(b"img-src data:", b"form-action 'self'", b"base-uri 'none'"),
                b"frame-ancestors 'none'",
            )
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_LANGUAGE: Final = re.compile(rb"(?:^|&)lang=(zh|en)(?:&|$)")
_HTML: Final = b"text/html; charset=utf-8"


class VerificationPage:
    """Plain ASGI.

    Args:
        verify: judges what is posted.
    """

    def __init__(self, verify: VerifyHandler) -> None:
        self._verify = verify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        try:
            if scope["path"] in FILES:
                await self._send_file(scope, send)
            elif scope["path"] == DOOR_PATH:
                await self._send_on(scope, send)
            else:
                await self._send_page(scope, receive, send)
        except LedgerError as error:
            await answer_problem(scope, send, error, _SECURITY)
        except ConnectionError:
            return

    async def _send_file(self, scope: Scope, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise method_not_allowed(scope, "GET")
        name, content_type = FILES[scope["path"]]
        content, _ = read_file(name)
        await answer(send, content, content_type=content_type, headers=(*_KEPT, *_SECURITY))

    async def _send_on(self, scope: Scope, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise method_not_allowed(scope, "GET")
        headers = ((b"location", PAGE_PATH.encode()), (b"cache-control", b"no-cache"), *_SECURITY)
        await answer(send, b"", status=HTTPStatus.FOUND, content_type=_HTML, headers=headers)

    async def _send_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _LANGUAGE.search(scope["query_string"])
        language = choose_language(
            asked[1].decode() if asked else "", header_of(scope, b"accept-language") or ""
        )
        status, result = HTTPStatus.OK, ""
        if scope["method"] == "POST":
            status, result = await self._judge(scope, receive, language)
        elif scope["method"] not in ("GET", "HEAD"):
            raise method_not_allowed(scope, "GET", "POST")
        page = render_page(
            language,
            result,
            own_region=self._verify.default_region,
            style=f"/verify/page.css?v={read_file('page.css')[1]}",
            script=f"/verify/page.js?v={read_file('page.js')[1]}",
        )
        headers = (
            (b"cache-control", b"no-store" if result else b"no-cache"),
            (b"content-language", language.tag.encode()),
            (b"vary", b"accept-language"),
            *_SECURITY,
        )
        await answer(send, page.encode(), status=status, content_type=_HTML, headers=headers)

    async def _judge(
        self, scope: Scope, receive: Receive, language: Language
    ) -> tuple[HTTPStatus, str]:
        """Status and result of a posted form."""
        try:
            body = await read_body(scope, receive, _MAX_FORM_BYTES)
            form = parse_form(header_of(scope, b"content-type") or "", body)
            document = form.fields.get("file") or form.text("text").encode()
            if len(document) > MAX_EVIDENCE_SIZE:
                return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, render_problem(language, "too_large")
            if not document.strip():
                return HTTPStatus.UNPROCESSABLE_ENTITY, render_problem(language, "empty")
        except MalformedInputError as error:
            if error.code == "body_too_large":
                return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, render_problem(language, "too_large")
            return HTTPStatus.UNPROCESSABLE_ENTITY, render_problem(language, "empty")
        try:
            question = self._verify.read_question(_read_query(form))
        except MalformedInputError:
            return HTTPStatus.UNPROCESSABLE_ENTITY, render_problem(language, "question")
        verdict, document_of_it = self._verify.judge(document, question)
        return HTTPStatus.OK, render_result(language, verdict, document_of_it)


def _read_query(form: Form) -> dict[str, str]:
    """The form's options as the parameters that the API takes."""
    given = {"relying_region": form.text("relying_region"), "as_of": _to_time(form.text("as_of"))}
    return {name: value for name, value in given.items() if value}


def _to_time(text: str) -> str:
    """A browser's local time is China's here, and says so."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return found.isoformat() if found.tzinfo else found.replace(tzinfo=CHINA).isoformat()


@cache
def read_file(name: str) -> tuple[bytes, str]:
    """A file of the page, and a name of its content that changes with it."""
    content = (resources.files("node_api.web") / "files" / name).read_bytes()
    return content, sha256(content).hexdigest()[:12]
