"""What a scan of an address may reach: proven by what arrives at a server that nobody may reach."""

from __future__ import annotations

import gzip
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agent.guard import AddressPolicy, Gateway
from agent.guard.playlists import Forbidden, for_ffmpeg, real_url, require_tame, rewritten
from pipeline.errors import InputError, UsageError
from pipeline.source import open_container
from tests.clips import moving, write_clip
from tests.needs import needs_program

PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.1"
"""Two addresses of this machine: one that the policy of these tests allows, and one that it does not."""

Answers = Mapping[str, tuple[int, dict[str, str], bytes]]


class Site:
    """A server that counts who comes: connections, and the paths that they ask for."""

    def __init__(self, address: str, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.connections = 0
        self.piece = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                status, headers, body = site.answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(OSError):
                    for start in range(0, len(body), site.piece or len(body) or 1):
                        self.wfile.write(body[start : start + (site.piece or len(body))])
                        self.wfile.flush()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self) -> tuple[socket.socket, object]:
                site.connections += 1
                return super().get_request()

            def handle_error(self, request: object, client_address: object) -> None:
                """A peer that turns away is no error here."""

        self.server = Server((address, 0), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Site:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class Names:
    """A resolver with answers of its own: each name has a list, and the last answer holds."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        given = self.answers.get(host)
        if given is None:
            return list(dict.fromkeys(str(i[4][0]) for i in socket.getaddrinfo(host, port)))
        return given.pop(0) if len(given) > 1 else given[0]


@pytest.fixture(scope="module")
def clip(clip_folder: Path) -> bytes:
    return write_clip(clip_folder / "guarded.ts", pictures=moving(25)).read_bytes()


@pytest.fixture
def private() -> Iterator[Site]:
    with Site(PRIVATE) as site:
        yield site


@pytest.fixture
def public(clip: bytes) -> Iterator[Site]:
    with Site(PUBLIC) as site:
        site.answers["/clip.ts"] = (200, {}, clip)
        yield site


@contextmanager
def guarded(names: Names, tls: ssl.SSLContext | None = None) -> Iterator[Gateway]:
    policy = AddressPolicy.allowing([f"{PUBLIC}/32"])
    with Gateway(policy, lookup=names, tls=tls) as gateway, gateway.guarding():
        yield gateway


def pictures(url: str) -> int:
    """How many pictures can be had from an address; 0 where it cannot be opened."""
    try:
        with open_container(for_ffmpeg(url)) as container:
            return sum(1 for _ in container.decode(video=0))
    except InputError:
        return 0


def playlist(*lines: str) -> bytes:
    head = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2", "#EXT-X-MEDIA-SEQUENCE:0"]
    return "\n".join([*head, *lines, "#EXT-X-ENDLIST", ""]).encode()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.9.9",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",  # noqa: S104 - an address to be refused
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "nonsense",
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert AddressPolicy().why_not(address) is not None


def test_what_is_public_or_allowed_is_not() -> None:
    assert AddressPolicy().why_not("93.184.215.14") is None
    assert AddressPolicy().why_not("2606:2800:21f:cb07:6820:80da:af6b:8b2c") is None
    policy = AddressPolicy.allowing(["10.1.0.0/16", "192.168.1.20", "fd12::/64"])
    assert policy.why_not("10.1.2.3") is policy.why_not("192.168.1.20") is policy.why_not("fd12::7") is None
    assert policy.why_not("10.2.0.1") is not None
    with pytest.raises(UsageError, match=r"'10\.1' is no network"):
        AddressPolicy.allowing(["10.1"])


def test_media_playlists_and_redirects_of_the_public_come_through(public: Site) -> None:
    at = f"http://good.test:{public.port}"
    public.answers["/moved"] = (302, {"Location": "/clip.ts"}, b"")
    public.answers["/list.m3u8"] = (200, {}, playlist("#EXTINF:1,", "clip.ts", "#EXTINF:1,", f"{at}/clip.ts"))
    names = Names(good_test=[[PUBLIC]])
    with guarded(names) as gateway:
        assert pictures(f"{at}/clip.ts") == 25
        assert pictures(f"{at}/moved") == 25
        assert pictures(f"{at}/list.m3u8") == 50
        assert gateway.refusals == []


PRIVATE_NAMES = [
    "http://127.0.0.1:{port}/x",
    "http://localhost:{port}/x",
    "http://2130706433:{port}/x",
    "http://0x7f.1:{port}/x",
    "http://[::ffff:127.0.0.1]:{port}/x",
    "http://evil.test:{port}/x",
    "http://both.test:{port}/x",
    "HTTP://evil.test:{port}/x",
    "http://user:pw@evil.test:{port}/x",
    "https://evil.test:{port}/x",
    "https://127.0.0.1:{port}/x",
    "HTTPS://127.0.0.1:{port}/x",
]
TRAPS = ("redirect", "segment.m3u8", "nested.m3u8", "key.m3u8", "map.m3u8", "film.mpd", "x.ffconcat")
OTHER_PROTOCOLS = [
    "httpproxy://127.0.0.1:{port}/127.0.0.1:{port}",
    "tcp://127.0.0.1:{port}",
    "tls://127.0.0.1:{port}",
    "crypto+https://127.0.0.1:{port}/x",
    "crypto+http://127.0.0.1:{port}/x",
    "ftp://127.0.0.1:{port}/x",
    "rtmp://127.0.0.1:{port}/x",
    "rtsp://127.0.0.1:{port}/x",
    "tcp:127.0.0.1:{port}",
    "crypto+tcp://127.0.0.1:{port}",
    "t\\cp://127.0.0.1:{port}",
    "gopher://127.0.0.1:{port}/x",
    "file:///etc/passwd",
    "concat:http://127.0.0.1:{port}/x|http://127.0.0.1:{port}/y",
]


def _names() -> Names:
    return Names(good_test=[[PUBLIC]], evil_test=[[PRIVATE]], both_test=[[PUBLIC, PRIVATE]])


@pytest.mark.parametrize("target", PRIVATE_NAMES)
def test_no_way_leads_to_a_private_address(target: str, public: Site, private: Site, clip: bytes) -> None:
    private.answers["/x"] = (200, {}, clip)
    aim = target.format(port=private.port)
    at = f"http://good.test:{public.port}"
    public.answers |= _traps(aim)
    with guarded(_names()) as gateway:
        assert pictures(aim) == 0
        if not target.startswith("HTTP:"):  # which FFmpeg does not know
            assert any("may not be reached" in told for told in gateway.refusals)
        for trap in TRAPS:
            pictures(f"{at}/{trap}")
    assert private.connections == 0


@pytest.mark.parametrize("target", OTHER_PROTOCOLS)
def test_no_other_protocol_is_spoken(target: str, public: Site, private: Site, clip: bytes) -> None:
    private.answers["/x"] = (200, {}, clip)
    public.answers |= _traps(target.format(port=private.port))
    with guarded(_names()):
        for trap in TRAPS:
            pictures(f"http://good.test:{public.port}/{trap}")
    assert private.connections == 0


def _traps(aim: str) -> Answers:
    mpd = f"""<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
      mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:full:2011"><Period><AdaptationSet
      mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{aim}</BaseURL></Representation>
      </AdaptationSet></Period></MPD>"""
    key = f'#EXT-X-KEY:METHOD=AES-128,URI="{aim}"'
    return {
        "/redirect": (302, {"Location": aim}, b""),
        "/segment.m3u8": (200, {}, playlist("#EXTINF:1,", aim, "#EXTINF:1,", "clip.ts")),
        "/nested.m3u8": (200, {}, f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{aim}\n".encode()),
        "/key.m3u8": (200, {}, playlist(key, "#EXTINF:1,", "clip.ts")),
        "/map.m3u8": (200, {}, playlist(f'#EXT-X-MAP:URI="{aim}"', "#EXTINF:1,", "clip.ts")),
        "/film.mpd": (200, {"Content-Type": "application/dash+xml"}, mpd.encode()),
        "/x.ffconcat": (200, {}, f"ffconcat version 1.0\nfile '{aim}'\n".encode()),
    }


def test_an_answer_that_changes_is_asked_about_each_time(public: Site, private: Site, clip: bytes) -> None:
    private.answers["/clip.ts"] = (200, {}, clip)
    port = public.port
    with Site(PRIVATE) as same_port_elsewhere:
        same_port_elsewhere.answers["/clip.ts"] = (200, {}, clip)
        names = Names(rebind_test=[[PUBLIC], [PRIVATE]])
        with guarded(names) as gateway:
            assert pictures(f"http://rebind.test:{port}/clip.ts") == 25
            gateway._pool.close()
            assert pictures(f"http://rebind.test:{port}/clip.ts") == 0
        # One look-up a connection: there is no second answer to connect to.
        assert len(names.asked) == len(public.asked) + 1 or len(names.asked) >= 2
        assert private.connections == same_port_elsewhere.connections == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for good.test that it signed itself, with its key."""
    openssl = needs_program("openssl")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=good.test", "-addext", "subjectAltName=DNS:good.test"]
    key, cert = path.with_suffix(".key"), path.with_suffix(".crt")
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    path.write_bytes(key.read_bytes() + cert.read_bytes())
    return path


def test_tls_is_spoken_by_the_gateway_and_certificates_are_checked(certificate: Path, clip: bytes) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate.with_suffix(".crt")))
    names = Names(good_test=[[PUBLIC]], other_test=[[PUBLIC]])
    with Site(PUBLIC, context) as site:
        at = f"https://good.test:{site.port}"
        lines = [f"{at}/clip.ts", f"//good.test:{site.port}/clip.ts", "clip.ts"]
        lines = [part for line in lines for part in ("#EXTINF:1,", line)]
        site.answers |= {
            "/clip.ts": (200, {}, clip),
            "/list.m3u8": (200, {"Content-Type": "application/vnd.apple.mpegurl"}, playlist(*lines)),
            "/moved": (301, {"Location": f"{at}/list.m3u8"}, b""),
        }
        with guarded(names, trusting):
            assert pictures(f"{at}/moved") == 75
            assert pictures(f"https://other.test:{site.port}/clip.ts") == 0
        with guarded(names) as gateway:
            assert pictures(f"{at}/clip.ts") == 0
            assert "CERTIFICATE_VERIFY_FAILED" in gateway.failures[0]


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("https://h.test/a?b=c", "http://h.test.tls.vidette.invalid:443/a?b=c"),
        ("https://h.test:8443/a", "http://h.test.tls.vidette.invalid:8443/a"),
        ("https://[2001:db8::1]/a", "http://ip6-2001-db8--1.tls.vidette.invalid:443/a"),
        ("http://h.test/a?u=https://x/", "http://h.test/a?u=https://x/"),
        ("https://h.test/a?u=//x/", "http://h.test.tls.vidette.invalid:443/a?u=//x/"),
    ],
)
def test_addresses_are_marked_and_read_again(url: str, given: str) -> None:
    assert for_ffmpeg(url) == given
    real = real_url(given)
    assert real is not None
    assert real.replace(":443", "").replace(":80/", "/") == url


def test_what_is_no_address_of_http_is_not_asked_for() -> None:
    assert real_url("/index.html") is real_url("ftp://h/") is real_url("http://[/") is None
    assert rewritten(b"seg.ts\nhttp://a/b", tls=True) == b"seg.ts\nhttp://a/b"


def test_without_a_guard_the_environment_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    seen: Callable[[], str | None] = lambda: os.environ.get("http_proxy")  # noqa: E731 - read three times
    monkeypatch.setenv("no_proxy", "*")
    with Gateway(AddressPolicy()) as gateway:
        with gateway.guarding():
            assert str(seen()).startswith("http://127.0.0.1:")
            assert "no_proxy" not in os.environ
        assert seen() == "http://proxy.example:3128"
        assert os.environ["no_proxy"] == "*"


@pytest.mark.parametrize(
    "text",
    [
        b'#EXTM3U\n#EXT-X-MEDIA:NAME="a,URI=",URI="tcp://10.0.0.1"',
        b'#EXTM3U\n#EXT-X-MEDIA:URI="t\\cp://10.0.0.1"',
        b"<MPD><BaseURL>&#116;cp://10.0.0.1</BaseURL></MPD>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><MPD/>',
        b'<?xml version="1.0" encoding="UTF-7"?><MPD/>',
        b"file:///etc/passwd",
    ],
)
def test_a_playlist_that_hides_what_it_names_is_refused(text: bytes) -> None:
    with pytest.raises(Forbidden):
        require_tame(text)
    require_tame(b"#EXTM3U\n#EXTINF:1,Protocols\nhttp://a/profile.ts?tcp=1\n/tls/x.ts\n")


def test_a_packed_or_dribbled_playlist_is_read_all_the_same(private: Site) -> None:
    aim = f"tcp://127.0.0.1:{private.port}"
    text = f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{aim}\n".encode()
    with Site(PUBLIC) as site:
        site.piece = 1
        site.answers["/packed.m3u8"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(text))
        site.answers["/slow.m3u8"] = (200, {}, text)
        with guarded(_names()) as gateway:
            assert pictures(f"http://good.test:{site.port}/packed.m3u8") == 0
            assert pictures(f"http://good.test:{site.port}/slow.m3u8") == 0
            assert [told.split(":")[-1].strip() for told in gateway.refusals][-1] == "refused"
            assert len(gateway.refusals) == 2
    assert private.connections == 0
