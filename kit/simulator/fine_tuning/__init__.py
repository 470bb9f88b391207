"""Fine-tuning: a job's request, its life on the virtual clock, the training behind it, what it leaves."""
