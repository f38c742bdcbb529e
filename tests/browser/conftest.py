"""What browser tests share: the product as a process, and visitors with a real browser."""

from tests.fixtures.firefox import firefox  # noqa: F401
from tests.fixtures.host_pages import hosts, page  # noqa: F401
from tests.fixtures.pages import pages  # noqa: F401
from tests.fixtures.player_pages import archive, look  # noqa: F401
from tests.fixtures.relays import relay, relayed_site  # noqa: F401
from tests.fixtures.site import (  # fixtures are found by name
    built,  # noqa: F401
    own_site,  # noqa: F401
    patient_site,  # noqa: F401
    site,  # noqa: F401
    talking_site,  # noqa: F401
)
from tests.fixtures.softphones import backend, sit  # noqa: F401
from tests.fixtures.visitors import arrive, ear  # noqa: F401
