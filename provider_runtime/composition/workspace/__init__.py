"""A workspace's configuration: read from a file, from variables and options, and made settings of."""
