"""Makes one broken request from a number: an address, a method, and something wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import NoReverseMatch, reverse

from tests.addresses import ADDRESSES, converters_of
from tests.security.fuzzing import garbage
from tests.security.fuzzing.world import World

METHODS = ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PURGE", "get", "")
NAMES = sorted(ADDRESSES)
#: The owner gets furthest.
WEIGHTS = {"anonymous": 2, "alice": 10, "dora": 3, "charlie": 3}


@dataclass
class Shot:
    """One request. `data` is a form; `body` with `content_type` are bytes as they are."""

    who: str
    method: str
    path: str
    query: str = ""
    address: str = ""
    data: dict[str, Any] | None = None
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    forged: bool = False


def shot(random: Random, world: World) -> Shot:
    """Return one request; the same for the same state of `random`."""
    who = random.choices(list(world.people), weights=[WEIGHTS[name] for name in world.people])[0]
    made = (
        _form_shot(random, world, who)
        if world.forms and random.random() < 0.45
        else _address_shot(random, world, who)
    )
    if random.random() < 0.35:
        made.query = _query(random, world)
    if random.random() < 0.2:
        made.headers.update(random.choice(garbage.HEADERS) for _ in range(random.randrange(1, 4)))
    made.forged = random.random() < 0.08
    return made


def _form_shot(random: Random, world: World, who: str) -> Shot:
    """Send a form with a few of its fields broken, or gone, or doubled, or a file in their place."""
    action, form = random.choice(world.forms)
    data: dict[str, Any] = {name: list(values) for name, values in form.fields.items()}
    names = [*data, *form.choices, *(name for name, _ in form.buttons), random.choice(world.names)]
    for name in random.sample(names, min(len(names), random.randrange(4))):
        data[name] = _broken_value(random)
    path, _, query = action.partition("?")
    if form.method == "get":
        return Shot(
            who,
            "GET",
            path,
            urlencode({k: v for k, v in data.items() if isinstance(v, list)}, doseq=True),
            path,
        )
    return Shot(who, "POST", path, query, path, data)


def _broken_value(random: Random) -> Any:
    choice = random.random()
    if choice < 0.1:
        return []
    if choice < 0.2:
        name, content = random.choice(garbage.FILES)
        return SimpleUploadedFile(name or "x", content)
    return [garbage.text(random) for _ in range(1 if choice < 0.9 else random.randrange(2, 6))]


def _address_shot(random: Random, world: World, who: str) -> Shot:
    name = random.choice(NAMES)
    path = _path(random, world, name)
    method = random.choices(("GET", "POST", random.choice(METHODS)), weights=(55, 35, 10))[0]
    made = Shot(who, method, path, address=name)
    if method == "POST" and random.random() < 0.5:
        names = random.sample(world.names, random.randrange(4))
        made.data = {name: _broken_value(random) for name in names}
    elif method != "GET":
        made.body, made.content_type = random.choice(garbage.BODIES), random.choice(garbage.CONTENT_TYPES)
    return made


def _path(random: Random, world: World, name: str) -> str:
    """Return the address with ids that lead somewhere, or a broken one."""
    if random.random() < 0.12:
        return quote(f"/{garbage.text(random)}/{garbage.text(random)}"[:4000], safe="/%")
    values = {one: _id(random, world, name, one) for one in converters_of(name)}
    try:
        path = reverse(name, kwargs=values)
    except NoReverseMatch:
        path = f"/{name.replace(':', '/')}/{quote(garbage.text(random)[:500])}"
    if random.random() < 0.08:
        path = (
            path.replace("-", random.choice(garbage.RAW), 1)
            if "-" in path
            else path + random.choice(garbage.RAW)
        )
    return path


def _id(random: Random, world: World, name: str, parameter: str) -> str:
    if parameter in ("tier", "slug"):
        return random.choice(["prototype", "hobby", "team", "x", "a" * 200])
    if random.random() < 0.85:
        room = name.partition(":")[0]
        own = world.ids.get(parameter) or (world.ids.get(room) if random.random() < 0.8 else None)
        return random.choice(own or world.ids[""])
    return garbage.text(random)[:300] or "x"


def _query(random: Random, world: World) -> str:
    if random.random() < 0.2:
        return random.choice(garbage.RAW) * random.choice((1, 3, 1500))
    pairs = [(random.choice(world.names), garbage.text(random)) for _ in range(random.randrange(1, 5))]
    return urlencode(pairs)
