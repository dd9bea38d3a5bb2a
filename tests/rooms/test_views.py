"""The pages of the main job fit a phone and a desk, in light and in dark; their pictures land in build/screens/."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Furnished
from tools.layout import ROOT
from tools.sites import Site, site

pytestmark = pytest.mark.rooms

SCREENS = ROOT / "build" / "screens"
Scheme = Literal["light", "dark"]


class Camera:
    """Takes a picture of each page and refuses one that scrolls sideways."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.folder = page, SCREENS / name

    def shoot(self, name: str) -> None:
        self.page.screenshot(path=self.folder / f"{name}.png", full_page=True, animations="disabled")
        wide, room = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= room, f"{name} is {wide} px wide where {room} are shown"


def numbered(width: int, scheme: Scheme) -> Site:
    """A site that differs in every view, so that each has a plan with changes."""
    text = f"<!doctype html><title>Views</title><h1>{width} {scheme}</h1>\n"
    return {**site(1), "index.html": text.encode(), f"{scheme}/{width}.txt": b"one more file\n"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_main_pages_fit(
    owner_page: Page, furnished: Furnished, tmp_path: Path, width: int, scheme: Scheme
) -> None:
    page = owner_page
    page.set_viewport_size({"width": width, "height": 860})
    page.emulate_media(color_scheme=scheme)
    camera = Camera(page, f"{width}-{scheme}")
    for name, path in pages(furnished).items():
        page.goto(path)
        expect(page.locator("main h1").first).to_be_visible()
        camera.shoot(name)
    steps.open_tier(page, furnished.wallet, "prototype")
    camera.shoot("tier-payment")
    steps.upload(page, furnished.project, numbered(width, scheme), tmp_path)
    camera.shoot("plan")
    steps.agree(page)
    camera.shoot("running")
    steps.wait_until_live(page)
    camera.shoot("live")


def pages(furnished: Furnished) -> dict[str, str]:
    return {
        "home": "/",
        "wallets": "/wallets/",
        "wallet": furnished.wallet,
        "wallet-new": "/wallets/new",
        "tiers": "/tiers",
        "payments": "/payments",
        "projects": "/projects/",
        "project": furnished.project,
        "project-adopt": "/projects/adopt",
        "releases": f"{furnished.project}/releases",
        "compare": f"{furnished.project}/releases/diff",
        "routes": f"{furnished.project}/routes",
        "routes-edit": f"{furnished.project}/routes/edit",
        "xray": f"{furnished.project}/xray",
        "deploys": "/deploys",
        "deploy-new": furnished.new_deploy,
        "jobs": "/jobs",
        "job-new": f"/jobs/new?project={furnished.project.rsplit('/', 1)[1]}",
        "job-json": f"/jobs/new?project={furnished.project.rsplit('/', 1)[1]}&as=json",
        "activity": "/activity/",
        "styleguide": "/styleguide",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_sign_in_fits(page: Page, width: int, scheme: Scheme) -> None:
    page.set_viewport_size({"width": width, "height": 860})
    page.emulate_media(color_scheme=scheme)
    page.goto("/accounts/login/")
    Camera(page, f"{width}-{scheme}").shoot("login")
