"""What holds for all tests. Where torch is not installed, those that need it are left out; in CI it must be there."""

import os
from importlib.util import find_spec

from hypothesis import HealthCheck, settings

collect_ignore = []
if find_spec("torch") is None and os.environ.get("CI") != "true":
    collect_ignore = [
        "cnn",
        "engine/test_by_torch.py",
        "workbook/test_digit_network.py",
        "workbook/test_gradcheck_derivatives.py",
    ]

# Tests run beside each other, and beside whatever else the machine does: how long an example takes says nothing.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
