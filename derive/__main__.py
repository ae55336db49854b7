"""`python -m derive` and the `derive` command."""

import sys


def main() -> None:
    """Run the command line; that a package does not load is the installation's fault, and said so."""
    try:
        from derive.cli import app

        app.main()
    except ImportError as error:
        if (error.name or "").split(".")[0] == "derive":
            raise
        said = " ".join(str(error).split())
        print(
            f"derive: a package that it needs does not load: {said}\n"
            "  fix: install it again with all that it needs (pip install --force-reinstall; in a checkout: "
            "rm -rf .venv, then make setup)",
            file=sys.stderr,
        )
        sys.exit(70)


if __name__ == "__main__":
    main()
