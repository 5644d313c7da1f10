"""Citations of everything that a run used."""

from __future__ import annotations

from clam_core.report.material import Material
from clam_core.statistics.headline import checked
from clam_core.study.readings.reading import Reading

WORKS: dict[str, str] = {
    "ryan": "Ryan S, Carlson NE, Butler H, Fingerlin TE, Maier LA, Xing F. Cluster activation "
    "mapping with applications to medical imaging. Journal of Medical Imaging 9(2), 2022.",
    "xie": "Xie J, Girshick R, Farhadi A. Unsupervised deep embedding for clustering analysis. "
    "International Conference on Machine Learning, 2016.",
    "guo": "Guo X, Liu X, Zhu E, Yin J. Deep clustering with convolutional autoencoders. "
    "International Conference on Neural Information Processing, 2017.",
    "k-means": "Arthur D, Vassilvitskii S. k-means++: the advantages of careful seeding. "
    "ACM-SIAM Symposium on Discrete Algorithms, 2007.",
    "luxburg": "von Luxburg U. A tutorial on spectral clustering. Statistics and Computing 17, "
    "2007.",
    "ledoit": "Ledoit O, Wolf M. A well-conditioned estimator for large-dimensional covariance "
    "matrices. Journal of Multivariate Analysis 88, 2004.",
    "umap": "McInnes L, Healy J, Melville J. UMAP: Uniform Manifold Approximation and Projection "
    "for dimension reduction. arXiv:1802.03426, 2018.",
    "silhouette": "Rousseeuw PJ. Silhouettes: a graphical aid to the interpretation and validation "
    "of cluster analysis. Journal of Computational and Applied Mathematics 20, 1987.",
    "gap": "Tibshirani R, Walther G, Hastie T. Estimating the number of clusters in a data set via "
    "the gap statistic. Journal of the Royal Statistical Society B 63, 2001.",
    "hennig": "Hennig C. Cluster-wise assessment of cluster stability. Computational Statistics & "
    "Data Analysis 52, 2007.",
    "hubert": "Hubert L, Arabie P. Comparing partitions. Journal of Classification 2, 1985.",
    "integrated": "Sundararajan M, Taly A, Yan Q. Axiomatic attribution for deep networks. "
    "International Conference on Machine Learning, 2017.",
    "grad_cam": "Selvaraju RR et al. Grad-CAM: visual explanations from deep networks via "
    "gradient-based localization. International Conference on Computer Vision, 2017.",
    "score_cam": "Wang H et al. Score-CAM: score-weighted visual explanations for convolutional "
    "neural networks. CVPR workshops, 2020.",
    "occlusion": "Zeiler MD, Fergus R. Visualizing and understanding convolutional networks. "
    "European Conference on Computer Vision, 2014.",
    "petsiuk": "Petsiuk V, Das A, Saenko K. RISE: randomized input sampling for explanation of "
    "black-box models. British Machine Vision Conference, 2018.",
    "chattopadhay": "Chattopadhay A et al. Grad-CAM++: generalized gradient-based visual "
    "explanations for deep convolutional networks. WACV, 2018.",
    "adebayo": "Adebayo J et al. Sanity checks for saliency maps. Advances in Neural Information "
    "Processing Systems, 2018.",
    "bh": "Benjamini Y, Hochberg Y. Controlling the false discovery rate: a practical and powerful "
    "approach to multiple testing. Journal of the Royal Statistical Society B 57:289, 1995.",
    "holm": "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal "
    "of Statistics 6:65, 1979.",
    "by": "Benjamini Y, Yekutieli D. The control of the false discovery rate in multiple testing "
    "under dependency. Annals of Statistics 29:1165, 2001.",
    "welch": "Welch BL. On the comparison of several mean values: an alternative approach. "
    "Biometrika 38:330, 1951.",
    "kruskal": "Kruskal WH, Wallis WA. Use of ranks in one-criterion variance analysis. Journal of "
    "the American Statistical Association 47:583, 1952.",
    "fisher": "Freeman GH, Halton JH. Note on an exact treatment of contingency, goodness of fit "
    "and other problems of significance. Biometrika 38:141, 1951.",
    "cramer": "Bergsma W. A bias-correction for Cramér's V and Tschuprow's T. Journal of the "
    "Korean Statistical Society 42:323, 2013.",
    "hc3": "MacKinnon JG, White H. Some heteroskedasticity-consistent covariance matrix estimators "
    "with improved finite sample properties. Journal of Econometrics 29:305, 1985.",
    "kaplan": "Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. Journal "
    "of the American Statistical Association 53:457, 1958.",
    "cox": "Cox DR. Regression models and life-tables. Journal of the Royal Statistical Society B "
    "34:187, 1972.",
    "elteren": "van Elteren PH. On the combination of independent two-sample tests of Wilcoxon. "
    "Bulletin of the International Statistical Institute 37:351, 1960.",
    "landis": "Landis JR, Heyman ER, Koch GG. Average partial association in three-way contingency "
    "tables: a review and discussion of alternative tests. International Statistical Review "
    "46:237, 1978.",
    "grambsch": "Grambsch PM, Therneau TM. Proportional hazards tests and diagnostics based on "
    "weighted residuals. Biometrika 81:515, 1994.",
    "royston": "Royston P, Parmar MKB. Restricted mean survival time: an alternative to the hazard "
    "ratio. BMC Medical Research Methodology 13:152, 2013.",
    "gray": "Gray RJ. A class of K-sample tests for comparing the cumulative incidence of a "
    "competing risk. Annals of Statistics 16:1141, 1988.",
    "robins": "Robins JM, Hernan MA, Brumback B. Marginal structural models and causal inference "
    "in epidemiology. Epidemiology 11:550, 2000.",
    "schuirmann": "Schuirmann DJ. A comparison of the two one-sided tests procedure and the power "
    "approach. Journal of Pharmacokinetics and Biopharmaceutics 15:657, 1987.",
    "searle": "Searle SR, Speed FM, Milliken GA. Population marginal means in the linear model. "
    "American Statistician 34:216, 1980.",
    "rubin": "Barnard J, Rubin DB. Small-sample degrees of freedom with multiple imputation. "
    "Biometrika 86:948, 1999.",
    "buuren": "van Buuren S, Groothuis-Oudshoorn K. mice: multivariate imputation by chained "
    "equations in R. Journal of Statistical Software 45(3), 2011.",
    "keene": "Keene ON, Jones MRK, Lane PW, Anderson J. Analysis of exacerbation rates in asthma "
    "and chronic obstructive pulmonary disease. Pharmaceutical Statistics 6:89, 2007.",
    "kuznetsova": "Kuznetsova A, Brockhoff PB, Christensen RHB. lmerTest package: tests in linear "
    "mixed effects models. Journal of Statistical Software 82(13), 2017.",
    "cohen": "Cohen J. Weighted kappa: nominal scale agreement with provision for scaled "
    "disagreement or partial credit. Psychological Bulletin 70:213, 1968.",
    "fleiss": "Fleiss JL. Measuring nominal scale agreement among many raters. Psychological "
    "Bulletin 76:378, 1971.",
    "gwet": "Gwet KL. Computing inter-rater reliability and its variance in the presence of high "
    "agreement. British Journal of Mathematical and Statistical Psychology 61:29, 2008.",
    "shrout": "Shrout PE, Fleiss JL. Intraclass correlations: uses in assessing rater "
    "reliability. Psychological Bulletin 86:420, 1979.",
    "bland": "Bland JM, Altman DG. Statistical methods for assessing agreement between two "
    "methods of clinical measurement. Lancet 327:307, 1986.",
    "freedman": "Freedman D, Lane D. A nonstochastic interpretation of reported significance "
    "levels. Journal of Business & Economic Statistics 1:292, 1983.",
    "chung": "Chung E, Romano JP. Exact and asymptotically robust permutation tests. Annals of "
    "Statistics 41:484, 2013.",
    "mixture": "McLachlan GJ, Peel D. Finite Mixture Models. Wiley, 2000.",
    "one heap": "McLachlan GJ. On bootstrapping the likelihood ratio test statistic for the number "
    "of components in a normal mixture. Applied Statistics 36:318, 1987.",
    "laird": "Laird NM, Ware JH. Random-effects models for longitudinal data. Biometrics 38:963, "
    "1982.",
}
_OF_METHOD = {
    "profiles": ("k-means",),
    "kmeans": ("k-means",),
    "dcec": ("k-means",),
    "graph": ("luxburg",),
    "umap": ("umap",),
    "density": ("mixture",),
    "texture": ("mixture",),
}
_OF_HEAD = {"student": ("xie",), "gaussian": ("ledoit",)}
_OF_TEST = {"Welch": "welch", "Kruskal": "kruskal", "Fisher": "fisher"}


def cited(material: Material) -> list[str]:
    """Works that this run used, in alphabetical order."""
    keys = {"ryan", "guo", *_of_fit(material), *_of_maps(material), *_of_tests(material)}
    keys |= {key for reading in material.readings for key in _of_reading(reading)}
    if material.selection is not None:
        keys |= {"silhouette", "gap", "hennig", "hubert"}
    return sorted({WORKS[key] for key in keys} | _of_lung_function(material), key=str.casefold)


def _of_fit(material: Material) -> set[str]:
    info = material.info
    brought = info.given or info.encoder
    method = info.method if brought is None else brought.clusterer
    keys = {*_OF_METHOD.get(method, ()), *_OF_HEAD.get(str(info.model.get("head")), ())}
    if info.method == "dcec":
        keys.add("xie")
    if info.evidence:
        keys.add("one heap")
    return keys | ({"umap"} if info.plane == "umap" else set())


def _of_maps(material: Material) -> set[str]:
    localized = material.info.localized
    if localized is None:
        return set()
    keys = {"petsiuk", "chattopadhay"}
    variant = str(localized.get("settings", {}).get("variant"))
    keys |= {variant} & set(WORKS)
    return keys | ({"adebayo"} if localized.get("randomization") is not None else set())


def _of_tests(material: Material) -> set[str]:
    associations = material.associations
    if associations is None:
        return set()
    keys = {str(associations.about["settings"]["correction"]), "hennig", "hubert"}
    tests = " ".join(str(test) for test in associations.rows["test"])
    keys |= {key for word, key in _OF_TEST.items() if word in tests}
    if (associations.rows["effect_name"] == "cramers_v").any():
        keys.add("cramer")
    if associations.rows["adjusted_test"].astype(str).str.contains("HC3").any():
        keys.add("hc3")
    keys |= {"freedman", "chung"} if len(checked(associations.rows)) else set()
    settings = associations.about["settings"]
    keys |= {"robins"} if settings.get("adjust_by") == "weights" else set()
    keys |= {"rubin", "buuren"} if settings.get("impute") else set()
    keys |= {"rubin"} if settings.get("label_draws") else set()
    keys |= {"schuirmann"} if len(associations.table("equivalence")) else set()
    keys |= {"searle"} if len(associations.table("adjusted_means")) else set()
    keys |= {"elteren", "landis"} if len(associations.table("within")) else set()
    known = associations.about.get("follow_up") or {}
    keys |= {"kaplan", "cox", "grambsch"} if "survival" in known else set()
    keys |= {"gray"} if len(associations.table("incidence")) else set()
    keys |= {"keene"} if "rates" in known else set()
    keys |= {"royston"} if len(associations.table("restricted_pairs")) else set()
    return keys | ({"laird", "kuznetsova"} if "slopes" in known else set())


def _of_reading(reading: Reading) -> set[str]:
    protocol = reading.protocol()
    if len(protocol.readers) < 2 and not protocol.repeats:
        return set()
    kinds = {item.kind for item in protocol.items}
    keys = {"shrout", "bland"} if "percent" in kinds else set()
    if kinds & {"grades", "yes_no", "choice"}:
        keys |= {"cohen", "gwet"} | ({"fleiss"} if len(protocol.readers) > 2 else set())
    return keys


def _of_lung_function(material: Material) -> set[str]:
    """Equations of calculated columns, as the table says them."""
    return {f"{one.equation}." for one in material.columns or [] if one.equation}
