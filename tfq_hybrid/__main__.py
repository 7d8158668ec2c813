"""`python -m tfq_hybrid`: the `tfq-hybrid` command."""

from tfq_hybrid.signals import begin


def main() -> None:
    """Runs the command of this process."""
    begin()  # before the commands are imported
    from tfq_hybrid.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
