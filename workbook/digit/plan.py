"""The workbook of the trained CNN: its sheets, in their order."""

from collections.abc import Sequence
from dataclasses import replace

from workbook.digit.block_layout import input_strips, plan_blocks
from workbook.digit.check import check_sheet, checked_parameters, torch_sheet
from workbook.digit.images import FIRST, Pictures, images_sheet, picture_names
from workbook.digit.network import Gradients, differentiate, read
from workbook.digit.paint import PAINT, TOP, NewLoss, ShownDigit, answer, paint_sheet, picked
from workbook.digit.reference import TorchReference, load_reference
from workbook.digit.sheets import after_sheets, block_sheets, estimated_loss, input_sheet, loss_after
from workbook.digit.weights import ConvolutionBlock, Norm
from workbook.records import SheetPlan

RATE = 0.001  # η, until another is typed


def digit_sheets(
    blocks: Sequence[ConvolutionBlock], *, backward: bool = False, step: bool = False, torch: bool = True
) -> list[SheetPlan]:
    """The sheets of a network's workbook, for the first stored picture as long as no other is picked.

    Args:
        blocks: the network.
        backward: whether it has the gradients.
        step: whether it has a second forward pass, after a step of gradient descent; with `backward` only.
        torch: whether to compare with the stored numbers of torch, which are those of the weights that ship.
    """
    reference = load_reference()
    names = _names(blocks, reference)
    pictures = Pictures(reference.images, reference.labels, names)
    reading, label = read(blocks, reference.images[0]), reference.labels[0]
    gradients = differentiate(blocks, reading, label) if backward else None
    picture, saliency = input_strips(backward=backward)
    layouts = plan_blocks("block", picture, backward=backward)
    new_loss, after = None, []
    if gradients is not None and step:
        network = stepped(blocks, gradients, RATE)
        again = read(network, reference.images[0])
        after_layouts = plan_blocks("after", picture, backward=False)
        after = list(after_sheets(network, again, layouts, after_layouts))
        new_loss = NewLoss(
            -float(again.log_probabilities[label]), loss_after(after_layouts[-1]), "by the sheets after1 to after9"
        )
    elif gradients is not None:
        squares = sum(float((part**2).sum()) for own in gradients for part in own.parameters)
        loss = -float(reading.log_probabilities[label])
        how = "estimate: loss − η · Σ(∂loss/∂w)²"
        new_loss = NewLoss(loss - RATE * squares, estimated_loss(layouts), how)
    shown = ShownDigit(reference.images[0], names[0], 1, label, reading, gradients, RATE, new_loss)
    sheets = [
        paint_sheet(shown, pictures, layouts[-1], saliency),
        input_sheet(shown, picture, saliency, layouts[0]),
        *block_sheets(blocks, shown, layouts),
        *after,
    ]
    if torch:
        checked = checked_parameters(reference, layouts, gradients) if gradients else []
        sheets.append(check_sheet(shown, reference, pictures, checked))
        if checked:
            sheets.append(torch_sheet(reference, layouts))
    found = picked(pictures, shown.name), answer(reading.logits)
    return [*sheets, images_sheet(pictures, (PAINT, TOP, FIRST), *found)]


def stepped(blocks: Sequence[ConvolutionBlock], gradients: Sequence[Gradients], rate: float) -> list[ConvolutionBlock]:
    """The network after one step of gradient descent."""
    return [
        ConvolutionBlock(
            block.plan,
            block.weight - rate * own.weight,
            None if block.bias is None or own.bias is None else block.bias - rate * own.bias,
            None if block.norm is None else _stepped_norm(block.norm, own, rate),
        )
        for block, own in zip(blocks, gradients, strict=True)
    ]


def _stepped_norm(norm: Norm, own: Gradients, rate: float) -> Norm:
    gamma, beta = (0.0 if part is None else part for part in (own.gamma, own.beta))
    return replace(norm, gamma=norm.gamma - rate * gamma, beta=norm.beta - rate * beta)


def _names(blocks: Sequence[ConvolutionBlock], reference: TorchReference) -> list[str]:
    answers = [int(read(blocks, image).logits.argmax()) for image in reference.images]
    return picture_names(reference.labels, reference.numbers, answers)
