"""NVIDIA's CUDA, which Wengert does not compute with."""

from __future__ import annotations

from typing import Any, Final

from wengert import settings
from wengert.errors import refuser
from wengert.nn.attention import SDPBackend, allowed


def is_built() -> bool:
    """Say whether this build could use it: False."""
    return False


class _MatmulFlags:
    """How float32 products on a GPU may be rounded. There is none: the flags are kept and change nothing.

    ``allow_tf32`` says what `set_float32_matmul_precision` says. AttributeError for a flag that is not PyTorch's,
    RuntimeError for a value that is no bool.
    """

    def __init__(self) -> None:
        vars(self).update(
            allow_fp16_reduced_precision_reduction=True,
            allow_bf16_reduced_precision_reduction=True,
            allow_fp16_accumulation=False,
            fp32_precision="none",
        )

    @property
    def allow_tf32(self) -> bool:
        """Whether products may be rounded to TF32: a wish only."""
        return settings.get_float32_matmul_precision() != "highest"

    def __getattr__(self, name: str) -> Any:
        known = ", ".join(["allow_tf32", *vars(self)])
        raise AttributeError(
            f"torch.backends.cuda.matmul: Unknown attribute {name}. It has {known}.",
            name=name,
            obj=self,
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "allow_tf32" and name not in vars(self):
            known = ", ".join(["allow_tf32", *vars(self)])
            raise AttributeError(
                f"torch.backends.cuda.matmul: Unknown attribute {name}. It has {known}."
            )
        if name != "fp32_precision" and not isinstance(value, bool):
            raise RuntimeError(
                f"torch.backends.cuda.matmul.{name} expects a bool, but got {type(value).__name__}"
            )
        if name == "allow_tf32":
            settings.set_float32_matmul_precision("high" if value else "highest")
        else:
            vars(self)[name] = value


matmul: Final = _MatmulFlags()


def flash_sdp_enabled() -> bool:
    """Say whether flash attention is allowed, as was last asked."""
    return allowed[SDPBackend.FLASH_ATTENTION]


def enable_flash_sdp(enabled: bool) -> None:
    """Allow flash attention or not: there is one way of computing attention here."""
    allowed[SDPBackend.FLASH_ATTENTION] = enabled


def mem_efficient_sdp_enabled() -> bool:
    """Say whether memory-efficient attention is allowed, as was last asked."""
    return allowed[SDPBackend.EFFICIENT_ATTENTION]


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Allow memory-efficient attention or not: there is one way of computing attention here."""
    allowed[SDPBackend.EFFICIENT_ATTENTION] = enabled


def math_sdp_enabled() -> bool:
    """Say whether attention by its formula is allowed, as was last asked."""
    return allowed[SDPBackend.MATH]


def enable_math_sdp(enabled: bool) -> None:
    """Allow attention by its formula or not: it is computed so in any case."""
    allowed[SDPBackend.MATH] = enabled


def cudnn_sdp_enabled() -> bool:
    """Say whether cuDNN's attention is allowed, as was last asked."""
    return allowed[SDPBackend.CUDNN_ATTENTION]


def enable_cudnn_sdp(enabled: bool) -> None:
    """Allow cuDNN's attention or not: there is one way of computing attention here."""
    allowed[SDPBackend.CUDNN_ATTENTION] = enabled


__getattr__ = refuser(__name__, "torch.backends.cuda")
