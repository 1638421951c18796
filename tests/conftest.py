"""What every test runs under."""

from hypothesis import HealthCheck, settings

# A slow machine is no reason to fail: neither one slow example nor slow drawing says anything about our code.
settings.register_profile("bursar", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bursar")
