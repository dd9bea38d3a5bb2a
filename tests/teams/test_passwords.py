"""What a password may not be."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from teams.models import User
from tests.fixtures import ClientAs

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("password", "part"),
    [
        ("AliceInTheGarden", "alice"),
        ("my halden secret", "halden"),
        ("hello example dot", "example"),
        ("run402 is my panel", "run402"),
    ],
)
def test_pieces_of_e_mail_and_team_are_refused(alice: User, password: str, part: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validate_password(password, alice)
    assert f"“{part}”" in " ".join(refused.value.messages)


@pytest.mark.parametrize("password", ["password1234", "qwertyuiop12", "short words", "123456789012"])
def test_common_short_and_numeric_ones_are_refused(alice: User, password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, alice)


def test_a_sentence_is_fine(alice: User) -> None:
    validate_password("a quiet river in november", alice)
    validate_password("a quiet river in november", User(email="new@somewhere.example"))
    validate_password("a quiet river in november")


def test_the_page_says_which_piece_it_is(client_as: ClientAs, alice: User) -> None:
    new = "river of halden here"
    fields = {"oldpassword": "correct-horse-battery", "password1": new, "password2": new}
    page = client_as(alice).post("/accounts/password/change/", fields).content.decode()
    assert "The password holds “halden”" in page
