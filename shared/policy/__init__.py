"""Who may see and do what: one policy, by role, country, organisation and project. Pure: no IO, contracts only."""
