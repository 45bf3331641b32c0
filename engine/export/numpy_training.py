"""A training's lines of a NumPy script: activations, losses, schedules and optimizers."""

from engine.activations import LEAK, ByActivation


def _leaky(slope: float) -> tuple[str, str]:
    return f"np.where({{z}} > 0, {{z}}, {slope} * {{z}})", f" * np.where({{z}} > 0, 1, {slope})"


# What makes a of z, and the slope of that; from z and a.
ACTIVATIONS = ByActivation(
    {
        "sigmoid": ("sigmoid({z})", " * {a} * (1 - {a})"),
        "tanh": ("np.tanh({z})", " * (1 - {a} ** 2)"),
        "relu": ("np.maximum({z}, 0)", " * ({z} > 0)"),
        "leaky-relu": _leaky(LEAK),
        "identity": ("{z}", ""),
        "softmax": ("softmax({z})", ""),
    },
    _leaky,
)
# The loss of each output, and its slope: by a, or by z where it passes through the activation.
LOSS = {
    "half-squared-error": ("(a - t) ** 2 / 2", "a - t"),
    "mean-squared-error": ("(a - t) ** 2 / t.shape[1]", "2 * (a - t) / t.shape[1]"),
    # -t ln(a) - (1 - t) ln(1 - a), in a form that no z overflows.
    "binary-cross-entropy": ("np.maximum(z, 0) - t * z + np.log1p(np.exp(-abs(z)))", "a - t"),
    "cross-entropy": ("-t * np.log(a)", "a - t"),
    "squared-error": ("(a - t) ** 2", "2 * (a - t)"),
    "mean-binary-cross-entropy": (
        "(np.maximum(z, 0) - t * z + np.log1p(np.exp(-abs(z)))) / t.shape[1]",
        "(a - t) / t.shape[1]",
    ),
}
RATES = {
    "step": "{rate} * {gamma} ** (step // {step_size})",
    "exponential": "{rate} * {gamma} ** step",
    "cosine": "{eta_min} + ({rate} - {eta_min}) * (1 + np.cos(np.pi * step / {T_max})) / 2",
    "inverse-time": "{rate} / (1 + {decay} * step)",
    "warm-up": "{rate} * min(1, (step + 1) / {warm_up})",
}
# The lines of an update of parameter p with gradient g; v, m, s, u, d and q hold the states of each parameter.
UPDATES = {
    "sgd": ["p -= rate * g"],
    "momentum": ["v[i] = {momentum} * v[i] + g", "p -= rate * v[i]"],
    "nesterov": ["v[i] = {momentum} * v[i] + g", "p -= rate * (g + {momentum} * v[i])"],
    "adagrad": ["s[i] = s[i] + g**2", "p -= rate * g / (np.sqrt(s[i]) + {eps})"],
    "rmsprop": ["s[i] = {alpha} * s[i] + (1 - {alpha}) * g**2", "p -= rate * g / (np.sqrt(s[i]) + {eps})"],
    "adam": [
        "m[i] = {beta1} * m[i] + (1 - {beta1}) * g",
        "s[i] = {beta2} * s[i] + (1 - {beta2}) * g**2",
        "m_hat = m[i] / (1 - {beta1} ** (step + 1))",
        "s_hat = s[i] / (1 - {beta2} ** (step + 1))",
        "p -= rate * m_hat / (np.sqrt(s_hat) + {eps})",
    ],
}
UPDATES["adamax"] = [
    UPDATES["adam"][0],
    "u[i] = np.maximum({beta2} * u[i], abs(g) + {eps})",
    "p -= rate * m[i] / (1 - {beta1} ** (step + 1)) / u[i]",
]
UPDATES["nadam"] = [
    *UPDATES["adam"][:2],
    "mu, mu_next = ({beta1} * (1 - 0.5 * 0.96 ** (k * {momentum_decay})) for k in (step + 1, step + 2))",
    "q[i] = 1 - (1 - q[i]) * mu",
    "mean = (1 - mu) / q[i] * g + mu_next / (1 - (1 - q[i]) * mu_next) * m[i]",
    "p -= rate * mean / (np.sqrt(s[i] / (1 - {beta2} ** (step + 1))) + {eps})",
]
UPDATES["dampened-momentum"] = [
    "v[i] = {momentum} * v[i] + (1 - {dampening}) * g if step else g",
    "p -= rate * v[i]",
]
UPDATES["adadelta"] = [
    "s[i] = {rho} * s[i] + (1 - {rho}) * g**2",
    "change = np.sqrt(d[i] + {eps}) / np.sqrt(s[i] + {eps}) * g",
    "d[i] = {rho} * d[i] + (1 - {rho}) * change**2",
    "p -= rate * change",
]
UPDATES["adamw"] = ["p -= rate * {weight_decay} * p", *UPDATES["adam"]]
