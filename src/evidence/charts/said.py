"""What a chart says in words: its caption and its alternative text, kept with the `Axes` it is drawn in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from evidence.charts.fonts import lost_note
from evidence.charts.words import clean
from evidence.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Said", "alt_text", "caption", "note_lost", "said_of", "say"]


@dataclass(frozen=True)
class Said:
    """The words of a chart.

    Attributes
    ----------
    caption : str
        What is shown: model, estimator, interval, rows and studies, and what is assumed.
    alt : str
        The picture in a sentence with its numbers, for readers who do not see it.
    """

    caption: str
    alt: str


_SAID: WeakKeyDictionary[Axes, Said] = WeakKeyDictionary()  # goes with the Axes: nothing is kept alive


_LOST: WeakKeyDictionary[Axes, str] = WeakKeyDictionary()


def note_lost(ax: Axes, letters: str) -> None:
    """Note letters that were drawn as boxes because no installed font has them: the caption will say so."""
    _LOST[ax] = _LOST.get(ax, "") + letters


def say(ax: Axes, *, caption: str, alt: str) -> Axes:
    """Note what a chart says in words, and return its `Axes`; every chart ends with this."""
    if ax in _LOST:
        caption = f"{caption} {lost_note(_LOST.pop(ax))}"
    # Names of studies are data: what steers a terminal or turns a text around does not come through.
    _SAID[ax] = Said(clean(caption), clean(alt))
    return ax


def said_of(ax: Axes) -> Said:
    """Return the words of a chart.

    Raises
    ------
    ModelError
        Where the `Axes` holds no chart of this package.
    """
    found = _SAID.get(ax)
    if found is None:
        raise ModelError(
            "only a chart of this package has a caption: pass the Axes that ev.forest(...) returned"
        )
    return found


def caption(ax: Axes) -> str:
    """Return the caption of a chart: what it shows, by which model, from how much.

    Parameters
    ----------
    ax : Axes
        What a chart of this package returned.

    Returns
    -------
    str
        Some short sentences, to stand under the figure.

    Raises
    ------
    ModelError
        Where the `Axes` holds no chart of this package.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.2, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b", "c"])
    >>> ev.caption(ev.forest(ev.random_effects(effects)))[:18]
    'GEN: pooled effect'
    """
    return said_of(ax).caption


def alt_text(ax: Axes) -> str:
    """Return the alternative text of a chart: a sentence with its numbers.

    Parameters
    ----------
    ax : Axes
        What a chart of this package returned.

    Returns
    -------
    str
        For readers who do not see the picture; slides and reports carry it.

    Raises
    ------
    ModelError
        Where the `Axes` holds no chart of this package.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.2, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b", "c"])
    >>> ev.alt_text(ev.forest(ev.random_effects(effects)))[:24]
    'Forest plot of 3 rows (3'
    """
    return said_of(ax).alt
