"""The report: what is in it, the same bytes, nothing of a stranger's that a browser would read."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pandas as pd
import pytest

from clam_core import __version__
from clam_core.errors import MissingStepError, SettingsError, StudyError
from clam_core.pipeline.output.report import report
from clam_core.report import SECTIONS, ReportSettings, build_report, outline
from clam_core.report.html import Figures
from clam_core.report.sections.follow_up import write_follow_up
from clam_core.study import Run, Study
from clam_core.study.associations import Associations, read_associations, write_associations
from clam_core.study.names import write_names
from tests.report import make


class Elements(HTMLParser):
    """Every element with its attributes, and the text outside style sheets."""

    VOID = frozenset({"img", "meta", "br", "hr", "line", "rect", "circle", "path", "polyline"})

    def __init__(self, text):
        super().__init__()
        self.found, self.words, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.found.append((name, dict(attributes)))
        if name not in self.VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.found.append((name, dict(attributes)))

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="session")
def elements(page):
    return Elements(page)


def test_elements_are_nested_and_headings_in_order(elements):
    assert elements.open == []
    levels = [int(name[1]) for name, _ in elements.found if re.fullmatch(r"h[1-6]", name)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_entry_of_the_contents_leads_somewhere(elements):
    ids = {a["id"] for _, a in elements.found if "id" in a}
    links = [a["href"] for name, a in elements.found if name == "a"]
    assert len(links) == len(SECTIONS)
    assert {link.removeprefix("#") for link in links} == ids


def test_every_picture_has_words_and_nothing_comes_from_outside(elements):
    pictures = [a for name, a in elements.found if name == "img"]
    drawings = [a for name, a in elements.found if name == "svg"]
    assert len(pictures) >= 3 * (6 + 4)
    assert len(drawings) >= 8
    assert all(len(a["alt"]) > 10 for a in pictures)
    assert all(a["role"] == "img" and len(a["aria-label"]) > 10 for a in drawings)
    assert all(a["src"].startswith("data:image/jpeg;base64,") for a in pictures)
    names = {name for name, _ in elements.found}
    assert not names & {"script", "link", "iframe", "object", "embed", "form", "input"}
    policy = next(a["content"] for _, a in elements.found if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert not any(key.startswith("on") for _, a in elements.found for key in a)


def test_numbers_of_the_cohort_are_those_of_the_study(elements):
    text = elements.text
    assert "19 scans of 19 subjects were found" in text
    assert "18 scans went into the clusters" in text
    assert f"S18 {make.FAILED}" in text
    assert f"{make.SKIPPED} 7" in text
    assert "The lung mask touches the edge. 1: S00" in text
    assert "B30f (9); B70f (9)" in text
    assert "18 scans in 3 clusters of 8, 6 and 4" in text


def test_typical_and_borderline_scans_are_shown_by_their_rule(elements):
    alts = [a["alt"] for name, a in elements.found if name == "img"]
    of_first = [re.search(r"scan (S\d+)", alt)[1] for alt in alts if "of cluster 1, conf" in alt]
    # On the first axis the eight scans lie at 0, 0.1, 0.4, 0.9, 1.6, 2.5, 3.6 and 4.9, their mean
    # at 1.75; the first of them have the smallest margins.
    assert of_first == ["S04", "S05", "S03", "S00", "S01", "S02"]


def test_clinical_values_are_those_of_the_table(complete, elements):
    frame, _ = complete.clinical()
    means = frame["fvc"].groupby(make.clusters()).mean()
    text = elements.text
    for number in (1, 2, 3):
        shown = re.search(rf"cluster {number}: ([\d.]+) ± ", text).group(1)
        assert float(shown) == pytest.approx(means[number], abs=0.05)
    assert "95 % bands (event: Died)" in text
    assert "Adjusted for age" in text and "Adjusted means" in text and "Holm over the pairs" in text
    assert "probability of" in text
    assert "strongest is" in text


def test_faithfulness_methods_and_citations(complete, elements):
    text = elements.text
    assert "94 % of the maps moved the assignment as they should" in text
    assert "correlate 0.25 with these" in text
    assert f"CLAM Explorer {__version__} (numpy 2.4.6" in text
    assert "seed 42" in text
    for digest in (Run(complete, "default").info().inputs, "f" * 64):
        assert digest in text
    for author in ("Ryan S", "Xie J", "Guo X", "McInnes L", "Sundararajan M", "Benjamini Y"):
        assert author in text
    assert "Selvaraju" not in text  # Grad-CAM was not used
    assert "by permutation of residuals (Freedman and Lane)" in text and "Chung E" in text
    assert text.count("Research use only") >= 2


def test_methods_of_an_older_comparison_name_no_shuffles(complete, tmp_path):
    copied = Study(shutil.copytree(complete.folder, tmp_path / "one"))
    run = Run(copied, "default")
    found = read_associations(run)
    rows = found.rows.drop(columns="shuffled_p_value")
    write_associations(run, Associations(rows, found.tables, found.about))
    text = Elements(build_report(run, ReportSettings(sections=("methods",))).decode()).text
    assert "Freedman" not in text and "Chung E" not in text and "Benjamini-Hochberg" in text


def test_where_the_scans_lie_and_the_key_stay_out(page):
    for secret in ("/secret/place", "k" * 32, "Zanzibarova"):
        assert secret not in page


def test_the_same_study_gives_the_same_bytes_in_another_process_and_place(complete, page, tmp_path):
    shutil.copytree(complete.folder, tmp_path / "trial")
    code = (
        "import sys; from clam_core.report import build_report; from clam_core.study import *;"
        "sys.stdout.buffer.write(build_report(Run(Study(sys.argv[1]), 'default')));"
        "heavy = {'torch', 'umap', 'statsmodels', 'plotly', 'streamlit'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "trial")]
    # Products on two threads round otherwise than on one.
    others = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "7"}
    done = subprocess.run(command, capture_output=True, check=False, env=others)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == page.encode()


HOSTILE = '<script>alert("x")</script>'


def test_texts_of_strangers_are_shown_letter_by_letter(tmp_path):
    made = make.complete(tmp_path / "hostile", label=HOSTILE, level=HOSTILE, reason=HOSTILE)
    write_names(Run(made, "default"), {1: "<img src=x onerror=alert(1)>"})
    page = build_report(Run(made, "default")).decode()
    seen = Elements(page)
    names = {name for name, _ in seen.found}
    assert "script" not in names
    assert all(a.get("src", "data:").startswith("data:") for _, a in seen.found)
    assert seen.text.count(HOSTILE) >= 8  # label, level and reason are there, as text
    assert "<script" not in page


def test_a_step_that_is_missing_is_named(partial):
    rows = {row.name: row.missing for row in outline(Run(partial, "default"))}
    assert "'select'" in rows["number"]
    assert "'localize'" in rows["clusters"]
    assert "'localize'" in rows["maps"]
    assert "'clinical'" in rows["table_one"]
    assert not rows["cohort"]
    text = Elements(build_report(Run(partial, "default")).decode()).text
    for sentence in filter(None, rows.values()):
        assert sentence in text
    assert "middle slice" in text
    assert "Sundararajan" not in text


def test_maps_that_peak_at_the_border_are_said_and_a_limit(complete, tmp_path):
    run = Run(Study(shutil.copytree(complete.folder, tmp_path / "s")), "default")
    table = run.maps()
    place = {"peak_at_hilum": False, "border_share": 0.2, "hilum_share": 0.1}
    table.assign(peak_depth=1.0, **place).to_parquet(run.folder / "maps.parquet")
    text = Elements(build_report(run).decode()).text
    assert "Of 8 maps of cluster 1, 8 peak within 2 voxels of the border" in text
    assert "masks and breathing differ, too: cluster 1, 2, 3." in text
    table.assign(peak_depth=5.0, **place).to_parquet(run.folder / "maps.parquet")
    text = Elements(build_report(run).decode()).text
    assert "border of the mask" not in text and "breathing" not in text


def test_sections_can_be_chosen(complete):
    settings = ReportSettings(sections=("limits", "plane"))
    seen = Elements(build_report(Run(complete, "default"), settings).decode())
    assert [a["id"] for _, a in seen.found if "id" in a] == ["limits", "plane"]
    assert "1. Limits" in seen.text
    with pytest.raises(SettingsError, match="at least one section"):
        ReportSettings(sections=())


def test_changed_clinical_values_are_noticed(tmp_path):
    made = make.complete(tmp_path / "changed")
    frame, description = made.clinical()
    made.write_clinical(frame.assign(age=frame["age"] + 1), description)
    text = Elements(build_report(Run(made, "default")).decode()).text
    assert "have changed since this was computed. Run the step 'associate' again." in text


def test_pictures_without_depth_get_the_same_report(tmp_path):
    made = make.study(tmp_path / "flat", grid=(16, 14))
    found = make.run(made, grid=(16, 14))
    make.localize(found, grid=(16, 14))
    seen = Elements(build_report(found).decode())
    alts = [a["alt"] for name, a in seen.found if name == "img"]
    assert alts.count("Mean scan of cluster 1 with its mean map.") == 1
    assert "axial" not in " ".join(alts)


def test_the_step_writes_the_file_and_says_what_is_missing(complete, partial, page, tmp_path):
    said = report(complete, "default", tmp_path / "a.html", ReportSettings())
    assert (tmp_path / "a.html").read_bytes() == page.encode()
    assert said.values["missing"] == []
    said = report(partial, "default", tmp_path / "b.html", ReportSettings())
    assert len(said.values["missing"]) == 5
    with pytest.raises(StudyError, match="folder that exists"):
        report(complete, "default", tmp_path / "none" / "a.html", ReportSettings())
    with pytest.raises(MissingStepError, match="'fit'"):
        report(Study(partial.folder), "other", tmp_path / "c.html", ReportSettings())


def test_change_over_time_is_told_in_words_and_drawn():
    slopes = pd.DataFrame(
        {"value": "FVC", "cluster": [1, 2], "n_subjects": [9, 8], "n_visits": [27, 24],
         "slope": [-0.5, 0.1], "ci_low": [-0.8, -0.2], "ci_high": [-0.2, 0.4]}
    )  # fmt: skip
    said = {"FVC": {"p_value": 0.004, "model": "random intercepts"}, "DLCO": {"reason": "too few"}}
    found = Associations(pd.DataFrame(), {"slopes": slopes}, {"follow_up": {"slopes": said}})
    seen = Elements(str(write_follow_up(found, Figures())))
    assert "Cluster 1: −0.50 (−0.80 to −0.20); cluster 2: 0.10" in seen.text
    assert "Test that all change alike: p = 0.004 (random intercepts)" in seen.text
    assert "DLCO: too few." in seen.text
    assert [name for name, _ in seen.found].count("svg") == 1


@pytest.mark.parametrize(
    ("method", "head", "said", "work"),
    [
        ("profiles", "gaussian", "reduced to 8 principal components", "Ledoit O"),
        ("density", "gaussian", "five bands of voxels", "Peel D"),
        ("kmeans", "student", "grouped by k-means into 3 clusters", "Arthur D"),
        ("gmm", "mixture", "by the densities of the mixture", "Guo X"),
        (
            "graph",
            "gaussian",
            "spectral clustering of their nearest-neighbour graph",
            "von Luxburg",
        ),
        ("umap", "gaussian", "laid out by UMAP", "McInnes L"),
        ("dcec", "student", "deep convolutional embedded clustering", "Xie J"),
    ],
)
def test_methods_are_written_from_the_settings(partial, method, head, said, work):
    found = make.run(partial, f"run-{method}", method=method, head=head)
    text = Elements(build_report(found, ReportSettings(sections=("methods",))).decode()).text
    assert said in text
    assert work in text
