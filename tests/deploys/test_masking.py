"""A manifest that is shown again holds no value of a secret."""

import json

import pytest

from deploys.manifests.masking import GONE, without_secret_values


@pytest.mark.parametrize(
    ("secrets", "shown"),
    [
        ({"set": {"KEY": "hunter22"}}, {"set": {"KEY": GONE}}),
        ({"set": {"KEY": {"value": "hunter22"}}}, {"set": {"KEY": {"value": GONE}}}),
        (
            {"replace_all": [{"key": "KEY", "value": "hunter22"}]},
            {"replace_all": [{"key": "KEY", "value": GONE}]},
        ),
        ([{"key": "KEY", "value": "hunter22"}], [{"key": "KEY", "value": GONE}]),
        ("hunter22", GONE),
        (["hunter22"], [GONE]),
        ({"KEY": "hunter22", "require": ["OTHER"]}, {"KEY": GONE, "require": ["OTHER"]}),
        ({"require": "hunter22"}, {"require": GONE}),
    ],
)
def test_values_are_taken_out_and_names_stay(secrets: object, shown: object) -> None:
    assert json.loads(without_secret_values(json.dumps({"site": {}, "secrets": secrets}))) == {
        "site": {},
        "secrets": shown,
    }


@pytest.mark.parametrize("text", ["", "{not json", "[]", '{"secrets":{"require":["KEY"]}}', '{"site": {} }'])
def test_what_holds_no_value_comes_back_as_it_was(text: str) -> None:
    assert without_secret_values(text) == text
