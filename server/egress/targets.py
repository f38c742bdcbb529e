"""What a URL must be before we send anything to it. Its addresses are judged again when they are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from server.egress.addresses import Address, Network, is_in, is_public
from server.kit.errors import FieldProblem, InvalidInput

URL_MAX = 2_000
_PORTS = frozenset({80, 443, 8080, 8443})
_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa", "localdomain")


@dataclass(frozen=True)
class EgressPolicy:
    """What a deployment allows beside the public internet over https: plain http, and networks of its own."""

    allows_http: bool = False
    networks: Sequence[Network] = ()

    def lets_through(self, address: Address, port: int) -> bool:
        """Whether a connection to `address` may be opened. Networks of the deployment's own take any port."""
        return is_in(address, self.networks) or (is_public(address) and port in _PORTS)


def check_url(url: str, policy: EgressPolicy, field: str = "url") -> str:
    """`url` as it will be asked. Raises InvalidInput `url_refused` naming `field`; one text for every address.

    A name is not resolved here: what it stands for may change before the request.
    """
    problem = _problem_with(url, policy)
    if problem is not None:
        raise InvalidInput("url_refused", f"This address cannot be used: {problem}.", [FieldProblem(field, problem)])
    return url


def _problem_with(url: str, policy: EgressPolicy) -> str | None:
    if len(url) > URL_MAX or not url.isascii() or any(each <= " " or each in '\\"<>^`{|}' for each in url):
        return "it must be a plain ASCII URL of at most 2,000 characters"
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        return "it is not a URL"
    if parts.scheme not in ("https", "http") or not host:
        return "it must begin with https://"
    if parts.scheme == "http" and not policy.allows_http:
        return "it must begin with https://"
    if parts.username is not None or parts.password is not None:
        return "it must not hold a user name or password"
    if port is not None and port not in _PORTS and not policy.networks:
        return "its port is not one we send to"
    return None if _is_reachable(host, policy) else "it does not lead to the public internet"


def _is_reachable(host: str, policy: EgressPolicy) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return _is_public_name(host, policy)
    return is_public(address) or is_in(address, policy.networks)


def _is_public_name(host: str, policy: EgressPolicy) -> bool:
    name = host.rstrip(".")
    labels = name.split(".")
    if not name or labels[-1].isdigit() or labels[-1].startswith("0x"):
        return False  # an IPv4 address in another spelling: decimal, octal, hexadecimal, short
    if policy.networks and name == "localhost":
        return True  # judged by its address, as every name is
    return len(labels) > 1 and not any(name == local or name.endswith(f".{local}") for local in _LOCAL_NAMES)
