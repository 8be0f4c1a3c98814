"""``receipts verify``, ``checkpoint`` and ``key``: whether a chain still stands, and what proves it later."""

import os
from pathlib import Path
from typing import Final

import click
from attrs import frozen

from provider_runtime.adapters.backends.checkpoints.seals import noted_heads, sealed
from provider_runtime.adapters.backends.checkpoints.sinks import FilesystemCheckpoints
from provider_runtime.adapters.backends.families.files import HandedFile
from provider_runtime.adapters.credentials.key_files import new_key_file, read_key_file
from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.adapters.signing.ed25519 import Ed25519Signer, Ed25519Verifier, new_signing_key
from provider_runtime.adapters.signing.hmac_sha256 import HmacSigner
from provider_runtime.adapters.signing.key_files import KeyFileSigner
from provider_runtime.adapters.signing.trusting import TrustingSeveral
from provider_runtime.adapters.system import SystemClock
from provider_runtime.cli.failures import BROKEN, EXIT_CODES_HELP, run_or_exit, usage_error
from provider_runtime.cli.records.places import file_argument, json_option, receipts_at
from provider_runtime.cli.records.receipt_pages import show_verdict
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.records.oversight.checkpoints import ChainHead, NotedHead, SealMethod
from provider_runtime.domain.records.receipts import ChainVerdict
from provider_runtime.domain.seals import PublicKey
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.signing import Signer, Verifier
from provider_runtime.ports.stores.journals import ReceiptProvider

_METHOD: Final = click.option(
    "--method",
    type=click.Choice([method.value for method in SealMethod]),
    default=SealMethod.ED25519.value,
    show_default=True,
    help="How the key in --key-file seals.",
)
_REMEMBER: Final = click.option(
    "--remember",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of your own that notes how far was verified: the next time only what came later is recomputed.",
)


@click.command(epilog=EXIT_CODES_HELP)
@file_argument
@click.option("--head", help="A receipt hash noted earlier, which must still be in the chain.")
@click.option("--since", help="The mark of an earlier verdict (see --json); only what came later is recomputed.")
@_REMEMBER
@click.option(
    "--checkpoints",
    "checkpoint_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Hold the chain against these checkpoints.",
)
@click.option("--public-key", "public_keys", metavar="KEY", multiple=True, help="Trust checkpoints of this key.")
@click.option("--key-file", type=click.Path(path_type=Path), help="Trust checkpoints of the key in this file.")
@_METHOD
@data_option
@json_option
def verify(file: Path | None, folder: DataFolder, *, as_json: bool, **options: object) -> None:
    """Recompute the chain of receipts; exit code 8 when it is broken.

    By itself a chain shows what was changed, removed, inserted or moved in it. That its tail was cut
    off, or all of it written anew, shows only against what was noted elsewhere: checkpoints, a head, a
    mark.

    \b
    provider-runtime receipts verify
    provider-runtime receipts verify --checkpoints /audit/heads.jsonl --public-key KEY
    """
    given = _Given(**options)  # type: ignore[arg-type]  # click gives what the options above say

    async def work() -> None:
        noted = await given.noted()
        async with receipts_at(file, folder) as stored:
            verdict = await _verified(stored, given, noted)
        if as_json:
            click.echo(to_json(make_converter(), verdict))
        else:
            last = max((one.at for one in noted if one.head.seq + 1 == verdict.covered), default=None)
            was_noted = bool(given.head or given.mark or given.checkpoint_file)
            path = file or folder.file("receipts.sqlite")
            show_verdict(verdict, file=path, noted_at=last, was_noted=was_noted)
        if not verdict.valid:
            raise SystemExit(BROKEN)

    run_or_exit(work)


@click.command(epilog=EXIT_CODES_HELP)
@file_argument
@click.option(
    "--to", "sink", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Append the checkpoint there."
)
@click.option(
    "--key-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True, help="Seal with it."
)
@_METHOD
@_REMEMBER
@data_option
@json_option
def checkpoint(
    file: Path | None,
    sink: Path,
    key_file: Path,
    method: str,
    remember: Path | None,
    folder: DataFolder,
    *,
    as_json: bool,
) -> None:
    """Verify the chain, also against the checkpoints in --to, and seal how far it has come.

    Let --to and the key lie where whoever writes the receipts cannot reach them: a checkpoint made from
    outside, every few minutes, proves more than any that the writer makes. Exit code 8, and no
    checkpoint, when the chain is broken.

    \b
    provider-runtime receipts checkpoint --to /audit/heads.jsonl --key-file /audit/key
    """
    given = _Given(checkpoint_file=sink if sink.exists() else None, key_file=key_file, method=method, remember=remember)

    async def work() -> None:
        noted = await given.noted()
        async with receipts_at(file, folder) as stored:
            verdict = await _verified(stored, given, noted)
            last = (await stored.latest(1))[-1:]
        if not verdict.valid:
            show_verdict(verdict, file=file or folder.file("receipts.sqlite"), noted_at=None, was_noted=True)
            raise SystemExit(BROKEN)
        if not last:
            click.echo("No receipts yet, so there is nothing to seal.", err=True)
            return
        head = ChainHead(chain_id=last[0].chain_id, seq=verdict.count - 1, receipt_hash=verdict.head or "")
        made = await sealed(head, SystemClock().now(), _signer(key_file, method))
        kept = FilesystemCheckpoints(path=sink)
        await kept.take(made)
        await kept.aclose()
        if as_json:
            click.echo(to_json(make_converter(), made))
        else:
            click.echo(f"Sealed {verdict.count} receipts with {made.seal.key_id}.")

    run_or_exit(work)


@click.command(epilog=EXIT_CODES_HELP)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def key(file: Path) -> None:
    """Make a key to seal checkpoints with, in FILE, for your eyes only; print its public half.

    The public half is what `verify --public-key` takes. It can tell a seal from a forgery, and make none.

    \b
    provider-runtime receipts key /audit/key
    """

    async def work() -> None:
        secret = new_signing_key(os.urandom(32))
        public = Ed25519Signer(private_key=secret).public_key
        new_key_file(file, secret)
        click.echo(str(public))
        click.secho(f"→ Keep {file.name} where no program that makes calls can read it.", fg="cyan", err=True)

    run_or_exit(work)


@frozen(kw_only=True)
class _Given:
    """What the chain shall be held against."""

    head: str | None = None
    since: str | None = None
    remember: Path | None = None
    checkpoint_file: Path | None = None
    public_keys: tuple[str, ...] = ()
    key_file: Path | None = None
    method: str = SealMethod.ED25519.value

    @property
    def mark(self) -> str | None:
        """Where to begin."""
        if self.since is not None or self.remember is None or not self.remember.exists():
            return self.since
        return self.remember.read_text("utf-8").strip() or None

    async def noted(self) -> tuple[NotedHead, ...]:
        """The heads in the checkpoints, their seals checked."""
        if self.checkpoint_file is None:
            return ()
        kept = FilesystemCheckpoints(path=self.checkpoint_file)
        try:
            return await noted_heads(await kept.list(), self._verifier())
        finally:
            await kept.aclose()

    def _verifier(self) -> Verifier:
        verifiers: list[Verifier] = []
        try:
            trusted = tuple(PublicKey.parse(text) for text in self.public_keys)
        except ValueError as fault:
            usage_error(str(fault))
        if trusted:
            verifiers.append(Ed25519Verifier(trust=trusted))
        if self.key_file is not None:
            verifiers.append(_verifier_of(_key_in(self.key_file), self.method))
        if not verifiers:
            usage_error("say whose checkpoints are trusted: --public-key ed25519:… or --key-file FILE")
        return TrustingSeveral(tuple(verifiers))


async def _verified(stored: ReceiptProvider, given: _Given, noted: tuple[NotedHead, ...]) -> ChainVerdict:
    verdict = await stored.verify(head=given.head, since=given.mark, noted=noted)
    if verdict.valid and verdict.mark and given.remember is not None:
        await HandedFile(path=given.remember, kind="mark").write(f"{verdict.mark}\n".encode())
    return verdict


def _verifier_of(secret: Secret, method: str) -> Verifier:
    if method == SealMethod.HMAC_SHA256.value:
        return HmacSigner(key=secret)
    return Ed25519Verifier(trust=(Ed25519Signer(private_key=secret).public_key,))


def _signer(file: Path, method: str) -> Signer:
    return KeyFileSigner(path=file, method=SealMethod(method))


def _key_in(file: Path) -> Secret:
    secret = read_key_file(str(file))
    if secret is None:
        raise BackendError(
            kind="signing",
            key=file.name,
            message=f"there is no key in the file {file.name}",
            remedy="Name a file that you can read, with the key and nothing else in it.",
        )
    return secret
