"""What people write beside results: named selections of scans, and notes on a scan."""
