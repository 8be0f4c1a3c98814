"""Names that announce secrets: whether one stands in a text at all, which decides if anybody looks for values."""

import re
from typing import Final

from provider_runtime.adapters.leakage.views import View

# What makes a text worth the search for names: some anywhere in a word, some as a word of their own. A search that
# begins with a letter is by far the fastest there is, and one that goes on from there costs next to nothing more:
# so names share a search by a letter that is rare, and look back from it for what stands before.
_A: Final = r"(?![a-z0-9])"  # nothing of the word may follow


_WHOSE_TOKEN: Final = ("access", "auth", "api", "refresh", "id", "bot", "session", "client", "user")


def _words(end: str, *before: str) -> str:
    """``end``, which has just been read, as a word of its own or behind one of ``before``, which begins the word."""
    return "|".join(rf"(?<={word}{end})(?<![a-z0-9]{word}{end})" for word in ("", *before))


_WORTH: Final = tuple(
    re.compile(pattern).search
    for pattern in (
        (
            r"p(?:ass(?:w|phrase|e(?<=mot de passe)|(?<=sshpass)"
            rf"|(?:(?<![a-z0-9]pass)(?:code)?|{_words('pass', 'require')}){_A})"
            rf"|w(?:(?<![a-z0-9]pw)d?|(?:{_words('pw', 'user', 'db')})d){_A}|swd(?<![a-z0-9]pswd){_A}|(?<=ldap))"
        ),
        (
            r"k(?:ey(?:(?<=apikey)|(?<=privatekey)|(?<=accesskey)|(?<=authkey)"
            rf"|(?:{_words('key', 'account', 'signing', 'encryption', 'master', 'preshared')}){_A})"
            rf"|en(?:nwort|{_A}(?:{_words('token', *_WHOSE_TOKEN)}))|ie(?<=cookie){_A}(?<![a-z0-9]cookie))"
        ),
        (
            rf"c(?:red(?:ential|s{_A}(?<![a-z0-9]creds))|ret(?<=secret)|htwoord(?<=wachtwoord)"
            rf"|url{_A}(?<![a-z0-9]curl))"
        ),
        rf"b(?:earer{_A}(?<![a-z0-9]bearer)|asic{_A}(?<![a-z0-9]basic))",
        rf"uth(?<=auth)(?:(?<![a-z0-9]auth)(?:orization)?|{_words('auth', 'master')}){_A}",
        (
            rf"s(?:ig{_A}(?<![a-z0-9]sig)|sws{_A}(?<![a-z0-9]ssws)|essionid{_A}(?<![a-z0-9]sessionid)"
            r"|enha|ql(?<=mysql))"
        ),
        rf"gin(?<=login){_A}(?<![a-z0-9]login)",
        rf"fied(?<=identified){_A}(?<![a-z0-9]identified)",
    )
)

# Other languages: the words for password and key, before a sign that something follows.
FOREIGN_NAMES: Final = (
    *("密码", "密碼", "口令", "密钥", "密鑰", "令牌", "パスワード", "暗証", "秘密鍵", "トークン"),
    *("비밀번호", "암호", "토큰", "비밀키"),
    *("парол", "ключ", "токен", "секрет", "contraseña", "mot de passe", "passwort", "kennwort", "schlüssel", "senha"),
    *("parola", "wachtwoord", "hasło", "şifre", "lösenord", "mật khẩu", "heslo", "adgangskode", "salasana", "jelszó"),
    *("κωδικός", "סיסמה", "كلمة المرور", "كلمة السر", "पासवर्ड", "รหัสผ่าน", "clave", "mot de passe"),
)
# Those that are all ASCII, which may announce something in any text, by their rare letters as above.
FOREIGN_ASCII: Final = tuple(
    re.compile(pattern).search
    for pattern in (
        r"p(?:asswort|arola|asse(?<=mot de passe))",
        r"k(?:ennwort|ode(?<=adgangskode))",
        r"c(?:lave|htwoord(?<=wachtwoord))",
        r"s(?:enha|alasana|lo(?<=heslo))",
    )
)
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
    for search in _WORTH:
        if search(low) is not None:
            return True
    if not view.foreign:
        return False
    return any(search(low) for search in _WORTH_BESIDE_FOREIGN) or not _FOREIGN_LETTERS.isdisjoint(view.foreign.lower())
