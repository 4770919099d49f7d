"""The wire: what messages look like. It knows no torch and no socket."""
