"""Results of an evaluation as a folder: results.json, results.md and pictures."""

import json
from pathlib import Path

from monitor.evaluation.document import as_markdown
from monitor.evaluation.evaluate import Results
from monitor.evaluation.plots import draw
from monitor.evaluation.report import as_json
from monitor.training.errors import TrainingError


def write(results: Results, folder: Path) -> None:
    """Write everything into ``folder``; files of the same names are replaced.

    Raises:
        TrainingError: the folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = json.dumps(as_json(results), indent=2, ensure_ascii=False) + "\n"
        (folder / "results.json").write_text(content, encoding="utf-8")
        pictures = draw(results, folder)
        (folder / "results.md").write_text(as_markdown(results, pictures), encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"cannot write {error.filename}: {error.strerror}") from error
