"""Workspaces: a configuration file, and the folder of what is kept."""
