"""Results of an evaluation as a folder: results.json, results.md and pictures."""

from pathlib import Path

from monitor.console import strict_json
from monitor.lab.errors import TrainingError
from monitor.lab.evaluation.document import as_markdown
from monitor.lab.evaluation.evaluate import Results
from monitor.lab.evaluation.plots import draw
from monitor.lab.evaluation.report import as_json


def write(results: Results, folder: Path) -> None:
    """Write everything into ``folder``; files of the same names are replaced.

    Raises:
        TrainingError: the folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = strict_json(as_json(results), indent=2, ensure_ascii=False) + "\n"
        (folder / "results.json").write_text(content, encoding="utf-8")
        pictures = draw(results, folder)
        (folder / "results.md").write_text(as_markdown(results, pictures), encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"cannot write {error.filename}: {error.strerror}") from error
