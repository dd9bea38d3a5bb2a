"""What a page offers: where its links lead, and what its forms send."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpResponse

from tests.security.matrix.furniture import Things

LINKS = ("href", "hx-get")
#: How often a page that asks again has asked: its links differ by nothing else.
COUNTS = {"after", "asked", "shown", "step"}


@dataclass
class Form:
    """A form as a browser would send it: its fields with the values that are chosen when the page opens."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    #: Every value that a field offers: of a select or of radio buttons more than one.
    offered: dict[str, set[str]] = field(default_factory=dict)

    def take(self, name: str, value: str, *, chosen: bool) -> None:
        """Note a field."""
        self.offered.setdefault(name, set()).add(value)
        if chosen or name not in self.fields:
            self.fields[name] = value


class Page(HTMLParser):
    """The links and forms of one page."""

    def __init__(self, path: str, response: HttpResponse) -> None:
        super().__init__()
        self.path, self.links, self.forms = path, set[str](), list[Form]()
        self._form: Form | None = None
        self._select = ""
        self.text = response.content.decode(errors="replace")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.links |= {given[name] for name in LINKS if given.get(name, "").startswith(("/", "?"))}
        if tag == "form":
            self._form = Form(given.get("action") or self.path, given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._field(self._form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def _field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            form.take(self._select, given.get("value", ""), chosen="selected" in given)
        elif tag in ("input", "textarea", "button") and name and kind != "file":
            form.take(name, given.get("value", ""), chosen="checked" in given)

    @property
    def addresses(self) -> set[str]:
        """Where the links lead: paths of this panel with their query, without the count of a page that asks again."""
        return {_settled(self.path + link if link.startswith("?") else link) for link in self.links}


def _settled(address: str) -> str:
    parts = urlsplit(address)
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name not in COUNTS])
    return f"{parts.path}?{query}" if query else parts.path


def noun_of(value: str, things: Things) -> str:
    """Return the noun of which a value is the id, or nothing."""
    return next((noun for noun, pk in things.items() if pk == value and noun != "nothing"), "")


def with_other_ids(address: str, own: Things, other: Things) -> list[str]:
    """Return the address once for each id in its query, that one replaced by another's."""
    path, query = urlsplit(address).path, parse_qsl(urlsplit(address).query)
    found = []
    for number, (name, value) in enumerate(query):
        if noun := noun_of(value, own):
            changed = [*query[:number], (name, other[noun]), *query[number + 1 :]]
            found.append(f"{path}?{urlencode(changed)}")
    return found
