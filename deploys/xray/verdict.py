"""A resolution as a person reads it: one sentence, the stations a request passes, what may help, and every word."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from deploys.xray import words
from run402.resources import verdicts
from run402.resources.resolve import Resolution, read_resolution

OK, NOW, WARN, BAD, LATER = "ok", "now", "warn", "bad", "later"
ICONS = {
    OK: "circle-check",
    NOW: "arrow-right",
    WARN: "triangle-alert",
    BAD: "circle-x",
    LATER: "circle-dashed",
}
_PASSES = (None, "authorized", "not_applicable")


@dataclass(frozen=True)
class Station:
    """One thing that is looked at on the way. `word` is the gateway's own word for what it found."""

    state: str
    title: str
    sub: str
    word: str = ""

    @property
    def icon(self) -> str:
        return ICONS[self.state]


@dataclass(frozen=True)
class Help:
    """What may help: a code of the contract as a sentence. `way` names the project's page for it, if there is one."""

    code: str
    sentence: str
    way: str


@dataclass(frozen=True)
class Verdict:
    """The answer to a question. `raw` is everything the gateway said, as JSON."""

    would_serve: bool
    status: int
    sentence: str
    category: str
    stations: tuple[Station, ...]
    helps: tuple[Help, ...]
    facts: tuple[tuple[str, str], ...]
    pattern: str
    release_id: str
    raw: str


def verdict_of(answer: Mapping[str, Any], hidden_file: str = "") -> Verdict:
    """Put the answer into words. `hidden_file` is a file of the site that would answer if no route were there.

    Raises ValueError when the answer is none.
    """
    found = read_resolution(dict(answer))
    return Verdict(
        would_serve=found.would_serve,
        status=found.result,
        sentence=_sentence(found),
        category=words.explained(words.CATEGORIES, found.category),
        stations=tuple(_stations(found, hidden_file)),
        helps=tuple(
            Help(code, words.explained(words.STEPS, code), words.WAYS.get(code, ""))
            for code in found.next_steps
        ),
        facts=tuple((label, value) for label, value in _facts(found) if value),
        pattern=str((found.route or {}).get("pattern") or ""),
        release_id=found.release_id or "",
        raw=json.dumps(dict(answer), indent=2, ensure_ascii=False, sort_keys=True),
    )


def _sentence(found: Resolution) -> str:
    """Say in one sentence what decided."""
    if found.match in ("route_function", "route_static_alias") and found.would_serve:
        target, pattern = _target(found), (found.route or {}).get("pattern")
        return _("The route %(pattern)s leads to %(target)s.") % {"pattern": pattern, "target": target}
    if found.match == "route_method_miss" and found.allow:
        said = _("A route matches the path, but answers only %(methods)s.")
        return said % {"methods": ", ".join(found.allow)}
    if found.authorization_result not in _PASSES:
        return words.said(verdicts.AUTHORIZATIONS, found.authorization_result)
    if found.match == "none" and found.fallback_state is not None:
        first, second = words.said(verdicts.MATCHES, found.match), _fallback(found)
        return f"{first} {second}"
    return words.said(verdicts.MATCHES, found.match)


def _target(found: Resolution) -> str:
    target = (found.route or {}).get("target")
    target = target if isinstance(target, Mapping) else {}
    if target.get("type") == "function":
        return _("the function %(name)s") % {"name": target.get("name")}
    return _("the file %(file)s") % {"file": target.get("file") or found.asset_path or "?"}


def _fallback(found: Resolution) -> str:
    return words.said(verdicts.FALLBACKS, found.fallback_state)


def _stations(found: Resolution, hidden_file: str) -> list[Station]:
    """Return every station in the order of serving (contract: apply 3.7); those behind the first that fails wait."""
    stations: list[Station] = []
    for look in (_host, _release, _path, _route, _file, _access, _entry_page):
        stopped = any(station.state == BAD for station in stations)
        station = look(found)
        if station is not None:
            stations.append(_not_reached(station) if stopped and station.state != WARN else station)
    if hidden_file:
        at = next((n for n, station in enumerate(stations) if station.state == NOW), len(stations) - 1)
        stations.insert(at + 1, _hidden(hidden_file))
    return stations


def _not_reached(station: Station) -> Station:
    return Station(LATER, station.title, _("not reached"), station.word)


def _hidden(file: str) -> Station:
    said = _("%(file)s would answer if the route were not there.") % {"file": file}
    return Station(WARN, _("A file of the site is hidden"), said)


def _host(found: Resolution) -> Station:
    name = found.hostname or ""
    if found.match == "host_missing":
        return Station(BAD, _("Host"), words.said(verdicts.MATCHES, found.match), found.match)
    known = (found.raw.get("binding_status"), found.raw.get("channel"))
    told = [str(value) for value in known if value]
    return Station(OK, _("Host is bound"), ", ".join([name, *told]), str(known[0] or ""))


_RELEASE_TROUBLE = ("active_release_missing", "manifest_missing", "unsupported_manifest_version")


def _release(found: Resolution) -> Station:
    if found.match in _RELEASE_TROUBLE:
        return Station(BAD, _("Release"), words.said(verdicts.MATCHES, found.match), found.match)
    generation = found.raw.get("release_generation")
    said = _("generation %(number)s") % {"number": generation} if generation is not None else ""
    return Station(
        OK, _("Release is live"), said or found.release_id or _("The gateway does not say which one.")
    )


def _path(found: Resolution) -> Station | None:
    if found.match != "path_error":
        return None
    said = words.said(verdicts.MATCHES, found.match)
    return Station(BAD, _("Path"), said, str(found.raw.get("error_code") or found.match))


def _route(found: Resolution) -> Station:
    route = found.route or {}
    if found.match == "route_method_miss":
        return Station(
            BAD, _("Route %(pattern)s") % {"pattern": route.get("pattern", "")}, _methods(found), found.match
        )
    if not route:
        return Station(LATER, _("No route matches"), _("The files of the site are looked at."))
    title = _("Route %(pattern)s") % {"pattern": route.get("pattern", "")}
    sub = _("leads to %(target)s, %(methods)s") % {"target": _target(found), "methods": _asked(route)}
    return Station(NOW, title, sub, found.match)


def _methods(found: Resolution) -> str:
    if not found.allow:
        return words.said(verdicts.MATCHES, found.match)
    return _("It answers %(methods)s and not this method.") % {"methods": ", ".join(found.allow)}


def _asked(route: Mapping[str, Any]) -> str:
    methods = route.get("methods")
    return ", ".join(map(str, methods)) if isinstance(methods, list) and methods else _("any method")


def _file(found: Resolution) -> Station | None:
    if found.match in ("static_exact", "static_index", "spa_fallback"):
        return Station(
            NOW, found.asset_path or _("File"), words.said(verdicts.MATCHES, found.match), found.match
        )
    if found.match == "route_static_alias":
        return Station(
            OK, found.asset_path or _("File"), words.said(verdicts.MATCHES, found.match), found.match
        )
    if found.match in ("none", "spa_fallback_missing"):
        return Station(BAD, _("Files of the site"), words.said(verdicts.MATCHES, found.match), found.match)
    if found.match in verdicts.MATCHES:
        return None
    return Station(WARN, _("Match"), words.said(verdicts.MATCHES, found.match), found.match)


def _access(found: Resolution) -> Station | None:
    word = found.authorization_result
    if word is None:
        return None
    said = words.said(verdicts.AUTHORIZATIONS, word)
    if word == "not_applicable":
        return Station(OK if found.authorized else LATER, _("Access"), said, word)
    good = word == "authorized" and not found.bytes_missing
    return Station(OK if good else BAD, _("Access and stored bytes"), said, word)


def _entry_page(found: Resolution) -> Station | None:
    if found.fallback_state is None:
        return None
    state = OK if found.fallback_state == "used" else LATER
    if found.fallback_state not in verdicts.FALLBACKS:
        state = WARN
    return Station(state, _("Entry page of the app"), _fallback(found), found.fallback_state)


def _facts(found: Resolution) -> list[tuple[str, str]]:
    raw = found.raw
    text: Callable[[str], str] = lambda name: str(raw.get(name) or "")  # noqa: E731 - one line for seven names
    stored = found.cas_object or {}
    return [
        (_("File"), found.asset_path or ""),
        (_("Reachable"), words.explained(words.AUTHORITIES, text("reachability_authority"))),
        (_("Type"), found.content_type or ""),
        (_("Kept by browsers"), words.explained(words.CACHE_CLASSES, found.cache_class)),
        (_("Header"), text("cache_policy")),
        (_("Bytes"), _sizes(stored)),
        (_("Digest"), str(stored.get("sha256") or text("static_sha256"))),
        (_("Path as read"), found.normalized_path or ""),
    ]


def _sizes(stored: Mapping[str, Any]) -> str:
    expected, actual = stored.get("expected_size"), stored.get("actual_size")
    if not stored or expected is None:
        return ""
    if actual == expected:
        return _("%(count)s, all stored") % {"count": expected}
    if actual is None:
        return _("%(expected)s expected, none stored") % {"expected": expected}
    return _("%(expected)s expected, %(actual)s stored") % {"expected": expected, "actual": actual}
