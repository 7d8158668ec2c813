"""`python -m tfq_hybrid`: the `tfq-hybrid` command."""

from tfq_hybrid.cli.main import main

if __name__ == "__main__":
    main()
