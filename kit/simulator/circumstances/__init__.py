"""Under which circumstances requests are answered: scenarios, faults, quotas."""
