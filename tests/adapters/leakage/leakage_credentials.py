"""Made-up credentials of many kinds, in the surroundings where people paste them: seeded, none of them real.

Bodies are random of the published shape and length. ``HELD_OUT`` are ways of writing that were
drawn up after the first rules: four in five were found at once, and the misses made rules more general.
"""

# ruff: noqa: RUF001 - other alphabets, and chance that can be repeated, are the point

import random
import string
from base64 import b32encode, b64encode
from collections.abc import Callable
from gzip import compress
from textwrap import wrap
from urllib.parse import quote

Make = Callable[[random.Random], str]

_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_URL_SAFE = f"{_ALNUM}-_"


def some(rng: random.Random, count: int, alphabet: str = _ALNUM) -> str:
    return "".join(rng.choices(alphabet, k=count))


def hexa(rng: random.Random, count: int) -> str:
    return some(rng, count, _HEX)


def capitals(rng: random.Random, count: int) -> str:
    return some(rng, count, string.ascii_uppercase + string.digits)


def password(rng: random.Random, size: int = 14) -> str:
    """A generated password: letters of both cases, a digit, a sign, in any order."""
    body = [rng.choice(string.ascii_lowercase), rng.choice(string.ascii_uppercase), rng.choice(string.digits)]
    body += [rng.choice("!#%^*-_=+.?"), *rng.choices(_ALNUM, k=size - 4)]
    rng.shuffle(body)
    return "".join(body)


def uuid(rng: random.Random) -> str:
    return "-".join(hexa(rng, size) for size in (8, 4, 4, 4, 12))


def encoded(rng: random.Random, size: int) -> str:
    return b64encode(rng.randbytes(size)).decode()


def pem(rng: random.Random, kind: str, lines: int = 12) -> str:
    body = "\n".join(some(rng, 64, _ALNUM + "+/") for _ in range(lines))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"


def jwt(rng: random.Random) -> str:
    head = b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    body = b64encode(f'{{"sub":"{rng.randrange(10**9)}","exp":{rng.randrange(10**9)}}}'.encode()).decode().rstrip("=")
    return f"{head}.{body}.{some(rng, 43, _URL_SAFE)}"


KEYS: dict[str, Make] = {
    "anthropic": lambda r: f"sk-ant-api03-{some(r, 93, _URL_SAFE)}AA",
    "openai_project": lambda r: f"sk-proj-{some(r, 74, _URL_SAFE)}T3BlbkFJ{some(r, 74, _URL_SAFE)}",
    "openai_legacy": lambda r: f"sk-{some(r, 20)}T3BlbkFJ{some(r, 20)}",
    "deepseek": lambda r: f"sk-{hexa(r, 32)}",
    "openrouter": lambda r: f"sk-or-v1-{hexa(r, 64)}",
    "google": lambda r: f"AIza{some(r, 35, _URL_SAFE)}",
    "google_client_secret": lambda r: f"GOCSPX-{some(r, 28, _URL_SAFE)}",
    "google_access_token": lambda r: f"ya29.{some(r, 160, _URL_SAFE)}",
    "groq": lambda r: f"gsk_{some(r, 52)}",
    "xai": lambda r: f"xai-{some(r, 80)}",
    "perplexity": lambda r: f"pplx-{some(r, 48)}",
    "replicate": lambda r: f"r8_{some(r, 37)}",
    "nvidia": lambda r: f"nvapi-{some(r, 64, _URL_SAFE)}",
    "huggingface": lambda r: f"hf_{some(r, 34)}",
    "langsmith": lambda r: f"lsv2_pt_{hexa(r, 32)}_{hexa(r, 10)}",
    "pinecone": lambda r: f"pcsk_{some(r, 6)}_{some(r, 63)}",
    "databricks": lambda r: f"dapi{hexa(r, 32)}",
    "github": lambda r: f"{r.choice(('ghp', 'gho', 'ghu', 'ghs', 'ghr'))}_{some(r, 36)}",
    "github_fine_grained": lambda r: f"github_pat_{some(r, 22)}_{some(r, 59)}",
    "gitlab": lambda r: f"{r.choice(('glpat', 'gldt', 'glrt', 'glptt'))}-{some(r, 20, _URL_SAFE)}",
    "atlassian": lambda r: f"ATATT3{some(r, 186, _URL_SAFE)}",
    "npm": lambda r: f"npm_{some(r, 36)}",
    "pypi": lambda r: f"pypi-AgEIcHlwaS5vcmc{some(r, 100, _URL_SAFE)}",
    "rubygems": lambda r: f"rubygems_{hexa(r, 48)}",
    "docker": lambda r: f"dckr_pat_{some(r, 27, _URL_SAFE)}",
    "sonarqube": lambda r: f"squ_{hexa(r, 40)}",
    "sentry": lambda r: f"sntryu_{hexa(r, 64)}",
    "postman": lambda r: f"PMAK-{hexa(r, 24)}-{hexa(r, 34)}",
    "linear": lambda r: f"lin_api_{some(r, 40)}",
    "notion": lambda r: f"ntn_{some(r, 46)}",
    "airtable": lambda r: f"pat{some(r, 14)}.{hexa(r, 64)}",
    "aws_id": lambda r: f"{r.choice(('AKIA', 'ASIA'))}{some(r, 16, string.ascii_uppercase + '234567')}",
    "digitalocean": lambda r: f"dop_v1_{hexa(r, 64)}",
    "vault": lambda r: f"hvs.{some(r, 90, _URL_SAFE)}",
    "doppler": lambda r: f"dp.pt.{some(r, 43)}",
    "age": lambda r: f"AGE-SECRET-KEY-1{some(r, 58, 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L')}",
    "tailscale": lambda r: f"tskey-auth-{some(r, 12)}-{some(r, 32)}",
    "grafana": lambda r: f"glsa_{some(r, 32)}_{hexa(r, 8)}",
    "newrelic": lambda r: f"NRAK-{some(r, 27, string.ascii_uppercase + string.digits)}",
    "supabase": lambda r: f"sbp_{hexa(r, 40)}",
    "planetscale": lambda r: f"pscale_tkn_{some(r, 43, _URL_SAFE)}",
    "azure_client_secret": lambda r: f"{some(r, 3)}8Q~{some(r, 34, _URL_SAFE + '.~')}",
    "terraform": lambda r: f"{some(r, 14)}.atlasv1.{some(r, 67, _URL_SAFE)}",
    "stripe": lambda r: f"{r.choice(('sk', 'rk'))}_live_{some(r, 24)}",
    "stripe_webhook": lambda r: f"whsec_{some(r, 32)}",
    "shopify": lambda r: f"shpat_{hexa(r, 32)}",
    "twilio": lambda r: f"SK{hexa(r, 32)}",
    "sendgrid": lambda r: f"SG.{some(r, 22, _URL_SAFE)}.{some(r, 43, _URL_SAFE)}",
    "mailchimp": lambda r: f"{hexa(r, 32)}-us{r.randrange(1, 21)}",
    "mailgun": lambda r: f"key-{hexa(r, 32)}",
    "brevo": lambda r: f"xkeysib-{hexa(r, 64)}-{some(r, 16)}",
    "slack_bot": lambda r: f"xoxb-{some(r, 12, string.digits)}-{some(r, 12, string.digits)}-{some(r, 24)}",
    "slack_webhook": lambda r: f"https://hooks.slack.com/services/{capitals(r, 9)}/{capitals(r, 11)}/{some(r, 24)}",
    "discord": lambda r: (
        f"{b64encode(str(r.randrange(10**17, 10**18)).encode()).decode()}.{some(r, 6)}.{some(r, 38, _URL_SAFE)}"
    ),
    "telegram": lambda r: f"{r.randrange(10**8, 10**10)}:AA{some(r, 33, _URL_SAFE)}",
    "hubspot": lambda r: f"pat-na1-{uuid(r)}",
    "square": lambda r: f"sq0atp-{some(r, 22, _URL_SAFE)}",
    "jwt": jwt,
}

BLOCKS: dict[str, Make] = {
    "pem_rsa": lambda r: pem(r, "RSA PRIVATE KEY"),
    "pem_pkcs8": lambda r: pem(r, "PRIVATE KEY"),
    "pem_ec": lambda r: pem(r, "EC PRIVATE KEY", 3),
    "pem_openssh": lambda r: pem(r, "OPENSSH PRIVATE KEY"),
    "pem_encrypted": lambda r: pem(r, "ENCRYPTED PRIVATE KEY"),
    "pgp": lambda r: pem(r, "PGP PRIVATE KEY BLOCK").replace("BLOCK-----\n", "BLOCK-----\n\n", 1),
    "pem_in_json": lambda r: '{"private_key": "' + pem(r, "PRIVATE KEY").replace("\n", "\\n") + '"}',
    "postgres_url": lambda r: f"postgres://app:{some(r, 16)}@db.prod.example.io:5432/app",
    "mysql_url": lambda r: f"mysql://root:{quote(password(r), safe='')}@10.0.0.7/shop",
    "redis_url": lambda r: f"redis://:{some(r, 20)}@cache:6379/0",
    "mongodb_url": lambda r: f"mongodb+srv://svc:{some(r, 18)}@cluster0.ab1cd.mongodb.net/prod?retryWrites=true",
    "amqp_url": lambda r: f"amqps://worker:{some(r, 24)}@rabbit.example.com/%2F",
    "https_url": lambda r: f"git clone https://deploy:{some(r, 30)}@git.example.com/team/app.git",
    "ado_net": lambda r: (
        f"Server=tcp:db.example.net,1433;Database=app;User ID=svc;Password={password(r)};Encrypt=True;"
    ),
    "libpq": lambda r: f"host=db user=app password={some(r, 15)} dbname=app",
    "jdbc": lambda r: f"jdbc:mysql://db:3306/app?user=root&password={some(r, 15)}&useSSL=false",
    "bearer": lambda r: f"Authorization: Bearer {some(r, 40)}",
    "basic": lambda r: f"Authorization: Basic {b64encode(f'svc:{password(r)}'.encode()).decode()}",
    "env_password": lambda r: f"DB_PASSWORD={password(r)}",
    "env_secret": lambda r: f"export SESSION_SECRET={hexa(r, 64)}",
    "env_vendor_key": lambda r: f"MISTRAL_API_KEY={some(r, 32)}",
    "yaml_password": lambda r: f"database:\n  user: app\n  password: {password(r)}\n",
    "json_secret": lambda r: f'{{"client_id": "web", "client_secret": "{some(r, 40)}"}}',
    "header_key": lambda r: f"X-Api-Key: {some(r, 32)}",
    "aws_secret": lambda r: f"aws_secret_access_key = {some(r, 40, _ALNUM + '/+')}",
    "azure_storage": lambda r: (
        f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={encoded(r, 64)};EndpointSuffix=core.windows.net"
    ),
    "netrc": lambda r: f"machine api.example.com login bob password {password(r)}",
    "wireguard": lambda r: f"[Interface]\nPrivateKey = {encoded(r, 32)}",
    "spoken": lambda r: f"btw the staging password is {password(r)}, do not share it",
}

HELD_OUT: dict[str, Make] = {
    "php_define": lambda r: f"define( 'DB_PASSWORD', '{password(r)}' );",
    "php_array": lambda r: f"'mysql' => ['username' => 'root', 'password' => '{password(r)}'],",
    "xml_element": lambda r: f"<server><id>nexus</id><password>{password(r)}</password></server>",
    "spring_properties": lambda r: f"spring.datasource.password={password(r)}",
    "dotnet_settings": lambda r: f'"ConnectionStrings": {{"Default": "Data Source=sql;User Id=sa;Pwd={password(r)}"}}',
    "tfvars": lambda r: f'db_password = "{password(r)}"',
    "ruby_symbol": lambda r: f'config.secret_key_base = "{hexa(r, 128)}"',
    "go_literal": lambda r: f'cfg := Config{{Host: "db", Password: "{password(r)}"}}',
    "rust_const": lambda r: f'const API_KEY: &str = "{some(r, 32)}";',
    "ts_typed": lambda r: f'const apiKey: string = "{some(r, 36)}"',
    "powershell": lambda r: f'$env:ARM_CLIENT_SECRET = "{some(r, 34)}"',
    "sql_user": lambda r: f"CREATE USER app IDENTIFIED BY '{password(r)}';",
    "sql_alter": lambda r: f"ALTER ROLE app WITH PASSWORD '{password(r)}';",
    "npmrc": lambda r: f"//registry.example.com/:_authToken={some(r, 36)}",
    "pypirc": lambda r: f"[pypi]\nusername = bob\npassword = {password(r)}",
    "docker_config": lambda r: (
        f'{{"auths": {{"registry.example.com": {{"auth": "{b64encode(f"bob:{password(r)}".encode()).decode()}"}}}}}}'
    ),
    "kubernetes": lambda r: f"kind: Secret\ndata:\n  password: {b64encode(password(r).encode()).decode()}",
    "curl_user": lambda r: f"curl -u admin:{password(r)} https://jenkins.example.com/api",
    "curl_header": lambda r: f'curl -H "Authorization: Bearer {some(r, 48, _URL_SAFE)}" https://api.example.com',
    "flag": lambda r: f"mysqldump --user=root --password={password(r)} shop",
    "flag_apart": lambda r: f"vault login --token {some(r, 26)}",
    "query_string": lambda r: f"GET /v1/weather?city=Bonn&api_key={hexa(r, 32)}&units=metric",
    "token_in_query": lambda r: f"https://files.example.com/f?access_token={some(r, 40)}",
    "htpasswd": lambda r: f"bob:$apr1${some(r, 8)}${some(r, 22, _ALNUM + './')}",
    "shadow": lambda r: f"root:$6${some(r, 16)}${some(r, 86, _ALNUM + './')}:19000:0:99999:7:::",
    "bcrypt": lambda r: f"user hash $2b$12${some(r, 53, _ALNUM + './')}",
    "markdown_table": lambda r: f"| field | value |\n|---|---|\n| password | `{password(r)}` |",
    "chinese": lambda r: f"数据库密码是{password(r)}，请勿外传",
    "chinese_key": lambda r: f"我的密钥：sk-{some(r, 20)}T3BlbkFJ{some(r, 20)}请帮我看看",
    "russian": lambda r: f"Пароль от базы: {password(r)}",
    "german": lambda r: f"Das Passwort lautet: {password(r)}",
    "spanish": lambda r: f"la contraseña: {password(r)}",
    "japanese": lambda r: f"パスワード：{password(r)}です",
    "heroku": lambda r: f"HEROKU_API_KEY={uuid(r)}",
    "datadog": lambda r: f"DD_API_KEY={hexa(r, 32)}",
    "algolia": lambda r: f"ALGOLIA_ADMIN_KEY={hexa(r, 32)}",
    "cohere": lambda r: f'co = cohere.Client(api_key="{some(r, 40)}")',
    "twitch": lambda r: f"client_secret={some(r, 30, string.ascii_lowercase + string.digits)}",
    "okta": lambda r: f"Authorization: SSWS 00{some(r, 40, _URL_SAFE)}",
    "yaml_list": lambda r: f"- name: REDIS_PASSWORD\n  value: {password(r)}",
    "quoted_env": lambda r: f'SMTP_PASS="{password(r)}"',
    "python_kwarg": lambda r: f'connect(host="db", user="app", password="{password(r)}")',
    "escaped_json": lambda r: f'{{\\"api_key\\": \\"{some(r, 32)}\\"}}',
    "glued_to_text": lambda r: f"ключghp_{some(r, 36)}и всё",
    "log_line": lambda r: f"2026-11-20 10:11:12 DEBUG request headers={{'x-api-key': '{some(r, 32)}'}}",
    "redis_conf": lambda r: f"requirepass {password(r, 24)}",
    "anonymous_pgpass": lambda r: f"*:5432:*:postgres:{some(r, 16)}",
}


def _zero_width(text: str, rng: random.Random) -> str:
    return "".join(
        letter + (rng.choice("\u200b\u200c\u200d\u2060\ufeff") if rng.random() < 0.2 else "") for letter in text
    )


def _homoglyphs(text: str, rng: random.Random) -> str:
    return "".join({"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х"}.get(letter, letter) for letter in text)


Hide = Callable[[str, random.Random], str]

DISGUISES: dict[str, Hide] = {
    "base64": lambda text, _: b64encode(text.encode()).decode(),
    "base64_in_a_sentence": lambda text, _: f"decode this: {b64encode(text.encode()).decode()} thanks",
    "base64_twice": lambda text, _: b64encode(b64encode(text.encode())).decode(),
    "base64_lines": lambda text, _: "\n".join(wrap(b64encode(text.encode()).decode(), 60)),
    "base32": lambda text, _: b32encode(text.encode()).decode(),
    "hex": lambda text, _: text.encode().hex(),
    "hex_upper": lambda text, _: text.encode().hex().upper(),
    "percent": lambda text, _: "".join(f"%{code:02X}" for code in text.encode()),
    "gzip_base64": lambda text, _: b64encode(compress(text.encode(), mtime=0)).decode(),
    "zero_width": _zero_width,
    "full_width": lambda text, _: "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text),
    "homoglyphs": _homoglyphs,
    "spaced": lambda text, _: " ".join(text),
    "reversed": lambda text, _: text[::-1],
    "rot13": lambda text, _: text.translate(
        str.maketrans(_ALNUM[:52], _ALNUM[13:26] + _ALNUM[:13] + _ALNUM[39:52] + _ALNUM[26:39])
    ),
    "concatenated": lambda text, _: f'"{text[:6]}" + "{text[6:15]}" + "{text[15:]}"',
    "implicitly_joined": lambda text, _: f"key = ('{text[:9]}'\n       '{text[9:]}')",
    "wrapped": lambda text, _: f"{text[:14]}\n{text[14:]}",
    "html_entities": lambda text, _: "".join(f"&#{ord(one)};" for one in text),
    "unicode_escapes": lambda text, _: "".join(f"\\u{ord(one):04x}" for one in text),
    "hex_escapes": lambda text, _: "".join(f"\\x{ord(one):02x}" for one in text),
    "character_codes": lambda text, _: ", ".join(str(ord(one)) for one in text),
    "json_in_json": lambda text, _: f'{{\\"a\\": \\"{{\\\\\\"key\\\\\\": \\\\\\"{text}\\\\\\"}}\\"}}',
    "split_by_dots": lambda text, _: ".".join(text),
}
