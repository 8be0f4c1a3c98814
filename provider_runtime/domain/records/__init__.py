"""What is kept: receipts and events."""
