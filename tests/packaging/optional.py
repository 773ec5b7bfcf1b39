"""The packages of each extra in pyproject.toml, as they are installed here; test modules read this file with runpy."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME = re.compile(r"[\w.-]+")
TOGETHER = ("sharing", "test", "dev")  # extras made of others, and of what tests need


def canonical(name: str) -> str:
    """Return the name of a distribution as all spellings of it are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def always_needed() -> list[Distribution]:
    """Return the distributions that graphnn cannot do without, with those that they need."""
    found: dict[str, Distribution] = {}
    left = [name_of(requirement) for requirement in PROJECT["dependencies"]]
    while left:
        name = left.pop()
        if name not in found:
            try:
                found[name] = distribution(name)
            except PackageNotFoundError:  # needed by another Python or system alone
                continue
            left += [name_of(one) for one in found[name].requires or [] if "extra ==" not in one]
    return list(found.values())


def name_of(requirement: str) -> str:
    """Return the name in a requirement."""
    found = NAME.match(requirement)
    assert found is not None
    return canonical(found[0])


def modules_of_extras() -> Mapping[str, list[str]]:
    """Return the modules that each extra brings, as they are imported, where it is installed here."""
    modules: dict[str, list[str]] = {}
    for module, names in packages_distributions().items():
        for name in names:
            modules.setdefault(canonical(name), []).append(module)
    return {
        extra: sorted({module for one in requirements for module in modules.get(name_of(one), [])})
        for extra, requirements in PROJECT["optional-dependencies"].items()
        if extra not in TOGETHER
    }


def extras() -> Iterator[str]:
    """Yield the names of the extras that bring something of their own."""
    yield from (name for name in PROJECT["optional-dependencies"] if name not in TOGETHER)
