"""The `course` command: a table of contents of the modules beside this file, one per command group.

A module is imported when its command is called, so that `course` with no argument answers at once.
Front ends only translate: the work is in `course.*`, and these modules hold no logic.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

import click

from course.cli._console import print_error
from course.errors import CourseError, UnknownName

__all__ = ["LazyGroup", "cli", "main"]


class LazyGroup(click.Group):
    """A click group whose commands are named `module:attribute` and imported on first use.

    `commands_at`: command name → (where it is, one line of help). The line is repeated here so that
    `--help` lists every command without importing any; a test holds it to the command's own help.
    """

    def __init__(self, *args: Any, commands_at: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands_at = dict(commands_at)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands_at:
            return None
        module, _, attribute = self.commands_at[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.commands_at:
            raise UnknownName("command", args[0], self.commands_at)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.commands_at.items()])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    commands_at={
        "lab": ("course.cli.learn:lab", "Open the course in JupyterLab."),
        "list": ("course.cli.learn:list_", "List the chapters and how far you are."),
        "check": ("course.cli.tasks:check", "Run your tasks of a chapter and say what to look at."),
        "hint": ("course.cli.tasks:hint", "Give the next hint for what you have not solved yet."),
        "solution": ("course.cli.tasks:solution", "Show how the course solves a task you passed, or ask for twice."),
        "reset": ("course.cli.learn:reset", "Give a chapter back as it was; your copy is kept."),
        "update": ("course.cli.learn:update", "Bring changed chapters in and keep your work."),
        "submit": ("course.cli.learn:submit", "Make one zip of a chapter to hand in."),
        "doctor": ("course.cli.doctor:doctor", "Say what is there, what is missing, and how to add it."),
        "cache": ("course.cli.cache:cache", "Show or clear what the course has built and kept."),
        "quiz": ("course.cli.quiz:quiz", "Check, show, import and strip quiz files."),
        "claims": ("course.cli.claims:claims", "Measure the overview's claims on this machine."),
        "release": (
            "course.cli.release:release",
            "Release chapters to a class, as assignments of an nbgrader course.",
        ),
        "grade": ("course.cli.grade:grade", "Grade what a class has handed in."),
        "regrade": ("course.cli.grade:regrade", "Say whose scores a changed key changes; write them when told."),
        "feedback": (
            "course.cli.feedback:feedback",
            "Make a page for each learner: their answers, points, and what to look at.",
        ),
        "dev": ("course.cli.dev:dev", "For authors: new, build, check, record, class, bench."),
    },
)
@click.version_option(package_name="ml-in-rust-measured", prog_name="course")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Machine learning in Rust, measured.

    Without a command: where you are, and the next step.
    """
    if ctx.invoked_subcommand is None:
        from course.cli.learn import where_am_i

        where_am_i()


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage, 3 some not graded."""
    try:
        code = cli.main(args=args, prog_name="course", standalone_mode=False)
    except click.exceptions.Abort:
        print_error(CourseError("stopped"))
        sys.exit(130)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except CourseError as error:
        print_error(error)
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)
