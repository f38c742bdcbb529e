"""How every ONNX model here is opened: on the CPU, without threads that burn the cores audio needs."""

from pathlib import Path
from typing import Any

from server.speech.models import require
from server.speech.providers.catalog import INSTALL_SPEECH


def open_session(model: Path, threads: int) -> Any:
    """An onnxruntime InferenceSession. Raises ModelMissing when onnxruntime is not installed."""
    onnxruntime = require("onnxruntime", INSTALL_SPEECH)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle workers would spin for a quarter of the total CPU; the result comes no sooner for it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
