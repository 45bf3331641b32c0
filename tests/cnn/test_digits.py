import numpy as np

from cnn.digits import find_digits


def test_a_faint_mark_about_a_strong_one_is_no_digit() -> None:
    ink = np.zeros((60, 60), np.float32)
    ink[5:55, 5] = ink[54, 5:50] = 0.4  # a corner, never as strong as ink
    ink[8:52, 25:31] = 1
    assert [len(line) for line in find_digits(ink)] == [1]
