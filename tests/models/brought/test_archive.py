"""Files of encoders: what would unpickle, execute or reach files is refused before it is loaded."""

import io
import json
import pickle
import zipfile

import pytest
import torch

from clam_core.models.brought.archive import UnusableError, check_archive, kind_of, open_archive
from clam_core.models.brought.program import load_program
from tests.models.brought.encoders import GRID, CodeOnly, Small, program, script


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def rewritten(path, target, change):
    """A copy of an archive with other members: `change` maps name and content to these, or None."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        root = old.namelist()[0].split("/")[0]
        for name in old.namelist():
            inner = name.removeprefix(f"{root}/")
            content = change(inner, old.read(name))
            if content is not None:
                new.writestr(f"{root}/{inner}", content)
    return target


def with_json(path, target, member, change):
    def one(name, content):
        if not name.endswith(member):
            return content
        values = json.loads(content)
        change(values)
        return json.dumps(values).encode()

    return rewritten(path, target, one)


def refusal(path):
    archive = open_archive(path)
    with pytest.raises(UnusableError) as found:
        check_archive(archive, kind_of(archive))
    return str(found.value)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return program(Small(), tmp_path_factory.mktemp("made") / "e.pt2")


@pytest.fixture(scope="module")
def scripted(tmp_path_factory):
    return script(Small(), tmp_path_factory.mktemp("made") / "s.pt")


def test_both_formats_are_known_and_say_what_the_module_says(exported, scripted):
    scans = torch.rand(3, 1, *GRID)
    with torch.no_grad():
        own = Small().eval()(scans)
    for path, kind in ((exported, "exported"), (scripted, "torchscript")):
        assert kind_of(open_archive(path)) == kind
        load_program.cache_clear()
        with torch.no_grad():
            found = load_program(path, 3).answer(scans)
        for one, other in zip(found, own, strict=True):
            torch.testing.assert_close(one, other)


def test_pickles_are_never_loaded(tmp_path):
    made = tmp_path / "made"
    torch.save({"model": Bomb(made)}, tmp_path / "pickled.pt")
    with pytest.raises(UnusableError, match=r"saved with torch\.save.*never loaded; save it with"):
        load_program(tmp_path / "pickled.pt", 3)
    (tmp_path / "bare.pkl").write_bytes(pickle.dumps(Bomb(made)))
    torch.save(Bomb(made), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    for name in ("bare.pkl", "old.pt"):
        with pytest.raises(UnusableError, match="no archive of TorchScript"):
            load_program(tmp_path / name, 3)
    assert not made.exists()


def test_weights_and_constants_that_are_pickled_are_refused(exported, tmp_path):
    def pickled(values):
        next(iter(values["config"].values()))["use_pickle"] = True

    path = with_json(exported, tmp_path / "w.pt2", "model_weights_config.json", pickled)
    assert "pickled weights or objects" in refusal(path)

    def custom(values):
        values["config"]["c"] = {"path_name": "opaque_obj_0", "is_param": False}

    path = with_json(exported, tmp_path / "c.pt2", "model_constants_config.json", custom)
    assert "pickled weights or objects" in refusal(path)


def test_sample_inputs_are_not_unpickled(exported, tmp_path):
    made, content = tmp_path / "made", io.BytesIO()
    torch.save((Bomb(made),), content)

    def bomb(name, old):
        return content.getvalue() if name.startswith("data/sample_inputs/") else old

    path = rewritten(exported, tmp_path / "b.pt2", bomb)
    with pytest.raises(UnusableError, match="cannot be loaded"):
        load_program(path, 3)
    assert not made.exists()


def test_compiled_code_is_refused(exported, tmp_path):
    path = tmp_path / "a.pt2"
    path.write_bytes(exported.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        root = archive.namelist()[0].split("/")[0]
        archive.writestr(f"{root}/data/aotinductor/model/code.so", b"elf")
    assert "compiled or pickled" in refusal(path)


@pytest.mark.parametrize(
    "target",
    [
        "torch.serialization.os.system",
        "torch.ops.aten.from_file.default",
        "torch.hub.load",
        "_operator.attrgetter",
        "torch.ops.aten.conv3d.default.__globals__",
        "#extension:x",
    ],
)
def test_only_operators_on_tensors_may_be_called(exported, tmp_path, target):
    def change(values):
        values["graph_module"]["graph"]["nodes"][0]["target"] = target

    path = with_json(exported, tmp_path / "t.pt2", "models/model.json", change)
    assert "is no operator on tensors" in refusal(path)


def test_sizes_are_not_evaluated_unless_they_are_sizes(exported, tmp_path):
    made = tmp_path / "made"

    def change(values):
        sizes = values["graph_module"]["graph"]["tensor_values"]["x"]["sizes"]
        sizes[0]["as_expr"]["expr_str"] = f"__import__('pathlib').Path({str(made)!r}).touch()"

    path = with_json(exported, tmp_path / "s.pt2", "models/model.json", change)
    assert "is no number" in refusal(path)
    with pytest.raises(UnusableError, match="is no number"):
        load_program(path, 3)
    assert not made.exists()


def test_code_of_guards_is_not_executed(exported, tmp_path):
    made = tmp_path / "made"

    def change(values):
        values["guards_code"] = [f"open({str(made)!r}, 'w')"]

    path = with_json(exported, tmp_path / "g.pt2", "models/model.json", change)
    load_program.cache_clear()
    with torch.no_grad():
        load_program(path, 3).answer(torch.rand(1, 1, *GRID))
    assert not made.exists()


def test_containers_that_name_types_are_refused(exported, tmp_path):
    def change(values):
        signature = values["graph_module"]["module_call_graph"][0]["signature"]
        signature["out_spec"] = signature["out_spec"].replace("builtins.tuple", "os.system", 1)

    path = with_json(exported, tmp_path / "o.pt2", "models/model.json", change)
    assert "plain tensors are needed" in refusal(path)


class Writing(torch.nn.Module):
    def forward(self, x):
        torch.save(x, "/nowhere/x.pt")
        return x.flatten(1)


class Reading(torch.nn.Module):
    def forward(self, x):
        return x.flatten(1) + torch.from_file("/etc/hostname", size=4)


@pytest.mark.parametrize("model", [Writing(), Reading()])
def test_a_script_that_reaches_files_is_refused(tmp_path, model):
    assert "reads or writes files" in refusal(script(model, tmp_path / "f.pt"))


def test_a_damaged_file_is_one_sentence(exported, scripted, tmp_path):
    for place, path in enumerate((exported, scripted)):
        content = path.read_bytes()
        (tmp_path / "cut").write_bytes(content[: len(content) // 2])
        with pytest.raises(UnusableError, match="no archive"):
            load_program(tmp_path / "cut", 3)
        missing = rewritten(
            path, tmp_path / f"m{place}", lambda name, old: None if name.endswith("_0") else old
        )
        if place == 0:
            with pytest.raises(UnusableError, match="cannot be loaded by PyTorch"):
                load_program(missing, 3)


def test_a_plain_zip_is_none(tmp_path):
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("a/readme.txt", "x")
    with pytest.raises(UnusableError, match="no archive of TorchScript"):
        load_program(tmp_path / "z.zip", 3)


def test_a_code_without_activations_is_enough(tmp_path):
    path = program(CodeOnly(), tmp_path / "c.pt2")
    load_program.cache_clear()
    with torch.no_grad():
        activations, code = load_program(path, 3).answer(torch.rand(2, 1, *GRID))
    assert activations is None and code.shape == (2, 6)
