"""Training with several processes, each on its share of every batch: started by torchrun, joined here."""

import os

import torch
from torch import Tensor, distributed

from cnn.errors import InputError


def join(device: torch.device) -> torch.device:
    """Meet the other processes that torchrun started, if it did; returns the device of this one.

    Raises:
        InputError: there are more processes than GPUs.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return device
    # Here, since torch's optimisers import it later: imported beside a process group, it keeps that alive after its
    # end, and threads that still run when Python ends can abort the process.
    from torch import _dynamo  # noqa: F401

    if device.type == "cuda":
        local, gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if local >= gpus:
            raise InputError(f"process {local + 1} of this machine has no GPU: it has {gpus}; lower --nproc-per-node")
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return device


def leave() -> None:
    """Part from the other processes; without any it does nothing."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def count() -> int:
    """How many processes train together: 1 without torchrun."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """The number of this process, from 0 on. Only process 0 prints and writes files."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def total(numbers: Tensor) -> Tensor:
    """The sum over all processes, of which each gets the same; changes `numbers`."""
    if count() > 1:
        distributed.all_reduce(numbers)
    return numbers


def wait() -> None:
    """Wait until all processes are here."""
    if count() > 1:
        distributed.barrier()
