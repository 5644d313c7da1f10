"""Data sets that are printed in R's documentation or in papers, with what R says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clam_core.statistics.cohort.groups import Groups, group

HERE = Path(__file__).parent

# datasets::sleep (Student 1908), extra hours of sleep under two drugs.
SLEEP = (
    np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]),
    np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]),
)

# datasets::PlantGrowth (Dobson 1983): control and two treatments.
PLANTS = (
    np.array([4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14]),
    np.array([4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69]),
    np.array([6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26]),
)

# ?kruskal.test: Hollander & Wolfe (1973), page 116, mucociliary efficiency.
MUCOCILIARY = (
    np.array([2.9, 3.0, 2.5, 2.6, 3.2]),
    np.array([3.8, 2.7, 4.0, 2.4]),
    np.array([2.8, 3.4, 3.7, 2.2, 2.0]),
)

# ?lawstat::brunner.munzel.test: pain scores, Brunner & Munzel (2000).
PAIN = (
    np.array([1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 1], dtype=float),
    np.array([3, 3, 4, 3, 1, 2, 3, 1, 1, 5, 4], dtype=float),
)

# ?fisher.test: job satisfaction (Agresti 2002, page 57), and criminal twins (Fisher 1962).
JOB = np.array([[1, 2, 1, 0], [3, 3, 6, 1], [10, 10, 14, 9], [6, 7, 12, 11]])
CONVICTIONS = np.array([[2, 15], [10, 3]])

# ?chisq.test: party by gender (Agresti 2007, page 39).
PARTY = np.array([[762, 327, 468], [484, 239, 477]])

# ?mantelhaen.test: penicillin and rabbits (Agresti 1990, page 231), job satisfaction of women and
# men (Agresti 2002, page 287); a table per stratum, rows are groups.
RABBITS = np.array([0, 0, 6, 5, 3, 0, 3, 6, 6, 2, 0, 4, 5, 6, 1, 0, 2, 5, 0, 0])
RABBITS = RABBITS.reshape(5, 2, 2).transpose(0, 2, 1)
SATISFACTION = np.array(
    [1, 2, 0, 0, 3, 3, 1, 2, 11, 17, 8, 4, 2, 3, 5, 2,
     1, 0, 0, 0, 1, 3, 0, 1, 2, 5, 7, 9, 1, 1, 3, 6]
).reshape(2, 4, 4).transpose(0, 2, 1)  # fmt: skip

# survival::aml (Miller 1997): 1 maintained, 2 not maintained.
AML_TIME = np.array(
    [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45.0]
)
AML_EVENT = np.array([1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1.0])
AML_LABELS = np.array([1] * 11 + [2] * 12)


def grouped(*parts: np.ndarray) -> Groups:
    """Groups of clusters 1, 2, ... with these values."""
    labels = np.repeat(np.arange(1, len(parts) + 1), [len(part) for part in parts])
    return group(np.concatenate(parts).astype(float), labels)


def read_table(name: str) -> tuple[np.ndarray, list[str]]:
    """Numbers and header of a file beside this one."""
    path = HERE / name
    header = path.read_text().splitlines()[0].replace('"', "").split(",")
    return np.loadtxt(path, delimiter=",", skiprows=1), header
