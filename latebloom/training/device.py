"""Where a run computes: the device, its threads, and the precision that is fast there."""

import torch

from latebloom import launched
from latebloom.errors import LatebloomError


def choose_device(name: str) -> torch.device:
    """`auto` takes CUDA, then MPS, then the CPU.

    Raises: LatebloomError for a device that is unknown or not there.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    if name == "auto":
        name = next(device for device in ("cuda", "mps", "cpu") if there[device])
    if name not in there:
        raise LatebloomError(f"--device {name}: use auto, cpu, cuda or mps")
    if not there[name]:
        raise LatebloomError(f"--device {name}: this machine or this build of torch has none")
    if name == "cuda" and launched.how_many() > 1:  # each process has a GPU of its own
        torch.cuda.set_device(launched.number_here())
        return torch.device("cuda", launched.number_here())
    return torch.device(name)


def autocast_dtype(precision: str, device: torch.device, d_model: int) -> torch.dtype | None:
    """The dtype to autocast matrix products to, None for float32.

    A processor gains from bf16 only with units for it, and only where products are large.
    """
    if precision == "auto":
        units = torch.cpu.get_capabilities() if device.type == "cpu" else {}
        native = units.get("avx512_bf16") or units.get("amx_bf16")
        faster = device.type == "cuda" or (native and d_model >= 256)
        precision = "bf16" if faster else "float32"
    return torch.bfloat16 if precision == "bf16" else None
