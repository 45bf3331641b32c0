"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# Tests run beside each other, and beside whatever else the machine does: how long an example takes says nothing.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
