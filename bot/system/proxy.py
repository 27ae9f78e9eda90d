"""The proxy that Discord is reached through, where this machine needs one."""

from __future__ import annotations

import ipaddress
import logging
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr
from yarl import URL

from bot.errors import UserError
from bot.system.redaction import redact

log = logging.getLogger(__name__)

SCHEMES = ("http", "https")  # of the proxy itself; what goes through it is encrypted either way


@dataclass(frozen=True)
class Proxy:
    """Where it is, and what said so."""

    url: str  # with the user and the password, if there are any: never to be shown
    shown: str  # without
    source: str  # PROXY_URL, or HTTPS_PROXY of the environment


def proxy_for(configured: SecretStr | None, address: str) -> Proxy | None:
    """The proxy to reach an address through: the configured one, else the environment's as NO_PROXY allows.

    Raises `UserError` for a configured one that is no HTTP proxy.
    """
    if configured is not None:
        try:
            return _parse(configured.get_secret_value(), "PROXY_URL")
        except ValueError as error:
            raise UserError(
                f"PROXY_URL {error}: write http://host:port or http://user:password@host:port."
            ) from None
    target = urlsplit(address)
    host = target.hostname or ""
    if _is_here(host) or urllib.request.proxy_bypass(host):
        return None
    known = urllib.request.getproxies()
    for kind in (target.scheme, "all"):
        if known.get(kind):
            source = f"{kind.upper()}_PROXY"
            try:
                return _parse(known[kind], source)
            except ValueError as error:
                log.warning("%s is left aside, because it %s.", source, error)
    return None


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parse(text: str, source: str) -> Proxy:
    """Raises ValueError that says what is wrong, without the text, which may hold a password."""
    text = text.strip()
    try:
        url = URL(text if "://" in text else f"http://{text}")
        shown = str(url.with_user(None))
    except ValueError:
        raise ValueError("is not an address") from None
    if url.scheme not in SCHEMES or not url.host:
        raise ValueError("is not the address of an HTTP proxy")
    return Proxy(str(url), shown, source)


def unreachable(error: BaseException, proxy: Proxy | None) -> str:
    """A sentence on why Discord could not be reached, and what to do about it."""
    why = redact(" ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split()))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        if error.status == 407 and proxy is not None:
            return (
                f"The proxy {proxy.shown} ({proxy.source}) wants a user and a password, or other ones: write "
                f"{proxy.source}=http://user:password@host:port."
            )
        answer = f"{error.status} {error.message}"
        return f"The proxy does not connect to Discord (it answered {answer}): ask who runs it."
    if isinstance(error, aiohttp.ClientProxyConnectionError) and proxy is not None:
        return f"The proxy {proxy.shown} could not be reached ({why}): check {proxy.source}."
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return (
            "Discord could not be reached safely, because its certificate is not trusted here: check this "
            "machine's clock and its certificates, and whether a proxy reads what goes through it."
        )
    if proxy is not None:
        return f"Discord could not be reached through the proxy {proxy.shown} ({why}): check {proxy.source}."
    return (
        f"Discord could not be reached ({why}): check this machine's connection to the internet. If it needs "
        "a proxy, set PROXY_URL."
    )
