"""Marks that stand for a person or a team."""

from zlib import crc32

TONES = ("", "t2", "t3", "t4", "t5")


def initials(name: str) -> str:
    """Return `AD` for Ana Duarte, `AN` for ana@example.com, `?` for nobody."""
    parts = name.split("@")[0].replace(".", " ").replace("-", " ").split()
    words = [word for word in parts if word[0].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]
    return letters.upper()


def tone(name: str) -> str:
    """Return the avatar's tone, the same for a name on every page."""
    return TONES[crc32(name.encode()) % len(TONES)]
