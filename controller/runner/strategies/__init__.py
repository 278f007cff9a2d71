"""The strategies that ship; docs/strategies.md says what each does and what its parameters mean."""
