"""Guidance over Hugging Face Transformers: a folder with a model, or the embedded model de-quantised once.

A tokenizer that ``transformers`` makes from a GGUF file lacks the byte-level decoder that Guidance needs
(it would write garbage, and nobody would be told), and its end-of-text token is that of a turn's
beginning: both are put right here, and every model's tokenizer is tried before it is used.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.models.base import ModelError
from agent.models.calibration import Calibration, load_calibration
from agent.models.guidance_local import ShippedReading, embedded_gguf, require_adapter, shipped_reading
from agent.models.guidance_program import DEFAULT_TIMEOUT_S, GuidanceModel, require_sane_tokenizer
from agent.models.lora import add_adapter

__all__ = ["END_OF_TURN", "load_guidance_transformers"]

END_OF_TURN = "<|im_end|>"
SAVED = "config.json"


def load_guidance_transformers(
    folder: Path | None = None,
    *,
    cache: Path | None = None,
    adapter: Path | None = None,
    calibration: Path | None = None,
    bare: bool = False,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> GuidanceModel:
    """Load a model, on a GPU where there is one, and try its tokenizer.

    Args:
        folder: as ``save_pretrained`` leaves it; without one, the embedded model.
        cache: where the embedded model is kept once it is de-quantised, which takes some seconds.
        adapter: a LoRA adapter in GGUF; without one, the embedded model has the one that is shipped.
        calibration: of the model with its adapter; likewise.
        bare: the embedded model without what is shipped for it.
        timeout_s: of one case.

    Raises:
        ModelError: it does not load, or the tokenizer does not give back what it is given.
    """
    if folder is not None and not folder.is_dir():
        raise ModelError(f"there is no model folder {folder}")
    shipped = ShippedReading()
    if folder is None and not bare and adapter is None and calibration is None:
        shipped = shipped_reading()
        adapter = shipped.adapter
    if adapter is not None:
        require_adapter(adapter)
    read = load_calibration(calibration, Calibration) if calibration is not None else None
    try:
        with warnings.catch_warnings():
            # Deprecations between torch, transformers and llguidance: nothing that a user could act on.
            warnings.simplefilter("ignore")
            found = folder or _embedded(cache)
            model = _open(found, adapter)
    except ModelError:
        raise
    # Transformers and torch raise whatever they find.
    except Exception as exc:
        told = str(exc).strip().splitlines()[0] if str(exc).strip() else type(exc).__name__
        raise ModelError(f"{folder or 'the embedded model'} does not load ({told})") from exc
    require_sane_tokenizer(model, found.name)
    note = found.name + (f" + {adapter.stem}" if adapter else "") + shipped.beside
    return GuidanceModel(
        model, "guidance_transformers", note, read, timeout_s, shipped.calibration, encoder=shipped.encoder
    )


def _open(folder: Path, adapter: Path | None) -> Any:
    import torch
    import transformers
    from guidance import models

    with _quiet():
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        network: Any = transformers.AutoModelForCausalLM.from_pretrained(
            str(folder), local_files_only=True, dtype=torch.float32
        )
        if adapter is not None:
            add_adapter(network, adapter)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model = models.Transformers(network.to(device).eval(), tokenizer, echo=False, enable_monitoring=False)
    begin_anew(model.engine)
    return model


def begin_anew(engine: Any) -> None:
    """Let an engine drop all that it holds where a text shares no token with the one before.

    Guidance crops its cache to what both share by ``crop(0)``, which newer versions of Transformers take
    for "remove nothing": the old text would stay in front of the new one, and nobody would be told.
    """
    evaluate = engine.get_logits

    def get_logits(token_ids: list[int], include_all_uncached_tokens: bool = False) -> Any:
        if len(token_ids) < 2 or token_ids[:1] != engine._cached_token_ids[:1]:
            engine._past_key_values, engine._cached_logits, engine._cached_token_ids = None, None, []
        return evaluate(token_ids, include_all_uncached_tokens)

    engine.get_logits = get_logits


def _embedded(cache: Path | None) -> Path:
    """The embedded model as Transformers reads it; made and kept where it is not there yet.

    Raises:
        ModelError: there is no place to keep it.
    """
    gguf = embedded_gguf()
    if cache is None:
        raise ModelError("give a model folder, or a folder to keep the de-quantised embedded model in")
    folder = cache / gguf.stem
    if not (folder / SAVED).is_file():
        _dequantise(gguf, folder)
    return folder


def _dequantise(gguf: Path, folder: Path) -> None:
    """Write the model of a GGUF file as safetensors, whole or not at all."""
    import tempfile

    import transformers
    from tokenizers import decoders

    folder.parent.mkdir(parents=True, exist_ok=True)
    with _quiet(), tempfile.TemporaryDirectory(dir=folder.parent) as made:
        place = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
        tokenizer = transformers.AutoTokenizer.from_pretrained(**place)
        tokenizer.backend_tokenizer.decoder = decoders.ByteLevel()
        tokenizer.eos_token = END_OF_TURN
        network: Any = transformers.AutoModelForCausalLM.from_pretrained(**place)
        if hasattr(network.config, "quantization_config"):
            del network.config.quantization_config
        # It holds plain weights now; what made them plain would refuse to save them.
        network.hf_quantizer = None
        target = Path(made) / folder.name
        tokenizer.save_pretrained(target)
        network.save_pretrained(target)
        target.rename(folder)


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and no advice of Transformers on standard error while it loads."""
    from transformers.utils import logging

    said: Any = logging
    level, bars = said.get_verbosity(), said.is_progress_bar_enabled()
    said.set_verbosity_error()
    said.disable_progress_bar()
    try:
        yield
    finally:
        said.set_verbosity(level)
        if bars:
            said.enable_progress_bar()
