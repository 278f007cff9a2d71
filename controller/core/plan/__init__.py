"""Effective state, plan, guards, drift, drawdown, conditions. Pure."""
