"""`make check`'s own part: the house rules over every file, texts without a translation, missing migrations."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tests.node import throwaway
from tests.setup.house_rules import RULES
from tests.setup.messages import breakable, untranslated

ROOT = Path(__file__).resolve().parents[2]


def committed() -> Iterator[PurePosixPath]:
    """Every file that is committed or would be: what git knows and does not ignore."""
    # A clone that belongs to another user is still ours to read.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.decode()
    return (PurePosixPath(name) for name in listed.split("\0") if name and (ROOT / name).is_file())


def broken_rules() -> Iterator[str]:
    """Every line of every file that breaks a house rule."""
    for path in committed():
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # no text: nothing to read in it
        for rule in RULES:
            yield from rule(path, text)


def missing_migrations() -> Iterator[str]:
    """The models that have changed without a migration."""
    node = throwaway()
    command = [sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    node.cleanup()
    if done.returncode != 0:
        yield f"a migration is missing, or the settings do not load:\n{done.stdout}{done.stderr}"


def main() -> int:
    """Print what is broken; the exit code is 0 when nothing is."""
    broken = [*broken_rules(), *untranslated(ROOT / "jiwar"), *breakable(ROOT / "jiwar"), *missing_migrations()]
    print(*broken, sep="\n", end="\n" if broken else "")
    print(f"house rules: {len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
