"""Who is told: the URLs of ``[notify]``, and what they are called where they must not be shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from monitor.settings import ConfigurationError, NotifySettings
from monitor.settings.credentials import read_urls

_KEY_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to tell, by one of Apprise's URLs."""

    name: str
    """Its place and the URL's scheme, such as "1 (mailtos)": the rest may be a secret, even what
    looks like the name of a host."""
    url: str = field(repr=False)

    @property
    def key(self) -> str:
        """What the recipient is remembered by: a digest of the URL."""
        digest = hashlib.sha256(self.url.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:_KEY_DIGITS]


def configured(notify: NotifySettings) -> list[Recipient]:
    """Read whom a configuration names; one that is named twice is told once.

    Raises:
        ConfigurationError: if it names nobody, or what it names is no URL.
    """
    urls = notify.urls
    if notify.urls_file:
        try:
            urls = read_urls(notify.urls_file)
        except ValueError as error:
            raise ConfigurationError(
                f"[notify] urls_file = {notify.urls_file!r}: {error}"
            ) from error
    if not urls:
        raise ConfigurationError(
            "[notify] urls, urls_file: nobody to tell; name a service's URL in one of them"
            " (docs/notify.md)"
        )
    found = []
    for place, url in enumerate(dict.fromkeys(urls), 1):
        scheme, colon, _ = url.partition("://")
        if not (colon and scheme.isascii() and scheme.isalnum()):
            raise ConfigurationError(
                f"[notify] URL {place}: must begin like mailtos:// or ntfys://"
            )
        found.append(Recipient(f"{place} ({scheme.lower()})", url))
    return found
