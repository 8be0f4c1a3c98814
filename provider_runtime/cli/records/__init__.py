"""What was kept of calls and of the work around them: receipts, traces, sessions, snapshots."""
