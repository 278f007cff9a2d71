"""The table of what the specification names: true, fresh, and every command of ours is in it."""

import re

import click

from cli import reference
from cli.tree import root
from tests.spec import coverage
from tests.spec.items import SECTIONS


def test_table_when_a_proof_is_named_then_its_test_exists() -> None:
    assert coverage.missing() == []


def test_table_when_a_test_is_gone_then_named() -> None:
    gone = "tests/spec/test_coverage.py::test_that_nobody_wrote"
    assert coverage.missing({"x": {"y": gone, "z": 4, "r": "a remark"}}) == [gone]


def test_table_when_rendered_then_is_what_the_checkout_holds() -> None:
    assert coverage.PAGE.read_text() == coverage.render()


def test_command_when_the_table_proves_it_then_it_exists_and_otherwise_it_is_absent() -> None:
    ctx = click.Context(root, info_name="gt risk")
    there = {inner.command_path for inner, _ in reference.commands(root, ctx)}
    for item, proof in SECTIONS["Commands (2.1)"].items():
        command = re.sub(r" <.*", "", item.strip("`"))
        assert (command in there) == coverage.proved(proof), item
