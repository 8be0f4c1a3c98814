"""Drawing: Vega-Lite pictures as SVG, drawn here and now, in colours that the page decides on."""

import re
from typing import Any, Final

from attrs import frozen

from provider_runtime.adapters.report_page.markup import Markup, trusted
from provider_runtime.domain.errors import InvalidSettings

WIDE: Final = 960
NARROW: Final = 360
_SVG: Final = re.compile(r'<svg [^>]*?width="[\d.]+" height="[\d.]+" viewBox="(?P<box>[\d. ]+)"[^>]*>')
_CLIP: Final = re.compile(r'id="(clip\d+)"')
_VERSION: Final = "6.1"
# Colours are variables of the page's style sheet, so that one picture serves by day, by night and on paper.
CONFIG: Final[dict[str, Any]] = {
    "background": None,
    "font": "system-ui, sans-serif",
    "padding": 2,
    # As wide as was asked for, names and all: so letters have one size in every picture.
    "autosize": {"type": "fit-x", "contains": "padding"},
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--soft)",
        "titleColor": "var(--soft)",
        "titleFontWeight": "normal",
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelLimit": 150,
    },
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": "var(--ink)",
        "labelFontSize": 12,
        "symbolType": "square",
        "symbolStrokeWidth": 0,
        "offset": 6,
    },
    "text": {"color": "var(--ink)", "fontSize": 12},
}


@frozen(kw_only=True)
class Drawing:
    """Draws by the library of the extra ``report``. Raises ``InvalidSettings`` without it."""

    def svg(self, spec: dict[str, Any], *, names: str, width: int) -> Markup:
        """The picture that ``spec`` describes. ``names``: ids of the elements that say in words what it shows."""
        try:
            import vl_convert  # noqa: PLC0415 - only the extra `report` brings it
        except ImportError as missing:
            raise InvalidSettings(
                field="report",
                message="the library that draws the pictures of a report is not installed",
                remedy="Install it: pip install 'provider-runtime[report]'.",
            ) from missing
        whole = {"width": width, **spec, "config": CONFIG}
        drawn: str = vl_convert.vegalite_to_svg(whole, vl_version=_VERSION, allowed_base_urls=[])
        return trusted(_SVG.sub(_opening(names), _own_ids(drawn, f"{names}-{width}"), count=1))


def _opening(names: str) -> str:
    # A picture to whoever cannot see it: one thing with a name, not a thousand marks; the table has the figures.
    return rf'<svg xmlns="http://www.w3.org/2000/svg" viewBox="\g<box>" role="img" aria-labelledby="{names}">'


def _own_ids(drawn: str, prefix: str) -> str:
    """The library numbers what it clips through all pictures that it ever drew; a page needs names of its own."""
    for number, name in enumerate(dict.fromkeys(_CLIP.findall(drawn)), 1):
        drawn = re.sub(rf'(id="|url\(#){name}\b', rf"\g<1>{prefix}-clip-{number}", drawn)
    return drawn
