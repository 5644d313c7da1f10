"""The vocabulary: clinicians' columns in several spellings and languages, and what is none."""

import pytest

from clam_core.tables.personal_columns import looks_personal
from clam_core.tables.text.units import NAME_UNITS
from clam_core.tables.vocabulary import FAMILIES, find_meaning, name_unit

LUNG, SCORES, OUTCOMES = "lung function", "visual scores", "symptoms and outcomes"

SPELLINGS = {
    ("FEV1", LUNG): "FEV1|fev1_l|FEV 1|FEV1%pred|fev1pp|VEMS|Einsekundenkapazität|preFEV1 FEV1",
    ("FVC", LUNG): "FVC|FVC (L)|fvc_pctpred|Forced Vital Capacity|CVF|Forcierte Vitalkapazität",
    ("FEV1/FVC", LUNG): "FEV1/FVC|FEV1_FVC|fev1fvc|Tiffeneau|FEV1/VC %",
    ("DLCO", LUNG): "DLCO|DLCO_SB|DLCOc SB|dlco_pred|Diffusionskapazität",
    ("TLCO", LUNG): "TLCO|TLCO SB [%]|Transferfaktor|transfer factor",
    ("KCO", LUNG): "KCO|DLCO/VA|Krogh",
    ("TLC", LUNG): "TLC|TLC_L|Total lung capacity|Totalkapazität|TLC % Soll",
    ("6MWD", OUTCOMES): "6MWD|6-MWD|6MWT_m|six minute walk test|6-Minuten-Gehtest|Gehstrecke (m)",
    ("Ground glass", SCORES): "Ground glass|ground-glass opacity score|GGO|GGO_extent|Milchglas"
    "|Milchglastrübung|verre dépoli|vidrio deslustrado",
    ("Fibrosis", SCORES): "Fibrosis|fibrosis_score|FibrosisScore|Fibrose|Lungenfibrose",
    ("Honeycombing", SCORES): "Honeycombing|honey-combing|Honeycomb score|Honigwaben|panal",
    ("Reticulation", SCORES): "reticulation|Reticular pattern RUL|Retikulation",
    ("Scadding stage", SCORES): "Scadding|scadding_stage|Stadium nach Scadding|CXR stage"
    "|Röntgentyp|chest x-ray stage",
    ("Age", "demographics"): "Age|age_at_scan|Alter|edad|Age (years)|patientAge",
    ("Sex", "demographics"): "sex|Gender|Geschlecht|sexe",
    ("Height", "demographics"): "height|Height (cm)|Größe|Körpergröße|taille",
    ("Pack-years", "demographics"): "pack-years|PackYears|py|Packungsjahre",
    ("mMRC grade", OUTCOMES): "mMRC|dyspnea_mMRC",
    ("Site", "acquisition"): "site|Center|study site|Zentrum",
    ("Slice thickness", "acquisition"): "SliceThickness|slice_thickness_mm|Schichtdicke",
    ("Steroids", "treatment"): "steroids|Prednisone|Kortison",
}
CASES = [(name, *known) for known, names in SPELLINGS.items() for name in names.split("|")]


@pytest.mark.parametrize(("name", "term", "family"), CASES)
def test_spellings_are_understood(name, term, family):
    meaning = find_meaning(name)
    assert meaning is not None
    assert (meaning.term, meaning.family) == (term, family)
    assert family in FAMILIES


@pytest.mark.parametrize(
    "name",
    [
        "stage", "message", "dosage", "face", "surface", "lesion height", "height_of_nodule",
        "shoe_size", "diagnosis", "volume (L)", "id", "n_nodules", "number of nodules",
        "weight loss", "UICC stage", "x", "",
    ],
)  # fmt: skip
def test_words_within_words_and_other_things_have_no_meaning(name):
    assert find_meaning(name) is None


@pytest.mark.parametrize(
    ("name", "label", "unit", "said"),
    [
        ("fev1_pp", "FEV1 (% predicted)", "% predicted", True),
        ("FVC % Soll", "FVC (% predicted)", "% predicted", True),
        ("FEV1 z-score", "FEV1 (z-score)", "z-score", True),
        ("FVC [ml]", "FVC", "mL", True),
        ("FVC", "FVC", "L", False),
        ("TLCO (mmol/min/kPa)", "TLCO", "mmol/min/kPa", True),
        ("CRP mg/l", "CRP", "mg/L", True),
        ("hb_g_dl", "Haemoglobin", "g/dL", True),
        ("GGO left upper lobe", "GGO left upper lobe", "", False),
        ("fvc_baseline", "fvc baseline", "L", False),
        ("FVC change 12m", "FVC change 12m", "", True),
        ("survival_days", "Survival time", "days", True),
    ],
)
def test_labels_and_units(name, label, unit, said):
    meaning = find_meaning(name)
    assert meaning is not None
    if "TLCO" not in name:
        assert meaning.label == label
    assert (meaning.unit, meaning.unit_is_said) == (unit, said)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("volume_ml", "mL"),
        ("x (HU)", "HU"),
        ("dose mg", "mg"),
        ("flow (L/s)", "L/s"),
        ("rate [beats/min]", "beats/min"),
        ("concentration µg", "µg"),
        ("length_m", ""),
        ("min_diameter", ""),
        ("diameter (max)", ""),
        ("grade", ""),
    ],
)
def test_units_of_unknown_names(name, unit):
    assert name_unit(name) == unit


def test_every_term_can_be_found_by_its_own_label():
    """Labels such as FEV1/FVC lead to themselves, so that no longer term hides them."""
    labels = ["FEV1", "FVC", "FEV1/FVC", "DLCO", "TLCO", "TLC", "RV/TLC", "6MWD", "Honeycombing"]
    assert [getattr(find_meaning(label), "term", None) for label in labels] == labels
    assert all(unit for unit in NAME_UNITS.values())


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("Name", "a person's name"),
        ("PatientName", "a person's name"),
        ("Vor- und Nachname", "a person's name"),
        ("last_name", "a person's name"),
        ("Name des Patienten", "a person's name"),
        ("Nom du patient", "a person's name"),
        ("initials", "a person's name"),
        ("surgeon name", "a person's name"),
        ("Referring Physician", "a doctor's name"),
        ("DOB", "a date of birth"),
        ("birth_date", "a date of birth"),
        ("Geburtsdatum", "a date of birth"),
        ("Geb.", "a date of birth"),
        ("Adresse", "an address"),
        ("PLZ", "an address"),
        ("e_mail address", "an e-mail address"),
        ("Telefon privat", "a phone number"),
        ("MRN", "a hospital or insurance number"),
        ("AHV-Nr", "a hospital or insurance number"),
        ("Fallnummer", "a hospital or insurance number"),
        ("patient_id", ""),
        ("file name", ""),
        ("hospital name", ""),
        ("address of hospital", ""),
        ("name of drug", ""),
        ("birth year", ""),
        ("physician global assessment", ""),
        ("telomere length", ""),
        ("patient", ""),
    ],
)
def test_columns_that_identify_people_are_known_by_name(name, what):
    assert looks_personal(name) == what


def test_some_are_known_by_their_cells():
    assert looks_personal("x", ["Müller^Hans", "Doe^Jane"]) == "a person's name"
    assert looks_personal("x", ["a.b@c.ch", "d@e.org"]) == "an e-mail address"
    assert looks_personal("x", ["mild", "severe"]) == ""
