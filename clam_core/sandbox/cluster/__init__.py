"""Many computers: tasks go to the workers of a Dask scheduler (extra `cluster`)."""
