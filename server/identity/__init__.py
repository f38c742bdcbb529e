"""Who people are: accounts, sign-ins to the console, their own tokens, the mails that go to them."""

from server.identity.accounts import Accounts, Confirmed, NewAccount
from server.identity.service import Identity
from server.identity.sign_ins import NewSignIn, SignedIn, SignIns
from server.identity.tokens import UserTokens
from server.identity.users import Membership, Role, User, UserProject

__all__ = [
    "Accounts",
    "Confirmed",
    "Identity",
    "Membership",
    "NewAccount",
    "NewSignIn",
    "Role",
    "SignIns",
    "SignedIn",
    "User",
    "UserProject",
    "UserTokens",
]
