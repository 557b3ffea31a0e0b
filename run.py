#!/usr/bin/env python3
"""The one command of this project: python3 run.py build | test | lab | check.

Makes .venv on the first call (from requirements.lock, every file checked by its hash) and starts
at once afterwards. Needs Python 3.11 or newer and pip, nothing else.

The syntax is kept old on purpose: an old Python must still be able to read this file, so that it
can say in one line that it is too old.
"""

from __future__ import print_function

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "run.py: Python 3.11 or newer is needed; this is " + sys.version.split()[0] + " at " + sys.executable
    )

import hashlib
import os
import re
import signal
import subprocess

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python.exe" if os.name == "nt" else "python")
LOCK = os.path.join(ROOT, "requirements.lock")
STAMP = os.path.join(VENV, "evidence.stamp")

# What `check` runs, in this order. The tests execute the notebooks too: .ci/run leaves them out here.
CHECKS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "imports": ["lint-imports"],
    "notebooks": ["pytest", "-q", os.path.join("tests", "test_notebooks.py")],
    "rebuild": ["python", os.path.join("scripts", "check_build.py")],
}
USAGE = """usage: python3 run.py COMMAND [arguments]
  build [...]   write figures, tables, slides, report and manifest.json (arguments go to `evidence build`),
                and without arguments the gallery of the docs, where the charts or the data changed
  test [...]    run the tests (arguments go to pytest)
  lab [...]     open the notebooks in JupyterLab (arguments go to it)
  check [...]   run all checks, or those named: %s;
                with --full also the tests that need a browser or LibreOffice""" % ", ".join(CHECKS)


def say(text):
    print("run.py: " + text, file=sys.stderr)
    sys.stderr.flush()


def fail(text):
    sys.exit("run.py: " + text)


def environment():
    """Return the variables for a child: nothing of the caller's Python or pip may leak into .venv."""
    leaking = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIREMENT", "PIP_CONSTRAINT")
    env = {name: value for name, value in os.environ.items() if name not in leaking}
    env.update(VIRTUAL_ENV=VENV, PATH=BIN + os.pathsep + env.get("PATH", ""))
    env.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONUTF8="1")
    return env


def call(tool, *arguments):
    """Run a tool of .venv in the repository and return its exit code."""
    name = tool + ".exe" if os.name == "nt" else tool
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is the tool's to answer (JupyterLab asks back)
    try:
        return subprocess.call([os.path.join(BIN, name)] + list(arguments), cwd=ROOT, env=environment())
    except OSError as error:
        fail("cannot start %s (%s); delete the folder .venv and try again" % (tool, error))


def fingerprint():
    """Return the hash of all that .venv is made from, its place included: scripts hold absolute paths."""
    known = hashlib.sha256(("%s %s" % (sys.version, ROOT)).encode("utf-8", "surrogateescape"))
    for name in ("pyproject.toml", "requirements.lock", "run.py"):
        with open(os.path.join(ROOT, name), "rb") as file:
            known.update(file.read())
    return known.hexdigest()


def stamped(path, text):
    try:
        with open(path) as file:
            return file.read() == text
    except OSError:
        return False


def stamp(path, text):
    with open(path, "w") as file:
        file.write(text)


def find_pip():
    """Return the first pip that can install into .venv from outside, as a command."""
    for pip in ([sys.executable, "-m", "pip"], ["pip3"], ["pip"]):
        command = pip + ["--python", PYTHON]
        try:
            subprocess.run(command + ["--version"], env=environment(), capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return command
    fail("pip 22.3 or newer is needed (on Debian and Ubuntu: python3-pip; elsewhere: python3 -m ensurepip)")


def install(pip, *arguments):
    """Run pip; return an empty string, or what it printed on stderr."""
    command = pip + ["install", "--no-input", "-q"] + list(arguments)
    done = subprocess.run(command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE)
    text = done.stderr.decode("utf-8", "replace")
    return (text.strip() or "pip failed") if done.returncode else ""


def lacks_a_pin(text):
    """Tell "this pin does not exist for this Python" from no network and from a wrong hash."""
    missing = re.search("No matching distribution|Could not find a version|requires a different Python", text)
    return bool(missing) and not explain(text)


def explain(text):
    """Put the two failures that pip words at length into one plain line; empty for all others."""
    if "DO NOT MATCH THE HASHES" in text:
        return "a downloaded file is not the one that requirements.lock names; it was not installed"
    return "the package index cannot be reached; is there a network?" if "Retrying (" in text else ""


def stop(problem):
    lines = [line for line in problem.splitlines() if "Expected" not in line]
    fail("the installation failed: %s\n%s" % (explain(problem), "\n".join(lines[-12:])))


def prepare():
    """Make .venv, unless it is there and made from just these files by just this Python."""
    wanted = fingerprint()
    if stamped(STAMP, wanted) and os.path.exists(PYTHON):
        return
    if os.path.realpath(sys.prefix) == os.path.realpath(VENV):
        fail(".venv is out of date and cannot renew itself; run this with the Python outside it")
    try:
        import venv
    except ImportError:
        fail("this Python comes without its module venv; install it (on Debian: python3-venv)")
    say("making .venv (first call, or its files have changed); this takes a minute or two")
    # clear: whatever an interrupted call left behind goes; the stamp is written last of all.
    try:
        venv.EnvBuilder(clear=True, with_pip=False, symlinks=os.name != "nt").create(VENV)
    except (OSError, subprocess.SubprocessError) as error:
        fail("cannot make %s: %s" % (VENV, error))
    pip = find_pip()
    problem = install(pip, "--require-hashes", "--only-binary", ":all:", "-r", LOCK)
    if not problem:
        problem = install(pip, "--no-deps", "--no-build-isolation", "-e", ".")
    elif lacks_a_pin(problem):
        say(
            "taking the ranges of pyproject.toml: a pin does not exist for this Python\n  "
            + problem.splitlines()[-1]
        )
        problem = install(pip, "-e", ".[test,dev]")
    if problem:
        stop(problem)
    stamp(STAMP, wanted)


def lab(arguments):
    """Open the notebooks; JupyterLab is installed on the first call, held to the versions of the lock."""
    done = os.path.join(VENV, "lab.stamp")
    wanted = fingerprint()
    if not stamped(done, wanted):
        say("installing JupyterLab (first call)")
        held = os.path.join(VENV, "constraints.txt")
        with open(LOCK) as file:  # the pins without their hashes: with one hash pip would want one for all
            stamp(held, "".join(line.replace("\\", "") for line in file if re.match(r"[A-Za-z0-9]", line)))
        pip, extra = find_pip(), ".[lab]"
        problem = install(pip, "-c", held, "--no-build-isolation", "-e", extra)
        if problem and lacks_a_pin(problem):
            problem = install(pip, "-e", extra)
        if problem:
            stop(problem)
        stamp(done, wanted)
    return call("jupyter-lab", "notebooks", *arguments)


def check(arguments):
    """Run the checks, all of them even where one fails, and name the failed ones at the end."""
    names = [name for name in arguments if name != "--full"]
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        fail("no check is called %s; there are %s" % (unknown[0], ", ".join(CHECKS)))
    failed = []
    for name in names or CHECKS:
        say("check " + name)
        if call(*CHECKS[name]):
            failed.append(name)
    if "--full" in arguments:
        say("check full")
        if call("pytest", "-q", "-m", "full"):
            failed.append("full")
    say("failed: " + ", ".join(failed) if failed else "all checks passed")
    return 1 if failed else 0


def main(arguments):
    command, rest = (arguments or ["help"])[0], arguments[1:]
    if command not in ("build", "test", "lab", "check"):
        print(USAGE)
        return 0 if command in ("help", "-h", "--help") else 2
    prepare()
    if command == "lab":
        return lab(rest)
    if command == "check":
        return check(rest)
    if command == "build":
        failed = call("evidence", "build", *rest)
        # The gallery of the docs too: drawn anew only where the code of the charts or the data changed.
        return failed or (
            0 if rest else call("python", os.path.join("scripts", "write_gallery.py"), "--changed")
        )
    # The whole suite goes to all cores; a few named tests start faster without.
    return call("pytest", *(rest or ["-n", "auto", "--dist", "worksteal"]))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        fail("interrupted; call it again to finish")
