"""BibTeX entries of the statistical methods, and of the software itself."""

from __future__ import annotations

from collections.abc import Iterable

from evidence._version import __version__
from evidence.fit.methods_bias import BIAS_METHODS

__all__ = ["MEASURE_SOURCES", "METHODS", "SOFTWARE", "TAU2_SOURCES", "author_year", "bibtex"]

MEASURE_SOURCES = {"SMD": "hedges1981", "ROM": "hedges1999", "DPPC1": "morris2008", "DPPC2": "morris2008"}
"""Whom to cite for a measure."""

TAU2_SOURCES = {
    "DL": "dersimonian1986",
    "HE": "hedges1983",
    "HS": "hunter2004",
    "HSk": "hunter2004",
    "SJ": "sidik2005",
    "PM": "paule1982",
    "EB": "morris1983",
    "ML": "hardy1996",
    "REML": "viechtbauer2005",
}
"""Whom to cite for an estimator of tau²."""

METHODS: dict[str, dict[str, str]] = {
    "hedges1981": {
        "author": "Hedges, Larry V.",
        "title": "Distribution theory for {Glass}'s estimator of effect size and related estimators",
        "journal": "Journal of Educational Statistics",
        "year": "1981",
        "volume": "6",
        "number": "2",
        "pages": "107--128",
        "doi": "10.3102/10769986006002107",
    },
    "hedges1999": {
        "author": "Hedges, Larry V. and Gurevitch, Jessica and Curtis, Peter S.",
        "title": "The meta-analysis of response ratios in experimental ecology",
        "journal": "Ecology",
        "year": "1999",
        "volume": "80",
        "number": "4",
        "pages": "1150--1156",
        "doi": "10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2",
    },
    "morris2008": {
        "author": "Morris, Scott B.",
        "title": "Estimating effect sizes from pretest-posttest-control group designs",
        "journal": "Organizational Research Methods",
        "year": "2008",
        "volume": "11",
        "number": "2",
        "pages": "364--386",
        "doi": "10.1177/1094428106291059",
    },
    "cochran1954": {
        "author": "Cochran, William G.",
        "title": "The combination of estimates from different experiments",
        "journal": "Biometrics",
        "year": "1954",
        "volume": "10",
        "number": "1",
        "pages": "101--129",
        "doi": "10.2307/3001666",
    },
    "dersimonian1986": {
        "author": "DerSimonian, Rebecca and Laird, Nan",
        "title": "Meta-analysis in clinical trials",
        "journal": "Controlled Clinical Trials",
        "year": "1986",
        "volume": "7",
        "number": "3",
        "pages": "177--188",
        "doi": "10.1016/0197-2456(86)90046-2",
    },
    "hedges1983": {
        "author": "Hedges, Larry V.",
        "title": "A random effects model for effect sizes",
        "journal": "Psychological Bulletin",
        "year": "1983",
        "volume": "93",
        "number": "2",
        "pages": "388--395",
        "doi": "10.1037/0033-2909.93.2.388",
    },
    "viechtbauer2005": {
        "author": "Viechtbauer, Wolfgang",
        "title": "Bias and efficiency of meta-analytic variance estimators in the random-effects model",
        "journal": "Journal of Educational and Behavioral Statistics",
        "year": "2005",
        "volume": "30",
        "number": "3",
        "pages": "261--293",
        "doi": "10.3102/10769986030003261",
    },
    "sidik2005": {
        "author": "Sidik, Kurex and Jonkman, Jeffrey N.",
        "title": "Simple heterogeneity variance estimation for meta-analysis",
        "journal": "Journal of the Royal Statistical Society: Series C",
        "year": "2005",
        "volume": "54",
        "number": "2",
        "pages": "367--384",
        "doi": "10.1111/j.1467-9876.2005.00489.x",
    },
    "paule1982": {
        "author": "Paule, Robert C. and Mandel, John",
        "title": "Consensus values and weighting factors",
        "journal": "Journal of Research of the National Bureau of Standards",
        "year": "1982",
        "volume": "87",
        "number": "5",
        "pages": "377--385",
        "doi": "10.6028/jres.087.022",
    },
    "morris1983": {
        "author": "Morris, Carl N.",
        "title": "Parametric empirical {Bayes} inference: theory and applications",
        "journal": "Journal of the American Statistical Association",
        "year": "1983",
        "volume": "78",
        "number": "381",
        "pages": "47--55",
        "doi": "10.1080/01621459.1983.10477920",
    },
    "hardy1996": {
        "author": "Hardy, Rebecca J. and Thompson, Simon G.",
        "title": "A likelihood approach to meta-analysis with random effects",
        "journal": "Statistics in Medicine",
        "year": "1996",
        "volume": "15",
        "number": "6",
        "pages": "619--629",
        "doi": "10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A",
    },
    "hartung2001": {
        "author": "Hartung, Joachim and Knapp, Guido",
        "title": "A refined method for the meta-analysis of controlled clinical trials with binary outcome",
        "journal": "Statistics in Medicine",
        "year": "2001",
        "volume": "20",
        "number": "24",
        "pages": "3875--3889",
        "doi": "10.1002/sim.1009",
    },
    "sidik2002": {
        "author": "Sidik, Kurex and Jonkman, Jeffrey N.",
        "title": "A simple confidence interval for meta-analysis",
        "journal": "Statistics in Medicine",
        "year": "2002",
        "volume": "21",
        "number": "21",
        "pages": "3153--3159",
        "doi": "10.1002/sim.1262",
    },
    "knapp2003": {
        "author": "Knapp, Guido and Hartung, Joachim",
        "title": "Improved tests for a random effects meta-regression with a single covariate",
        "journal": "Statistics in Medicine",
        "year": "2003",
        "volume": "22",
        "number": "17",
        "pages": "2693--2710",
        "doi": "10.1002/sim.1482",
    },
    "higgins2002": {
        "author": "Higgins, Julian P. T. and Thompson, Simon G.",
        "title": "Quantifying heterogeneity in a meta-analysis",
        "journal": "Statistics in Medicine",
        "year": "2002",
        "volume": "21",
        "number": "11",
        "pages": "1539--1558",
        "doi": "10.1002/sim.1186",
    },
    "viechtbauer2007": {
        "author": "Viechtbauer, Wolfgang",
        "title": "Confidence intervals for the amount of heterogeneity in meta-analysis",
        "journal": "Statistics in Medicine",
        "year": "2007",
        "volume": "26",
        "number": "1",
        "pages": "37--52",
        "doi": "10.1002/sim.2514",
    },
    "higgins2009": {
        "author": "Higgins, Julian P. T. and Thompson, Simon G. and Spiegelhalter, David J.",
        "title": "A re-evaluation of random-effects meta-analysis",
        "journal": "Journal of the Royal Statistical Society: Series A",
        "year": "2009",
        "volume": "172",
        "number": "1",
        "pages": "137--159",
        "doi": "10.1111/j.1467-985X.2008.00552.x",
    },
    "thompson1999": {
        "author": "Thompson, Simon G. and Sharp, Stephen J.",
        "title": "Explaining heterogeneity in meta-analysis: a comparison of methods",
        "journal": "Statistics in Medicine",
        "year": "1999",
        "volume": "18",
        "number": "20",
        "pages": "2693--2708",
        "doi": "10.1002/(SICI)1097-0258(19991030)18:20<2693::AID-SIM235>3.0.CO;2-V",
    },
    "bushman1996": {
        "author": "Bushman, Brad J. and Wang, Morgan C.",
        "title": "A procedure for combining sample standardized mean differences and vote counts to estimate"
        " the population standardized mean difference in fixed effects models",
        "journal": "Psychological Methods",
        "year": "1996",
        "volume": "1",
        "number": "1",
        "pages": "66--80",
        "doi": "10.1037/1082-989X.1.1.66",
    },
    "hedges2010": {
        "author": "Hedges, Larry V. and Tipton, Elizabeth and Johnson, Matthew C.",
        "title": "Robust variance estimation in meta-regression with dependent effect size estimates",
        "journal": "Research Synthesis Methods",
        "year": "2010",
        "volume": "1",
        "number": "1",
        "pages": "39--65",
        "doi": "10.1002/jrsm.5",
    },
    "jackson2011": {
        "author": "Jackson, Dan and Riley, Richard and White, Ian R.",
        "title": "Multivariate meta-analysis: potential and promise",
        "journal": "Statistics in Medicine",
        "year": "2011",
        "volume": "30",
        "number": "20",
        "pages": "2481--2498",
        "doi": "10.1002/sim.4172",
    },
    "konstantopoulos2011": {
        "author": "Konstantopoulos, Spyros",
        "title": "Fixed effects and variance components estimation in three-level meta-analysis",
        "journal": "Research Synthesis Methods",
        "year": "2011",
        "volume": "2",
        "number": "1",
        "pages": "61--76",
        "doi": "10.1002/jrsm.35",
    },
    "tipton2015": {
        "author": "Tipton, Elizabeth",
        "title": "Small sample adjustments for robust variance estimation with meta-regression",
        "journal": "Psychological Methods",
        "year": "2015",
        "volume": "20",
        "number": "3",
        "pages": "375--393",
        "doi": "10.1037/met0000011",
    },
    "pustejovsky2018": {
        "author": "Pustejovsky, James E. and Tipton, Elizabeth",
        "title": "Small-sample methods for cluster-robust variance estimation and hypothesis testing in fixed"
        " effects models",
        "journal": "Journal of Business \\& Economic Statistics",
        "year": "2018",
        "volume": "36",
        "number": "4",
        "pages": "672--683",
        "doi": "10.1080/07350015.2016.1247004",
    },
    "pustejovsky2022": {
        "author": "Pustejovsky, James E. and Tipton, Elizabeth",
        "title": "Meta-analysis with robust variance estimation: expanding the range of working models",
        "journal": "Prevention Science",
        "year": "2022",
        "volume": "23",
        "number": "3",
        "pages": "425--438",
        "doi": "10.1007/s11121-021-01246-3",
    },
}
"""Articles by citation key."""

SOFTWARE: dict[str, dict[str, str]] = {
    "harris2020": {
        "author": "Harris, Charles R. and Millman, K. Jarrod and {van der Walt}, St{\\'e}fan J. and others",
        "title": "Array programming with {NumPy}",
        "journal": "Nature",
        "year": "2020",
        "volume": "585",
        "pages": "357--362",
        "doi": "10.1038/s41586-020-2649-2",
    },
    "virtanen2020": {
        "author": "Virtanen, Pauli and Gommers, Ralf and Oliphant, Travis E. and others",
        "title": "{SciPy} 1.0: fundamental algorithms for scientific computing in {Python}",
        "journal": "Nature Methods",
        "year": "2020",
        "volume": "17",
        "pages": "261--272",
        "doi": "10.1038/s41592-019-0686-2",
    },
    "mckinney2010": {
        "author": "McKinney, Wes",
        "title": "Data structures for statistical computing in {Python}",
        "journal": "Proceedings of the 9th Python in Science Conference",
        "year": "2010",
        "pages": "56--61",
        "doi": "10.25080/Majora-92bf1922-00a",
    },
}
"""Articles of the libraries that every fit is computed with."""

BOOKS: dict[str, dict[str, str]] = {
    "hunter2004": {
        "author": "Hunter, John E. and Schmidt, Frank L.",
        "title": "Methods of Meta-Analysis: Correcting Error and Bias in Research Findings",
        "publisher": "Sage",
        "address": "Thousand Oaks, CA",
        "year": "2004",
        "edition": "2nd",
    },
}
"""Books by citation key."""


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{kind}{{{key},\n{body}\n}}"


def author_year(key: str) -> str:
    """Return how a text cites a source of the methods: ``Hedges et al., 2010``.

    Examples
    --------
    >>> author_year("dersimonian1986")
    'DerSimonian & Laird, 1986'
    """
    fields = (METHODS | BIAS_METHODS | BOOKS | SOFTWARE)[key]
    names = [name.split(",")[0] for name in fields["author"].split(" and ")]
    who = " & ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return f"{who}, {fields['year']}"


def bibtex(keys: Iterable[str]) -> str:
    """Return BibTeX for these keys, in their order; the software follows, this package last.

    Parameters
    ----------
    keys : iterable of str
        Keys of `METHODS`, `BIAS_METHODS` or `BOOKS`; each is printed once.
    """
    articles = METHODS | BIAS_METHODS
    entries = [
        _entry("article", key, articles[key]) if key in articles else _entry("book", key, BOOKS[key])
        for key in dict.fromkeys(keys)
    ]
    entries += [_entry("article", key, fields) for key, fields in SOFTWARE.items()]
    software = {
        "author": "{the evidence authors}",
        "title": "evidence: from what papers print to an effect, a synthesis and a picture",
        "year": "2026",
        "note": f"Python package, version {__version__}",
    }
    return "\n\n".join([*entries, _entry("misc", "evidence", software)]) + "\n"
