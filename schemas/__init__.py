"""The nouns of gt-risk: desired documents, limits, policy, live state, plan, halt, status.

Everything here is a frozen value. This package imports nothing else of ours.
"""
