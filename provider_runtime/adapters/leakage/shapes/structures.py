"""Credentials known by their build: PEM blocks, signed tokens, passwords in addresses, and some with a mark inside."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Final

from provider_runtime.adapters.leakage.hits import Hit, TooMany
from provider_runtime.adapters.leakage.shapes.placeholders import is_placeholder, is_reference
from provider_runtime.domain.policy.leakage.findings import FindingKind

_PEM: Final = re.compile(
    r"-{2,5} ?BEGIN (?:[A-Z0-9]{2,12} ){0,3}(?:PRIVATE KEY|SECRET KEY)(?: BLOCK)? ?-{2,5}"
    r"(?P<body>[\sA-Za-z0-9+/=:,.()\\\"'>|-]{0,16384})"
)
_LINE: Final = re.compile(r"[A-Za-z0-9+/=]{32,}")  # a line of a key; sentences about keys have none
_PUTTY: Final = re.compile(r"PuTTY-User-Key-File-[0-9]:")
_URL: Final = re.compile(r"://([^\s/?#\"'`<>@:]{0,100}):([^\s/\"'`<>@]{1,256})@(?=[\w\[.$-])")
_URL_SLASH: Final = re.compile(r"://([^\s/?#\"'`<>@:]{1,100}):([^\s\"'`<>@]{8,256})@(?=[\w-]+(?:\.[\w-]+)+[:/])")
_WORD: Final = re.compile(r"(?:[A-Z]?[a-z]{1,15}(?:[-_.][a-z]{1,15})*|[A-Z]{1,15}(?:_[A-Z]{1,15})*)\Z")
_ORACLE: Final = re.compile(r"thin:[^\s/\"'@]{1,64}/([^\s\"'@]{3,128})@")
_CRYPT: Final = re.compile(
    r"\$(?:2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{53}|(?:1|apr1)\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}"
    r"|[56y7]\$[^\s:\"']{1,64}\$[./A-Za-z0-9]{40,}|argon2(?:id|i|d)\$[^\s:\"']{30,})"
)
_DISCORD: Final = re.compile(r"[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{5,7}\.[A-Za-z0-9_-]{27,45}")
_PGPASS: Final = re.compile(r"[\w.*-]{1,253}:(?:[0-9]{2,5}|\*):[\w.*-]{1,64}:[\w.*-]{1,64}:([^\s:]{6,128})\Z")
_MAILGUN: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![0-9a-f])")
_SIGNED_URL: Final = re.compile(r"[?&]sig=([A-Za-z0-9%+/=]{40,})")

# A mark inside, what stands before it at most so far away, and the whole.
_MARKED: Final = (
    ("T3BlbkFJ", 200, "openai", re.compile(r"[A-Za-z0-9_-]{16,200}T3BlbkFJ[A-Za-z0-9_-]{16,200}")),
    ("Q~", 4, "azure", re.compile(r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{30,36}")),
    ("-us", 32, "mailchimp", re.compile(r"[0-9a-f]{32}-us[0-9]{1,2}(?![0-9a-z])")),
    (".atlasv1.", 14, "terraform", re.compile(r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{50,100}")),
    ("_mmk", 36, "maxmind", re.compile(r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk")),
    (":AA", 10, "telegram", re.compile(r"[0-9]{8,10}:AA[A-Za-z0-9_-]{31,34}(?![A-Za-z0-9_-])")),
    ("JQQJ99", 60, "azure_openai", re.compile(r"[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,40}")),
    ("AzCa", 44, "azure", re.compile(r"[A-Za-z0-9+/=]{40,44}AzCa[A-Za-z0-9+/=]{4,10}")),
    ("+AMC", 44, "azure", re.compile(r"[A-Za-z0-9+/=]{40,44}\+AMC[A-Za-z0-9+/=]{4,10}")),
    ("+ASt", 84, "azure_storage", re.compile(r"[A-Za-z0-9+/]{70,84}\+ASt[A-Za-z0-9+/=]{4,12}")),
)
_MARKS: Final = (*(mark for mark, *_ in _MARKED), "eyJ", "$", "sig=")
_COLON_HEX: Final = re.compile(r"(?<![0-9])[12]/[0-9]{12,20}(?:/[0-9]{12,20})?:[0-9a-f]{32}(?![0-9a-f])")
_LEAST_KEY: Final = 40
_MOST: Final = 20_000  # addresses with a user that are looked at in one text


def may_be_a_block(text: str) -> bool:
    """Whether a private key may stand in ``text``."""
    return "PRIVATE KEY" in text or "SECRET KEY" in text or "PuTTY-" in text


def blocks(text: str) -> Iterator[Hit]:
    """Private keys in ``text``."""
    for found in _PEM.finditer(text):
        lines = _LINE.findall(found["body"][:1200])
        if lines and not is_placeholder(max(lines, key=len)):
            yield Hit(FindingKind.PRIVATE_KEY, "", *found.span())
    for found in _PUTTY.finditer(text):
        yield Hit(FindingKind.PRIVATE_KEY, "", *found.span())


def addresses(text: str) -> Iterator[Hit]:
    """Passwords in addresses and connection strings. Raises ``TooMany``."""
    looked_at, place = 0, text.find("://")
    while place >= 0:
        found = _URL.match(text, place) or _URL_SLASH.match(text, place)
        looked_at += found is not None
        if looked_at > _MOST:
            raise TooMany
        if found is not None and is_url_password(found[2]):
            yield Hit(FindingKind.URL_PASSWORD, "", *found.span(2))
        place = text.find("://", place + 3)
    if "thin:" in text:
        for found in _ORACLE.finditer(text):
            if is_url_password(found[1]):
                yield Hit(FindingKind.URL_PASSWORD, "", *found.span(1))


def is_url_password(value: str) -> bool:
    """Whether what stands between user and host is a password: anything that is not in place of one."""
    if len(value) < 4 or is_reference(value) or is_placeholder(value):
        return False
    if value[-1] in "}]>)" or value.isdigit():
        return False
    return _WORD.match(value) is None


def marks_in(text: str) -> bool:
    """Whether any of the marks stands in ``text`` that some credentials have inside."""
    return any(map(text.__contains__, _MARKS))


def built(run: str, *, marks: bool) -> Iterator[Hit]:
    """What stands in ``run``, a text without spaces and quotes, and has the build of a credential.

    ``marks``: what ``marks_in`` says of the whole text.
    """
    if marks:
        yield from _marked(run)
    if run.count(".") >= 2:
        yield from _bot_tokens(run)
    if ":" in run:
        yield from _with_colons(run)
    if run.count("-") >= 2 and len(run) >= 50:
        for found in _MAILGUN.finditer(run):
            yield Hit(FindingKind.VENDOR_KEY, "mailgun", *found.span())


def _marked(run: str) -> Iterator[Hit]:
    for mark, before, vendor, whole in _MARKED:
        place = run.find(mark)
        if place >= 0:
            for found in whole.finditer(run, max(0, place - before - len(mark))):
                if not is_placeholder(found.group()):
                    yield Hit(FindingKind.VENDOR_KEY, vendor, *found.span())
    if "eyJ" in run:
        yield from signed_tokens(run)
    if "$" in run:
        for found in _CRYPT.finditer(run):
            yield Hit(FindingKind.PASSWORD_HASH, "", *found.span())
    if "sig=" in run and "se=" in run and (signature := _SIGNED_URL.search(run)) is not None:
        yield Hit(FindingKind.VENDOR_KEY, "azure_storage", *signature.span(1))


def signed_tokens(run: str) -> Iterator[Hit]:
    """JSON web tokens: three pieces between dots, the first two of them JSON in base64."""
    place = 0
    pieces = run.split(".")
    for number, piece in enumerate(pieces):
        begin = piece.rfind("eyJ")
        if begin >= 0 and number + 1 < len(pieces):
            payload = pieces[number + 1]
            if payload.startswith("eyJ") or (_is_header(piece[begin:]) and len(payload) > _LEAST_KEY):
                rest = pieces[number + 2] if number + 2 < len(pieces) else ""
                signature = re.match(r"[A-Za-z0-9_-]*", rest)
                size = len(piece) - begin + 1 + len(payload) + (1 + signature.end() if signature and rest else 0)
                yield Hit(FindingKind.JWT, "", place + begin, place + begin + size)
        place += len(piece) + 1


def _is_header(piece: str) -> bool:
    return b'"alg"' in _decoded(piece[:200])


def _bot_tokens(run: str) -> Iterator[Hit]:
    for found in _DISCORD.finditer(run):
        first = found.group().partition(".")[0]
        if _decoded(first).isdigit():
            yield Hit(FindingKind.VENDOR_KEY, "discord", *found.span())


def _with_colons(run: str) -> Iterator[Hit]:
    for found in _COLON_HEX.finditer(run):
        yield Hit(FindingKind.VENDOR_KEY, "asana", *found.span())
    line = _PGPASS.match(run) if run.count(":") == 4 else None
    if line is not None and is_url_password(line[1]):
        yield Hit(FindingKind.ASSIGNMENT, "", *line.span(1))


def _decoded(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
