"""Modules that torch lacks, copied into a script whole; each is used by the kind of layer that it is named after."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional


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


class Embedding(nn.Embedding):
    """nn.Embedding of tokens that stand in float64; of several in a row one list of numbers after the other."""

    def forward(self, x):
        return super().forward(x.long()).flatten(-2)


class Position(nn.Module):
    """A list of numbers that is learned for each position of a sequence is added to what goes in."""

    def __init__(self, steps, features):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(steps, features))

    def forward(self, x):
        return x + self.weight


class Waves(nn.Module):
    """sin and cos of the position in the sequence are added, from fast waves to slow ones."""

    def __init__(self, steps, features):
        super().__init__()
        position, feature = torch.arange(steps).unsqueeze(1), torch.arange(features)
        angle = position / 10_000.0 ** ((feature - feature % 2) / features)
        self.waves = torch.where(feature % 2 == 1, torch.cos(angle), torch.sin(angle))

    def forward(self, x):
        return x + self.waves


class Attention(nn.Module):
    """nn.MultiheadAttention of a sequence with itself, its four matrices one below the other, as the workbook has them.

    x is (samples, steps, features).
    """

    def __init__(self, features, heads, bias, causal):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4 * features, features))
        self.bias = nn.Parameter(torch.zeros(4 * features)) if bias else torch.zeros(4 * features)
        self.heads, self.causal = heads, causal

    def forward(self, x):
        of_q, of_k, of_v, of_out = self.weight.chunk(4)
        bias_q, bias_k, bias_v, bias_out = self.bias.chunk(4)
        q, k, v = (
            self.by_head(x @ of_q.T + bias_q),
            self.by_head(x @ of_k.T + bias_k),
            self.by_head(x @ of_v.T + bias_v),
        )
        taken = functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return taken.transpose(1, 2).flatten(2) @ of_out.T + bias_out

    def by_head(self, x):
        """(samples, steps, features) becomes (samples, heads, steps, features of a head)."""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class Recurrent(nn.Module):
    """nn.RNN with one bias instead of two, and the weights of inputs and state side by side, as the workbook has them.

    x is (samples, steps, inputs); so are the other two.
    """

    def __init__(self, inputs, neurons, bias, initial, activation):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(neurons, inputs + neurons))
        self.bias = nn.Parameter(torch.zeros(neurons)) if bias else 0
        self.initial, self.activation = torch.tensor(initial), activation

    def forward(self, x):
        h, states = self.initial.expand(len(x), -1), []
        for step in range(x.shape[1]):
            h = self.activation(torch.cat([x[:, step], h], dim=1) @ self.weight.T + self.bias)
            states.append(h)
        return torch.stack(states, dim=1)


class Lstm(nn.Module):
    """nn.LSTM, likewise; the rows of its weights are those of the gates i, f, g and o."""

    def __init__(self, inputs, neurons, bias, initial):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4 * neurons, inputs + neurons))
        self.bias = nn.Parameter(torch.zeros(4 * neurons)) if bias else 0
        self.initial = torch.tensor(initial)  # h, then c

    def forward(self, x):
        h, c = self.initial.expand(len(x), -1).chunk(2, dim=1)
        states = []
        for step in range(x.shape[1]):
            i, f, g, o = (torch.cat([x[:, step], h], dim=1) @ self.weight.T + self.bias).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            states.append(h)
        return torch.stack(states, dim=1)


class Gru(nn.Module):
    """nn.GRU, likewise, of the gates r, z and n; the fourth bias is that of what n recalls."""

    def __init__(self, inputs, neurons, bias, initial):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3 * neurons, inputs + neurons))
        self.bias = nn.Parameter(torch.zeros(4 * neurons)) if bias else torch.zeros(4 * neurons)
        self.initial, self.inputs = torch.tensor(initial), inputs

    def forward(self, x):
        h, states = self.initial.expand(len(x), -1), []
        of_r, of_z, of_n, of_recalled = self.bias.chunk(4)
        for step in range(x.shape[1]):
            r, z, n = (x[:, step] @ self.weight[:, : self.inputs].T).chunk(3, dim=1)
            r_h, z_h, n_h = (h @ self.weight[:, self.inputs :].T).chunk(3, dim=1)
            r, z = torch.sigmoid(r + r_h + of_r), torch.sigmoid(z + z_h + of_z)
            n = torch.tanh(n + of_n + r * (n_h + of_recalled))
            h = (1 - z) * n + z * h
            states.append(h)
        return torch.stack(states, dim=1)
