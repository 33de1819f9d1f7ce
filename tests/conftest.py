"""What holds for every test."""

from hypothesis import settings

# A busy machine is no fault of the code: time is measured in `benchmarks/`, never by a test.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")
