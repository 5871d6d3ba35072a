"""What packages take is counted in blocks, with bytecode."""

from __future__ import annotations

import compileall
from pathlib import Path

from tests.arm import sizes


def package(folder: Path, name: str, **files: str) -> None:
    """Install a package as pip does: files, and a list of them."""
    metadata = f"{name}-1.dist-info"
    (folder / metadata).mkdir()
    (folder / metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
    )
    listed = [f"{metadata}/METADATA,,", f"{metadata}/RECORD,,"]
    for stem, content in files.items():
        (folder / f"{stem}.py").write_text(content)
        listed.append(f"{stem}.py,,")
    (folder / metadata / "RECORD").write_text("\n".join(listed) + "\n")


def test_in_blocks_with_bytecode_the_largest_first(tmp_path: Path) -> None:
    """Files count as whole blocks, bytecode once, and what nobody installed not at all."""
    package(tmp_path, "small", one="")
    package(tmp_path, "large", two="#" * (sizes.BLOCK + 1), three="")
    (tmp_path / "stray.py").write_text("#")
    compileall.compile_file(str(tmp_path / "one.py"), quiet=1)

    found = sizes.by_package(tmp_path)

    # METADATA and RECORD take a block each; an empty file takes none.
    assert {"large": 4 * sizes.BLOCK, "small": 3 * sizes.BLOCK} == found
    assert ["large", "small"] == list(found)
