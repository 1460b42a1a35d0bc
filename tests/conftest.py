"""Settings for all tests: hypothesis draws the same examples each time and measures no time."""

from hypothesis import settings

settings.register_profile("frontdesk", deadline=None, derandomize=True, database=None)
settings.load_profile("frontdesk")
