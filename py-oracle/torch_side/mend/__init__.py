"""Proposes edits of Python source that may mend a finding. It runs nothing of what it reads and imports no torch."""
