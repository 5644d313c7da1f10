"""One function per step: read the study, call the modules below, write the study."""
