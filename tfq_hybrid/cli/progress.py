"""What a long command says: lines that stay, and one that is replaced."""

import click


def report(line):
    """A line that stays."""
    status("")
    click.echo(line)


def status(line):
    """A line that the next one replaces, where a person looks."""
    stream = click.get_text_stream("stderr")
    if stream.isatty():
        click.echo(f"\r\033[K{line}", nl=False, err=True)
