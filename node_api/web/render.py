"""The page's HTML. Every value goes through `escape`; nothing else writes markup."""

from __future__ import annotations

from html import escape
from typing import Final

from ledger.identifiers import RegionCode
from ledger.identifiers.regions import list_provinces
from node_api.web import words
from node_api.web.language import Language
from node_api.web.result import render_problem, say


def render_page(
    language: Language,
    result: str,
    *,
    own_region: RegionCode | None,
    style: str,
    script: str,
) -> str:
    """The whole page.

    Args:
        result: HTML of a verdict or a problem; empty before there is one.
        own_region: who relies where nobody is named.
    """
    told = {name: say(language, getattr(words, name)) for name in _TEXTS}
    problems = "".join(
        f'<template data-problem="{name}">{render_problem(language, name)}</template>'
        for name in words.PROBLEMS
    )
    other = language.other
    return _PAGE.format(
        lang=language.tag,
        language=language,
        other=other,
        other_tag=other.tag,
        style=escape(style),
        script=escape(script),
        regions=_render_regions(language, own_region),
        problems=problems,
        result=result,
        hidden="" if result else " hidden",
        **told,
    )


def _render_regions(language: Language, own: RegionCode | None) -> str:
    names = dict(list_provinces())
    options = []
    if own is not None:
        name = names.get(str(own)[:2], str(own))
        options.append(("", say(language, words.REGION_DEFAULT, name=name)))
    options.append(("none", say(language, words.REGION_NONE)))
    options += [(f"{prefix}0000", escape(name)) for prefix, name in names.items()]
    return "".join(f'<option value="{value}">{text}</option>' for value, text in options)


_TEXTS: Final = (
    *("TITLE", "INTRODUCTION", "FILE", "FILE_HINT", "PASTE", "PASTE_LABEL", "MORE", "REGION"),
    *("AS_OF", "AS_OF_HINT", "SUBMIT", "WORKING", "CHOOSE", "NONE_CHOSEN", "SWITCH", "SKIP"),
    *("RESULT", "ANOTHER", "PRINT", "FOOT"),
)
_PAGE: Final = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{TITLE}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{style}">
<script src="{script}" defer></script>
</head>
<body>
<a class="skip" href="#result">{SKIP}</a>
<header>
<h1>{TITLE}</h1>
<a class="switch" href="/verify?lang={other}" lang="{other_tag}" hreflang="{other_tag}">{SWITCH}</a>
</header>
<main>
<section id="result" aria-live="polite" tabindex="-1" aria-label="{RESULT}"{hidden}>
{result}</section>
<form method="post" action="/verify?lang={language}" enctype="multipart/form-data" id="form">
<p class="introduction">{INTRODUCTION}</p>
<label class="drop" for="file" id="drop">
<span class="label">{FILE}</span>
<input type="file" id="file" name="file" aria-describedby="file-hint">
<span class="picker" aria-hidden="true"><span class="pick">{CHOOSE}</span>
<span id="chosen">{NONE_CHOSEN}</span></span>
<span class="hint" id="file-hint">{FILE_HINT}</span>
</label>
<details>
<summary>{PASTE}</summary>
<label for="text">{PASTE_LABEL}</label>
<textarea id="text" name="text" rows="5" spellcheck="false" autocomplete="off"></textarea>
</details>
<details>
<summary>{MORE}</summary>
<label for="relying_region">{REGION}</label>
<select id="relying_region" name="relying_region">{regions}</select>
<label for="as_of">{AS_OF}</label>
<input type="datetime-local" id="as_of" name="as_of" aria-describedby="as-of-hint">
<span class="hint" id="as-of-hint">{AS_OF_HINT}</span>
</details>
<button type="submit" id="submit" data-working="{WORKING}">{SUBMIT}</button>
</form>
</main>
<footer>{FOOT}</footer>
{problems}
</body>
</html>
"""
