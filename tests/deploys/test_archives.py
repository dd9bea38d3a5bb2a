"""Hostile and broken archives: each is refused with one sentence that names what is wrong."""

from __future__ import annotations

import io
import stat
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from core.errors import Refusal
from deploys import store
from deploys.archives import Tree, read_archive
from tests.deploys.conftest import zipped

MB = 2**20


@pytest.fixture(autouse=True)
def _store(settings: Settings, tmp_path: Path) -> None:
    settings.STORE_DIR = tmp_path / "store"


def read(data: bytes, name: str = "site.zip") -> Tree:
    return read_archive(io.BytesIO(data), name=name)


def refused(data: bytes, name: str = "site.zip") -> tuple[str, str]:
    with pytest.raises(Refusal) as caught:
        read(data, name)
    assert caught.value.field == "archive"
    return caught.value.fault.code, str(caught.value)


def tarred(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def with_entry(change: Callable[[zipfile.ZipInfo], None], content: bytes = b"x") -> bytes:
    """Return a zip with one entry that `change` made odd."""
    buffer, info = io.BytesIO(), zipfile.ZipInfo("index.html")
    change(info)
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, content)
    return buffer.getvalue()


def paths(tree: Tree) -> list[str]:
    return sorted(tree.files)


def test_zip_and_tar_give_the_same_files() -> None:
    files = {"index.html": b"<h1>x</h1>", "a/b.css": b"b" * 512, "a/empty.txt": b""}
    zipped_tree = read(zipped(files))
    tarred_tree = read(tarred(*((member(name), content) for name, content in files.items())), "site.tar.gz")
    assert zipped_tree.files == tarred_tree.files
    assert zipped_tree.files["a/b.css"] == {
        "sha256": store.put([b"b" * 512]).sha256,
        "size": 512,
        "content_type": "text/css; charset=utf-8",
    }


def test_a_single_folder_around_everything_is_removed_and_said() -> None:
    tree = read(zipped({"dist/index.html": "x", "dist/img/a.png": "y"}))
    assert (paths(tree), tree.stripped) == (["img/a.png", "index.html"], "dist")


def test_files_beside_a_folder_keep_their_paths() -> None:
    tree = read(zipped({"index.html": "x", "img/a.png": "y"}))
    assert (paths(tree), tree.stripped) == (["img/a.png", "index.html"], "")


def test_secrets_and_clutter_are_left_out_and_told() -> None:
    tree = read(
        zipped(
            {
                "s/index.html": "x",
                "s/.env": "K=1",
                "s/node_modules/a.js": "1",
                "s/.git/config": "",
                "s/tls.PEM": "k",
                "__MACOSX/s/._index.html": "m",
            }
        )
    )
    assert paths(tree) == ["index.html"]
    assert tree.left_out == [
        ["__MACOSX/s/._index.html", "skipped"],
        ["s/.env", "secret"],
        ["s/.git/config", "skipped"],
        ["s/node_modules/a.js", "skipped"],
        ["s/tls.PEM", "secret"],
    ]


@pytest.mark.parametrize(
    "path",
    [
        "../evil.html",
        "a/../../evil.html",
        "/etc/passwd",
        "C:/evil.html",
        "a\\..\\evil.html",
        "a//b.html",
        "new\nline.html",
        "p" * 1100,
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    assert refused(tarred((member(path), b"x")), "site.tgz")[0] == "PATH_INVALID"


@pytest.mark.parametrize("path", ["../evil.html", "/etc/passwd", "C:/evil.html", "a\\b.html"])
def test_a_zip_path_that_leads_elsewhere_is_refused(path: str) -> None:
    code, sentence = refused(with_entry(lambda info: setattr(info, "filename", path)))
    assert (code, path.replace("\\", "\\") in sentence) == ("PATH_INVALID", True)


def test_a_hostile_path_is_refused_even_where_the_file_would_be_left_out() -> None:
    assert refused(zipped({"index.html": "x", "../node_modules/a.js": "1"}))[0] == "PATH_INVALID"


def test_a_zip_name_with_a_hidden_half_is_refused() -> None:
    data = zipped({"index.html#.png": "x"}).replace(b"index.html#", b"index.html\x00")
    assert refused(data)[0] in ("PATH_INVALID", "ARCHIVE_BROKEN")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(kind: bytes) -> None:
    code, sentence = refused(tarred((member("link", kind, "/etc/passwd"), b"")), "site.tgz")
    assert (code, "“link”" in sentence) == ("ARCHIVE_SPECIAL_FILE", True)


def test_a_symbolic_link_in_a_zip_is_refused() -> None:
    data = with_entry(lambda info: setattr(info, "external_attr", (stat.S_IFLNK | 0o777) << 16))
    assert refused(data) == (
        "ARCHIVE_SPECIAL_FILE",
        "“index.html” is a link or a device; only plain files can be published.",
    )


def test_an_encrypted_zip_is_refused() -> None:
    data = bytearray(zipped({"index.html": "x"}))
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    assert refused(bytes(data))[0] == "ARCHIVE_ENCRYPTED"


def test_a_zip_packed_with_lzma_is_refused() -> None:
    assert (
        refused(with_entry(lambda info: setattr(info, "compress_type", zipfile.ZIP_LZMA)))[0]
        == "ARCHIVE_COMPRESSION"
    )


def test_the_same_path_twice_is_refused() -> None:
    assert (
        refused(tarred((member("a.html"), b"1"), (member("./a.html"), b"2")), "site.tgz")[0]
        == "ARCHIVE_DUPLICATE"
    )


def test_too_many_entries_are_refused_folders_counted(settings: Settings) -> None:
    settings.UPLOAD_MAX_FILES = 3
    data = tarred(*((member(f"d{n}", tarfile.DIRTYPE), b"") for n in range(4)))
    assert refused(data, "site.tgz")[0] == "ARCHIVE_TOO_MANY_FILES"
    assert refused(zipped({f"{n}.html": "x" for n in range(4)}))[0] == "ARCHIVE_TOO_MANY_FILES"


def test_a_table_of_contents_that_would_fill_the_memory_is_not_read(settings: Settings) -> None:
    settings.UPLOAD_MAX_FILES = 10
    data = zipped({f"{'n' * 200}{n}": "" for n in range(5000)})
    assert refused(data) == (
        "ARCHIVE_TOO_MANY_FILES",
        "The archive's table of contents is too long for 10 files.",
    )


def test_unpacked_bytes_are_counted_not_believed(settings: Settings) -> None:
    settings.UPLOAD_MAX_UNPACKED_BYTES = MB
    files = {"a.bin": bytes(MB), "b.bin": b"1"}
    code, sentence = refused(zipped(files))
    assert (code, "b.bin" in sentence) == ("ARCHIVE_TOO_LARGE", True)
    assert refused(tarred(*((member(n), c) for n, c in files.items())), "site.tgz")[0] == "ARCHIVE_TOO_LARGE"


def test_what_is_left_out_of_a_tar_is_counted_too(settings: Settings) -> None:
    settings.UPLOAD_MAX_UNPACKED_BYTES, settings.UPLOAD_MAX_FILES = MB, 10
    data = tarred((member("node_modules/a.bin"), bytes(3 * MB)), (member("index.html"), b"x"))
    assert refused(data, "site.tgz")[0] == "ARCHIVE_TOO_LARGE"


def test_a_bomb_is_refused_by_its_ratio() -> None:
    assert refused(zipped({"bomb.bin": bytes(40 * MB)}))[0] == "ARCHIVE_BOMB"


def test_a_header_that_asks_for_memory_is_refused() -> None:
    header = member("x" * 100)
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 512 * MB
    buffer = io.BytesIO()
    import gzip

    with gzip.GzipFile(fileobj=buffer, mode="wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    assert refused(buffer.getvalue(), "site.tgz")[0] == "ARCHIVE_BROKEN"


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04 and nothing more", b"\x1f\x8b and nothing more", zipped({"a": "x" * 999})[:-30]],
    ids=["zip of one word", "gzip of one word", "zip without its end"],
)
def test_a_broken_archive_says_so(data: bytes) -> None:
    assert refused(data, "s.zip") == (
        "ARCHIVE_BROKEN",
        "“s.zip” is broken: it cannot be read to its end. Pack it again.",
    )


def test_a_tar_that_stops_in_the_middle_says_so() -> None:
    assert refused(tarred((member("a.html"), bytes(range(256)) * 900))[:-60], "s.tgz")[0] == "ARCHIVE_BROKEN"


def test_changed_bytes_are_noticed() -> None:
    stored = with_entry(lambda info: None, b"abcdefgh")
    assert refused(stored.replace(b"abcdefgh", b"abcdefgX"))[0] == "ARCHIVE_BROKEN"


def test_something_else_is_not_an_archive() -> None:
    assert refused(b"hello", "notes.txt") == (
        "ARCHIVE_UNKNOWN",
        "“notes.txt” is neither a zip nor a tar.gz archive.",
    )


def test_an_archive_without_anything_to_publish_says_so() -> None:
    assert refused(zipped({".env": "K=1"}))[0] == "ARCHIVE_EMPTY"
    assert refused(zipped({}))[0] == "ARCHIVE_EMPTY"


def test_a_refused_archive_leaves_no_half_written_file(tmp_path: Path, settings: Settings) -> None:
    settings.UPLOAD_MAX_UNPACKED_BYTES = MB
    refused(zipped({"a.bin": bytes(3 * MB)}))
    assert list((tmp_path / "store" / "incoming").iterdir()) == []


def test_a_hundred_megabytes_pass_in_bounded_memory(tmp_path: Path) -> None:
    source = tmp_path / "large.zip"
    block = bytes(range(256)) * 4096
    with zipfile.ZipFile(source, "w", zipfile.ZIP_STORED) as archive, archive.open("large.bin", "w") as entry:
        for _ in range(100):
            entry.write(block)
    tracemalloc.start()
    with source.open("rb") as file:
        tree = read_archive(file, name="large.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tree.files["large.bin"]["size"], peak < 8 * MB) == (100 * MB, True)
