"""Opens a file or URL, says what it holds, and refuses what is not allowed.

A playlist is a program that makes the reader open other things. So a local playlist may name only
files beneath its own folder, and a remote one may reach only the protocols of its own kind; neither
can read a local file outside or reach another protocol.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import av
import av.container
import av.error
import av.stream

from pipeline.errors import InputError
from pipeline.model import MediaInfo, StreamInfo
from pipeline.text import clean

__all__ = [
    "ALLOWED_PROTOCOLS",
    "InputContainer",
    "identity",
    "is_local",
    "media_streams",
    "open_container",
    "probe",
    "redact",
]

InputContainer = av.container.InputContainer
"""An open input; other modules name its type without knowing the library behind it."""

ALLOWED_PROTOCOLS: Mapping[str, str] = {
    "file": "file,crypto",
    "http": "http,https,tcp,tls,crypto",
    "https": "http,https,tcp,tls,crypto",
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,tls,tcp",
    "rtsp": "rtsp,rtp,udp,tcp",
    "srt": "srt",
    "udp": "udp",
    "rtp": "rtp,udp",
}
"""Scheme of an input -> the protocols that it, and whatever it refers to, may use."""
REMOTE = tuple(scheme for scheme in ALLOWED_PROTOCOLS if scheme != "file")
"""What an address may begin with: a file is named by its path, so that it is looked at first."""

OPEN_TIMEOUT_S = 15.0
READ_TIMEOUT_S = 20.0
OPTIONS: Mapping[str, str] = {"correct_ts_overflow": "0"}
"""FFmpeg takes stamps that begin again (a looped stream) for a clock of 26.5 hours that wrapped round:
``decode`` can tell the two apart."""
PLAYLIST_OPTIONS: Mapping[str, str] = {"live_start_index": "0", "m3u8_hold_counters": "2"}
"""A playlist on disk is read from its first segment, and not waited for when it was never ended."""
PLAYLIST_MAX_BYTES = 4 << 20
MOST_PLAYLISTS = 64
PROBED_BYTES = 1 << 20
"""As much as FFmpeg reads to tell formats apart."""

# Demuxers that take any text for a picture: to them every .txt is a film.
NOT_MEDIA = frozenset({"tty", "bin", "xbin", "idf", "adf", "lrc", "srt", "webvtt", "ass"})

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*):(?=//)")
_BARE_SCHEME = re.compile(
    r"^(concat|subfile|data|pipe|cache|async|crypto|file|fd|md5|tee|hls|unix|ipfs|ipns):"
)
_ANY_SCHEME = re.compile(r"^(subfile,|[A-Za-z0-9+.\-]+:)")
"""What FFmpeg takes for a protocol rather than a file."""
_BLANK = b"\xef\xbb\xbf \t\r\n"
_URI = re.compile(r'\bURI=(?:"([^"]*)"|([^",\s]*))')


def redact(url: str) -> str:
    """The URL without user, password and query values, fit for a log, a page or an error."""
    if not _SCHEME.match(url):
        return url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return url.split("://", 1)[0] + "://(unreadable address)"
    if ":" in host:
        host = f"[{host}]"
    query = "&".join(_without_value(pair) for pair in re.split("[&;]", parts.query) if pair)
    return urlunsplit((parts.scheme, host + port, parts.path, query, ""))


def _without_value(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}=..." if equals else "..."


def is_local(url: str) -> bool:
    """Whether the input is a path on this machine."""
    try:
        return Path(url).exists() or not _SCHEME.match(url)
    except (OSError, ValueError):
        return not _SCHEME.match(url)


def identity(url: str) -> str:
    """What an input is known by in stable ids: the resolved path, or the redacted URL."""
    return os.path.realpath(url) if is_local(url) else redact(url)


def open_container(url: str) -> av.container.InputContainer:
    """Open for reading.

    Raises:
        InputError: there is no such input, it is not allowed, or it is not media.
    """
    name = clean(redact(url))
    scheme = _SCHEME.match(url)
    if is_local(url):
        _require_file(url, name)
        _refuse_foreign_references(Path(url), name)
        target, options = f"file:{url}", {"protocol_whitelist": ALLOWED_PROTOCOLS["file"], **PLAYLIST_OPTIONS}
    elif scheme and scheme[1].lower() in REMOTE:
        target, options = url, {"protocol_whitelist": ALLOWED_PROTOCOLS[scheme[1].lower()]}
    else:
        raise InputError(f"{name}: the protocol is not allowed; use one of {', '.join(REMOTE)}, or a path")
    try:
        container = av.open(
            target,
            options={**options, **OPTIONS},
            timeout=None if target.startswith("file:") else (OPEN_TIMEOUT_S, READ_TIMEOUT_S),
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, OSError, ValueError) as exc:
        raise InputError(f"{name}: {_why(url, exc)}") from exc
    if container.format.name in NOT_MEDIA:
        container.close()
        raise InputError(f"{name}: this is text, not video or audio")
    return container


def probe(container: av.container.InputContainer) -> MediaInfo:
    """What the container declares; tags are untrusted text, cleaned and cut short."""
    origin_s = (container.start_time or 0) / av.time_base
    streams = [_stream_info(name, stream, origin_s) for name, stream in media_streams(container).items()]
    duration_s = None if container.duration is None else container.duration / av.time_base
    tags = {clean(key): clean(value) for key, value in sorted(container.metadata.items())[:32]}
    return MediaInfo(container.format.name, duration_s, tuple(streams), tags)


def media_streams(container: av.container.InputContainer) -> dict[str, av.stream.Stream]:
    """vidette's id -> the stream, for every video and audio stream but cover art."""
    found: dict[str, av.stream.Stream] = {}
    for kind, streams in (("v", container.streams.video), ("a", container.streams.audio)):
        wanted = [s for s in streams if not _is_cover_art(s)]
        found.update({f"{kind}:{n}": s for n, s in enumerate(wanted)})
    return found


def _is_cover_art(stream: av.stream.Stream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _stream_info(stream_id: str, stream: av.stream.Stream, origin_s: float) -> StreamInfo:
    base = float(stream.time_base) if stream.time_base else 0.0
    declared = StreamInfo(
        stream_id,
        "unknown",
        start_s=stream.start_time * base - origin_s if stream.start_time is not None else None,
        duration_s=stream.duration * base if stream.duration is not None else None,
        language=clean(stream.metadata.get("language", "")) or None,
    )
    codec = getattr(stream, "codec_context", None)
    if codec is None:
        return declared
    if declared.is_video:
        rate = getattr(stream, "average_rate", None) or getattr(stream, "guessed_rate", None)
        return replace(
            declared,
            codec=codec.name,
            width=codec.width,
            height=codec.height,
            frame_rate=float(rate) if rate else None,
            pixel_format=codec.pix_fmt,
        )
    return replace(
        declared,
        codec=codec.name,
        channels=codec.channels,
        channel_layout=codec.layout.name if codec.layout else None,
        sample_rate_hz=codec.sample_rate or None,
    )


def _require_file(url: str, name: str) -> None:
    path = Path(url)
    if _BARE_SCHEME.match(url) and not path.exists():
        raise InputError(f"{name}: the protocol is not allowed; give a path or an http, rtmp or srt URL")
    try:
        if not url:
            raise InputError("an input has an empty name; give a path or a URL")
        if path.is_dir():
            raise InputError(f"{name}: this is a folder; name the files in it")
        if not path.exists():
            raise InputError(f"{name}: there is no such file")
        if not path.is_file():
            raise InputError(f"{name}: this is not a regular file")
        size = path.stat().st_size
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise InputError(f"{name}: cannot be read ({reason})") from exc
    if size == 0:
        raise InputError(f"{name}: the file is empty (0 bytes)")
    if not os.access(path, os.R_OK):
        raise InputError(f"{name}: may not be read; check its permissions")


def _refuse_foreign_references(path: Path, name: str) -> None:
    """Refuse a local playlist that names anything outside its own folder, itself or by others."""
    waiting, seen, playlists = [path.resolve()], set[Path](), 0
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        try:
            references = _references_of(file, name)
            waiting += [
                target for item in references if (target := _inside(file.parent, item, name)).is_file()
            ]
        except (OSError, ValueError, RuntimeError) as exc:
            reason = getattr(exc, "strerror", None) or str(exc)
            raise InputError(f"{name}: the playlist names what cannot be read ({clean(reason)})") from exc
        playlists += bool(references)
        if playlists > MOST_PLAYLISTS:
            raise InputError(f"{name}: the playlist names more than {MOST_PLAYLISTS} others")


def _inside(folder: Path, reference: str, name: str) -> Path:
    """The file that a reference stands for; refused where it leaves the folder, however it is read."""
    shown = clean(redact(reference))
    if _ANY_SCHEME.match(reference) or "\\" in reference:
        raise InputError(f"{name}: the playlist names {shown}; a local playlist may name only files")
    target = (folder / reference).resolve()
    for path in (target, (folder / re.split("[?#]", reference, maxsplit=1)[0]).resolve()):
        if not path.is_relative_to(folder):
            raise InputError(f"{name}: the playlist names {shown}, outside its own folder: refused")
        if path.is_file():
            target = path
    return target


def _references_of(path: Path, name: str) -> list[str]:
    """What a file names if it is a playlist; kinds that are not understood here are refused."""
    with path.open("rb") as file:
        head = file.read(512).lstrip(_BLANK)
        if not head.startswith((b"#EXTM3U", b"ffconcat", b"<")):
            return []
        file.seek(0)
        data = file.read(max(PLAYLIST_MAX_BYTES, PROBED_BYTES) + 1)
    if head.startswith(b"ffconcat") or b"<mpd" in data[:PROBED_BYTES].lower():
        raise InputError(f"{name}: a local playlist of this kind is not read; serve it over HTTP")
    if not head.startswith(b"#EXTM3U"):
        return []
    if len(data) > PLAYLIST_MAX_BYTES:
        raise InputError(f"{name}: the playlist is larger than {PLAYLIST_MAX_BYTES >> 20} MiB")
    return _playlist_references(data.decode("utf-8", "surrogateescape"))


def _playlist_references(text: str) -> list[str]:
    """Addresses and URI attributes, divided into lines as FFmpeg does it."""
    lines = [line.rstrip() for line in re.split("[\r\n\0]", text)]
    plain = [line for line in lines if line and not line.startswith("#")]
    found = [match for line in lines if line.startswith("#") for match in _URI.findall(line)]
    return plain + [quoted or bare for quoted, bare in found if quoted or bare]


def _why(url: str, exc: Exception) -> str:
    """One sentence for a person, from what FFmpeg said and what the file looks like."""
    if isinstance(exc, av.error.TimeoutError | av.error.ExitError | TimeoutError):
        return f"no answer within {OPEN_TIMEOUT_S:.0f} s"
    if not is_local(url):
        return f"cannot be opened ({getattr(exc, 'strerror', None) or type(exc).__name__})"
    with Path(url).open("rb") as file:
        head = file.read(4096)
    if head[4:8] == b"ftyp":
        return "no index (moov atom) was found; the file is cut short or its recording was not finished"
    if head.startswith(b"#EXTM3U"):
        return "the playlist holds nothing that may be opened"
    if b"\0" not in head and _is_text(head):
        return "this is text, not video or audio"
    return "this is not video or audio that can be decoded"


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as exc:
        return exc.start > len(head) - 4
    return True
