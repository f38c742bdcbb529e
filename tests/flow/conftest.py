"""The running product, for tests that ask it as pages do."""

from tests.fixtures.application import application, running, sqlite_running  # noqa: F401  # found by name
from tests.fixtures.console_visitors import owner, visitors  # noqa: F401
