"""What embedders test with, as this project does: a sandbox of vendors, fakes, mocks, contracts."""
