"""PyTorch's ``torch.amp``, mixed precision: what is switched off runs, what would compute otherwise raises."""

from wengert.amp import autocast_mode as autocast_mode
from wengert.amp import grad_scaler as grad_scaler
from wengert.amp.autocast_mode import autocast as autocast
from wengert.amp.autocast_mode import custom_bwd as custom_bwd
from wengert.amp.autocast_mode import custom_fwd as custom_fwd
from wengert.amp.autocast_mode import is_autocast_available as is_autocast_available
from wengert.amp.grad_scaler import GradScaler as GradScaler
from wengert.errors import refuser

__getattr__ = refuser(__name__, "torch.amp")
