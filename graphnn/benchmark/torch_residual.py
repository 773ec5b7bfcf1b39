"""A residual block as a module of PyTorch. Importing this needs PyTorch."""

from typing import Any

import torch


class Sum(torch.nn.Module):  # type: ignore[misc,unused-ignore]
    """y = body(x) + shortcut(x)."""

    def __init__(self, body: Any, shortcut: Any) -> None:
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return y."""
        y: torch.Tensor = self.body(x) + self.shortcut(x)
        return y
