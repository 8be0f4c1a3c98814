"""The base of everything raised on purpose."""

from typing import Any, ClassVar, Final, Self

from attrs import define, field, fields

from provider_runtime.domain.conversation.response import Attempt
from provider_runtime.domain.errors.codes import BILLED, Billed, Delivery, ErrorCode
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.secrets import safe_text


@define(kw_only=True, eq=False)
class ProviderRuntimeError(Exception):
    """Base of everything raised on purpose. Branch on ``code``; show ``str(error)``.

    ``remedy`` is the way out, in one sentence. ``call_id`` finds the receipt of the call.
    ``requirement`` is the id that the source documents give to the rule that was broken, if any.
    """

    message: str = field(default="", converter=safe_text)
    remedy: str = field(default="", converter=safe_text)
    code: ErrorCode = field(default=ErrorCode.INVALID_SETTINGS, converter=ErrorCode)
    call_id: CallId | None = None
    attempts: tuple[Attempt, ...] = ()

    requirement: str | None = None

    hsk_code: ClassVar[str | None] = None
    delivery: Delivery = field(default=Delivery.NOT_SENT, converter=Delivery)
    retryable: bool = False

    @property
    def args(self) -> tuple[str, ...]:  # type: ignore[override]  # of an exception they are what it was made of
        """What it says. The values it was made of may hold what was masked since."""
        return (str(self),)

    @property
    def sent(self) -> bool:
        """Whether the request may have reached the provider."""
        return self.delivery is not Delivery.NOT_SENT

    @property
    def billed(self) -> Billed:
        """Whether the provider may charge for it."""
        return BILLED[self.delivery]

    def facts(self) -> dict[str, str]:
        """The typed facts as short texts, in the order they are shown."""
        values = {name: getattr(self, name, None) for name in _SHOWN}
        return {name: _shown(value) for name, value in values.items() if value}

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.facts().items())
        head = f"{self.code}[{facts}]" if facts else f"{self.code}"
        text = f"{head}: {self.message}" if self.message else head
        if not self.remedy:
            return text
        return f"{text} {self.remedy}" if text.endswith((".", "!", "?", "…")) else f"{text}. {self.remedy}"

    def __reduce__(self) -> tuple[Any, ...]:
        state = {attribute.name: getattr(self, attribute.name) for attribute in fields(type(self))}
        return (_rebuild, (type(self), state))

    def __copy__(self) -> Self:
        rebuilt: Self = _rebuild(type(self), self.__reduce__()[1][1])
        return rebuilt


_SHOWN: Final = (
    *("requirement", "provider", "model", "role", "request_id", "status_code", "field", "gate", "fault"),
    *("provider_key", "missing_fields", "provider_hint", "resolved", "capability", "candidates", "env_candidates"),
)


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _rebuild(kind: type[Any], state: dict[str, object]) -> Any:
    return kind(**state)
