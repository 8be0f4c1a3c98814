"""RevocationFile: a signed list of revoked consents, brought here by whoever issues consents elsewhere."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from provider_runtime.adapters.backends.families.files import HandedFile
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.policy.consent.verdicts import Revocations
from provider_runtime.domain.seals import Seal, SealVerdict
from provider_runtime.ports.signing import Signer, Verifier

PURPOSE: Final = "consent_revocations/1"
_KIND: Final = "provider_runtime.consent_revocations"
_VERSION: Final = 1


@frozen(kw_only=True)
class RevocationFile:
    """The list in the file at ``path``, read anew each time. Only a list with a genuine seal says anything."""

    path: Path = field(converter=Path)
    verifier: Verifier

    async def read(self) -> Revocations:
        content = await self._file.read()
        try:
            envelope = json.loads(content)
            text, seal = envelope["text"], Seal(**envelope["seal"])
            listed = _read(json.loads(text))
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self._corrupt("it is not of a form that this release knows") from None
        worth = await self.verifier.verify(text.encode(), seal, purpose=PURPOSE)
        if worth is not SealVerdict.GENUINE:
            raise self._corrupt(f"its seal is not genuine ({worth})")
        return listed

    @property
    def _file(self) -> HandedFile:
        return HandedFile(path=self.path, kind="revocations")

    def _corrupt(self, what: str) -> RecordCorrupt:
        return RecordCorrupt(
            kind="revocations",
            key=self.path.name,
            message=f"the list of revoked consents cannot be gone by: {what}",
            remedy="Have whoever issues consents write it anew.",
        )


async def write_revocations(path: Path, consent_ids: Iterable[str], *, as_of: datetime, signer: Signer) -> None:
    """Write the list for others, signed, in one go: they find the old one or the new one."""
    contents = {
        "kind": _KIND,
        "version": _VERSION,
        "as_of": as_of.isoformat(timespec="milliseconds"),
        "consent_ids": sorted(set(consent_ids)),
    }
    text = json.dumps(contents, sort_keys=True, separators=(",", ":"))
    seal = await signer.sign(text.encode(), purpose=PURPOSE)
    envelope = {"text": text, "seal": {"key_id": seal.key_id, "value": seal.value}}
    await HandedFile(path=path, kind="revocations").write(json.dumps(envelope).encode())


def _read(value: Any) -> Revocations:
    if value["kind"] != _KIND or value["version"] != _VERSION:
        raise ValueError("of another kind")
    as_of, ids = datetime.fromisoformat(value["as_of"]), value["consent_ids"]
    if as_of.tzinfo is None or not all(isinstance(one, str) for one in ids):
        raise ValueError("no list")
    return Revocations(as_of=as_of, consent_ids=frozenset(ids))
