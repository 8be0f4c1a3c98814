"""What looks like a credential and is none: seeded, of many kinds, and the prose around it."""

# ruff: noqa: RUF001, S311 - other alphabets, and chance that can be repeated, are the point

import random
from base64 import b64encode

from leakage_credentials import Make, encoded, hexa, pem, some, uuid

_DIGITS = "0123456789"

LOOK_ALIKES: dict[str, Make] = {
    "sha256_line": lambda r: f"{hexa(r, 64)}  dist/package-{r.randrange(9)}.{r.randrange(9)}.tar.gz",
    "git_log": lambda r: f"commit {hexa(r, 40)}\nAuthor: Bob <bob@example.com>\n\n    Rotate the API key of the cache",
    "docker_digest": lambda r: f"image: ghcr.io/acme/app@sha256:{hexa(r, 64)}",
    "npm_integrity": lambda r: f'"integrity": "sha512-{encoded(r, 64)}"',
    "go_sum": lambda r: f"github.com/pkg/errors v0.9.1 h1:{encoded(r, 32)}",
    "pip_hash": lambda r: f"attrs==26.1.0 --hash=sha256:{hexa(r, 64)}",
    "nix_hash": lambda r: f'sha256 = "sha256-{encoded(r, 32)}";',
    "uuid": lambda r: f"request {uuid(r)} failed for user {uuid(r)}",
    "ulid": lambda r: f"job 01J{some(r, 23, '0123456789ABCDEFGHJKMNPQRSTVWXYZ')} done",
    "trace": lambda r: f"traceparent: 00-{hexa(r, 32)}-{hexa(r, 16)}-01",
    "etag": lambda r: f'ETag: W/"{hexa(r, 32)}"',
    "object_ids": lambda r: f"cus_{some(r, 14)} paid pi_{some(r, 24)} in resp_{hexa(r, 48)} via call_{some(r, 24)}",
    "tool_use": lambda r: f'{{"type": "tool_use", "id": "toolu_01{some(r, 22)}", "name": "get_weather"}}',
    "publishable": lambda r: f"pk_live_{some(r, 24)} goes into the page",
    "google_client_id": lambda r: (
        f"client_id: {some(r, 12, _DIGITS)}-{some(r, 32, 'abcdefghijklmnop0123')}.apps.googleusercontent.com"
    ),
    "aws_arn": lambda r: f"arn:aws:kms:eu-west-1:{some(r, 12, _DIGITS)}:key/{uuid(r)}",
    "s3_url": lambda r: f"s3://acme-data-{hexa(r, 8)}/raw/dt=2026-11-20/part-{some(r, 5, _DIGITS)}.parquet",
    "kubernetes_name": lambda r: f"pod/api-{hexa(r, 10)}-{some(r, 5, 'bcdfghjkl2456')} Running",
    "image": lambda r: "data:image/png;base64,iVBORw0KGgo" + encoded(r, 600),
    "font": lambda r: "src: url(data:font/woff2;base64,d09GMg" + encoded(r, 450) + ")",
    "text_in_base64": lambda r: b64encode(
        b"The quick brown fox jumps over the lazy dog. " * r.randrange(1, 4)
    ).decode(),
    "certificate": lambda r: pem(r, "CERTIFICATE"),
    "public_key": lambda r: pem(r, "PUBLIC KEY", 6),
    "ssh_public_key": lambda r: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{some(r, 43)} bob@host",
    "wireguard_public": lambda r: f"[Peer]\nPublicKey = {encoded(r, 32)}",
    "fingerprint": lambda r: f"SHA256:{some(r, 43)} (ED25519)",
    "content_hash_name": lambda r: f"main.{hexa(r, 20)}.css chunk-{hexa(r, 8)}.js",
    "nonce": lambda r: f'<script nonce="{some(r, 22)}">',
    "websocket": lambda r: f"Sec-WebSocket-Key: {encoded(r, 16)}",
    "hexdump": lambda r: " ".join(hexa(r, 4) for _ in range(8)),
    "embedding": lambda r: str([round(r.uniform(-1, 1), 6) for _ in range(20)]),
    "dna": lambda r: some(r, 60, "ACGT"),
    "ipv6_and_mac": lambda r: f"fe80::{hexa(r, 4)}:{hexa(r, 4)} {':'.join(hexa(r, 2) for _ in range(6))}",
    "iban": lambda r: f"DE{some(r, 20, _DIGITS)} and card ending {some(r, 4, _DIGITS)}",
    "isbn": lambda r: (
        f"ISBN 978-{some(r, 1, _DIGITS)}-{some(r, 6, _DIGITS)}-{some(r, 2, _DIGITS)}-{some(r, 1, _DIGITS)}"
    ),
    "version": lambda r: f"v1.{r.randrange(30)}.{r.randrange(9)}-rc.1+build.20261120.{hexa(r, 12)}",
    "model_name": lambda r: r.choice(
        ("claude-sonnet-4-5-20250929", "gpt-4o-mini-2024-07-18", "meta-llama/Llama-3.1-8B-Instruct-Turbo")
    ),
    "youtube": lambda r: f"https://www.youtube.com/watch?v={some(r, 11)}&list=PL{some(r, 32)}",
    "long_slug": lambda r: f"https://blog.example.com/posts/{'-'.join(r.choice(_WORDS) for _ in range(9))}",
    "file_id": lambda r: f"https://docs.google.com/document/d/1{some(r, 43)}/edit",
    "transaction": lambda r: f"tx 0x{hexa(r, 64)} to 0x{hexa(r, 40)}",
    "cache_key": lambda r: f"cache_key: {hexa(r, 32)}",
    "page_token": lambda r: f'"nextPageToken": "{some(r, 40)}"',
    "usage": lambda r: f'{{"max_tokens": {r.randrange(9999)}, "total_tokens": {r.randrange(9999)}, "token_count": 7}}',
    "minified": lambda r: f"function {some(r, 2)}(e,t){{return e.{some(r, 3)}(t)}}var n=Object.{some(r, 6)};",
    "primary_key": lambda r: f"PRIMARY KEY (id), FOREIGN KEY (user_{some(r, 3)}) REFERENCES users(id)",
    "reset_link": lambda r: f"The password reset page is https://example.com/reset/{r.choice(_WORDS)}",
    "spoken_of": lambda r: f"The {r.choice(_SUBJECTS)} {r.choice(_SAID)}.",
}

_SUBJECTS = ("password", "token", "secret", "api key")
_SAID = ("is required", "has expired", "was rotated yesterday", "must have 12 characters", "is stored in Vault")
_WORDS = "simple ways how learn python better write faster code tests garden river house paper light stone".split()  # noqa: SIM905 - a list of words

PLACEHOLDERS = (
    "OPENAI_API_KEY=sk-...",
    "OPENAI_API_KEY=sk-your-api-key-goes-here",
    "export ANTHROPIC_API_KEY='<your key>'",
    "api_key: ${OPENAI_API_KEY}",
    "api_key = os.environ['OPENAI_API_KEY']",
    "const key = process.env.OPENAI_API_KEY",
    "password: {{ vault_db_password }}",
    "password: xxxxxxxxxxxxxxxx",
    "DB_PASSWORD=changeme",
    "postgres://user:password@localhost:5432/db",
    "postgres://${DB_USER}:${DB_PASS}@db/app",
    "https://user:pass@example.com",
    "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN",
    "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "xoxb-your-bot-token",
    "token: ${{ secrets.GITHUB_TOKEN }}",
    "secret: !vault |",
    "password: op://vault/item/password",
    "secretKeyRef:\n  name: db\n  key: password",
    "password = getpass.getpass()",
    "password = input('Password: ')",
    "if user.password != form.password.data:",
    "self.password_hash = bcrypt.hashpw(password, salt)",
    "token = tokenizer.encode(text)[0]",
    "def login(username: str, password: str) -> Token:",
    "password VARCHAR(255) NOT NULL",
    "<input type='password' name='password' id='password-field'>",
    "ALTER TABLE users ADD COLUMN api_key TEXT UNIQUE;",
    "pattern: ^sk-[A-Za-z0-9]{48}$",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "A PEM file starts with -----BEGIN RSA PRIVATE KEY----- and must never be committed to a repository.",
    "key: value",
    "token: string",
    "password: ********",
    "passwort: bitte eingeben",
    "password=${PGPASSWORD:-}",
    "client_secret: [REDACTED]",
)

PROSE = (
    "He lost the key to the kingdom, and the token of his love was a ring. The secret was out; the pass was closed.",
    "Rotate credentials every 90 days, never reuse a password, and keep tokens out of logs.",
    "Der Schlüssel liegt unter der Matte. Das Passwort muss mindestens zwölf Zeichen lang sein.",
    "La clave del éxito es la constancia; la contraseña debe tener doce caracteres.",
    "Le mot de passe doit contenir au moins douze caractères, dont un chiffre.",
    "Пароль должен содержать не менее двенадцати символов. Ключ лежит под ковриком.",
    "密码必须至少包含十二个字符。密钥保存在保险库中。",
    "パスワードは12文字以上にしてください。トークンの有効期限が切れました。",
    "비밀번호는 12자 이상이어야 합니다. 토큰이 만료되었습니다.",
    "كلمة المرور يجب أن تتكون من اثني عشر حرفا على الأقل.",
    "הסיסמה חייבת להכיל לפחות שנים עשר תווים.",
    "Parola en az on iki karakter olmalıdır; anahtar paspasın altında.",
    "A senha deve ter pelo menos doze caracteres. O token expirou ontem.",
    "Mật khẩu phải có ít nhất mười hai ký tự.",
    "Hasło musi mieć co najmniej dwanaście znaków.",
    "Il codice segreto era nascosto nella pagina 42 del libro.",
    "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7 6. Re1 b5",
    "Call me at +49 228 1234567 between 9:00 and 17:30, or write to team@example.com.",
    "The bearer of this letter is authorised to pass. Basic training starts on Monday.",
    "We discussed secret management, credential rotation, token budgets and access policies at length.",
)


def benign(per_kind: int) -> list[tuple[str, str]]:
    """Every look-alike so many times, and each placeholder and piece of prose once."""
    drawn = [
        (kind, make(random.Random(f"{kind}{number}")))
        for kind, make in LOOK_ALIKES.items()
        for number in range(per_kind)
    ]
    return drawn + [("placeholder", text) for text in PLACEHOLDERS] + [("prose", text) for text in PROSE]
