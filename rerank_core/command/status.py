"""The exit statuses of the command; what each means is said in the package."""

MISSED, INPUT, NO_ANSWER, LIMIT, INTERRUPTED = 1, 3, 4, 5, 130
