"""The panel's components as template tags. Every page may use them: the library is a template builtin.

What each one takes and when to use it: `docs/design.md`. The living example: `/styleguide`.
"""

import functools
from collections.abc import Mapping
from typing import Any, Literal

from django.core.paginator import Page
from django.template import Context, Library
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core import transport
from core.ui import ids, people, problems, shell
from core.ui import status as statuses
from core.ui.problems import Problem

register = Library()

NOTHING = SafeString("")
CALLOUT_ICONS = {
    "": "info",
    "accent": "loader-circle",
    "ok": "circle-check",
    "warn": "triangle-alert",
    "bad": "circle-x",
}


def classes(*names: str) -> str:
    """Join the class names that are not empty."""
    return " ".join(filter(None, names))


# --- Marks ---


@register.simple_tag(name="icon")
def draw_icon(name: str, size: Literal["", "small", "large"] = "", label: str = "") -> SafeString:
    """Draw an icon of `static/icons.svg`. Hidden from readers unless it stands alone and has a `label`."""
    return _drawn_icon(name, size, label) if label else _plain_icon(name, size)


@functools.lru_cache(maxsize=512)
def _plain_icon(name: str, size: str) -> SafeString:
    """A page has some fifty, most of them on every page."""
    return _drawn_icon(name, size, "")


def _drawn_icon(name: str, size: str, label: str) -> SafeString:
    return format_html(
        '<svg class="{}" {}><use href="{}#{}"/></svg>',
        classes("icon", size),
        _reading(label),
        static("icons.svg"),
        name,
    )


@register.simple_tag
def logo(size: Literal["", "large"] = "", label: str = "") -> SafeString:
    """Draw mark and wordmark."""
    return format_html(
        '<svg class="{}" {} viewBox="0 0 148 24"><use href="{}#logo"/></svg>',
        classes("logo", size),
        _reading(label),
        static("icons.svg"),
    )


def _reading(label: str) -> SafeString:
    """Return what a drawing tells screen readers: its label, or nothing at all."""
    return format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')


@register.simple_tag
def avatar(name: str, square: bool = False, size: Literal["", "large"] = "") -> SafeString:
    """Draw the initials of a person, or of a team or machine (`square`). The name itself stands beside it."""
    shape = classes("avatar", people.tone(name), "square" if square else "", size)
    return format_html('<span class="{}" aria-hidden="true">{}</span>', shape, people.initials(name))


@register.simple_tag
def person(name: str, square: bool = False) -> SafeString:
    """Show avatar and name."""
    return format_html('<span class="person">{}<span>{}</span></span>', avatar(name, square), name)


@register.simple_tag
def mono(value: object, short: int = ids.LONGEST, copy: bool = True) -> SafeString:
    """Show an id in mono, shortened in the middle beyond `short` characters (0: never). A click copies it."""
    full = "" if value is None else str(value)
    if not full:
        return format_html('<span class="quiet">{}</span>', _("none"))
    text = ids.shorten(full, short) if short else full
    if not copy:
        return format_html('<span class="id" title="{}">{}</span>', full, text)
    title = _("Copy %(value)s") % {"value": full}
    button = '<button class="id" type="button" data-copy="{}" title="{}">{}{}</button>'
    return format_html(button, full, title, text, draw_icon("copy"))


@register.simple_tag
def crumb(label: str, url: str = "") -> SafeString:
    """Show one step of the breadcrumb; the last one has no address and is the current page."""
    if not url:
        return format_html('<span aria-current="page">{}</span>', label)
    return format_html('<a href="{}">{}</a>{}', url, label, draw_icon("chevron-right"))


@register.simple_tag
def secure_context() -> bool:
    """Say whether passkeys, keys and real money may be offered here; the banner says so where they may not."""
    return transport.secure_context()


# --- States ---


@register.simple_tag
def status(kind: str, word: str, icon: str = "") -> SafeString:
    """Show a state in the vocabulary of `core.ui.status.LOOKS`: icon, word and colour."""
    return _status(statuses.status(kind, word, icon))


@register.simple_tag
def operation_status(operation: statuses.OperationState) -> SafeString:
    """Show the state of an operation."""
    return _status(statuses.operation_status(operation))


def _status(shown: statuses.Status) -> SafeString:
    tone = classes("status", shown.look.tone)
    return format_html('<span class="{}">{}{}</span>', tone, draw_icon(shown.look.icon), shown.word)


@register.simple_tag
def live(url: str, delay: int | None) -> SafeString:
    """Return the attributes of a fragment that asks `url` for its successor in `delay` ms; none at the end.

    The successor replaces the element and states the next delay itself (poll.js).
    """
    if not delay:
        return NOTHING
    return format_html('hx-get="{}" hx-trigger="poll" hx-swap="outerHTML" data-poll="{}"', url, int(delay))


register.filter("phase_word", statuses.phase_word)


# --- Blocks ---


@register.simple_block_tag
def callout(
    content: str, kind: str = "", title: str = "", action: str = "", url: str = "", icon: str = ""
) -> SafeString:
    """Say something beside the flow: accent in motion, warn to decide, bad broken, ok, or nothing to know."""
    head = format_html("<b>{}</b> ", title) if title else NOTHING
    button = format_html('<div class="actions"><a class="button small" href="{}">{}</a></div>', url, action)
    return format_html(
        '<div class="{}"{}>{}<div>{}<div class="soft callout-text">{}</div></div>{}</div>',
        classes("callout", kind),
        SafeString(' role="alert"') if kind == "bad" else NOTHING,
        draw_icon(icon or CALLOUT_ICONS[kind]),
        head,
        content,
        button if action and url else NOTHING,
    )


@register.simple_block_tag
def emptystate(content: str, icon: str, title: str, level: int = 2) -> SafeString:
    """Fill an empty place: what it is for, and (inside, in a `div.row`) the next step."""
    return format_html(
        '<div class="empty">{}<h{} class="empty-title">{}</h{}>{}</div>',
        draw_icon(icon),
        level,
        title,
        level,
        content,
    )


@register.inclusion_tag("components/_pages.html", takes_context=True)
def pages(context: Context, page: "Page[Any]", older: str = "", newer: str = "") -> dict[str, object]:
    """Show where a page of a list stands and the way to its neighbours; other query parameters are kept."""
    return {
        "request": context["request"],
        "page": page,
        "older": older or _("Older"),
        "newer": newer or _("Newer"),
    }


@register.inclusion_tag("components/_error_box.html")
def error_box(error: Mapping[str, Any], title: str = "") -> dict[str, Problem | str]:
    """Explain a canonical error: what happened, what changed, is it safe, what next, code and trace."""
    return {"problem": problems.problem(error), "title": title}


@register.inclusion_tag("components/_cli.html")
def cli(words: str, *values: object, then: str = "", base: str = "", note: str = "") -> dict[str, str]:
    """Fold away the equal CLI command: `words` with each quoted value for a `{}`, or behind. Never a secret.

    `then` is a second command, `base` the gateway's URL, `note` what the command does not say.
    """
    lines = (shell.at_base(base), shell.command(words, *values), then)
    return {"lines": "\n".join(filter(None, lines)), "note": note}
