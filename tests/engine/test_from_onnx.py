"""ONNX files as experiments: the forward pass of onnxruntime, and what no column can show."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from engine import FloatArray, InputError, load
from engine.imports.from_onnx import beside_onnxruntime, from_onnx
from tests.commands import error_line, run

DRAW = np.random.default_rng(3)


def weights(*shape: int) -> FloatArray:
    return DRAW.normal(size=shape)


Node = tuple[str, list[str], dict[str, Any]]


def save(path: Path, inputs: list[int], nodes: list[Node], outputs: list[int], **given: NDArray[Any]) -> Path:
    """A model whose nodes read the one before, `x` the first; further inputs are named.

    A model that begins with a Cast takes whole numbers from 0 to 255.
    """
    made, last = [], "x"
    for number, (kind, more, attributes) in enumerate(nodes):
        made.append(helper.make_node(kind, [last, *more], [f"y{number}"], name=f"{kind}_{number}", **attributes))
        last = f"y{number}"
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        made,
        "net",
        [info("x", TensorProto.UINT8 if nodes[0][0] == "Cast" else TensorProto.FLOAT, ["N", *inputs])],
        [info(last, TensorProto.FLOAT, ["N", *outputs])],
        [
            numpy_helper.from_array(array if array.dtype.kind == "i" else array.astype(np.float32), name)
            for name, array in given.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def dense(path: Path, *last: Node) -> Path:
    nodes: list[Node] = [("Gemm", ["w", "b"], {"transB": 1}), ("Tanh", [], {}), ("Gemm", ["v"], {}), *last]
    return save(path, [2], nodes, [3], w=weights(4, 2), b=weights(4), v=weights(4, 3))


def pictures(path: Path) -> Path:
    nodes: list[Node] = [
        ("Conv", ["k", "c"], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
        ("BatchNormalization", ["scale", "shift", "mean", "variance"], {"epsilon": 0.01}),
        ("Relu", [], {}),
        ("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Conv", ["m"], {"kernel_shape": [1, 1]}),
        ("Sigmoid", [], {}),
        ("Add", ["y3"], {}),
        ("LeakyRelu", [], {"alpha": 0.2}),
        ("AveragePool", [], {"kernel_shape": [2, 1]}),
        ("GlobalAveragePool", [], {}),
        ("Flatten", [], {}),
        ("Softmax", [], {"axis": 1}),
    ]
    given = {"k": weights(2, 1, 3, 3), "c": weights(2), "m": weights(2, 2, 1, 1)}
    norm = {"scale": weights(2), "shift": weights(2), "mean": weights(2), "variance": weights(2) ** 2 + 0.1}
    return save(path, [1, 6, 6], nodes, [2], **given, **norm)


def normalized(path: Path) -> Path:
    """Pictures of 0 to 255, and norms that no layer can take in."""
    nodes: list[Node] = [
        ("Cast", [], {"to": TensorProto.FLOAT}),
        ("Div", ["most"], {}),
        ("Sub", ["mean"], {}),
        ("Mul", ["factor"], {}),
        ("Add", ["shift"], {}),
        ("Conv", ["k"], {"kernel_shape": [3, 3]}),
        ("Relu", [], {}),
        ("BatchNormalization", ["scale", "beta", "running", "variance"], {}),
        ("Reshape", ["flat"], {}),
        ("Gemm", ["w"], {"transB": 1}),
        ("Tanh", [], {}),
        ("BatchNormalization", ["scale", "beta", "running", "variance"], {}),
    ]
    given = {"k": weights(2, 2, 3, 3), "w": weights(2, 8), "mean": weights(1, 2, 1, 1), "factor": weights(4)}
    given |= {"most": np.array(255.0), "shift": weights(2, 4, 4)}
    norm = {"scale": weights(2), "beta": weights(2), "running": weights(2), "variance": weights(2) ** 2 + 0.1}
    return save(path, [2, 4, 4], nodes, [2], flat=np.array([-1, 8]), **given, **norm)


def data(path: Path) -> Path:
    path.write_text("i1,i2,t1,t2,t3\n0.5,-1,1,0,0\n-0.25,2,0,1,0\n1,1,0,0,1\n", encoding="utf-8")
    return path


def test_the_forward_pass_is_onnxruntimes(tmp_path: Path) -> None:
    made = {"dense": dense, "pictures": pictures, "normalized": normalized}
    for path in (make(tmp_path / f"{name}.onnx") for name, make in made.items()):
        experiment = from_onnx(path)
        assert (experiment.steps, experiment.learning_rate) == (1, 0.0)
        assert beside_onnxruntime(experiment, path) < 2e-6  # the file's numbers are float32


@pytest.mark.parametrize("loss", ["half-squared-error", "cross-entropy"])
def test_a_named_loss_trains_from_there(tmp_path: Path, loss: str) -> None:
    path = dense(tmp_path / "dense.onnx")
    experiment = from_onnx(path, loss, data(tmp_path / "samples.csv"), steps=30, learning_rate=0.5)
    assert beside_onnxruntime(experiment, path) < 2e-6
    losses = experiment.train().curve[:: experiment.samples, 0]
    assert len(losses) == 30
    assert losses[-1] < losses[0] / 2


def test_the_command_writes_the_workbook_and_says_how_far_onnxruntime_is(tmp_path: Path) -> None:
    dense(tmp_path / "net.onnx")
    data(tmp_path / "samples.csv")
    done = run(
        "workbook", "build", "--from", "net.onnx", "--loss", "half-squared-error", "--data", "samples.csv",
        "--steps", "3", "--learning-rate", "0.5", "--toml", "net.toml", "net.xlsx", folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    wrote, _, beside = done.stdout.splitlines()
    assert wrote.startswith("Wrote net.xlsx: 3 steps, learning rate 0.5.")
    assert beside.startswith("onnxruntime beside it: largest difference of an output ")
    assert load(tmp_path / "net.toml").samples == 3


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (("Elu", [], {}), "Elu_3: got Elu, which no column can show; expected Gemm, Conv, MaxPool, AveragePool, "
         "GlobalAveragePool, BatchNormalization, Flatten, Reshape, Add, Sub, Mul, Div, Cast, Identity, Relu, "
         "LeakyRelu, Sigmoid, Tanh, Softmax"),
        (("LeakyRelu", [], {"alpha": 1.25}), "LeakyRelu_3: got alpha=1.25, expected a slope from 0 to 1"),
        (("Gemm", ["v2"], {"alpha": 2.0}), "Gemm_3: got alpha=2.0, expected alpha=1.0"),
        (("Add", ["v3"], {}), "Add_3: got it behind a layer, expected it of the inputs alone, before the first layer"),
        (("Add", ["y2"], {}), "Add_3: got Add of y2 and y2, expected the last layer's and an earlier one's"),
        (("Reshape", ["twos"], {}), "Reshape_3: got a Reshape to [2, -1, 3], expected one that flattens: samples×3"),
    ],
)  # fmt: skip
def test_a_node_that_no_column_can_show_is_one_line(tmp_path: Path, node: Node, message: str) -> None:
    nodes: list[Node] = [("Gemm", ["w"], {}), ("Tanh", [], {}), ("Gemm", ["v"], {}), node]
    given = {"w": weights(2, 4), "v": weights(4, 3), "v2": weights(3, 3), "v3": weights(3)} | {
        "twos": np.array([2, -1, 3])
    }
    path = save(tmp_path / "net.onnx", [2], nodes, [3], **given)
    with pytest.raises(InputError) as raised:
        from_onnx(path)
    assert str(raised.value) == f"{path}: {message}"


def test_what_is_no_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_text("no model", encoding="utf-8")
    line = error_line("workbook", "build", "--from", "bad.onnx", "out.xlsx", folder=tmp_path)
    assert line.startswith("error: bad.onnx: not an ONNX model")
    line = error_line("workbook", "build", "--from", "none.onnx", "out.xlsx", folder=tmp_path)
    assert line == "error: none.onnx: no such file, expected an ONNX model"
