"""The vocabulary as data: what clinicians call their columns, in four languages.

Each term: label | unit | kind | names, which may go on in the next line. Names are
lower case without accents, words apart, separated by commas. A term is clear if a name with it can
mean nothing else; `~` before a name marks one that is not, so that it counts only
where every other word of the column's name is known, too.
"""

from __future__ import annotations

from clam_core.tables.text.header_words import word_set

FAMILIES = (
    "lung function",
    "visual scores",
    "symptoms and outcomes",
    "demographics",
    "acquisition",
    "treatment",
    "other",
)
"""Groups of columns that are tested together, as `association` corrects p-values within them."""

TERMS: dict[str, str] = {
    "lung function": """
FEV1 | L | continuous | fev1, fev 1, vems, einsekundenkapazitat, forced expiratory volume
FVC | L | continuous | fvc, forced vital capacity, forcierte vitalkapazitat, cvf, capacite
    vitale forcee, capacidad vital forzada
FEV1/FVC | | continuous | fev1 fvc, fev 1 fvc, fev1fvc, fev1 vc, fev1 ratio, tiffeneau,
    tiffenau, vems cvf, fev1 cvf
FEF25-75 | L/s | continuous | fef25 75, fef 25 75, fef2575, mmef, mmef25 75, mef25 75, mmef75 25
PEF | L/s | continuous | ~pef, peak flow, peak expiratory flow
DLCO | mL/min/mmHg | continuous | dlco, dlcosb, dlcoc, dl co, diffusing capacity, diffusion
    capacity, diffusionskapazitat, capacite de diffusion
TLCO | mmol/min/kPa | continuous | tlco, tlcosb, tlcoc, tl co, transfer factor, transferfaktor
KCO | | continuous | kco, dlco va, tlco va, krogh
VA | L | continuous | ~va, alveolar volume, alveolarvolumen
TLC | L | continuous | tlc, total lung capacity, totalkapazitat, totale lungenkapazitat, cpt,
    capacite pulmonaire totale, capacidad pulmonar total
RV/TLC | | continuous | rv tlc
RV | L | continuous | ~rv, residual volume, residualvolumen, volume residuel, volumen residual
FRC | L | continuous | frc, functional residual capacity, funktionelle residualkapazitat
VC | L | continuous | ~vc, ~svc, ~ivc, ~vital capacity, ~vitalkapazitat
SpO2 | % | continuous | spo2, sp o2, sao2, oxygen saturation, o2 saturation,
    sauerstoffsattigung, o2 sattigung, saturation en oxygene
PaO2 | | continuous | pao2, pa o2
""",
    "visual scores": """
Ground glass | | ordinal | ground glass, groundglass, ggo, ggos, ground glass opacity, ground
    glass opacities, milchglas, milchglastrubung, milchglastrubungen, verre depoli, vidrio
    deslustrado, vidrio esmerilado
Fibrosis | | ordinal | ~fibrosis, ~fibrose, ~fibrotic changes, ~pulmonary fibrosis, ~lung
    fibrosis, ~lungenfibrose
Reticulation | | ordinal | reticulation, reticulations, reticular, retikulation, retikulationen,
    retikular, reticulacion, reticulaciones
Honeycombing | | ordinal | honeycombing, honey combing, honeycomb, honigwaben, honigwabenmuster,
    rayon de miel, rayons de miel, panal, panalizacion
Traction bronchiectasis | | ordinal | traction bronchiectasis, bronchiectasis,
    traktionsbronchiektasen, bronchiektasen, bronchectasies, bronquiectasias
Nodules | | ordinal | ~nodules, ~nodularity, ~noduli, ~rundherde, ~nodulos, micronodules,
    perilymphatic nodules
Consolidation | | ordinal | ~consolidation, ~consolidations, ~konsolidierung, ~konsolidierungen,
    ~konsolidation, ~consolidacion
Mosaic attenuation | | ordinal | mosaic, mosaic attenuation, air trapping, mosaikmuster, mosaik,
    mosaique, mosaico
Lymphadenopathy | | ordinal | lymphadenopathy, lymphadenopathie, adenopathy, adenopathies,
    adenopatia, adenopatias, ~lymph nodes, lymphknotenvergrosserung
Emphysema | | ordinal | ~emphysema, ~emphysem, ~emphyseme, ~enfisema
Oberstein score | | ordinal | oberstein
Scadding stage | | nominal | scadding, chest x ray stage, cxr stage, xray stage, x ray stage,
    radiographic stage, rontgentyp, rontgenstadium, stade radiologique, estadio radiologico
Visual assessment score | | ordinal | visual assessment score, ~vas
""",
    "symptoms and outcomes": """
6MWD | m | continuous | 6mwd, 6 mwd, 6mwt, 6 mwt, 6mwtd, smwd, smwt, six minute walk, six minute
    walk test, six minute walk distance, 6 minute walk, 6 minute walk test, 6 minute walk
    distance, 6 min walk, 6 min walk distance, sixmwd, 6mgt, 6 minuten gehtest, sechs minuten
    gehtest, gehstrecke, test de marche, tm6, ptm6m, test de la marcha
Borg scale | | ordinal | borg
mMRC grade | | ordinal | mmrc, dyspnoea mmrc, dyspnea mmrc
MRC grade | | ordinal | ~mrc
Dyspnoea | | ordinal | ~dyspnoea, ~dyspnea, ~dyspnoe, ~atemnot, ~dyspnee, ~disnea
Cough | | ordinal | ~cough, ~husten, ~toux, ~tos
Fatigue | | ordinal | ~fatigue, ~mudigkeit, ~fatiga
SGRQ | | continuous | sgrq, st george, st georges
KSQ | | continuous | ksq, king s sarcoidosis, kings sarcoidosis
FAS | | continuous | ~fas, fatigue assessment scale
K-BILD | | continuous | kbild, k bild
LCQ | | continuous | lcq, leicester cough
GAP index | | ordinal | ~gap, gap index, gap stage, ild gap
Death | | binary | ~death, ~dead, ~died, ~deceased, ~verstorben, ~tod, ~deces, ~decede,
    ~fallecido, ~muerte, ~vital status, ~mortality
Survival time | | continuous | ~survival time, ~survival, ~overall survival, ~time to death,
    ~follow up time, ~follow up, ~followup, ~fup, ~uberlebenszeit
Transplant | | binary | ~transplant, ~transplantation, ~transplanted, ltx, ~transplante
Progression | | binary | ~progression, fvc decline, ~progressive
Exacerbations | | count | ~exacerbations, ~exacerbation, ~acute exacerbations, ~exazerbationen
Hospitalisations | | count | ~hospitalisations, ~hospitalizations, ~admissions,
    ~hospitalisierungen
Date of death | | date | date of death, death date, todesdatum, date de deces
Date of transplant | | date | date of transplant, transplant date
Date of last contact | | date | last contact, last follow up, last followup, last seen, last
    contact date, date of last contact
""",
    "demographics": """
Age | years | continuous | ~age, ~alter, ~edad, ~lebensalter
Sex | | binary | ~sex, ~gender, ~geschlecht, ~sexe, ~sexo, ~genre, ~genero
Height | cm | continuous | ~height, ~grosse, ~groesse, korpergrosse, koerpergroesse,
    korperlange, ~taille, ~talla, ~estatura, ~stature
Weight | kg | continuous | ~weight, ~gewicht, korpergewicht, koerpergewicht, ~poids, ~peso
BMI | kg/m2 | continuous | bmi, body mass index, imc
Ethnicity | | nominal | ethnicity, ~race, ethnie, ethnic group, ~ethnic, etnia, ethnische
    herkunft, ~ancestry
Smoking | | nominal | ~smoking, ~smoker, smoking status, smoking history, ever smoker, current
    smoker, ~raucher, raucherstatus, rauchstatus, rauchen, tabagisme, ~tabac, ~fumeur,
    tabaquismo, ~fumador, ~nikotin
Pack-years | | continuous | pack years, pack year, packyears, packyear, ~py, packungsjahre,
    paquets annee, paquets annees, paquetes ano
""",
    "acquisition": """
Site | | nominal | ~site, ~center, ~centre, ~hospital, ~clinic, ~institution, ~zentrum,
    ~standort, ~klinik, ~centro, study site
Manufacturer | | nominal | ~manufacturer, ~vendor, ~make, ~hersteller, scanner make, scanner
    manufacturer, scanner vendor, ~fabricant, ~fabricante
Scanner model | | nominal | scanner model, ~model, manufacturer model name, manufacturers model
    name, ~scanner, scannermodell, ct scanner
Kernel | | nominal | ~kernel, convolution kernel, reconstruction kernel, recon kernel,
    faltungskern
Tube voltage | kV | continuous | kvp, ~kv, tube voltage, rohrenspannung
Tube current | mA | continuous | tube current, rohrenstrom, ~ma, ~mas
Slice thickness | mm | continuous | slice thickness, schichtdicke, epaisseur de coupe, epaisseur
    coupe, grosor de corte
Pixel spacing | mm | continuous | pixel spacing, pixel size
Contrast | | nominal | ~contrast, contrast agent, contrast medium, contrast media, iv contrast,
    kontrastmittel, ~contraste
Dose | | continuous | ctdivol, ctdi, ctdi vol, ~dlp
Inspiration | | nominal | ~inspiration, breath hold, inspiration level, respiratory phase,
    ~inspiratory, ~expiratory
Date of the scan | | date | scan date, ct date, hrct date, date of scan, date of ct, ~study
    date, acquisition date, ~untersuchungsdatum, ct datum
""",
    "treatment": """
Treatment | | nominal | ~treatment, ~treated, ~therapy, ~therapie, ~behandlung, ~traitement,
    ~tratamiento, ~medication, immunosuppression, immunosuppressive
Steroids | | nominal | ~steroid, ~steroids, corticosteroid, corticosteroids, prednisone,
    prednisolone, prednison, prednisolon, kortison, cortison, ~ocs, glucocorticoid,
    glucocorticoids, glukokortikoide, corticoides, kortikosteroide, corticotherapie
Methotrexate | | nominal | ~mtx, methotrexate, methotrexat, metotrexato
Anti-TNF | | nominal | anti tnf, antitnf, infliximab, adalimumab, tnf inhibitor, tnf inhibitors
Azathioprine | | nominal | azathioprine, azathioprin, azatioprina
Antifibrotic | | nominal | antifibrotic, antifibrotics, nintedanib, pirfenidone, pirfenidon,
    antifibrotika
Oxygen therapy | | nominal | oxygen therapy, o2 therapy, ltot, home oxygen, sauerstofftherapie,
    oxygenotherapie, supplemental oxygen
""",
    "other": """
ACE | U/L | continuous | ~ace, angiotensin converting enzyme
sIL-2R | U/mL | continuous | sil 2r, sil2r, sil 2 r, sil2, il2r, il 2r, soluble il 2 receptor,
    soluble interleukin 2 receptor
CRP | mg/L | continuous | crp, c reactive protein, c reaktives protein
Haemoglobin | g/dL | continuous | ~hb, ~hgb, hemoglobin, haemoglobin, hamoglobin, hemoglobine,
    hemoglobina
Biopsy | | nominal | ~biopsy, ~biopsie, ~biopsia
Organ involvement | | nominal | organ involvement, organs involved, organbeteiligung, ~organs,
    extrapulmonary, extrapulmonal
Date of lung function | | date | pft date, spirometry date, date of pft, date of spirometry,
    lufu datum
""",
}  # fmt: skip

STEPS = {"GAP index": 8, "MRC grade": 5}
"""Whole numbers from 0 to this one are all that such a score can be."""

LARGEST = {"Pack-years": 400, "Tube current": 2000}
"""Nothing below 0 or above this is one."""

PREDICTED = word_set("pred predicted pp ppred percpred pctpred soll sollwert theorique teorico")
"""Words that say: per cent of the predicted value."""

CHANGE = word_set(
    "change delta decline slope diff difference verlauf anderung veranderung variation"
)
"""Words that say: the difference of two values, whose size does not tell its unit."""

Z_SCORE = word_set("z zscore")

COUNT_WORDS = word_set("count counts number num anzahl nombre numero n nr len length")
"""Words that say: a number of things."""

KNOWN_WORDS = word_set(
    """
    baseline bl visit initial first last pre post bd prebd postbd at the ct hrct patient
    patients pat subject participant value val values total mean average median abs absolute
    measured raw corr corrected adj sb score scores grade grading scale status stage class
    category cat group type visual extent severity presence present yn y n yes no binary bin
    level serum blood index idx scan test result results inclusion enrolment enrollment
    diagnosis dx followup fu ratio of lung pulmonary body bodyweight actual current ever code
    coded num no1 in per for years year sex2 distance rest resting exertion name id
    """
)
"""Words that may stand beside an unclear term without changing its meaning."""
