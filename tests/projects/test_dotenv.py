"""Reading a `.env`: what it sets, and one sentence for each line that it does not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.secrets.dotenv import Reading, read


def values(text: str) -> dict[str, str]:
    """Return what a file sets, of one that has nothing invalid."""
    reading = read(text)
    assert reading.invalid == ()
    return {entry.name: entry.value for entry in reading.entries}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=b", {"A": "b"}),
        ("A = b c \n", {"A": "b c"}),
        ("\ufeffA=b", {"A": "b"}),
        ("A=b\r\nC=d\r\n", {"A": "b", "C": "d"}),
        ("A=b\rC=d", {"A": "b", "C": "d"}),
        ("export A=b", {"A": "b"}),
        ("# comment\n\n  \nA=b", {"A": "b"}),
        ("A=", {"A": ""}),
        ("A=b#c", {"A": "b#c"}),
        ("A=b # c", {"A": "b"}),
        ("A='b # c' # d", {"A": "b # c"}),
        ("A=b=c==", {"A": "b=c=="}),
        ("A=it's", {"A": "it's"}),
        ('A="b\\nc"', {"A": "b\nc"}),
        ('A="\\t\\r\\\\\\"\\$\\x"', {"A": '\t\r\\"$\\x'}),
        ("A='b\\nc'", {"A": "b\\nc"}),
        ('A=`it\'s "b"`', {"A": 'it\'s "b"'}),
        ('A="one\ntwo"\nB=c', {"A": "one\ntwo", "B": "c"}),
        ("A='-----BEGIN\nMIIE=\n-----END'", {"A": "-----BEGIN\nMIIE=\n-----END"}),
        ("A=$B ${C}", {"A": "$B ${C}"}),
        ("A='ключ'", {"A": "ключ"}),
        ("", {}),
    ],
)
def test_a_file_sets_what_it_says(text: str, found: dict[str, str]) -> None:
    assert values(text) == found


def wrong(reading: Reading) -> list[tuple[int, str, str]]:
    """Return line, name and the first words of each sentence."""
    return [(one.line, one.name, " ".join(one.why.split()[:4])) for one in reading.invalid]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=b\nnonsense\nC=d", [(2, "", "This line has no")]),
        ("api-key=b", [(1, "", "The name on this")]),
        ("lower=b", [(1, "", "The name on this")]),
        ("1A=b", [(1, "", "The name on this")]),
        ("=b", [(1, "", "The name on this")]),
        (f"{'A' * 129}=b", [(1, "", "The name on this")]),
        ('B=1\nA="b\nC=d\n', [(2, "A", "The quote that opens")]),
        ("A='b' c\nD=e", [(1, "A", "Text follows the closing")]),
        (f"A={'b' * 4097}", [(1, "A", "The value has 4,097")]),
        (f"A={'é' * 2049}", [(1, "A", "The value has 4,098")]),
        ("A='\0'", [(1, "A", "The value is no")]),
        ("A=1\nB=2\nA=3", [(1, "A", "A stands on the")]),
        ('A="x\ny"\n\nlower=b', [(4, "", "The name on this")]),
    ],
)
def test_what_is_wrong_is_told_by_line_and_never_set(text: str, found: list[tuple[int, str, str]]) -> None:
    reading = read(text)
    assert wrong(reading) == found
    assert {entry.name for entry in reading.entries}.isdisjoint(name for _line, name, _why in found)


def test_lines_beside_a_wrong_one_are_taken() -> None:
    reading = read("A=b\nnonsense\nC=d")
    assert [(entry.name, entry.line) for entry in reading.entries] == [("A", 1), ("C", 3)]


def test_notes_say_how_a_value_was_read() -> None:
    reading = read("A=b # c\nB=\nC=${A}\nD=e")
    assert [entry.note.split(".")[0][:22] for entry in reading.entries] == [
        "What follows the “#” w",
        "The value is empty",
        "“${…}” stays as it sta",
        "",
    ]


def test_nothing_told_of_a_wrong_line_repeats_what_stands_on_it() -> None:
    secret = "MIIEvQIBADANBgkqhkiG9w0"
    reading = read(f"{secret}==\n{secret}\nA='{secret}\n")
    told = " ".join(f"{one.name} {one.why}" for one in reading.invalid)
    assert (len(reading.invalid), secret in told, secret in repr(read(f"A={secret}"))) == (3, False, False)


NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,20}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=200)


@given(st.dictionaries(NAMES, TEXTS, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_what_was_written_in_double_quotes_is_read_back(wanted: Mapping[str, str], end: str) -> None:
    def quoted(value: str) -> str:
        value = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{value}"'

    assert values(end.join(f"{name}={quoted(value)}" for name, value in wanted.items())) == wanted


@given(st.text(max_size=400))
def test_no_text_breaks_it_and_each_name_is_set_once_or_told(text: str) -> None:
    reading = read(text)
    names = [entry.name for entry in reading.entries]
    assert len(names) == len(set(names))
    assert all(one.why and 1 <= one.line <= len(text) + 1 for one in reading.invalid)


@given(
    st.lists(
        st.sampled_from(["A=b", "C='", '"', "\n", "=", "#", " ", "export ", "\\", "`", "D", "\r\n"]),
        max_size=40,
    )
)
def test_no_mix_of_its_signs_breaks_it(parts: list[str]) -> None:
    text = "".join(parts)
    reading = read(text)
    assert all(one.line <= text.count("\n") + text.count("\r") + 1 for one in reading.invalid)
