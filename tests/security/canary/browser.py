"""A browser that remembers every answer, and can wander along all links."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import httpx

from tools.forms import Browser, Page

#: Links that end the session, or lead to files that were read already.
LEFT_ALONE = ("/static/", "/accounts/logout")


class Recorder(Browser):
    """Keeps each answer as (request line, headers and body)."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.answers: list[tuple[str, bytes]] = []
        self._client.event_hooks["response"].append(self._keep)

    def _keep(self, response: httpx.Response) -> None:
        response.read()
        request = response.request
        # Cookies are for this browser; the address it asked for is not the panel's word.
        headers = "\n".join(f"{k}: {v}" for k, v in response.headers.items() if k != "set-cookie")
        line = f"{request.method} {request.url.raw_path.decode()}"
        self.answers.append((line, headers.encode() + b"\n" + response.content))

    def attempt(self, path: str, *, to: str = "", **fields: str) -> None:
        """Send a page's form past its own checks, to its address or another one, whatever becomes of it."""
        page = Page(path, 0, self.raw(path).text)
        own = next((form.fields for form in page.forms if "csrfmiddlewaretoken" in form.fields), {})
        self._client.post(to or path, data={**self._token(), **own, **fields})

    def _token(self) -> dict[str, str]:
        """A page without a form gives no token; the cookie's own value counts as one."""
        value = next((value for name, value in self.cookies().items() if name.endswith("csrftoken")), "")
        return {"csrfmiddlewaretoken": value}

    def wander(self, start: str = "/", most: int = 300) -> int:
        """Follow every link inside the panel from `start`; return how many pages were seen."""
        seen: set[str] = set()
        line = [start]
        while line and len(seen) < most:
            path = line.pop(0)
            if path in seen or path.startswith(LEFT_ALONE):
                continue
            seen.add(path)
            answer = self.raw(path)
            if answer.headers.get("content-type", "").startswith("text/html"):
                line += [
                    found for link in Page(path, 0, answer.text).links() if (found := _inside(path, link))
                ]
        return len(seen)


def _inside(path: str, link: str) -> str:
    parts = urlsplit(urljoin(path, link))
    if parts.scheme or parts.netloc:
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")
