"""Makes server/speech/providers/voices.npz: the Kokoro voices we ship, from npm kokoro-js (Apache-2.0).

Needs npm on the path; run once, when a voice is added: `python scripts/vendor_voices.py`.
"""

import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np

PACKAGE = "kokoro-js@1.2.1"
SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
VOICES = ("af_heart", "ff_siwis", "ef_dora")
STYLE_SIZE = 256  # one row per phoneme count, this many numbers each
OUTPUT = Path(__file__).resolve().parents[1] / "server/speech/providers/voices.npz"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is needed to fetch the voices: install Node.js")
        subprocess.run([npm, "pack", "--silent", PACKAGE], cwd=folder, check=True)
        (archive,) = Path(folder).glob("*.tgz")
        content = archive.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SystemExit(f"{PACKAGE} is not the file these voices were taken from")
    with tarfile.open(fileobj=io.BytesIO(content)) as package:
        voices = {name: _voice(package, name) for name in VOICES}
    np.savez_compressed(OUTPUT, **voices)
    print(f"{OUTPUT}: {', '.join(voices)}, {OUTPUT.stat().st_size} bytes")


def _voice(package: tarfile.TarFile, name: str) -> np.ndarray:
    member = package.extractfile(f"package/voices/{name}.bin")
    if member is None:
        raise SystemExit(f"{PACKAGE} has no voice {name}")
    vectors = np.frombuffer(member.read(), dtype="<f4").reshape(-1, STYLE_SIZE)
    return vectors.astype(np.float16)  # half the size; the model cannot tell


if __name__ == "__main__":
    main()
