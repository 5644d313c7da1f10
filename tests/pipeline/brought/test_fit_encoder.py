"""`fit --encoder`: our own network given back finds the same; maps, new scans, refusals."""

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from clam_core.errors import EncoderError, SettingsError, StudyError
from clam_core.pipeline.brought.fit_encoder import fit_encoder, input_of_encoder
from clam_core.pipeline.declared_steps import STEPS
from clam_core.pipeline.method.assign import assign
from clam_core.pipeline.method.check_run import RunParts
from clam_core.pipeline.method.explain import explain_scan
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.fit_features import fit_features
from clam_core.pipeline.method.known_run import KnownRun
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.method.select import select
from clam_core.pipeline.method.weights import load_model
from clam_core.pipeline.output.export import export
from clam_core.pipeline.output.report import report
from clam_core.pipeline.progress import silent
from clam_core.pipeline.scans.new_scan import NewScan
from clam_core.report import ReportSettings
from clam_core.sandbox.workforce import Workforce
from clam_core.settings import FitSettings, LocalizeSettings, SelectSettings
from clam_core.settings.brought_encoder import InputOfEncoder
from clam_core.settings.encoder_limits import EncoderLimits
from clam_core.settings.harmonise import HarmoniseSettings
from clam_core.study import Run, run_names
from tests.models.brought import encoders as made
from tests.models.brought.encoders import program, script
from tests.pipeline.simulated import QUICK, cohort, study_of

OWN = FitSettings(plane="pca")


class Given(torch.nn.Module):
    """Our own network, given back as a stranger's: a layer and the latent code."""

    def __init__(self, network):
        super().__init__()
        self.down, self.out = torch.nn.ModuleList(network.encoder), network.to_latent
        self.slope = float(network.settings.slope)

    def forward(self, x):
        for layer in self.down:
            x = torch.nn.functional.leaky_relu(layer(x), self.slope)
        return x, self.out(x.flatten(1))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    study = study_of(tmp_path_factory.mktemp("study") / "s", cohort(n_per_group=12, seed=2))
    fit(study, "ours", QUICK.model_copy(update={"method": "kmeans"}))
    return study


@pytest.fixture(scope="module")
def files(tmp_path_factory, study):
    folder = tmp_path_factory.mktemp("encoders")
    given = Given(load_model(Run(study, "ours"))[0].autoencoder)
    script(given, folder / "given.pt")
    program(given, folder / "given.pt2")
    program(made.CodeOnly(), folder / "code.pt2")
    script(made.Small(), folder / "small.pt")
    return folder


@pytest.fixture(scope="module")
def given(study, files):
    fit_encoder(study, "given", files / "given.pt2", OWN)
    return Run(study, "given")


@pytest.fixture(scope="module")
def code(study, files):
    window = InputOfEncoder(kind="window", window=(-1000, 400))
    fit_encoder(study, "code", files / "code.pt2", OWN, given=(window, EncoderLimits()))
    return Run(study, "code")


@pytest.fixture(scope="module")
def mapped(study, given, code):
    for name in ("given", "code"):
        localize(study, name, LocalizeSettings())
    return given, code


def test_our_latent_codes_come_back_and_are_grouped_as_a_table_of_them(
    study, given, files, tmp_path
):
    ours = Run(study, "ours")
    export(study, "ours", "latent", tmp_path)
    fit_features(study, "table", tmp_path / "latent.csv", OWN)
    table = Run(study, "table")
    np.testing.assert_allclose(given.array("latent"), table.array("latent"), atol=1e-3)
    theirs = given.scans()["cluster"]
    assert theirs.index.tolist() == ours.scans().index.tolist()
    assert adjusted_rand_score(theirs, table.scans()["cluster"]) == 1
    np.testing.assert_allclose(
        given.array("soft_assignment"), table.array("soft_assignment"), atol=1e-3
    )


def test_both_formats_say_the_same(study, given, files):
    fit_encoder(study, "scripted", files / "given.pt", OWN)
    np.testing.assert_allclose(
        Run(study, "scripted").array("features"), given.array("features"), atol=1e-4
    )


def test_the_run_keeps_the_encoder_and_tells_what_it_is(given, files, code):
    about = given.info().encoder
    assert given.encoder().read_bytes() == (files / "given.pt2").read_bytes()
    assert (about.name, about.kind, about.n_codes) == ("given.pt2", "exported", 4)
    assert about.layer == (8, 4, 4, 4) and about.maps == "integrated"
    notes = " ".join(given.info().notes)
    assert "Groups come from the codes (4 numbers) of an encoder that was brought along" in notes
    assert "integrated gradients at the layer that the encoder returns (4 by 4 by 4 nodes)" in notes
    told = code.info().encoder
    assert told.maps == "occlusion" and "code without activations" in told.why
    assert "by occlusion: it returns a code without activations." in " ".join(code.info().notes)
    assert given.info().method == "encoder"


def test_maps_by_gradients_add_up_and_agree_with_those_of_our_own_network(study, mapped, tmp_path):
    """The same code, head and layer with our own integration: a straight path in activations."""
    table = mapped[0].maps()
    assert table["done"].all() and table["completeness"].max() < 0.01
    given, _ = load_model(mapped[0])
    own, scale = load_model(Run(study, "ours"))
    from clam_core.localization import Question
    from clam_core.localization.integrated import integrate
    from clam_core.localization.reference import make_reference
    from clam_core.localization.task import Task
    from clam_core.models import ClusterModel, LatentFeatures
    from clam_core.pipeline.method.fit import source_of
    from clam_core.training import CohortImages

    class Projected(LatentFeatures):
        def forward(self, activations, autoencoder):
            return given.features.of_codes(autoencoder.latent(activations))

    straight = ClusterModel(own.autoencoder, Projected(), given.head).eval()
    images = CohortImages(source_of(study, study.ready()), scale)
    reference = make_reference(straight, images.in_batches(8), layer=2)
    along = make_reference(given, images.in_batches(8), layer=1)
    alike = []
    for row in range(4):
        image = images.batch(torch.tensor([row]))
        question = Question(int(straight(image).argmax()))
        ours = integrate(image, Task(straight, question, 2, LocalizeSettings(), reference)).nodes
        theirs = integrate(image, Task(given, question, 1, LocalizeSettings(), along)).nodes
        alike.append(np.corrcoef(ours.numpy().ravel(), theirs.detach().numpy().ravel())[0, 1])
    given.autoencoder.close()
    assert min(alike) > 0.8


def test_occlusion_is_the_fall_of_the_log_odds(study, mapped):
    run = mapped[1]
    assert run.info().localized["settings"]["variant"] == "occlusion"
    assert run.maps()["done"].all()
    made_of = explain_scan(study, run, "s00").signed
    model, scale = load_model(run)
    volume, mask = study.reader(["s00"])(0)
    image = torch.from_numpy(scale.apply(volume, mask))[None, None]
    assert float(image.min()) >= 0 and float(image.max()) <= 1  # the window that was asked for
    from clam_core.pipeline.method.weights import load_reference

    fill = load_reference(run).image
    covered = image.clone()
    covered[..., :8, :8, :8] = fill[..., :8, :8, :8]
    with torch.no_grad():
        both = model.log_assign(torch.cat([image, covered])).double()
    model.autoencoder.close()
    cluster = int(both[0].argmax())
    odds = both[:, cluster] - torch.log1p(-both[:, cluster].exp())
    inside = made_of[:8, :8, :8][mask[:8, :8, :8]]
    np.testing.assert_allclose(inside, float(odds[0] - odds[1]), rtol=1e-3, atol=1e-4)
    assert (made_of[~mask] == 0).all()


def test_workers_make_the_same_maps(study, mapped, files):
    fit_encoder(study, "again", files / "given.pt2", OWN)
    localize(study, "again", LocalizeSettings(), workforce=Workforce(2))
    np.testing.assert_array_equal(Run(study, "again").array("maps"), mapped[0].array("maps"))


def test_kinds_of_map_that_need_our_network_are_refused(study, given, code):
    with pytest.raises(SettingsError, match="'paper' need our own network.*integrated, occlusion"):
        localize(study, "given", LocalizeSettings(variant="paper"))
    with pytest.raises(SettingsError, match="returns one layer"):
        localize(study, "given", LocalizeSettings(layer=2))
    with pytest.raises(SettingsError, match="there can be occlusion, difference"):
        explain_scan(study, code, "s00", LocalizeSettings(variant="grad_cam"))


@pytest.mark.parametrize("name", ["given", "code"])
def test_a_scan_of_the_cohort_is_placed_where_it_was(study, mapped, name):
    """The lungs of a phantom this small are not found again: the scan is given as prepared."""
    run = Run(study, name)
    place = run.scans().index.get_loc("s03")
    volume, mask = study.reader(["s03"])(0)
    known = KnownRun(study, run)
    said = known.describe(NewScan(volume, mask, np.diag([4.0, 4.0, 4.0, 1.0])))
    assert said["nearest"][0] == "s03" and said["distance"] < 1e-4
    np.testing.assert_allclose(
        said["soft_assignment"], run.array("soft_assignment")[place], atol=1e-4
    )
    assert not said["unlike_cohort"]
    words, made_of = known.map_of(NewScan(volume, mask))
    assert words and made_of.max() == pytest.approx(1)
    stored = run.array("maps")[place].astype(np.float32)
    np.testing.assert_allclose(made_of, stored, atol=2e-3)


def test_a_scan_that_cannot_be_read_fails_alone(given, tmp_path):
    (tmp_path / "new.nii.gz").write_bytes(b"nothing")
    record = assign(given, [tmp_path / "new.nii.gz"], to=None).values["scans"][0]
    assert record["status"] == "failed"


def test_harmonising_codes_is_refused(study, files):
    asked = OWN.model_copy(update={"harmonise": HarmoniseSettings(column="kernel")})
    with pytest.raises(SettingsError, match="codes of an encoder are grouped as they are"):
        fit_encoder(study, "harmonised", files / "small.pt", asked)


def test_selection_report_exports_and_check_work(study, mapped, tmp_path):
    said = select(study, "given", SelectSettings(k_max=3, n_bootstrap=20, n_references=20))
    assert said.values["rows"]
    for run, words in zip(mapped, ("integrated gradients at the layer", "occlusion"), strict=True):
        report(study, run.name, tmp_path / "report.html", ReportSettings())
        written = (tmp_path / "report.html").read_text()
        assert "of an encoder that was brought along" in written and words in written
        assert "autoencoder (" not in written  # no network of ours was part of it
        assert "its weights are random" not in written
        for part in RunParts(run).listed():
            part.read()
    assert "values from -1000 to 400 brought to 0 to 1" in written
    for what in ("tables", "latent", "features"):
        export(study, "given", what, tmp_path / what)


def test_a_damaged_or_missing_copy_is_told(study, files):
    fit_encoder(study, "damaged", files / "code.pt2", OWN)
    run = Run(study, "damaged")
    content = run.encoder().read_bytes()
    run.encoder().write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(StudyError, match="encoder of the run 'damaged' is damaged"):
        load_model(run)
    run.encoder().unlink()
    with pytest.raises(StudyError, match="encoder of the run 'damaged' is missing"):
        localize(study, "damaged", LocalizeSettings())


def test_another_encoder_never_replaces_a_run(study, given, files):
    again = fit_encoder(study, "given", files / "given.pt2", OWN)
    assert again.sentences[1].startswith("Nothing to do")
    before = given.array("features")
    stored = InputOfEncoder(kind="stored")
    for path, asked in ((files / "small.pt", InputOfEncoder()), (files / "given.pt2", stored)):
        with pytest.raises(StudyError, match="choose another name"):
            fit_encoder(study, "given", path, OWN, given=(asked, EncoderLimits()))
    np.testing.assert_array_equal(given.array("features"), before)


def test_an_encoder_that_cannot_be_used_leaves_nothing(study, files, tmp_path):
    torch.save(made.Small().state_dict(), tmp_path / "weights.pt")
    small = EncoderLimits(file_bytes=1000)
    for path, limits, said in (
        (tmp_path / "weights.pt", EncoderLimits(), r"saved with torch\.save"),
        (tmp_path / "none.pt", EncoderLimits(), "no file 'none.pt'"),
        (files / "small.pt", small, "keeps a copy of at most"),
        (script(made.Same(), tmp_path / "same.pt"), EncoderLimits(), "all 24 scans the same code"),
    ):
        with pytest.raises(EncoderError, match=said):
            fit_encoder(study, "broken", path, OWN, given=(InputOfEncoder(), limits))
        assert "broken" not in run_names(study)


def test_one_scan_without_a_finite_code_is_named(study, tmp_path):
    volumes = [study.reader([one])(0)[0] for one in study.ready()]
    brightest = int(np.argmax([one.max() for one in volumes]))
    if brightest in {0, len(volumes) - 1}:  # these two are tried first
        pytest.skip("the brightest scan is one of the two that an encoder is tried on")
    limit = float(sorted(one.max() for one in volumes)[-2])

    class Marked(torch.nn.Module):
        def forward(self, x):
            pooled = torch.nn.functional.avg_pool3d(x, 8).flatten(1)
            return torch.where(x.flatten(1).amax(1, keepdim=True) > limit, float("nan"), pooled)

    path = program(Marked(), tmp_path / "m.pt2")
    with pytest.raises(EncoderError, match=f"scan '{study.ready()[brightest]}' is no finite"):
        fit_encoder(
            study, "marked", path, OWN, given=(InputOfEncoder(kind="stored"), EncoderLimits())
        )


def test_the_words_of_the_command_line():
    assert input_of_encoder("own") == InputOfEncoder()
    assert input_of_encoder("-1000,400").window == (-1000.0, 400.0)
    for wrong in ("hu", "1,2,3", "a,b", "400,-1000", ""):
        with pytest.raises(SettingsError):
            input_of_encoder(wrong)


def test_the_step_takes_an_encoder_and_nothing_else_beside_it(study, files):
    for more in ({"features": files / "t.csv"}, {"views": "density"}):
        with pytest.raises(SettingsError, match="another way to group scans than --encoder"):
            STEPS["fit"](study.folder, silent, {"encoder": files / "small.pt", **more})
    STEPS["fit"](
        study.folder,
        silent,
        {"encoder": files / "small.pt", "encoder_input": "stored", "run": "stepped", "k": 3},
    )
    about = Run(study, "stepped").info()
    assert about.encoder.input.kind == "stored" and about.n_clusters == 3
