"""Money, sizes, times and shares as template tags; the words and rounding stand in `core.ui`."""

from datetime import datetime

from django.template import Library
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.templatetags.panel import NOTHING, classes
from core.ui import figures, times
from core.ui import money as moneys

register = Library()

NEARLY_FULL = 80


def quiet(text: str) -> SafeString:
    """Show what stands where a figure is missing."""
    return format_html('<span class="quiet">{}</span>', text)


# --- Money ---


@register.simple_tag
def stamp(network: str | None, long: bool = False) -> SafeString:
    """Draw the TEST or REAL stamp of a network; nothing for one whose kind of money is not known."""
    kind = moneys.money_kind(network)
    if kind is None:
        return NOTHING
    word = moneys.OWN_STAMPS.get(network or "") or (moneys.LONG_STAMPS if long else moneys.STAMPS)[kind]
    return format_html('<span class="net {}">{}</span>', kind, word)


@register.simple_tag
def money(
    micros: int | None,
    network: str | None = None,
    exact: bool = False,
    figure: bool = False,
    stamped: bool = True,
) -> SafeString:
    """Show micros as USD, exact on hover, with the stamp of `network` (CAIP-2 id, `test` or `real`)."""
    if micros is None:
        return quiet(_("not known yet"))
    kind = moneys.money_kind(network)
    return format_html(
        '<span class="{}" title="{}">{}{}</span>',
        classes("money", "figure" if figure else "", kind or ""),
        _("%(micros)s micro-USD") % {"micros": micros},
        moneys.usd(micros, exact=exact),
        format_html(" {}", stamp(network)) if stamped and kind else NOTHING,
    )


@register.simple_tag
def cost(micros: int, network: str | None = None) -> SafeString:
    """Show a price inside a button, behind its perforation, with all its digits; `Free` without a network."""
    if not micros and not moneys.money_kind(network):
        return format_html('<span class="cost">{}</span>', _("Free"))
    return format_html('<span class="cost">{} {}</span>', moneys.usd(micros, exact=True), stamp(network))


@register.simple_block_tag
def ticket(content: str, label: str, micros: int, network: str | None = None, text: str = "") -> SafeString:
    """Announce money about to move: label, stamp and sum; the content is the foot (from, to, after)."""
    kind = moneys.money_kind(network)
    free = format_html('<span class="badge line">{}</span>', _("Free"))
    return format_html(
        '<section class="ticket {}" aria-label="{}"><div class="stack"><div class="row ends">'
        '<span class="label">{}</span>{}</div>{}{}</div><div>{}</div></section>',
        kind or "plain",
        label,
        label,
        stamp(network, long=True) if kind else free,
        money(micros, network, exact=True, figure=True, stamped=False),
        format_html('<p class="soft">{}</p>', text) if text else NOTHING,
        content,
    )


@register.filter
def usd(micros: int) -> str:
    """Return micros as plain text with all digits, for a sentence or an attribute."""
    return moneys.usd(micros, exact=True)


# --- Times, sizes, shares ---


@register.simple_tag
def ago(moment: datetime | None, never: str = "") -> SafeString:
    """Show how long ago (or in how long) a moment is; the exact time on hover. time.js keeps it fresh."""
    if moment is None:
        return quiet(never or _("never"))
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        moment.isoformat(),
        times.exactly(moment),
        times.relative(moment),
    )


@register.simple_tag
def lease_left(end: datetime | None, start: datetime | None = None) -> SafeString:
    """Count down to the end of a lease (elapsed.js goes on); with its start, a bar of how much is used."""
    if end is None:
        return NOTHING
    seconds = (end - timezone.now()).total_seconds()
    if seconds <= 0:
        return format_html('<span class="lease">{} {}</span>', _("ended"), ago(end))
    whole = (end - start).total_seconds() if start and start < end else 0
    words, label = times.duration(seconds), _("Share of the lease that is used")
    bar = format_html(" {}", meter(max(whole - seconds, 0), whole, label)) if whole else NOTHING
    left = format_html('<span data-left="{}">{}</span>', int(seconds), words)
    return format_html(
        '<span class="lease"><time datetime="{}" title="{}">{}</time>{}</span>',
        end.isoformat(),
        times.exactly(end),
        _left(left),
        bar,
    )


def _left(words: SafeString) -> SafeString:
    before, _mark, after = _("{time} left").partition("{time}")
    return format_html("{}{}{}", before, words, after)


@register.simple_tag
def relative_words() -> SafeString:
    """Return the words of relative times as data attributes, for time.js."""
    return format_html_join(" ", 'data-{}="{}"', times.WORDS.items())


@register.simple_tag(name="bytes")
def size(count: int | None) -> SafeString:
    """Show a size, the exact number of bytes on hover."""
    if count is None:
        return quiet(_("not known"))
    title = _("%(count)s bytes") % {"count": figures.grouped(count)}
    return format_html('<span class="nobr" title="{}">{}</span>', title, figures.size(count))


@register.simple_tag
def meter(value: float, whole: float, label: str = "", adds: float = 0, kind: str = "") -> SafeString:
    """Draw how much of a whole is used and what is added. Without `kind` the colour follows the share."""
    used, after = figures.percent(value, whole), figures.percent(value + adds, whole)
    alarm = "over" if value + adds > whole > 0 else "near" if after >= NEARLY_FULL else ""
    first = _bar(kind or ("used" if adds else alarm or "used"), 0, used)
    second = _bar(alarm or "adds", used, after - used) if adds else NOTHING
    name = label or _("%(percent)s percent") % {"percent": f"{used:g}"}
    return format_html('<svg class="meter" role="img" aria-label="{}">{}{}</svg>', name, first, second)


@register.simple_tag
def used(value: int | None, whole: int | None, what: str, as_bytes: bool = False) -> SafeString:
    """Show how much of `what` is used: the figure with its limit on hover, and a bar where the limit is known."""
    if value is None:
        return quiet(_("not read"))
    write = figures.size if as_bytes else figures.grouped
    shown = write(value)
    if not whole:
        return format_html('<span title="{}">{}</span>', shown, shown)
    title = _("%(shown)s of %(whole)s") % {"shown": shown, "whole": write(whole)}
    label = _("%(what)s: %(share)s percent") % {"what": what, "share": figures.percent(value, whole)}
    return format_html('<span title="{}">{}</span>{}', title, shown, meter(value, whole, label))


def _bar(kind: str, start: float, width: float) -> SafeString:
    rect = '<rect class="{}" x="{}%" width="{}%" height="100%"/>'
    return format_html(rect, kind, f"{start:g}", f"{width:g}")


register.filter("bytes", figures.size)
register.filter("grouped", figures.grouped)
register.filter("counted", figures.counted)
register.filter("duration", times.duration)
register.filter("network_name", moneys.network_name)
register.filter("money_kind", moneys.money_kind)
