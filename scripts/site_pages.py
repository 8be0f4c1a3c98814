"""Pages of the site that are no files of ``docs/``: the front page, the changelog, the public names; and their order.

A hook of mkdocs (``mkdocs.yml``). On GitHub the pages are read as they lie; here links that leave the folder are led to
their copies.
"""

import importlib
import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import attrs
from mkdocs.structure.files import File, Files

import provider_runtime

CHECKOUT: Final = Path(__file__).resolve().parents[1]
BESIDE_DOCS: Final = {
    "README.md": "front-page.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Pages of the checkout that the site has as well, and what they are called there."""

_ROOMS: Final = {
    "composition": ("runtimes", "Runtimes and settings"),
    "application": ("runtimes", "Runtimes and settings"),
    "domain.calls": ("requests", "Requests and responses"),
    "domain.conversation": ("requests", "Requests and responses"),
    "domain.json_values": ("requests", "Requests and responses"),
    "domain.catalog": ("catalog", "Providers, models, prices"),
    "domain.profiles": ("profiles", "Profiles, experts, swaps"),
    "domain.policy": ("policy", "Policy, budgets, leakage"),
    "domain.errors": ("errors", "Errors"),
    "domain.records": ("records", "Records"),
    "domain": ("basics", "Identity and secrets"),
    "ports": ("ports", "Ports: what can be replaced"),
    "adapters": ("adapters", "Sinks, files, sandboxed parts"),
}
"""Where a public name is explained, by the room that defines it; the longest prefix counts."""

_MADE_FOR_YOU: Final = {"ProviderRuntime", "RuntimeHandle"}  # by open_runtime and by the registry


def on_config(config: Any, **_: object) -> Any:
    """The order of the pages: that in which ``docs/index.md`` names them, then whatever it leaves out."""
    named = list(dict.fromkeys(re.findall(r"\]\(([\w/-]+\.md)\)", (CHECKOUT / "docs" / "index.md").read_text("utf-8"))))
    there = sorted(page.relative_to(CHECKOUT / "docs").as_posix() for page in (CHECKOUT / "docs").rglob("*.md"))
    in_order = sorted(there, key=lambda page: (named.index(page) if page in named else len(named), page))
    config.nav = [
        {"Start": ["index.md", "front-page.md", *_of(in_order, "tutorial/", deep=False)]},
        {"An hour": _of(in_order, "tutorial/hour/")},
        {"How to": _of(in_order, "how-to/")},
        {"Explanation": _of(in_order, "explanation/")},
        {"Reference": [*_of(in_order, "reference/", deep=False), {"Wires": _of(in_order, "reference/wires/")}]},
        {"Python": ["reference/api/index.md", *(f"reference/api/{page}.md" for page in _by_page())]},
        {"Project": [*(shown for name, shown in BESIDE_DOCS.items() if shown != "front-page.md" and _is_there(name))]},
        {"Decisions": ["decisions/README.md", *(page for page in _of(there, "decisions/") if "README" not in page)]},
    ]
    return config


def on_files(files: Files, config: Any, **_: object) -> Files:
    """Add the pages that are written here."""
    for name, shown_as in BESIDE_DOCS.items():
        source = CHECKOUT / name
        if _is_there(name):
            files.append(File.generated(config, shown_as, content=_led_home(source.read_text("utf-8"))))
    names = _by_page()
    for page, (title, members) in names.items():
        files.append(File.generated(config, f"reference/api/{page}.md", content=_api_page(title, members)))
    files.append(File.generated(config, "reference/api/index.md", content=_api_index(names)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:
    """Lead links that leave ``docs/`` to the copies here; what stands before the title would hide it."""
    markdown = re.sub(r"\A<!--.*?-->\s*", "", markdown, flags=re.DOTALL)
    depth = page.file.src_uri.count("/")
    for name, shown_as in BESIDE_DOCS.items():
        markdown = markdown.replace(f"]({'../' * (depth + 1)}{name}", f"]({'../' * depth}{shown_as}")
    return markdown


def _of(pages: Iterable[str], folder: str, *, deep: bool = True) -> list[str]:
    return [page for page in pages if page.startswith(folder) and (deep or "/" not in page[len(folder) :])]


def _is_there(name: str) -> bool:
    return (CHECKOUT / name).is_file()


def _led_home(markdown: str) -> str:
    """A page of the checkout, with its links as they are seen from ``docs/``."""
    for name, shown_as in BESIDE_DOCS.items():
        markdown = markdown.replace(f"]({name}", f"]({shown_as}")
    markdown = re.sub(r"\[([^\]]+)\]\(LICENSE\)", r"\1", markdown)
    return markdown.replace("](docs/", "](")


def _by_page() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    pages: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for name in provider_runtime.__all__:
        home = provider_runtime.HOMES[name]
        room = home.removeprefix("provider_runtime.")
        page, title = _ROOMS[max((prefix for prefix in _ROOMS if f"{room}.".startswith(f"{prefix}.")), key=len)]
        pages.setdefault(page, (title, []))[1].append((name, home))
    order = list(dict.fromkeys(page for page, _ in _ROOMS.values()))
    return {page: pages[page] for page in order if page in pages}


def _api_page(title: str, members: Iterable[tuple[str, str]]) -> str:
    blocks = (f"## {name}\n\n{_constructor(name, home)}::: {home}.{name}" for name, home in members)
    return f"# {title}\n\nAll of it comes from `provider_runtime`.\n\n" + "\n\n".join(blocks) + "\n"


def _constructor(name: str, home: str) -> str:
    """How a class of values is made, a line for each field. Nothing for protocols, enumerations and functions."""
    thing = getattr(importlib.import_module(home), name)
    if name in _MADE_FOR_YOU or not inspect.isclass(thing) or not attrs.has(thing):
        return ""
    fields = [field for field in attrs.fields(thing) if field.init and not field.name.startswith("_")]
    if not fields:
        return ""
    lines = (f"    {field.name}: {_annotation(field.type)}{_default(field.default)}," for field in fields)
    return f"```python\n{name}(\n" + "\n".join(lines) + "\n)\n```\n\n"


def _annotation(kind: object) -> str:
    text = inspect.formatannotation(kind)
    return re.sub(r"(?:[a-z_]\w*\.)+(?=[A-Za-z])", "", text)


def _default(default: object) -> str:
    if default is attrs.NOTHING:
        return ""
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return " = …"
    text = repr(default)
    return f" = {text}" if len(text) <= 30 else " = …"


def _api_index(pages: dict[str, tuple[str, list[tuple[str, str]]]]) -> str:
    lines = ["# Public names", "", "What `from provider_runtime import …` gives, by what it is about.", ""]
    for page, (title, members) in pages.items():
        lines += [f"**[{title}]({page}.md)**: " + ", ".join(f"`{name}`" for name, _ in members), ""]
    return "\n".join(lines)
