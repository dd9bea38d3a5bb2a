"""Two clicks at the same moment are one wish, on PostgreSQL too, where nothing but a lock keeps them apart."""

from __future__ import annotations

from functools import partial

import pytest

from billing.services import NewLimits, make_wallet
from core.errors import Refusal
from deploys.models import Deploy, Release
from deploys.services import redeploy_release
from teams.models import Team, User
from tests.chaos.people import side_by_side
from tests.factories import ProjectFactory, ReleaseFactory, WalletFactory
from wallets.models import Gateway, Wallet

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

CLICKS, ROUNDS = 4, 3


def test_a_wallet_of_a_name_is_made_once(team: Team, alice: User, gateway: Gateway) -> None:
    def click(label: str) -> bool:
        try:
            make_wallet(team=team, actor=alice, gateway=gateway, label=label, limits=NewLimits(1, 2))
        except Refusal:
            return False
        return True

    for number in range(ROUNDS):
        answers = side_by_side([partial(click, f"Wallet {number}")] * CLICKS)
        assert sorted(answers) == [False] * (CLICKS - 1) + [True]
    assert Wallet.objects.count() == ROUNDS


def test_a_release_is_brought_back_once(team: Team, alice: User, gateway: Gateway) -> None:
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)

    def click(release: Release) -> bool:
        return bool(redeploy_release(release=release, user=alice))

    for _ in range(ROUNDS):
        project = ProjectFactory.create(team=team, wallet=wallet, live_release="rel_live")
        release: Release = ReleaseFactory.create(team=team, project=project)
        side_by_side([partial(click, release)] * CLICKS)
        assert Deploy.objects.filter(restores=release).count() == 1


def test_of_two_people_who_bring_back_different_releases_at_once_one_does(
    team: Team, alice: User, gateway: Gateway
) -> None:
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)

    def click(release: Release) -> bool:
        try:
            return bool(redeploy_release(release=release, user=alice))
        except Refusal:
            return False

    for _ in range(ROUNDS):
        project = ProjectFactory.create(team=team, wallet=wallet, live_release="rel_live")
        releases = [ReleaseFactory.create(team=team, project=project) for _ in range(2)]
        assert sorted(side_by_side([partial(click, release) for release in releases])) == [False, True]
