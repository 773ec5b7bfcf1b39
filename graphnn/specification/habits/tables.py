"""The tables of keys by the kind or type of the object that people write them in."""

from collections.abc import Mapping

from graphnn.specification.habits.keys_anywhere import KEYS_ANYWHERE as KEYS_ANYWHERE
from graphnn.specification.habits.keys_of_layers import LAYER, LAYERS
from graphnn.specification.habits.keys_of_sections import KEYS
from graphnn.specification.habits.sentences import Table

TABLES: Mapping[str, Table] = {"layer": LAYER, **LAYERS, **KEYS}
