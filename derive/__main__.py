"""`python -m derive` and the `derive` command."""

from derive.cli.app import main

if __name__ == "__main__":
    main()
