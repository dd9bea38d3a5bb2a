"""No key, secret, token or password stands in clear in anything the panel keeps or says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.security.canary.run import run
from tests.security.canary.search import in_answers, in_folder
from tests.security.canary.secrets import Canary

SECRET = Canary("a secret", b"correct-horse-battery-staple")


@pytest.mark.slow
def test_known_secrets_are_found_nowhere(tmp_path: Path) -> None:
    assert run(tmp_path) == []


@pytest.mark.parametrize("spelling", SECRET.spellings)
def test_a_secret_is_found_however_it_is_spelt(tmp_path: Path, spelling: bytes) -> None:
    (tmp_path / "web.log").write_bytes(b"before " + spelling + b" after")
    assert SECRET.is_in((tmp_path / "web.log").read_bytes())


def test_a_secret_in_base64_is_found_wherever_it_begins() -> None:
    import base64

    for before in (b"", b"1", b"12", b"123", b"a longer beginning"):
        assert SECRET.is_in(base64.b64encode(before + SECRET.value + b" and an end"))


def test_files_are_searched_but_not_the_keysets(tmp_path: Path) -> None:
    for name in ("logs", "keys", "sandbox"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(SECRET.value)
    assert in_folder(tmp_path, [SECRET]) == ["a secret stands in logs/file"]


def test_an_answer_may_show_a_secret_where_it_is_meant_to() -> None:
    shown = Canary("a link", b"one-time-token", shown_at=(r"^POST /team/invite$",))
    answers = [(line, b"here: one-time-token") for line in ("POST /team/invite", "GET /team")]
    assert in_answers(answers, [shown]) == ["a link is said by GET /team"]
