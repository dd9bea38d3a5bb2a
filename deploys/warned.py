"""Every warning that a plan, an inventory or a promotion is documented to hold, explained (contract: apply 2.10, 3.4).

The set is open: a code that is not here keeps its own name and the gateway's message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: How Core's release package prefixes the same codes.
CORE_PREFIX = "RUN402_CORE_"


@dataclass(frozen=True)
class Explained:
    """What a warning is about, what it means, and what to do about it."""

    title: str | Promise
    meaning: str | Promise
    step: str | Promise


ROUTES: Mapping[str, Explained] = {
    "PUBLIC_ROUTED_FUNCTION": Explained(
        _("A function is public"),
        _("A route leads to a function, so anybody on the internet can call it."),
        _("Let the function check who calls, or give it a gate; otherwise acknowledge that it is meant."),
    ),
    "ROUTE_TARGET_CARRIED_FORWARD": Explained(
        _("A route leads to what is live already"),
        _("The route's target is not part of this deploy: it comes from the live release as it is."),
        _("Nothing, if the live function or file is the one you mean; otherwise deploy it along."),
    ),
    "ROUTE_SHADOWS_STATIC_PATH": Explained(
        _("A route hides a file"),
        _(
            "A file of the site has this very address. The route answers first, so nobody sees the file there."
        ),
        _("Rename the file or narrow the route's methods, if visitors should see the file."),
    ),
    "WILDCARD_ROUTE_SHADOWS_STATIC_PATHS": Explained(
        _("A route hides files"),
        _("Files of the site lie under the route's wildcard. The route answers first for all of them."),
        _("Choose a longer prefix, or move the files out of it, if visitors should see them."),
    ),
    "METHOD_SPECIFIC_ROUTE_ALLOWS_GET_STATIC_FALLBACK": Explained(
        _("GET still shows a file"),
        _("The route does not answer GET, and a file of the site has the same address: GET shows the file."),
        _("Add GET to the route, or remove the file, if the function should answer everything."),
    ),
    "WILDCARD_ROUTE_EXCLUDES_MUTATION_METHODS": Explained(
        _("A wildcard route only reads"),
        _("The route answers GET and HEAD alone, so forms and calls that change something get 405."),
        _("Add POST, PUT, PATCH or DELETE, or say in the route that it is read-only on purpose."),
    ),
    "ROUTE_TABLE_NEAR_LIMIT": Explained(
        _("The route table is nearly full"),
        _("A table has at most 100 routes, and this one has 90 or more."),
        _("Join routes under a wildcard, and let the function tell the paths apart."),
    ),
    "STATIC_ALIAS_TABLE_NEAR_LIMIT": Explained(
        _("Nearly all routes lead to files"),
        _("90 or more of the 100 routes only give files another address."),
        _("Use public paths for clean addresses of files: they do not count as routes."),
    ),
    "ROUTES_NOT_ENABLED": Explained(
        _("Routes are off for this project"),
        _("The gateway keeps the table but does not route by it."),
        _("Ask Run402's support to turn routing on for this project."),
    ),
    "STATIC_ALIAS_SHADOWS_STATIC_PATH": Explained(
        _("A route hides a file of another name"),
        _("The route shows one file at an address where another file of the site lies."),
        _("Choose another address, or remove the file that is hidden."),
    ),
    "STATIC_ALIAS_RELATIVE_ASSET_RISK": Explained(
        _("Relative links may break"),
        _("The route shows a page in another folder than its own, so its relative links lead elsewhere."),
        _("Begin links, styles and scripts of that page with “/”."),
    ),
    "STATIC_ALIAS_DUPLICATE_CANONICAL_URL": Explained(
        _("A page has two addresses"),
        _("The file is reachable under its own address too, and search engines see two pages."),
        _("Name one of them as canonical in the page, or leave the own address out of the public paths."),
    ),
    "STATIC_ALIAS_EXTENSIONLESS_NON_HTML": Explained(
        _("An address without a suffix shows no page"),
        _("The address looks like a page, but the file is none: browsers may save it instead."),
        _("Give the address the file's suffix."),
    ),
    "STATIC_ALIAS_REDUNDANT_PUBLIC_PATH": Explained(
        _("A route repeats an address"),
        _("The file has this very address without the route."),
        _("Remove the route: nothing changes, and the table gets shorter."),
    ),
}
OTHERS: Mapping[str, Explained] = {
    "MISSING_REQUIRED_SECRET": Explained(
        _("A required secret is not set"),
        _("The spec requires a secret that the project does not have. The commit would be refused."),
        _("Set the secret, then plan again."),
    ),
    "DIFF_TRUNCATED": Explained(
        _("A list was cut"),
        _("There are more changes than the gateway lists. The totals are right."),
        _("Nothing. Compare the totals if you expect a certain number."),
    ),
    "DESTRUCTIVE_FUNCTION_REMOVAL": Explained(
        _("Functions are removed"),
        _("Functions that are live now will not be there any more."),
        _("Check that no page and no schedule needs them."),
    ),
    "DESTRUCTIVE_SUBDOMAIN_REMOVAL": Explained(
        _("An address is given up"),
        _("The site stops answering there, and somebody else may take the name."),
        _("Keep the address in the spec if people still use it."),
    ),
    "DESTRUCTIVE_SECRET_REMOVAL": Explained(
        _("Secrets are deleted"),
        _("Their values are gone for good; a redeploy does not bring them back."),
        _("Keep a copy elsewhere if anything may need them again."),
    ),
    "DESTRUCTIVE_SITE_BULK_REMOVAL": Explained(
        _("Many files are removed"),
        _("More than a tenth of the live files go."),
        _("Check that the upload was complete."),
    ),
    "SITE_ENTRYPOINT_REMOVED": Explained(
        _("The start page is removed"),
        _("The file that answers at “/” goes."),
        _("Put an index.html at the root of what you deploy."),
    ),
    "ZERO_SITE_FILES_AFTER": Explained(
        _("The site keeps no file"),
        _("There are files now, and none afterwards."),
        _("Check what you deploy; the upload may be empty or in another folder."),
    ),
    "ZERO_FUNCTIONS_AFTER": Explained(
        _("The project keeps no function"),
        _("There are functions now, and none afterwards."),
        _("Add the functions to the spec if they are still needed."),
    ),
    "ZERO_SUBDOMAINS_AFTER": Explained(
        _("The project keeps no address"),
        _("Nobody reaches the site by a name any more."),
        _("Keep at least one address in the spec."),
    ),
    "MIGRATION_NON_TRANSACTIONAL": Explained(
        _("A migration cannot be rolled back"),
        _("It runs outside a transaction: where it fails, half of it stays."),
        _("Have a backup, and make each of its statements safe to run again."),
    ),
    "PUBLIC_PATH_MODE_WIDENS_TO_IMPLICIT": Explained(
        _("Every file becomes public"),
        _("So far only named paths were reachable; afterwards each file is, at its own name."),
        _("Check that no file of the site is meant to stay unreachable."),
    ),
    "SITE_NO_REACHABLE_HTML": Explained(
        _("No page can be reached"),
        _("The site has pages, but neither a public path nor a route leads to one."),
        _("Name a page in the public paths, or go back to the implicit mode."),
    ),
    "MIGRATION_SCHEMA_SHRINKING": Explained(
        _("A migration removes data"),
        _("It drops a table, a type or a column, or empties a table."),
        _("Export what is in there first; no redeploy brings it back."),
    ),
    "MIGRATION_LOCK_RISK": Explained(
        _("A migration may lock a table"),
        _("It makes an index while writes wait."),
        _("Make it concurrently, or deploy when few people write."),
    ),
    "MIGRATION_RLS_DISABLED": Explained(
        _("Row security is turned off"),
        _("Everybody with the app's public key may see all rows of the table."),
        _("Keep row security on, unless the table is meant to be public."),
    ),
    "MIGRATION_POLICY_REMOVAL": Explained(
        _("A row policy is removed"),
        _("Who may see or change rows is decided differently afterwards."),
        _("Check that another policy takes its place."),
    ),
    "MIGRATION_PUBLIC_GRANT": Explained(
        _("A right is given to everybody"),
        _("The migration grants something to the public role."),
        _("Grant it to the role that needs it."),
    ),
    "MIGRATION_SECURITY_DEFINER": Explained(
        _("A database function runs with its owner's rights"),
        _("Whoever may call it does what its owner may."),
        _("Check what it does with what callers give it, and fix its search path."),
    ),
    "MIGRATIONS_NOT_REVERSIBLE": Explained(
        _("Migrations are not undone"),
        _("An earlier release comes back, but the database stays as it is now."),
        _("Check that the earlier code works with today's tables."),
    ),
    "FUNCTION_VERSION_MISMATCH": Explained(
        _("Function code stays the latest"),
        _("Moving the live pointer back does not bring back the code of functions."),
        _("Redeploy from the archive instead, if the panel has one of that release."),
    ),
}
TABLE: Mapping[str, Explained] = {**ROUTES, **OTHERS}


def explained(code: str) -> Explained | None:
    """Return the explanation of a code, with or without Core's prefix; None for one that nobody documented."""
    return TABLE.get(code.removeprefix(CORE_PREFIX))


def title_of(code: str) -> str:
    """Return the title of a warning; an undocumented code is read as words."""
    found = explained(code)
    return str(found.title) if found else code.replace("_", " ").capitalize()
