"""The webhook: a forge says that something was pushed, and the controller looks sooner than its poll."""
