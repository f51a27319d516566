"""PyTorch's ``torch.optim.adamw``, where programs import `AdamW` from."""

from wengert.optim.adam import AdamW as AdamW

__all__ = ["AdamW"]
