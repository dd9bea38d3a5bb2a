"""What may be uploaded, and one clear sentence for everything else."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Furnished
from tests.rooms.sandbox import Outside
from tools.sites import site, zipped

pytestmark = pytest.mark.rooms


def refused(page: Page, sentence: str) -> None:
    """The form is shown again with one error, and no deploy was begun."""
    expect(page.locator("form#source")).to_be_visible()
    expect(page.locator("form#source .error, form#source [role=alert]")).to_have_count(1)
    expect(page.locator("form#source .error, form#source [role=alert]")).to_contain_text(sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (zipped(site(1))[:300], "“site.zip” is broken: it cannot be read to its end. Pack it again."),
        (b"just a text", "“site.zip” is neither a zip nor a tar.gz archive."),
        (zipped({}), "“site.zip” holds no file that can be published."),
        (zipped({"../index.html": b"x"}), "the path leads out of the archive"),
        (zipped({"a\\b.html": b"x"}), "the name has a backslash"),
    ],
    ids=["cut", "no-archive", "empty", "zip-slip", "backslash"],
)
def test_an_archive_that_cannot_be_taken_is_refused_in_one_sentence(
    owner_page: Page, furnished: Furnished, expected_errors: list[str], content: bytes, sentence: str
) -> None:
    expected_errors.append("422")
    steps.offer(owner_page, furnished.project, steps.archive(content))
    refused(owner_page, sentence)


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        ('{"site": {"replace": ', "The manifest is not JSON"),
        ('{"site": {"replce": {}}}', "site.replce: is not a field the contract knows."),
        ('{"secrets": {"set": {"KEY": "s3cret"}}}', "secrets.set: values never travel in a spec."),
        (
            '{"site": {"replace": {"a.html": {"path": "b.html"}}}}',
            "site.replace.a.html.path: the upload has no",
        ),
        ("{}", "The manifest deploys nothing"),
    ],
    ids=["no-json", "unknown-field", "secret-values", "missing-file", "nothing"],
)
def test_a_manifest_with_a_mistake_names_the_field(
    owner_page: Page, furnished: Furnished, expected_errors: list[str], manifest: str, sentence: str
) -> None:
    expected_errors.append("422")
    steps.offer(owner_page, furnished.project, manifest=manifest)
    refused(owner_page, sentence)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("ab", "A subdomain has 3 to 63 characters."),
        ("under_score", "A subdomain is made of lower-case letters, digits and hyphens."),
        ("-edge", "A subdomain neither starts nor ends with a hyphen."),
    ],
)
def test_a_name_against_the_rules_is_refused(
    owner_page: Page, unaddressed: str, expected_errors: list[str], name: str, sentence: str
) -> None:
    expected_errors.append("422")
    steps.offer(owner_page, unaddressed, steps.archive(zipped(site(1))), subdomain=name)
    refused(owner_page, sentence)


def test_a_taken_subdomain_fails_the_plan_and_says_so(owner_page: Page, unaddressed: str) -> None:
    page = owner_page
    steps.offer(page, unaddressed, steps.archive(zipped(site(1))), subdomain="views")
    expect(page.locator("main")).to_contain_text("belongs to another project", timeout=steps.PATIENCE)
    expect(page.locator("main")).to_contain_text("Nothing has changed.")
    expect(page.locator("main")).to_contain_text("SUBDOMAIN_TAKEN")
    expect(page.get_by_role("link", name="Start over")).to_be_visible()


def test_secret_files_are_left_out_and_shown(owner_page: Page, outside: Outside) -> None:
    page = owner_page
    project = steps.make_project(page, "left-out")
    files = {**site(1), ".env": b"KEY=1", "node_modules/a.js": b"1"}
    steps.offer(page, project, steps.archive(zipped(files)), subdomain="left-out")
    page.locator("summary", has_text="Left out").click(timeout=steps.PATIENCE)
    expect(page.locator("li", has_text=".env")).to_contain_text("may hold a secret")
    expect(page.locator("li", has_text="node_modules/a.js")).to_contain_text("not part of a site")
    steps.confirm(page)
    assert outside.visit("left-out").content == site(1)["index.html"]
    assert outside.visit("left-out", "/.env").status_code == 404


def test_a_pasted_manifest_deploys(owner_page: Page, outside: Outside) -> None:
    page = owner_page
    project = steps.make_project(page, "pasted")
    manifest = {
        "site": {"replace": {"index.html": {"data": "<h1>Pasted</h1>"}}},
        "subdomains": {"set": ["pasted"]},
    }
    steps.offer(page, project, manifest=json.dumps(manifest))
    expect(page.locator("form#confirm")).to_be_visible(timeout=steps.PATIENCE)
    steps.confirm(page)
    assert outside.visit("pasted").text == "<h1>Pasted</h1>"


def test_a_manifest_beside_its_files_names_what_it_left(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    manifest = {"site": {"patch": {"put": {"named.html": {"path": "named.html"}}}}}
    files = {"named.html": b"<h1>Named</h1>", "other.html": b"<h1>Other</h1>"}
    steps.offer(page, furnished.project, steps.archive(zipped(files)), manifest=json.dumps(manifest))
    page.locator("summary", has_text="Not named by the manifest").click(timeout=steps.PATIENCE)
    expect(page.locator("li", has_text="other.html")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("main")).to_contain_text("Nothing changed.")
