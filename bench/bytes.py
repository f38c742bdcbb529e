"""What a page downloads: before the click, and for everything a first call needs, beside other widgets.

    python -m bench.bytes

The figures of others are those of 2026-11-21: gzip -9 of the newest package each had published.
"""

from server.web.assets import DIST, LANGUAGES, AssetManifest, build

BEFORE_CLICK = {"LiveChat loader stub": 2_600, "Vocadesk": 9_022, "Dograh": 18_153, "Vapi": 184_731}
FIRST_CALL = {"Dograh (no captions, no devices, no text)": 18_153, "Pipecat prebuilt": 333_700}
LOADER_TARGET, FIRST_CALL_TARGET = 3_000, 16_000


def main() -> None:
    build()
    manifest = AssetManifest.load()
    loader, panel = (_size(path) for path in (manifest.loader, manifest.panel))
    packs = [path for path in manifest.integrity if path.rsplit("/", 1)[1].split(".")[0] in LANGUAGES]
    pack = max(packs, key=_size)
    total = loader + panel + _size(pack)
    print(f"before the click: {loader:,} B gz (target {LOADER_TARGET:,})")
    for name, size in BEFORE_CLICK.items():
        print(f"  {size / loader:5.1f} x   {name}, {size:,} B")
    print(f"a first call: {total:,} B gz = loader {loader:,} + panel {panel:,} + language {_size(pack):,}", end=" ")
    print(f"(target {FIRST_CALL_TARGET:,}: {total / FIRST_CALL_TARGET:.2f} x)")
    brotli = sum(_size(path, "br") for path in (manifest.loader, manifest.panel, pack))
    print(f"  as browsers take it over https, with brotli: {brotli:,} B")
    late = next(_size(path) for path in manifest.integrity if path.rsplit("/", 1)[1].startswith("late."))
    print(f"  once it is connected {late:,} B gz more: meter, notes, the way back after a loss, writing, the end")
    for name, size in FIRST_CALL.items():
        print(f"  {size / total:5.1f} x   {name}, {size:,} B")


def _size(path: str, form: str = "gz") -> int:
    return (DIST / f"{path.lstrip('/')}.{form}").stat().st_size


if __name__ == "__main__":
    main()
