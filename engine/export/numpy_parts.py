"""Functions of a script in plain NumPy, copied into it whole; N samples, C channels, H×W maps, k×l a window."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def windows(x, size, stride):
    """What a window sees at each of its positions: (N, C, H, W) becomes (N, C, h, w, k, l)."""
    every = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    return every[:, :, :: stride[0], :: stride[1]]


def from_windows(seen, x, stride):
    """The other way: what each window has for each of its positions, added up where it stands in x."""
    dx = np.zeros(x.shape)
    _, _, h, w, k, l = seen.shape  # noqa: E741
    for row in range(k):
        for column in range(l):
            dx[:, :, row : row + stride[0] * h : stride[0], column : column + stride[1] * w : stride[1]] += seen[
                :, :, :, :, row, column
            ]
    return dx


def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))


def convolution(x, w, stride, padding):
    return np.einsum("ockl,nchwkl->nohw", w, windows(pad(x, padding), w.shape[2:], stride))


def convolution_backward(dz, x, w, stride, padding):
    """The gradients of the input and of the kernels."""
    padded = pad(x, padding)
    dw = np.einsum("nohw,nchwkl->ockl", dz, windows(padded, w.shape[2:], stride))
    dx = from_windows(np.einsum("nohw,ockl->nchwkl", dz, w), padded, stride)
    (top, left), (rows, columns) = padding, x.shape[2:]
    return dx[:, :, top : top + rows, left : left + columns], dw


def max_pool(x, size, stride):
    return windows(x, size, stride).max(axis=(4, 5))


def max_pool_backward(dz, x, size, stride):
    """All of it goes to the largest number of each window; to the first of several."""
    seen = windows(x, size, stride)
    flat = seen.reshape(*seen.shape[:4], -1)
    largest = np.arange(flat.shape[-1]) == flat.argmax(axis=-1)[..., np.newaxis]
    return from_windows((dz[..., np.newaxis] * largest).reshape(seen.shape), x, stride)


def average_pool(x, size, stride):
    return windows(x, size, stride).mean(axis=(4, 5))


def average_pool_backward(dz, x, size, stride):
    share = dz[..., np.newaxis, np.newaxis] / (size[0] * size[1])
    return from_windows(np.broadcast_to(share, (*dz.shape, *size)), x, stride)


def normalized(x, axes, eps):
    """Numbers less their mean over these axes, divided by their standard deviation; and that deviation."""
    deviation = np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    return (x - x.mean(axis=axes, keepdims=True)) / deviation, deviation


def normalized_backward(dn, n, deviation, axes):
    """From the gradient of the normalized numbers n; their mean and variance depend on every x too."""
    return (dn - dn.mean(axis=axes, keepdims=True) - n * (dn * n).mean(axis=axes, keepdims=True)) / deviation


def by_channel(parameter, x):
    """One number for each channel, shaped to be multiplied with x."""
    return parameter.reshape(-1, *(1,) * (x.ndim - 2))


def sum_by_channel(x):
    return x.sum(axis=(0, *range(2, x.ndim)))
