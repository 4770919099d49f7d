"""What may mend a departure, one file per family of conventions. Each proposal is a guess: the audit decides."""
