"""What browser tests share: the product as a process, and visitors with a real browser."""

from tests.fixtures.pages import pages  # noqa: F401
from tests.fixtures.player_pages import archive, look  # noqa: F401
from tests.fixtures.site import built, own_site, site, talking_site  # noqa: F401  # fixtures are found by name
from tests.fixtures.softphones import sit  # noqa: F401
from tests.fixtures.visitors import arrive, ear  # noqa: F401
