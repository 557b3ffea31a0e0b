"""Kill a build at random moments, and look whether any file is half-written.

A copy of a project is built, its recipe is changed so that every output has other bytes, and the build is
started again and killed (SIGKILL, which no program can answer): every other time at a random moment of the
whole build, otherwise within the few milliseconds in which finished files take their places. Then every file,
the manifest included, must have the bytes of the old build or of the new one; and the next build must finish
with the bytes of a build that nobody disturbed.

    python benchmarks/kill_build.py [--times 50] [--seed 1] [PROJECT]

Without PROJECT the starter of ``evidence new`` is taken. Prints one line a kill, then what was found; the
exit code is 1 where a file was torn. Needs POSIX signals.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from evidence.publish.new import STARTER

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from evidence.cli import main; sys.exit(main(['build', '--quiet']))",
]
OWN = ".evidence"


@dataclass(frozen=True)
class Moment:
    """When to kill: some seconds after the start, or after a file has taken its place."""

    file: str
    seconds: float

    def wait(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        """Return at that moment, or when the build has ended."""
        if self.file:
            target = folder / self.file
            number = target.stat().st_ino
            while process.poll() is None and target.stat().st_ino == number:
                time.sleep(0.0002)
        time.sleep(self.seconds)

    def __str__(self) -> str:
        """Say it in words."""
        return f"{1000 * self.seconds:.1f} ms after the first file" if self.file else f"{self.seconds:.2f} s"


def build(folder: Path) -> float:
    """Build and return the seconds that it took."""
    began = time.monotonic()
    subprocess.run(COMMAND, cwd=folder, check=True)
    return time.monotonic() - began


def files(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file but those of the build itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and OWN not in path.parts
    }


def change(folder: Path) -> None:
    """Change the title of every question and of the project: every output has other bytes then."""
    recipe = folder / "evidence.toml"
    lines = recipe.read_text(encoding="utf-8").splitlines(keepends=True)
    recipe.write_text(
        "".join(line.replace('title = "', 'title = "Now: ', 1) for line in lines), encoding="utf-8"
    )


def torn(now: dict[str, bytes], old: dict[str, bytes], new: dict[str, bytes]) -> list[str]:
    """Return the files that are neither as before nor as after."""
    names = now.keys() | old.keys()
    return sorted(name for name in names if now.get(name) not in (old.get(name, b""), new.get(name, b"")))


def main() -> int:
    """Kill as often as asked for, and say what was found."""
    parser = argparse.ArgumentParser(description="Kill a build at random moments.")
    parser.add_argument("project", nargs="?", type=Path, default=STARTER)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as top:
        before, after = Path(top) / "before", Path(top) / "after"
        shutil.copytree(options.project, before, ignore=shutil.ignore_patterns(".git", ".venv", OWN))
        build(before)
        shutil.copytree(before, after)
        change(after)
        seconds = build(after)
        old, new = files(before), files(after)
        moved = sum(old[name] != new[name] for name in old)
        print(f"{len(old)} files, {moved} differ between the two builds; a build takes {seconds:.1f} s")
        found = {"torn": 0, "as before": 0, "in between": 0, "as after": 0}
        for at in range(1, options.times + 1):
            first = next(name for name in old if old[name] != new[name] and name != "evidence.toml")
            moment = (
                Moment("", chance.uniform(0, seconds)) if at % 2 else Moment(first, chance.uniform(0, 0.006))
            )
            found[_killed(before, Path(top) / "victim", moment, old, new, at)] += 1
        print(", ".join(f"{count} {words}" for words, count in found.items()))
    return 1 if found["torn"] else 0


def _killed(
    before: Path, victim: Path, moment: Moment, old: dict[str, bytes], new: dict[str, bytes], at: int
) -> str:
    shutil.copytree(before, victim)
    change(victim)
    process = subprocess.Popen(COMMAND, cwd=victim)
    moment.wait(victim, process)
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    now, then, later = (_but_recipe(found) for found in (files(victim), old, new))
    wrong = torn(now, then, later)
    moving = [name for name in then if then[name] != later[name]]
    done = sum(now.get(name) == later[name] for name in moving)
    build(victim)
    if files(victim) != new:
        wrong.append("(the next build)")
    shutil.rmtree(victim)
    state = (
        "torn" if wrong else "as before" if not done else "as after" if done == len(moving) else "in between"
    )
    end = "killed" if alive else "had ended"
    print(f"{at:3d}  {moment}: {end}, {done} of {len(moving)} new, {state} {wrong or ''}", flush=True)
    return state


def _but_recipe(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in found.items() if name != "evidence.toml"}


if __name__ == "__main__":
    sys.exit(main())
