"""The machine that trains: which device, and what it is."""

import ctypes
import os
import platform
from typing import Any

import numpy as np
import torch

from cnn import processes
from cnn.errors import InputError

# glibc's own numbers for mallopt(3)
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4


def choose_device(name: str | None) -> torch.device:
    """The device of that name; without a name CUDA, Apple's GPU or the CPU, the first that is there.

    Raises:
        InputError: torch does not know the device or cannot use it here.
    """
    present = [kind for kind, there in _kinds().items() if there]
    if name is None:
        return torch.device(present[0])
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise InputError(f"--device {name}: no such device here, expected one of: {', '.join(present)}") from None
    return device


def _kinds() -> dict[str, bool]:
    return {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}


def prepare() -> None:
    """Make training repeatable on a GPU, and faster on Linux's CPUs."""
    torch.backends.cudnn.deterministic = True
    if platform.libc_ver()[0] == "glibc":
        # Keep the activations' memory from step to step: giving it back and taking it anew costs some 20,000 page
        # faults a step of the default recipe, which then takes 1.35 to 1.64 times the processor time (three pairs of
        # runs, one thread, medians of 12 steps).
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**30)
        libc.mallopt(M_TOP_PAD, 2**28)


def has_bf16_units(device: torch.device) -> bool | None:
    """Whether the device has units for 16-bit numbers (bfloat16); None where torch does not tell.

    Without them, a recipe in 'bf16' is several times slower than in 'fp32'.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):  # which older versions lack
        return None
    there = torch.cpu.get_capabilities()
    return any(there.get(unit, False) for unit in ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16"))


def describe(device: torch.device) -> dict[str, Any]:
    """What a training run ran on, for its report."""
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "processor": platform.machine(),
        "bf16_units": has_bf16_units(device),
        "cores": os.cpu_count(),
        "processes": processes.count(),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
