"""Origins: whom a credential or a consent is given to, and the one form of base URL that names one."""

import re
from typing import Final

from attrs import field, frozen

MAX_LENGTH: Final = 2048
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# One grammar, far smaller than what URL parsers accept, so that no two of them can read it differently.
# Possessive throughout (`++`, `*+`): nothing is ever tried twice, so the time is linear in the text.
_AUTHORITY: Final = r"(https?)://([a-z0-9.-]++|\[[0-9a-f:.]++\])(?::([1-9][0-9]{0,4}+))?+"
_BASE_URL: Final = re.compile(rf"{_AUTHORITY}(?:/[a-z0-9._~!$&'()*+,;=:@-]++)*+/?+", re.IGNORECASE | re.ASCII)
_ANY_URL: Final = re.compile(rf"{_AUTHORITY}(?=[/?#]|\Z)", re.IGNORECASE | re.ASCII)
_DOTS: Final = re.compile(r"/\.{1,2}(?:/|\Z)")


@frozen
class Origin:
    """Whom a credential or a consent is given to: scheme, host and port, in lower case.

    ``host`` keeps the brackets of an IPv6 address. Printed as ``https://api.openai.com:443``.
    """

    scheme: str
    host: str
    port: int
    _opening: str = field(init=False, eq=False, repr=False)

    @_opening.default
    def _make_opening(self) -> str:
        port = "" if DEFAULT_PORTS.get(self.scheme) == self.port else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}/"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def is_of(self, url: str) -> bool:
        """Whether ``url`` leads to this origin. One comparison for a URL in its usual form, for it is on every call."""
        return url.startswith(self._opening) or _origin(_ANY_URL.match(url)) == self


def origin_of(base_url: str) -> Origin | None:
    """The origin of a base URL, or ``None`` for text that is no base URL."""
    if len(base_url) > MAX_LENGTH or ("/." in base_url and _DOTS.search(base_url)):
        return None
    return _origin(_BASE_URL.fullmatch(base_url))


def _origin(match: re.Match[str] | None) -> Origin | None:
    if match is None:
        return None
    scheme, host, port = match.groups()
    scheme = scheme.lower()
    return Origin(scheme, host.lower(), int(port) if port else DEFAULT_PORTS[scheme])
