"""`python -m rerank_core.command` is the command where it is not installed."""

from rerank_core.command import main

if __name__ == "__main__":
    main()
