"""The cover over results: a chain of encrypted pieces, each bound to its place and to its number.

Web and workers hold the results keyset. A piece that was changed, left out, moved to another row or put in another
order does not open, and neither does a chain without its end. Nobody holds more than one piece in memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from core.keysets import UnusableKeyset, load
from wallets.vault import Locked, give, put_back

KEYSET = "PANEL_RESULTS_KEYSET_FILE"
PIECE_BYTES = 64 * 1024
#: Tink's prefix, nonce and tag around a piece.
MOST_COVERED = PIECE_BYTES + 128
_LENGTH = struct.Struct(">I")


def present() -> tuple[int, Any]:
    """Return the key that covers now: its id and the cipher. Raises `Locked` without the keyset."""
    from tink import aead

    if not settings.RESULTS_KEYSET:
        raise Locked(
            _("This process holds no results keyset, so it can neither keep an answer nor show one."),
            give(KEYSET),
        )
    try:
        keyset = load(settings.RESULTS_KEYSET, secret=True)
    except UnusableKeyset as error:
        why = _("The results keyset cannot be used, so no answer can be kept or shown: %(why)s.")
        raise Locked(why % {"why": error}, put_back(KEYSET)) from None
    return keyset.primary, keyset.primitive(aead.Aead)


def cover(pieces: Iterable[bytes], place: bytes, cipher: Any) -> Iterator[bytes]:
    """Yield the covered pieces with their lengths; the last one says that it is the last."""
    number, held = 0, b""
    for piece in _even(pieces):
        if number:
            yield _framed(cipher.encrypt(held, _bound(place, number - 1, last=False)))
        number, held = number + 1, piece
    yield _framed(cipher.encrypt(held, _bound(place, max(number - 1, 0), last=True)))


def uncover(covered: BinaryIO, place: bytes, cipher: Any) -> Iterator[bytes]:
    """Yield the clear pieces. Raises `Locked` at the first that does not belong there, and where the end is missing."""
    number, piece = 0, _next(covered)
    while piece is not None:
        following = _next(covered)
        yield _open(cipher, piece, _bound(place, number, last=following is None))
        number, piece = number + 1, following
    if number == 0:
        raise _foreign()


def _even(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut what comes in whatever sizes into pieces of one size."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) > PIECE_BYTES:
            yield bytes(held[:PIECE_BYTES])
            del held[:PIECE_BYTES]
    yield bytes(held)


def _bound(place: bytes, number: int, *, last: bool) -> bytes:
    return place + struct.pack(">Q?", number, last)


def _framed(covered: bytes) -> bytes:
    return _LENGTH.pack(len(covered)) + covered


def _next(covered: BinaryIO) -> bytes | None:
    head = covered.read(_LENGTH.size)
    if not head:
        return None
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else MOST_COVERED + 1
    piece = covered.read(length) if length <= MOST_COVERED else b""
    if len(piece) != length:
        raise _foreign()
    return piece


def _open(cipher: Any, piece: bytes, bound: bytes) -> bytes:
    from tink import TinkError

    try:
        clear: bytes = cipher.decrypt(piece, bound)
    except TinkError:
        raise _foreign() from None
    return clear


def _foreign() -> Locked:
    return Locked(
        _("A kept answer does not open: it was changed, cut, or kept for another place."),
        _("Ask for it again; answers are kept for a quarter of an hour only."),
    )
