"""Everything the sandbox remembers: one SQLite file with a class per noun, and a folder of blobs."""

from __future__ import annotations

from pathlib import Path

from sandbox.data.databases import Databases
from sandbox.store.accounts import Accounts
from sandbox.store.answers import Answers
from sandbox.store.assets import Assets
from sandbox.store.blobs import Blobs
from sandbox.store.checkouts import Checkouts
from sandbox.store.content import Content
from sandbox.store.database import Database
from sandbox.store.functions import Functions
from sandbox.store.jobs import Jobs
from sandbox.store.knobs import Knobs
from sandbox.store.ledger import Ledger
from sandbox.store.operations import Operations
from sandbox.store.plans import Plans
from sandbox.store.projects import Projects
from sandbox.store.proofs import Proofs
from sandbox.store.releases import Releases
from sandbox.store.secrets import Secrets
from sandbox.store.subdomains import Subdomains


class Store:
    """Opens (or makes) the folder. `close` ends it; the folder may then be opened again or deleted."""

    def __init__(self, folder: Path, *, pretends_base: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.database = Database(folder / "sandbox.sqlite3")
        self.blobs = Blobs(folder)
        self.accounts = Accounts(self.database)
        self.answers = Answers(self.database)
        self.assets = Assets(self.database)
        self.checkouts = Checkouts(self.database)
        self.content = Content(self.database)
        self.functions = Functions(self.database)
        self.jobs = Jobs(self.database)
        self.knobs = Knobs(self.database)
        self.ledger = Ledger(self.database)
        # A chain of its own, as the real one is: nothing ties its blocks to the gateway's rows.
        self.base_database = Database(folder / "base.sqlite3") if pretends_base else None
        self.base = Ledger(self.base_database) if self.base_database else None
        self.operations = Operations(self.database)
        self.plans = Plans(self.database)
        self.projects = Projects(self.database)
        self.proofs = Proofs(self.database)
        self.releases = Releases(self.database)
        self.secrets = Secrets(self.database)
        self.subdomains = Subdomains(self.database)
        self.databases = Databases(folder)
        self.transaction = self.database.transaction

    def close(self) -> None:
        self.databases.close()
        if self.base_database:
            self.base_database.close()
        self.database.close()
