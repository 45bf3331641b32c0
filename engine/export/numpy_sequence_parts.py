"""Functions of a script in plain NumPy whose samples are sequences, copied into it whole.

A row is a step of a sequence, so that N sequences of T steps have N·T rows; `time` is T. Errors flow back through
`bptt` steps. What a layer remembers has the weights of the inputs and those of the state side by side.
"""

import numpy as np

from engine.export.numpy_parts import sigmoid


def by_sequence(x, time):
    """(N·T, F) becomes (N, T, F)."""
    return x.reshape(-1, time, x.shape[-1])


def before(states, initial, time):
    """What was there a step earlier: in a sequence's first step the initial state."""
    states = by_sequence(states, time)
    first = np.broadcast_to(initial, states[:, :1].shape)
    return np.concatenate([first, states[:, :-1]], axis=1).reshape(-1, states.shape[2])


def waves(time, features):
    """sin and cos of the position in the sequence, from fast waves to slow ones."""
    position, feature = np.arange(time)[:, np.newaxis], np.arange(features)
    angle = position / 10_000 ** ((feature - feature % 2) / features)
    return np.where(feature % 2, np.cos(angle), np.sin(angle))


def embedding_backward(dz, tokens, w):
    """Each token's numbers get the gradients of all positions where it stands."""
    dw = np.zeros(w.shape)
    np.add.at(dw, tokens.astype(int), dz.reshape(*tokens.shape, -1))
    return dw


def recurrent(x, w, b, initial, time, activation):
    x = by_sequence(x, time)
    z = np.zeros((*x.shape[:2], len(w)))
    a = np.broadcast_to(initial, z[:, 0].shape)
    for step in range(time):
        z[:, step] = np.hstack([x[:, step], a]) @ w.T + b
        a = activation(z[:, step])
    return z.reshape(-1, len(w))


def through_time(dz, slope, w, time, bptt):
    """What each step's z makes of the steps behind it is added, from the last one back; slope is that of a by z."""
    dz, slope = by_sequence(dz.copy(), time), by_sequence(slope, time)
    for step in range(time - 1, 0, -1):
        if step % bptt:
            dz[:, step - 1] += dz[:, step] @ w[:, -len(w) :] * slope[:, step - 1]
    return dz.reshape(-1, len(w))


def lstm(x, w, b, initial, time):
    """The gates i, f, g, o side by side, what the cells keep, and the states."""
    x, n, kept = by_sequence(x, time), len(w) // 4, []
    h, c = (np.broadcast_to(state, (len(x), n)) for state in np.split(np.array(initial), 2))
    for step in range(time):
        i, f, g, o = np.split(np.hstack([x[:, step], h]) @ w.T + b, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        kept.append(np.hstack([i, f, g, o, c, h]))
    return np.split(np.stack(kept, axis=1).reshape(-1, 6 * n), [4 * n, 5 * n], axis=1)


def lstm_backward(dh, x, w, gates, cells, states, initial, time, bptt):
    """The gradients of the input, of the weights and of the biases."""
    first_h, first_c = np.split(np.array(initial), 2)
    c, c_before = by_sequence(cells, time), by_sequence(before(cells, first_c, time), time)
    dh, by_step = by_sequence(dh.copy(), time), by_sequence(gates, time)
    d, dc = np.zeros(by_step.shape), 0
    for step in reversed(range(time)):
        i, f, g, o = np.split(by_step[:, step], 4, axis=1)
        out = np.tanh(c[:, step])
        dc = dc + dh[:, step] * o * (1 - out**2)
        di, df, dg = dc * g * i * (1 - i), dc * c_before[:, step] * f * (1 - f), dc * i * (1 - g**2)
        d[:, step] = np.hstack([di, df, dg, dh[:, step] * out * o * (1 - o)])
        dc = dc * f if step % bptt else 0
        if step % bptt:
            dh[:, step - 1] += d[:, step] @ w[:, x.shape[1] :]
    d = d.reshape(gates.shape)
    return d @ w[:, : x.shape[1]], d.T @ np.hstack([x, before(states, first_h, time)]), d.sum(axis=0)


def gru(x, w, b, initial, time):
    """The gates r, z, n side by side with what n recalls of the past, and the states."""
    size, x, n, kept = x.shape[1], by_sequence(x, time), len(w) // 3, []
    h = np.broadcast_to(initial, (len(x), n))
    for step in range(time):
        of_r, of_z, of_n = np.split(x[:, step] @ w[:, :size].T + b[: 3 * n], 3, axis=1)
        past_r, past_z, past = np.split(h @ w[:, size:].T, 3, axis=1)
        past = past + b[3 * n :]
        r, z = sigmoid(of_r + past_r), sigmoid(of_z + past_z)
        new = np.tanh(of_n + r * past)
        h = (1 - z) * new + z * h
        kept.append(np.hstack([r, z, new, past, h]))
    return np.split(np.stack(kept, axis=1).reshape(-1, 5 * n), [4 * n], axis=1)


def gru_backward(dh, x, w, gates, states, initial, time, bptt):
    """The gradients of the input, of the weights and of the biases."""
    h, dh, by_step = before(states, initial, time), by_sequence(dh.copy(), time), by_sequence(gates, time)
    h_before = by_sequence(h, time)
    # d is of the gates' sums and of what n recalls.
    d, n = np.zeros(by_step.shape), len(w) // 3
    from_past = np.r_[0 : 2 * n, 3 * n : 4 * n]
    for step in reversed(range(time)):
        r, z, new, past = np.split(by_step[:, step], 4, axis=1)
        of_n = dh[:, step] * (1 - z) * (1 - new**2)
        of_z = dh[:, step] * (h_before[:, step] - new) * z * (1 - z)
        d[:, step] = np.hstack([of_n * past * r * (1 - r), of_z, of_n, of_n * r])
        if step % bptt:
            dh[:, step - 1] += dh[:, step] * z + d[:, step][:, from_past] @ w[:, x.shape[1] :]
    d = d.reshape(gates.shape)
    dw = np.hstack([d[:, : 3 * n].T @ x, d[:, from_past].T @ h])
    return d[:, : 3 * n] @ w[:, : x.shape[1]], dw, d.sum(axis=0)


def attention(x, w, b, time, heads, causal):
    """Queries, keys, values, (N, H, T, F), the shares that each token takes of all, (N, H, T, T), and what it takes."""
    size = x.shape[1]
    made = x @ w[: 3 * size].T + b[: 3 * size]
    q, k, v = (by_head(part, time, heads) for part in np.split(made, 3, axis=1))
    score = q @ k.swapaxes(2, 3) / np.sqrt(q.shape[3])
    if causal:
        score = np.where(np.tri(time), score, -np.inf)
    powers = np.exp(score - score.max(axis=3, keepdims=True))
    shares = powers / powers.sum(axis=3, keepdims=True)
    return q, k, v, shares, from_heads(shares @ v)


def attention_backward(dz, x, w, q, k, v, shares, taken):
    """The gradients of the input, of the weights and of the biases."""
    size, (_, heads, time, features) = x.shape[1], q.shape
    dtaken = by_head(dz @ w[3 * size :], time, heads)
    dshares = dtaken @ v.swapaxes(2, 3)
    dscore = shares * (dshares - (shares * dshares).sum(axis=3, keepdims=True)) / np.sqrt(features)
    dq, dk, dv = dscore @ k, dscore.swapaxes(2, 3) @ q, shares.swapaxes(2, 3) @ dtaken
    d = np.hstack([from_heads(dq), from_heads(dk), from_heads(dv)])
    return d @ w[: 3 * size], np.vstack([d.T @ x, dz.T @ taken]), np.hstack([d, dz]).sum(axis=0)


def by_head(x, time, heads):
    """(N·T, H·F) becomes (N, H, T, F)."""
    return x.reshape(-1, time, heads, x.shape[1] // heads).swapaxes(1, 2)


def from_heads(x):
    """The other way."""
    return x.swapaxes(1, 2).reshape(-1, x.shape[1] * x.shape[3])
