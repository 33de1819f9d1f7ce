"""What every page of ours has: one file, its own looks, nothing fetched, and a policy that keeps it so."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import markupsafe

from journey_lib import i18n, theme
from journey_lib.model import Language

TEMPLATES = Path(__file__).parent / "templates"
_PACKED = re.compile(r'(?<=id="drawings">)[\w+/=]+')

# Nothing may be loaded, sent or framed. Scripts run only if their hash is named; styles are inline, ours
# and Vega's.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src {scripts}; img-src data: blob:; "
    "font-src data:; base-uri 'none'; form-action 'none'"
)


def render(
    template: str,
    *,
    language: Language,
    scripts: Iterable[str] = (),
    trusted: Iterable[str] = (),
    styles: Iterable[str] = (),
    **content: Any,
) -> str:
    """One complete HTML document from ``templates/<template>``, in one language.

    `scripts` are files under ``templates/`` that run at the end of the page; `trusted` are texts of scripts
    that the page itself unpacks and runs; `styles` are further style sheets. Whatever is in
    `content` is escaped unless it is `markupsafe.Markup`.
    """
    environment = _environment()
    head = source("page/head.js")
    tail = "\n".join(source(name) for name in ("page/page.js", *scripts))
    hashes = " ".join(f"'sha256-{_hash(code)}'" for code in (head, tail, *trusted))
    folder = template.partition("/")[0]
    looks = theme.css() + source("page/page.css") + source(f"{folder}/{folder}.css")
    looks += "".join(map(source, styles))
    return environment.get_template(template).render(
        language=language,
        policy=_POLICY.format(scripts=hashes),
        looks=markupsafe.Markup(re.sub(r"\s*\n\s*", "\n", looks)),  # noqa: S704 - our own style sheets
        head=markupsafe.Markup(head),  # noqa: S704 - our own scripts
        tail=markupsafe.Markup(tail),  # noqa: S704
        _=functools.partial(i18n.text, language=language),
        **content,
    )


def piece(template: str, *, language: Language, **content: Any) -> markupsafe.Markup:
    """Part of a page from ``templates/<template>``, in one language; `content` is escaped as in `render`."""
    made = (
        _environment()
        .get_template(template)
        .render(language=language, _=functools.partial(i18n.text, language=language), **content)
    )
    return markupsafe.Markup(made)  # noqa: S704 - the environment escapes whatever is put into a template


def data(value: Any) -> markupsafe.Markup:
    """`value` as JSON that may stand inside a ``<script>`` element: no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Only a "<" can begin "</script" or "<!--"; the rest is for readers that are not browsers.
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return markupsafe.Markup(text)  # noqa: S704 - escaped above


def packed(text: str) -> str:
    """What a page carries for its script to unpack: a quarter of the bytes, the same for the same text."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def unpacked(page: str) -> str:
    """The page with the data it carries `packed` written out: to look through all that it says."""
    return _PACKED.sub(lambda found: gzip.decompress(base64.b64decode(found[0])).decode(), page)


def _hash(code: str) -> str:
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


@functools.cache
def source(name: str) -> str:
    """The text of a file under ``templates/``."""
    return (TEMPLATES / name).read_text(encoding="utf-8").strip()


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
