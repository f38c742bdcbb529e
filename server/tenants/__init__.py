"""Whose things these are: tenants, projects, credentials, plans, agents, and THE origin decision."""
