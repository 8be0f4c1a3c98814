"""Consents that are taken back because a key was changed, or a provider removed."""

import click

from provider_runtime.cli.consent.place import ConsentPlace
from provider_runtime.cli.registry.folder import DataFolder
from provider_runtime.domain.catalog.credentials import NamedKeyCredential
from provider_runtime.domain.identity import ProviderId


async def void_consents_to(folder: DataFolder, *providers: ProviderId) -> None:
    """Take back every consent to calls to ``providers``, and say so if there were any."""
    place = ConsentPlace.of(folder)
    if not place.was_used or not providers:
        return
    async with place.desk() as desk:
        for provider in providers:
            count = await desk.void(provider)
            if count:
                what = "1 consent is" if count == 1 else f"{count} consents are"
                click.secho(f"⚠ {what} void: what was said of {provider} was said before.", fg="yellow", err=True)


async def void_consents_under(folder: DataFolder, name: str) -> None:
    """Take back every consent to calls that go with the key of this name."""
    users = [
        config.provider_id
        for config in await folder.registered()
        if isinstance(config.credential, NamedKeyCredential) and config.credential.name == name
    ]
    await void_consents_to(folder, *users)
