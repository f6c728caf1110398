"""Addresses as FFmpeg is given them, and playlists that name nothing but HTTP.

FFmpeg opens whatever a playlist names with the protocols that the input may use, and HTTP needs ``tcp``: a
playlist could name it by itself. So what could be a playlist is read before FFmpeg has it.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pipeline.text import clean

__all__ = [
    "HEAD_BYTES",
    "MAX_PLAYLIST_BYTES",
    "TLS_SUFFIX",
    "Forbidden",
    "for_ffmpeg",
    "is_playlist",
    "real_url",
    "require_tame",
    "rewritten",
]

TLS_SUFFIX = ".tls.vidette.invalid"
"""``.invalid`` is never a real domain (RFC 2606)."""
IPV6_LABEL = "ip6-"

HEAD_BYTES = 512
MAX_PLAYLIST_BYTES = 8 << 20

# An address begins a line, an attribute or an element: one within a query is the server's own matter.
_HTTPS = re.compile(rb"(?<![^\s\"'>])https://((?:[^/\s\"'<>?#@]*@)?)([^/\s\"'<>?#]+)", re.IGNORECASE)
_SCHEMELESS = re.compile(rb"(?<![^\s\"'>])//((?:[^/\s\"'<>?#@]*@)?)([^/\s\"'<>?#]+)")

# FFmpeg knows protocols by their names in small letters; a comma, a plus or a colon ends one.
_FORBIDDEN = re.compile(rb"(?<![A-Za-z0-9])(tcp|tls|crypto|httpproxy|udp|file|data|concat|subfile)[:+,]")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']*)")
_BLANK = b"\xef\xbb\xbf \t\r\n"


class Forbidden(ValueError):
    """A server sent what must not reach FFmpeg; the message says what."""


def for_ffmpeg(url: str) -> str:
    """An ``https`` address as FFmpeg is given it; an ``http`` one is as it was."""
    return rewritten(url.encode("utf-8", "surrogateescape"), tls=True).decode("utf-8", "surrogateescape")


def real_url(asked: str) -> str | None:
    """What FFmpeg means by an address that it asks the proxy for; None where it is none of HTTP."""
    try:
        parts = urlsplit(asked)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme.lower() != "http" or not host:
        return None
    scheme = "http"
    if host.endswith(TLS_SUFFIX):
        scheme, host = "https", host.removesuffix(TLS_SUFFIX)
        if host.startswith(IPV6_LABEL):
            host = host.removeprefix(IPV6_LABEL).replace("-", ":")
    name = f"[{host}]" if ":" in host else host
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"{scheme}://{name}:{port or (443 if scheme == 'https' else 80)}{path}"


def rewritten(text: bytes, *, tls: bool) -> bytes:
    """A playlist or an address whose ``https`` addresses go through the gateway.

    ``tls`` says that the text itself came over TLS: addresses without a scheme then mean TLS too.
    """
    text = _HTTPS.sub(lambda match: b"http://" + match[1] + _marked(match[2]), text)
    if tls:
        text = _SCHEMELESS.sub(lambda match: b"http://" + match[1] + _marked(match[2]), text)
    return text


def _marked(host: bytes) -> bytes:
    """``host:port`` with the mark that means TLS."""
    name, colon, port = host.rpartition(b":")
    if not colon or not port.isdigit() or (name.startswith(b"[") and not name.endswith(b"]")):
        name, port = host, b"443"
    if name.startswith(b"["):
        name = IPV6_LABEL.encode() + name.strip(b"[]").replace(b":", b"-")
    return name + TLS_SUFFIX.encode() + b":" + port


def is_playlist(head: bytes) -> bool:
    """Whether this is the beginning of something that may name other addresses."""
    return head.lstrip(_BLANK).startswith((b"#EXTM3U", b"ffconcat", b"<"))


def require_tame(text: bytes) -> None:
    """A playlist or an address may name only HTTP, in letters that say what they are.

    Raises:
        Forbidden: it names another protocol, or hides what it names.
    """
    # A quoted value of a playlist may be written with backslashes, which FFmpeg takes away.
    for shape in (text, text.replace(b"\\", b"")):
        found = _FORBIDDEN.search(shape)
        if found:
            raise Forbidden(f"a playlist or redirect names the protocol {found[1].decode()}: refused")
    if text.lstrip(_BLANK).startswith(b"<"):
        encoding = _ENCODING.search(text[:HEAD_BYTES])
        if b"&#" in text or b"<!ENTITY" in text.upper():
            raise Forbidden("an XML playlist writes characters as references: refused")
        if encoding and encoding[1].lower() not in (b"utf-8", b"us-ascii"):
            raise Forbidden(f"an XML playlist is encoded as {clean(repr(encoding[1]), 40)}: refused")
