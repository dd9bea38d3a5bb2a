"""A browser without JavaScript: pages, their forms, cookies and redirects, as the smoke run needs them.

Python does not resolve `x.localhost`: every request goes to 127.0.0.1 with the Host header a browser would send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

Attributes = dict[str, str]
Files = Mapping[str, tuple[str, bytes, str]]
MOST_REDIRECTS = 5


class PageError(Exception):
    """What a page lacked, or answered, in a sentence."""


@dataclass
class Form:
    """A form with the values that it would send untouched; `buttons` are its named submit buttons."""

    id: str
    action: str = ""
    method: str = "get"
    fields: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects forms; controls may also name theirs by `form="id"` from anywhere on the page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.title = ""
        self.elements: list[tuple[str, Attributes]] = []
        self._open: Form | None = None
        self._named: dict[str, Form] = {}
        self._select: tuple[Form | None, Attributes] | None = None
        self._textarea: tuple[Form | None, Attributes, list[str]] | None = None
        self._in_title = False
        self._in_main = False
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value if value is not None else "" for name, value in attrs}
        self.elements.append((tag, attributes))
        match tag:
            case "form":
                self._open = self._form(attributes.get("id", ""))
                self._open.action = attributes.get("action", "")
                self._open.method = attributes.get("method", "get").lower()
                self.forms.append(self._open)
            case "input":
                self._control("input", attributes)
            case "button" if attributes.get("type", "submit") == "submit":
                self._control("button", attributes)
            case "select":
                self._select = (self._owner(attributes), attributes)
            case "option" if self._select:
                self._option(attributes)
            case "textarea":
                self._textarea = (self._owner(attributes), attributes, [])
            case "title":
                self._in_title = not self.title
            case "main":
                self._in_main = True

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self._open = None
            case "select":
                self._select = None
            case "textarea" if self._textarea:
                form, attributes, text = self._textarea
                if form and "name" in attributes:
                    form.fields[attributes["name"]] = ["".join(text).removeprefix("\n")]
                self._textarea = None
            case "title":
                self._in_title = False
            case "main":
                self._in_main = False

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._textarea[2].append(data)
        if self._in_title:
            self.title += data
        if self._in_main:
            self.words.extend(data.split())

    def _owner(self, attributes: Attributes) -> Form | None:
        return self._form(attributes["form"]) if attributes.get("form") else self._open

    def _form(self, name: str) -> Form:
        """The form with this id, which may come later on the page than its controls."""
        return self._named.setdefault(name, Form(name)) if name else Form(name)

    def _control(self, tag: str, attributes: Attributes) -> None:
        form, name = self._owner(attributes), attributes.get("name")
        if form is None or not name or "disabled" in attributes:
            return
        kind, value = (
            attributes.get("type", "text" if tag == "input" else "submit"),
            attributes.get("value", ""),
        )
        if kind == "submit":
            form.buttons.append((name, value))
        elif kind in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(value or "on")
            if "checked" in attributes:
                form.fields.setdefault(name, []).append(value or "on")
        elif kind not in ("file", "button", "reset"):
            form.fields.setdefault(name, []).append(value)

    def _option(self, attributes: Attributes) -> None:
        form, select = self._select or (None, {})
        name = select.get("name")
        if form is None or not name:
            return
        first = name not in form.choices
        form.choices.setdefault(name, []).append(attributes.get("value", ""))
        if first or "selected" in attributes:
            form.fields[name] = [attributes.get("value", "")]


class Page:
    """One answered page: where it is, its forms and elements, and the words of its main part."""

    def __init__(self, path: str, status: int, text: str) -> None:
        reader = _Reader()
        reader.feed(text)
        self.path, self.status, self.text = path, status, text
        self.title, self.forms, self.elements = reader.title.strip(), reader.forms, reader.elements
        self.words = " ".join(reader.words)

    def form(self, *, id: str = "", action: str = "", field: str = "") -> Form:  # noqa: A002 - HTML's own word
        """The first form with this id, an action that ends so (query left out), and this field."""
        for form in self.forms:
            ends = urlsplit(form.action or self.path).path.rstrip("/").endswith(action.rstrip("/"))
            if ends and id in ("", form.id) and (not field or field in form.fields or field in form.choices):
                return form
        wanted = ", ".join(
            f"{key} {value!r}" for key, value in (("id", id), ("action", action), ("field", field)) if value
        )
        there = "; ".join(f"id={form.id!r} action={form.action!r}" for form in self.forms) or "none"
        raise PageError(f"{self.path} has no form with {wanted}; its forms: {there}. It says: {self.words}")

    def attribute(self, name: str) -> str | None:
        """The value of the first element's attribute of this name (`data-state`, say)."""
        return next((attributes[name] for _, attributes in self.elements if name in attributes), None)

    def links(self) -> list[str]:
        return [
            attributes["href"] for tag, attributes in self.elements if tag == "a" and "href" in attributes
        ]


class Browser:
    """Keeps cookies of one host, follows redirects within it, and sends forms as they stand."""

    def __init__(self, port: int, host: str = "localhost") -> None:
        self._host = f"{host}:{port}"
        self._cookies: dict[str, str] = {}
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Host": self._host},
            timeout=30,
            event_hooks={"request": [self._send_cookies], "response": [self._keep_cookies]},
        )

    def cookies(self) -> dict[str, str]:
        """What the browser keeps."""
        return dict(self._cookies)

    def _send_cookies(self, request: httpx.Request) -> None:
        """As browsers do on this machine, and Python's own jar does not: secure cookies go over http to localhost."""
        request.headers.pop("Cookie", None)
        if self._cookies:
            request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def _keep_cookies(self, response: httpx.Response) -> None:
        for header in response.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(header).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self._cookies.pop(name, None)
                else:
                    self._cookies[name] = morsel.value
        self._client.cookies.clear()

    def get(self, path: str) -> Page:
        return self._page(self._client.get(path), path)

    def raw(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """The answer as it is: for bytes to compare, and for refusals."""
        return self._client.get(path, headers=headers)

    def submit(
        self,
        page: Page,
        form: Form,
        values: Mapping[str, str | Sequence[str]] | None = None,
        files: Files | None = None,
        *,
        button: tuple[str, str] | None = None,
    ) -> Page:
        """Send the form with `values` in place of its own. A form answered with itself and errors is an error."""
        fields: dict[str, str | Sequence[str]] = {**form.fields, **(values or {})}
        if button or form.buttons:
            name, value = button or form.buttons[0]
            fields[name] = value
        path = urljoin(page.path, form.action or page.path)
        if form.method == "get":
            return self._page(self._client.get(path, params=fields), path)
        return self._page(self._client.post(path, data=fields, files=files), path)

    def _page(self, answer: httpx.Response, path: str) -> Page:
        for _ in range(MOST_REDIRECTS):
            if not answer.is_redirect:
                break
            path = self._inside(urljoin(path, answer.headers["location"]))
            answer = self._client.get(path)
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            page = Page(path, answer.status_code, answer.text)
            raise PageError(f"{answer.request.method} {path} answered {answer.status_code} ({page.title}).")
        return Page(path, answer.status_code, answer.text)

    def _inside(self, location: str) -> str:
        parts = urlsplit(location)
        if parts.netloc not in ("", self._host):
            raise PageError(f"A redirect leads away, to {parts.netloc}.")
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
