"""Everything a person can type a secret into, done with secrets we know. It grows with every room."""

from __future__ import annotations

import json
import secrets

from eth_account import Account

from tests.security.canary.browser import Recorder
from tests.security.canary.secrets import Canary
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

    def change_the_password(self) -> None:
        wrong, new = self.known("a mistyped old password"), self.known("the new password")
        for old in (wrong, self.smoke.owner.password):
            fields = {"oldpassword": old, "password1": new, "password2": new}
            self.browser.attempt("/accounts/password/change/", **fields)

    def look_everywhere(self) -> None:
        self.browser.wander()
        for path in ("/nowhere", "/wallets/not-an-id", "/activity/?q=%00", "/search?q=key"):
            self.browser.raw(path)
