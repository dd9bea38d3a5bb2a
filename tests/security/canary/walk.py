"""Everything a person can type a secret into, done with secrets we know. It grows with every room."""

from __future__ import annotations

import json
import secrets

from eth_account import Account

from tests.security.canary.browser import Recorder
from tests.security.canary.secrets import Canary
from tools.forms import Page
from tools.sites import site, zipped
from tools.smoke import Smoke
from tools.stack import Stack

#: What `.env` of an uploaded archive holds; the CLI's rules leave that file out.
ARCHIVED = f"archived-{secrets.token_hex(12)}"


class Walk:
    """One person's day with the panel; `canaries` are the secrets that were typed, in order."""

    def __init__(self, stack: Stack, browser: Recorder) -> None:
        if stack.owner is None:
            raise ValueError("the scratch folder was not empty")
        self.stack, self.browser = stack, browser
        self.smoke = Smoke(stack, stack.owner, browser)
        self.canaries: list[Canary] = [Canary("the owner's one-time password", stack.owner.password.encode())]

    def known(self, name: str, shown_at: tuple[str, ...] = ()) -> str:
        """Make up a secret, remember it, return it."""
        value = f"canary-{secrets.token_hex(12)}"
        self.canaries.append(Canary(name, value.encode(), shown_at))
        return value

    def mistype_the_password(self) -> None:
        """Wrong passwords and unknown people: what was typed is nobody's business."""
        wrong = self.known("a wrong password")
        for person in (self.smoke.owner.email, "nobody@example.com"):
            self.browser.attempt("/accounts/login/", login=person, password=wrong)

    def sign_in(self) -> None:
        self.smoke.log_in()

    def do_the_main_job(self) -> None:
        for step in (
            Smoke.make_wallet,
            Smoke.fill_from_faucet,
            Smoke.take_prototype_tier,
            Smoke.make_project,
            Smoke.deploy_first,
        ):
            step(self.smoke)

    def import_keys(self) -> None:
        """A good key, one that the file's address denies, text that is no key at all, and keystores."""
        good, denied, covered = Account.create(), Account.create(), Account.create()
        for name, account in (
            ("an imported key", good),
            ("a key with a foreign address", denied),
            ("a key in a keystore", covered),
        ):
            self.canaries.append(Canary(name, bytes(account.key)))
        self._import("Imported", good.key.to_0x_hex())
        self._import("Denied", json.dumps({"address": good.address, "privateKey": denied.key.to_0x_hex()}))
        self._import("Nonsense", self.known("text typed as a key"))
        self._import("Short", "0x" + self.known("half a key").encode().hex())
        self._import_keystores(covered.key.to_0x_hex())
        self.browser.attempt("/switch", gateway="sandbox")  # an import leads to its own gateway

    def _import_keystores(self, key: str) -> None:
        """One that opens, one whose password is wrong, one that no form takes, and a password without a keystore."""
        right, wrong = self.known("a keystore's password"), self.known("a wrong keystore password")
        text = json.dumps(Account.encrypt(bytes.fromhex(key[2:]), right, kdf="pbkdf2", iterations=1000))
        self._import("Keystore", text, right)
        self._import("Wrong password", text, wrong)
        self._import("Old keystore", text.replace('"version": 3', '"version": 1'), right)
        self._import("Only a password", "", right)

    def _import(self, label: str, key: str, password: str = "") -> None:
        fields = {"key": key, "password": password, "per_payment": "1", "per_day": "2"}
        self.browser.attempt("/wallets/import", gateway="cloud", label=label, **fields)

    def deploy_what_holds_secrets(self) -> None:
        """A manifest with a secret's value is refused; an archive's `.env` is left out."""
        project = self.smoke.project.rsplit("/", 1)[1]
        value = self.known("a secret in a manifest")
        manifest = json.dumps({"secrets": {"set": {"API_KEY": value}}})
        self.browser.attempt("/deploys/new", project=project, manifest=manifest)
        self.canaries.append(Canary("a secret in an archive", ARCHIVED.encode()))
        files = {**site(2), ".env": f"API_KEY={ARCHIVED}\n".encode()}
        page = self.browser.get(f"/deploys/new?project={project}")
        upload = {"archive": ("site.zip", zipped(files), "application/zip")}
        self.smoke.finish(self.browser.submit(page, page.form(id="source"), {}, upload), "deploy")

    def set_secrets(self) -> None:
        """One that is set, those that no form takes, a `.env` that is set, one that is left lying, and one dropped."""
        path = f"{self.smoke.project}/secrets"
        self._set(path, "API_KEY", self.known("a secret"))
        self.smoke.wait_for("secrets.set")
        self._set(path, "lower", self.known("a secret under a wrong name"))
        self._set(path, "LONG", self.known("a secret that is too long") * 200)
        file = {"file": ("key", self.known("a secret in a file").encode(), "text/plain")}
        page = self.browser.get(f"{path}/set")
        self.browser.submit(page, page.form(id="secret"), {"key": "FROM_FILE"}, file)
        page = self._paste(
            path,
            f"ENV_KEY='{self.known('a secret in a .env')}'\n{self.known('a line without a name')}==\n"
            f"wrong-name={self.known('a secret under a wrong name in a .env')}\n"
            f'OPEN="{self.known("a secret whose quote stays open")}',
        )
        self.browser.submit(page, page.form(id="planned"))
        self._paste(path, f"A={self.known('a secret of a draft that is replaced')}")
        page = self._paste(path, f"A={self.known('a secret of a draft that is dropped')}")
        self.browser.submit(page, page.form(id="forget"))
        self._paste(path, f"A={self.known('a secret of a draft that stays')}")
        self.browser.attempt(f"{path}/delete?key=API_KEY", typed="API_KEY")
        self.smoke.wait_for("secret.delete")

    def _set(self, path: str, key: str, text: str) -> None:
        self.browser.attempt(f"{path}/set", key=key, text=text)

    def _paste(self, path: str, text: str) -> Page:
        page = self.browser.get(f"{path}/env")
        return self.browser.submit(page, page.form(id="env"), {"text": text})

    def change_the_password(self) -> None:
        wrong, new = self.known("a mistyped old password"), self.known("the new password")
        for old in (wrong, self.smoke.owner.password):
            fields = {"oldpassword": old, "password1": new, "password2": new}
            self.browser.attempt("/accounts/password/change/", **fields)

    def look_everywhere(self) -> None:
        self.browser.wander()
        for path in ("/nowhere", "/wallets/not-an-id", "/activity/?q=%00", "/search?q=key"):
            self.browser.raw(path)
