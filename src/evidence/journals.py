"""Titles of journals: whether one is written out or abbreviated, as Medline does it."""

from __future__ import annotations

import re

from evidence.bibtex_text import plain

__all__ = ["is_abbreviated"]

_WORDS = """
    acad adolesc adv am anaesth anat anesth ann appl arthrosc assoc ath athl aust behav biol biomech
    biomed br bull cardiol chem chiropr clin cogn commun comput cond dent dermatol dev disord econ
    educ endocrinol eng engl environ epidemiol ergon eur exerc exp gastroenterol genet geriatr
    gerontol gynecol haematol hematol hepatol hum hyg immunol inf inj int intern isokinet j jpn
    kinesiol lett manag manip mech med metab methodol microbiol mol musculoskelet myol n natl
    nephrol neurol neurosci nurs nutr obstet occup oncol ophthalmol orthop osteopath paediatr
    pediatr perform pharmacol phys physiol physiother pract prev proc psychiatr psychol q radiol
    rehabil res rev rheum rheumatol scand sci soc stat surg syst technol ther toxicol transl
    traumatol umsch univ urol z
"""

_STEMS = frozenset(_WORDS.split())
"""Words that only an abbreviated title holds: stems as Medline and ISO 4 write them, no whole words."""


def is_abbreviated(journal: str) -> bool:
    """Tell whether the title of a journal seems to be abbreviated.

    Parameters
    ----------
    journal : str
        As in a BibTeX field.

    Returns
    -------
    bool
        True where a word ends in a full stop, or is one of the usual abbreviations of Medline. A title of
        whole words that leaves out others ("Osteoarthritis Cartilage") cannot be told from one in full.

    Examples
    --------
    >>> is_abbreviated("J Strength Cond Res"), is_abbreviated("Am. J. Sports Med.")
    (True, True)
    >>> is_abbreviated("Journal of Strength and Conditioning Research"), is_abbreviated("BMJ")
    (False, False)
    """
    title = re.sub(r"\([^)]*\)", " ", plain(journal))
    words = title.replace(":", " ").replace(",", " ").split()
    return any(word.endswith(".") or word.casefold() in _STEMS for word in words)
