"""Names of layers as attributes of modules: valid in Python, unique, and none that nn.Module uses itself."""

import builtins
import keyword
import re
from collections.abc import Iterable

RESERVED = {
    "T_destination",
    "add_module",
    "append",
    "apply",
    "bfloat16",
    "buffers",
    "call_super_init",
    "children",
    "compile",
    "cpu",
    "cuda",
    "double",
    "dump_patches",
    "eval",
    "extend",
    "extra_repr",
    "float",
    "forward",
    "get_buffer",
    "get_extra_state",
    "get_parameter",
    "get_submodule",
    "half",
    "insert",
    "ipu",
    "load_state_dict",
    "modules",
    "mtia",
    "named_buffers",
    "named_children",
    "named_modules",
    "named_parameters",
    "parameters",
    "pop",
    "register_backward_hook",
    "register_buffer",
    "register_forward_hook",
    "register_forward_pre_hook",
    "register_full_backward_hook",
    "register_full_backward_pre_hook",
    "register_load_state_dict_post_hook",
    "register_load_state_dict_pre_hook",
    "register_module",
    "register_parameter",
    "register_state_dict_post_hook",
    "register_state_dict_pre_hook",
    "requires_grad_",
    "set_extra_state",
    "set_submodule",
    "share_memory",
    "state_dict",
    "to",
    "to_empty",
    "train",
    "training",
    "type",
    "xpu",
    "zero_grad",
    "mean",
    "std",
    "self",
    "normalise",
}  # attributes of nn.Sequential, and what the network has beside its layers


class Names:
    """Gives identifiers that have not been given yet."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def new(self, wanted: str, join: str = "_") -> str:
        """Return an identifier like the wanted name. join: what stands before the number that makes it unique."""
        plain = re.sub(r"\W+", "_", wanted, flags=re.ASCII).strip("_") or "layer"
        if plain[0].isdigit():
            plain = f"layer_{plain}"
        if plain in RESERVED or keyword.iskeyword(plain) or keyword.issoftkeyword(plain) or hasattr(builtins, plain):
            plain = f"{plain}_layer"
        name, number = plain, 2
        while name in self._taken:
            name, number = f"{plain}{join}{number}", number + 1
        self._taken.add(name)
        return name


def class_name(wanted: str) -> str:
    """Return a name in the form of classes: ConvBlock for conv_block."""
    words = re.sub(r"\W+", "_", wanted, flags=re.ASCII).split("_")
    name = "".join(word[:1].upper() + word[1:] for word in words if word)
    return name if name and not name[0].isdigit() else f"Block{name}"
