"""Sentences for the words of a resolution beside those that the client explains, and for how routes fail at run time.

The contract calls each of these sets open: a word that is not here is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from run402.resources import verdicts

#: How a file comes to be reachable (contract: apply 3.2).
AUTHORITIES: Mapping[str, Promise] = {
    "implicit_file_path": _("at its own file name"),
    "explicit_public_path": _("named by the public paths"),
    "route_static_alias": _("through a route"),
}
#: How long browsers may keep it (contract: apply 2.3.5).
CACHE_CLASSES: Mapping[str, Promise] = {
    "html": _("asked for again each time"),
    "immutable_versioned": _("kept for good: its name changes when its bytes do"),
    "revalidating_asset": _("kept, and asked whether it is still the same"),
}
#: The same in a column of a table.
CACHED: Mapping[str, Promise] = {
    "html": _("asked each time"),
    "immutable_versioned": _("kept for good"),
    "revalidating_asset": _("kept, checked"),
}
#: Which part of the serving decided (contract: apply 3.6).
CATEGORIES: Mapping[str, Promise] = {
    "cas": _("the stored bytes"),
    "route_method": _("the methods of a route"),
    "release": _("the live release"),
    "manifest": _("the release's list of files"),
    "route": _("a route"),
    "static": _("a file of the site"),
    "host": _("the host name"),
    "path": _("the path itself"),
    "fallback": _("the entry page of the app"),
    "miss": _("nothing fits"),
    "unknown": _("not known to this version of the panel"),
}
#: What may help (contract: apply 3.6).
STEPS: Mapping[str, Promise] = {
    "check_credentials": _(
        "Check that the address belongs to this project: other projects' hosts look unbound."
    ),
    "inspect_release_asset": _("Look for the file in the release."),
    "redeploy_static_asset": _("Deploy the file again, so that its bytes are stored anew."),
    "retry_after_cas_finalization": _("Ask again in a minute: the bytes may still be on their way."),
    "inspect_cas_object": _("Compare the digest and the size below with the file you deployed."),
    "check_domain_binding": _("Check the project's addresses: this host name is none of them."),
    "check_dns": _("For a domain of your own, check that its DNS record leads to Run402."),
    "check_active_release": _("Check which release is live."),
    "redeploy_static_site": _("Deploy the site again, so that its list of files is written anew."),
    "deploy_release": _("Deploy something: nothing is live."),
    "inspect_release": _("Look at what the live release holds."),
    "check_public_path": _("Check the public paths: a file that none of them names is not reachable."),
    "check_static_path": _("Check the path, letter by letter, against the files of the release."),
    "check_spa_fallback": _("An app with client-side routing needs an entry page that takes over."),
    "restore_spa_fallback": _("Deploy the entry page of the app again."),
    "check_route_methods": _("Add this method to the route, or ask with one that it answers."),
    "inspect_route": _("Look at the route that matched."),
    "inspect_resolution": _("Look at everything the gateway said, below."),
}
#: Where in the panel a step is taken, by the name of a page of the project.
WAYS: Mapping[str, str] = {
    "check_domain_binding": "projects:detail",
    "check_active_release": "deploys:releases",
    "inspect_release": "deploys:releases",
    "check_public_path": "deploys:routes",
    "check_route_methods": "deploys:routes",
    "inspect_route": "deploys:routes",
}
#: What the client left out of a URL before it asked (contract: apply 3.6).
IGNORED: Mapping[str, Promise] = {
    "query_ignored": _("The part after “?” was left out: it decides nothing about what serves."),
    "fragment_ignored": _("The part after “#” was left out: browsers never send it."),
}
#: Codes in the answer of a route that fails while a visitor waits (contract: apply 4.3).
RUNTIME_FAILURES: Mapping[str, Promise] = {
    "ROUTE_MANIFEST_LOAD_FAILED": _(
        "Run402 could not read the release's routes. Try again in a minute; if it stays, deploy again."
    ),
    "ROUTED_INVOKE_WORKER_SECRET_MISSING": _(
        "Run402 cannot call functions right now. Nothing in the project is wrong: tell Run402's support."
    ),
    "ROUTED_INVOKE_AUTH_FAILED": _(
        "Run402's call of the function was refused inside Run402. Try again; if it stays, tell its support."
    ),
    "ROUTED_ROUTE_STALE": _(
        "A release went live at that very moment, and the old route was still remembered. Try again."
    ),
    "ROUTE_METHOD_NOT_ALLOWED": _(
        "The route does not answer this method. Add the method to the route, or call it with another one."
    ),
    "ROUTED_RESPONSE_TOO_LARGE": _(
        "The function answered with more than 6 MiB. Let it answer in parts, or serve a file instead."
    ),
}


def said(sentences: Mapping[str, str], word: str | None) -> str:
    """Return the client's sentence for a word, translated; an unknown word is named in it."""
    return gettext(verdicts.sentence(sentences, word))


def explained(table: Mapping[str, Promise], word: str | None) -> str:
    """Return what a word means; an unknown one stays as it is."""
    found = table.get(word or "")
    return str(found) if found is not None else (word or "")
