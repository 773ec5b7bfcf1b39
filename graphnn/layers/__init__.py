"""The layers. Importing this package registers all of them."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    if _module.name != "plugins":  # which few documents need
        import_module(f"{__name__}.{_module.name}")
