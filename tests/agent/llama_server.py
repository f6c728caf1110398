"""A real OpenAI-compatible server of llama.cpp in a process of its own, with the embedded model."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["LlamaServer", "llama_server"]

STARTS_WITHIN_S = 120.0


class LlamaServer:
    """The process, and its address up to ``/v1``."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def kill(self) -> None:
        """End it as a crash would, half-way through whatever it does."""
        self.process.kill()
        self.process.wait()


@contextmanager
def llama_server(gguf: Path) -> Iterator[LlamaServer]:
    """Serve a model on loopback while the block runs."""
    command = [sys.executable, "-m", "tests.agent.llama_server", str(gguf)]
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root, env=environment
    )
    try:
        assert process.stdout is not None
        deadline = time.monotonic() + STARTS_WITHIN_S
        url = ""
        while not url.startswith("http") and time.monotonic() < deadline:
            line = process.stdout.readline()
            assert line, "the server ended before it listened"
            url = line.strip()
        yield LlamaServer(process, f"{url}/v1")
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _serve(gguf: str) -> None:
    """Run the server until the process is killed."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = gguf
    parameters.n_ctx = 4096
    parameters.n_parallel = 1
    parameters.warmup = False
    parameters.port = 0
    # Threads of llama.cpp wait for each other by spinning, which on busy cores takes minutes.
    for cpu in (parameters.cpuparams, parameters.cpuparams_batch):
        cpu.n_threads = 1
        cpu.poll = 0
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    _serve(sys.argv[1])
