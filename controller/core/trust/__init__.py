"""Who may do what: each commit judged by the policy of its parent. Pure."""
