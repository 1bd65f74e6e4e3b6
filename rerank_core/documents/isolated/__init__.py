"""Files of strangers are read in a process of their own, with limits, progress and cancel."""
