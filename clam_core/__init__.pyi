from clam_core import settings as settings
from clam_core.errors import ClamError as ClamError
from clam_core.notebook.find_clusters import assign as assign
from clam_core.notebook.find_clusters import associate as associate
from clam_core.notebook.find_clusters import fit as fit
from clam_core.notebook.find_clusters import localize as localize
from clam_core.notebook.find_clusters import report as report
from clam_core.notebook.find_clusters import select as select
from clam_core.notebook.fit_volumes import fit_volumes as fit_volumes
from clam_core.notebook.fitted_run import Run as Run
from clam_core.notebook.opened_study import Study as Study
from clam_core.notebook.prepare_study import create as create
from clam_core.notebook.prepare_study import import_clinical as import_clinical
from clam_core.notebook.prepare_study import open_study as open_study
from clam_core.notebook.prepare_study import preprocess as preprocess

__version__: str
