"""Error rates under the null hypothesis, for every option of the comparison of clusters."""
