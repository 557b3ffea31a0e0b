"""BibTeX entries of the methods that look for selection and bias."""

from __future__ import annotations

__all__ = ["BIAS_METHODS"]

BIAS_METHODS: dict[str, dict[str, str]] = {
    "hedges1992": {
        "author": "Hedges, Larry V.",
        "title": "Modeling publication selection effects in meta-analysis",
        "journal": "Statistical Science",
        "year": "1992",
        "volume": "7",
        "number": "2",
        "pages": "246--255",
        "doi": "10.1214/ss/1177011364",
    },
    "vevea1995": {
        "author": "Vevea, Jack L. and Hedges, Larry V.",
        "title": "A general linear model for estimating effect size in the presence of publication bias",
        "journal": "Psychometrika",
        "year": "1995",
        "volume": "60",
        "number": "3",
        "pages": "419--435",
        "doi": "10.1007/BF02294384",
    },
    "vevea2005": {
        "author": "Vevea, Jack L. and Woods, Carol M.",
        "title": "Publication bias in research synthesis: sensitivity analysis using a priori weight"
        " functions",
        "journal": "Psychological Methods",
        "year": "2005",
        "volume": "10",
        "number": "4",
        "pages": "428--443",
        "doi": "10.1037/1082-989X.10.4.428",
    },
    "citkowicz2017": {
        "author": "Citkowicz, Martyna and Vevea, Jack L.",
        "title": "A parsimonious weight function for modeling publication bias",
        "journal": "Psychological Methods",
        "year": "2017",
        "volume": "22",
        "number": "1",
        "pages": "28--41",
        "doi": "10.1037/met0000119",
    },
    "preston2004": {
        "author": "Preston, Carrol and Ashby, Deborah and Smyth, Rosalind",
        "title": "Adjusting for publication bias: modelling the selection process",
        "journal": "Journal of Evaluation in Clinical Practice",
        "year": "2004",
        "volume": "10",
        "number": "2",
        "pages": "313--322",
        "doi": "10.1111/j.1365-2753.2003.00457.x",
    },
    "simonsohn2014": {
        "author": "Simonsohn, Uri and Nelson, Leif D. and Simmons, Joseph P.",
        "title": "P-curve: a key to the file-drawer",
        "journal": "Journal of Experimental Psychology: General",
        "year": "2014",
        "volume": "143",
        "number": "2",
        "pages": "534--547",
        "doi": "10.1037/a0033242",
    },
    "simonsohn2015": {
        "author": "Simonsohn, Uri and Simmons, Joseph P. and Nelson, Leif D.",
        "title": "Better P-curves: making P-curve analysis more robust to errors, fraud, and ambitious"
        " P-hacking, a reply to Ulrich and Miller (2015)",
        "journal": "Journal of Experimental Psychology: General",
        "year": "2015",
        "volume": "144",
        "number": "6",
        "pages": "1146--1152",
        "doi": "10.1037/xge0000104",
    },
    "vanaert2026": {
        "author": "van Aert, Robbie C. M. and van Assen, Marcel A. L. M.",
        "title": "Correcting for publication bias in a meta-analysis with the p-uniform* method",
        "journal": "Psychonomic Bulletin \\& Review",
        "year": "2026",
        "volume": "33",
        "doi": "10.3758/s13423-025-02812-4",
    },
    "mathur2020": {
        "author": "Mathur, Maya B. and VanderWeele, Tyler J.",
        "title": "Sensitivity analysis for publication bias in meta-analyses",
        "journal": "Journal of the Royal Statistical Society: Series C",
        "year": "2020",
        "volume": "69",
        "number": "5",
        "pages": "1091--1119",
        "doi": "10.1111/rssc.12440",
    },
}
"""Articles by citation key."""
