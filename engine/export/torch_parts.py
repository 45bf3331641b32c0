"""Modules that torch has not, copied into a script whole; each is used by the kind of layer that it is named after."""

import numpy as np
import torch
from torch import nn


class SharedBias(nn.Module):
    """One bias that all neurons of a layer share."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x + self.bias


class Residual(nn.Module):
    """What goes in is added to what the layers make of it."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x) + x


class Dropout(nn.Module):
    """nn.Dropout, but with the workbook's masks, since torch would draw others: one for each sample of each step."""

    def __init__(self, rate, masks_shape, seed):
        super().__init__()
        self.rate = rate
        self.masks = torch.tensor(np.random.default_rng(seed).random(masks_shape) >= rate)
        self.used = 0

    def forward(self, x):
        masks = self.masks[self.used : self.used + len(x)]
        self.used += len(x)
        return x * masks / (1 - self.rate)
