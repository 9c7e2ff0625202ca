"""`python -m benchrace.cli` is the same as `benchrace`."""

from benchrace.cli.main import main

if __name__ == "__main__":
    main()
