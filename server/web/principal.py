"""Who calls the APIs for backends: a project token, or another secret key of the tenant."""

from quart import request

from server.kit.errors import NotAllowed, NotAuthenticated
from server.tenants.credentials import Credentials, Kind, Principal

SERVER_SIDE = frozenset({Kind.PROJECT, Kind.SECRET, Kind.MASTER})


async def project_principal(credentials: Credentials, own_origin: str) -> Principal:
    """The principal of the request. A header wins over the query form (A-03).

    Raises NotAuthenticated `missing_token` or `invalid_key`, NotAllowed `token_in_query` or `wrong_key`.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        token = request.args.get("api_token", "")
        if token and request.headers.get("Origin", own_origin) != own_origin:
            raise NotAllowed("token_in_query", "A web page must not send this token, least of all in an address.")
    if not token.strip():
        raise NotAuthenticated("missing_token", "Send your project token as a Bearer token.")
    principal = await credentials.resolve(token.strip())
    if principal.kind not in SERVER_SIDE:
        raise NotAllowed("wrong_key", "A public key cannot do this; use the project token, on your server only.")
    return principal
