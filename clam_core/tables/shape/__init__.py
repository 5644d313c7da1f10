"""Where in a file the table is: titles, rows of names, row names, sums below, the right sheet."""
