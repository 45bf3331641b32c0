"""Attention: each token of a sequence takes a mean of all tokens' values, weighted by softmax of the scores.

As torch.nn.MultiheadAttention of a sequence with itself; Vaswani et al., "Attention Is All You Need" (2017), 3.2.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar, Self

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.initial_weights import INITS
from engine.layers import parameters
from engine.layers.base import Fields, Layer, LayerContext, by_sequence
from engine.names import Column, ColumnKind, Names
from engine.reading import Key, Keys, boolean, boolean_or_list, list_of, nested_numbers, whole_number, word

# The four matrices, in the order in which they stand one below the other, each with the letter of its names.
MATRICES = {"query": "q", "key": "k", "value": "v", "output": "o"}
# The columns that the first three matrices give for each token.
MADE: tuple[ColumnKind, ...] = ("query", "key", "value")
# A spreadsheet's formula has 8192 letters, and on the sheet `derivation` one is that of every token.
MOST = 16


@dataclass(frozen=True)
class Attention(Layer):
    """u = Wo·c + bo, with c = Σ_j α_j·v_j of all tokens j, α = softmax of the scores s_j = q·k_j/√F of each head.

    q = Wq·x + bq of the query's token, k_j = Wk·x_j + bk and v_j = Wv·x_j + bv of the keys'. Each head has
    F of the features of q, k, v and c, one head's after the other's.
    Letters of the shapes: B rows, in S sequences of T tokens, i a query's and j a key's; D features, F of each of
    H heads; R runs. Weights are (4·D, D), biases (4·D,): those of q, of k, of v, of u.

    Attributes:
        heads: H, which divides D.
        causal: whether a token attends to no later ones: their shares are 0.
        bias: whether there are biases.
        activation: one of ACTIVATIONS.
        time: T.
    """

    heads: int = 1
    causal: bool = False
    bias: bool = False
    activation: str = "identity"
    time: int = 1

    keys: ClassVar[Keys] = {
        "heads": Key(whole_number(1, 1000), 1),
        "causal": Key(boolean, default=False),
        **{matrix: Key(list_of(nested_numbers)) for matrix in MATRICES},
        "init": Key(word(INITS)),
        "bias": Key(boolean_or_list, default=False),
        "activation": Key(word(ACTIVATIONS), "identity"),
    }
    errors: ClassVar[tuple[ColumnKind, ...]] = ("pre-activation", "context", "share", "score", "value", "key", "query")

    @classmethod
    def read(cls, values: Mapping[str, Any], context: LayerContext) -> Self:
        return cls(values["heads"], values["causal"], values["bias"] is not False, values["activation"], context.time)

    def with_activation(self, activation: str) -> Self:
        return replace(self, activation=activation)

    def shape(self, inputs: Shape) -> Shape:
        return (prod(inputs),)

    def problem(self, inputs: Shape) -> str | None:
        if not 2 <= self.time <= MOST:
            return f"kind: got attention over {_tokens(self.time)}, expected sequences of 2 to {MOST} tokens"
        if prod(inputs) % self.heads:
            return f"heads: got {self.heads}, expected a divisor of {prod(inputs)}, the numbers of a token"
        return None

    def parameters(self, inputs: Shape) -> dict[ColumnKind, Shape]:
        features = prod(inputs)
        weights: dict[ColumnKind, Shape] = {"weight": (4 * features, features)}
        return weights | ({"bias": (4 * features,)} if self.bias else {})

    def first_parameters(
        self, where: str, values: Mapping[str, Any], inputs: Shape, generator: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        features, each = prod(inputs), ("number of a token", "number of a token")
        weights = [
            parameters.read_weights(where, values, (features, features), each, generator, key=matrix)
            for matrix in MATRICES
        ]
        bias = np.zeros(4 * features if self.bias else 0)
        if isinstance(values["bias"], list):
            bias = parameters.read_list(f"{where}.bias", values["bias"], 4 * features, "number of q, k, v and u")
        return np.concatenate(weights), bias

    def written(self, weights: FloatArray, biases: FloatArray) -> dict[str, Any]:
        matrices = dict(zip(MATRICES, np.split(weights, len(MATRICES)), strict=True))
        return super().written(weights, biases) | matrices | {"bias": biases}

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        features = prod(inputs)
        for part, letter in enumerate(MATRICES.values()):
            for index, name in enumerate(names.take(f"w{letter}", features**2)):
                neuron, source = divmod(index, features)
                yield Column(name, "weight", number, part * features + neuron, source)
        for part, letter in enumerate(MATRICES.values() if self.bias else ()):
            for neuron, name in enumerate(names.take(f"b{letter}", features)):
                yield Column(name, "bias", number, part * features + neuron)
        for kind in MADE:
            yield from names.columns(MATRICES[kind], kind, number, (features,))
        yield from self._by_token("s", "score", number, names)
        yield from self._by_token("α", "share", number, names)
        yield from names.columns("c", "context", number, (features,))
        yield from self._results("u", number, (features,), names, last=last)

    def _by_token(self, letter: str, kind: ColumnKind, number: int, names: Names) -> Iterator[Column]:
        """s1_1, s1_2, …: a head's number for the key of each token."""
        for head, name in enumerate(names.take(letter, self.heads)):
            for token in range(self.time):
                yield Column(f"{name}_{token + 1}", kind, number, head * self.time + token)

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """s_ij = q_i·k_j/√F, α_ij = e^s_ij/Σ_j e^s_ij, c_i = Σ_j α_ij·v_j, each of a head; u = Wo·c + bo."""
        matrices, bias = self._matrices(of), self._biases(of)
        for index, kind in enumerate(MADE):
            of[kind][:] = _times(matrices[index], inputs[0]) + bias[index]
        q, k, v = (self._by_head(of[kind]) for kind in MADE)
        score = np.einsum("sihfr,sjhfr->sihjr", q, k) / np.sqrt(q.shape[3])
        of["score"][:] = score.reshape(of["score"].shape)
        if self.causal:
            later = np.arange(self.time)[:, np.newaxis] < np.arange(self.time)
            score = np.where(later[:, np.newaxis, :, np.newaxis], -np.inf, score)
        powers = np.exp(score - score.max(axis=3, keepdims=True))
        share = powers / powers.sum(axis=3, keepdims=True)
        of["share"][:] = share.reshape(of["share"].shape)
        of["context"][:] = np.einsum("sihjr,sjhfr->sihfr", share, v).reshape(of["context"].shape)
        of["pre-activation"][:] = _times(matrices[3], of["context"]) + bias[3]

    def backward_parameters(self, of: Fields, slopes: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> None:
        """Those of a dense layer, of q, k and v from x and of u from c; and ∂E/∂ all between them."""
        between = self._between(of, grad)
        for kind, slope in between.items():
            slopes[kind][:] = slope
        x = inputs[0].reshape(len(grad), -1, grad.shape[-1])
        products = [(between[kind], x) for kind in MADE] + [(grad, of["context"])]
        weight = np.concatenate([back[:, :, np.newaxis] * into[:, np.newaxis] for back, into in products], axis=1)
        slopes["weight"][:] = weight
        if self.bias:
            slopes["bias"][:] = np.concatenate([back for back, _ in products], axis=1)

    def backward_inputs(self, of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x = Wqᵀ·∂E/∂q + Wkᵀ·∂E/∂k + Wvᵀ·∂E/∂v."""
        between = self._between(of, grad)
        matrices = self._matrices(of)
        back = (_times_back(matrices[index], between[kind]) for index, kind in enumerate(MADE))
        return [sum(back, np.zeros(1)).reshape(inputs[0].shape)]

    def _between(self, of: Fields, grad: FloatArray) -> dict[ColumnKind, FloatArray]:
        """∂E/∂ all that stands between the parameters and u.

        ∂E/∂c = Woᵀ·∂E/∂u, ∂E/∂α_ij = ∂E/∂c_i·v_j, ∂E/∂s_ij = α_ij·(∂E/∂α_ij − Σ_k α_ik·∂E/∂α_ik), and
        ∂E/∂v_j = Σ_i α_ij·∂E/∂c_i, ∂E/∂k_j = Σ_i ∂E/∂s_ij·q_i/√F, ∂E/∂q_i = Σ_j ∂E/∂s_ij·k_j/√F.
        """
        q, k, v = (self._by_head(of[kind]) for kind in MADE)
        context = _times_back(self._matrices(of)[3], grad)
        c = self._by_head(context)
        alpha = by_sequence(of["share"], self.time).reshape(*q.shape[:3], self.time, -1)
        by_share = np.einsum("sihfr,sjhfr->sihjr", c, v)
        score = alpha * (by_share - (alpha * by_share).sum(axis=3, keepdims=True))
        root = np.sqrt(q.shape[3])
        return {
            "context": context,
            "share": by_share.reshape(of["share"].shape),
            "score": score.reshape(of["score"].shape),
            "value": np.einsum("sihjr,sihfr->sjhfr", alpha, c).reshape(of["value"].shape),
            "key": (np.einsum("sihjr,sihfr->sjhfr", score, q) / root).reshape(of["key"].shape),
            "query": (np.einsum("sihjr,sjhfr->sihfr", score, k) / root).reshape(of["query"].shape),
        }

    def _by_head(self, x: FloatArray) -> FloatArray:
        """(B, D, R) as (S, T, H, F, R)."""
        return by_sequence(x, self.time).reshape(-1, self.time, self.heads, x.shape[1] // self.heads, x.shape[2])

    def _matrices(self, of: Fields) -> list[FloatArray]:
        """Wq, Wk, Wv and Wo, (D, D, R) each."""
        return np.split(of["weight"][0], 4)

    def _biases(self, of: Fields) -> Sequence[FloatArray | float]:
        """Those of q, k, v and u, (D, R) each."""
        return np.split(of["bias"][0], 4) if self.bias else (0.0,) * 4


def _times(matrix: FloatArray, x: FloatArray) -> FloatArray:
    """W·x of each row, (B, O, R)."""
    product: FloatArray = np.einsum("oir,bir->bor", matrix, x.reshape(len(x), -1, x.shape[-1]))
    return product


def _times_back(matrix: FloatArray, grad: FloatArray) -> FloatArray:
    """Wᵀ·∂E/∂(W·x) of each row, (B, I, R)."""
    product: FloatArray = np.einsum("bor,oir->bir", grad, matrix)
    return product


def _tokens(time: int) -> str:
    return "samples that are no sequences" if time == 1 else f"{time} tokens"
