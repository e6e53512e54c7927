"""A tool as its publications see it: its catalog, the facts of it, and where it sends to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aboveboard.catalog.about import FACTS
from aboveboard.client.recipients import recipient
from aboveboard.client.recipients.target import POSTHOG
from aboveboard.client.terminal.question import PROMISES
from aboveboard.contract.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard.catalog.catalog import Catalog
    from aboveboard.client.analytics import Analytics


class Host(NamedTuple):
    """What is known of a tool."""

    catalog: Catalog
    endpoint: str = ""
    """Where it sends to; "" if that is not known."""

    percent: float | None = None
    """The share of installs that is asked, in percent; None if that is not known."""

    url: str = ""
    """The page that its question names."""

    said: Sequence[str] = ()
    """What its question promises never to collect."""

    operator: str = ""
    """Who receives what is collected, as people know them; "" if only the address is known."""

    key: str = ""
    """The write key that it sends with; "" if that is not known."""

    @classmethod
    def of(cls, analytics: Analytics) -> Host:
        """Return what a tool's `Analytics` says of it."""
        target = analytics._target
        return cls(
            analytics.catalog,
            target.endpoint,
            analytics.sample_percent,
            analytics.url,
            analytics.promises,
            analytics.operator,
            target.key,
        )

    @property
    def app(self) -> str:
        """The tool's name as it is typed."""
        return self.catalog.app

    @property
    def name(self) -> str:
        """The tool's name as people write it."""
        return self.fact("name") or self.app

    @property
    def title(self) -> str:
        """The tool's name at the beginning of a sentence."""
        return self.name[:1].upper() + self.name[1:]

    @property
    def promises(self) -> Sequence[str]:
        """What its question promises never to collect."""
        return self.said or self.facts("promises") or PROMISES

    @property
    def to(self) -> str:
        """Where it sends to, as people read it; "" if that is not known."""
        return recipient.shown(recipient.of(self.endpoint)) if self.endpoint else ""

    @property
    def speaks_posthog(self) -> bool:
        """Whether PostHog gets what is collected, which takes no request to erase."""
        return self.endpoint.startswith(POSTHOG)

    def fact(self, name: str) -> str:
        """Return a fact that is a text; "" if it was not given."""
        return str(self.catalog.about.get(name, "")).strip()

    def facts(self, name: str) -> list[str]:
        """Return a fact that is a list; nothing if it was not given."""
        told = self.catalog.about.get(name, [])
        return [str(each) for each in told] if isinstance(told, list) else []

    def require(self, names: Sequence[str], what: str) -> None:
        """Raise unless all of some facts were given.

        Raises:
            ContractError: some were not; names all of them and says where to say them.
        """
        missing = [name for name in names if not self.catalog.about.get(name)]
        if missing:
            told = ", ".join(f"`{name}` ({FACTS[name]})" for name in missing)
            said = ", ".join(f'"{name}": …' for name in missing)
            which = "it" if len(missing) == 1 else "them"
            raise ContractError(
                f"{what} cannot be published without {told}: say {which} in "
                f"about={{{said}}} of the Analytics or the Catalog"
            )
