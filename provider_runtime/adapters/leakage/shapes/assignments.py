"""Secrets known by what is said beside them: a name such as ``password``, and a value that is none by chance."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import chain, groupby
from string import ascii_letters, ascii_lowercase, digits
from typing import Final

from provider_runtime.adapters.leakage.hits import Hit, TooMany
from provider_runtime.adapters.leakage.shapes.announcing import FOREIGN_ASCII, FOREIGN_NAMES
from provider_runtime.adapters.leakage.shapes.placeholders import (
    changes,
    is_code,
    is_hex,
    is_password,
    is_placeholder,
    is_random,
    is_reference,
    is_uuid,
    is_word,
)
from provider_runtime.adapters.leakage.views import View
from provider_runtime.domain.policy.leakage.findings import FindingKind

# What may follow a name, and announces nothing: a sign that no value stands behind; words in small letters, six of
# them or up to a full stop; a sign after the space that neither joins a value to a name nor begins one. The last is
# for names that are a word: a flag of a command has its value wherever it pleases.
_IDLE: Final = (
    r"[a-z0-9_-]*+(?:[^-a-z0-9_\s\[(\\\"'`*\])=:|,>]|\Z"
    r"| (?:[a-z]{1,15}+ ){6}| [a-z]{1,15}+(?: [a-z]{1,15}+)*+[,.;)]{1,2}\s)"
)
_IDLE_SIGN: Final = r"[a-z0-9_-]*+ {1,4}[^-a-z0-9_\s\"'`:=|]"
# How names begin, and go on. What begins with letters is looked for by them, which is by far the fastest search.
_NAMES: Final = (
    ("pass", r"(?:w(?:or)?d|phrase|code|(?![a-z]))"),
    ("pw", r"(?:d|(?![a-z0-9])(?<![a-z0-9]pw))"),
    ("pswd", ""),
    ("secret", ""),
    ("token", r"(?!s\b|i)"),
    ("cred", r"(?:entials?|s(?![a-z]))"),
    ("key", r"(?![a-z])"),
    ("auth", r"(?:orization|(?![a-z])(?<![a-z]auth))"),
    ("identified by", ""),
)
_ALL_NAMES: Final = tuple(re.compile(start + rest).finditer for start, rest in _NAMES)
# Those that begin with the same letter share a search; none stands in another one of them.
_NAMES_AT_WORK: Final = (
    *(
        re.compile(
            "|".join(
                rf"{start}(?:(?<![a-z0-9-]{start}){rest}(?!{_IDLE}|{_IDLE_SIGN})|(?<=[a-z0-9-]{start}){rest}(?!{_IDLE}))"
                for start, rest in names
            )
        ).finditer
        for _, names in groupby(_NAMES[:-1], lambda name: name[0][0])
    ),
    _ALL_NAMES[-1],
)
# The first letter of a foreign name that is not ASCII, and a search for the name.
_FOREIGN: Final = tuple(
    (next((letter for letter in name if not letter.isascii()), ""), re.compile(name).finditer) for name in FOREIGN_NAMES
)
_WITH_TWO_SMALL: Final = "\u0130"  # the one letter that becomes two when it is made small
_FOREIGN_TAIL: Final = re.compile(
    r"[^\n:=是は为為—]{0,24}(?:[:=]|是|は|为|為|—|는|은|[ \t](?:é|es|est|ist|lautet)(?=[ \t]))[^\S\n]{0,3}[\"'`«„“]?"
)
_ASCII: Final = re.compile(r"[!#-&(-_a-~]{1,256}")
_TAIL: Final = re.compile(
    r"(?P<suffix>[a-z0-9_-]{0,32})(?:\[\]|\(s\))?[\\\"'`*\])]{0,4}"
    r"(?:(?:[ \t]{0,8}:[ \t]{0,2}&?[a-z][a-z0-9_<>]{1,20}(?=[ \t]{1,3}=))?[ \t]{0,8}"
    r"(?P<sign>=>|:=|={1,2}|::?|\|(?=[ \t])|→)[ \t]{0,8}\n?[ \t]{0,16}"
    r"|(?P<is>(?:[ \t][a-z]{2,12}){0,4}[ \t]{1,2}(?:is|was|ist|est|es|will be|to)\b:?[ \t]{1,3}"
    r"|(?:[ \t][a-z]{2,12}){1,4}[ \t]?:[ \t]{1,3})"
    r"|,?\s{1,32}[\"']?value[\"']?[ \t]{0,3}[:=][ \t]{0,3}|,[\"']value[\"']:|\((?=[\"'])"
    r"|>(?=[^<>\s]{1,256}</)|(?P<comma>,)[ \t]{0,2}(?=\\?[\"'](?!--))|(?P<gap>[ \t]{1,4}|\n)(?=[\"'`]?[^\s\"'`]{6}))"
    r"(?P<quote>\\{0,3}[\"'`])?"
)
_BARE: Final = re.compile(r"[^\s\"'`]{1,256}")
_BARE_END: Final = re.compile(r"[;<|]|,(?=\S+[=:])|&(?=[\w.-]{1,32}=)|\\[nrt\\\"]")
_QUOTED: Final = {quote: re.compile(rf"[^{quote}\n]{{1,512}}") for quote in "\"'`"}
_HAS_DIGIT: Final = re.compile("[0-9]")
_OF_WORDS: Final = f"{ascii_lowercase}{digits}_.-"
_BETWEEN_WORDS: Final = re.compile(r"[^a-z0-9]+")
_SPOKEN: Final = re.compile(r"([a-z]+)[ \t]\Z")
_FLAG: Final = re.compile(r"(?:^|\s)--?[a-z0-9-]{0,24}\Z")
_SCHEME: Final = re.compile(
    r"(?:(bearer|token|basic|apikey|api-key|ssws|key|digest|negotiate)[ \t]+)?(?:\"')?", re.IGNORECASE
)
_BEARER: Final = re.compile(r"b(?<![a-z]b)(earer|asic)[ \t]{1,3}")
_OPAQUE: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,2048}")
_CURL: Final = re.compile(r"(?:\s-u[ \t]{0,2}|--user[ =]|--proxy-user[ =])[\"']?([^\s:\"']{1,64}):([^\s\"']{4,128})")
_COMMAND: Final = re.compile(
    r"(?:sshpass[ \t]+-p[ \t]?|ldap[a-z]{3,8}[ \t][^\n]{0,120}?-w[ \t]|mysql[a-z]{0,8}[ \t][^\n]{0,120}?[ \t]-p)"
    r"[\"']?([^\s\"']{6,128})"
)
_CURLS: Final = tuple(re.compile(word).search for word in ("curl", "--user"))
_COMMANDS: Final = tuple(re.compile(word).search for word in ("s(?:shpass|ql(?<=mysql))", "ldap"))
_LOGIN: Final = re.compile(r"login(?<![a-z]login)\s{1,16}[\w.@+-]{1,64}\s{1,16}password\s{1,16}[\"']?([^\s\"']{4,128})")

# Names that are about secrets and hold none.
_ABOUT: Final = frozenset(
    "count counts limit limits length len type types name names ids uri url path paths file files dir policy policies"  # noqa: SIM905 - a list of words
    " expiry expires expiration expire ttl bucket backend version versions hash hashes field column label hint regex"
    " pattern format validator min max usage budget env var ref reference provider manager store rotation endpoint arn"
    " algorithm alg size index map required enabled prompt input help reset page word words code codes error errors"
    " strength rules generator encoder confirm confirmation callback handler header headers param parameter"
    " options config class service factory auth location source mode prefix suffix template key_id keyid id set"
    " sauce santa santas agent ary service_name id_ kind digest checksum fingerprint status".split()
)
_OF_NO_SECRET: Final = frozenset(
    "public pub publishable primary foreign partition sort cache cached idempotency object next page continuation"  # noqa: SIM905 - a list of words
    " cursor sync pagination stop eos bos pad unk mask num max min total input output prompt completion csrf xsrf"
    " translation i18n lookup row map dict index hash registry websocket sec routing natural composite unique group"
    " dedup dedupe cancellation ref reference site recaptcha sitekey image span trace tracking event keyboard hot"
    " answer musical home arrow escape shift ctrl alt enter return column config metadata sha md5 fingerprint etag"
    " ssh-rsa foreign_key candidate surrogate super reset forgot forgotten change update old".split()
)
_STRONG: Final = ("passw", "passphrase", "passcode", "pwd", "pswd", "pw", "pass")
_KEY_OF: Final = frozenset(
    "api access secret private signing sign encryption encrypt decryption master auth account storage service admin"  # noqa: SIM905 - a list of words
    " deploy license licence subscription shared session webhook app application client server preshared psk hmac jwt"
    " aes rsa ssh gpg pgp wallet bot user root integration management write ingest read consumer sas sign_in x"
    " function host connection provisioning registration device activation functions ocp".split()
)
_RANDOM_ENOUGH: Final = 20
_MOST: Final = 20_000  # names looked at in one text; more of them is nothing that anybody says


def assignments(view: View) -> Iterator[Hit]:
    """Every secret in ``view`` that a name announces. Raises ``TooMany``."""
    if view.foreign or any(search(view.low) for search in FOREIGN_ASCII):
        yield from _foreign_assignments(view)
    low, looked_at, place = view.low, 0, 0
    for name in _names(low):
        if name.start() < place:
            continue  # in the value of another
        looked_at += 1
        if looked_at > _MOST:
            raise TooMany
        hit = _after(view, name)
        if hit is not None:
            yield hit
            place = hit.end
    yield from _schemes(view)
    if _any_of(_CURLS, low):
        for found in _CURL.finditer(view.text):
            if is_password(found[2], shortest=5) or is_random(found[2]):
                yield Hit(FindingKind.AUTH_HEADER, "", *found.span(2))
    if _any_of(_COMMANDS, low):
        for found in _COMMAND.finditer(view.text):
            if is_password(found[1], shortest=6):
                yield Hit(FindingKind.ASSIGNMENT, "", *found.span(1))
    for found in _LOGIN.finditer(low):
        value = view.text[found.start(1) : found.end(1)]
        if not is_placeholder(value) and not is_reference(value):
            yield Hit(FindingKind.ASSIGNMENT, "", *found.span(1))


def _any_of(searches: tuple[Callable[[str], re.Match[str] | None], ...], low: str) -> bool:
    return any(search(low) for search in searches)


def _names(low: str) -> Iterable[re.Match[str]]:
    """The names in ``low`` that may announce something, in their order; all of them where they are too many."""
    if len(low) > 3 * _MOST and sum(low.count(start) for start, _ in _NAMES) > _MOST:
        return merge(*(find(low) for find in _ALL_NAMES), key=re.Match.start)
    return sorted(chain.from_iterable(find(low) for find in _NAMES_AT_WORK), key=re.Match.start)


def _foreign_assignments(view: View) -> Iterator[Hit]:
    letters = frozenset(view.foreign.lower())
    names = [(letter, name) for letter, name in _FOREIGN if letter in letters or not letter]
    low = view.low
    if _WITH_TWO_SMALL in view.foreign:
        low = view.text  # places would not be the same
    elif any(letter for letter, _ in names):
        low = view.text.lower()
    for _, name in names:
        for found in name(low):
            hit = _after_foreign(view.text, found.end())
            if hit is not None:
                yield hit


def _after_foreign(text: str, place: int) -> Hit | None:
    tail = _FOREIGN_TAIL.match(text, place)
    found = _ASCII.match(text, tail.end()) if tail else None
    if found is None:
        return None
    value = found.group().rstrip(",.;:)]}>")
    return Hit(FindingKind.ASSIGNMENT, "", found.start(), found.start() + len(value)) if is_password(value) else None


def _after(view: View, name: re.Match[str]) -> Hit | None:
    tail = _TAIL.match(view.low, name.end())
    if tail is None:
        return None
    if tail["gap"] and not tail["quote"] and not _may_stand_alone(view.low, name, tail.end()):
        return None
    start = name.start()
    ahead = view.low[max(0, start - 40) : start]
    lead = ahead[len(ahead.rstrip(_OF_WORDS)) :]
    words = _BETWEEN_WORDS.split(lead)
    if not lead and (spoken := _SPOKEN.search(ahead[-24:])) is not None:
        words = [spoken[1], ""]  # "the public key", "an API key"
    if _is_about(name.group(), tail["suffix"], words) or tail["suffix"].startswith("--"):
        return None
    span = _quoted(view.text, tail) if tail["quote"] else _bare(view.text, tail.end())
    value = view.text[slice(*span)]
    if not tail["quote"] and is_code(value):
        return None
    if name.group() in {"auth", "authorization"}:
        return _authorization(value, span, view.text, tail)
    if not _is_secret(name.group(), words, tail, value, view, name):
        return None
    return Hit(FindingKind.ASSIGNMENT, "", *span)


def _is_about(name: str, suffix: str, words: list[str]) -> bool:
    ends = [word for word in _BETWEEN_WORDS.split(suffix) if word]
    if any(word in _ABOUT for word in ends) or (suffix and suffix[0].isalpha() and suffix in _ABOUT):
        return True
    if name in {"key", "token"} or name.startswith("cred"):
        return any(word in _OF_NO_SECRET for word in words[-3:]) or words[-1].endswith(("public", "publishable"))
    return words[-1] in {"reset", "forgot", "forgotten", "public", "no", "without"} or words[-1].endswith("public")


def _is_secret(name: str, words: list[str], tail: re.Match[str], value: str, view: View, found: re.Match[str]) -> bool:
    if tail["sign"] == "==" and not tail["quote"] and tail.group()[-1:] == " ":
        return False
    strong = name.startswith(_STRONG)
    if tail["gap"]:
        quoted = tail["quote"] in {"'", '"'} or "\t" in tail["gap"]
        if quoted and name != "pass" and not tail["suffix"] and is_password(value) and (strong or is_random(value)):
            return True
        return _is_given_alone(view, found, value)
    if (tail["comma"] or tail["sign"] == "|") and (tail["suffix"] or not _HAS_DIGIT.search(value)):
        return False
    if tail["is"] or tail["sign"] == "|":
        return is_password(value) and (strong or is_random(value)) and not is_uuid(value)
    if strong:
        return is_password(value, shortest=6 if tail["sign"] else 8) or (is_hex(value) and is_random(value))
    if name == "secret" or name.startswith("cred"):
        return is_password(value, shortest=8) and (is_random(value) or changes(value) > 0.2)
    if name == "token":
        return is_password(value, shortest=16) and is_random(_letters(value)) and not is_uuid(value)
    return _is_key(words, value, view, found)


def _is_key(words: list[str], value: str, view: View, found: re.Match[str]) -> bool:
    if not is_password(value, shortest=16) or not is_random(_letters(value)):
        return False
    spelled = view.text[max(0, found.start() - 24) : found.end()]
    is_variable = spelled[-4:] == "_KEY"
    near = words[-1] or (words[-2] if len(words) > 1 else "")
    if near in _KEY_OF or is_variable or near.endswith(("api", "access", "secret", "private", "account", "signing")):
        return True
    mixed = not value.islower() and not value.isupper() and not is_hex(value)
    return mixed and len(value) >= 24 and not is_uuid(value) and changes(value) > 0.3


def _may_stand_alone(low: str, name: re.Match[str], start: int) -> bool:
    """Whether a value may follow a name with nothing between: a very long one, a flag of a command, SQL."""
    if _ENOUGH.match(low, start) or name.group() == "identified by" or low.endswith("require", 0, name.start()):
        return True
    return _FLAG.search(low[max(0, name.start() - 26) : name.start()]) is not None or low[start - 1] == "\t"


def _is_given_alone(view: View, found: re.Match[str], value: str) -> bool:
    ahead = view.low[max(0, found.start() - 26) : found.start()]
    if value.startswith("--"):
        return False
    if _FLAG.search(ahead) or found.group() == "identified by" or ahead.endswith("require"):
        return is_password(value, shortest=6)
    plain = value.rstrip(".,!?)")
    if len(plain) < _RANDOM_ENOUGH or set(plain) - _KEY_LETTERS or is_hex(plain) or is_uuid(plain):
        return False
    mixed = not plain.islower() and not plain.isupper()
    return mixed and is_password(plain) and is_random(_letters(plain)) and changes(plain) > 0.35


_ENOUGH: Final = re.compile(r"[a-z0-9_-]{20}")
_KEY_LETTERS: Final = frozenset(ascii_letters + digits + "_-")


def _letters(value: str) -> str:
    return "".join(letter for letter in value if letter.isalnum())


def _authorization(value: str, span: tuple[int, int], text: str, tail: re.Match[str]) -> Hit | None:
    if not tail["sign"]:
        return None
    scheme = _SCHEME.match(text, span[0])
    begin = scheme.end() if scheme else span[0]
    found = _OPAQUE.match(text, begin)
    if found is None:
        return None
    token = found.group()
    opaque = len(token) >= 16 and is_password(token, shortest=16) and is_random(_letters(token))
    if opaque or _is_user_and_password(token):
        return Hit(FindingKind.AUTH_HEADER, "", *found.span())
    return Hit(FindingKind.ASSIGNMENT, "", *span) if len(value) < _RANDOM_ENOUGH and _is_login(value) else None


def _is_login(value: str) -> bool:
    user, colon, password = value.partition(":")
    return bool(colon and user.isalnum()) and is_password(password)


def _schemes(view: View) -> Iterator[Hit]:
    for found in _BEARER.finditer(view.low):
        value = _OPAQUE.match(view.text, found.end())
        if value is None:
            continue
        token = value.group()
        if found[1] == "asic":
            good = _is_user_and_password(token)
        else:
            good = is_password(token, shortest=16) and is_random(_letters(token)) and not is_uuid(token)
        if good:
            yield Hit(FindingKind.AUTH_HEADER, "", *value.span())


def _is_user_and_password(token: str) -> bool:
    if len(token) < 8:
        return False
    try:
        user, colon, password = b64decode(token + "=" * (-len(token) % 4), validate=True).decode("ascii").partition(":")
    except ValueError:
        return False
    return bool(colon) and user.isprintable() and password.isprintable() and not is_placeholder(password or "xxxx")


def _quoted(text: str, tail: re.Match[str]) -> tuple[int, int]:
    found = _QUOTED[tail["quote"][-1]].match(text, tail.end())
    if found is None:
        return tail.end(), tail.end()
    end = found.end()
    return tail.end(), end - (len(found.group()) - len(found.group().rstrip("\\")))


def _bare(text: str, start: int) -> tuple[int, int]:
    found = _BARE.match(text, start)
    if found is None:
        return start, start
    value = found.group()
    stop = _BARE_END.search(value, 1)
    value = value[: stop.start()] if stop else value
    return start, start + len(value.rstrip(",.;:)}]>\\" if not is_word(value) else ""))
