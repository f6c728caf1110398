"""Input that is none: one clear line for each, and the next input is scanned as ever."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import Part, moving, programme, scene, write_clip
from tests.pipeline.scans import found, scanned

FIRST_LINE = "root:x:0:0"


def refused(path: Path | str) -> str:
    """The one line that says why an input could not be assessed."""
    result = scanned(path)
    assert result.status == "not_assessable"
    assert result.error is not None
    assert not result.events and not result.incidents and not result.coverage
    assert len(result.error.splitlines()) == 1
    assert result.error.isprintable()
    assert "Traceback" not in result.error and "Errno" not in result.error
    return result.error


def wrote(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def faststart(path: Path, count: int = 100) -> bytes:
    """An MP4 with its index in front."""
    clip = write_clip(
        path,
        pictures=moving(count),
        sound=programme(count / 25),
        container_options={"movflags": "faststart"},
    )
    return clip.read_bytes()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.mp4").endswith("none.mp4: there is no such file")


def test_an_empty_file(tmp_path: Path) -> None:
    assert refused(wrote(tmp_path / "a.mp4", b"")).endswith("a.mp4: the file is empty (0 bytes)")


def test_a_folder(tmp_path: Path) -> None:
    assert refused(tmp_path).endswith("this is a folder; name the files in it")


@pytest.mark.parametrize("suffix", ["mp4", "ts", "txt", "m3u8", "mpd", "h264", "wav", "srt", "avi", "gif"])
def test_text(tmp_path: Path, suffix: str) -> None:
    path = wrote(tmp_path / f"a.{suffix}", "Dear colleague,\nthis is no video.\n" * 40)
    assert refused(path).endswith("this is text, not video or audio")


@pytest.mark.parametrize(
    "text",
    [
        "1\n00:00:00,500 --> 00:00:02,000\nhello\n",
        "WEBVTT\n\n00:00.500 --> 00:02.000\nhello\n",
        "[Script Info]\nScriptType: v4.00+\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,hi\n",
    ],
)
def test_subtitles_alone(tmp_path: Path, text: str) -> None:
    assert refused(wrote(tmp_path / "a.srt", text)).endswith("this is text, not video or audio")


@pytest.mark.parametrize("suffix", ["mp4", "ts", "mkv", "mp3", "flac", "jpg", "webm", "m3u8"])
@pytest.mark.parametrize(
    "data", [os.urandom(20_000), bytes(20_000), b"\xff" * 20_000], ids=["noise", "zeros", "ones"]
)
def test_noise(tmp_path: Path, suffix: str, data: bytes) -> None:
    refused(wrote(tmp_path / f"a.{suffix}", data))


def test_an_mp4_that_is_cut_short(tmp_path: Path) -> None:
    """With the index in front, what is there is assessed, and what is missing is told."""
    raw = faststart(tmp_path / "whole.mp4")
    result = scanned(wrote(tmp_path / "a.mp4", raw[: len(raw) // 2]))
    assert result.status == "ok"
    assert {("truncated", "v:0"), ("truncated", "a:0")} <= set(found(result))
    [video] = [event for event in result.events if event.check == "truncated" and event.stream == "v:0"]
    assert 1.0 < video.start_s < 3.0
    assert video.end_s == pytest.approx(4.0, abs=0.05)


def test_an_mp4_without_its_index(tmp_path: Path) -> None:
    raw = write_clip(tmp_path / "whole.mp4", pictures=moving(50)).read_bytes()
    assert b"moov" not in raw[: len(raw) // 2]
    assert "no index (moov atom) was found" in refused(wrote(tmp_path / "a.mp4", raw[: len(raw) // 2]))


@pytest.mark.parametrize("keep", [1, 4, 8, 40, 200, 1000])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.wav", "a.flac"])
def test_only_the_very_beginning(tmp_path: Path, name: str, keep: int) -> None:
    pictures = () if name in ("a.wav", "a.flac") else moving(10)
    sound = replace(programme(0.4), codec="flac" if name == "a.flac" else None)
    whole = write_clip(tmp_path / f"whole-{name}", pictures=pictures, sound=sound).read_bytes()
    result = scanned(wrote(tmp_path / name, whole[:keep]))
    assert (result.error is None) == (result.status == "ok")
    assert result.error is None or len(result.error.splitlines()) == 1


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", pictures=moving(10))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert refused(path).endswith("may not be read; check its permissions")


def test_an_unknown_codec(tmp_path: Path) -> None:
    raw = write_clip(tmp_path / "whole.mov", pictures=moving(50)).read_bytes()
    path = wrote(tmp_path / "a.mov", raw.replace(b"avc1", b"zzzz"))
    assert refused(path).endswith("not one picture or sample could be decoded")


def test_an_unknown_codec_beside_a_known_one(tmp_path: Path) -> None:
    raw = write_clip(tmp_path / "whole.mov", pictures=moving(100), sound=programme(4.0)).read_bytes()
    result = scanned(wrote(tmp_path / "a.mov", raw.replace(b"avc1", b"zzzz")))
    assert result.status == "ok"
    assert found(result) == [("missing_track", "v:0")]
    reasons = {row.check: row.reason for row in result.coverage if row.stream == "v:0"}
    assert reasons["black"] == "no picture could be decoded"


def test_sound_of_no_length(tmp_path: Path) -> None:
    raw = write_clip(tmp_path / "whole.wav", sound=programme(1.0)).read_bytes()
    start = raw.index(b"data")
    path = wrote(tmp_path / "a.wav", raw[:start] + b"data\0\0\0\0")
    assert refused(path).endswith("not one picture or sample could be decoded")


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 8)])
def test_the_smallest_pictures(tmp_path: Path, size: tuple[int, int]) -> None:
    path = write_clip(
        tmp_path / "a.nut", pictures=moving(60, *size), codec="rawvideo", pixel_format="yuv444p"
    )
    result = scanned(path)
    assert result.status == "ok"
    assert result.covered_s == pytest.approx(2.4)


def test_a_large_picture_without_data(tmp_path: Path) -> None:
    """The header says 8K; nothing is behind it."""
    raw = bytearray(
        write_clip(
            tmp_path / "whole.mov",
            pictures=moving(2),
            codec="mjpeg",
            pixel_format="yuvj420p",
            container_options={"movflags": "faststart"},
        ).read_bytes()
    )
    entry = raw.index(b"jpeg", raw.index(b"stsd"))
    raw[entry + 28 : entry + 32] = struct.pack(">HH", 7680, 4320)
    path = wrote(tmp_path / "a.mov", bytes(raw[: raw.index(b"mdat") + 4]))
    assert refused(path).endswith("not one picture or sample could be decoded")


HEAD = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n"
PLAYLISTS = {
    "absolute": "#EXTINF:2,\n/etc/passwd\n",
    "above": "#EXTINF:2,\n../../../../../../etc/passwd\n",
    "above, in the middle": "#EXTINF:2,\nsub/../../outside.ts\n",
    "above, behind a query": "#EXTINF:2,\nsegment.ts?/../../outside.ts\n",
    "file address": "#EXTINF:2,\nfile:///etc/passwd\n",
    "file without slashes": "#EXTINF:2,\nfile:/etc/passwd\n",
    "http": "#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n",
    "another host": "#EXTINF:2,\n//127.0.0.1:9/a.ts\n",
    "concat": "#EXTINF:2,\nconcat:/etc/passwd|segment.ts\n",
    "subfile": "#EXTINF:2,\nsubfile,,start,0,end,100,,:/etc/passwd\n",
    "crypto": "#EXTINF:2,\ncrypto+file:/etc/passwd\n",
    "data": "#EXTINF:2,\ndata:video/mp2t;base64,RwAA\n",
    "key": '#EXT-X-KEY:METHOD=AES-128,URI="/etc/passwd"\n#EXTINF:2,\nsegment.ts\n',
    "map": '#EXT-X-MAP:URI="../outside.ts"\n#EXTINF:2,\nsegment.ts\n',
    "map without quotes": "#EXT-X-MAP:URI=../outside.ts\n#EXTINF:2,\nsegment.ts\n",
    "map with an escape": '#EXT-X-MAP:URI="\\../outside.ts"\n#EXTINF:2,\nsegment.ts\n',
    "rendition": '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="http://127.0.0.1:9/a.m3u8"\nsegment.ts\n',
    "carriage returns": "#EXTINF:2,\r/etc/passwd\r",
    "a comment that is none": " #/../../outside.ts\n",
    "nested": "#EXT-X-STREAM-INF:BANDWIDTH=1\ninner.m3u8\n",
    "a link": "#EXTINF:2,\nlink.ts\n",
}


@pytest.mark.parametrize("body", PLAYLISTS.values(), ids=PLAYLISTS.keys())
def test_a_playlist_that_reaches_out_is_refused(tmp_path: Path, body: str) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    outside = write_clip(tmp_path / "outside.ts", pictures=moving(10))
    write_clip(folder / "segment.ts", pictures=moving(10))
    (folder / "link.ts").symlink_to(outside)
    wrote(folder / "inner.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n../outside.ts\n")
    path = wrote(folder / "a.m3u8", HEAD + body + "#EXT-X-ENDLIST\n")
    error = refused(path)
    assert "outside its own folder" in error or "may name only files" in error
    assert FIRST_LINE not in error


def test_a_playlist_of_its_own_folder_is_read(tmp_path: Path) -> None:
    write_clip(tmp_path / "0.ts", pictures=moving(50))
    black = scene([n / 25 for n in range(75)], [Part("black", 0.0, 2.6)])
    write_clip(tmp_path / "1.ts", pictures=black, pts=[(n + 50) * 3600 for n in range(75)])
    path = wrote(tmp_path / "media.m3u8", HEAD + "#EXTINF:2,\n0.ts\n#EXTINF:3,\n1.ts\n#EXT-X-ENDLIST\n")
    main = wrote(tmp_path / "main.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\nmedia.m3u8\n")
    for playlist in (path, main):
        result = scanned(playlist)
        assert result.error is None
        assert ("black", "v:0") in found(result)


def test_a_playlist_that_was_never_ended_is_read_from_its_start_to_its_end(tmp_path: Path) -> None:
    """FFmpeg takes it for live: it would begin three segments before the end, and wait for more."""
    for n in range(5):
        write_clip(tmp_path / f"{n}.ts", pictures=moving(25), pts=[(25 * n + i) * 3600 for i in range(25)])
    path = wrote(tmp_path / "a.m3u8", HEAD + "".join(f"#EXTINF:1,\n{n}.ts\n" for n in range(5)))
    result = scanned(path)
    assert result.error is None
    assert result.covered_s == pytest.approx(5.0, abs=0.1)


def test_playlists_that_name_each_other_come_to_an_end(tmp_path: Path) -> None:
    names = [f"{n}.m3u8" for n in range(40)]
    for name in names:
        wrote(tmp_path / name, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n" + "\n".join(names * 20))
    refused(tmp_path / "0.m3u8")


def test_too_many_playlists(tmp_path: Path) -> None:
    names = [f"{n}.m3u8" for n in range(100)]
    for name in names:
        wrote(tmp_path / name, "#EXTM3U\nsegment.ts\n")
    path = wrote(tmp_path / "main.m3u8", "#EXTM3U\n" + "\n".join(names))
    assert "the playlist names more than 64 others" in refused(path)


def test_a_playlist_that_is_too_large_to_be_looked_through(tmp_path: Path) -> None:
    path = wrote(tmp_path / "a.m3u8", "#EXTM3U\n" + "#\n" * 3_000_000 + "/etc/passwd\n")
    assert "the playlist is larger than 4 MiB" in refused(path)


def test_names_in_a_playlist_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "loop.ts").symlink_to(tmp_path / "loop.ts")
    for reference in ("x" * 5000, "loop.ts", "a\0b", "\udcff.ts"):
        body = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{reference}\n"
        refused(wrote(tmp_path / "a.m3u8", body.encode("utf-8", "surrogateescape")))


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile /etc/passwd\n",
        "ffconcat version 1.0\nfile 'a.ts'\n",
        '<?xml version="1.0"?>\n<MPD profiles="urn:mpeg:dash:profile:full:2011"/>',
        '<?xml version="1.0"?>\n<!-- '
        + "x" * 2000
        + ' -->\n<mpd profiles="urn:mpeg:dash:profile:full:2011"/>',
    ],
)
def test_other_playlists_are_refused(tmp_path: Path, text: str) -> None:
    for name in ("a.mpd", "a.mp4", "a.ffconcat"):
        assert "a local playlist of this kind is not read" in refused(wrote(tmp_path / name, text))


def test_a_session_description_reaches_no_network(tmp_path: Path) -> None:
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=x", "c=IN IP4 127.0.0.1", "t=0 0"]
    lines += ["m=video 5004 RTP/AVP 96", "a=rtpmap:96 H264/90000", ""]
    refused(wrote(tmp_path / "a.sdp", "\n".join(lines)))


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero", "/dev/stdin"])
def test_devices(device: str) -> None:
    if not Path(device).exists():
        pytest.skip(f"{device} is not here")
    assert refused(device).endswith(("this is not a regular file", "the file is empty (0 bytes)"))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    assert refused(tmp_path / "a.mp4").endswith("this is not a regular file")


@pytest.mark.parametrize(
    "name",
    [
        "two\nlines.mp4",
        "tab\there.mp4",
        "red\x1b[31m.mp4",
        "title\x1b]0;owned\x07.mp4",
        "bell\x07\x08\x7f.mp4",
        "left\u202eright\u2066.mp4",
        "bytes\udcff\udc80.mp4",
        "a:b.mp4",
        "concat:a.mp4",
        "-y.mp4",
        "--help.mp4",
        "100%d.mp4",
        "a?b#c&d=e.mp4",
        " blank .mp4",
        "'quoted\".mp4",
        "\u65e5\u672c\u8a9e \U0001f3ac.mp4",
        "[1]*.mp4",
        "x" * 250 + ".mp4",
    ],
)
def test_any_name_is_scanned_and_shown_safely(
    tmp_path: Path, clean_clip: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(clean_clip.read_bytes())
    for given in (name, f"./{name}", str(tmp_path / name)):
        result = scanned(given)
        assert (result.status, result.error, found(result)) == ("ok", None, [])
        assert result.url.isprintable()
        assert len(result.url) <= 300
        assert result.url.encode()
    assert refused(f"{name}.not-there").isprintable()


@pytest.mark.parametrize(
    "name", ["", "a\0b.mp4", "x" * 300, "x/" * 3000, "/" * 5000 + "a.mp4", "~", "*.mp4", "\n"]
)
def test_names_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    refused(name)


def bad_inputs(folder: Path) -> list[Path]:
    playlist = wrote(folder / "evil.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/etc/passwd\n")
    raw = faststart(folder / "whole.mp4", 50)
    return [
        folder / "none.mp4",
        wrote(folder / "empty.mp4", b""),
        wrote(folder / "text.mp4", "no video here\n" * 20),
        wrote(folder / "noise.mp4", bytes(range(256)) * 40),
        wrote(folder / "no-index.mp4", raw[:40]),
        folder,
        playlist,
    ]


def test_the_command_goes_on_with_the_other_inputs(tmp_path: Path, clean_clip: Path) -> None:
    """``vidette check`` as a user runs it: a line for each bad input, and the good one assessed."""
    pytest.importorskip("agent.cli")
    bad = bad_inputs(tmp_path)
    inputs = [*bad[:3], clean_clip, *bad[3:]]
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "agent.cli",
            "check",
            "--json",
            "--no-store",
            "--triage",
            "rules",
            "--",
            *map(str, inputs),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert run.returncode == 3
    assert "Traceback" not in run.stderr + run.stdout
    assert FIRST_LINE not in run.stderr + run.stdout
    document = json.loads(run.stdout)
    assert [item["status"] for item in document["inputs"]] == ["not_assessable"] * 3 + ["ok"] + [
        "not_assessable"
    ] * 4
    assert all(len(item["error"].splitlines()) == 1 for item in document["inputs"] if item["error"])


def test_a_bad_input_leaves_nothing_for_the_next(tmp_path: Path, clean_clip: Path) -> None:
    for path in bad_inputs(tmp_path):
        refused(path)
    result = scanned(clean_clip)
    assert (result.status, result.events) == ("ok", ())
