"""Every public class shows how it is used, and what it shows is true."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import Any, Protocol

import pytest

import run402

MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(run402.__path__, prefix="run402.")
]


def public_classes(module: ModuleType) -> list[type]:
    found: list[Any] = [
        value for name, value in vars(module).items() if inspect.isclass(value) and name[0] != "_"
    ]
    return [value for value in found if value.__module__ == module.__name__]


def needs_an_example(value: type) -> bool:
    """Protocols are for others to write; below the base of the errors the tree in the docstring says it all."""
    is_leaf_error = issubclass(value, Exception) and value is not run402.errors.Run402Error
    return not is_leaf_error and Protocol not in value.__bases__


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples_of_a_module_are_true(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_public_classes_have_an_example(module: ModuleType) -> None:
    without = [
        value.__name__
        for value in public_classes(module)
        if needs_an_example(value) and ">>>" not in (value.__doc__ or "")
    ]
    assert without == []


def test_tree_in_the_docstring_names_every_error() -> None:
    tree = run402.errors.__doc__ or ""
    names = [value.__name__ for value in public_classes(run402.errors)]
    assert "SpecInvalid" in names
    assert [name for name in names if name not in tree] == []
