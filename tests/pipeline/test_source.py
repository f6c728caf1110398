"""What may be opened, what is refused, and what of an address may be shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.source import ALLOWED_PROTOCOLS, identity, is_local, open_container, probe, redact
from tests.clips import moving, programme, write_clip

SCHEMES = st.sampled_from(["http", "https", "rtmp", "rtmps", "rtsp", "srt", "HTTP", "ftp", "s3", "icecast"])
# Long enough that no other part of an address holds it by chance.
SECRETS = st.text(st.characters(codec="utf-8"), min_size=8, max_size=40).map(
    lambda text: "Zq9" + quote(text, safe="")
)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/live.m3u8", "https://host/live.m3u8"),
        ("https://user:word@host:8443/live.m3u8", "https://host:8443/live.m3u8"),
        ("https://token@host/live", "https://host/live"),
        ("https://host/live?key=abc&hdnts=exp%3D1&plain", "https://host/live?key=...&hdnts=...&..."),
        ("https://host/live?abc", "https://host/live?..."),
        ("https://host/live?a=1;token=2", "https://host/live?a=...&token=..."),
        ("https://host/live#access_token=abc", "https://host/live"),
        ("srt://host:9000?passphrase=abc&mode=caller", "srt://host:9000?passphrase=...&mode=..."),
        ("rtmp://user:p%40ss@[2001:db8::1]:1935/app", "rtmp://[2001:db8::1]:1935/app"),
        ("https://user:p@ss@host/live", "https://host/live"),
        ("http://user:word@host:port/live", "http://(unreadable address)"),
        ("http://[user:word@host/live", "http://(unreadable address)"),
        ("/media/a clip?key=1.mp4", "/media/a clip?key=1.mp4"),
        ("a:b.mp4", "a:b.mp4"),
    ],
)
def test_what_is_shown_of_an_address(url: str, shown: str) -> None:
    assert redact(url) == shown


@given(scheme=SCHEMES, secret=SECRETS, place=st.integers(0, 6))
def test_a_secret_never_survives(scheme: str, secret: str, place: int) -> None:
    url = [
        f"{scheme}://user:{secret}@host/live",
        f"{scheme}://{secret}@host/live",
        f"{scheme}://{secret}:word@host:80/live?x=1",
        f"{scheme}://host/live?token={secret}",
        f"{scheme}://host/live?{secret}",
        f"{scheme}://host/live?a=1&b={secret}&c#f",
        f"{scheme}://host/live#{secret}",
    ][place]
    shown = redact(url)
    assert secret not in shown
    assert shown.lower().startswith(f"{scheme.lower()}://host")
    assert redact(shown) == shown


@given(st.text(max_size=60))
def test_anything_can_be_shown(text: str) -> None:
    assert isinstance(redact(text), str)
    assert isinstance(redact("http://" + text), str)
    assert isinstance(is_local(text), bool)


def test_an_error_shows_no_secret() -> None:
    """Nothing listens there, so it fails at once."""
    with pytest.raises(InputError) as raised:
        open_container("http://user:hunter2@127.0.0.1:9/live.m3u8?token=hunter3")
    assert "hunter" not in str(raised.value)
    assert str(raised.value).startswith("http://127.0.0.1:9/live.m3u8?token=...: cannot be opened")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/a.mp4",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "concat://a",
        "data://text/plain;base64,AAAA",
        "gopher://host/",
        "subfile://a",
        "crypto+file:///etc/passwd",
        "hls+http://host/a.m3u8",
    ],
)
def test_other_protocols_are_refused(url: str) -> None:
    with pytest.raises(InputError, match=r"the protocol is not allowed; use one of http, https, rtmp"):
        open_container(url)


@pytest.mark.parametrize(
    "url",
    [
        "concat:/etc/passwd|/etc/group",
        "subfile:/etc/passwd",
        "data:video/mp4;base64,AAAA",
        "file:/etc/passwd",
        "pipe:0",
        "crypto:/etc/passwd",
        "async:/etc/passwd",
        "cache:http://host/a.mp4",
    ],
)
def test_protocols_without_slashes_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="the protocol is not allowed; give a path"):
        open_container(url)


@pytest.mark.parametrize(
    "url",
    ["subfile,,start,0,end,100,,:/etc/passwd", "crypto+file:/etc/passwd", "tcp:127.0.0.1:9", "lavfi:testsrc"],
)
def test_other_pretences_are_names_of_files(url: str) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        open_container(url)


def test_no_remote_address_may_reach_a_local_file() -> None:
    """A playlist from elsewhere is bound to the protocols of its own kind."""
    for scheme, protocols in ALLOWED_PROTOCOLS.items():
        if scheme != "file":
            assert "file" not in protocols.split(",")
            assert "data" not in protocols.split(",")


def test_identity_is_the_file_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    (tmp_path / "link.mp4").symlink_to(path)
    monkeypatch.chdir(tmp_path)
    assert {identity(name) for name in ("a.mp4", "./a.mp4", str(path), "link.mp4")} == {str(path.resolve())}
    assert identity("https://user:word@host/a?b=c") == "https://host/a?b=..."


def test_what_a_container_declares(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "a.mkv",
        rate=50,
        pictures=moving(100),
        sound=[programme(2.0), programme(2.0, channels=6)],
        metadata={"title": "Evening\x1b[31m news\u202e", "comment": "x" * 5000},
    )
    with open_container(str(path)) as container:
        media = probe(container)
    assert media.format == "matroska,webm"
    assert media.duration_s == pytest.approx(2.0, abs=0.05)
    assert [(s.id, s.codec) for s in media.streams] == [
        ("v:0", "h264"),
        ("a:0", "pcm_s16le"),
        ("a:1", "pcm_s16le"),
    ]
    video, _, surround = media.streams
    assert (video.width, video.height, video.frame_rate, video.pixel_format) == (160, 90, 50.0, "yuv420p")
    assert (surround.channels, surround.sample_rate_hz) == (6, 48_000)
    tags = {key.lower(): value for key, value in media.tags.items()}
    assert tags["title"] == "Evening\ufffd[31m news\ufffd"
    assert len(tags["comment"]) <= 300
