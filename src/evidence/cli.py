"""The command ``evidence``: build, slides, explain, diff, audit, codebook, new, map."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from evidence._version import __version__
from evidence.errors import EvidenceError

__all__ = ["main"]

_INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it: 128 and the number of the signal."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``evidence``; those of the process by default.

    Returns
    -------
    int
        0 when all is well, 1 for a mistake in data or recipe (one plain message, no traceback), 2 for
        wrong usage, 130 after Ctrl-C.
    """
    _plain_output()
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:  # argparse: 2 for wrong usage, 0 for --help and --version
        return stop.code if isinstance(stop.code, int) else 2
    before = _end_cleanly_when_terminated()
    try:
        command: Callable[[argparse.Namespace], int] = options.run
        return command(options)
    except EvidenceError as error:
        _say(f"evidence: {error}")
        return 1
    except KeyboardInterrupt:
        _say("evidence: interrupted. The previous files are whole")
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`evidence explain ... | head`): that is no fault.
        sys.stdout = None
        return 0
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evidence", description="From what papers print to figures and tables, every number traceable."
    )
    parser.add_argument("--version", action="version", version=f"evidence {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    build = commands.add_parser("build", help="make figures, tables, bibliography and manifest")
    build.add_argument("--only", metavar="ID", help="make only this question, table or output")
    build.add_argument(
        "--medium", metavar="MEDIUM", help="draw the figures for notebook, slide, journal or journal-single"
    )
    build.add_argument(
        "--wait",
        type=_seconds,
        default=600.0,
        metavar="SECONDS",
        help="how long to wait for another build in the same folder (600)",
    )
    build.add_argument(
        "--workers",
        type=_workers,
        metavar="N",
        help="processes that make the outputs (as many as there are processors, where there is enough to do)",
    )
    build.add_argument("--quiet", action="store_true", help="print nothing but mistakes")
    _add_recipe(build)
    build.set_defaults(run=_build)

    slides = commands.add_parser(
        "slides", help="put figures and tables into your own talk where it says {{evidence:ID}}"
    )
    slides.add_argument("deck", metavar="DECK", help="a presentation (.pptx); it is replaced in one step")
    _add_recipe(slides)
    slides.set_defaults(run=_slides)

    explain = commands.add_parser(
        "explain", help="show one row: as printed, its source, its derivation, its use"
    )
    explain.add_argument("row", metavar="ROW", help="a row_id, as in the tables and figures")
    _add_recipe(explain)
    explain.set_defaults(run=_explain)

    diff = commands.add_parser(
        "diff", help="show which numbers moved since an earlier build, where, and which rows did it"
    )
    diff.add_argument(
        "old",
        nargs="?",
        metavar="OLD",
        help="a manifest, or a revision of git (the committed manifest; without one, the previous build's)",
    )
    diff.add_argument("--json", action="store_true", help="print JSON")
    diff.add_argument(
        "--exit-code", action="store_true", help="exit with 1 where a number moved, with 2 after a mistake"
    )
    _add_recipe(diff)
    diff.set_defaults(run=_diff)

    audit = commands.add_parser("audit", help="look for known errors: exit code 1 where one is impossible")
    audit.add_argument("--json", action="store_true", help="print JSON")
    audit.add_argument("--accepted", metavar="FILE", help="accepted findings (audit.toml beside the studies)")
    _add_recipe(audit)
    audit.set_defaults(run=_audit)

    codebook = commands.add_parser("codebook", help="print what every column of the studies holds")
    codebook.add_argument("--save", metavar="FILE", help="write it to a Markdown file instead")
    codebook.set_defaults(run=_codebook)

    new = commands.add_parser("new", help="make a folder with a small example that builds at once")
    new.add_argument("folder", metavar="DIR", help="the folder to make; it must not exist, or be empty")
    new.set_defaults(run=_new)

    mapped = commands.add_parser("map", help="propose how the columns of a table that others made are read")
    mapped.add_argument("file", metavar="FILE", help="the table: .csv or .xlsx")
    mapped.add_argument("--save", metavar="TOML", help="write the proposal to a file; none is overwritten")
    mapped.add_argument("--sheet", default="", metavar="NAME", help="sheet of a workbook (the first)")
    mapped.add_argument(
        "--check",
        metavar="TOML",
        help="read the table through this mapping instead, and say what became of it",
    )
    mapped.set_defaults(run=_map)
    return parser


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recipe",
        default="evidence.toml",
        metavar="FILE",
        help="the recipe (evidence.toml in the folder where you are)",
    )


def _seconds(text: str) -> float:
    """Read a number of seconds.

    Raises
    ------
    ArgumentTypeError
        Where it is none; argparse prints the message.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"a number of seconds, 0 or more; got {text!r}")
    return value


def _workers(text: str) -> int:
    """Read a number of processes.

    Raises
    ------
    ArgumentTypeError
        Where it is none; argparse prints the message.
    """
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"a number of processes, 1 to 64; got {text!r}")
    return int(text)


def _build(options: argparse.Namespace) -> int:
    from evidence.publish.build import build

    say = (lambda _: None) if options.quiet else _say
    done = build(
        options.recipe,
        only=options.only,
        medium=options.medium,
        progress=say,
        wait=options.wait,
        workers=options.workers,
    )
    if done.made:
        files = len(done.changed)
        say(
            f"{len(done.made)} made, {len(done.current)} up to date, "
            f"{files} file{'' if files == 1 else 's'} changed ({done.seconds:.1f} s)"
        )
    else:
        say(f"nothing to do: {len(done.current)} outputs are up to date ({done.seconds:.1f} s)")
    return 0


def _slides(options: argparse.Namespace) -> int:
    from evidence.publish.deck.refresh import slides

    done = slides(options.deck, recipe=options.recipe)
    for number, marker in done.places:
        _say(f"slide {number}: {marker}")
    for note in done.notes:
        _say(f"note: {note}")
    _say(f"{'written' if done.changed else 'nothing to do, every slide is up to date'}: {done.path}")
    return 0


def _explain(options: argparse.Namespace) -> int:
    from evidence.publish.explain import explain

    _show(explain(options.row, recipe=options.recipe))
    return 0


def _diff(options: argparse.Namespace) -> int:
    from evidence.publish.diff import diff

    try:
        found = diff(options.old, recipe=options.recipe)
    except EvidenceError as error:
        if not options.exit_code:
            raise
        _say(f"evidence: {error}")
        return 2  # 1 is taken: it says that a number moved
    if options.json:
        print(found.json())
    else:
        _show(found.text())
    return 1 if options.exit_code and len(found) else 0


def _audit(options: argparse.Namespace) -> int:
    from evidence.publish.audit_report import audit_json, audit_recipe, audit_text

    audits = audit_recipe(options.recipe, accepted=options.accepted)
    if options.json:
        print(audit_json(audits))
    else:
        _show(audit_text(audits))
    return 1 if any(found.count("impossible") for found in audits.values()) else 0


def _codebook(options: argparse.Namespace) -> int:
    from evidence.studies.codebook import codebook_markdown

    text = codebook_markdown()
    if options.save is None:
        print(text, end="")
        return 0
    from evidence._files import write_atomically

    try:
        target = write_atomically(options.save, text)
    except OSError as error:
        raise EvidenceError(f"{options.save} cannot be written: {error.strerror or error}") from error
    _say(f"written: {target}")
    return 0


def _new(options: argparse.Namespace) -> int:
    from evidence.publish.new import new

    folder = new(options.folder)
    _say(
        f"made {folder}: invented example data, a recipe and a notebook.\n"
        f"  Next: cd {_quoted(folder)} && evidence build"
    )
    return 0


def _map(options: argparse.Namespace) -> int:
    if options.check is not None:
        from evidence.studies.mapping_report import mapping_report
        from evidence.studies.reading import read_studies

        _show(mapping_report(read_studies(options.file, mapping=options.check)))
        return 0
    from evidence.studies.mapping_proposal import propose_mapping

    proposal = propose_mapping(options.file, sheet=options.sheet)
    if options.save is None:
        print(proposal.toml, end="")
        return 0
    _say(
        f"written: {proposal.save(options.save)}. Correct it, then: evidence map FILE --check {options.save}"
    )
    return 0


def _quoted(folder: Path) -> str:
    return f'"{folder}"' if " " in str(folder) else str(folder)


def _show(text: str) -> None:
    """Print what was asked for."""
    print(_harmless(text))


def _say(text: str) -> None:
    print(_harmless(text), file=sys.stderr, flush=True)


def _harmless(text: str) -> str:
    """Return text without what a terminal obeys: a study's name neither colours it nor sets its title."""
    if all(line.isprintable() for line in text.split("\n")):
        return text
    from evidence.charts.words import clean

    return clean(text)


def _plain_output() -> None:
    """Let a console that lacks a character show another one instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _end_cleanly_when_terminated() -> Callable[[int, FrameType | None], object] | int | None:
    """Treat a request to end like Ctrl-C, so that unfinished files are removed.

    Returns
    -------
    callable, int or None
        The handler before; None where it could not be set, outside the main thread.
    """

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    try:
        return signal.signal(signal.SIGTERM, stop)
    except ValueError:
        return None


if __name__ == "__main__":
    raise SystemExit(main())
