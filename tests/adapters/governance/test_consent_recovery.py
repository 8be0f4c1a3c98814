"""Ledgers of consents that are opened anew, cut, or written by a release that nobody knows."""

import asyncio
from pathlib import Path

import pytest
from store_children import opened
from store_faults import FaultyFiles, no_room

from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import Media
from provider_runtime.adapters.governance.consents import JournalConsentLedger
from provider_runtime.domain.errors import BackendError, RecordCorrupt
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.consent.decisions import UseTaken
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.testing.consents import a_question, a_subject
from provider_runtime.testing.contracts.governance.consents import answered
from provider_runtime.testing.fakes import FrozenClock

KINDS = pytest.mark.parametrize("kind", ["filesystem", "sqlite"])


def ledger_in(media: Media, *, checkpoint_every: int = 3) -> JournalConsentLedger:
    return JournalConsentLedger(
        journal=media.journal("consents"),
        documents=media.documents(),
        clock=FrozenClock(),
        checkpoint_every=checkpoint_every,
    )


@KINDS
async def test_whoever_opens_a_ledger_finds_it_as_it_was_left(tmp_path: Path, kind: str) -> None:
    media = opened(kind, tmp_path)
    ledger = ledger_in(media)
    consent = await answered(ledger, a_question(a_subject(tenant="acme")), ConsentTerms(uses=4, notes="für Ada"))
    for number in range(3):
        await ledger.use(consent, f"use_{number}")
    await ledger.give_back(consent, "use_0")
    other = await answered(ledger, a_question(request_id="req_2"))
    await ledger.revoke(["req_2"], user_id="ada")
    waiting = await ledger.ask(a_question(request_id="req_3"))
    before = (await ledger.consents(), await ledger.waiting(), await ledger.find(a_subject(tenant="acme")))
    await media.aclose()
    for checkpoint_every in (3, 10**6):  # from the checkpoint, and read from the start
        again = opened(kind, tmp_path)
        if checkpoint_every > 3:
            await again.documents().delete("checkpoints", "consents")
        anew = ledger_in(again, checkpoint_every=checkpoint_every)
        assert (await anew.consents(), await anew.waiting(), await anew.find(a_subject(tenant="acme"))) == before
        assert await anew.use(other, "use_9") is ConsentFault.REVOKED
        await again.aclose()
    assert before[0][0].used == 2
    assert before[1] == (waiting,)


@pytest.mark.parametrize("every", [1, 2, 3])
@pytest.mark.parametrize("at", range(3, 19))
async def test_a_disk_that_was_full_for_a_while_leaves_no_checkpoint_of_what_was_not_kept(
    tmp_path: Path, at: int, every: int
) -> None:
    files = FaultyFiles(at=at, make=no_room, of=("write",))
    media = FilesystemMedia(root=tmp_path / "store", files=files)
    ledger = ledger_in(media, checkpoint_every=every)
    consent = None
    for number in range(6):
        try:
            consent = consent or await answered(ledger, a_question(request_id=f"req_{number}"), ConsentTerms(uses=30))
        except BackendError:
            continue
        for batch in range(4):
            uses = (ledger.use(consent, f"use_{number}_{batch}_{one}") for one in range(4))
            await asyncio.gather(*uses, return_exceptions=True)
    assert len(files.done) >= at, "the disk was never full"
    seen = await ledger.consents()
    await media.aclose()
    again = FilesystemMedia(root=tmp_path / "store")
    assert await ledger_in(again).consents() == seen
    await again.aclose()


@KINDS
async def test_two_owners_of_one_ledger_see_what_the_other_does(tmp_path: Path, kind: str) -> None:
    one, other = (opened(kind, tmp_path) for _ in range(2))
    mine, theirs = ledger_in(one), ledger_in(other)
    consent = await answered(mine, a_question())
    assert (await theirs.find(a_subject())).consents == (consent,)
    assert isinstance(await theirs.use(consent, "use_1"), UseTaken)
    assert await mine.use(consent, "use_2") is ConsentFault.USED_UP
    await theirs.revoke(["req_1"], user_id="ada")
    assert (await mine.find(a_subject())).consents[0].revoked_at is not None
    await one.aclose()
    await other.aclose()


@KINDS
@pytest.mark.parametrize("entry", [b"{}", b"junk", b'{"k":"granted","v":{}}', b'{"k":"used","v":{"at":"never"}}'])
async def test_an_entry_of_a_form_that_nobody_knows_lets_nothing_through(
    tmp_path: Path, kind: str, entry: bytes
) -> None:
    media = opened(kind, tmp_path)
    consent = await answered(ledger_in(media), a_question())
    await media.journal("consents").append(lambda _: entry)
    ledger = ledger_in(media)
    with pytest.raises(RecordCorrupt) as corrupt:
        await ledger.find(a_subject())
    with pytest.raises(RecordCorrupt):
        await ledger.use(consent, "use_1")
    assert entry.decode() not in str(corrupt.value)
    await media.aclose()


@KINDS
async def test_a_checkpoint_of_another_release_is_passed_over(tmp_path: Path, kind: str) -> None:
    media = opened(kind, tmp_path)
    ledger = ledger_in(media)
    consent = await answered(ledger, a_question(), ConsentTerms(uses=4))
    await ledger.use(consent, "use_1")
    await media.documents().put("checkpoints", "consents", b'{"version":9,"count":3,"books":"of another form"}')
    again = ledger_in(media)
    assert await again.consents() == await ledger.consents()
    for number in range(2, 5):
        await again.use(consent, f"use_{number}")
    made = await media.documents().get("checkpoints", "consents")
    assert made is not None
    assert b'"version":1' in made.content
    await media.aclose()


@KINDS
async def test_a_ledger_that_was_emptied_under_its_owner_lets_nothing_through(tmp_path: Path, kind: str) -> None:
    media = opened(kind, tmp_path)
    ledger = ledger_in(media)
    consent = await answered(ledger, a_question())
    await media.journal("consents").clear()
    with pytest.raises(RecordCorrupt):
        await ledger.use(consent, "use_1")
    await media.aclose()


@KINDS
async def test_an_answer_without_its_question_is_no_ledger(tmp_path: Path, kind: str) -> None:
    media = opened(kind, tmp_path)
    await answered(ledger_in(media), a_question())
    entries = (await media.journal("consents").read()).entries
    await media.journal("consents").append(lambda _: entries[1])
    with pytest.raises(RecordCorrupt, match="contradict"):
        await ledger_in(media).consents()
    await media.aclose()
