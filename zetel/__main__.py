"""`python -m zetel` is the `zetel` command."""

from zetel.cli import main

if __name__ == "__main__":
    main()
