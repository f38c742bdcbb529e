"""What accounts and their passwords stand on, handed around as one."""

from dataclasses import dataclass

from server.identity.mail import Letters
from server.identity.passwords import Passwords
from server.kit.clock import Clock
from server.storage import Database
from server.storage.rate import Rates
from server.storage.secret import MasterSecret


@dataclass(frozen=True)
class IdentityParts:
    """`letters` go to people, `rates` count by network."""

    database: Database
    secret: MasterSecret
    passwords: Passwords
    letters: Letters
    rates: Rates
    clock: Clock
