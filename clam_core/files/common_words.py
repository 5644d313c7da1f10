"""Words that file names of scans share, and names of people that are shared by many.

The first tell codes and words of imaging from names; a surname that is also one of
them (`Small`, `Case`) is found by the header or by the given name beside it. The
second are needed where a name is written like a code (`DOE JANE 1`).
"""

from __future__ import annotations

_IMAGING = """
abdomen abdominal abnormal acc acq acquisition active adc adult affine after aif air airway airways
all anat anatomical angio angiography annotation annotations anon anonymised anonymized anonymous
aorta apical archive archives arterial artery artifact asthma atlas atten attenuation audit auto aux
axial backup basal base baseline batch bed before benign bias bids binary blind block blood bodies
body bold bone border bounding box brain breast breath breathhold bright broken bronchus bucket
calcium calibration cancer carcinoma cardiac case cases cavity cbct cell center central centre chan
changelog changes channel channels chest child chunk class classification clean clinical clip cls
coarse code coded codes cohort col collection color colour combined common comp compare compressed
config contour contours contrast control controls convert converted copd copies copy cor core coro
coronal coronary corrected correlation course covid cpap crop cropped cta ctas ctpa cube cut cxr
cyst daily dark data database dataset datasets date day days dcm deep deepth default deformed delay
delayed delta demo dense density depth derived detail detector dev deviation device diagnosis
diagnostic dicom dicomdir diff diffusion dim dir dirs disc discharge disease disk dist distal dixon
document documents dose dosed download downloads draft dual dummy dump dvf dwi dynamic early echo
edema edge effusion elastic emphysema empty emr end energy enhanced entry epi error esophagus eval
evaluation exam example examples exams exhale expert expiration expiratory export exported exports
ext external extra fail failed false fast fat fdg fever fibrosis fibrotic field figure figures file
filelist files filter filtered final fine first fissure fix fixed flair flash flat flip flow fluid
fluoro fmri fold folder folders folds follow followup force format four fourth fov frame frames free
frontal full fullres func functional gate gated gating generic ggo glass gold grad gradient gray
grey ground group groups growth gtv guide half hash head header heads healthy heart hepatic high
highres hippocampus hist histogram hole hospital hounsfield hrct human hyper hypo icu identity idx
ild image images imageset imaging img imgs import imported inc incidental index indices indv inf
infected inflated info information inhale initial inner input inputs insp inspiration inspiratory
instance intensity interim internal interval invert inverted ipf iso isotropic issue iter iteration
job json kernel kidney kidneys kvp lab label labeled labelled labels large last lat late lateral
layer lead left lesion lesions letter level levels licence license light limit line lines list liver
load lobe lobes local localizer location log logs long longitudinal loss lossless low lowdose lower
lowres luna lung lungs lymph machine magnitude main malignant man manifest manual map mapped maps
margin mask masked masks mass mat matched matrix maximum mean measurement med median mediastinal
mediastinum medical medium meta metadata metastasis method mha mhd mid middle min mini minimum mip
mipav mirror misc missing mixed mod modality model module month monthly months motion moved moving
mpr mprage mri multi multiple muscle name names nasal native navigator neck need negative nerve net
network neutral new next nifti nii nodule nodules noise noncontrast none nonrigid norm normal
normalized note notes nrrd nsclc nsip num number numbers object oblique old one onset opacity open
opt option orbit order org organ organs orig original other others out outer outlier outlines output
outputs over overlap overlay oxygen pack padded page pair paired pancreas panel paper parameter
params parcellation part partial parts pass patch patches path patient patients peak pelvis percent
perfusion period petct phantom pharynx phase phases photo physical picture pictures pilot pitch
pixel placebo plain plan plane planes planning plaque pleura pleural plus pneumonia png points
portal pos position positive post postcontrast posterior postop pre precontrast pred predicted
prediction predictions preop preprocessed prev preview primary prior private pro probability proc
processed profile progress project projection prone prostate protocol proton proximal public pulm
pulmonary pulse qc quality quantitative query quick radiograph random range rate ratio raw reader
readers reading readme real rec recon recons reconstructed reconstruction record records recovery
rectal ref reference reg region registered registration regular reject relapse release renal repeat
repeated replicate report reports req res resampled rescan research reset resolution respiratory
response rest resting result results retest retro return review revised rib ribs right rigid roi
rois root rotated rotation round row run runs safe sagittal same sample sampled samples sarcoid
sarcoidosis saved scale scaled scan scanner scanners scans score scores scout screen screening
script second section sections seed seg segm segmentation segmentations segmented segments select
selected seq sequence sequences ser serial series session sessions set sets setting settings severe
shape sharp shift short shot show side sides sig signal simple simulated single site sites size
skull slab slice sliced slices slope slow small smooth soft software sorted source sources space
spacing spatial spec specimen spectral spin spine spiral spleen split splits spot stable stack
stacks stage standard start state static station status std step steps stereo stomach stop storage
store strong structural structure studies study sub subject subjects subset sum summary sup super
supine supplement surface survey swi symptom sync synth synthetic system table tables tag tags
target task team tech temp template temporal term test tested testing tests text thick thickness
thin third thoracic thorax threshold thyroid tibia time timepoint tiny tip tips tissue tmp tof tool
top total trace tracer trachea track train training trans transform transversal transverse treated
treatment tree trial trials true truth try tumor tumour tuned turn two type types uip ultra
unaligned uncorrected under uniform unit unknown unlabeled untreated update updated upload uploads
upper urgent use used user valid validation value values var variant vector ven venous ventilation
ventricle verified version versions vertebra vertebrae vessel vessels video view views vis visit
visits voi vois vol vols volume volumes voxel voxels wall warp warped water wave wb week weekly
weeks weight weighted weights whole wide width window windowed work working world wrong xml xray
year years young zero zip zone zones zoom
"""

_LAYOUTS = """
aapm abcd abide acrin adni aibl aiib aimi airqc amos anode apollo atm bdmap brats btcv camus chaos
cir copdgene corona coronacases cptac cspine ctorg ctrate ctspine deeplesion dirlab dlcst dsb elcap
exact fastmri flare fumpe hecktor hnscc idri imagestr imagests inspect ircad isic isles ixi kits
labelstr labelsts lidc lits llseg lndb lungct lungx mednist mesa metacov miccai midrc mimic mnist
mosmed mosmeddata msd nako nlm nlst oasis opscc osic padchest parse pcct picai plco popi ppmi
prostatex qin radcure radiopaedia ravdess rider rsna rspect sarc segthor sliver spiromics stoic
structseg syntrac tcga tcia thoraxcbct totalseg totalsegmentator ucsf ukb ukbb uls upenn verse
vesselx vip visceral wmh word zenodo
"""

_SCANNERS = """
aera amira aquilion asteion avanto biograph brightspeed bruker canon care confidence definition
discovery drive emotion fluorospot fuji fujifilm geneva hitachi ingenuity intera iqon lightspeed
magnetom neusoft optima perspective philips prisma revolution sensation shimadzu siemens sigma signa
skyra somatom spectra spirit symphony systems toshiba trio united verio vida vision
"""

_SHORT = """
ab ac ad ap ax bh bl bp br bw ca cc cd ch cm co cp cr cs ct cv dl dr ds dw dx ed ee em en ep er es
et ex fb fl fr fs fu ga ge gt hc hf hi hr ht hu ia ic id ie il im in io ip ir is it iv jp kv ld le
lf lh ll lm lr lt lul mb md me mg mi ml mm mn mo mp mr ms mt na nb nc ne nf nh nl nm no np nr ns ob
od of ok on op or os ot pa pc pd pe pg ph pi pl po pp pr ps pt px qa ra rb rc rd re rf rg rh rl rm
ro rr rs rt rx sa sb sc sd se sf sg sh si sl sm sn sp sr ss st sv sw ta tb tc td te tf th ti tm tn
to tp tr ts tt tv tx uk um up us ut uv va vc vd ve vf vn vs vt we wk wl wt wx xa xr yr
"""

PLAIN = frozenset(f"{_IMAGING} {_LAYOUTS} {_SCANNERS} {_SHORT}".split())
"""Words of imaging, of layouts of public data sets, and codes of two letters."""

_OTHER_SCRIPTS = """
έλεγχος ασθενής θώρακας визит грудь данные исследование контроль кт легкие лёгкие маска мрт
норма обучение пациент пациенты серия скан случай снимки снимок субъект тест חולה חזה נתונים
סריקה ריאה بيانات رئة صدر صورة فحص مريض スキャン テスト データ マスク 上 下 例 冠状位 冠状断
分割 単純 原始 右 号 图像 圖像 基线 增強 增强 实验组 对照 对照组 対照 對照 层 左 平扫 平掃
序列 影像 患者 扫描 掃描 数据 數據 标注 检查 検査 次 正常 测试 測試 画像 病人 病例 症例
矢状位 矢状断 研究 第 組 縦隔 纵隔窗 组 结果 肺 肺窗 肺部 肺野 胸 胸部 薄层 被験者 訓練 训练
轴位 造影 随访 验证 검사 기저 대조 대조군 데이터 마스크 사례 스캔 시험 영상 정상 조영 추적
폐 환자 훈련 흉부
"""

OTHER_SCRIPTS = frozenset(_OTHER_SCRIPTS.split())
"""Words of imaging in other scripts."""

_NAMES = """
aaron abdul abigail adam adrian agnes ahmad ahmed aisha akira albert alejandro alessandro alex
alexander alexandra alfred ali alice alicia alison amanda amelia amir amy ana anders andre andrea
andreas andrew andrzej angela anita anja ann anna anne annette annie anthony antoine anton antonio
arjun arthur astrid barbara beatrice ben benjamin bernard bernd bert beth betty bill birgit bjorn
bob brian bruce carl carla carlos carmen carol caroline catherine cecilia charles charlotte chen
cheng chiara chloe cho choi chris christa christian christina christine christoph christopher clara
claude claudia clemens colin connie craig cristina daisy daniel daniela dave david deborah denise
dennis diana diane diego dieter dimitri dirk dmitri doe dominik donald doris dorothy doug douglas
edith eduardo edward eileen elena eli elias elisabeth elizabeth ella ellen elsa emil emily emma eric
erica erich erik erika ernst esther eva evelyn fatima felix feng fernando filip fiona florian
frances francesca francesco francis francisco francois frank franz fred frederic frederik friedrich
fritz gabriel gabriele garcia gary georg george gerald gerda gerhard giovanni giulia giuseppe gloria
gomez gonzalez gordon greg gregory greta guillaume gunter gupta gustav guy hana hanna hannah hans
harald harold harry hassan heather hector heidi heike heinrich heinz helen helena helga helmut henri
henrik henry herbert hermann hernandez hideo hiroshi holger horst huang hugo hussein ian ibrahim
igor ilse ines ingrid irene irina iris isabel isabella ivan ivanov jack jacob jacques jaime jakob
jakub james jamie jan jana jane janet jansen jason javier jean jeff jennifer jens jensen jeremy
jerry jessica jesus jill jim jin joachim joan joanna joao jochen joe joel johan johann johanna
johannes johansson john johnson jon jonas jonathan jones jorg jorge jose josef joseph joshua juan
juergen julia julian julie jun jung jurgen justin jutta kai kang karen karin karl karolina katarina
kate katharina katherine kathleen kathy katja katrin kazuo keith kelly ken kenji kenneth kenta
kerstin kevin khalid khan kim klaus konrad kristin kumar kurt kuznetsov kyle lars laura lauren
laurent lea lee lena leo leon leonard leonardo li lily lim lin linda lisa liu lopez lotte louis
louise luca lucas lucia lucy luis luisa lukas luke luo magdalena maier manfred manuel manuela marc
marcel marcin marco marcus margaret margarete maria mariana marianne marie marina mario marion mark
markus marta martha martin martina martinez mary maryam masao mathias mathieu matteo matthew
matthias maurice megan mehmet mei meier melanie melissa meyer michael michaela michel michele
michelle miguel mika mikael mike ming miriam mohamed mohammad mohammed monica monika moreno morten
mueller muhammad muller mustafa nancy naoko natalia natalie nathan neil nguyen nicholas nicola
nicolas nicole nielsen nikolai nikolaus nils nina noah noel nora norbert novak olaf ole oleg olga
oliver olivia olsen oscar oskar otto pablo pamela paolo park pascal patel patricia patrick patrik
paul paula pauline pawel pedro peggy per perez peter petra petrov pham phil philip philipp philippe
pierre pilar popov priya rachel rafael rahul raj rajesh ralf ralph ramon raquel rebecca regina
reinhard renate rene ricardo richard rita robert roberto robin rodriguez roger roland rolf ron
ronald rosa rosemary ross rossi rudolf ruiz ruth ryan sabine sally sam samantha samir samuel sanchez
sandra sanjay sara sarah sasha sato schmidt schneider schulz schwarz scott sean sebastian sergei
sergio sharma sharon shin silke silva silvia simon simone singh smith sofia sonia sophia sophie
stefan stefania stefanie stephan stephanie stephen steve steven sue sunil susan susana susanne
suzanne suzuki sven sylvia takashi tanaka tanja tara tatiana taylor ted teresa theo theresa therese
thierry thomas tilman tim timothy tina tobias todd tom tomas tony torsten tracy tran ulrich ulrike
ursula uta uwe valentina valeria vanessa vera veronica victor victoria viktor vincent vivian
vladimir vries walter wang watanabe weber wei wendy werner wilhelm willi william wilson wolfgang
xavier xiao xin yamada yamamoto yan yang yann yasmin ying yoko yong yoon yoshi yuan yuki yusuf
yvonne zhang zhao zheng zhou zoe
"""

COMMON_NAMES = frozenset(_NAMES.split())
"""Given names and surnames that many people bear; none of them is a word of imaging."""

_SHORT_NAMES = """
an bi bo da du fu he hu jo ko le li lu ly ma mo na ng oh ok qi su vo vu wu xi xu ya ye yi yu
"""

SHORT_NAMES = frozenset(_SHORT_NAMES.split())
"""Names of two letters, which count only beside another name."""

_TITLES = """
dr frau herr jr madame md miss mister mme mr mrs ms phd prof professor sama san sir sr
"""

TITLES = frozenset(_TITLES.split())
"""Words beside a name that name nobody."""
