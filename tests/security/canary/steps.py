"""The walk from beginning to end. A room that takes a new secret adds its step here."""

from __future__ import annotations

from collections.abc import Callable

from tests.security.canary import backups, people, projects
from tests.security.canary.walk import Walk

STEPS: tuple[Callable[[Walk], None], ...] = (
    Walk.mistype_the_password,
    Walk.sign_in,
    people.remember_the_session,
    Walk.do_the_main_job,
    Walk.import_keys,
    projects.adopt_projects,
    Walk.deploy_what_holds_secrets,
    Walk.set_secrets,
    people.invite_somebody,
    people.come_back,
    people.ask_for_the_service_key,
    people.pay_by_card,
    people.set_up_an_app,
    people.add_a_webhook,
    people.take_everything_along,
    Walk.look_everywhere,
    Walk.change_the_password,
    Walk.look_everywhere,
    backups.back_up,
)
