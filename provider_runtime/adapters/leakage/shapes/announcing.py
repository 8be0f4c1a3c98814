"""Names that announce secrets: whether one stands in a text at all, which decides if anybody looks for values."""

import re
from typing import Final

from provider_runtime.adapters.leakage.views import View

# What makes a text worth the search for names: some anywhere in a word, some as a word of their own. Each pattern
# begins with two letters of its own, whatever stands before them: that is by far the fastest search there is.
_A: Final = r"(?![a-z0-9])"  # nothing of the word may follow


_WHOSE_TOKEN: Final = ("access", "auth", "api", "refresh", "id", "bot", "session", "client", "user")


def _words(end: str, *before: str) -> str:
    """``end``, which has just been read, as a word of its own or behind one of ``before``, which begins the word."""
    return "|".join(rf"(?<={word}{end})(?<![a-z0-9]{word}{end})" for word in ("", *before))


_WORTH: Final = tuple(
    re.compile(pattern).search
    for pattern in (
        (
            r"ss(?<=pass)(?:w|phrase|e(?<=mot de passe)|(?<=sshpass)"
            rf"|(?:(?<![a-z0-9]pass)(?:code)?|{_words('pass', 'require')}){_A})"
        ),
        r"secret",
        (
            rf"key(?:(?<=apikey)|(?<=privatekey)|(?<=accesskey)|(?<=authkey)"
            rf"|(?:{_words('key', 'account', 'signing', 'encryption', 'master', 'preshared')}){_A})"
        ),
        rf"token{_A}(?:{_words('token', *_WHOSE_TOKEN)})",
        rf"cred(?:ential|s{_A}(?<![a-z0-9]creds))",
        rf"auth(?:(?<![a-z0-9]auth)(?:orization)?|{_words('auth', 'master')}){_A}",
        rf"pw(?:(?<![a-z0-9]pw)d?|(?:{_words('pw', 'user', 'db')})d){_A}",
        rf"swd(?<=pswd)(?<![a-z0-9]pswd){_A}",
        r"wo(?:rt(?<=kennwort)|ord(?<=wachtwoord))",
        rf"si(?:g(?<![a-z0-9]sig)|c(?<=basic)(?<![a-z0-9]basic)){_A}",
        *(rf"{word}{_A}(?<![a-z0-9]{word})" for word in ("bearer", "login", "curl", "cookie", "identified", "ssws")),
        *(rf"se(?:ssionid{_A}(?<![a-z0-9]sessionid)|nha)", "mysql", "ldap"),
    )
)

# One of these pieces stands in each of those names; every branch begins with a rare letter. For a short text one
# search for any of them is faster than one for each name.
_SHORT: Final = 2000
_ANY: Final = re.compile(
    r"p(?:ass|s?w)|k(?:en(?![a-z0-9])|ey|ie)|c(?:re[dt]|url)|uth|w(?:ort|oord|s)|b(?:asic|earer)|g(?:in|(?<=sig))|fied|ql|d(?:ap|(?<=nid))"
)

# Other languages: the words for password and key, before a sign that something follows.
FOREIGN_NAMES: Final = (
    *("密码", "密碼", "口令", "密钥", "密鑰", "令牌", "パスワード", "暗証", "秘密鍵", "トークン"),
    *("비밀번호", "암호", "토큰", "비밀키"),
    *("парол", "ключ", "токен", "секрет", "contraseña", "mot de passe", "passwort", "kennwort", "schlüssel", "senha"),
    *("parola", "wachtwoord", "hasło", "şifre", "lösenord", "mật khẩu", "heslo", "adgangskode", "salasana", "jelszó"),
    *("κωδικός", "סיסמה", "كلمة المرور", "كلمة السر", "पासवर्ड", "รหัสผ่าน", "clave", "mot de passe"),
)
# A search for each that is all ASCII: it may announce something in any text.
FOREIGN_ASCII: Final = tuple(re.compile(name).search for name in FOREIGN_NAMES if name.isascii())
_FOREIGN_LETTERS: Final = frozenset(letter for name in FOREIGN_NAMES for letter in name if not letter.isascii())
# In a text that is not all ASCII, a part of a word is worth the search as well.
_WORTH_BESIDE_FOREIGN: Final = (
    *(
        re.compile(word).search
        for word in (
            *("pass", "key", "token", "cred", "auth", "pw", "pswd", "identified by", "earer", "basic", "curl"),
            *("--user", "login"),
        )
    ),
    *FOREIGN_ASCII,
)


def may_be_assigned(view: View) -> bool:
    """Whether a name stands in ``view`` that may announce a secret: whoever has none need not look for values."""
    low = view.low
    if len(low) < _SHORT and not view.foreign and _ANY.search(low) is None and "senha" not in low:
        return False
    for search in _WORTH:
        if search(low) is not None:
            return True
    if not view.foreign:
        return False
    return any(search(low) for search in _WORTH_BESIDE_FOREIGN) or not _FOREIGN_LETTERS.isdisjoint(view.foreign.lower())
