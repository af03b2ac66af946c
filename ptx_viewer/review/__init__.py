"""One image's findings, the reader's edits and verdict, and the audit trail, kept safe on disk."""
