"""What tests of webhooks share."""

from tests.fixtures.webhooks import hooks, make_hooks, receiver  # noqa: F401  # fixtures are found by name
