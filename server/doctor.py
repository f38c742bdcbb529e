"""What `parloir doctor` finds: parts that work, parts that do not and what to do, and who speaks which language."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from server.app import Parloir
from server.speech.coverage import CoverageRow, EngineState

_REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


@dataclass(frozen=True)
class Finding:
    """One part. `remedy` is empty when all is well."""

    part: str
    is_well: bool
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Report:
    findings: tuple[Finding, ...]
    coverage: tuple[CoverageRow, ...]

    @property
    def is_well(self) -> bool:
        return all(finding.is_well for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "is_well": self.is_well,
            "findings": [asdict(finding) for finding in self.findings],
            "coverage": [asdict(row) for row in self.coverage],
        }

    def as_text(self) -> str:
        lines = []
        for finding in self.findings:
            lines.append(f"{'ok ' if finding.is_well else 'NOT'}  {finding.part}: {finding.found}")
            if finding.remedy:
                lines.append(f"     {finding.remedy}")
        lines += ["", "Languages (* is what calls get):"]
        for row in self.coverage:
            mark = "*" if row.used else " "
            lines.append(
                f"  {mark} {row.language:<4} {row.part.value:<4} {row.engine:<12} {row.quality.value:<5} {row.note}"
            )
        return "\n".join(lines)


def explain(code: str) -> list[str]:
    """What the reference says of an error code, a paragraph for each page that knows it; empty when none does."""
    found: list[str] = []
    for page in sorted(_REFERENCE.glob("*.md")):
        header: list[str] = []
        for line in page.read_text("utf-8").splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
            if not cells:
                header = []
            elif not header:
                header = cells
            elif header[0] == "code" and cells[0] == f"`{code}`":
                found.append("\n".join(f"{name}: {cell}" for name, cell in zip(header[1:], cells[1:], strict=False)))
    return found


async def examine(parloir: Parloir) -> Report:
    """Look at every part; loads the speech engines, which takes a few seconds."""
    await parloir.speech.warmed()
    findings = [await _database(parloir), await _origins(parloir), _tls(parloir)]
    for status in parloir.speech.states:
        is_ready = status.state is EngineState.READY
        findings.append(
            Finding(
                f"{status.part.value} {status.engine}",
                is_ready,
                "ready" if is_ready else "not available",
                "" if is_ready else status.reason,
            )
        )
    return Report(tuple(findings), tuple(parloir.speech.coverage()))


async def _database(parloir: Parloir) -> Finding:
    if await parloir.database.is_reachable():
        return Finding("database", True, "answers")
    return Finding("database", False, "does not answer", "Check DATABASE_URL and that the server runs.")


async def _origins(parloir: Parloir) -> Finding:
    without = [tenant.uid for tenant in await parloir.tenants.all() if not await parloir.origins.of(tenant.id)]
    if not without:
        return Finding("allowed origins", True, "every tenant has at least one")
    return Finding(
        "allowed origins",
        False,
        f"none for {', '.join(without)}: the widget refuses every page (origin_not_allowed)",
        "parloir tenants origins add TENANT https://the.page.example",
    )


def _tls(parloir: Parloir) -> Finding:
    origin = parloir.settings.origin
    if origin.startswith("https://") or parloir.settings.is_loopback:
        return Finding("microphone", True, f"browsers allow it on {origin}")
    return Finding(
        "microphone",
        False,
        f"{origin} is neither https nor localhost: browsers give no microphone to a framed widget there",
        "Set PARLOIR_TLS_CERT and PARLOIR_TLS_KEY, or PARLOIR_PUBLIC_URL behind a proxy with TLS.",
    )
